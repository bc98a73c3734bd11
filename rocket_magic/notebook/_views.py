"""Floor 9: what `%rocket` commands return: objects with a text form, an HTML form, and rows.

The text form goes to terminals and is compared in notebook tests; the HTML form has our own tags only,
every text in it escaped. Both are made when shown, from values taken when the command ran.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

from rocket_magic.notebook._text import as_html, one_line, printable, terminal_text

__all__ = ["Note", "OutputView", "Table"]

_CELL = "text-align:left;vertical-align:top;padding:2px 12px 2px 0"
_PRE = "margin:0;white-space:pre-wrap"
_MOST_SHOWN = 200


@dataclass(frozen=True, repr=False)
class Note:
    """A few words.

    Attributes:
        text: The words, shown as they are.
    """

    text: str

    def __repr__(self) -> str:
        return printable(self.text)

    def _repr_html_(self) -> str:
        return f'<pre style="{_PRE}">{as_html(self.text)}</pre>'

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, repr=False)
class Table(Sequence[Any]):
    """A table; as a sequence it gives its records.

    Attributes:
        columns: Headings.
        rows: Text of each cell.
        records: What the rows were made of; what indexing and iterating give.
        title: A line above.
        notes: Lines below.
        empty: What is shown when there are no rows.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    records: Sequence[Any] = field(default=())
    title: str = ""
    notes: tuple[str, ...] = ()
    empty: str = "nothing to show"

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return self.records[index]

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.records)

    def to_pandas(self) -> Any:
        """The records as a DataFrame; the texts of the rows where the records can't become one."""
        import pandas as pd  # noqa: PLC0415  heavy, and not a dependency

        convert = getattr(self.records, "to_pandas", None)
        return pd.DataFrame(list(self.rows), columns=list(self.columns)) if convert is None else convert()

    def __repr__(self) -> str:
        body = self._grid() if self.rows else [self.empty]
        return "\n".join([*([one_line(self.title, 400)] if self.title else []), *body, *self._foot()])

    def _grid(self) -> list[str]:
        lines = [self.columns, *(tuple(map(one_line, row)) for row in self.rows[:_MOST_SHOWN])]
        widths = [max(len(line[n]) for line in lines) for n in range(len(self.columns))]
        texts = [
            "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        return [texts[0], "  ".join("-" * width for width in widths), *texts[1:]]

    def _foot(self) -> list[str]:
        left = len(self.rows) - _MOST_SHOWN
        more = [f"… and {left:,} more rows"] if left > 0 else []
        return [*more, *(printable(note) for note in self.notes)]

    def _repr_html_(self) -> str:
        title = f"<p><b>{as_html(self.title)}</b></p>" if self.title else ""
        notes = "".join(f'<pre style="{_PRE}">{as_html(note)}</pre>' for note in self._foot())
        if not self.rows:
            return f"<div>{title}<p>{as_html(self.empty)}</p>{notes}</div>"
        head = "".join(f'<th style="{_CELL}">{as_html(name)}</th>' for name in self.columns)
        body = "".join(
            "<tr>" + "".join(f'<td style="{_CELL}">{as_html(one_line(text))}</td>' for text in row) + "</tr>"
            for row in self.rows[:_MOST_SHOWN]
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f"<div>{title}{table}{notes}</div>"


@dataclass(frozen=True, repr=False)
class OutputView:
    """The output of one run.

    Attributes:
        title: Which run.
        outputs: Its outputs in the notebook format.
    """

    title: str
    outputs: tuple[dict[str, Any], ...]

    @property
    def text(self) -> str:
        """Everything as text: streams, the text form of displays, tracebacks."""
        return "".join(_as_text(output) for output in self.outputs)

    def __repr__(self) -> str:
        body = printable(self.text).rstrip("\n")
        return f"{one_line(self.title)}\n{body or 'no output'}"

    def _repr_html_(self) -> str:
        parts = "".join(map(_output_html, self.outputs)) or "<p>no output</p>"
        return f"<div><p><b>{as_html(self.title)}</b></p>{parts}</div>"

    def show(self) -> None:
        """Display the outputs as the task displayed them, rich forms included."""
        from IPython.display import display  # noqa: PLC0415  a shell may be absent

        for output in self.outputs:
            if output["output_type"] == "display_data":
                display(output["data"], raw=True)  # type: ignore[no-untyped-call]  # IPython's
            else:
                print(printable(_as_text(output)), end="")  # noqa: T201  asked for


def _as_text(output: dict[str, Any]) -> str:
    kind = output["output_type"]
    if kind == "stream":
        return terminal_text(str(output["text"]))
    if kind == "error":
        return "".join(output["traceback"])
    return f"{output['data'].get('text/plain', '<no text form>')}\n"


_PICTURES = ("image/png", "image/jpeg")


def _output_html(output: dict[str, Any]) -> str:
    """Rich HTML of a task is not repeated here: it could be anything. Pictures can do no harm."""
    data = output.get("data", {})
    for mime in _PICTURES:
        picture = data.get(mime)
        if isinstance(picture, str) and _is_base64(picture):
            return f'<img alt="picture" src="data:{mime};base64,{as_html(picture.replace(chr(10), ""))}">'
    return f'<pre style="{_PRE}">{as_html(_as_text(output))}</pre>'


def _is_base64(text: str) -> bool:
    return text.isascii() and all(char.isalnum() or char in "+/=\n" for char in text)
