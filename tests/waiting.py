"""Waits for what threads and processes do, without asking how fast the machine is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from rocket_magic.clock import SystemClock
from rocket_magic.instants import SECOND

PATIENCE = 60.0
"""When to give up, in seconds: long, as a busy machine is no fault and a passing test never waits for it."""


def wait_for(condition: Callable[[], Any], seconds: float = PATIENCE) -> None:
    """Poll until something is so."""
    clock = SystemClock()
    deadline = clock.uptime() + seconds * SECOND
    while not condition():
        assert clock.uptime() < deadline, "it did not happen in time"
        threading.Event().wait(0.005)
