"""Floor 9, dashboard: the one thread that talks to the pages.

Changes of the session, messages of the pages and answers meet in an `Inbox` under one lock; the
publisher's thread empties it, looks at what the open views show, and sends one message with all that
the pages lack. It sends at most `RATE` messages a second and `BYTES` a second, always once more after
the last change, and nothing while nobody looks. Cost depends on what changed and on what is shown.

The thread is a daemon: a kernel that ends does not wait for it.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from rocket_magic.clock import Alarm, Clock, SystemClock
from rocket_magic.instants import MINUTE, SECOND, Instant, Span
from rocket_magic.notebook._text import one_line
from rocket_magic.notebook.dashboard._index import TaskIndex
from rocket_magic.notebook.dashboard._messages import Bye, Ping, Show
from rocket_magic.notebook.dashboard._panels import PANELS, Changes, Panel, World, panels_of
from rocket_magic.notebook.dashboard._rows import state_row
from rocket_magic.notebook.dashboard._source import ChangeView, DashboardSource, StateView

__all__ = ["BYTES", "RATE", "Pacer", "Publisher"]

RATE = 10
"""Messages a second at most; ten are as good as live, jupyter_server drops them beyond a thousand."""

BYTES = 200_000
"""Bytes a second at most, over any ten seconds; a burst of `_BURST` may go ahead of it."""

_BURST = 300_000
_log = logging.getLogger("rocketry.scheduler")
_MOST_VIEWS = 8
_MOST_NAMES = 20_000
_MOST_MESSAGES = 100
_DORMANT_AFTER = 90 * SECOND
_DORMANT_PAUSE = 10 * SECOND
_FORGET_AFTER = 60 * MINUTE
_TROUBLE_PAUSE = 2 * SECOND


class Pacer:
    """Says how long to be silent after a message: a bucket of bytes, and a gap between messages."""

    def __init__(self) -> None:
        self._left = float(_BURST)
        self._at: Instant | None = None
        self._next: Instant = 0

    def sent(self, size: int, now: Instant) -> None:
        """Note a message of `size` bytes."""
        if self._at is not None:
            self._left = min(self._left + (now - self._at) * BYTES / SECOND, _BURST)
        self._left -= size
        self._at = now
        self._next = now + max(SECOND // RATE, round(-self._left * SECOND / BYTES))

    def silence(self, now: Instant) -> Span:
        """How long to wait from `now` on."""
        return max(self._next - now, 0)


@dataclass(slots=True)
class _Slot:
    panel: Panel
    due: Instant | None = 0
    looked_at: Instant | None = None

    def touch(self, now: Instant) -> None:
        soonest = now if self.looked_at is None else max(self.looked_at + self.panel.pause, now)
        self.due = soonest if self.due is None else min(self.due, soonest)

    def looked(self, now: Instant) -> None:
        self.looked_at = now
        again = self.panel.again_after()
        self.due = None if again is None else now + again


@dataclass(slots=True)
class _View:
    """A page's view: what it shows, and the panels that know what it has."""

    show: Show
    seen_at: Instant
    slots: dict[str, _Slot] = field(default_factory=dict)
    served_at: Instant = 0

    def showing(self, show: Show, now: Instant) -> None:
        """Keep the panels that stay, make the new ones, and let all look."""
        names = panels_of(show)
        if show.fresh or (show.tab, show.task) != (self.show.tab, self.show.task):
            self.slots = {}
        self.slots = {name: self.slots.get(name) or _Slot(PANELS[name]()) for name in names}
        for slot in self.slots.values():
            slot.due = now
        self.show = show

    def due(self, now: Instant) -> Instant | None:
        times = [slot.due for slot in self.slots.values() if slot.due is not None]
        if not times:
            return None
        if now - self.seen_at > _DORMANT_AFTER:
            return max(min(times), self.served_at + _DORMANT_PAUSE)
        return min(times)


