"""Floor 9: where the output of one run goes (implements `_protocols.Sink`).

A sink is written by the task's threads and read by magics and the dashboard; its own lock guards it.
It is bounded: the first part of the output and the newest text are kept, what lies between is
counted and noted. Outputs are kept in the notebook format (nbformat 4).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rocket_magic.notebook._forked_output import ForkedOutput

__all__ = ["Echo", "RunSink"]

Echo = Callable[[str, str], None]

_TAIL = 65_536
_LONGEST_ERROR = 65_536
_EACH = 100
"""Characters that a further display, or a change of stream, counts for: each is an object of its own."""
_MOST_PARTS = 2_048


class RunSink:
    """Outputs of one run; thread-safe, bounded, never raises.

    Args:
        limit: Characters kept from the beginning of the output; the newest 64 K characters of text
            are kept beyond it.
        forked: Brings what processes write that the run has forked.
        echo: Also called with stream and text as they come, and without any text when the run is over.
    """

    def __init__(
        self, limit: int = 1_000_000, forked: ForkedOutput | None = None, echo: Echo | None = None
    ) -> None:
        self._forked = forked
        self._number = 0 if forked is None else forked.enlist(self)
        self._limit = limit
        self._echo = echo
        self._lock = threading.Lock()
        self._outputs: list[dict[str, Any]] = []
        self._errors: list[dict[str, Any]] = []
        self._tail: deque[tuple[str, str]] = deque()
        self._size = self._tail_size = self._cut = self._cut_outputs = self._late = 0
        self._clear_next = self._closed = False
        self.version = 0

    def write(self, stream: str, text: str) -> None:
        """Take text of "stdout" or "stderr"."""
        if not text:
            return
        if self._forked is not None:
            if not self._forked.is_here():
                self._forked.send(self._number, stream, text)
                return
            self._forked.settle()
        self.take(stream, text)

    def take(self, stream: str, text: str) -> None:
        """Take text here and now; what children wrote before it is not looked for."""
        self._pass_on(stream, text)
        with self._lock:
            if self._closed:
                self._late += len(text)
                return
            self._touch()
            room = self._limit - self._size - self._cost_of(stream)
            if room > 0 and not self._tail:
                self._append(stream, text[:room])
                text = text[room:]
            if text:
                self._append_tail(stream, text)

    def _pass_on(self, stream: str, text: str) -> None:
        if self._echo is not None and not self._closed:
            self._echo(stream, text)

    def display(
        self,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any],
        transient: Mapping[str, Any],
        *,
        update: bool,
    ) -> None:
        """Take one rich output (a mime bundle); `update` replaces one of the same display id."""
        if self._forked is not None:
            if not self._forked.is_here():  # its text will do
                self.write("stdout", f"{data.get('text/plain', '')}\n")
                return
            self._forked.settle()
        self._pass_on("stdout", f"{data.get('text/plain', '')}\n")
        display_id = transient.get("display_id")
        with self._lock:
            if self._closed:
                self._late += 1
                return
            if update:
                self._update(display_id, data, metadata)
                return
            self._touch()
            size = _size(data)
            size += _EACH if self._outputs else 0
            if self._size + size > self._limit:
                self._cut_outputs += 1
                return
            self._size += size
            output = {"output_type": "display_data", "data": dict(data), "metadata": dict(metadata)}
            if display_id is not None:
                output["transient"] = {"display_id": display_id}
            self._outputs.append(output)

    def clear(self, *, wait: bool) -> None:
        """Forget what was shown so far; with `wait`, when the next output comes."""
        if self._forked is not None and not self._forked.is_here():
            return
        with self._lock:
            if wait:
                self._clear_next = True
            else:
                self._forget()

    def error(self, name: str, message: str, traceback: Iterable[str]) -> None:
        """Take the exception that ended the run; it is kept even when the sink is full."""
        lines = _clip(list(traceback))
        output = {
            "output_type": "error",
            "ename": name,
            "evalue": message[:_LONGEST_ERROR],
            "traceback": lines,
        }
        with self._lock:
            self.version += 1
            self._errors = [*self._errors[-2:], output]

    def close(self) -> None:
        """The run is over: what comes later is counted and dropped, it is no longer the run's."""
        if self._forked is not None:
            self._forked.settle()
        for stream in ("stdout", "stderr"):
            self._pass_on(stream, "")
        with self._lock:
            self._closed = True

    @property
    def closed(self) -> bool:
        """Whether the run is over."""
        return self._closed

    @property
    def size(self) -> int:
        """Characters kept, roughly."""
        return self._size + self._tail_size

    def outputs(self) -> list[dict[str, Any]]:
        """A copy of what is kept, in the notebook format, the note about what was cut included."""
        with self._lock:
            found = [_plain(output) for output in self._outputs]
            note = self._note()
            if note:
                found.append({"output_type": "stream", "name": "stderr", "text": note})
            for stream, text in self._tail:
                last = found[-1] if found else {}
                if last.get("output_type") == "stream" and last["name"] == stream and last["text"] != note:
                    last["text"] += text
                else:
                    found.append({"output_type": "stream", "name": stream, "text": text})
            return [*found, *map(dict, self._errors)]

    def text(self) -> str:
        """Everything as plain text: streams, the text form of displays, tracebacks."""
        return "".join(map(_as_text, self.outputs()))

    @property
    def note(self) -> str:
        """What was cut, in words; "" when nothing was."""
        with self._lock:
            return self._note()

    def _note(self) -> str:
        parts = []
        if self._cut:
            parts.append(f"{self._cut:,} characters")
        if self._cut_outputs:
            parts.append(f"{self._cut_outputs:,} displays")
        each = (
            f", where each change of stream or display counts for {_EACH}" if len(self._outputs) > 1 else ""
        )
        cut = f"[{' and '.join(parts)} cut here: a run keeps {self._limit:,}{each}]\n" if parts else ""
        late = (
            f"[{self._late:,} characters came after the run had ended and were dropped]\n"
            if self._late
            else ""
        )
        return cut + late

    def _touch(self) -> None:
        self.version += 1
        if self._clear_next:
            self._clear_next = False
            self._forget()

    def _forget(self) -> None:
        self.version += 1
        self._outputs.clear()
        self._tail.clear()
        self._size = self._tail_size = self._cut = self._cut_outputs = 0

    def _goes_on(self, stream: str) -> bool:
        """Whether the newest output is text of that stream."""
        last = self._outputs[-1] if self._outputs else {}
        return last.get("output_type") == "stream" and last["name"] == stream

    def _cost_of(self, stream: str) -> int:
        return _EACH if self._outputs and not self._goes_on(stream) else 0

    def _append(self, stream: str, text: str) -> None:
        self._size += len(text) + self._cost_of(stream)
        if not self._goes_on(stream):
            self._outputs.append({"output_type": "stream", "name": stream, "parts": []})
        parts: list[str] = self._outputs[-1]["parts"]
        parts.append(text)
        if len(parts) >= _MOST_PARTS:  # many small writes must not stay many small strings
            parts[:] = ["".join(parts)]

    def _append_tail(self, stream: str, text: str) -> None:
        self._cut += max(0, len(text) - _TAIL)
        text = text[-_TAIL:]
        self._tail.append((stream, text))
        self._tail_size += len(text)
        while self._tail_size > _TAIL:
            excess = self._tail_size - _TAIL
            name, oldest = self._tail.popleft()
            dropped = min(excess, len(oldest))
            self._cut += dropped
            self._tail_size -= dropped
            if dropped < len(oldest):
                self._tail.appendleft((name, oldest[dropped:]))

    def _update(self, display_id: Any, data: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
        for output in self._outputs:
            if display_id is not None and output.get("transient", {}).get("display_id") == display_id:
                size = _size(data) - _size(output["data"])
                if self._size + size > self._limit:
                    self._cut_outputs += 1
                    return
                self._size += size
                self.version += 1
                output["data"], output["metadata"] = dict(data), dict(metadata)


def _plain(output: dict[str, Any]) -> dict[str, Any]:
    if output["output_type"] == "stream":
        return {"output_type": "stream", "name": output["name"], "text": "".join(output["parts"])}
    return dict(output)


def _as_text(output: Mapping[str, Any]) -> str:
    kind = output["output_type"]
    if kind == "stream":
        return str(output["text"])
    if kind == "error":
        return "".join(output["traceback"])
    return f"{output['data'].get('text/plain', '')}\n"


def _size(data: Mapping[str, Any]) -> int:
    return sum(len(value) if isinstance(value, (str, bytes)) else len(repr(value)) for value in data.values())


def _clip(lines: list[str]) -> list[str]:
    text = "".join(lines)
    if len(text) <= _LONGEST_ERROR:
        return lines
    half = _LONGEST_ERROR // 2
    return [f"{text[:half]}\n[{len(text) - 2 * half:,} characters cut]\n{text[-half:]}"]
