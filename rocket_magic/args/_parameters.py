"""Floor 3: `Parameters`, the mapping of one level of parameters.

Read on the scheduler's thread, changed on any: a change replaces the inner dict as a whole, so that
a reader never meets one that is being changed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

from rocket_magic.args._call import show
from rocket_magic.exc import ParameterError

Listener = Callable[[frozenset[str]], None]


class Parameters(MutableMapping[str, Any]):
    """Parameters by name; values may be arguments, and are given back as they were set.

    Args:
        values: The first parameters.
        **more: Further ones.

    Raises:
        ParameterError: A name is not text, or empty.
    """

    __slots__ = ("__weakref__", "_listeners", "_lock", "_values")

    def __init__(self, values: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        self._lock = threading.Lock()
        self._listeners: tuple[Listener, ...] = ()
        self._values = _checked({**(values or {}), **more})

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __bool__(self) -> bool:
        return bool(self._values)

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __delitem__(self, name: str) -> None:
        with self._lock:
            if name not in self._values:
                raise KeyError(name)
            self._values = {key: value for key, value in self._values.items() if key != name}
        self._tell((name,))

    def update(self, values: Mapping[str, Any] | Any = (), /, **more: Any) -> None:
        """Set several parameters at once."""
        added = _checked({**dict(values), **more})
        if not added:
            return
        with self._lock:
            self._values = {**self._values, **added}
        self._tell(added)

    def clear(self) -> None:
        """Remove all."""
        with self._lock:
            gone, self._values = self._values, {}
        if gone:
            self._tell(gone)

    def copy(self) -> Parameters:
        """The same parameters, apart from these; without the listeners."""
        return Parameters(self._values)

    def __copy__(self) -> Parameters:
        return self.copy()

    def __or__(self, other: Mapping[str, Any]) -> Parameters:
        return Parameters({**self._values, **other}) if isinstance(other, Mapping) else NotImplemented

    def __ror__(self, other: Mapping[str, Any]) -> Parameters:
        return Parameters({**other, **self._values}) if isinstance(other, Mapping) else NotImplemented

    def __ior__(self, other: Mapping[str, Any]) -> Parameters:  # noqa: PYI034  not meant to be subclassed
        self.update(other)
        return self

    def on_change(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` told the names that were set or removed, on the changing thread.

        Returns:
            Ends it.
        """
        self._listeners = (*self._listeners, listener)

        def forget() -> None:
            self._listeners = tuple(one for one in self._listeners if one is not listener)

        return forget

    def to_dict(self) -> dict[str, Any]:
        """The parameters as a dict (Rocketry's name for `dict(parameters)`)."""
        return dict(self)

    def as_text(self) -> dict[str, str]:
        """Every value as short text: arguments unresolved, secrets masked."""
        return {name: show(value) for name, value in self._values.items()}

    def __repr__(self) -> str:
        return f"Parameters({', '.join(f'{name}={text}' for name, text in self.as_text().items())})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Parameters, (self._values,)

    def _tell(self, names: Any) -> None:
        for listener in self._listeners:
            listener(frozenset(names))


def _checked(values: dict[Any, Any]) -> dict[str, Any]:
    for name in values:
        if not isinstance(name, str) or not name:
            msg = f"the name of a parameter must be text that isn't empty, got {name!r}"
            raise ParameterError(msg)
    return values
