"""The program `sestools`, and `python -m sestools`: Ctrl-C while it is being loaded leaves no traceback either."""

import sys


def main() -> int:
    """Load the command line, run it and return its exit code."""
    try:
        from sestools.cli.main import main as run
    except KeyboardInterrupt:
        return 130
    return run()


if __name__ == "__main__":
    sys.exit(main())
