"""CSV files: torn tails, headers, locks, full disks."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rocket_magic._protocols import Action
from rocket_magic.exc import RepositoryError
from rocket_magic.instants import NEVER, SECOND
from rocket_magic.log import CsvLog, TaskLog
from rocket_magic.log._csv_file import repair_tail

from .stores import START, record

TRACEBACK = 'Traceback (most recent call last):\n  File "a.py", line 1\nValueError: "ä€"\n'


def _ignore(_: BaseException | None) -> None:
    """Don't care about the answer."""


def test_every_cut_point_is_mended(tmp_path: Path) -> None:
    """Wherever the last write was cut, the rows before it stay, and rows after it are whole."""
    path = tmp_path / "log.csv"
    log = CsvLog(path)
    log.add_many([record(0), record(1, "fail", exc_text=TRACEBACK)])
    kept = path.stat().st_size
    log.add_many([record(2, exc_text=TRACEBACK, params="a,b")])
    log.close()
    whole = path.read_bytes()
    assert len(whole) - kept > 90
    for cut in range(kept, len(whole)):
        path.write_bytes(whole[:cut])
        log = CsvLog(path)
        assert bool(log.repaired) == (cut != kept), cut
        log.add_many([record(3, "success")])
        assert [row.action for row in log] == ["run", "fail", "success"], cut
        assert log.filter_by(action="fail").first().exc_text == TRACEBACK
        assert log.survey([]).n_damaged == 0
        log.close()


def test_cut_in_the_first_line(tmp_path: Path) -> None:
    """A file that died while its header was written starts anew."""
    path = tmp_path / "log.csv"
    CsvLog(path).close()
    header = path.read_bytes()
    for cut in range(len(header)):
        path.write_bytes(header[:cut])
        log = CsvLog(path)
        log.add_many([record(0)])
        assert log.filter_by().count() == 1
        log.close()


@pytest.mark.parametrize(
    "tail", [b"\0" * 500, b"\xe4\xff", b"17672256", b'1,"open'], ids=["nul", "utf8", "cut", "quote"]
)
def test_damaged_ends_are_set_aside(tmp_path: Path, tail: bytes) -> None:
    """What follows the last whole row is kept beside the file, and said (RELIABILITY.md F33)."""
    path = tmp_path / "log.csv"
    log = CsvLog(path)
    log.add_many([record(0), record(1, "success")])
    log.close()
    path.write_bytes(path.read_bytes() + tail)
    log = CsvLog(path)
    assert log.repaired == (f"log.csv: the last row was torn; {len(tail)} bytes cut, kept in log.csv.torn",)
    assert (tmp_path / "log.csv.torn").read_bytes() == tail + b"\n"
    assert log.filter_by().count() == 2
    log.close()


def test_repair_of_large_files_reads_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quotes and line ends are found across the borders of what is read at once."""
    import rocket_magic.log._csv_file as module

    path = tmp_path / "x.csv"
    rows = b'a,"b\nc"\n' * 7
    for piece in range(1, 12):
        monkeypatch.setattr(module, "_CHUNK", piece)
        path.write_bytes(rows + b'd,"e\nf')
        assert repair_tail(path) == 6
        assert path.read_bytes() == rows


def test_older_files_with_fewer_columns(tmp_path: Path) -> None:
    """Columns are found by name; what the file has no column for is left out."""
    path = tmp_path / "old.csv"
    path.write_text("task_name,created,action\nload,1767225600.0,run\nload,1767225601.0,success\n")
    log = TaskLog()
    log.set_repo(f"csv:{path}")
    assert log.open(["load"]).interrupted == ()
    assert log.history.status("load") is Action.SUCCESS
    log.write([record(5)], _ignore)
    assert log.flush()
    assert path.read_text().splitlines()[-1] == "load,1767225605.0,run"
    log.close()


def test_open_runs_without_run_ids(tmp_path: Path) -> None:
    """Without run ids a task's last `run` is open when nothing follows it."""
    path = tmp_path / "old.csv"
    path.write_text("task_name,created,action\na,1.0,run\na,2.0,success\nb,3.0,run\na,4.0,run\na,5.0,fail\n")
    log = TaskLog()
    log.set_repo(f"csv:{path}")
    assert log.open(["a", "b"], now=START).interrupted == ("b",)
    log.close()


