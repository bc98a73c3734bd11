"""The thread that sends: what it sends, how often, and when it stops."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from rocket_magic.instants import MINUTE, NEVER, SECOND
from rocket_magic.notebook.dashboard._messages import Bye, Ping, Show
from rocket_magic.notebook.dashboard._publisher import BYTES, RATE, Pacer, Publisher
from rocket_magic.notebook.dashboard._source import LogRow
from tests.dashboard.fakes import FakeRun, FakeSource, FakeTask

TICK = SECOND // RATE


class Desk:
    """A publisher without a thread: the test is its clock."""

    def __init__(self, source: FakeSource) -> None:
        self.source = source
        self.sent: list[dict[str, Any]] = []
        self.publisher = Publisher(source, self.sent.append)
        source.subscribe(self.publisher.inbox.change)
        self.now = SECOND
        self.pause: int | None = None

    def show(self, view: str = "v", **fields: Any) -> None:
        """Say what a view shows."""
        self.publisher.inbox.view(Show(type="show", view=view, **fields))

    def step(self, span: int = TICK) -> list[dict[str, Any]]:
        """Let time pass, step once, and give what was sent."""
        self.now += span
        before = len(self.sent)
        self.pause = self.publisher.step(self.now)
        return self.sent[before:]

    def part(self, panel: str, view: str = "v", span: int = TICK) -> Any:
        """Step, and give the part of one panel, or None."""
        for message in self.step(span):
            if panel in message.get("views", {}).get(view, {}):
                return message["views"][view][panel]
        return None


def source_of(count: int) -> FakeSource:
    """A session of so many tasks."""
    return FakeSource(known={f"t{n:05}": FakeTask(f"t{n:05}") for n in range(count)})


def test_nobody_looks_nothing_is_read_or_sent() -> None:
    """Without a view the session isn't even asked."""
    desk = Desk(source_of(3))
    desk.source.tell("run", "t00000")
    assert desk.step() == []
    assert (desk.source.reads, desk.pause) == (0, None)


def test_a_new_view_gets_everything_then_only_changes() -> None:
    """The first message is whole; the next holds the one row that changed."""
    desk = Desk(source_of(3))
    desk.show()
    (first,) = desk.step()
    assert first["state"]["state"] == "running"
    tasks = first["views"]["v"]["tasks"]
    assert tasks["names"] == ["t00000", "t00001", "t00002"]
    assert len(tasks["rows"]) == 3
    assert desk.step() == []
    desk.source.change("t00001", status="success")
    part = desk.part("tasks")
    assert [row["name"] for row in part["rows"]] == ["t00001"]
    assert "names" not in part


def test_a_change_outside_the_window_is_not_sent() -> None:
    """A view of ten rows is told of ten rows."""
    desk = Desk(source_of(1000))
    desk.show(limit=10)
    assert len(desk.part("tasks")["rows"]) == 10
    desk.source.change("t00500", status="success")
    assert desk.step() == []
    desk.source.change("t00005", status="success")
    assert len(desk.part("tasks")["rows"]) == 1


def test_scrolling_sends_only_rows_the_page_lacks() -> None:
    """The overlap of two windows travels once."""
    desk = Desk(source_of(100))
    desk.show(limit=10)
    desk.step()
    desk.show(limit=10, offset=5)
    part = desk.part("tasks")
    assert (part["offset"], part["names"][0], len(part["rows"])) == (5, "t00005", 5)


def test_a_word_that_arrives_late_changes_nothing() -> None:
    """A page's first words go to the main thread, later ones to a subshell: they may overtake."""
    desk = Desk(source_of(100))
    desk.show(limit=10, id=1)
    desk.step()
    desk.show(limit=10, id=3, offset=50)
    desk.show(limit=10, id=2, fresh=True)
    assert desk.part("tasks")["names"][0] == "t00050"
    desk.show(limit=10, id=4, offset=20)
    assert desk.part("tasks")["names"][0] == "t00020"


