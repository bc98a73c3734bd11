"""Drives a real kernel as a frontend does, cell ids included."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jupyter_client.manager import start_new_kernel


@dataclass
class Reply:
    """What a cell has put out."""

    stdout: str = ""
    stderr: str = ""
    results: list[dict[str, Any]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""
    status: str = ""

    @property
    def text(self) -> str:
        """Text form of the last result."""
        return str(self.results[-1]["text/plain"]) if self.results else ""

    @property
    def everything(self) -> str:
        """All that would be seen under the cell."""
        return self.stdout + self.stderr + self.error + str(self.results)


class Kernel:
    """A kernel process and its client."""

    def __init__(self) -> None:
        self.manager, self.client = start_new_kernel(kernel_name="python3")

    def run(
        self, code: str, cell_id: str | None = None, timeout: float = 60, interrupt_after: str = ""
    ) -> Reply:
        """Run a cell and wait until the kernel is idle again.

        Args:
            code: The cell.
            cell_id: What the frontend calls it.
            timeout: Seconds to wait for each message.
            interrupt_after: Press the stop button once this text was shown.
        """
        client = self.client
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        metadata = {} if cell_id is None else {"cellId": cell_id}
        message = client.session.msg("execute_request", content, metadata=metadata)
        client.shell_channel.send(message)
        reply = Reply()
        while True:
            found = client.get_iopub_msg(timeout=timeout)
            if found["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            kind, said = found["msg_type"], found["content"]
            if kind == "stream":
                setattr(reply, said["name"], getattr(reply, said["name"]) + said["text"])
            elif kind in {"execute_result", "display_data"}:
                reply.results.append(said["data"])
            elif kind == "update_display_data":
                reply.updates.append(said["data"])
            elif kind == "error":
                reply.error += "\n".join(said["traceback"])
            if interrupt_after and interrupt_after in str(reply):
                interrupt_after = ""
                self.manager.interrupt_kernel()
            if kind == "status" and said["execution_state"] == "idle":
                break
        reply.status = self._status(message["header"]["msg_id"], timeout)
        return reply

    def _status(self, message_id: str, timeout: float) -> str:
        """Status of the reply to a message; replies to earlier ones may still lie before it."""
        while True:
            found = self.client.get_shell_msg(timeout=timeout)
            if found["parent_header"].get("msg_id") == message_id:
                return str(found["content"]["status"])

    def complete(self, code: str) -> list[str]:
        """Candidates at the end of the code."""
        answer = self.client.complete(code, len(code), reply=True, timeout=30)
        return list(answer["content"]["matches"])

    def close(self) -> None:
        """End the kernel."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()
