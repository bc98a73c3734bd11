"""The tabs Timeline and Clock in a real JupyterLab."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dashboard.lab import Lab, Notebook, lab
from tests.dashboard.test_browser import BUSY, SHOWCASE, opened

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.slow, pytest.mark.timeout(150)]


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One JupyterLab for this file."""
    with lab(tmp_path_factory.mktemp("lab")) as made:
        yield made


def turned(notebook: Notebook, tab: str) -> None:
    """Go to a tab."""
    notebook.page.click(f'.rm-tabs button:text-is("{tab}")')


def test_timeline_and_clock_of_the_showcase(jupyter: Lab) -> None:
    """Past and planned bars on one axis; zoom by button and key; a step's records; both themes."""
    notebook = opened(jupyter, SHOWCASE, height=1000)
    page = notebook.page
    for theme in ("Light", "Dark"):
        notebook.theme(f"JupyterLab {theme}")
        turned(notebook, "Timeline")
        page.click('.rm-timeline .rm-part:text-is("1 h")')
        page.wait_for_selector(".rm-tbar.rm-planned[data-bar]")
        assert page.locator(".rm-tbar[data-bar]:not(.rm-planned)").count() > 5
        page.wait_for_timeout(600)
        notebook.shot(f"dashboard-timeline-{theme.lower()}")
    page.locator(".rm-plot").focus()
    page.keyboard.press("4")
    page.wait_for_selector('.rm-timeline .rm-part[aria-pressed="true"]:text-is("7 days")')
    page.wait_for_selector(".rm-tick.rm-day")
    page.keyboard.press("2")
    page.keyboard.press("ArrowDown")
    page.locator(".rm-readout", has_text="ingest").wait_for()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".rm-tbar.rm-chosen")
    page.keyboard.press("PageDown")
    page.keyboard.press("PageDown")
    page.wait_for_selector(".rm-now", state="hidden")
    page.keyboard.press("Home")
    page.wait_for_selector(".rm-now", state="visible")
    turned(notebook, "Clock")
    page.get_by_text("Real time · Europe/Helsinki").wait_for()
    page.fill('input[aria-label^="Where a virtual"]', "2026-03-28 22:00")
    page.click('.rm-clock button:has-text("Go virtual")')
    page.get_by_text("Virtual time: it stands still").wait_for()
    page.fill('input[aria-label="How far to step"]', "soon")
    page.keyboard.press("Enter")
    page.locator(".rm-clock .rm-bad-note", has_text="'soon' is not a span").wait_for()
    page.fill('input[aria-label="How far to step"]', "1 hour")
    page.keyboard.press("Enter")
    page.locator(".rm-steps li").wait_for()
    for theme in ("Dark", "Light"):
        notebook.theme(f"JupyterLab {theme}")
        notebook.shot(f"dashboard-clock-{theme.lower()}")
    assert notebook.errors == []


def test_a_press_while_the_clock_is_moved_waits_for_its_end(jupyter: Lab) -> None:
    """Enter is not lost on a disabled button: the page says what comes then, and does it; Stop drops it."""
    move = """import dataclasses
source.travelled = dataclasses.replace(source.travelled, doing={})
source.tell('state')"""
    notebook = opened(
        jupyter, SHOWCASE, "source.go_virtual('', '')", move.format("'Going'"), move.format("''"),
        "print(source.commands)", height=1000,
    )  # fmt: skip
    page = notebook.page
    turned(notebook, "Clock")
    for cell in (1, 2):
        notebook.run(cell)
    for hours in (2, 3):
        page.locator(".rm-doing", has_text="Going…").wait_for()
        page.fill('input[aria-label="How far to step"]', f"{hours} hours")
        page.keyboard.press("Enter")
        page.locator(".rm-doing", has_text=f"Going… Then: step {hours} hours").wait_for()
        if hours == 2:
            notebook.run(3)
            page.locator(".rm-steps li", has_text="2 hours").wait_for()
            notebook.run(2)
    page.click('.rm-doing button:has-text("Stop")')
    page.locator(".rm-doing", has_text="Then").wait_for(state="detached")
    notebook.run(3)
    page.locator(".rm-doing").wait_for(state="hidden")
    notebook.run(4)
    page.get_by_text("('step', 'span', '2 hours')").wait_for()
    assert page.get_by_text("('step', 'span', '3 hours')").count() == 0
    assert notebook.errors == []


CELLS = (
    "%load_ext rocket_magic\n%rocket show",
    "%%task every 10 minutes --name ingest\n1",
    "%%task after task 'ingest' --name broken\n1/0",
    BUSY.format(seconds=30),
)


def test_time_travel_in_a_real_session(jupyter: Lab) -> None:
    """Into the night when the clocks change, a step of some hours and to the next event, and back."""
    notebook = jupyter.open(*CELLS, width=1300, height=1000)
    page = notebook.page
    for cell in (0, 1, 2):
        notebook.run(cell)
    notebook.start(3)
    turned(notebook, "Clock")
    page.fill('input[aria-label^="Where a virtual"]', "2026-03-29 01:05")
    page.fill('input[aria-label^="Zone of"]', "Europe/Helsinki")
    page.click('.rm-clock button:has-text("Go virtual")')
    page.get_by_text("Virtual time: it stands still").wait_for(timeout=60_000)
    page.fill('input[aria-label="How far to step"]', "4 hours")
    page.keyboard.press("Enter")
    page.locator(".rm-steps li", has_text="4 hours").wait_for(timeout=60_000)
    page.click('.rm-clock button:has-text("Next event")')
    page.locator(".rm-steps li", has_text="next").wait_for(timeout=60_000)
    assert page.locator(".rm-steps li").last.locator("tr", has_text="broken").count() > 5
    notebook.shot("dashboard-clock-real-session")
    turned(notebook, "Timeline")
    page.wait_for_selector(".rm-tbar.rm-planned[data-bar]", timeout=60_000)
    page.wait_for_selector(".rm-tbar.rm-is-fail:not(.rm-planned)[data-bar]")
    notebook.shot("dashboard-timeline-real-session")
    turned(notebook, "Clock")
    page.click('.rm-clock button:has-text("Back to real time")')
    page.get_by_text("Real time ·").wait_for(timeout=60_000)
    assert not notebook.is_done(3)
    assert notebook.errors == []
