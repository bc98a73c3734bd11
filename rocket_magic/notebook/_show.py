"""Floor 9: shows a value as a cell's last expression is shown, in whatever process the run is."""

from __future__ import annotations

import sys
from typing import Any

from rocket_magic.args import current_run

__all__ = ["show_value"]


def show_value(value: Any) -> None:
    """Hand the value to the current run's sink; print its text where there is no sink."""
    run = current_run.get()
    sink = None if run is None else run.sink
    if sink is None:
        if run is not None:  # in a worker: what it prints comes back by its pipe
            sys.stdout.write(f"{value!r}\n")
        return
    data, metadata = _formatted(value)
    if data:
        sink.display(data, metadata, {}, update=False)


def _formatted(value: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    shell = _shell()
    if shell is None:
        return {"text/plain": repr(value)}, {}
    data, metadata = shell.display_formatter.format(value)
    return dict(data), dict(metadata)


def _shell() -> Any:
    module = sys.modules.get("IPython")
    return None if module is None else module.get_ipython()
