"""A JupyterLab of our own on a loopback port, and a notebook in it as a person sees it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
CHROMIUM = "/usr/bin/chromium"

_SETTINGS = {
    # Off by default in JupyterLab; a password must stay out of the file with it on.
    "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": True},
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}


@dataclass(frozen=True, kw_only=True)
class Lab:
    """A running JupyterLab: `root` holds copies of the notebooks, `log` is what it printed."""

    url: str
    token: str
    root: Path
    log: Path

    def open(self, page: Page, name: str) -> Notebook:
        """Open a notebook alone in the window. JupyterLab itself is loaded once; kernels of before are ended."""
        if not page.url.startswith(self.url):
            page.goto(f"{self.url}/doc/tree/{name}?token={self.token}")
            page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        else:
            page.evaluate(_OPEN, name)
        # Without a kernel, running a cell would ask for one.
        page.wait_for_function(_READY, arg=name, timeout=60_000)
        return Notebook(page=page, path=self.root / name)


_OPEN = """async name => {
    const {shell, commands, serviceManager} = window.jupyterapp;
    for (const widget of [...shell.widgets('main')]) widget.dispose();
    await serviceManager.sessions.shutdownAll();
    await commands.execute('docmanager:open', {path: name, factory: 'Notebook'});
}"""
_READY = """name => {
    const widget = window.jupyterapp.shell.currentWidget;
    return widget?.context?.path === name && widget.sessionContext?.session?.kernel?.status === 'idle'
        && document.querySelector('.jp-Notebook .jp-Cell') !== null;
}"""


@dataclass(frozen=True, kw_only=True)
class Notebook:
    """A notebook in the browser."""

    page: Page
    path: Path

    def command(self, name: str, **arguments: str) -> None:
        """Run a JupyterLab command and wait until it is done."""
        self.page.evaluate(
            "([name, given]) => { window.done = false; "
            "window.jupyterapp.commands.execute(name, given).finally(() => { window.done = true }) }",
            [name, arguments],
        )
        self.page.wait_for_function("() => window.done", timeout=90_000)

    def run_all(self) -> None:
        """Run every cell and wait until the last is done."""
        self.command("notebook:run-all-cells")

    def save(self) -> dict[str, object]:
        """Save, and give what is in the file."""
        before = self.path.stat().st_mtime_ns
        self.command("docmanager:save")
        deadline = time.monotonic() + 10
        while self.path.stat().st_mtime_ns == before and time.monotonic() < deadline:
            self.page.wait_for_timeout(50)
        found: dict[str, object] = json.loads(self.path.read_text(encoding="utf-8"))
        return found

    def errors(self) -> list[str]:
        """What cells put out as errors."""
        found = self.page.locator(
            '.jp-OutputArea-output[data-mime-type*="error"], .jp-RenderedText[data-mime-type*="stderr"]'
        )
        return found.all_inner_texts()

    def screenshot(self, path: Path, width: int = 1120) -> None:
        """The whole notebook as a picture, however long it is."""
        page = self.page
        height = page.evaluate(
            "() => 160 + Math.max(...[...document.querySelectorAll('.jp-Notebook, .jp-Notebook > *, .jp-Notebook > * > *')]"
            ".map(element => element.scrollHeight))"
        )
        page.set_viewport_size({"width": width, "height": min(int(height), 15000)})
        page.evaluate(
            "() => document.querySelectorAll('.jp-WindowedPanel-outer').forEach(one => one.scrollTo(0, 0))"
        )
        page.wait_for_timeout(300)  # a repaint that nothing announces
        page.screenshot(path=path)
        page.set_viewport_size({"width": width, "height": 1400})


@contextmanager
def jupyter_lab(folder: Path) -> Iterator[Lab]:
    """Start JupyterLab on copies of the notebooks, with settings and run-time files of its own."""
    root, settings, log = folder / "notebooks", folder / "settings", folder / "lab.log"
    shutil.copytree(NOTEBOOKS, root, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    for name, values in _SETTINGS.items():
        path = settings / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token, url = secrets.token_hex(16), f"http://127.0.0.1:{port}"
    own = {
        name: str(folder / name.lower())
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    command += ["--ip=127.0.0.1", "--port-retries=0", f"--ServerApp.root_dir={root}"]
    command += ["--LabApp.expose_app_in_browser=True", f"--LabApp.user_settings_dir={settings}"]
    environment = {**os.environ, **own, "JUPYTER_TOKEN": token}
    with log.open("wb") as out:
        server = subprocess.Popen(command, stdout=out, stderr=out, env=environment, cwd=root)
    try:
        _wait(server, f"{url}/api/status?token={token}", log)
        yield Lab(url=url, token=token, root=root, log=log)
    finally:
        server.terminate()
        server.wait(20)


def _wait(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")
