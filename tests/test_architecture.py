"""The house of DESIGN 4: floors import downward, heavy libraries stay in their rooms, one clock."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.imports import PACKAGE, Import, imports_of, modules

FLOORS = {
    "exc": 0,
    "instants": 0,
    "clock": 0,
    "_protocols": 0,
    "_default_session": 0,
    "_inspection": 0,
    "_lazy": 0,
    "_extras": 0,
    "_old_habits": 0,
    "text": 0,
    "time": 1,
    "conditions": 2,
    "conds": 2,
    "args": 3,
    "config": 3,
    "execution": 4,
    "tasks": 5,
    "log": 6,
    "repos": 6,
    "_import_view": 6,
    "scheduler": 7,
    "session": 8,
    "_old_paths": 8,
    "app": 8,
    "core": 8,
    "dependencies": 8,
    "_timeline": 8,
    "forecast": 8,
    "testing": 8,
    "": 8,  # rocket_magic/__init__.py, the front door
    "notebook": 9,
    "cli": 10,
    "__main__": 10,
}
"""Floor by top-level module or folder."""

MODULES = modules()
KNOWN = frozenset(MODULES)
IMPORTS = [found for name, path in MODULES.items() for found in imports_of(name, path, KNOWN)]
OWN = [
    found for found in IMPORTS if found.target == "rocket_magic" or found.target.startswith("rocket_magic.")
]

LATE_IMPORTS: dict[tuple[str, str], str] = {
    (
        "rocket_magic.conditions._bare",
        "rocket_magic.time._zones",
    ): "the system's zone is looked up only when a condition is asked without a session",
    (
        "rocket_magic.execution._registry",
        "rocket_magic.execution._async",
    ): "asyncio is loaded with the first async run",
    (
        "rocket_magic.execution._registry",
        "rocket_magic.execution.process._executor",
    ): "pipes, fork server and pickling are loaded with the first process run",
    (
        "rocket_magic.execution._registry",
        "rocket_magic.execution.dask._executor",
    ): "dask.distributed is loaded with the first run on a cluster",
    (
        "rocket_magic.execution.dask._line",
        "rocket_magic.execution.dask._on_worker",
    ): "dask.distributed is loaded on the thread that connects, not on the scheduler's",
    (
        "rocket_magic.execution.dask._line",
        "rocket_magic.execution.dask._clusters",
    ): "as above",
    ("rocket_magic.app", "rocket_magic.forecast"): "the rehearsal is loaded with the first question",
    (
        "rocket_magic.log._task_log",
        "rocket_magic.log._copying",
    ): "files and databases are loaded when the first is opened",
    (
        "rocket_magic.log._result",
        "rocket_magic.log._models",
    ): "pydantic builds the record models when rows are first handed out",
    (
        "rocket_magic.log._places",
        "rocket_magic.log._urls",
    ): "files, databases and other people's repositories load when a log is set",
    ("rocket_magic.log._result", "rocket_magic.log._frame"): "pandas is loaded only for data frames",
    (
        "rocket_magic.conditions._base",
        "rocket_magic.conditions._composite",
    ): "`&`, `|` and `~` of a condition make composites, which are conditions themselves",
    (
        "rocket_magic.time._base",
        "rocket_magic.time._compose",
    ): "`a & b` of two periods makes a composite, which is itself a period",
}
"""Imports of our own package inside functions that are meant: (importer, target) -> why."""

ROOMS = {
    "redbird": ("rocket_magic._import_view", "rocket_magic.repos", "rocket_magic.log._redbird"),
    "IPython": ("rocket_magic.notebook", "rocket_magic.testing"),
    "ipykernel": ("rocket_magic.notebook", "rocket_magic.testing"),
    "ipywidgets": ("rocket_magic.notebook", "rocket_magic.testing"),
    "anywidget": ("rocket_magic.notebook", "rocket_magic.testing"),
    "traitlets": ("rocket_magic.notebook", "rocket_magic.testing"),
    "sqlalchemy": ("rocket_magic.log", "rocket_magic.repos"),
    "dask": ("rocket_magic.execution.dask",),
    "distributed": ("rocket_magic.execution.dask",),
}
"""Libraries that only some modules (or folders) may import."""

HEAVY = (
    "ipywidgets", "IPython", "anywidget", "sqlalchemy", "redbird", "dask", "distributed", "pandas",
    "matplotlib",
)  # fmt: skip


def part_of(module: str) -> str:
    """The top-level part a module belongs to ("" is the package itself)."""
    return module.partition(".")[2].partition(".")[0]


def floor_of(module: str) -> int:
    """The floor a module stands on."""
    return FLOORS[part_of(module)]


def within(module: str, rooms: tuple[str, ...]) -> bool:
    """Whether a module is one of `rooms` or inside one."""
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


def told(found: Import) -> str:
    """An import as a line that an editor can jump to."""
    file = MODULES[found.importer].relative_to(PACKAGE.parent)
    return f"{file}:{found.line} imports {found.target}"


def test_every_module_stands_on_a_floor() -> None:
    """A new top-level module must be given its floor here and in DESIGN 4."""
    assert [] == sorted(name for name in MODULES if part_of(name) not in FLOORS)


def test_no_import_goes_up() -> None:
    """A module imports lower floors and its own only, wherever in the file the import stands."""
    upward = [
        told(found)
        for found in OWN
        if floor_of(found.target) > floor_of(found.importer)
        and (found.importer, found.target) not in LATE_IMPORTS
    ]
    assert [] == upward


def test_no_import_is_circular() -> None:
    """Modules that import each other when they load have a wrong structure."""
    edges: dict[str, set[str]] = {name: set() for name in MODULES}
    for found in OWN:
        if not found.in_function and not found.for_types and found.target in KNOWN:
            edges[found.importer].add(found.target)
    assert [] == circles(edges)


def test_circles_are_seen() -> None:
    """The search for circles finds one, and takes a diamond for none."""
    assert [["a", "b"]] == circles({"a": {"b"}, "b": {"a"}, "c": {"a"}})
    assert [] == circles({"a": {"b", "c"}, "b": {"d"}, "c": {"d"}, "d": set()})


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that reach each other."""
    reach = {name: reachable(name, edges) for name in edges}
    groups = {
        tuple(sorted(other for other in reach[name] if name in reach[other]))
        for name in edges
        if name in reach[name]
    }
    return sorted(list(group) for group in groups)


