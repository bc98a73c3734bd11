"""Floor 9: keeps the output of runs apart from the output of the foreground.

The context variable `current_run` (floor 3) says which run, if any, the current thread or coroutine
works for. Whatever is written in a run's context goes to the run's sink; everything else passes
through untouched. The scheduler's thread has a sink of its own, for what conditions, hooks and its logger
write:

* `sys.stdout` and `sys.stderr` become a `Router`;
* the shell's display publisher, traceback printer and input functions get shims on the instance;
* logging handlers that hold a bare stream are pointed at its router.

Foreground code swaps these too (`%%capture`, `redirect_stdout`, IPython's tee), so `Capture.ensure`
is called again at each run start and around each cell; it is cheap and safe from any thread.
A bare thread that a task starts has no run in its context: its output stays with the foreground.
"""

from __future__ import annotations

import builtins
import contextlib
import logging
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from rocket_magic._protocols import Sink
from rocket_magic.args import current_run

__all__ = ["Capture", "Router", "current_sink", "give_thread_a_sink"]

_OF_THREAD = "rocket_magic_sink"

_NO_TERMINAL = "a run of a task has no terminal: {} can't ask; pass the value as a parameter instead"


def current_sink() -> Sink | None:
    """Where the calling thread or coroutine writes: to its run's sink, to its thread's, or None."""
    run = current_run.get()
    if run is not None:
        return run.sink
    found: Sink | None = getattr(threading.current_thread(), _OF_THREAD, None)
    return found


def give_thread_a_sink(sink: Sink) -> None:
    """Let what the calling thread writes outside of runs go to a sink (the scheduler's own thread)."""
    setattr(threading.current_thread(), _OF_THREAD, sink)


class Router:
    """Stands in for `sys.stdout` or `sys.stderr`.

    In a run's context, writing goes to the run. Otherwise every attribute, read and written, is the
    wrapped stream's, `__class__` included: IPython replaces `write` on the stream during each cell
    and puts the old one back, and ipykernel asks for its own class.

    Args:
        holder: Its one item is the wrapped stream; filled when the router takes its place.
        name: "stdout" or "stderr".
    """

    def __init__(self, holder: list[Any], name: str) -> None:
        object.__setattr__(self, "_rm_holder", holder)
        object.__setattr__(self, "_rm_name", name)

    def __getattribute__(self, attribute: str) -> Any:
        own = object.__getattribute__
        if attribute == "_rm_base":
            return own(self, "_rm_holder")[0]
        if attribute in _REPLACED:
            sink = current_sink()
            if sink is not None:
                return _REPLACED[attribute](sink, own(self, "_rm_name"))
        return getattr(own(self, "_rm_holder")[0], attribute)

    def __setattr__(self, attribute: str, value: Any) -> None:
        setattr(self._rm_base, attribute, value)

    def __delattr__(self, attribute: str) -> None:
        delattr(self._rm_base, attribute)

    def __iter__(self) -> Any:
        return iter(self._rm_base)

    def __repr__(self) -> str:
        """Show what is wrapped."""
        return f"<output of runs kept apart from {self._rm_base!r}>"


def _writer(sink: Sink, name: str) -> Callable[[str], int]:
    def write(text: Any) -> int:
        if not isinstance(text, str):
            msg = f"write() argument must be str, not {type(text).__name__}"
            raise TypeError(msg)
        sink.write(name, text)
        return len(text)

    return write


def _lines_writer(sink: Sink, name: str) -> Callable[[Iterable[str]], None]:
    write = _writer(sink, name)

    def writelines(lines: Iterable[str]) -> None:
        for line in lines:
            write(line)

    return writelines


def _flusher(_sink: Sink, _name: str) -> Callable[[], None]:
    return lambda: None


_REPLACED: dict[str, Callable[[Sink, str], Callable[..., Any]]] = {
    "write": _writer,
    "writelines": _lines_writer,
    "flush": _flusher,
}


