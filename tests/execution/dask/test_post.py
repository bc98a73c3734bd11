"""Letters that wait on a dask worker: bounded, counted, and heard before a run is over."""

from __future__ import annotations

import asyncio
import threading

import pytest

from rocket_magic.execution.dask import _post
from rocket_magic.execution.dask._letters import OUTPUT, RECORD, SLEEP
from rocket_magic.execution.dask._post import Post


def test_in_order_and_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """What came together goes together, up to a size."""
    monkeypatch.setattr(_post, "_BATCH", 300)

    async def work() -> None:
        post = Post(asyncio.get_running_loop())
        for n in range(5):
            post.put("r", OUTPUT, ("stdout", str(n)))
        assert await post.collect(0) == (1, [("r", OUTPUT, ("stdout", str(n))) for n in range(3)])
        assert await post.collect(1) == (2, [("r", OUTPUT, ("stdout", str(n))) for n in (3, 4)])

    asyncio.run(work())


def test_what_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is dropped and counted by run and kind; what a run waits for never is."""
    monkeypatch.setattr(_post, "_ROOM", 250)

    async def work() -> None:
        post = Post(asyncio.get_running_loop())
        for run in ("a", "b"):
            post.put(run, OUTPUT, ("stdout", "x" * 100))
        post.put("a", OUTPUT, ("stdout", "x" * 1200))
        post.put("a", RECORD, b"x" * 100)
        post.put("a", SLEEP, (1, 5))
        assert post.finish("a", 0) is False
        assert post.finish("b", 0) is False
        _, letters = await post.collect(0)
        assert [(run, kind) for run, kind, _ in letters] == [
            ("a", OUTPUT), ("a", SLEEP), ("a", OUTPUT), ("a", OUTPUT), ("b", OUTPUT)
        ]  # fmt: skip
        notes = [said[1].strip() for _, kind, said in letters if kind == OUTPUT and said[0] == "stderr"]
        more = "were dropped: there was more than the connection takes …]"
        assert notes[0] == f"[… 1,200 characters of output {more}"
        assert notes[1] == f"[… 1 log records {more}"

    asyncio.run(work())


def test_a_run_waits_until_it_was_heard() -> None:
    """That is when the next question comes, not when the answer set out."""

    async def work() -> None:
        post = Post(asyncio.get_running_loop())
        assert post.finish("silent", 0) is True
        post.put("r", OUTPUT, ("stdout", "last words"))
        heard = threading.Event()

        def end() -> None:
            if post.finish("r", 10):
                heard.set()

        ending = threading.Thread(target=end)
        ending.start()
        batch, letters = await post.collect(0)
        assert len(letters) == 1
        assert not heard.is_set()
        asking = asyncio.ensure_future(post.collect(batch))
        await asyncio.to_thread(ending.join)
        assert heard.is_set()
        asking.cancel()

    asyncio.run(work())


def test_nothing_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """The question is answered all the same, and the number of the last batch stays."""
    monkeypatch.setattr(_post, "_ANSWER", 0.01)

    async def work() -> None:
        post = Post(asyncio.get_running_loop())
        assert await post.collect(0) == (0, [])
        post.put("r", OUTPUT, ("stdout", "x"))
        assert (await post.collect(0))[0] == 1
        assert await post.collect(1) == (1, [])

    asyncio.run(work())


def test_a_second_question() -> None:
    """Who asks anew hears it; the first one, whose answer is lost, takes nothing away."""

    async def work() -> None:
        post = Post(asyncio.get_running_loop())
        first = asyncio.ensure_future(post.collect(0))
        await asyncio.sleep(0)
        second = asyncio.ensure_future(post.collect(0))
        await asyncio.sleep(0)
        post.put("r", OUTPUT, ("stdout", "x"))
        assert await first == (0, [])
        assert await second == (1, [("r", OUTPUT, ("stdout", "x"))])

    asyncio.run(work())


def test_the_end_of_a_session() -> None:
    """The question that stands is answered: until then it holds a connection."""

    async def work() -> None:
        post = Post(asyncio.get_running_loop())
        asking = asyncio.ensure_future(post.collect(0))
        await asyncio.sleep(0)
        post.close()
        assert await asyncio.wait_for(asking, 5) == (1, [])

    asyncio.run(work())
