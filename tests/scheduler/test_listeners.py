"""Who is told of changes, and what happens when telling fails."""

from __future__ import annotations

from rocket_magic.scheduler._listeners import Change, Listeners


def test_listeners_are_told_until_they_unsubscribe() -> None:
    """Each hears of every change, in the order they came, and of none after it has left."""
    heard: list[tuple[str, str]] = []
    listeners = Listeners(print)
    leave = listeners.add(lambda change: heard.append(("first", change.kind)))
    listeners.add(lambda change: heard.append(("second", change.kind)))
    listeners.tell(Change("state"))
    leave()
    listeners.tell(Change("config"))
    assert [("first", "state"), ("second", "state"), ("second", "config")] == heard


def test_one_that_raises_holds_up_nobody_and_is_told_of_once() -> None:
    """The others are told all the same; only the first error is complained of, all are counted."""
    heard: list[str] = []
    complaints: list[str] = []
    listeners = Listeners(lambda text, error: complaints.append(f"{text} ({type(error).__name__})"))

    def broken(change: Change) -> None:
        raise RuntimeError(change.kind)

    listeners.add(broken)
    listeners.add(lambda change: heard.append(change.kind))
    for kind in ("task", "run"):
        listeners.tell(Change(kind))
    assert (["task", "run"], 2) == (heard, listeners.n_errors)
    assert ["a listener of the session raised: task (RuntimeError)"] == complaints