class Capture:
    """Installs the routers and shims, again and again, and takes them away at the end.

    Args:
        shell: The IPython shell.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._lock = threading.RLock()
        self._shims: list[tuple[Any, str, Any, Any]] = []
        self._active = False

    @property
    def active(self) -> bool:
        """Whether output of runs is being kept apart."""
        return self._active

    def install(self) -> None:
        """Begin."""
        self._active = True
        self.ensure()

    def ensure(self) -> None:
        """Put routers and shims in place where the foreground has swapped something meanwhile."""
        if not self._active:
            return
        stdout, stderr = sys.stdout, sys.stderr
        publisher = getattr(self._shell, "display_pub", None)
        if type(stdout) is Router and type(stderr) is Router and "_rm_shim" in vars(publisher or self):
            return
        with self._lock:
            _wrap_stream("stdout")
            _wrap_stream("stderr")
            if publisher is not None and "_rm_shim" not in vars(publisher):
                self._shim_publisher(publisher)
            if not self._shims:
                self._shim_shell()

    def uninstall(self) -> None:
        """Take everything away again; the wrapped streams stay as they are."""
        with self._lock:
            self._active = False
            for name in ("stdout", "stderr"):
                _unwrap_stream(name)
            for owner, name, ours, original in reversed(self._shims):
                _restore(owner, name, ours, original)
            self._shims.clear()
            publisher = getattr(self._shell, "display_pub", None)
            if publisher is not None and vars(publisher).pop("_rm_shim", False):
                for name in ("publish", "clear_output"):
                    with contextlib.suppress(AttributeError):
                        delattr(publisher, name)

    def _shim_publisher(self, publisher: Any) -> None:
        """`%%capture` brings its own publisher, so each one that comes gets its shim."""
        publish, clear = publisher.publish, publisher.clear_output

        def routed_publish(data: Any, metadata: Any = None, *args: Any, **options: Any) -> Any:
            sink = current_sink()
            if sink is None:
                return publish(data, metadata, *args, **options)
            transient, update = options.get("transient"), options.get("update", False)
            sink.display(data, metadata or {}, transient or {}, update=bool(update))
            return None

        def routed_clear(wait: bool = False) -> Any:
            sink = current_sink()
            return clear(wait) if sink is None else sink.clear(wait=wait)

        publisher.publish, publisher.clear_output, publisher._rm_shim = routed_publish, routed_clear, True  # noqa: SLF001  our own mark on the instance

    def _shim_shell(self) -> None:
        self._shim(self._shell, "showtraceback", _routed_traceback)
        self._shim(builtins, "input", lambda original: _refusing(original, "input()"))
        self._shim(sys, "breakpointhook", lambda original: _refusing(original, "breakpoint()"))
        kernel = getattr(self._shell, "kernel", None)
        if kernel is not None:  # ipykernel puts these in place of input() and getpass() around each cell
            self._shim(kernel, "raw_input", lambda original: _refusing(original, "input()"))
            self._shim(kernel, "getpass", lambda original: _refusing(original, "getpass()"))

    def _shim(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        original = getattr(owner, name, None)
        if original is not None:
            ours = make(original)
            kept = original if name in vars(owner) else None
            setattr(owner, name, ours)
            self._shims.append((owner, name, ours, kept))


def _restore(owner: Any, name: str, ours: Any, original: Any) -> None:
    if vars(owner).get(name) is not ours:
        return  # somebody else has replaced it meanwhile
    if original is None:
        delattr(owner, name)
    else:
        setattr(owner, name, original)


def _refusing(original: Any, what: str) -> Any:
    def ask(*args: Any, **options: Any) -> Any:
        if current_sink() is not None:
            raise EOFError(_NO_TERMINAL.format(what))
        return original(*args, **options)

    return ask


def _routed_traceback(original: Any) -> Any:
    def showtraceback(*args: Any, **options: Any) -> Any:
        sink = current_sink()
        if sink is None:
            return original(*args, **options)
        sink.write("stderr", traceback.format_exc())
        return None

    return showtraceback


def _wrap_stream(name: str) -> None:
    if getattr(sys, name) is None or type(getattr(sys, name)) is Router:
        return
    holder: list[Any] = [None]
    router = Router(holder, name)
    # The foreground may swap the stream at this very moment (`%%capture` ends). Two plain assignments:
    # CPython lets no other thread in between, since nothing is called. A call there could put back a
    # stream that the foreground has just let go, and its output would be lost from then on.
    if name == "stdout":
        holder[0] = sys.stdout
        sys.stdout = router
    else:
        holder[0] = sys.stderr
        sys.stderr = router
    _repoint(holder[0], router)


def _unwrap_stream(name: str) -> None:
    router = getattr(sys, name)
    while type(router) is Router:
        setattr(sys, name, router._rm_base)  # noqa: SLF001  our own class
        _repoint(router, router._rm_base)  # noqa: SLF001  made by this module
        router = getattr(sys, name)


def _repoint(old: Any, new: Any) -> None:
    """Logging handlers keep the stream they were made with: hand them the new one."""
    loggers = [logging.root, *logging.root.manager.loggerDict.copy().values()]
    for logger in loggers:
        for handler in getattr(logger, "handlers", ()):
            if isinstance(handler, logging.StreamHandler) and handler.stream is old:
                handler.setStream(new)
