"""What the host lets this process have: running out of it is no failure of the network."""

from __future__ import annotations

import contextlib
import errno

from sestools.core.errors import UsageError

ENOUGH = 128
"""Files and sockets that a command may need at a time: a sweep, or a check with its own simulator."""


def require_files() -> None:
    """Raise the limit of open files to what every command can work with; `UsageError` if that is refused."""
    with contextlib.suppress(ModuleNotFoundError):  # Windows
        import resource

        least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        if least != resource.RLIM_INFINITY and least < ENOUGH:
            if most != resource.RLIM_INFINITY and most < ENOUGH:
                raise UsageError(_too_few(most))
            resource.setrlimit(resource.RLIMIT_NOFILE, (ENOUGH, most))


def out_of_files(error: Exception) -> str:
    """What to do if an error means that no more files or sockets can be opened; nothing if it means something else."""
    if isinstance(error, OSError) and error.errno == errno.EMFILE:
        import resource

        return _too_few(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    return ""


def _too_few(most: int) -> str:
    return f"this process may open only {most} files and sockets at a time: raise it, as with ulimit -n {2 * ENOUGH}"
