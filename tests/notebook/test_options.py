"""The line of `%%task`."""

from __future__ import annotations

import pytest
from IPython.core.error import UsageError

from rocket_magic.notebook._options import OPTIONS, as_policy, help_text, read_task_line


def test_schedule_and_options() -> None:
    """The schedule is what stands before the first option; free text runs to the next one."""
    line = (
        "daily & after task 'load' --name=x --timeout 10 minutes "
        "--param a=Return('load') --now --param b=1, 2"
    )
    found = read_task_line(line)
    assert "daily & after task 'load'" == found.schedule
    assert {"name": "x", "timeout": "10 minutes"} == found.values
    assert [("a", "Return('load')"), ("b", "1, 2")] == [(name, text) for name, text, _ in found.params]
    assert {"now"} == found.switches


def test_places_are_those_of_the_line() -> None:
    """Where a value stands is known, for the caret."""
    found = read_task_line("every 1 s --end after 10:00 --param k=1 +")
    assert "after 10:00" == found.line[found.places["end"] :][:11]
    assert "1 +" == found.line[found.params[0][2] :]


def test_policy() -> None:
    """Options that are fields of a task as they stand."""
    found = read_task_line("--execution process --timeout never --priority -3 --multilaunch --disabled")
    assert {
        "execution": "process",
        "timeout": "never",
        "priority": -3,
        "multilaunch": True,
        "disabled": True,
    } == as_policy(found)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "every 10 s --nmae x",
            (
                "unknown option '--nmae' (did you mean '--name'?)\n"
                "    every 10 s --nmae x\n               ^^^^^^"
            ),
        ),
        (
            "--xyz",
            "unknown option '--xyz'; %%task --help lists them\n    --xyz\n    ^^^^^",
        ),
        (
            "--name x every 10 s",
            (
                "'every 10 s' stands behind an option: the schedule comes first, and values with "
                "spaces need quotes\n"
                "    --name x every 10 s\n             ^^^^^^^^^^"
            ),
        ),
        ("--name", "--name needs a value: --name NAME\n    --name\n    ^^^^^^"),
        ("--name= --now", "--name needs a value: --name NAME\n    --name= --now\n    ^^^^^^"),
        ("--now=1", "--now is a switch, it takes no value\n    --now=1\n    ^^^^^^^"),
        ("--name a --name b", "--name is given twice\n    --name a --name b\n                    ^"),
        (
            "--execution thred",
            (
                "--execution must be one of main, async, thread, process, dask, got 'thred' (did you "
                "mean 'thread'?)\n"
                "    --execution thred\n                ^^^^^"
            ),
        ),
        ("--param 1", "--param takes name=expression, got '1'\n    --param 1\n            ^"),
    ],
)
def test_mistakes(line: str, message: str) -> None:
    """Each mistake is one line, the closest match and a caret."""
    with pytest.raises(UsageError) as caught:
        read_task_line(line)
    assert message == str(caught.value)


def test_numbers() -> None:
    """A number that isn't one is refused with its bound."""
    with pytest.raises(UsageError, match=r"--retry takes a whole number from 0, got 'x'"):
        read_task_line("--retry x").number("retry", 0)
    with pytest.raises(UsageError, match=r"--retry takes a whole number from 0, got '-1'"):
        read_task_line("--retry -1").number("retry", 0)
    assert 3 == read_task_line("--retry 3").number("retry", 0)
    assert read_task_line("").number("retry", 0) is None


def test_help_names_every_option() -> None:
    """`%%task --help` is made from the table."""
    assert all(f"--{name}" in help_text() for name in OPTIONS)
