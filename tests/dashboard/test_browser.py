"""The dashboard in a real JupyterLab: what a person sees and can do."""

from __future__ import annotations

import importlib.util
import json
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.dashboard.lab import Lab, Notebook, lab

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.slow, pytest.mark.timeout(150)]

SHOW = """from tests.dashboard.fakes import *
from tests.dashboard.showcase import showcase
from rocket_magic.notebook.dashboard import Dashboard
source = {source}
dashboard = Dashboard(source)
dashboard"""
SHOWCASE = SHOW.format(source="showcase()")
BUSY = "from rocket_magic.clock import SystemClock\nSystemClock().sleep({seconds})"


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One JupyterLab for this file."""
    with lab(tmp_path_factory.mktemp("lab")) as made:
        yield made


def opened(jupyter: Lab, *cells: str, **size: int) -> Notebook:
    """A notebook whose first cell has shown the dashboard."""
    notebook = jupyter.open(*cells, **size)
    notebook.run(0)
    notebook.page.wait_for_selector(".rm-row, .rm-empty:not([hidden])")
    return notebook


def row(notebook: Notebook, name: str) -> Any:
    """The line of a task."""
    return notebook.page.locator(".rm-row", has=notebook.page.locator(f'.rm-name:text-is("{name}")'))


_LIST = """() => { const box = document.querySelector('.rm-scroll');
  return { top: box.scrollTop, height: box.scrollHeight, view: document.querySelector('[data-tab=tasks]').id,
    rows: [...document.querySelectorAll('.rm-name')].slice(0, 2).map((name) => name.textContent) }; }"""


def scrolled(notebook: Notebook, place: float, name: str) -> None:
    """Scroll the list of tasks to a place between 0 and 1, until a task there is drawn.

    JupyterLab may draw an output anew when its cell has just ended; the list then begins at the top again.
    """
    seen = []
    for _ in range(18):
        notebook.page.locator(".rm-scroll").first.evaluate(
            f"box => {{ box.scrollTop = box.scrollHeight * {place}; }}"
        )
        for _ in range(50):
            if row(notebook, name).is_visible():
                return
            notebook.page.wait_for_timeout(100)
        seen.append(notebook.page.evaluate(_LIST))
    pytest.fail(f"{name} is not drawn: {seen}")


def test_pictures_of_every_tab_in_light_and_dark(jupyter: Lab) -> None:
    """Shows the showcase, keeps pictures of it among the artefacts, and finds nothing wrong in the page."""
    notebook = opened(jupyter, SHOWCASE, height=1000)
    page = notebook.page
    for theme in ("Light", "Dark"):
        notebook.theme(f"JupyterLab {theme}")
        word = theme.lower()
        notebook.shot(f"dashboard-tasks-{word}")
        page.click('.rm-name:text-is("chart")')
        page.wait_for_selector(".rm-figure img")
        notebook.shot(f"dashboard-chart-{word}")
        page.click('button:has-text("All tasks")')
        page.click('.rm-name:text-is("report")')
        page.wait_for_selector(".rm-error")
        notebook.shot(f"dashboard-detail-{word}")
        page.click('.rm-part:text-is("Why")')
        page.wait_for_selector(".rm-tree")
        notebook.shot(f"dashboard-why-{word}")
        page.click('.rm-part:text-is("Output")')
        page.click('button:has-text("All tasks")')
        page.click('.rm-tabs button:text-is("Log")')
        page.wait_for_selector(".rm-log tbody tr")
        notebook.shot(f"dashboard-log-{word}")
        page.click('.rm-tabs button:text-is("Config")')
        page.wait_for_selector(".rm-option")
        notebook.shot(f"dashboard-config-{word}")
        page.click('.rm-tabs button:text-is("Tasks")')
    assert notebook.errors == []
    assert notebook.strangers == []


def test_a_change_in_the_kernel_shows_without_a_click(jupyter: Lab) -> None:
    """Status, error and filter counts follow the session."""
    notebook = opened(
        jupyter,
        SHOWCASE,
        'source.change("ingest", status="fail", last_error="OSError: disk full")\n'
        'source.put(FakeTask("brand new"))\n'
        'deaf = FakeRun("d", "run", source.state().now - 90, None, "still running, cannot be killed")\n'
        'source.put(FakeTask("deaf", "a thread", status="run", running=(deaf,)))',
    )
    notebook.start(1)
    row(notebook, "ingest").locator(".rm-reason", has_text="OSError: disk full").wait_for()
    row(notebook, "brand new").wait_for()
    row(notebook, "deaf").locator(".rm-reason.rm-bad", has_text="still running, cannot be killed").wait_for()
    row(notebook, "deaf").locator(".rm-status", has_text="Running for 1 min").wait_for()
    assert notebook.page.locator(".rm-chip", has_text="Failing").inner_text().split() == ["Failing", "3"]


def test_buttons_act_while_a_cell_is_busy(jupyter: Lab) -> None:
    """Run, disable and terminate are done at once on a kernel with subshells."""
    notebook = opened(jupyter, SHOWCASE, BUSY.format(seconds=25))
    notebook.start(1)
    notebook.wait_status("busy")
    report = row(notebook, "report")
    report.get_by_role("button", name="Run report now").click()
    report.locator(".rm-status", has_text="Running").wait_for(timeout=5_000)
    report.get_by_role("button", name="Terminate the runs of report").click()
    report.locator(".rm-status", has_text="Terminated").wait_for(timeout=5_000)
    report.get_by_role("button", name="Disable report").click()
    report.locator(".rm-status", has_text="Disabled").wait_for(timeout=5_000)
    notebook.page.locator(".rm-root").get_by_role("button", name="Hold").click()
    notebook.page.locator(".rm-state-word", has_text="On hold").wait_for(timeout=5_000)
    assert not notebook.is_done(1)
    assert notebook.page.locator(".rm-notice").count() == 0


def test_a_click_that_nobody_takes_says_so(jupyter: Lab) -> None:
    """Where there are no subshells a busy kernel delays clicks: the page says it, and forgets it then."""
    notebook = opened(
        jupyter,
        SHOWCASE,
        "dashboard.comm._reply_subshell_for = lambda data, default: None\n" + BUSY.format(seconds=5),
    )
    notebook.start(1)
    notebook.wait_status("busy")
    notebook.page.wait_for_timeout(500)
    row(notebook, "ingest").get_by_role("button", name="Run ingest now").click()
    notice = notebook.page.locator(".rm-notice", has_text="Waiting for the kernel…")
    notice.wait_for(timeout=4_000)
    notebook.shot("dashboard-waiting")
    notice.wait_for(state="detached", timeout=40_000)
    row(notebook, "ingest").locator(".rm-status", has_text="Running").wait_for()


def test_a_restarted_kernel_is_told(jupyter: Lab) -> None:
    """The picture stays, grey, and its buttons do nothing."""
    notebook = opened(jupyter, SHOWCASE)
    page = notebook.page
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    page.wait_for_selector(".rm-dead", timeout=60_000)
    assert page.locator(".rm-notice").inner_text().startswith("Kernel restarted or shut down")
    assert row(notebook, "ingest").count() == 1
    assert page.evaluate("document.querySelector('.rm-main').inert")
    notebook.shot("dashboard-restarted")
    assert notebook.errors == []


def test_the_output_of_a_run(jupyter: Lab) -> None:
    """Text, a traceback, a picture; HTML on a click only, in a frame that can do nothing."""
    notebook = opened(jupyter, SHOWCASE)
    page = notebook.page
    page.click('.rm-name:text-is("chart")')
    image = page.locator(".rm-figure img")
    image.wait_for()
    assert image.evaluate("i => i.decode().then(() => i.naturalWidth)") == 560
    assert page.locator("iframe.rm-frame").count() == 0
    page.click('button:has-text("Show as HTML")')
    frame = page.locator("iframe.rm-frame")
    assert frame.get_attribute("sandbox") == ""
    page.click('button:has-text("All tasks")')
    page.click('.rm-name:text-is("report")')
    assert "ConnectionRefusedError" in page.locator(".rm-error pre").inner_text()
    page.locator(".rm-run").nth(1).click()
    page.get_by_text("This run put nothing out.").wait_for()


def test_the_log_is_filtered_and_paged(jupyter: Lab) -> None:
    """By task and by action, fifty to a page, tracebacks on a click."""
    notebook = opened(jupyter, SHOWCASE)
    page = notebook.page
    page.click('.rm-tabs button:text-is("Log")')
    page.wait_for_selector(".rm-log tbody tr")
    page.locator(".rm-root").get_by_role("button", name="Older").click()
    page.get_by_text("page 2").wait_for()
    page.locator(".rm-root").get_by_role("button", name="Newer").click()
    page.get_by_text("newest first", exact=True).wait_for()
    page.select_option('select[aria-label*="action"]', "fail")
    page.wait_for_function("document.querySelectorAll('.rm-log tbody tr:not(.rm-trace)').length === 2")
    page.locator(".rm-message button").first.click()
    assert "socket.create_connection" in page.locator(".rm-trace pre").first.inner_text()
    page.fill('input[aria-label*="this task"]', "backup")
    page.keyboard.press("Enter")
    page.get_by_text("No record matches the filter.").wait_for()


def test_the_form_validates_in_python(jupyter: Lab) -> None:
    """A refusal stands beside its field; a good value is applied; a reset goes back."""
    notebook = opened(jupyter, SHOWCASE, 'print(source.form["cycle_sleep"].value)')
    page = notebook.page
    page.click('.rm-tabs button:text-is("Config")')
    field = page.locator(".rm-option", has=page.locator("label", has_text="cycle_sleep"))
    field.locator("input").fill("soon")
    field.locator("input").press("Enter")
    field.get_by_text("cycle_sleep must be a number of seconds, got 'soon'.").wait_for()
    assert field.locator("input").get_attribute("aria-invalid") == "true"
    field.locator("input").fill("2")
    field.locator("input").press("Enter")
    field.get_by_text("default: 0.1").wait_for()
    assert field.locator("input").get_attribute("aria-invalid") is None
    notebook.run(1)
    assert page.locator(".jp-OutputArea-output pre").last.inner_text().strip() == "2"
    field.get_by_role("button", name="Reset cycle_sleep to its default").click()
    field.get_by_text("default: 0.1").wait_for(state="hidden")
    assert field.locator("input").input_value() == "0.1"


def test_ten_thousand_tasks_scroll_and_filter(jupyter: Lab) -> None:
    """Only what is seen is drawn and sent; any task is a scroll or a word away."""
    many = """FakeSource(
        known={f"task {n:05}": FakeTask(f"task {n:05}", next_at=float(n)) for n in range(10_000)}
    )"""
    notebook = opened(jupyter, SHOW.format(source=many))
    page = notebook.page
    assert page.locator(".rm-row").count() <= 100
    scrolled(notebook, 1, "task 09999")
    assert page.locator(".rm-row").count() <= 100
    notebook.shot("dashboard-ten-thousand")
    scrolled(notebook, 0.5, "task 05000")
    page.fill('input[aria-label^="Filter tasks"]', "0777")
    row(notebook, "task 07770").wait_for()
    page.wait_for_function("document.querySelectorAll('.rm-row').length === 11")


def test_a_list_taken_out_of_the_page_and_put_back_stays_where_it_was(jupyter: Lab) -> None:
    """JupyterLab takes cells out of the page that are out of sight; a browser forgets their scrolling."""
    many = """FakeSource(
        known={f"task {n:05}": FakeTask(f"task {n:05}", next_at=float(n)) for n in range(1_000)}
    )"""
    notebook = opened(jupyter, SHOW.format(source=many))
    page = notebook.page
    scrolled(notebook, 0.5, "task 00500")
    page.evaluate(
        "() => { const cell = document.querySelector('.rm-root'), home = cell.parentElement;"
        " cell.remove(); window.setTimeout(() => home.append(cell), 300); }"
    )
    page.wait_for_function("document.querySelector('.rm-scroll')?.scrollTop > 20000")
    assert row(notebook, "task 00500").is_visible()
    assert notebook.errors == []


def test_rows_that_are_not_those_in_sight_are_asked_for_again(jupyter: Lab) -> None:
    """Whatever the publisher was told last, and by whom: the page looks once a second."""
    many = """FakeSource(
        known={f"task {n:05}": FakeTask(f"task {n:05}", next_at=float(n)) for n in range(1_000)}
    )"""
    astray = """from rocket_magic.notebook.dashboard._messages import Show
