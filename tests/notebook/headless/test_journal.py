"""What a service writes."""

from __future__ import annotations

import io
from datetime import UTC
from typing import Any

from rocket_magic._protocols import Action
from rocket_magic.instants import SECOND
from rocket_magic.log import Record
from rocket_magic.notebook.headless._journal import Journal
from rocket_magic.scheduler import Change

AT = 1_700_000_000 * SECOND


class Desk:
    """A journal with its streams."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()
        self.journal = Journal(lambda: UTC, quiet=quiet, out=self.out, err=self.err)

    def record(self, name: str, action: Action, **fields: Any) -> str:
        """What is written of a record."""
        start = self.err.tell()
        self.journal.listen(Change("record", name, Record(name, action, AT, **fields)))
        return self.err.getvalue()[start:]


def test_records_are_a_line_each():
    """Time in the session's zone, task, outcome, runtime and reason."""
    desk = Desk()
    assert desk.record("load", Action.RUN) == "2023-11-14 22:13:20 load: run\n"
    told = desk.record("load", Action.SUCCESS, start=AT - SECOND // 4, end=AT)
    assert told == "2023-11-14 22:13:20 load: success after 0.25 s\n"
    told = desk.record("load", Action.TERMINATE, reason="timeout of 3 s")
    assert told == "2023-11-14 22:13:20 load: terminate (timeout of 3 s)\n"


def test_a_traceback_is_indented_and_forges_nothing():
    """X5: neither a name nor a message can look like another record, or move the cursor."""
    desk = Desk()
    told = desk.record("a\n2023 b", Action.FAIL, exc_text="ValueError: \x1b[2Jgone\n2023-11-14 load: success")
    assert told == (
        "2023-11-14 22:13:20 a\\n2023 b: fail\n    ValueError: gone\n    2023-11-14 load: success\n"
    )


def test_other_changes_are_not_told():
    """Only records are."""
    desk = Desk()
    desk.journal.listen(Change("state"))
    assert desk.err.getvalue() == ""


def test_quiet_tells_what_went_wrong():
    """Outcomes that nobody wants, and no output."""
    desk = Desk(quiet=True)
    assert desk.record("load", Action.RUN) == ""
    assert desk.record("load", Action.SUCCESS) == ""
    assert desk.record("load", Action.INACTION) == ""
    for action in (Action.FAIL, Action.CRASH, Action.TERMINATE):
        assert action.value in desk.record("load", action)
    desk.journal.echo("load")("stdout", "text\n")
    assert desk.out.getvalue() == ""


def test_output_comes_in_whole_lines_after_its_task():
    """Pieces are put together; two runs and two streams don't mix; the rest comes when the run is over."""
    desk = Desk()
    load, clean = desk.journal.echo("load"), desk.journal.echo("clean")
    load("stdout", "one\ntw")
    clean("stdout", "other\n")
    load("stderr", "warned\n")
    load("stdout", "o\n\nthree")
    load("stdout", "")
    load("stderr", "")
    assert desk.out.getvalue() == (
        "load | one\nclean | other\nload | warned\nload | two\nload | \nload | three\n"
    )


def test_of_a_progress_bar_the_last_state_is_shown():
    """What a carriage return has overwritten is left out; long lines are not kept back."""
    desk = Desk()
    take = desk.journal.echo("load")
    take("stdout", "10 %\r50 %\r100 %\n")
    take("stdout", "x" * 70_000)
    assert desk.out.getvalue() == f"load | 100 %\nload | {'x' * 70_000}\n"


def test_what_an_encoding_lacks_is_spelt():
    """A service's stdout may be ASCII: no line is lost for a letter."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    journal = Journal(lambda: UTC, quiet=False, out=out, err=io.StringIO())
    journal.echo("Jyväskylä")("stdout", "5 €\n")
    out.seek(0)
    assert out.read() == "Jyv\\xe4skyl\\xe4 | 5 \\u20ac\n"
    assert journal.n_lost == 0


def test_a_reader_that_has_gone_is_counted():
    """`rocket-magic run a.ipynb | head` goes on with its tasks."""
    desk = Desk()
    desk.out.close()
    desk.journal.echo("load")("stdout", "one\ntwo\n")
    assert desk.journal.n_lost == 2
