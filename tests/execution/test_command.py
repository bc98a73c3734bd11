"""Programs run on behalf of a run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rocket_magic._protocols import Action
from rocket_magic.execution import run_command
from tests.execution.rig import Output, Rig, eventually, is_alive

Make = Callable[..., Rig]


def test_stdout_is_returned(capfd: pytest.CaptureFixture[str]) -> None:
    """Options are appended; the bytes come back, and are shown."""
    assert run_command("echo -n one", ["two words"]) == b"one two words"
    assert run_command(["echo", "a b"]) == b"a b\n"
    assert capfd.readouterr().out == "one two wordsa b\n"


def test_shell(tmp_path: Path) -> None:
    """Text goes to the shell, options quoted, in the folder asked for."""
    assert (
        run_command("pwd; echo", ["$HOME"], shell=True, cwd=str(tmp_path)) == f"{tmp_path}\n$HOME\n".encode()
    )
    assert run_command("echo $RM_X", shell=True, popen={"env": {"RM_X": "3"}}) == b"3\n"


def test_failure_shows_the_end_of_stderr() -> None:
    """Exit code, command and complaint are in the error."""
    with pytest.raises(OSError, match=r"^command 'echo bad >&2; exit 3' failed with exit code 3:\nbad$"):
        run_command("echo bad >&2; exit 3", shell=True)
    with pytest.raises(OSError, match=r"was killed by SIGKILL"):
        run_command("kill -9 $$", shell=True)
    with pytest.raises(FileNotFoundError):
        run_command(["no-such-program-anywhere"])


def test_no_terminal() -> None:
    """A program that asks gets nothing."""
    assert run_command(["cat"]) == b""


@pytest.mark.parametrize("mode", ["thread", "process"])
def test_output_streams_into_the_run(make_rig: Make, mode: str) -> None:
    """It arrives while the program runs, and the whole group ends with the run."""
    rig = make_rig(mode, grace=5)
    output = Output()
    order = rig.start(
        lambda: run_command("echo $$; sleep 1000 & echo $!; echo oops >&2; wait", shell=True), sink=output
    )
    assert eventually(lambda: output.text().count("\n") == 2 and output.text("stderr") == "oops\n")
    pids = [int(text) for text in output.text().split()]
    assert all(map(is_alive, pids))
    rig.executor.terminate(order.run_id, "enough")
    outcome = rig.outcome()
    assert (outcome.action, outcome.reason) == (Action.TERMINATE, "enough")
    assert eventually(lambda: not any(map(is_alive, pids)), 3)


def test_children_left_behind_do_not_hold_it_up() -> None:
    """The command is over when the program is, though its child keeps the pipe open."""
    result = run_command("sleep 1000 & echo $!", shell=True)
    pid = int(result)
    assert is_alive(pid)
    os.kill(pid, 9)


def test_a_program_that_closes_its_output(make_rig: Make) -> None:
    """It is still waited for."""
    rig = make_rig("thread")
    assert rig.run(lambda: run_command("exec >&- 2>&-; sleep 0.1", shell=True)).value == b""
