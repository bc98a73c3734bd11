"""What processes write that a run has forked is among the run's output."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from rocket_magic.notebook._forked_output import ForkedOutput
from rocket_magic.notebook._sink import RunSink

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


@pytest.fixture
def forked() -> Iterator[ForkedOutput]:
    """A pipe and its reader."""
    return ForkedOutput()


def in_child(work: Callable[[], object]) -> int:
    """Do that in a forked process; its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
    finally:
        os._exit(0)


def ended(*pids: int) -> None:
    """Wait until these processes are gone."""
    for pid in pids:
        os.waitpid(pid, 0)


def test_text_of_a_child_is_there_when_the_run_is_over(forked: ForkedOutput) -> None:
    """All that was written before counts, without waiting for the reader's turn."""
    sink = RunSink(forked=forked)
    sink.write("stdout", "parent\n")

    def speak() -> None:
        sink.write("stdout", "child\n")
        sink.write("stderr", "its error\n")
        sink.display({"text/plain": "<table>", "text/html": "<b>"}, {}, {}, update=False)
        sink.clear(wait=False)

    ended(in_child(speak))
    sink.close()
    assert [(o["name"], o["text"]) for o in sink.outputs()] == [
        ("stdout", "parent\nchild\n"),
        ("stderr", "its error\n"),
        ("stdout", "<table>\n"),
    ]


def test_order(forked: ForkedOutput) -> None:
    """What a child wrote before the run writes again comes first."""
    sink = RunSink(forked=forked)
    with forked._lock:  # its reader is held up
        ended(in_child(lambda: sink.write("stdout", "child\n")))
    sink.write("stdout", "parent\n")
    ended(in_child(lambda: sink.write("stdout", "second child\n")))
    sink.display({"text/plain": "shown"}, {}, {}, update=False)
    assert sink.text() == "child\nparent\nsecond child\nshown\n"


def test_many_children_at_once(forked: ForkedOutput) -> None:
    """More than a pipe holds; nothing is lost or torn apart, umlauts and emoji included."""
    sinks = [RunSink(forked=forked) for _ in range(2)]
    line = "äöü🚀 " * 180  # a piece, whose encoded form just fits

    def speak(sink: RunSink, letter: str) -> None:
        for _ in range(60):
            sink.write("stdout", f"{letter}{line}\n")

    ended(*[in_child(partial(speak, sink, letter)) for sink in sinks for letter in "ab"])
    for sink in sinks:
        sink.close()
        lines = sink.text().splitlines()
        assert sorted(lines) == sorted([f"a{line}"] * 60 + [f"b{line}"] * 60)


def test_a_child_of_a_busy_notebook(forked: ForkedOutput) -> None:
    """A lock that another thread held while forking holds nothing up in the child."""
    sink = RunSink(forked=forked)
    with sink._lock:
        pid = in_child(lambda: sink.write("stdout", "child"))
        watch = threading.Thread(target=ended, args=(pid,))
        watch.start()
        watch.join(20)
        assert not watch.is_alive()
    sink.close()
    assert sink.text() == "child"


def test_the_reader_brings_it_while_the_run_goes_on(forked: ForkedOutput) -> None:
    """Nobody has to ask."""
    sink, arrived = RunSink(forked=forked), threading.Event()
    take = sink.take

    def note(stream: str, text: str) -> None:
        take(stream, text)
        arrived.set()

    sink.take = note  # type: ignore[method-assign]
    ended(in_child(lambda: sink.write("stdout", "soon")))
    assert arrived.wait(20)
    assert sink.text() == "soon"


def test_output_of_a_run_that_nobody_keeps(forked: ForkedOutput) -> None:
    """It goes nowhere, and harms nobody."""
    kept = RunSink(forked=forked)
    ended(in_child(lambda: forked.send(77, "stdout", "child")))
    ended(in_child(lambda: kept.write("stdout", "kept")))
    kept.close()
    assert kept.text() == "kept"
