"""The output of one run: coalesced, bounded, counted."""

from __future__ import annotations

import threading

from rocket_magic.notebook._sink import RunSink


def test_stream_text_is_coalesced_by_stream() -> None:
    """Neighbouring writes to one stream are one output, as nbformat has it."""
    sink = RunSink()
    for stream, text in [("stdout", "a"), ("stdout", "b"), ("stderr", "c"), ("stdout", "d")]:
        sink.write(stream, text)
    assert [("stdout", "ab"), ("stderr", "c"), ("stdout", "d")] == [
        (output["name"], output["text"]) for output in sink.outputs()
    ]


def test_display_id_updates_in_place() -> None:
    """An update replaces the displays of its id and adds none."""
    sink = RunSink()
    sink.display({"text/plain": "1"}, {}, {"display_id": "x"}, update=False)
    sink.display({"text/plain": "2"}, {}, {"display_id": "x"}, update=True)
    sink.display({"text/plain": "3"}, {}, {"display_id": "y"}, update=True)
    assert [{"text/plain": "2"}] == [output["data"] for output in sink.outputs()]


def test_clear_at_once_and_when_the_next_output_comes() -> None:
    """`clear_output(wait=True)` keeps the old output until there is a new one."""
    sink = RunSink()
    sink.write("stdout", "old")
    sink.clear(wait=True)
    assert "old" == sink.text()
    sink.write("stdout", "new")
    assert "new" == sink.text()
    sink.clear(wait=False)
    assert "" == sink.text()


def test_fifty_megabytes_keep_head_and_tail() -> None:
    """What is cut is counted, the newest text is kept, and little memory is held."""
    sink = RunSink(1_000_000)
    line = "x" * 999 + "\n"
    for _ in range(50_000):
        sink.write("stdout", line)
    sink.write("stdout", "the end\n")
    text = sink.text()
    assert text.startswith(line)
    assert text.endswith("the end\n")
    assert len(text) < 1_100_000
    assert "[48,934,472 characters cut here: a run keeps 1,000,000]" in text


def test_one_huge_write_is_cut() -> None:
    """A single text beyond the bound is cut too."""
    sink = RunSink(100)
    sink.write("stdout", "a" * 10_000_000)
    assert sink.size <= 100 + 65_536


def test_too_many_displays_are_counted() -> None:
    """Displays beyond the bound are dropped and noted."""
    sink = RunSink(1000)
    for _ in range(3):
        sink.display({"image/png": "x" * 600}, {}, {}, update=False)
    assert "[2 displays cut here: a run keeps 1,000]\n" == sink.note


def test_errors_are_kept_in_a_full_sink() -> None:
    """The traceback is what one looks for: it is never cut away."""
    sink = RunSink(10)
    sink.write("stdout", "x" * 100_000)
    sink.error("ValueError", "no", ["Traceback\n", "ValueError: no\n"])
    assert sink.text().endswith("ValueError: no\n")


def test_late_writes_are_counted_and_dropped() -> None:
    """A thread that outlives its run reaches neither the run's output nor the foreground."""
    sink = RunSink()
    sink.write("stdout", "in time\n")
    sink.close()
    sink.write("stdout", "late")
    assert "in time\n[4 characters came after the run had ended and were dropped]\n" == sink.text()


def test_streams_that_take_turns_lose_nothing_below_the_limit() -> None:
    """A loop that prints and logs at each step, three thousand times."""
    sink = RunSink()
    for number in range(3_000):
        sink.write("stdout", f"out {number}\n")
        sink.write("stderr", f"err {number}\n")
    lines = [f"{stream} {number}" for number in range(3_000) for stream in ("out", "err")]
    assert lines == sink.text().splitlines()


def test_turns_are_bounded_and_the_note_says_so() -> None:
    """Each is an object of its own, and counts as such; what is cut is counted exactly."""
    sink = RunSink(10_000)
    for _ in range(100_000):
        sink.write("stdout", "1")
        sink.write("stderr", "2")
    assert len(sink.outputs()) < 70_000
    kept = sum(
        one["text"].count("1") + one["text"].count("2") for one in sink.outputs() if "[" not in one["text"]
    )
    cut = 200_000 - kept
    bound = "a run keeps 10,000, where each change of stream or display counts for 100"
    assert f"[{cut:,} characters cut here: {bound}]\n" == sink.note


def test_many_threads_lose_nothing() -> None:
    """Two writers at once keep every line."""
    sink = RunSink(10_000_000)

    def write(stream: str) -> None:
        for number in range(10_000):
            sink.write(stream, f"{number}\n")

    threads = [threading.Thread(target=write, args=(name,)) for name in ("stdout", "stderr")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = sink.text().splitlines()
    assert sorted(str(n) for n in range(10_000) for _ in range(2)) == sorted(lines)
