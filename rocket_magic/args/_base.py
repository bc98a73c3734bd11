"""Floor 3: what an argument is, and how arguments become values.

An argument is a dynamic value: it stands in a signature or among parameters and is asked when a
run starts. Two steps turn it into a value:

* `prepare`, on the scheduler's thread, where session and task can be read. It gives the value, or a
  `Later` for what must be found where the run runs (a `FuncArg` with "post", `TerminationFlag`, …);
* `Later.value`, in the run's thread or process.

Arguments may ask for other arguments. The way from one to the next is kept in a context variable, so
that a circle is found and named ("a -> b -> a") before Python's recursion limit is met.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from rocket_magic.args._run import RunEnv, current_run
from rocket_magic.args._signature import ArgumentMark, spec_of
from rocket_magic.exc import ParameterError

PRE: Final = "pre"
POST: Final = "post"
_DEEPEST = 100


class MissingArgumentError(ParameterError, KeyError):
    """An argument found no value. A pipe goes on with its next member."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


@dataclass(slots=True)  # not frozen: one is made for each run, and freezing takes four times as long
class ArgumentEnv:
    """What arguments are resolved against; the runs of a task may share one.

    Attributes:
        session: The session, or None (in another process).
        task: The task on whose behalf, or None.
        run: The run, or None to take the one of the current context.
    """

    session: Any = None
    task: Any = None
    run: RunEnv | None = None

    @property
    def current(self) -> RunEnv | None:
        """The run that the code belongs to."""
        return self.run if self.run is not None else current_run.get()

    @property
    def home(self) -> Any:
        """The session, or the task's when none was given."""
        return self.session if self.session is not None else getattr(self.task, "session", None)


class Later:
    """A value that is found where the run runs."""

    __slots__ = ()

    def value(self, env: ArgumentEnv) -> Any:
        """Find it."""
        raise NotImplementedError


class BaseArgument(ArgumentMark):
    """A dynamic value of a parameter. Subclass it and define `get_value`.

    `get_value` may ask for any of `task`, `session` and `run` by name, or for all by `**kwargs`; its
    own parameters may have arguments as defaults. Raise `KeyError` when there is no value: in a pipe
    (`a >> b`) the next argument is asked then.
    """

    _asked: ClassVar[bool] = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # Of a class and its ancestors, the nearest that says how the value is found decides.
        if "_prepare" in cls.__dict__:
            cls._asked = False
        elif "get_value" in cls.__dict__ or "stage" in cls.__dict__:
            cls._asked = True

    def get_value(self, task: Any = None, session: Any = None, **kwargs: Any) -> Any:
        """Find the value.

        Args:
            task: The task on whose behalf it is asked, or None.
            session: The session, or None.
            **kwargs: What is known besides.

        Raises:
            KeyError: There is no value.
        """
        if type(self)._prepare is BaseArgument._prepare:  # noqa: SLF001  this class's own
            msg = f"{type(self).__name__} is no complete argument: define get_value(self, task, session)"
            raise NotImplementedError(msg)
        env = ArgumentEnv(session, task, kwargs.get("run"))
        return settle(self._prepare(env, PRE), env)

    def stage(self, task: Any = None, session: Any = None, **kwargs: Any) -> Any:
        """Get ready for another thread or process; called before the run is started.

        Override it when the value must be found in the run's thread or process: what it returns (an
        argument, also itself) is asked there, without session and task in a process; a plain value is
        taken as it is. Not overridden, `get_value` is asked before the start.
        """
        return self

    def get_repr(self, **kwargs: Any) -> str:
        """How the argument is drawn; never its value, and never a call."""
        return repr(self)

    def stays_because(self) -> str | None:
        """Why the value can't go to another process, with what to do instead; None when it may."""
        return None

    def __str__(self) -> str:
        return self.get_repr()

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __rshift__(self, other: Any) -> Pipe:
        """`a >> b`: the value of `a`, or of `b` when `a` has none; a plain value may end the pipe."""
        return Pipe(self, other)

    def _label(self) -> str:
        """What the argument is called in a circle."""
        return repr(self)

    def _prepare(self, env: ArgumentEnv, when: str) -> Any:
        """Find the value now, or give a `Later`. Only arguments of this package override it."""
        return _ask(self, env, when)


class Pipe(BaseArgument):
    """The first of several arguments that has a value; made by `a >> b >> c`."""

    def __init__(self, *members: Any) -> None:
        self.members: tuple[Any, ...] = tuple(
            part for member in members for part in (member.members if isinstance(member, Pipe) else (member,))
        )

    def __repr__(self) -> str:
        return " >> ".join(repr(member) for member in self.members)

    def _prepare(self, env: ArgumentEnv, when: str) -> Any:
        kept: list[Any] = []
        problems: list[KeyError] = []
        for member in self.members:
            try:
                found = prepare(member, env, when)
            except KeyError as error:
                problems.append(error)
                continue
            kept.append(found)
            if not isinstance(found, Later):
                break
        if not kept:
            raise _nothing_in(str(self), problems)
        return kept[0] if len(kept) == 1 else LatePipe(tuple(kept), str(self))