class Inbox:
    """Where other threads leave things for the publisher; one short lock, then a ring."""

    def __init__(self, alarm: Alarm) -> None:
        self._lock = threading.Lock()
        self._alarm = alarm
        self._changes = Changes()
        self._messages: list[Show | Ping | Bye] = []
        self._replies: list[dict[str, Any]] = []
        self._is_quiet = True

    def change(self, change: ChangeView) -> None:
        """Take a change of the session; called on the scheduler's thread."""
        with self._lock:
            _note_change(self._changes, change)
            self._ring()

    def view(self, message: Show | Ping | Bye) -> None:
        """Take what a view says of itself; a flood is cut, for only the newest of each view counts."""
        with self._lock:
            self._messages.append(message)
            del self._messages[:-_MOST_MESSAGES]
            self._ring()

    def reply(self, reply: dict[str, Any]) -> None:
        """Take an answer to a page."""
        with self._lock:
            self._replies.append(reply)
            del self._replies[:-_MOST_MESSAGES]
            self._ring()

    def empty(self) -> tuple[Changes, list[Show | Ping | Bye], list[dict[str, Any]]]:
        """Give everything and start anew."""
        with self._lock:
            taken = self._changes, self._messages, self._replies
            self._changes, self._messages, self._replies = Changes(), [], []
            self._is_quiet = True
            return taken

    def _ring(self) -> None:
        if self._is_quiet:
            self._is_quiet = False
            self._alarm.ring()


def _note_change(changes: Changes, change: ChangeView) -> None:
    kind = change.kind
    if kind == "config":
        changes.config = changes.everything = True
    elif kind == "record":
        changes.records = True
    if change.task is not None:
        changes.tasks.add(change.task)
        if len(changes.tasks) > _MOST_NAMES:
            changes.tasks.clear()
            changes.everything = True
    elif kind == "task":
        changes.everything = True


