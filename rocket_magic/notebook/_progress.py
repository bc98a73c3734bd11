"""Floor 9: says in the cell how far something is, once it takes longer than a second."""

from __future__ import annotations

import contextvars
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from rocket_magic.notebook._text import as_html, one_line

__all__ = ["Progress", "Stage"]

_PATIENCE = 1.0
_PAUSE = 0.25
_WIDTH = 30


class Stage:
    """How far it is; shows as a bar.

    Args:
        text: What is under way.
        share: How much of it is done, from 0 to 1, or None where nobody knows.
    """

    def __init__(self, text: str, share: float | None) -> None:
        self.text = text
        self.share = None if share is None else min(max(share, 0.0), 1.0)

    def __repr__(self) -> str:
        if not self.text:
            return ""
        if self.share is None:
            return f"{one_line(self.text)} …"
        done = round(self.share * _WIDTH)
        return f"[{'#' * done}{' ' * (_WIDTH - done)}] {one_line(self.text)}"

    def _repr_html_(self) -> str:
        if not self.text:
            return ""
        value = "" if self.share is None else f' value="{self.share:.3f}"'
        return f"<div><progress{value}></progress> {as_html(one_line(self.text))}</div>"


class Progress:
    """Shows stages while its block runs, from a thread of its own; the block may be interrupted.

    Args:
        shell: The IPython shell; in a terminal the bar is a line of stderr.
        look: Says how far it is; called on that thread.
    """

    def __init__(self, shell: Any, look: Callable[[], Stage]) -> None:
        self._shell = shell
        self._look = look
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Begin to watch; in the caller's context, so that what is shown belongs to its cell."""
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._watch,), name="rocket_magic progress", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        if self._over.wait(_PATIENCE):
            return
        show = self._shown_in_cell() if getattr(self._shell, "kernel", None) else _shown_in_terminal
        show(self._look())
        while not self._over.wait(_PAUSE):
            show(self._look())
        show(Stage("", None))

    def _shown_in_cell(self) -> Callable[[Stage], None]:
        from IPython.display import DisplayHandle  # noqa: PLC0415  a shell may be absent

        handle = DisplayHandle()  # type: ignore[no-untyped-call,unused-ignore]  # IPython's
        handle.display(self._look())  # type: ignore[no-untyped-call,unused-ignore]  # IPython's
        return handle.update


def _shown_in_terminal(stage: Stage) -> None:
    stream = sys.stderr
    if stream.isatty():
        stream.write(f"\r{stage!r:<79}\r" if not stage.text else f"\r{stage!r:<79}")
        stream.flush()
