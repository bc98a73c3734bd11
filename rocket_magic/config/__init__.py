"""Floor 3: the configuration of a session.

Each option has a `Kind`, from which come its check, its text, the reading of typed text and its form field:
the dashboard, `%rocket config` and the model can't disagree.
"""

from rocket_magic.config._forms import OptionRow as OptionRow
from rocket_magic.config._forms import describe as describe
from rocket_magic.config._forms import form_fields as form_fields
from rocket_magic.config._forms import notebook_config as notebook_config
from rocket_magic.config._forms import set_from_text as set_from_text
from rocket_magic.config._model import Config as Config

__all__ = [
    "Config",
    "OptionRow",
    "describe",
    "form_fields",
    "notebook_config",
    "set_from_text",
]
