"""Floor 8: runs drawn on an axis of time, as HTML and SVG.

Pure functions, no plotting library. Every text is escaped, styles are inline and colours that carry text
are the page's own (`currentColor`), so that the picture is safe in a saved notebook, light or dark.
The marks of the axis are worked out in the session's zone: where the clocks change, a local hour is
missing or comes twice, and the offset is written beside the mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from html import escape
from typing import Protocol

from rocket_magic.instants import DAY, HOUR, MINUTE, SECOND, Instant, Span, to_datetime, to_instant

__all__ = [
    "COLOURS",
    "MOST_BARS",
    "MOST_LANES",
    "Bar",
    "Tick",
    "clean_text",
    "forecast_html",
    "picture",
    "table",
    "ticks",
]

MOST_LANES = 200
MOST_BARS = 2_000
COLOURS = {
    "success": "#2f9e62",
    "fail": "#d5433b",
    "crash": "#8f1d3f",
    "terminate": "#d98a1b",
    "inaction": "#9aa4ad",
    "run": "#2b7de9",
}

_SHORT_STEPS = tuple(SECOND * n for n in (1, 2, 5, 10, 15, 30)) + tuple(
    MINUTE * n for n in (1, 2, 5, 10, 15, 30)
)
_HOUR_STEPS = (1, 2, 3, 6, 12)
_DAY_STEPS = (1, 2, 7, 14, 30, 91, 182, 365)
_QUARTER = 15 * MINUTE  # every zone's offset is a multiple of it since 1972
_MOST_NAMED = 20
_NAME_WIDTH, _PLOT_WIDTH, _LANE, _HEAD = 170, 730, 20, 24


@dataclass(frozen=True, slots=True)
class Bar:
    """One run on the picture.

    Attributes:
        lane: The task's name.
        start: When it starts.
        end: When it ends; None: it goes on.
        outcome: "success", "fail", …; "run" while it goes on.
        note: What is told beside times and outcome.
    """

    lane: str
    start: Instant
    end: Instant | None
    outcome: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of the axis.

    Attributes:
        at: Where.
        label: The local time, or the day.
        is_day: Whether a day begins here.
    """

    at: Instant
    label: str
    is_day: bool


class _Run(Protocol):
    @property
    def task_name(self) -> str: ...
    @property
    def start(self) -> datetime: ...
    @property
    def end(self) -> datetime | None: ...
    @property
    def outcome(self) -> str: ...
    @property
    def reason(self) -> str: ...


class _Forecast(Protocol):
    """What a forecast tells; `rocket_magic.forecast` imports this module, not the reverse."""

    @property
    def start(self) -> datetime: ...
    @property
    def end(self) -> datetime: ...
    @property
    def runs(self) -> Sequence[_Run]: ...
    @property
    def never(self) -> Sequence[str]: ...
    @property
    def notes(self) -> Sequence[str]: ...
    @property
    def runs_per_task(self) -> dict[str, int]: ...
    @property
    def busiest_minute(self) -> tuple[datetime, int] | None: ...
    @property
    def longest_wait(self) -> tuple[datetime, datetime] | None: ...


def forecast_html(forecast: _Forecast) -> str:
    """A forecast as totals and picture."""
    zone = forecast.start.tzinfo or UTC
    bars = [
        Bar(
            run.task_name,
            to_instant(run.start, zone),
            None if run.end is None else to_instant(run.end, zone),
            run.outcome,
            run.reason,
        )
        for run in forecast.runs
    ]
    head = f"Forecast {forecast.start:%Y-%m-%d %H:%M} to {forecast.end:%Y-%m-%d %H:%M} ({zone})"
    drawn = picture(
        bars,
        to_instant(forecast.start, zone),
        to_instant(forecast.end, zone),
        zone,
        lanes=[*forecast.runs_per_task, *forecast.never],
        title=head,
    )
    return (
        '<div style="font-size:13px;line-height:1.4">'
        f'<div style="padding:4px 0 6px"><b>{escape(head)}</b></div>'
        f'{drawn}<div style="padding-top:8px">{table(_totals(forecast))}</div></div>'
    )


def _totals(forecast: _Forecast) -> list[tuple[str, str]]:
    counts = list(forecast.runs_per_task.items())
    told = ", ".join(f"{clean_text(name)} ({count:,})" for name, count in counts[:_MOST_NAMED])
    if len(counts) > _MOST_NAMED:
        told += f" and {len(counts) - _MOST_NAMED} tasks more"
    rows = [("Runs", f"{len(forecast.runs):,}" + (f": {told}" if told else ""))]
    if forecast.busiest_minute is not None:
        minute, count = forecast.busiest_minute
        rows.append(
            ("Busiest minute", f"{minute:%Y-%m-%d %H:%M}, {count:,} start{'' if count == 1 else 's'}")
        )
    if forecast.longest_wait is not None:
        first, last = forecast.longest_wait
        gap = to_instant(last, UTC) - to_instant(first, UTC)  # aware datetimes of a zone subtract wall time
        rows.append(("Longest wait", f"{timedelta(microseconds=gap)} from {first:%Y-%m-%d %H:%M}"))
    if forecast.never:
        names = ", ".join(map(clean_text, forecast.never[:_MOST_NAMED]))
        rest = len(forecast.never) - _MOST_NAMED
        rows.append(("Never run", names + (f" and {rest} more" if rest > 0 else "")))
    rows += [("Note", clean_text(note)) for note in forecast.notes[:_MOST_NAMED]]
    return rows