publisher = dashboard._publisher
publisher.inbox.view(Show(type="show", view=next(iter(publisher._views)), limit=80))"""
    back = """from tests.waiting import wait_for
wait_for(lambda: next(iter(publisher._views.values())).show.offset > 900)"""
    notebook = opened(jupyter, SHOW.format(source=many), astray, back)
    scrolled(notebook, 1, "task 00999")
    notebook.run(1)
    notebook.run(2)
    row(notebook, "task 00999").wait_for()
    assert notebook.errors == []


def test_the_keyboard_is_enough_and_stays_inside(jupyter: Lab) -> None:
    """Arrow keys change tabs, Enter opens and Escape leaves a task; no key reaches the notebook."""
    notebook = opened(jupyter, SHOWCASE)
    page = notebook.page
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    page.locator(".rm-tabs button").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent") == "Timeline"
    page.keyboard.press("ArrowLeft")
    page.locator('.rm-name:text-is("report")').focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".rm-title:text-is('report')")
    page.keyboard.press("b")
    page.keyboard.press("x")
    page.keyboard.press("Escape")
    page.wait_for_selector(".rm-row")
    assert page.evaluate("document.activeElement.textContent") == "report"
    page.keyboard.press("b")
    page.keyboard.press("x")
    page.wait_for_timeout(200)
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    assert page.locator(".rm-root").count() == 1


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_nothing_is_wrong_for_assistive_technology(jupyter: Lab, theme: str) -> None:
    """The checker axe finds no violation in any tab."""
    spec = importlib.util.find_spec("axe_core_python")
    if spec is None or spec.origin is None:
        pytest.skip("axe is not installed: pip install axe-core-python")
    axe = pathlib.Path(spec.origin).parent / "axe.min.js"
    notebook = opened(jupyter, SHOWCASE)
    page = notebook.page
    notebook.theme(f"JupyterLab {theme}")
    page.add_script_tag(path=str(axe))
    found: list[Any] = []

    def check(where: str) -> None:
        result = page.evaluate(
            "axe.run('.rm-root', {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})"
        )
        found.extend(
            (where, violation["id"], node["html"][:160], node.get("failureSummary", "")[:300])
            for violation in result["violations"]
            for node in violation["nodes"]
        )

    check("tasks")
    page.click('.rm-name:text-is("report")')
    page.wait_for_selector(".rm-error")
    check("detail")
    page.click('button:has-text("Run with…")')
    page.wait_for_selector(".rm-run-field input")
    check("form")
    page.click('.rm-part:text-is("Why")')
    page.wait_for_selector(".rm-tree")
    check("why")
    page.click('.rm-tabs button:text-is("Log")')
    page.wait_for_selector(".rm-log tbody tr")
    check("log")
    page.click('.rm-tabs button:text-is("Config")')
    page.wait_for_selector(".rm-option")
    check("config")
    page.click('.rm-tabs button:text-is("Timeline")')
    page.wait_for_selector(".rm-tbar.rm-planned[data-bar]")
    check("timeline")
    page.click('.rm-tabs button:text-is("Clock")')
    page.get_by_text("Real time ·").wait_for()
    check("clock")
    assert found == [], json.dumps(found, indent=1)


HOSTILE = """FakeSource()
import dataclasses
payloads = [
    "<script>CANARY=1</script>", "<img src=x onerror=CANARY=1>", "<svg/onload=CANARY=1>",
    "\\"><img src=x onerror=CANARY=1>", "'-CANARY=1-'", "`${CANARY=1}`",
    "{{constructor.constructor('CANARY=1')()}}",
    "</script><script>CANARY=1</script>", "<iframe srcdoc=\\"<script>parent.CANARY=1</script>\\">",
    "javascript:CANARY=1", "<style>@import'//host/c'</style>", "<details open ontoggle=CANARY=1>",
    "&lt;img src=x onerror=CANARY=1&gt;", "<base href=//host>", "__proto__", "constructor",
    "a\\u202eb", "\\x1b]8;;//host\\x07x", "line\\nbreak",
]
svg = "<svg xmlns='http://www.w3.org/2000/svg' onload='CANARY=1'><script>CANARY=1</script>"
svg += "<image href='http://host/x.png'/></svg>"
html = "<script>parent.CANARY=1</script><img src='http://host/y.png' onerror='parent.CANARY=1'>"
for n, text in enumerate(payloads):
    run = FakeRun(f"{text}{n}", "fail", 1.0, 2.0, reason=text)
    source.known[text] = FakeTask(
        text, text, text, status="fail", next_text=text, last_error=text, problem=text, recent=(run,)
    )
    source.records.append(LogRow(text, "fail", 2.0, run.run_id, 1.0, 2.0, text, "Traceback\\n" + text))
    source.printed[run.run_id] = [
        {"output_type": "stream", "name": "stdout", "text": text},
        {"output_type": "error", "ename": text, "evalue": text, "traceback": [text]},
        {"output_type": "display_data", "data": {"image/svg+xml": svg}},
        {"output_type": "display_data", "data": {"image/png": text}},
        {"output_type": "display_data", "data": {"text/plain": text, "text/html": text + html}},
    ]
    source.future.append(LogRow(text, text, 1500.0, "", 1500.0, 1600.0, text))
    source.form[text] = OptionField(text, "text", text, "", (), text, text)
