"""Floor 9: a notebook without a frontend, as a service: `rocket-magic run NOTEBOOK`.

The cells run first, in order, in a shell of this process, as Run All does; the scheduler starts when all
of them have succeeded. One that fails ends it all before any task has started.

* `_document` the file · `_shell` the cells · `_service` from the file to the end of the scheduler
* `_journal` what is written to the terminal · `_signals` SIGTERM and SIGHUP
"""

from rocket_magic.notebook.headless._document import HeadlessError as HeadlessError
from rocket_magic.notebook.headless._service import Wishes as Wishes
from rocket_magic.notebook.headless._service import prepare as prepare
from rocket_magic.notebook.headless._service import serve as serve

__all__ = ["HeadlessError", "Wishes", "prepare", "serve"]
