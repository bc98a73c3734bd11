"""The widget: hostile messages, fallbacks, and its end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from rocket_magic.notebook.dashboard import Dashboard
from rocket_magic.notebook.dashboard._widget import _answer_on_subshells, _receive
from tests.dashboard.fakes import FakeSource, FakeTask
from tests.dashboard.showcase import showcase


@pytest.fixture
def source() -> FakeSource:
    """Two tasks."""
    return FakeSource(known={"a": FakeTask("a", "a-secret-task"), "b": FakeTask("b")})


@pytest.fixture
def dashboard(source: FakeSource) -> Iterator[Dashboard]:
    """A dashboard whose publisher is stopped, so that its inbox can be read."""
    made = Dashboard(source)
    made._publisher.close()
    thread = made._publisher._thread
    assert thread is not None
    thread.join(5)
    yield made
    made.close()


def answer(dashboard: Dashboard, content: Any) -> dict[str, Any]:
    """What the page is told."""
    _receive(dashboard, content, [])
    return dashboard._publisher.inbox._replies.pop()


@pytest.mark.parametrize("command", ["run", "enable", "disable", "terminate"])
def test_buttons_of_a_task(dashboard: Dashboard, source: FakeSource, command: str) -> None:
    """Each button is one call, and is answered."""
    assert answer(dashboard, {"type": command, "view": "v", "id": 7, "task": "a"}) == {
        "ok": True, "view": "v", "id": 7,
    }  # fmt: skip
    assert source.commands == [(command, "a")]


def test_a_run_with_typed_values(dashboard: Dashboard, source: FakeSource) -> None:
    """They are read as data; what can't be read, and a task that is gone, are answered."""
    asked = {"type": "run_with", "view": "v", "id": 3, "task": "a", "values": {"day": "'mon'", "n": "[1]"}}
    assert answer(dashboard, asked) == {"ok": True, "view": "v", "id": 3}
    assert source.commands == [("run_with", "a", "{'day': 'mon', 'n': [1]}"), ("run", "a")]
    refused = answer(dashboard, asked | {"values": {"day": "mon"}})
    assert refused["error"] == 'day: mon is neither a Python literal nor JSON; put text in quotes: "mon"'
    assert "no task named" in answer(dashboard, asked | {"task": "gone"})["error"]


def test_buttons_of_the_scheduler(dashboard: Dashboard, source: FakeSource) -> None:
    """Start, hold, resume and stop are passed on."""
    for command in ("start", "hold", "resume", "stop"):
        answer(dashboard, {"type": command, "view": "v"})
    assert source.commands == [("start",), ("hold",), ("resume",), ("stop",)]


def test_an_unknown_task_is_answered(dashboard: Dashboard, source: FakeSource) -> None:
    """The page may be older than the session."""
    assert answer(dashboard, {"type": "run", "view": "v", "id": 1, "task": "gone"}) == {
        "ok": False, "view": "v", "id": 1, "error": "There is no task named 'gone' any more.",
    }  # fmt: skip
    assert source.commands == []


@pytest.mark.parametrize(
    "content",
    [
        None,
        "run",
        {"type": "eval", "code": "__import__('os').system('touch CANARY')"},
        {"type": "run", "task": "a"},
        {"type": "run", "view": "v", "task": "a" * 10_000_000},
        {"type": "run", "view": "v", "task": "a", "__proto__": 1},
        {"type": "run", "view": {}, "id": [], "task": "a"},
        {"type": "set", "view": "v", "option": "__class__", "value": "x"},
        {"type": "set", "view": "v", "option": "shut_cond", "value": [1]},
        {"kind": "anywidget-command", "name": "x"},
    ],
)
def test_hostile_messages_are_answered_and_nothing_is_done(
    dashboard: Dashboard, source: FakeSource, content: Any
) -> None:
    """Nothing raises, nothing is evaluated, the answer is short."""
    reply = answer(dashboard, content)
    assert reply["ok"] is False
    assert len(reply["error"]) < 200
    assert source.commands == []


def test_a_failing_command_is_answered_with_its_message(dashboard: Dashboard, source: FakeSource) -> None:
    """An error of the session becomes text for the page."""

    def fail(_command: str, _name: str) -> None:
        raise ValueError("no more room\nfor runs")

    source.command_task = fail
    assert answer(dashboard, {"type": "run", "view": "v", "task": "a"})["error"] == "no more room\\nfor runs"


def test_options_are_validated_in_python(dashboard: Dashboard) -> None:
    """The message of a refusal goes to the page, whole."""
    source = showcase()
    dashboard._source = source
    reply = answer(dashboard, {"type": "set", "view": "v", "option": "cycle_sleep", "value": "soon"})
    assert reply["error"] == "cycle_sleep must be a number of seconds, got 'soon'."
    assert answer(dashboard, {"type": "set", "view": "v", "option": "cycle_sleep", "value": "2"})["ok"]
    assert source.form["cycle_sleep"].value == "2"


def test_it_looks_the_same_without_a_page(dashboard: Dashboard, source: FakeSource) -> None:
    """A short repr without addresses; live view, HTML and text in the bundle."""
    assert repr(dashboard) == "<rocket_magic dashboard of 2 tasks>"
    bundle = dashboard._repr_mimebundle_()
    assert bundle is not None
    data, metadata = bundle
    assert metadata["rocket_magic"] == {"key": dashboard._key, "model": dashboard.model_id}
    assert set(data) == {"application/vnd.jupyter.widget-view+json", "text/plain", "text/html"}
    assert data["text/plain"].startswith("rocket_magic · scheduler running · 2 tasks\nTask")
    again = dashboard._repr_mimebundle_()
    assert again is not None
    assert again[0] == data


def test_no_trait_holds_the_session(dashboard: Dashboard) -> None:
    """A saved notebook keeps the widget's state: nothing of the tasks may be in it."""
    state = dashboard.get_state()
    assert not any("a-secret-task" in str(value) for value in state.values())


def test_closing_ends_the_publisher(source: FakeSource) -> None:
    """The thread ends, and the session is no longer listened to."""
    made = Dashboard(source)
    publisher = made._publisher
    assert publisher.is_alive
    made.close()
    assert publisher._thread is not None
    publisher._thread.join(5)
    assert not publisher.is_alive
    assert source.listeners == []


def test_a_comm_that_closes_ends_the_publisher(source: FakeSource) -> None:
    """The page may close the way itself: the thread ends too."""
    made = Dashboard(source)
    assert made.is_open
    made.comm.handle_close({})
    thread = made._publisher._thread
    assert thread is not None
    thread.join(5)
    assert not made.is_open
    assert source.listeners == []
    made.close()


def test_clicks_are_answered_on_subshells_where_there_are_any() -> None:
    """The private hook of ipykernel is replaced where it exists, and only there."""

    class Comm:
        def _reply_subshell_for(self, data: Any, default: Any) -> Any:
            return "main"

    comm = Comm()
    _answer_on_subshells(comm)
    assert comm._reply_subshell_for({}, "sub") == "sub"
    bare = object()
    _answer_on_subshells(bare)
    _answer_on_subshells(None)


def test_ipykernel_still_has_the_hook_that_is_replaced() -> None:
    """Tells when upstream changes: then look at `_answer_on_subshells` again."""
    comm = pytest.importorskip("ipykernel.comm.comm")
    version = pytest.importorskip("ipykernel").version_info
    if version[:2] >= (7, 4):
        assert hasattr(comm.BaseComm, "_reply_subshell_for")