leaf = Explanation(payloads[2], None, payloads[2], NEVER)
source.why = Explanation(payloads[1], False, payloads[1], NEVER, tuple(payloads), (leaf,))
source.current = dataclasses.replace(source.current, problem=payloads[1], zone=payloads[1])"""


def test_text_of_others_stays_text(jupyter: Lab) -> None:
    """No payload runs, asks for anything or adds an element, in any place where it is shown."""
    notebook = opened(jupyter, SHOW.format(source=HOSTILE))
    page = notebook.page
    page.locator(".rm-name").first.wait_for()
    names = page.locator(".rm-name").all_inner_texts()
    assert "<img src=x onerror=CANARY=1>" in names
    assert "a\\u202eb" in names
    for index in range(page.locator(".rm-name").count()):
        page.locator(".rm-name").nth(index).click()
        page.wait_for_selector(".rm-output.rm-error")
        page.locator('button:has-text("Show as HTML")').first.click()
        page.wait_for_timeout(50)
        page.click('button:has-text("All tasks")')
        page.wait_for_selector(".rm-row")
    page.locator(".rm-name").first.click()
    page.click('.rm-part:text-is("Why")')
    page.wait_for_selector(".rm-tree")
    for tab in ("Log", "Clock", "Timeline", "Config"):
        page.click(f'.rm-tabs button:text-is("{tab}")')
        page.wait_for_timeout(400)
    assert page.locator(".rm-option").count() == 19
    assert page.evaluate("typeof window.CANARY") == "undefined"
    assert notebook.strangers == []
    assert notebook.errors == []
    elements = "script, style, base, form:not(.rm-run-form), details, a"
    strange = page.evaluate(f"document.querySelectorAll('.rm-root :is({elements})').length")
    assert strange == 0


def test_two_views_of_one_dashboard(jupyter: Lab) -> None:
    """Each view shows what it was asked to; clearing one leaves the other, and nothing behind."""
    notebook = opened(
        jupyter, SHOWCASE, "dashboard", 'source.change("ingest", status="fail", last_error="seen")'
    )
    page = notebook.page
    notebook.run(1)
    second = page.locator(".rm-root").nth(1)
    second.locator(".rm-row").first.wait_for()
    second.locator('.rm-name:text-is("report")').click()
    second.locator(".rm-error").wait_for()
    page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets[0].outputArea.model.clear()")
    page.wait_for_function("document.querySelectorAll('.rm-root').length === 1")
    page.locator(".rm-root").locator('button:has-text("All tasks")').click()
    notebook.run(2)
    row(notebook, "ingest").locator(".rm-reason", has_text="seen").wait_for()
    assert notebook.errors == []


def test_a_page_that_is_loaded_again_is_complete_again(jupyter: Lab) -> None:
    """The kernel lives, the page comes back: the same dashboard, live."""
    notebook = opened(jupyter, SHOWCASE, 'source.change("ingest", status="fail", last_error="after reload")')
    page = notebook.page
    notebook.save()
    page.reload()
    page.wait_for_selector(".rm-row", timeout=60_000)
    page.wait_for_function(
        "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
    )
    notebook.run(1)
    row(notebook, "ingest").locator(".rm-reason", has_text="after reload").wait_for()


def test_a_notebook_opened_without_its_kernel_shows_the_last_table(jupyter: Lab) -> None:
    """What is saved is the still picture of what was seen last; the live view goes on meanwhile."""
    notebook = opened(
        jupyter, SHOWCASE, 'source.change("ingest", status="fail", last_error="<b>no space</b>")'
    )
    page = notebook.page
    notebook.run(1)
    row(notebook, "ingest").locator(".rm-reason", has_text="no space").wait_for()
    notebook.save()
    assert page.locator(".rm-row").count() > 1
    output = notebook.saved()["cells"][0]["outputs"][0]
    assert sorted(output["data"]) == ["text/html", "text/plain"]
    assert "&lt;b&gt;no space&lt;/b&gt;" in "".join(output["data"]["text/html"])
    assert "as of" in "".join(output["data"]["text/plain"])
    jupyter.end_kernels()
    page.reload()
    still = page.locator(".jp-OutputArea-output table")
    still.wait_for(timeout=60_000)
    assert "<b>no space</b>" in still.inner_text()
    notebook.shot("dashboard-reopened", ".jp-OutputArea")
    assert page.get_by_text("model not found").count() == 0


def test_a_narrow_window(jupyter: Lab) -> None:
    """The table folds instead of running out of the page."""
    notebook = opened(jupyter, SHOWCASE, width=820)
    page = notebook.page
    page.evaluate("window.jupyterapp.shell.collapseLeft()")
    notebook.shot("dashboard-narrow")
    assert page.evaluate(
        "(() => { const r = document.querySelector('.rm-root'); return r.scrollWidth <= r.clientWidth; })()"
    )


FLOOD = """from rocket_magic.clock import SystemClock
clock = SystemClock()
for turn in range(500):
    for n in range(10):
        name = f"task {(turn * 10 + n) * 7 % 1000:05}"
        source.change(name, status="success", recent=(FakeRun(f"r{turn}", "success", 1.0, 2.0),) * 12)
    clock.sleep(0.01)
