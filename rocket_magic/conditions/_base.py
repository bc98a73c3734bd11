"""What a condition is. Floor 2; `_composite` combines conditions.

A condition answers three questions from an immutable `Context`: is it true now (`holds`), when may
that change by itself (`next_change`), and after which events must it be asked again (`watches`).
`explain` builds on the same three. Conditions are values: immutable, hashable, comparable, picklable;
they own no state and may be asked on any thread that may read the session.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any as AnyType
from typing import ClassVar, NoReturn

from rocket_magic._protocols import Context, Explanation, Watch
from rocket_magic.conditions._bare import context_for
from rocket_magic.conditions._words import events, unspoken
from rocket_magic.exc import ConditionError, RocketMagicError
from rocket_magic.instants import POLL, Instant

LOOSE, ALL_OF, NOT_OF, ITEM = range(4)
"""How tightly the text of a condition binds: `|`, `&`, `~`, a single item."""


class BaseCondition:
    """A statement that is true or false at a moment.

    Write your own by overriding `get_state`; its arguments are given as defaults (`task=Task()`,
    `path=Arg("path")`). Such a condition is opaque: the scheduler asks it every cycle.
    """

    __slots__ = ()
    binding: ClassVar[int] = ITEM

    def get_state(self, *args: AnyType, **kwargs: AnyType) -> bool:
        """Tell whether the condition is true now; what a user's own condition overrides."""
        msg = (
            f"{type(self).__name__} is no complete condition: define get_state(self) returning True or False"
        )
        raise NotImplementedError(msg)

    def holds(self, ctx: Context) -> bool:
        """Tell whether the condition is true in the situation `ctx`.

        Raises:
            ConditionError: Code of the user raised; the cause is chained.
        """
        return call_user(self, self.get_state, ctx, {})

    def next_change(self, ctx: Context) -> Instant:
        """Give the earliest instant after `ctx.now` at which the answer may differ if nothing happens.

        Returns:
            An instant; `NEVER`; or `POLL` when only asking again can tell.
        """
        return POLL

    def look(self, ctx: Context) -> tuple[bool, Instant]:
        """Give `holds` and `next_change` at once; conditions that find both in one go override it.

        Code of the user is not called where it can't matter: a member of an `All` that can only be polled is
        not asked while another one is false.
        """
        change = self.next_change(ctx)
        return self.holds(ctx), change

    def watches(self) -> frozenset[Watch]:
        """Give the events after which the condition must be asked again."""
        return frozenset()

    def reason(self, ctx: Context, state: bool) -> str:
        """Say in words why the condition answers `state`."""
        return "true" if state else "false"

    def explain(self, ctx: Context) -> Explanation:
        """Answer with reasons; an error becomes an explanation without a state."""
        try:
            state = self.holds(ctx)
            reason, change = self.reason(ctx, state), self.next_change(ctx)
        except Exception as error:
            return Explanation(str(self), None, _complaint(error), POLL, events(self.watches()))
        return Explanation(str(self), state, reason, change, events(self.watches()))

    def observe(self, task: AnyType = None, session: AnyType = None, scheduler: AnyType = None) -> bool:
        """Tell whether the condition is true now (Rocketry's public form).

        Args:
            task: The task on whose behalf it is asked; its name or function, where a session is given.
            session: The session; by default the task's or the scheduler's. Without any, the machine's
                clock and zone are used and no task has a history.
            scheduler: Only to find the session.
        """
        return self.holds(context_for(task, session, scheduler))

    @property
    def children(self) -> tuple[BaseCondition, ...]:
        """The conditions this one is made of."""
        return ()

    def with_children(self, children: tuple[BaseCondition, ...]) -> BaseCondition:
        """Give the same condition with other parts."""
        return self

    def __and__(self, other: object) -> BaseCondition:
        from rocket_magic.conditions._composite import All  # noqa: PLC0415  a composite is a condition itself

        _refuse_text(self, "&", other)
        return All(self, other) if isinstance(other, (BaseCondition, bool)) else NotImplemented

    def __rand__(self, other: object) -> BaseCondition:
        from rocket_magic.conditions._composite import All  # noqa: PLC0415  composites know the base

        _refuse_text(other, "&", self)
        return All(other, self) if isinstance(other, bool) else NotImplemented

    def __or__(self, other: object) -> BaseCondition:
        from rocket_magic.conditions._composite import Any  # noqa: PLC0415  the same

        _refuse_text(self, "|", other)
        return Any(self, other) if isinstance(other, (BaseCondition, bool)) else NotImplemented

    def __ror__(self, other: object) -> BaseCondition:
        from rocket_magic.conditions._composite import Any  # noqa: PLC0415  the same

        _refuse_text(other, "|", self)
        return Any(other, self) if isinstance(other, bool) else NotImplemented

    def __invert__(self) -> BaseCondition:
        from rocket_magic.conditions._composite import Not  # noqa: PLC0415  the same

        return Not(self)

    def __bool__(self) -> NoReturn:
        msg = (
            f"condition {str(self)!r} is neither true nor false by itself: "
            "combine conditions with & | ~ (not and, or, not), compare with `is None`, ask with observe()"
        )
        raise TypeError(msg)

    def __str__(self) -> str:
        text = repr(self)
        return text if text.startswith("<") else unspoken(text)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def _refuse_text(left: object, sign: str, right: object) -> None:
    for text in (left, right):
        if isinstance(text, str):
            msg = (
                f"a condition is combined with conditions, got text {text!r}: write all of it as text "
                f"('{left} {sign} {right}'), or parse_condition({text!r})"
            )
            raise TypeError(msg)


def call_user(
    condition: BaseCondition, function: Callable[..., AnyType], ctx: Context, given: dict[str, AnyType]
) -> bool:
    """Call a user's function through the session; name the condition when it raises."""
    try:
        return bool(ctx.session.call(function, ctx.task, given))
    except Exception as error:
        owner = f" of task {ctx.task.name!r}" if ctx.task is not None else ""
        text = str(condition)
        name = repr(condition) if text.startswith("<") else text  # what has no phrase goes by its Python name
        msg = f"condition {name!r}{owner} raised {type(error).__name__}: {error}"
        raise ConditionError(msg) from error


def _complaint(error: Exception) -> str:
    if isinstance(error, RocketMagicError):
        return str(error)
    return f"raised {type(error).__name__}: {error}"
