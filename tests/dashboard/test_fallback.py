"""The still picture."""

from __future__ import annotations

from datetime import UTC
from html.parser import HTMLParser

import pytest

from rocket_magic.notebook.dashboard._fallback import as_html, as_text
from tests.dashboard.fakes import FakeRun, FakeState, FakeTask

PAYLOADS = [
    "<script>CANARY=1</script>",
    '"><img src=x onerror=CANARY=1>',
    "'-CANARY=1-'",
    "</script><script>CANARY=1</script>",
    "&lt;img src=x onerror=CANARY=1&gt;",
    '<iframe srcdoc="<script>parent.CANARY=1</script>">',
    "a\u202eb",
    "\n2026-01-01 00:00:00 task 'pay' success",
    "\x1b]8;;//host\x07x\x1b]8;;\x07",
]


class Reader(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and its attributes."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.words.append(data)


def test_the_table_tells_each_task() -> None:
    """Name, status, schedule, next run in the session's zone, last error."""
    tasks = [
        FakeTask("load", status="success", next_at=0.0),
        FakeTask("mail", status="fail", last_error="OSError: no", next_text="depends on task 'load'"),
        FakeTask("now", running=(FakeRun("1", "run"),)),
        FakeTask("off", disabled=True),
    ]
    assert as_text(FakeState(), tasks, UTC).splitlines() == [
        "rocket_magic · scheduler running · 4 tasks",
        "Task  Status     Schedule          Next run                Last error",
        "load  succeeded  every 10 seconds  1970-01-01 00:00:00",
        "mail  failed     every 10 seconds  depends on task 'load'  OSError: no",
        "now   running    every 10 seconds",
        "off   disabled   every 10 seconds",
    ]
    reader = Reader()
    reader.feed(as_html(FakeState(problem="disk full"), tasks, UTC))
    assert reader.tags == {"div", "b", "table", "thead", "tbody", "tr", "th", "td", "span"}
    assert reader.attributes == {"style"}
    assert " · scheduler running · 4 tasks · disk full" in reader.words


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_stays_text(payload: str) -> None:
    """No payload adds a tag, an attribute or a line."""
    task = FakeTask(payload, payload, payload, next_text=payload, last_error=payload)
    html = as_html(FakeState(problem=payload), [task], UTC)
    reader = Reader()
    reader.feed(html)
    assert reader.tags == {"div", "b", "table", "thead", "tbody", "tr", "th", "td", "span"}
    assert reader.attributes == {"style"}
    assert len(as_text(FakeState(), [task], UTC).splitlines()) == 3


def test_many_tasks_are_cut() -> None:
    """A notebook does not grow by ten thousand rows."""
    tasks = [FakeTask(f"t{n}") for n in range(150)]
    assert as_text(FakeState(), tasks, UTC).splitlines()[-1] == "… and 50 more"
    assert "… and 50 more" in as_html(FakeState(), tasks, UTC)