def test_damaged_rows_are_counted_and_passed_over(tmp_path: Path) -> None:
    """A row in the middle that makes no sense costs itself only."""
    path = tmp_path / "log.csv"
    log = CsvLog(path)
    log.add_many([record(0)])
    log.close()
    with path.open("a") as file:
        file.write("nonsense\n")
        file.write("x,load,run" + "," * 11 + "\n")
        file.write("y" * 200_000 + "\n")
    log = CsvLog(path)
    log.add_many([record(1, "success")])
    survey = log.survey([])
    assert survey.n_damaged == 3
    assert [one.action for one in survey.newest] == [Action.RUN, Action.SUCCESS]
    log.close()


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    """One scheduler per file; the message says who has it, and the lock dies with its holder."""
    path = tmp_path / "log.csv"
    code = (
        f"from rocket_magic.log import CsvLog; log = CsvLog({str(path)!r}); print('ok', flush=True); input()"
    )
    other = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout is not None
    assert other.stdin is not None
    assert other.stdout.readline() == b"ok\n"
    with pytest.raises(RepositoryError, match=rf"another scheduler \(process {other.pid}\)"):
        CsvLog(path)
    other.kill()
    other.wait()
    other.stdout.close()
    other.stdin.close()
    log = CsvLog(path)
    with pytest.raises(RepositoryError, match="another session of this process"):
        CsvLog(path)
    log.close()
    CsvLog(path).close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_does_not_keep_the_lock(tmp_path: Path) -> None:
    """A worker that outlives its scheduler doesn't lock the next one out."""
    log = CsvLog(tmp_path / "log.csv")
    ready, end = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(end[1])
        os.write(ready[1], b"x")
        os.read(end[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    log._file_lock._finalizer()  # as the death of this process would close it
    log.close()
    CsvLog(tmp_path / "log.csv").close()
    for descriptor in (end[1], end[0], *ready):
        os.close(descriptor)
    os.waitpid(child, 0)


class _SmallDisk(io.FileIO):
    """A file on a disk that is full after some bytes."""

    room = 0

    def write(self, data: Any) -> int:
        """Write what fits, then say that nothing more does."""
        if _SmallDisk.room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        part = bytes(data)[: _SmallDisk.room]
        _SmallDisk.room -= len(part)
        return super().write(part)


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A half-written group is taken back; outcomes are kept, counted, and written when there is room."""
    monkeypatch.setattr("rocket_magic.log._csv.io.FileIO", _SmallDisk)
    _SmallDisk.room = 10_000
    path = tmp_path / "log.csv"
    told: list[BaseException] = []
    log = TaskLog(on_error=lambda error, _: told.append(error))
    log.set_repo(f"csv:{path}")
    log.open(["load"])
    answers: list[Any] = []
    log.write([record(0)], answers.append)
    assert log.flush()
    size = path.stat().st_size
    _SmallDisk.room = 40
    log.write([record(1, "success", exc_text="x" * 100)], answers.append)
    assert log.flush()
    log.write([record(2), record(3, task="other")], answers.append)
    assert log.flush()
    assert path.stat().st_size == size
    assert answers[0] is None
    assert "No space left on device" in str(answers[1])
    assert "No space left on device" in str(answers[2])
    assert log.lost == 1  # the outcome; runs that were not recorded did not happen
    assert len(told) == 1  # once a minute
    assert log.history.status("load") is Action.SUCCESS
    assert log.history.status("other") is None
    _SmallDisk.room = 10_000
    log.write([record(4)], answers.append)
    assert log.flush()
    assert answers[-1] is None
    assert log.lost == 0
    assert [row.action for row in log.query()] == ["run", "success", "run"]
    log.close()


def test_what_is_no_log_is_left_alone(tmp_path: Path) -> None:
    """Somebody's other file is refused before anything is cut off it."""
    for text in ("name,price\nx,1", "just some text without an end"):
        path = tmp_path / "other.csv"
        path.write_text(text)
        with pytest.raises(RepositoryError, match="is no task log: its first line lacks created, task_name"):
            CsvLog(path)
        assert path.read_text() == text


def test_folder_missing_or_closed(tmp_path: Path) -> None:
    """Errors name the file and the next step (RELIABILITY.md F47)."""
    with pytest.raises(RepositoryError, match="does not exist: make it first"):
        CsvLog(tmp_path / "no" / "log.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(RepositoryError, match=r"folder\.csv"):
        CsvLog(tmp_path / "folder.csv")
    log = CsvLog(tmp_path / "log.csv")
    log.close()
    with pytest.raises(RepositoryError, match="is closed"):
        log.add(record(0))


def test_retention_by_count_rewrites_the_file(tmp_path: Path) -> None:
    """The file is replaced in one step and goes on being written."""
    log = CsvLog(tmp_path / "log.csv")
    log.add_many([record(n) for n in range(10)])
    assert log.trim(3) == 7
    assert log.trim(3) == 0
    log.add_many([record(10)])
    assert [round(row.created) - START // SECOND for row in log] == [7, 8, 9, 10]
    log.close()


def test_red_birds_own_file_is_mended_and_locked(tmp_path: Path) -> None:
    """A CSVFileRepo that the user made gets the same care."""
    from rocket_magic.log import RunRecord
    from rocket_magic.repos import CSVFileRepo

    def open_log() -> TaskLog:
        log = TaskLog()
        log.set_repo(CSVFileRepo(model=RunRecord, filename=tmp_path / "tasks.csv"), delete_existing=True)
        return log

    log = open_log()
    log.open(["load"])
    log.write([record(0)], _ignore)
    assert log.flush()
    with pytest.raises(RepositoryError, match="another session of this process"):
        open_log()
    log.close()
    with (tmp_path / "tasks.csv").open("ab") as file:
        file.write(b'1767225601.0,load,"')
    log = open_log()
    recovery = log.open(["load"], now=START)
    assert recovery.repaired == ("tasks.csv: the last row was torn; 19 bytes cut, kept in tasks.csv.torn",)
    assert recovery.interrupted == ("load",)
    assert log.history.count("load", frozenset({Action.RUN}), START, NEVER) == 1
    log.close()


def test_forgetting_in_red_birds_file_may_be_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Red Bird rewrites its file in place: when that fails or the process dies, all records come back."""
    from rocket_magic.log import TaskRunRecord
    from rocket_magic.repos import CSVFileRepo

    path = tmp_path / "log.csv"
    repo = CSVFileRepo(model=TaskRunRecord, filename=path)
    log = TaskLog()
    log.set_repo(repo)
    log.open(["load"])
    log.write([record(n, "run" if n % 2 == 0 else "success") for n in range(10)], lambda _: None)
    assert log.flush()
    whole = path.read_bytes()

    def fail_halfway(*_: Any, **__: Any) -> None:
        path.write_bytes(whole[:100])
        raise OSError(errno.ENOSPC, "no space")

    with monkeypatch.context() as patch:
        patch.setattr(CSVFileRepo, "query_delete", fail_halfway)
        with pytest.raises(OSError, match="no space"):
            log._places.store.trim(4)
    assert path.read_bytes() == whole
    log.close()
    path.rename(tmp_path / "log.csv.before")  # what a death in the middle leaves
    path.write_bytes(whole[:100])
    again = TaskLog()
    again.set_repo(CSVFileRepo(model=TaskRunRecord, filename=path))
    recovery = again.open(["load"])
    assert "cut off" in recovery.repaired[0]
    assert path.read_bytes() == whole
    assert again._places.store.trim(4) == 6
    assert [row.action for row in again.query()] == ["run", "success"] * 2
    assert sorted(file.name for file in tmp_path.iterdir() if "before" in file.name) == []
    again.close()


def test_the_quick_pass_finds_what_the_thorough_one_does(tmp_path: Path) -> None:
    """Rows with quotes, line ends in cells, torn widths and odd numbers, in the middle of plain ones."""
    from rocket_magic.log._csv_pass import FullPass
    from rocket_magic.log._csv_survey import quick_survey
    from rocket_magic.log._record import COLUMNS

    log = CsvLog(tmp_path / "log.csv")
    log.add_many([record(n, "run" if n % 2 == 0 else "success", task=f"t{n % 3}") for n in range(20)])
    log.add_many([record(21, "fail", task='a,"b', exc_text='one\n\ntwo\r\n"three"\n', reason="x, y")])
    log.add_many([record(22, run_id="open"), record(23, "crash", run_id="gone", reason="scheduler died")])
    log.close()
    with (tmp_path / "log.csv").open("ab") as file:
        file.write(b"1,2,3\nnan,load,run,x,,,,,0,0,,,,\nx,load,run,x,,,,,0,0,,,,\n")
    thorough, quick = FullPass(COLUMNS).over(tmp_path / "log.csv"), quick_survey(tmp_path / "log.csv")
    quick.instants = {key: list(instants) for key, instants in quick.instants.items()}
    for name in ("newest", "open_runs", "streaks", "instants", "recent", "n_records", "n_damaged"):
        assert getattr(quick, name) == getattr(thorough, name), name