source.change("task 00000", status="fail", last_error="the last change")"""


def test_a_flood_of_runs_reaches_the_page_as_a_trickle(jupyter: Lab) -> None:
    """Thousands of changes to a thousand tasks: ten messages a second, 200 kB, and the last one true."""
    many = """FakeSource(known={f"task {n:05}": FakeTask(f"task {n:05}") for n in range(1000)})"""
    notebook = opened(jupyter, SHOW.format(source=many), FLOOD)
    notebook.page.wait_for_timeout(500)
    notebook.arrived.clear()
    began = notebook.page.evaluate("performance.now()")
    notebook.start(1)
    row(notebook, "task 00000").locator(".rm-reason", has_text="the last change").wait_for(timeout=30_000)
    seconds = (notebook.page.evaluate("performance.now()") - began) / 1000
    assert seconds > 4
    assert 10 < len(notebook.arrived) <= 10 * seconds + 2
    assert sum(notebook.arrived) <= 200_000 * seconds + 300_000


CELLS = (
    "%load_ext rocket_magic\n%rocket show",
    "%%task every 1 second --name ingest\nprint('three files')\n3",
    "%%task after task 'ingest' --name broken\nprint('before')\n1/0",
    """%%task daily --name slow --disabled --execution process
from rocket_magic.clock import SystemClock
for step in range(100):
    print('step', step)
    SystemClock().sleep(0.2)""",
    BUSY.format(seconds=25),
    "%rocket config cycle_sleep",
)


def test_the_first_minute_with_a_real_session(jupyter: Lab) -> None:
    """Cells become tasks, the dashboard follows; its buttons act while another cell sleeps."""
    notebook = jupyter.open(*CELLS, width=1400, height=1000)
    page = notebook.page
    notebook.run(0)
    page.get_by_text("No tasks yet").wait_for()
    for cell in (1, 2, 3):
        notebook.run(cell)
    row(notebook, "ingest").locator(".rm-bar.rm-is-success").nth(1).wait_for()
    row(notebook, "broken").locator(".rm-reason", has_text="ZeroDivisionError").wait_for()
    notebook.start(4)
    page.wait_for_timeout(500)
    slow = row(notebook, "slow")
    slow.get_by_role("button", name="Enable slow").click()
    slow.locator(".rm-status", has_text="Running").wait_for(timeout=30_000)
    notebook.shot("dashboard-real-session")
    slow.locator(".rm-name").click()
    page.locator(".rm-stdout", has_text="step 3").wait_for(timeout=30_000)
    page.locator(".rm-detail").get_by_role("button", name="Terminate the runs of slow").click()
    page.locator(".rm-detail-title", has_text="Terminated").wait_for(timeout=30_000)
    page.click('button:has-text("All tasks")')
    row(notebook, "ingest").get_by_role("button", name="Disable ingest").click()
    row(notebook, "ingest").locator(".rm-status", has_text="Disabled").wait_for(timeout=30_000)
    row(notebook, "broken").locator(".rm-name").click()
    page.locator(".rm-error", has_text="ZeroDivisionError: division by zero").wait_for()
    page.click('.rm-part:text-is("Why")')
    page.locator(".rm-tree code", has_text="after task 'ingest'").first.wait_for()
    notebook.shot("dashboard-real-why")
    page.click('.rm-tabs button:text-is("Config")')
    field = page.locator(".rm-option", has=page.locator("label", has_text="cycle_sleep"))
    field.locator("input").fill("soon")
    field.locator("input").press("Enter")
    field.locator(".rm-bad", has_text="cycle_sleep").wait_for(timeout=30_000)
    field.locator("input").fill("0.5")
    field.locator("input").press("Enter")
    field.get_by_text("default: 0.1").wait_for(timeout=30_000)
    assert not notebook.is_done(4)
    page.locator(".rm-root").get_by_role("button", name="Stop", exact=True).click()
    page.locator(".rm-state-word", has_text="Stopped").wait_for(timeout=30_000)
    page.locator(".rm-root").get_by_role("button", name="Start", exact=True).click()
    page.locator(".rm-state-word", has_text="Running").wait_for(timeout=30_000)
    assert notebook.errors == []


def test_run_all_with_a_busy_cell_at_the_end(jupyter: Lab) -> None:
    """The dashboard comes to life although its first words were queued behind a busy cell."""
    notebook = jupyter.open(SHOWCASE, BUSY.format(seconds=20))
    notebook.start(0)
    notebook.start(1)
    row(notebook, "ingest").wait_for(timeout=30_000)
    assert not notebook.is_done(1)


def test_a_run_with_parameters(jupyter: Lab) -> None:
    """A field for each parameter, errors in place, what was typed kept; closed when the run is queued."""
    notebook = opened(jupyter, SHOWCASE, "print(source.commands)")
    page = notebook.page
    page.click('.rm-name:text-is("chart")')
    page.click('button:has-text("Run with…")')
    page.wait_for_selector(".rm-run-field input")
    day, limit = page.locator(".rm-run-field input").all()
    assert (day.get_attribute("placeholder"), limit.get_attribute("placeholder")) == ("required", "10")
    day.fill("monday")
    page.keyboard.press("Enter")
    page.get_by_text("day: monday is neither a Python literal nor JSON").wait_for()
    assert day.get_attribute("aria-invalid") == "true"
    for theme in ("Light", "Dark"):
        notebook.theme(f"JupyterLab {theme}")
        notebook.shot(f"dashboard-form-{theme.lower()}")
    day.fill("'monday'")
    limit.fill("[1, null]")
    page.keyboard.press("Enter")
    page.locator(".rm-run-form").wait_for(state="hidden")
    notebook.run(1)
    page.get_by_text("('run_with', 'chart', \"{'day': 'monday', 'limit': [1, None]}\")").wait_for()
    page.click('button:has-text("Run with…")')
    page.keyboard.press("Escape")
    page.locator(".rm-run-form").wait_for(state="hidden")
    assert page.locator(".rm-title").is_visible()
    assert notebook.errors == []
