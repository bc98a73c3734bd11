"""Floor 9, dashboard: the widget. Thin: it carries messages between the pages and the publisher.

No trait holds state (a saved notebook keeps nothing of the session, and traits would need one writer);
all goes by custom messages. Handlers may run on a subshell's thread beside a running cell: they check,
post to the session, leave an answer in the publisher's inbox, and return.
"""

from __future__ import annotations

import pathlib
import secrets
from typing import Any

import anywidget
import traitlets

from rocket_magic.notebook._text import one_line
from rocket_magic.notebook.dashboard import _fallback
from rocket_magic.notebook.dashboard._messages import (
    Bye,
    ClockCommand,
    GoVirtual,
    Message,
    Ping,
    Refused,
    RunWith,
    SchedulerCommand,
    SetOption,
    Show,
    Step,
    TaskCommand,
    read,
)
from rocket_magic.notebook.dashboard._publisher import Publisher
from rocket_magic.notebook.dashboard._rows import zone_of
from rocket_magic.notebook.dashboard._source import DashboardSource

__all__ = ["Dashboard"]

_STATIC = pathlib.Path(__file__).parent / "static"


class Dashboard(anywidget.AnyWidget):
    """A live picture of one session; show the same one in as many cells as you like.

    Args:
        source: The session, as the dashboard reads it.
    """

    _esm = _STATIC / "dashboard.js"
    _css = _STATIC / "dashboard.css"

    _key = traitlets.Unicode().tag(sync=True)  # by it the page knows our outputs in the notebook it saves

    def __init__(self, source: DashboardSource) -> None:
        super().__init__(_key=secrets.token_hex(8))
        self._source = source
        self._publisher = Publisher(source, self.send)
        _answer_on_subshells(self.comm)
        self.on_msg(_receive)
        if self.comm is not None and hasattr(self.comm, "on_close"):
            self.comm.on_close(lambda _message: self._publisher.close())
        self._publisher.start()

    @property
    def is_open(self) -> bool:
        """Whether it still shows its session; once closed, make a new one."""
        return self._publisher.is_alive

    def close(self) -> None:
        """End the publisher and remove the widget from the pages."""
        publisher = self.__dict__.get("_publisher")
        if publisher is not None:
            publisher.close()
        super().close()

    def __repr__(self) -> str:
        """Tell what it is; the same for the same session (nbval compares it)."""
        return f"<rocket_magic dashboard of {len(self._source.tasks())} tasks>"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The live view, and a still picture for where widgets can't run."""
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        state, tasks = self._source.state(), self._source.tasks()
        zone = zone_of(state.zone)
        still = {
            "text/plain": _fallback.as_text(state, tasks, zone),
            "text/html": _fallback.as_html(state, tasks, zone),
        }
        mark = {"rocket_magic": {"key": self._key, "model": self.model_id}}
        return {**data, **still}, {**metadata, **mark}

    def _act(self, message: Message) -> None:
        """Do what a checked message asks."""
        source = self._source
        match message:
            case Show() | Ping() | Bye():
                self._publisher.inbox.view(message)
            case TaskCommand() | RunWith():
                self._act_on_task(message)
            case SchedulerCommand(type=command):
                source.command_scheduler(command)
            case SetOption(option=option, value=value):
                source.set_option(option, value)
            case Step(how=how, text=text, wait=wait):
                source.step(how, text, wait=wait)
            case GoVirtual(start=start, zone=zone):
                source.go_virtual(start, zone)
            case ClockCommand(type=command):
                source.command_clock(command)

    def _act_on_task(self, message: TaskCommand | RunWith) -> None:
        source = self._source
        if source.task(message.task) is None:
            msg = f"There is no task named {one_line(message.task, 80)!r} any more."
            raise Refused(msg)
        if isinstance(message, RunWith):
            source.run_with(message.task, message.values)
        else:
            source.command_task(message.type, message.task)


def _receive(dashboard: Dashboard, content: Any, _buffers: Any) -> None:
    """Take a custom message of a page; answers, never raises."""
    reply: dict[str, Any] = {"ok": True}
    try:
        message = read(content)
        reply |= {"view": message.view, "id": message.id}
        dashboard._act(message)  # noqa: SLF001  the other half of the class, kept out of its public face
    except Refused as refusal:
        reply |= {"ok": False, "error": str(refusal)} | _address(content)
    except Exception as error:
        reply |= {"ok": False, "error": one_line(str(error) or type(error).__name__, 500)}
    if reply.get("ok") and isinstance(content, dict) and content.get("type") == "bye":
        return
    dashboard._publisher.inbox.reply(reply)  # noqa: SLF001  as above


def _address(content: Any) -> dict[str, Any]:
    """Whom to answer a message that was refused, as far as it can be told."""
    if not isinstance(content, dict):
        return {}
    view, number = content.get("view"), content.get("id")
    address: dict[str, Any] = {}
    if isinstance(view, str) and len(view) <= 40:  # noqa: PLR2004  as in `_messages`
        address["view"] = view
    if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 2**53:
        address["id"] = number
    return address


def _answer_on_subshells(comm: Any) -> None:
    """Let the kernel take the page's messages on a subshell while a cell runs.

    ipykernel 7.4 gives a comm's messages to the shell that last published on it: for a widget made in a
    cell that is the main one, so that clicks wait until the cell ends. The name is private to ipykernel:
    where it is missing nothing is done, and a test tells when it changes.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _data, default: default  # noqa: SLF001  see above