def reachable(start: str, edges: dict[str, set[str]]) -> set[str]:
    """What is reached from `start` by one step or more."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        new = edges[waiting.pop()] - seen
        seen |= new
        waiting += new
    return seen


def test_late_imports_of_our_own_are_listed() -> None:
    """An import inside a function hides a dependency: each needs a reason in `LATE_IMPORTS`."""
    late = {(found.importer, found.target): told(found) for found in OWN if found.in_function}
    assert [] == sorted(text for key, text in late.items() if key not in LATE_IMPORTS)
    assert [] == sorted(key for key in LATE_IMPORTS if key not in late), "listed, but no longer there"


@pytest.mark.parametrize("library", ROOMS)
def test_libraries_stay_in_their_rooms(library: str) -> None:
    """The engine knows no notebook, and only the log knows redbird and SQL."""
    strays = [
        told(found)
        for found in IMPORTS
        if found.target.partition(".")[0] == library and not within(found.importer, ROOMS[library])
    ]
    assert [] == strays


_READS = {
    "time": "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns sleep localtime gmtime ctime"
    " clock_gettime clock_gettime_ns",
    "datetime.datetime": "now utcnow today",
    "datetime.date": "today",
}
WALL_CLOCK = frozenset(f"{home}.{name}" for home, names in _READS.items() for name in names.split())


def wall_clock_uses(source: str) -> list[tuple[int, str]]:
    """Lines that read the wall clock or sleep, whatever name the function was imported under."""
    tree = ast.parse(source)
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    uses = {
        (node.lineno, full)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Name, ast.Attribute)) and (full := full_name(node, names)) in WALL_CLOCK
    }
    imported = {
        (node.lineno, f"{node.module}.{alias.name}")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and not node.level
        for alias in node.names
        if f"{node.module}.{alias.name}" in WALL_CLOCK
    }
    return sorted(uses | imported)


def full_name(node: ast.expr, names: dict[str, str]) -> str:
    """A dotted name with its first part turned into what was imported under it ("" if it is none)."""
    if isinstance(node, ast.Name):
        return names.get(node.id, "")
    if isinstance(node, ast.Attribute) and (before := full_name(node.value, names)):
        return f"{before}.{node.attr}"
    return ""


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"rocket_magic.clock._real"}))
def test_only_the_clock_reads_the_wall_clock(module: str) -> None:
    """Time flows only through the clock, or a virtual clock would not hold everywhere."""
    assert [] == wall_clock_uses(MODULES[module].read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.sleep(1)",
        "import time as t\nt.monotonic()",
        "from time import sleep as wait",
        "import datetime\ndatetime.datetime.now()",
        "import datetime as dt\ndt.date.today()",
        "from datetime import datetime as moment\nnow = moment.now",
    ],
)
def test_wall_clock_is_seen_under_any_name(source: str) -> None:
    """The search sees through aliases and references that are not called."""
    assert len(wall_clock_uses(source)) == 1


def test_wall_clock_search_leaves_our_own_names_alone() -> None:
    """A clock's own `now` and `sleep` are what modules should use."""
    assert [] == wall_clock_uses(
        "from rocket_magic import time\ntime.sleep(1)\nclock.now()\nself.time.time()"
    )


PROBE = """
import json, logging, sys, threading

def loggers():
    known = logging.root.manager.loggerDict.items()
    found = {name: (len(it.handlers), it.level) for name, it in known if isinstance(it, logging.Logger)}
    return {name: state for name, state in found.items() if state != (0, 0)}

before = loggers(), list(logging.root.handlers)
import rocket_magic
print(json.dumps({
    "threads": [thread.name for thread in threading.enumerate()],
    "modules": sorted({name.partition(".")[0] for name in sys.modules}),
    "loggers": sorted(set(loggers()) - set(before[0])),
    "root": logging.root.handlers == before[1],
}))
"""


def test_importing_starts_nothing(tmp_path: Path) -> None:
    """Importing the package starts no thread, loads no heavy library and touches no logger."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    seen = json.loads(done.stdout)
    assert ["MainThread"] == seen["threads"]
    assert [] == sorted(set(seen["modules"]) & set(HEAVY))
    assert ([], True) == (seen["loggers"], seen["root"])
