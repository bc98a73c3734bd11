"""How conditions combine: `&`, `|`, `~`, and the two that never change. Floor 2."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any as AnyType
from typing import ClassVar, Final, NoReturn

from rocket_magic._protocols import Context, Explanation, Watch
from rocket_magic.conditions._base import ALL_OF, LOOSE, NOT_OF, BaseCondition
from rocket_magic.conditions._words import events
from rocket_magic.instants import NEVER, POLL, Instant

__all__ = ["FALSE", "TRUE", "All", "AlwaysFalse", "AlwaysTrue", "Any", "Not"]


@dataclass(frozen=True, slots=True, repr=False)
class AlwaysTrue(BaseCondition):
    """True at every moment."""

    def holds(self, ctx: Context) -> bool:
        """Tell that it is true."""
        return True

    def look(self, ctx: Context) -> tuple[bool, Instant]:
        """Give both answers."""
        return True, NEVER

    def next_change(self, ctx: Context) -> Instant:
        """Never."""
        return NEVER

    def reason(self, ctx: Context, state: bool) -> str:
        """Say that there is nothing to it."""
        return "always true"

    def __str__(self) -> str:
        return "true"

    def __repr__(self) -> str:
        return "true"


@dataclass(frozen=True, slots=True, repr=False)
class AlwaysFalse(BaseCondition):
    """False at every moment: a task with it starts only by hand."""

    def holds(self, ctx: Context) -> bool:
        """Tell that it is false."""
        return False

    def look(self, ctx: Context) -> tuple[bool, Instant]:
        """Give both answers."""
        return False, NEVER

    def next_change(self, ctx: Context) -> Instant:
        """Never."""
        return NEVER

    def reason(self, ctx: Context, state: bool) -> str:
        """Say that there is nothing to it."""
        return "always false"

    def __str__(self) -> str:
        return "false"

    def __repr__(self) -> str:
        return "false"


TRUE: Final = AlwaysTrue()
FALSE: Final = AlwaysFalse()


def _parts(kind: type[BaseCondition], members: Iterable[object]) -> tuple[BaseCondition, ...]:
    """Flatten nested composites of the same kind; booleans become constants."""
    flat: list[BaseCondition] = []
    for member in members:
        if isinstance(member, bool):
            flat.append(TRUE if member else FALSE)
        elif type(member) is kind:
            flat.extend(member.children)
        elif isinstance(member, BaseCondition):
            flat.append(member)
        else:
            msg = (
                f"{kind.__name__} combines conditions, got {member!r}: parse text with parse_condition first"
            )
            raise TypeError(msg)
    if not flat:
        msg = f"{kind.__name__}() combines at least one condition, got none"
        raise ValueError(msg)
    return tuple(flat)


def _inside(condition: BaseCondition, binding: int) -> str:
    return f"({condition})" if condition.binding < binding else str(condition)


def _inside_python(condition: BaseCondition, binding: int) -> str:
    return f"({condition!r})" if condition.binding < binding else repr(condition)


def _never_polls(condition: BaseCondition) -> bool:
    """Whether a condition gives both answers in one go without calling code of the user."""
    children = condition.children
    if children:
        return all(map(_never_polls, children))
    return type(condition).look is not BaseCondition.look


class _Composite(BaseCondition):
    """What `All` and `Any` share: an immutable tuple of members."""

    __slots__ = ("_joint", "_members")
    _members: tuple[BaseCondition, ...]
    _joint: tuple[bool, ...]
    decisive: ClassVar[bool]
    sign: ClassVar[str]

    def __new__(cls, *members: object) -> BaseCondition:  # type: ignore[misc]  # one member is itself
        parts = _parts(cls, members)
        if len(parts) == 1:
            return parts[0]
        self = super().__new__(cls)
        object.__setattr__(self, "_members", parts)
        object.__setattr__(self, "_joint", tuple(map(_never_polls, parts)))
        return self

    def __setattr__(self, name: str, value: object) -> NoReturn:
        msg = f"conditions are immutable: can't set {name!r}, make a new one"
        raise AttributeError(msg)

    def __reduce__(self) -> tuple[AnyType, ...]:
        return type(self), self._members

    @property
    def children(self) -> tuple[BaseCondition, ...]:
        """The members, in order."""
        return self._members

    def with_children(self, children: tuple[BaseCondition, ...]) -> BaseCondition:
        """Give the same composite of other members."""
        return type(self)(*children)

    def holds(self, ctx: Context) -> bool:
        """Ask the members in order until one settles it."""
        decisive = self.decisive
        for member in self._members:
            if member.holds(ctx) is decisive:
                return decisive
        return not decisive

    def next_change(self, ctx: Context) -> Instant:
        """Give the instant at which enough members may have changed."""
        settled, soonest, _ = self._survey(ctx)
        return soonest if settled is None else settled

    def look(self, ctx: Context) -> tuple[bool, Instant]:
        """Give both answers; each member is asked once, and one that must be polled only if it matters."""
        settled, soonest, polled = self._survey(ctx)
        if settled is not None:
            return self.decisive, settled
        for member in polled:
            if member.holds(ctx) is self.decisive:
                return self.decisive, soonest
        return not self.decisive, soonest

    def _survey(self, ctx: Context) -> tuple[Instant | None, Instant, list[BaseCondition]]:
        """Ask the members, except what can only be polled: whether it matters shows when all others answered.

        Returns:
            The instant until which members that settle it do so, or None when none does; the earliest change
            of any member; the members to poll.
        """
        settled: Instant | None = None
        soonest: Instant = NEVER
        polled: list[BaseCondition] = []
        for member, joint in zip(self._members, self._joint, strict=True):
            if joint:
                state, change = member.look(ctx)
            else:
                change = member.next_change(ctx)
                if change == POLL:
                    polled.append(member)
                    soonest = POLL
                    continue
                state = member.holds(ctx)
            if state is self.decisive and (settled is None or change > settled):
                settled = change
            soonest = min(soonest, change)
        return settled, soonest, polled

    def watches(self) -> frozenset[Watch]:
        """Give the events of all members."""
        return frozenset[Watch]().union(*(member.watches() for member in self._members))

    def explain(self, ctx: Context) -> Explanation:
        """Explain every member; each is asked once."""
        parts = tuple(member.explain(ctx) for member in self._members)
        deciders = [part for part in parts if part.state is self.decisive]
        unknown = [part for part in parts if part.state is None]
        if deciders:
            state: bool | None = self.decisive
            change = max(part.changes_at for part in deciders)
        else:
            state = None if unknown else not self.decisive
            change = min(part.changes_at for part in parts)
        reason = self._because(parts, deciders, unknown)
        return Explanation(str(self), state, reason, change, events(self.watches()), parts)

    def _because(
        self, parts: tuple[Explanation, ...], deciders: list[Explanation], unknown: list[Explanation]
    ) -> str:
        if unknown and not deciders:
            return f"can't tell: {unknown[0].text} {unknown[0].reason}"
        if self.decisive:
            if deciders:
                return f"{deciders[0].text} is true: {deciders[0].reason}"
            return f"none of {len(parts)} is true"
        if not deciders:
            return f"all {len(parts)} are true"
        more = f" (and {len(deciders) - 1} more)" if len(deciders) > 1 else ""
        return f"waits for {deciders[0].text}{more}: {deciders[0].reason}"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._members == other.children

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._members))

    def __str__(self) -> str:
        return f" {self.sign} ".join(_inside(member, self.binding + 1) for member in self._members)

    def __repr__(self) -> str:
        return f" {self.sign} ".join(_inside_python(member, self.binding + 1) for member in self._members)


class All(_Composite):
    """True while every member is true; asks them in order and stops at the first false one."""

    __slots__ = ()
    binding = ALL_OF
    decisive = False
    sign = "&"


class Any(_Composite):
    """True while a member is true; asks them in order and stops at the first true one."""

    __slots__ = ()
    binding = LOOSE
    decisive = True
    sign = "|"


@dataclass(frozen=True, slots=True, repr=False)
class Not(BaseCondition):
    """True while the other condition is false."""

    condition: BaseCondition
    binding: ClassVar[int] = NOT_OF

    def __post_init__(self) -> None:
        given: object = self.condition
        if not isinstance(given, BaseCondition):
            msg = f"Not turns a condition round, got {given!r}"
            raise TypeError(msg)

    @property
    def children(self) -> tuple[BaseCondition, ...]:
        """The one condition that is turned round."""
        return (self.condition,)

    def with_children(self, children: tuple[BaseCondition, ...]) -> BaseCondition:
        """Give the opposite of another condition."""
        return Not(children[0])

    def holds(self, ctx: Context) -> bool:
        """Give the opposite answer."""
        return not self.condition.holds(ctx)

    def next_change(self, ctx: Context) -> Instant:
        """Change whenever the other one does."""
        return self.condition.next_change(ctx)

    def look(self, ctx: Context) -> tuple[bool, Instant]:
        """Give the opposite answer, until the same instant."""
        state, change = self.condition.look(ctx)
        return not state, change

    def watches(self) -> frozenset[Watch]:
        """Give the events of the other condition."""
        return self.condition.watches()

    def explain(self, ctx: Context) -> Explanation:
        """Give the opposite answer for the same reason."""
        inner = self.condition.explain(ctx)
        state = None if inner.state is None else not inner.state
        return Explanation(str(self), state, inner.reason, inner.changes_at, inner.depends_on, (inner,))

    def __invert__(self) -> BaseCondition:
        return self.condition

    def __str__(self) -> str:
        return f"~{_inside(self.condition, NOT_OF)}"

    def __repr__(self) -> str:
        if isinstance(self.condition, Not):  # ~~x is x in Python
            return f"Not({self.condition!r})"
        return f"~{_inside_python(self.condition, NOT_OF)}"
