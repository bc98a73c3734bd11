"""A real JupyterLab in a real Chromium, for the browser tests.

One server and one browser for all tests of a run; each test opens a notebook of its own. The server
listens on 127.0.0.1 with a token, has a home of its own, and is ended by its process id.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from rocket_magic.clock import SystemClock

ROOT = pathlib.Path(__file__).parents[2]
ARTEFACTS = ROOT / "artefacts"
INSTALL = (
    "install them with: pip install 'rocket_magic[test]' and your system's chromium"
    " (Debian: apt install chromium)"
)

_BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
]
_SETTINGS = {
    "apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "notebook-extension/tracker": {"windowingMode": "none"},
    "docmanager-extension/plugin": {"autosave": False},
}
_READY = """() => { const a = window.jupyterapp, w = a && a.shell.currentWidget;
  if (!w || !w.context || !w.context.isReady || !w.sessionContext) return false;
  const k = w.sessionContext.session && w.sessionContext.session.kernel;
  return !!k && k.connectionStatus === 'connected' && k.status === 'idle'
    && !!document.querySelector('.jp-Notebook .jp-Cell'); }"""
_RUN = """n => { const w = window.jupyterapp.shell.currentWidget;
  w.content.activeCellIndex = n; w.content.deselectAll();
  window.jupyterapp.commands.execute('notebook:run-cell'); }"""
_DONE = """n => { const cell = window.jupyterapp.shell.currentWidget.content.widgets[n];
  return cell.model.executionState === 'idle' && cell.model.executionCount !== null; }"""
_STATUS = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status"
_THEME = "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})"


def chromium() -> str | None:
    """The system's Chromium, or the one that `CHROMIUM` names."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


def missing() -> str | None:
    """What the browser tests lack here, as a reason to skip them; None: nothing."""
    lacking = [name for name in ("playwright", "jupyterlab", "ipykernel") if not _is_installed(name)]
    if chromium() is None:
        lacking.append("chromium")
    return f"{', '.join(lacking)} not found; {INSTALL}" if lacking else None


def _is_installed(name: str) -> bool:
    from importlib.util import find_spec

    return find_spec(name) is not None


