"""Output of runs is kept apart from the foreground's."""

from __future__ import annotations

import builtins
import contextlib
import contextvars
import io
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from IPython.display import display
from IPython.utils.capture import capture_output

from rocket_magic.args import RunEnv, current_run
from rocket_magic.clock import VirtualClock
from rocket_magic.notebook._router import Capture, Router, give_thread_a_sink
from rocket_magic.notebook._sink import RunSink


def in_run(sink: RunSink, function: Callable[[], Any]) -> Any:
    """Call a function as the code of a run."""

    def call() -> Any:
        current_run.set(RunEnv("1", "load", None, VirtualClock(), sink))
        return function()

    return contextvars.copy_context().run(call)


@pytest.fixture
def capture(shell: Any, capsys: Any) -> Iterator[Capture]:
    """A capture, installed over the streams that pytest has put in place."""
    made = Capture(shell)
    made.install()
    yield made
    made.uninstall()


def test_streams_are_kept_apart(capture: Capture, capsys: pytest.CaptureFixture[str]) -> None:
    """A run's prints go to its sink, the foreground's to the screen."""
    capture.ensure()  # pytest has put its own streams in place since the fixture
    sink = RunSink()
    in_run(sink, lambda: (print("run"), print("run", file=sys.stderr)))
    print("fg")
    assert "run\nrun\n" == sink.text()
    assert "fg\n" == capsys.readouterr().out


def test_displays_and_clearing_are_kept_apart(capture: Capture, capsys: pytest.CaptureFixture[str]) -> None:
    """`display` in a run reaches its sink only."""
    capture.ensure()  # pytest has put its own streams in place since the fixture
    sink = RunSink()

    def code() -> None:
        handle = display("first", display_id=True)
        handle.update("second")

    in_run(sink, code)
    assert "'second'" == sink.outputs()[0]["data"]["text/plain"]
    assert "" == capsys.readouterr().out


def test_writelines_and_types(capture: Capture) -> None:
    """The router takes what a stream takes and refuses what it refuses."""
    capture.ensure()  # pytest has put its own streams in place since the fixture
    sink = RunSink()
    in_run(sink, lambda: sys.stdout.writelines(["a", "b"]))
    assert "ab" == sink.text()
    with pytest.raises(TypeError, match="must be str, not bytes"):
        in_run(sink, lambda: sys.stdout.write(b"x"))


def test_logging_handlers_are_repointed(shell: Any) -> None:
    """A handler made before the extension was loaded doesn't leak a run's logs to a cell."""
    stream = io.StringIO()
    logger = logging.getLogger("rocket_magic.tests.of_a_run")
    handler = logging.StreamHandler(stream)
    logging.root.addHandler(handler)
    capture, sink = Capture(shell), RunSink()
    try:
        with contextlib.redirect_stderr(stream):
            capture.install()
            in_run(sink, lambda: logger.warning("hot"))
            logger.warning("cold")
            capture.uninstall()
            assert handler.stream is stream
    finally:
        logging.root.removeHandler(handler)
    assert "hot\n" == sink.text()
    assert "cold\n" == stream.getvalue()


def test_foreground_capture_gets_no_output_of_runs(capture: Capture) -> None:
    """`%%capture` swaps streams and publisher; `ensure` puts routers over those too."""
    capture.ensure()  # pytest has put its own streams in place since the fixture
    sink = RunSink()
    with capture_output() as found:
        capture.ensure()
        print("fg")
        in_run(sink, lambda: (print("run"), display("run")))
    assert "fg\n" == found.stdout
    assert [] == found.outputs
    assert "run\n'run'\n" == sink.text()


def test_a_run_has_no_terminal(capture: Capture) -> None:
    """`input()` and `breakpoint()` fail at once instead of waiting for ever."""
    capture.ensure()  # pytest has put its own streams in place since the fixture
    sink = RunSink()
    with pytest.raises(EOFError, match=r"input\(\) can't ask; pass the value as a parameter"):
        in_run(sink, lambda: input("name?"))
    with pytest.raises(EOFError, match=r"breakpoint\(\) can't ask"):
        in_run(sink, breakpoint)


def test_shown_tracebacks_belong_to_the_run(capture: Capture, shell: Any) -> None:
    """A magic that shows a traceback inside a run doesn't show it under a cell."""
    capture.ensure()  # pytest has put its own streams in place since the fixture
    sink = RunSink()

    def code() -> None:
        try:
            raise ValueError("inside")  # noqa: TRY301  what the block is for
        except ValueError:
            shell.showtraceback()

    in_run(sink, code)
    assert "ValueError: inside" in sink.text()


def test_bare_threads_stay_with_the_foreground(capture: Capture, capsys: pytest.CaptureFixture[str]) -> None:
    """A thread without the run's context prints where it always did."""
    capture.ensure()  # pytest has put its own streams in place since the fixture
    thread = threading.Thread(target=contextvars.Context().run, args=(print, "bare"))
    thread.start()
    thread.join()
    assert "bare\n" == capsys.readouterr().out


def test_a_thread_may_have_a_sink_of_its_own(capture: Capture, capsys: pytest.CaptureFixture[str]) -> None:
    """The scheduler's thread writes to its own sink; runs on it to theirs."""
    capture.ensure()
    of_thread, of_run = RunSink(), RunSink()

    def live() -> None:
        give_thread_a_sink(of_thread)
        print("condition")
        in_run(of_run, lambda: print("run"))

    thread = threading.Thread(target=live)
    thread.start()
    thread.join()
    assert ("condition\n", "run\n", "") == (of_thread.text(), of_run.text(), capsys.readouterr().out)


def test_everything_is_taken_away(shell: Any) -> None:
    """After uninstall streams, publisher and builtins are what they were."""
    before = sys.stdout, sys.stderr, builtins.input, sys.breakpointhook, shell.display_pub.publish
    capture = Capture(shell)
    capture.install()
    assert type(sys.stdout) is Router
    capture.install()
    assert type(sys.stdout._rm_base) is not Router
    capture.uninstall()
    after = sys.stdout, sys.stderr, builtins.input, sys.breakpointhook, shell.display_pub.publish
    assert before == after
    capture.ensure()
    assert sys.stdout is before[0]


def test_attributes_pass_through(capture: Capture) -> None:
    """Whoever asks the stream for its class or sets an attribute meets the real stream."""
    capture.ensure()  # pytest has put its own streams in place since the fixture
    base = sys.stdout._rm_base
    sys.stdout.marker = 1
    assert 1 == base.marker
    assert isinstance(sys.stdout, type(base))
    del sys.stdout.marker
