"""Where a log's records go: its repository, and those that get a copy of each record."""

from __future__ import annotations

from typing import Any

from rocket_magic.log._memory import MemoryLog

__all__ = ["Places"]


class Places:
    """The repository of a log and its mirrors.

    Args:
        capacity: How many records a repository in memory keeps.

    Attributes:
        store: The repository, with the interface of ours.
        mirrors: Repositories that were set before and get a copy of each record.
        chosen: Whether a user set the repository; else it is the default one in memory.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self.store: Any = MemoryLog(capacity)
        self.mirrors: tuple[Any, ...] = ()
        self.chosen = False
        self._resting: list[Any] = []

    @property
    def repo(self) -> Any:
        """The repository: ours, or the one that the user gave."""
        return getattr(self.store, "repo", self.store)

    @property
    def url(self) -> str:
        """Where records go, passwords hidden."""
        return str(self.store.url)

    @property
    def shared(self) -> bool:
        """Whether other schedulers may write to the repository at the same time."""
        return bool(getattr(self.store, "shared", False))

    @property
    def indexed(self) -> bool:
        """Whether questions about one task, and forgetting, cost little there."""
        return bool(getattr(self.store, "indexed", False))

    def is_at(self, repo: Any) -> bool:
        """Whether that is the URL of the repository already."""
        return isinstance(repo, str) and repo == getattr(self.store, "url", None) and repo != "memory:"

    def find(self, repo: Any) -> Any:
        """The store for a repository, a handler or a URL; nothing is written there yet.

        Raises:
            RepositoryError: It can't be opened, or is no repository.
        """
        from rocket_magic.log._urls import as_store  # noqa: PLC0415  files and databases load on first use

        return as_store(repo, capacity=self._capacity)

    def move_to(self, store: Any, *, delete_existing: bool) -> None:
        """Make it the repository.

        Args:
            store: The new one.
            delete_existing: Whether one that a user set before is let go; else it becomes a mirror.
        """
        earlier = self.store
        if self.chosen and not delete_existing and earlier is not store:
            self.mirrors = (*self.mirrors, earlier)
        else:
            for old in (*self.mirrors, earlier):
                if old is not store:
                    old.close()
            self.mirrors = ()
        self.choose(store)

    def choose(self, store: Any) -> None:
        """Make it the repository, and leave the earlier one alone."""
        self.store, self.chosen = store, True

    def rest(self) -> None:
        """Let other sessions have the files until `wake`."""
        self._resting = [store for store in (self.store, *self.mirrors) if _rests(store)]

    @property
    def resting(self) -> bool:
        """Whether others may have written the files meanwhile."""
        return bool(self._resting)

    def wake(self) -> None:
        """Take the files again; one that can't be taken goes on resting, and its error is the caller's."""
        while self._resting:
            if any(self._resting[-1] is one for one in (self.store, *self.mirrors)):
                self._resting[-1].wake()
            self._resting.pop()

    def close(self) -> None:
        """Let go of all of them."""
        for store in (self.store, *self.mirrors):
            store.close()


def _rests(store: Any) -> bool:
    rest = getattr(store, "rest", None)
    return rest is not None and bool(rest())