@dataclass(frozen=True, slots=True)
class LateAsk(Later):
    """An argument whose `get_value` is asked in the run."""

    argument: BaseArgument

    def value(self, env: ArgumentEnv) -> Any:
        """Ask it."""
        if not self.argument._asked:  # noqa: SLF001  this module's own
            return resolve(self.argument, env)
        found = _invoke(self.argument.get_value, env)
        return resolve(found, env) if isinstance(found, BaseArgument) else found


@dataclass(frozen=True, slots=True)
class LateGet(Later):
    """An argument of this package that only the run itself can answer."""

    argument: BaseArgument

    def value(self, env: ArgumentEnv) -> Any:
        """Get it."""
        return self.argument.get_value(task=env.task, session=env.home, run=env.current)


@dataclass(frozen=True, slots=True)
class LatePipe(Later):
    """The members of a pipe that are left to ask in the run; the last may be a value."""

    members: tuple[Any, ...]
    text: str

    def value(self, env: ArgumentEnv) -> Any:
        """Ask one after the other."""
        problems: list[KeyError] = []
        for member in self.members:
            try:
                return settle(member, env)
            except KeyError as error:
                problems.append(error)
        raise _nothing_in(self.text, problems)


def prepare(value: Any, env: ArgumentEnv, when: str, label: str | None = None) -> Any:
    """Turn an argument into its value, or into a `Later`; other values stay as they are.

    Args:
        value: An argument or any other value.
        env: What it is resolved against.
        when: "pre" or "post", for arguments that leave it open.
        label: What it is called in a circle; its own name when None.

    Raises:
        ParameterError: Arguments ask for each other in a circle.
    """
    if not isinstance(value, BaseArgument):
        return value
    with _Step(value, label):
        if value._asked:  # noqa: SLF001  this module's own
            return _ask(value, env, when)
        return value._prepare(env, when)  # noqa: SLF001  this module's own


def settle(prepared: Any, env: ArgumentEnv) -> Any:
    """The value of what `prepare` gave."""
    return prepared.value(env) if isinstance(prepared, Later) else prepared


def resolve(value: Any, env: ArgumentEnv) -> Any:
    """The value of an argument, at once; other values stay as they are."""
    return settle(prepare(value, env, PRE), env)


def _ask(argument: BaseArgument, env: ArgumentEnv, when: str) -> Any:
    if type(argument).stage is not BaseArgument.stage:
        staged = _invoke(argument.stage, env)
        if staged is None or isinstance(staged, BaseArgument):
            return LateAsk(argument if staged is None else staged)
        return staged
    return prepare(_invoke(argument.get_value, env), env, when)


def _invoke(method: Callable[..., Any], env: ArgumentEnv) -> Any:
    """Call `get_value` or `stage` with what its signature asks for."""
    spec = spec_of(method)
    known = {"task": env.task, "session": env.home, "run": env.current}
    wanted = known if spec.takes_any else {name: known[name] for name in spec.names if name in known}
    filled = {name: resolve(argument, env) for name, argument in spec.arguments.items() if name not in wanted}
    return method(**wanted, **filled)


class _Step:
    """One step of the way from argument to argument."""

    __slots__ = ("_step", "_token")
    _token: Token[tuple[tuple[BaseArgument, str], ...]]

    def __init__(self, argument: BaseArgument, label: str | None) -> None:
        self._step = (argument, label if label is not None else argument._label())  # noqa: SLF001  of another argument

    def __enter__(self) -> None:
        way = _way.get()
        argument = self._step[0]
        for index, (earlier, _) in enumerate(way):
            if earlier is argument:
                raise ParameterError(_circle([*way[index:], self._step]))
        if len(way) >= _DEEPEST:
            msg = (
                f"arguments ask for each other more than {_DEEPEST} deep, "
                f"starting with {_names(way[:4])}: they probably never end; give one of them a plain value"
            )
            raise ParameterError(msg)
        self._token = _way.set((*way, self._step))

    def __exit__(self, *_: object) -> None:
        _way.reset(self._token)


_way: ContextVar[tuple[tuple[BaseArgument, str], ...]] = ContextVar("rocket_magic_argument_way", default=())


def _names(steps: Any) -> str:
    names: list[str] = []
    for _, label in steps:
        if not names or names[-1] != label:
            names.append(label)
    return " -> ".join(names)


def _circle(steps: list[tuple[BaseArgument, str]]) -> str:
    labels = [label for _, label in steps]
    path = _names(steps)
    if " -> " not in path:
        path = f"{path} -> {path}"
    elif labels[0] != labels[-1]:  # the same argument, met under two names
        path = f"{path} -> {labels[0]}"
    return f"arguments ask for each other in a circle: {path}; give one of them a plain value or a default"


def _nothing_in(text: str, problems: list[KeyError]) -> MissingArgumentError:
    reasons = "; ".join(_reason(problem) for problem in problems)
    error = MissingArgumentError(f"no member of {text} has a value: {reasons}")
    error.__cause__ = problems[-1] if problems else None
    return error


def _reason(problem: KeyError) -> str:
    if isinstance(problem, ParameterError):
        return str(problem)
    return f"{type(problem).__name__} {problem}"
