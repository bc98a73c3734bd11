"""Signals that end a service."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from rocket_magic.notebook.headless._signals import shutting_down

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP")


class FakeSession:
    """Notes how it is asked to shut down."""

    def __init__(self) -> None:
        self.asked: list[bool] = []

    def shut_down(self, *, force: bool) -> None:
        """Note it."""
        self.asked.append(force)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Those of a program at a terminal; the suite's own come back."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_the_first_asks_and_the_second_forces() -> None:
    """F57: whichever comes first; a third one is an interrupt."""
    session: Any = FakeSession()
    with shutting_down(session):
        signal.raise_signal(signal.SIGHUP)
        assert session.asked == [False]
        signal.raise_signal(signal.SIGTERM)
        assert session.asked == [False, True]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)


def test_handlers_come_back() -> None:
    """Afterwards the signals mean what they meant before."""
    session: Any = FakeSession()
    with shutting_down(session):
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL


def test_nohup_is_respected() -> None:
    """A signal that is ignored, or somebody's own, is left alone."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def own(*_: Any) -> None: ...

    signal.signal(signal.SIGTERM, own)
    session: Any = FakeSession()
    with shutting_down(session):
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) is own
