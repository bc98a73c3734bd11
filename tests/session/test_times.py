"""A session's clock and log change together."""

from __future__ import annotations

from rocket_magic import VirtualClock
from rocket_magic.clock import SystemClock
from rocket_magic.config import Config
from rocket_magic.session._times import Times


def test_a_virtual_clock_brings_a_log_and_takes_it_away() -> None:
    """The real log waits while time is virtual, and each virtual clock begins a history of its own."""
    config = Config()
    times = Times(config)
    real = times.log
    assert not times.renew()
    config.time_func = VirtualClock("2026-01-01", "Europe/Helsinki")
    assert times.renew()
    first = times.log
    assert (str(times.zone), False) == ("Europe/Helsinki", first is real)
    config.time_func = VirtualClock("2026-02-01")
    assert (True, False) == (times.renew(), times.log in (real, first))
    config.time_func = None
    assert times.renew()
    assert (True, SystemClock) == (times.log is real, type(times.clock))


def test_the_timezone_option_wins_over_the_clocks() -> None:
    """A virtual clock's zone is used where the session has none."""
    times = Times(Config(time_func=VirtualClock("2026-01-01", "Asia/Tokyo"), timezone="Europe/Helsinki"))
    assert "Europe/Helsinki" == str(times.zone)
