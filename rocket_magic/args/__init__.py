"""Floor 3: arguments, parameters, and how they get into functions.

Arguments stand as defaults in a signature (`def f(x=Arg("x"))`), in an annotation
(`x: Annotated[int, Arg("x")]`) or as values among parameters. `ParameterPlan` combines the four levels
of parameters into a `Call`, which runs in any thread or process; `call` does it at once for
conditions and hooks.
"""

from rocket_magic.args._base import ArgumentEnv as ArgumentEnv
from rocket_magic.args._base import BaseArgument as BaseArgument
from rocket_magic.args._base import MissingArgumentError as MissingArgumentError
from rocket_magic.args._base import Pipe as Pipe
from rocket_magic.args._base import resolve as resolve
from rocket_magic.args._builtin import NOTSET as NOTSET
from rocket_magic.args._builtin import Arg as Arg
from rocket_magic.args._builtin import ClockArg as Clock
from rocket_magic.args._builtin import ConfigArg as Config
from rocket_magic.args._builtin import Return as Return
from rocket_magic.args._builtin import SchedulerLogger as SchedulerLogger
from rocket_magic.args._builtin import SessionArg as Session
from rocket_magic.args._builtin import SimpleArg as SimpleArg
from rocket_magic.args._builtin import TaskArg as Task
from rocket_magic.args._builtin import TaskLogger as TaskLogger
from rocket_magic.args._builtin import TerminationFlag as TerminationFlag
from rocket_magic.args._call import Call as Call
from rocket_magic.args._func import FuncArg as FuncArg
from rocket_magic.args._func import argument as argument
from rocket_magic.args._func import call as call
from rocket_magic.args._outside import CliArg as CliArg
from rocket_magic.args._outside import EnvArg as EnvArg
from rocket_magic.args._outside import Private as Private
from rocket_magic.args._parameters import Parameters as Parameters
from rocket_magic.args._plan import ParameterPlan as ParameterPlan
from rocket_magic.args._plan import check_batch as check_batch
from rocket_magic.args._plan import combine as combine
from rocket_magic.args._plan import signature_arguments as signature_arguments
from rocket_magic.args._run import RunEnv as RunEnv
from rocket_magic.args._run import current_run as current_run
from rocket_magic.args._secret import mask_secrets as mask_secrets
from rocket_magic.args._travel import explain_refusal as explain_refusal

__all__ = [
    "NOTSET",
    "Arg",
    "ArgumentEnv",
    "BaseArgument",
    "Call",
    "CliArg",
    "Clock",
    "Config",
    "EnvArg",
    "FuncArg",
    "MissingArgumentError",
    "ParameterPlan",
    "Parameters",
    "Pipe",
    "Private",
    "Return",
    "RunEnv",
    "SchedulerLogger",
    "Session",
    "SimpleArg",
    "Task",
    "TaskLogger",
    "TerminationFlag",
    "argument",
    "call",
    "check_batch",
    "combine",
    "current_run",
    "explain_refusal",
    "mask_secrets",
    "resolve",
    "signature_arguments",
]
