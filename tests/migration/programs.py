"""The script that the restart tests run as a process of its own.

`python programs.py WAY FILE [more arguments]`: each life of the scheduler writes a line to the file; the
first life restarts, the second shuts down.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rocket_magic import Rocketry
from rocket_magic.args import Session
from rocket_magic.conds import every

way, book = sys.argv[1], Path(sys.argv[2])
app = Rocketry(config={"restarting": way, "task_execution": "main"})


@app.setup()
def note_life():
    """Write who we are."""
    line = "|".join([str(os.getpid()), __package__ or "", *sys.argv[3:], *sys.orig_argv[1:3]])
    with book.open("a") as file:
        file.write(line + "\n")


@app.task(every("10 ms"))
def work(session=Session()):
    """Restart once."""
    if len(book.read_text().splitlines()) < 2:
        session.restart()
    else:
        session.shut_down()


if __name__ == "__main__":
    app.run()
