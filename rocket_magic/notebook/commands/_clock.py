"""`%rocket clock`: real time, or a virtual clock to travel with."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence

from rocket_magic.clock import VirtualClock
from rocket_magic.exc import ClockError
from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._moments import instant_text
from rocket_magic.notebook._views import Note
from rocket_magic.notebook._wait import until_clock_is
from rocket_magic.notebook.commands._base import Command, Parser, WordError
from rocket_magic.time import as_zone


def _arguments(parser: Parser) -> None:
    parser.add_argument(
        "kind", nargs="?", choices=("real", "virtual"), help="which clock; none: say what it shows"
    )
    parser.add_argument(
        "start", nargs="*", metavar="START", help="where a virtual clock stands: 2026-03-28T22:00"
    )
    parser.add_argument("--tz", metavar="ZONE", help="its zone, e.g. Europe/Helsinki")


def _run(notebook: Notebook, given: argparse.Namespace) -> Note:
    session = notebook.session
    start = " ".join(given.start)
    if given.kind != "virtual" and (start or given.tz):
        msg = "only a virtual clock takes a start and a zone: %rocket clock virtual START --tz ZONE"
        raise WordError(msg, given.start[0] if start else "--tz")
    if given.kind == "virtual":
        zone = as_zone(given.tz) if given.tz else session.zone
        try:
            clock = VirtualClock(start or session.clock(), tz=zone)
        except ClockError as error:
            raise WordError(str(error), given.start[0] if start else "") from None
        until_clock_is(session, clock)
    elif given.kind == "real":
        until_clock_is(session, None)
    kind = session.snapshot_state().clock
    return Note(f"{kind} clock: {instant_text(session.clock.now(), session.zone)} {session.zone}")


def _words(_notebook: Notebook, before: Sequence[str]) -> Iterable[str]:
    return () if before else ("real", "virtual")


COMMAND = Command(
    "clock", "Show the clock, or change between real and virtual time.", _run, _arguments, _words
)