class Server:
    """A JupyterLab of our own."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root, self.work = root, root / "work"
        self.work.mkdir()
        self.token = secrets.token_hex(16)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = (root / "server.log").open("wb")
        self._process = subprocess.Popen(
            self._command(),
            cwd=self.work,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._wait()

    def _command(self) -> list[str]:
        return [
            sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root",
            "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={self.work}", f"--IdentityProvider.token={self.token}",
            "--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None",
            "--LabApp.extension_manager=readonly", "--LanguageServerManager.autodetect=False",
        ]  # fmt: skip

    def _environment(self) -> dict[str, str]:
        environment = dict(os.environ, PYTHONPATH=str(ROOT), PYDEVD_DISABLE_FILE_VALIDATION="1")
        environment.pop("PYTEST_CURRENT_TEST", None)  # ipykernel would leave out its capture of descriptors
        home = self.root / "home"
        for key, folder in {
            "HOME": "",
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
        }.items():
            (home / folder).mkdir(parents=True, exist_ok=True)
            environment[key] = str(home / folder)
        for plugin, values in _SETTINGS.items():
            file = home / "settings" / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values))
        return environment

    def call(self, path: str, method: str = "GET") -> bytes:
        """Ask the server."""
        request = urllib.request.Request(
            self.url + path, method=method, headers={"Authorization": f"token {self.token}"}
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as answer:
            return bytes(answer.read())

    def _wait(self) -> None:
        clock = SystemClock()
        for _ in range(600):
            if self._process.poll() is not None:
                break
            try:
                self.call("/api/status")
            except (urllib.error.URLError, OSError):
                clock.sleep(0.1)
            else:
                return
        self.stop()
        log = (self.root / "server.log").read_text(errors="replace")[-2000:]
        msg = f"JupyterLab did not come up:\n{log}"
        raise RuntimeError(msg)

    def end_kernels(self) -> None:
        """End all kernels of this server."""
        for session in json.loads(self.call("/api/sessions")):
            self.call(f"/api/sessions/{session['id']}", "DELETE")

    def stop(self) -> None:
        """Kernels through the server, the server by its process id."""
        with contextlib.suppress(Exception):
            self.end_kernels()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait(5)
        self._log.close()


class Notebook:
    """A notebook that is open in the browser."""

    def __init__(self, server: Server, context: Any, cells: list[str], name: str) -> None:
        file = self._file = server.work / f"{name}.ipynb"
        file.write_text(json.dumps(_document(cells)))
        self.errors: list[str] = []
        self.strangers: list[str] = []
        self.arrived: list[int] = []
        self.page = context.new_page()
        self.page.set_default_timeout(90_000)
        self.page.on("pageerror", self._note)
        self.page.on("dialog", self._dismiss)
        self.page.on("websocket", lambda way: way.on("framereceived", self._count))
        self.page.route("**/*", lambda route: self._gate(server.url, route))
        self.page.goto(f"{server.url}/lab/tree/{file.name}?token={server.token}&reset")
        self.page.wait_for_function(_READY, timeout=60_000)

    def _note(self, error: Any) -> None:
        """Keep an error of our module, which comes from a blob; JupyterLab's own are not ours."""
        stack = getattr(error, "stack", None) or ""
        if "blob:" in stack or "/static/" not in stack:
            self.errors.append(f"{error}\n{stack}")

    def _dismiss(self, dialog: Any) -> None:
        """Keep what a dialog says; nothing waits for an answer."""
        self.errors.append(dialog.message)
        dialog.dismiss()

    def _gate(self, home: str, route: Any) -> None:
        if route.request.url.startswith((f"{home}/", "data:", "blob:")):
            route.fallback()
        else:
            self.strangers.append(route.request.url)
            route.abort()

    def _count(self, frame: Any) -> None:
        if b"comm_msg" in (frame if isinstance(frame, bytes) else frame.encode()):
            self.arrived.append(len(frame))

    def start(self, cell: int) -> None:
        """Run a cell without waiting for it."""
        self.page.evaluate(_RUN, cell)

    def run(self, cell: int) -> None:
        """Run a cell to its end."""
        self.start(cell)
        self.page.wait_for_function(_DONE, arg=cell)

    def save(self) -> None:
        """Save the notebook as the menu does."""
        self.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
        self.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")

    def saved(self) -> dict[str, Any]:
        """The notebook as it is on the disk."""
        document: dict[str, Any] = json.loads(self._file.read_text())
        return document

    def is_done(self, cell: int) -> bool:
        """Whether a cell has run to its end."""
        return bool(self.page.evaluate(_DONE, cell))

    def wait_status(self, status: str) -> None:
        """Until the page knows the kernel to be "busy" or "idle"."""
        self.page.wait_for_function(f"({_STATUS})() === {json.dumps(status)}", timeout=30_000)

    def theme(self, name: str) -> None:
        """Turn to "JupyterLab Dark" or "JupyterLab Light"."""
        self.page.evaluate(_THEME, name)
        light = "true" if name.endswith("Light") else "false"
        self.page.wait_for_selector(f"body[data-jp-theme-light={light}]", state="attached")

    def shot(self, name: str, selector: str = ".rm-root") -> pathlib.Path:
        """Keep a picture among the artefacts."""
        ARTEFACTS.mkdir(exist_ok=True)
        path = ARTEFACTS / f"{name}.png"
        self.page.locator(selector).first.screenshot(path=str(path), animations="disabled")
        return path


def _document(cells: list[str]) -> dict[str, Any]:
    return {
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell{number}",
                "metadata": {},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for number, source in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


class Lab:
    """The server and the browser; opens notebooks."""

    def __init__(self, server: Server, browser: Any) -> None:
        self._server, self._browser = server, browser
        self._count = 0
        self._context: Any = None

    def open(self, *cells: str, width: int = 1280, height: int = 900) -> Notebook:
        """Open a new notebook with these cells and a kernel of its own; the one before is closed."""
        self.close()
        self._count += 1
        self._context = self._browser.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce"
        )
        return Notebook(self._server, self._context, list(cells), f"test{self._count}")

    def end_kernels(self) -> None:
        """End the kernel of the open notebook, and leave the page as it is."""
        self._server.end_kernels()

    def close(self) -> None:
        """Close the open notebook and its kernel."""
        if self._context is not None:
            self._context.close()
            self._context = None
            self._server.end_kernels()


@contextlib.contextmanager
def lab(root: pathlib.Path) -> Iterator[Lab]:
    """A JupyterLab and a browser, ended afterwards."""
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    server = Server(root)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium(), headless=True, args=_BROWSER_ARGUMENTS
            )
            made = Lab(server, browser)
            try:
                yield made
            finally:
                made.close()
                browser.close()
    finally:
        server.stop()