def ticks(start: Instant, end: Instant, zone: tzinfo, most: int = 8) -> tuple[Tick, ...]:
    """Marks at round local times, at most about `most` of them.

    Args:
        start: Where the axis begins.
        end: Where it ends.
        zone: The zone of the labels.
        most: How many there is room for.
    """
    room = max(end - start, 1) // max(most, 1)
    moments = _moments(start, end, zone, room)
    found, before = [], _offset(start, zone)
    for at in moments:
        local = to_datetime(at, zone)
        offset = _offset(at, zone)
        is_day = (local.hour, local.minute, local.second) == (0, 0, 0)
        label = f"{local:%a} {local.day} {local:%b}" if is_day else f"{local:%H:%M}"
        if room < MINUTE // 2 and not is_day:
            label = f"{local:%H:%M:%S}"
        if room >= 14 * DAY:
            label = f"{local.day} {local:%b %Y}"
        if offset != before:
            label += f" ({local:%z})"
        found.append(Tick(at, label, is_day))
        before = offset
    return tuple(found)


def _moments(start: Instant, end: Instant, zone: tzinfo, room: Span) -> list[Instant]:
    for step in _SHORT_STEPS:
        if step >= room:  # offsets are multiples of these, so UTC will do
            return list(range(-(-start // step) * step, end + 1, step))
    for hours in _HOUR_STEPS:
        if hours * HOUR >= room:
            return [at for at in _quarters(start, end) if _is_round(at, zone, hours)]
    days = next((days for days in _DAY_STEPS if days * DAY >= room), _DAY_STEPS[-1])
    return _midnights(start, end, zone, days)


def _quarters(start: Instant, end: Instant) -> Iterable[Instant]:
    return range(-(-start // _QUARTER) * _QUARTER, end + 1, _QUARTER)


def _is_round(at: Instant, zone: tzinfo, hours: int) -> bool:
    local = to_datetime(at, zone)
    return local.minute == 0 and local.hour % hours == 0


def _midnights(start: Instant, end: Instant, zone: tzinfo, days: int) -> list[Instant]:
    first, found = to_datetime(start, zone).date(), []
    day = first - timedelta(days=first.toordinal() % days)
    while (at := to_instant(datetime(day.year, day.month, day.day, tzinfo=zone), zone)) <= end:
        if at >= start:
            found.append(at)
        day += timedelta(days=days)
    return found


def _offset(at: Instant, zone: tzinfo) -> timedelta | None:
    return to_datetime(at, zone).utcoffset()


def table(rows: Sequence[tuple[str, str]]) -> str:
    """Two columns: what, and how much."""
    cell = "padding:2px 18px 2px 0;text-align:left;vertical-align:top"
    lines = (
        f'<tr style="background:none"><th scope="row" style="{cell};font-weight:600">{escape(name)}</th>'
        f'<td style="{cell}">{escape(text)}</td></tr>'
        for name, text in rows
    )
    style = "border-collapse:collapse;font-size:13px;margin:0;color:inherit"
    return f'<table style="{style}"><tbody>{"".join(lines)}</tbody></table>'


def picture(
    bars: Sequence[Bar],
    start: Instant,
    end: Instant,
    zone: tzinfo,
    *,
    lanes: Sequence[str] | None = None,
    title: str = "Timeline of runs",
) -> str:
    """One lane per task, one bar per run, and the axis; what there is no room for is told below.

    Args:
        bars: The runs, in the order of their starts.
        start: Where the axis begins.
        end: Where it ends.
        zone: The zone that times are told in.
        lanes: Names of the lanes, from the top; None: as the bars come.
        title: What a screen reader says of the picture.
    """
    names = list(dict.fromkeys(lanes if lanes is not None else (bar.lane for bar in bars)))
    row_of = {name: row for row, name in enumerate(names[:MOST_LANES])}
    drawn = [bar for bar in bars if bar.lane in row_of]
    shown = _thinned(drawn)
    height = _HEAD + _LANE * max(len(row_of), 1) + 6
    width = _NAME_WIDTH + _PLOT_WIDTH + 10
    scale = _PLOT_WIDTH / max(end - start, 1)
    parts = [_axis(start, end, zone, scale, height)]
    parts += [_lane(name, row) for name, row in row_of.items()]
    parts += [_bar(bar, row_of[bar.lane], start, end, zone, scale) for bar in shown]
    left_out = _left_out(len(names) - len(row_of), len(bars) - len(shown))
    note = f'<div style="opacity:.75;font-size:12px">{left_out}</div>' if left_out else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
        f' aria-label="{_clean(title)}" font-family="sans-serif" font-size="11"'
        f' style="width:100%;max-width:{width}px;height:auto;color:inherit;display:block">'
        f"{''.join(parts)}</svg>{note}"
    )


def _thinned(bars: Sequence[Bar]) -> Sequence[Bar]:
    """At most `MOST_BARS`, shared fairly: a lane with few bars keeps them all beside one with thousands."""
    if len(bars) <= MOST_BARS:
        return bars
    lanes: dict[str, list[int]] = {}
    for n, bar in enumerate(bars):
        lanes.setdefault(bar.lane, []).append(n)
    kept: list[int] = []
    waiting = len(lanes)
    for places in sorted(lanes.values(), key=len):
        kept += _thinned_lane(bars, places, (MOST_BARS - len(kept)) // waiting)
        waiting -= 1
    return [bars[n] for n in sorted(kept)]


def _thinned_lane(bars: Sequence[Bar], places: Sequence[int], most: int) -> Iterable[int]:
    """Failures first, the others evenly over time."""
    if len(places) <= most:
        return places
    telling = [n for n in places if bars[n].outcome != "success"][: most // 2]
    kept = set(telling)
    others = [n for n in places if n not in kept]
    room = most - len(telling)
    return kept.union(others[k * len(others) // room] for k in range(room))


def _left_out(lanes: int, bars: int) -> str:
    told = [
        f"{count:,} {word}{'' if count == 1 else 's'}"
        for count, word in ((lanes, "task"), (bars, "run"))
        if count > 0
    ]
    return f"Not drawn: {' and '.join(told)}." if told else ""


def _axis(start: Instant, end: Instant, zone: tzinfo, scale: float, height: int) -> str:
    parts, free_from = [], 0.0
    for tick in ticks(start, end, zone):
        x = _NAME_WIDTH + (tick.at - start) * scale
        parts.append(
            f'<line x1="{x:.1f}" y1="{_HEAD - 4}" x2="{x:.1f}" y2="{height}" stroke="currentColor"'
            f' stroke-opacity="{".35" if tick.is_day else ".15"}"/>'
        )
        if x < free_from or x > _NAME_WIDTH + _PLOT_WIDTH - 20:
            continue
        free_from = x + 7 * len(tick.label) + 6
        weight = ' font-weight="600"' if tick.is_day else ""
        parts.append(f'<text x="{x:.1f}" y="14" fill="currentColor"{weight}>{escape(tick.label)}</text>')
    return "".join(parts)


def _lane(name: str, row: int) -> str:
    y = _HEAD + row * _LANE
    short = name if len(name) <= 24 else f"{name[:23]}…"  # noqa: PLR2004  what fits in the margin
    return (
        f'<text x="0" y="{y + 14}" fill="currentColor">{_clean(short)}<title>{_clean(name)}</title></text>'
        f'<line x1="0" y1="{y + _LANE}" x2="{_NAME_WIDTH + _PLOT_WIDTH}" y2="{y + _LANE}"'
        ' stroke="currentColor" stroke-opacity=".1"/>'
    )


def _bar(bar: Bar, row: int, start: Instant, end: Instant, zone: tzinfo, scale: float) -> str:
    first = max(bar.start, start)
    last = min(end if bar.end is None else bar.end, end)
    x = _NAME_WIDTH + (first - start) * scale
    width = max((last - first) * scale, 2.0)
    colour = COLOURS.get(bar.outcome, COLOURS["inaction"])
    return (
        f'<rect x="{x:.1f}" y="{_HEAD + row * _LANE + 4}" width="{width:.1f}" height="{_LANE - 8}" rx="1.5"'
        f' fill="{colour}"><title>{_clean(_told(bar, zone))}</title></rect>'
    )


def _told(bar: Bar, zone: tzinfo) -> str:
    first = to_datetime(bar.start, zone)
    text = f"{bar.lane}: {bar.outcome}, {first:%Y-%m-%d %H:%M:%S}"
    if bar.end is not None and bar.end > bar.start:
        last = to_datetime(bar.end, zone)
        text += f" to {last:%H:%M:%S}" if last.date() == first.date() else f" to {last:%Y-%m-%d %H:%M:%S}"
    return f"{text} ({first:%z}); {bar.note}" if bar.note else f"{text} ({first:%z})"


def _clean(text: str) -> str:
    """Escaped, and without the characters that no XML may hold."""
    return escape(clean_text(text))


def clean_text(text: str) -> str:
    """Without line breaks, escapes and other characters that act instead of being seen."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
