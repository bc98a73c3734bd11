"""What commands return."""

from __future__ import annotations

from datetime import UTC

import pytest

from rocket_magic.instants import NEVER, POLL
from rocket_magic.notebook._moments import change_text, span_text
from rocket_magic.notebook._views import Note, OutputView, Table


def test_table_as_text() -> None:
    """Aligned, without trailing spaces, notes below."""
    table = Table(("a", "b"), (("1", ""), ("long", "x")), [1, 2], title="t", notes=("n",))
    assert "t\na     b\n----  -\n1\nlong  x\nn" == repr(table)
    assert [1, 2] == list(table)
    assert 2 == table[1]
    assert 2 == len(table)


def test_empty_table() -> None:
    """Says so, as text and as HTML."""
    assert "nothing" == repr(Table(("a",), (), empty="nothing"))
    assert "<p>nothing</p>" in Table(("a",), (), empty="nothing")._repr_html_()


def test_long_tables_are_cut_when_shown() -> None:
    """All records are there, a thousand rows are shown."""
    rows = tuple((str(n),) for n in range(2500))
    table = Table(("n",), rows, rows)
    assert "… and 2,300 more rows" in repr(table)
    assert 1002 > table._repr_html_().count("<tr>")
    assert 2500 == len(table)


def test_a_row_cannot_be_forged() -> None:
    """A newline in a cell is shown as such."""
    assert r"a\nload  success" in repr(Table(("n",), (("a\nload  success",),)))


def test_to_pandas_without_records_of_its_own() -> None:
    """The texts of the rows become a DataFrame."""
    frame = Table(("a", "b"), (("1", "2"),), [object()]).to_pandas()
    assert ["a", "b"] == list(frame.columns)


def test_note() -> None:
    """Words as text and as HTML."""
    assert "a < b" == repr(Note("a < b")) == str(Note("a < b"))
    assert "a &lt; b" in Note("a < b")._repr_html_()


def test_rich_output_is_shown_as_text() -> None:
    """HTML of a task is never repeated; pictures are, when they are nothing but pictures."""
    html = {"output_type": "display_data", "data": {"text/html": "<script>1</script>", "text/plain": "T"}}
    png = {"output_type": "display_data", "data": {"image/png": "aGk=\n"}}
    bad = {"output_type": "display_data", "data": {"image/png": '"><script>', "text/plain": "P"}}
    shown = OutputView("r", (html, png, bad))._repr_html_()
    assert "<script>" not in shown
    assert '<img alt="picture" src="data:image/png;base64,aGk=">' in shown
    assert "T\n" in shown
    assert "P\n" in shown


def test_no_output() -> None:
    """An empty output is told."""
    assert "r\nno output" == repr(OutputView("r", ()))


def test_output_can_be_displayed_again(capsys: pytest.CaptureFixture[str]) -> None:
    """`show()` repeats what the task displayed."""
    OutputView("r", ({"output_type": "stream", "name": "stdout", "text": "hello\n"},)).show()
    assert "hello\n" == capsys.readouterr().out


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0123, "12 ms"), (1.26, "1.3 s"), (61, "1:01 min"), (3725, "1:02:05")]
)
def test_spans(seconds: float, text: str) -> None:
    """How long something took."""
    assert text == span_text(seconds)


def test_changes() -> None:
    """An instant, never, or each cycle."""
    assert "may change at 1970-01-01 00:00:00" == change_text(0, UTC)
    assert "doesn't change by itself" == change_text(NEVER, UTC)
    assert "asked at each cycle" == change_text(POLL, UTC)