def test_changes_between_two_messages_become_one() -> None:
    """A thousand runs of a task between two looks are one row."""
    desk = Desk(source_of(2))
    desk.show()
    desk.step()
    for n in range(1000):
        desk.source.change("t00000", status="success", next_at=float(n))
    (message,) = desk.step()
    (row,) = message["views"]["v"]["tasks"]["rows"]
    assert row["next_at"] == 999.0
    assert desk.step() == []


@pytest.mark.slow
def test_ten_thousand_tasks_stay_below_the_bounds() -> None:
    """1,000 changes a second to all tasks: at most ten messages and 200 kB a second, the last one true."""
    desk = Desk(source_of(10_000))
    desk.show(limit=80)
    pacer = desk.publisher._pacer
    end = desk.now + 10 * SECOND
    turn = 0
    while desk.now < end:
        for _ in range(100):
            turn += 1
            name = f"t{(turn * 7919) % 10_000:05}"
            runs = tuple(FakeRun(f"r{turn}-{k}", "success", 1.0, 2.0) for k in range(12))
            desk.source.change(name, status="success", next_at=float(turn), recent=runs)
        desk.step(0)
        desk.now += max(pacer.silence(desk.now), TICK)
    size = sum(len(json.dumps(message)) for message in desk.sent)
    assert len(desk.sent) <= 10 * RATE + 1
    assert size <= 10 * BYTES + 300_000
    desk.step()
    shown = {}
    for message in desk.sent:
        for row in message.get("views", {}).get("v", {}).get("tasks", {}).get("rows", ()):
            shown[row["name"]] = row["next_at"]
    assert shown == {name: desk.source.known[name].next_at for name in list(desk.source.known)[:80]}


def test_the_pacer_spreads_a_large_message() -> None:
    """After a megabyte beyond the burst, silence until its bytes are paid."""
    pacer = Pacer()
    pacer.sent(100, 0)
    assert pacer.silence(0) == TICK
    pacer.sent(300_000 - 100 + BYTES, TICK)
    assert pacer.silence(TICK) == pytest.approx(SECOND, rel=0.2)


def test_two_views_are_served_each_with_its_own() -> None:
    """One model, two pages: each is told what it shows."""
    desk = Desk(source_of(5))
    desk.show("a")
    desk.show("b", query="t00003")
    (message,) = desk.step()
    assert len(message["views"]["a"]["tasks"]["names"]) == 5
    assert message["views"]["b"]["tasks"]["names"] == ["t00003"]


def test_a_view_that_left_costs_nothing() -> None:
    """After a goodbye nothing is sent and nothing is read."""
    desk = Desk(source_of(2))
    desk.show()
    desk.step()
    desk.publisher.inbox.view(Bye(type="bye", view="v"))
    desk.source.tell("run", "t00000")
    assert desk.step() == []
    reads = desk.source.reads
    desk.source.tell("run", "t00001")
    desk.step()
    assert desk.source.reads == reads


def test_views_are_bounded_and_silent_ones_go_dormant() -> None:
    """Pages that closed without a word slow down after 90 s and are forgotten after an hour."""
    desk = Desk(source_of(1))
    for n in range(20):
        desk.show(f"v{n}")
    desk.step()
    assert len(desk.publisher._views) == 8
    desk.step(2 * MINUTE)
    for n in range(5):
        desk.source.change("t00000", next_at=float(n))
        desk.step()
    assert len(desk.sent) == 2
    desk.publisher.inbox.view(Ping(type="ping", view="v19"))
    assert desk.step() == [] or desk.sent[-1]["views"].keys() == {"v19"}
    desk.step(61 * MINUTE)
    assert desk.publisher._views == {}


def test_a_removed_task_leaves_the_window() -> None:
    """The names are sent anew, without rows."""
    desk = Desk(source_of(3))
    desk.show()
    desk.step()
    del desk.source.known["t00001"]
    desk.source.tell("task", "t00001")
    part = desk.part("tasks")
    assert part == {
        "offset": 0,
        "matched": 2,
        "names": ["t00000", "t00002"],
        "counts": {"all": 2, "running": 0, "failing": 0, "disabled": 0},
    }


