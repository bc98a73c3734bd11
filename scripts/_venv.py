"""The project's virtual environment, made with nothing but Python and pip.

Run as a script it makes the environment and prints its Python:

    python scripts/_venv.py test

The environment is `.venv` beside `pyproject.toml`, or the folder that `ROCKET_MAGIC_VENV` names. It is
made once, and brought up to date when `pyproject.toml` or the wanted extras have changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
SUPPORTED = ("3.15", "3.14", "3.13", "3.12", "3.11")


def ensure(extras: str) -> Path:
    """Make the environment, or bring it up to date.

    Args:
        extras: Extras of `pyproject.toml` to install, separated by commas ("lab", "test").

    Returns:
        The environment's Python.
    """
    rerun_with_supported_python()
    folder = Path(os.environ.get("ROCKET_MAGIC_VENV", ROOT / ".venv"))
    python = python_of(folder)
    stamp = folder / f".installed-{extras.replace(',', '-')}"
    wanted = _fingerprint(extras)
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    if not python.exists():
        say(f"Making the environment {folder.name} with Python {sys.version.split()[0]}.")
        _create(folder, python)
    say(f"Installing rocket_magic[{extras}] into it (a minute or two the first time).")
    pip = [str(python), "-m", "pip", "install", "-qq", "--editable", f"{ROOT}[{extras}]"]
    subprocess.run(pip, check=True)
    stamp.write_text(wanted)
    return python


def python_of(folder: Path) -> Path:
    """The Python of the environment in `folder`."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def rerun_with_supported_python() -> None:
    """Start the running script again with a newer Python when this one is too old; exit if there is none."""
    if sys.version_info >= OLDEST:
        return
    for version in SUPPORTED:
        found = find_python(version)
        if found is not None:
            sys.exit(subprocess.run([str(found), *sys.argv], check=False).returncode)
    have = sys.version.split()[0]
    sys.exit(f"rocket_magic needs Python 3.11 or newer; this is {have} and no newer was found.")


def find_python(version: str) -> Path | None:
    """A Python of that minor version ("3.12"): a working one on PATH, or one that pyenv has installed."""
    on_path = shutil.which(f"python{version}")
    if on_path is not None and _works(on_path, version):
        return Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for candidate in sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True):
        if _works(str(candidate), version):
            return candidate
    return None


def _works(python: str, version: str) -> bool:
    """Whether it really is that version; a version manager's stand-in on PATH may refuse to start."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return done.returncode == 0 and done.stdout.strip() == version


def _create(folder: Path, python: Path) -> None:
    try:
        venv.create(folder, with_pip=True)
    except subprocess.CalledProcessError:
        # Some distributions ship Python without ensurepip: let the pip that is there install one.
        venv.create(folder, with_pip=False, clear=True)
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-qq", "pip"]
        subprocess.run(pip, check=True)


def _fingerprint(extras: str) -> str:
    text = (ROOT / "pyproject.toml").read_bytes()
    return f"{extras} {hashlib.sha256(text).hexdigest()}"


def say(text: str) -> None:
    """Tell the user on stderr, so that a script's own output stays clean."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    print(ensure(sys.argv[1] if len(sys.argv) > 1 else "test"))