class Publisher:
    """Sends the pages what they lack.

    Args:
        source: The session.
        send: Sends one message to all pages; raising means that the way is closed.
        clock: Paces the messages; only its `uptime` is read.
    """

    def __init__(
        self,
        source: DashboardSource,
        send: Callable[[dict[str, Any]], None],
        clock: Clock | None = None,
    ) -> None:
        self._source = source
        self._send = send
        self._clock = clock or SystemClock()
        self._work, self._ending = Alarm(), Alarm()
        self.inbox = Inbox(self._work)
        self._index = TaskIndex()
        self._is_filled = False
        self._views: dict[str, _View] = {}
        self._state: dict[str, Any] | None = None
        self._replies: list[dict[str, Any]] = []
        self._count = 0
        self._phase: tuple[str, str] | None = None
        self._pacer = Pacer()
        self._is_closed = False
        self._unsubscribe: Callable[[], None] | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen to the session and start the thread."""
        self._unsubscribe = self._source.subscribe(self.inbox.change)
        self._thread = threading.Thread(target=self._run, name="rocket_magic dashboard", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread and forget the session; may be called twice and from any thread."""
        self._is_closed = True
        unsubscribe, self._unsubscribe = self._unsubscribe, None
        if unsubscribe is not None:
            unsubscribe()
        self._ending.ring()
        self._work.ring()

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        while not self._is_closed:
            pause = self.step(self._clock.uptime())
            silence = self._pacer.silence(self._clock.uptime())
            if silence:  # not woken by changes: this is what bounds the rate
                self._ending.wait(silence / SECOND)
            self._work.wait(None if pause is None else pause / SECOND)

    def step(self, now: Instant) -> Span | None:
        """Look, send what the pages lack, and say when to look again (None: when something changes).

        Args:
            now: The clock's uptime.
        """
        try:
            return self._step(now)
        except Exception as error:
            # The session could not be read. The pages learn it once per look; looks are far apart.
            self._is_filled = False
            for view in self._views.values():
                view.showing(view.show, now)
            self._state = None
            message: dict[str, Any] = {"trouble": _told(error)}
            if self._replies:
                message["replies"], self._replies = self._replies, []
            self._deliver(message, now)
            return _TROUBLE_PAUSE if self._views else None

    def _step(self, now: Instant) -> Span | None:
        changes, messages, replies = self.inbox.empty()
        self._replies = replies
        for said in messages:
            self._hear(said, now)
        self._forget(now)
        if not self._views:
            self._is_filled = False
            if replies:
                self._deliver({"replies": replies}, now)
            return None
        state = self._source.state()
        if (state.state, state.clock) != self._phase:
            # whether and when tasks run next depends on it, and another clock brings another log
            self._phase = state.state, state.clock
            changes.everything = changes.records = True
        self._absorb(changes)
        for view in self._views.values():
            for slot in view.slots.values():
                if slot.panel.is_touched(view.show, changes):
                    slot.touch(now)
        message: dict[str, Any] = {"replies": replies} if replies else {}
        views = self._parts(now)
        if views:
            message["views"] = views
        self._add_state(message, state)
        if message:
            self._deliver(message, now)
        return self._next_look(now)

    def _hear(self, said: Show | Ping | Bye, now: Instant) -> None:
        view = self._views.get(said.view)
        if isinstance(said, Bye):
            self._views.pop(said.view, None)
            return
        if view is not None:
            view.seen_at = now
        if not isinstance(said, Show):
            return
        if view is not None and 0 < said.id < view.show.id:
            return  # a subshell answers beside the main thread: what was said before may arrive after
        if view is None:
            while len(self._views) >= _MOST_VIEWS:
                self._views.pop(min(self._views, key=lambda name: self._views[name].seen_at))
            view = self._views[said.view] = _View(said, now)
            self._state = None
        if said.fresh:
            self._state = None
        view.showing(said, now)

    def _forget(self, now: Instant) -> None:
        for key in [key for key, view in self._views.items() if now - view.seen_at > _FORGET_AFTER]:
            del self._views[key]

    def _absorb(self, changes: Changes) -> None:
        if changes.everything or not self._is_filled:
            self._index.replace(self._source.tasks())
            self._is_filled = changes.everything = True
            return
        for name in changes.tasks:
            self._index.update(name, self._source.task(name))

    def _parts(self, now: Instant) -> dict[str, Any]:
        world = World(self._source, self._index, now)
        views: dict[str, Any] = {}
        for key, view in self._views.items():
            due = view.due(now)
            if due is None or due > now:
                continue
            view.served_at = now
            parts = dict(_looks(view, world))
            if parts:
                views[key] = parts
        return views

    def _add_state(self, message: dict[str, Any], state: StateView) -> None:
        row = state_row(state)
        if row != self._state:
            self._state = message["state"] = row
        if message:
            message["now"] = state.now

    def _next_look(self, now: Instant) -> Span | None:
        times = [due for view in self._views.values() if (due := view.due(now)) is not None]
        return max(min(times) - now, 0) if times else None

    def _deliver(self, message: dict[str, Any], now: Instant) -> None:
        self._count += 1
        message["n"] = self._count  # a page that misses a number asks for everything anew
        text = json.dumps(message, ensure_ascii=False, allow_nan=False)
        size = len(text)
        if not text.isascii():
            data = text.encode("utf-8", "replace")  # a lone surrogate can't travel
            size, message = len(data), json.loads(data)
        self._pacer.sent(size, now)
        try:
            self._send(message)
        except Exception:  # the comm is closed: nobody is left to be told but the log
            _log.warning("the dashboard's way to its pages is closed: show it again", exc_info=True)
            self.close()


def _looks(view: _View, world: World) -> Iterable[tuple[str, dict[str, Any]]]:
    for name, slot in view.slots.items():
        if slot.due is None or slot.due > world.now:
            continue
        try:
            part = slot.panel.look(view.show, world)
        except Exception as error:  # a repository that can't be read must not hide the other panels
            slot.panel = PANELS[name]()
            slot.looked(world.now)
            slot.due = world.now + _TROUBLE_PAUSE
            yield name, {"trouble": _told(error)}
            continue
        slot.looked(world.now)
        if part is not None:
            yield name, part


def _told(error: Exception) -> str:
    return one_line(f"This could not be read: {type(error).__name__}: {error}", 500)