def test_a_page_that_lost_a_message_gets_everything_anew() -> None:
    """Messages are numbered; `fresh` forgets what the page was sent."""
    desk = Desk(source_of(2))
    desk.show()
    desk.step()
    desk.show(fresh=True)
    (message,) = desk.step()
    assert message["n"] == 2
    assert "state" in message
    assert len(message["views"]["v"]["tasks"]["rows"]) == 2


def test_output_is_followed_while_the_run_is_in_flight() -> None:
    """Only what is new travels; a look each half second, none after the end."""
    source = FakeSource(known={"t": FakeTask("t", running=(FakeRun("r1", "run", 1.0, None),))})
    source.printed["r1"] = [{"output_type": "stream", "name": "stdout", "text": "one\n"}]
    desk = Desk(source)
    desk.show(task="t")
    assert desk.part("output")["items"][0]["text"] == "one\n"
    assert desk.pause == SECOND // 2
    source.printed["r1"].append({"output_type": "stream", "name": "stderr", "text": "two\n"})
    part = desk.part("output", span=SECOND)
    assert (part["from"], [item["text"] for item in part["items"]]) == (1, ["two\n"])
    source.change("t", running=(), recent=(FakeRun("r1"),), status="success")
    desk.step(SECOND)
    desk.step(SECOND)
    assert desk.pause is None


def test_the_newest_run_is_shown_unless_one_is_chosen() -> None:
    """A new run takes the place of the one before; a chosen one stays."""
    source = FakeSource(known={"t": FakeTask("t", recent=(FakeRun("r1"), FakeRun("r2")))})
    desk = Desk(source)
    desk.show(task="t")
    assert desk.part("output")["run"] == "r2"
    desk.show(task="t", run="r1")
    assert desk.part("output", span=SECOND)["run"] == "r1"
    source.change("t", recent=(FakeRun("r2"), FakeRun("r3")))
    assert desk.part("output", span=SECOND) is None


def test_a_chosen_task_that_is_removed_is_told() -> None:
    """The detail says so instead of showing stale data."""
    desk = Desk(source_of(1))
    desk.show(task="t00000")
    assert desk.part("detail")["row"]["name"] == "t00000"
    desk.source.known.clear()
    desk.source.tell("task", "t00000")
    assert desk.part("detail") == {"task": "t00000", "row": None}


def test_the_log_moves_on_its_first_page_only() -> None:
    """A reader of an older page is not disturbed."""
    desk = Desk(source_of(1))
    desk.source.records += [LogRow("t00000", "success", float(n), str(n)) for n in range(120)]
    desk.show(tab="log")
    part = desk.part("log")
    assert (part["rows"][0]["id"], len(part["rows"]), part["more"]) == ("119", 50, True)
    desk.source.records.append(LogRow("t00000", "fail", 999.0, "new", exc_text="Traceback\nValueError: no"))
    desk.source.tell("record", "t00000")
    row = desk.part("log", span=SECOND)["rows"][0]
    assert (row["error"], row["traceback"]) == ("ValueError: no", "Traceback\nValueError: no")
    last = part["rows"][-1]
    desk.show(
        tab="log", log_after={"at": last["at"], "run": last["id"], "action": "success", "task": "t00000"}
    )
    older = desk.part("log", span=SECOND)
    assert [row["id"] for row in older["rows"]] == [str(n) for n in range(69, 19, -1)]
    desk.source.tell("record", "t00000")
    assert desk.part("log", span=SECOND) is None


def test_a_panel_that_fails_says_so_and_comes_back() -> None:
    """A repository that can't be read hides neither the rest nor itself for ever."""
    desk = Desk(source_of(1))
    real = desk.source.log
    desk.source.log = lambda *_: 1 / 0
    desk.show(tab="log")
    assert desk.part("log") == {"trouble": "This could not be read: ZeroDivisionError: division by zero"}
    desk.source.log = real
    assert desk.part("log", span=3 * SECOND)["rows"] == []


def test_a_session_that_cannot_be_read_is_told_and_recovers() -> None:
    """Answers still arrive, and the next good look is whole."""
    desk = Desk(source_of(1))
    real = desk.source.tasks
    desk.source.tasks = lambda: 1 / 0
    desk.show()
    desk.publisher.inbox.reply({"view": "v", "id": 1, "ok": True})
    (message,) = desk.step()
    assert message["trouble"] == "This could not be read: ZeroDivisionError: division by zero"
    assert message["replies"] == [{"view": "v", "id": 1, "ok": True}]
    assert desk.pause == 2 * SECOND
    desk.source.tasks = real
    (message,) = desk.step(2 * SECOND)
    assert "trouble" not in message
    assert len(message["views"]["v"]["tasks"]["rows"]) == 1


def test_the_scheduler_line_is_sent_when_it_changes() -> None:
    """State, counts and problems; the time goes with every message."""
    desk = Desk(source_of(1))
    desk.show()
    desk.step()
    desk.source.current = dataclasses.replace(
        desk.source.current, state="crashed", problem="disk full", now=5.0
    )
    desk.source.tell("state")
    (message,) = desk.step()
    assert (message["state"]["state"], message["state"]["problem"], message["now"]) == (
        "crashed",
        "disk full",
        5.0,
    )


def test_why_travels_as_a_tree() -> None:
    """Instants become seconds; never and polled ones are told apart."""
    desk = Desk(source_of(1))
    desk.show(task="t00000", panel="why")
    part = desk.part("why")
    assert part["tree"]["state"] is True
    assert part["tree"]["changes_at"] is None
    assert desk.source.why.changes_at == NEVER


def test_text_that_cannot_travel_is_replaced() -> None:
    """A lone surrogate in a name must not silence the dashboard."""
    desk = Desk(FakeSource(known={"a\ud800": FakeTask("a\ud800")}))
    desk.show()
    (message,) = desk.step()
    assert message["views"]["v"]["tasks"]["names"] == ["a?"]


def test_infinite_numbers_become_none() -> None:
    """JSON has no infinity."""
    desk = Desk(FakeSource(known={"a": FakeTask("a", next_at=float("inf"))}))
    desk.show()
    assert desk.part("tasks")["rows"][0]["next_at"] is None


def test_a_closed_way_ends_the_publisher() -> None:
    """When sending raises, nobody is left to be told: unsubscribed, ended."""
    source = source_of(1)

    def broken(_message: dict[str, Any]) -> None:
        raise RuntimeError("comm is closed")

    publisher = Publisher(source, broken)
    publisher.start()
    publisher.inbox.view(Show(type="show", view="v"))
    assert publisher._thread is not None
    publisher._thread.join(5)
    assert not publisher.is_alive
    assert source.listeners == []


def test_the_thread_sends_and_ends() -> None:
    """The real thread: a daemon that wakes on a message, answers, and ends on close."""
    source = source_of(1)
    arrived = threading.Event()
    got: list[dict[str, Any]] = []

    def send(message: dict[str, Any]) -> None:
        got.append(message)
        arrived.set()

    publisher = Publisher(source, send)
    publisher.start()
    assert publisher._thread is not None
    assert publisher._thread.daemon
    publisher.inbox.view(Show(type="show", view="v"))
    assert arrived.wait(5)
    assert got[0]["views"]["v"]["tasks"]["matched"] == 1
    publisher.close()
    publisher.close()
    publisher._thread.join(5)
    assert not publisher.is_alive


@pytest.fixture
def flood() -> Callable[[Desk], None]:
    """A page gone mad."""

    def send(desk: Desk) -> None:
        for n in range(10_000):
            desk.publisher.inbox.reply({"view": "v", "id": n, "ok": True})
            desk.publisher.inbox.view(Ping(type="ping", view="v"))

    return send


def test_a_flood_of_messages_is_bounded(flood: Callable[[Desk], None]) -> None:
    """Neither answers nor messages pile up."""
    desk = Desk(source_of(1))
    desk.show()
    flood(desk)
    assert len(desk.publisher.inbox._replies) == 100
    assert len(desk.publisher.inbox._messages) == 100
