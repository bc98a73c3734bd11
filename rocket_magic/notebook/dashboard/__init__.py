"""Floor 9: the dashboard, a widget that shows one session live (`%rocket show`).

From below: `_source` what it needs of a session, `_session_source` the real one · `_text` `_rows`
`_outputs` untrusted text made fit to travel · `_index` all tasks, filtered and sorted · `_messages` what a
page may say · `_panels` the parts of a view · `_publisher` the thread that sends · `_fallback` the still
picture · `_widget` the widget · `static/` the page, one plain ES module and its style sheet.

Importing this loads anywidget: import it when a dashboard is shown, not before.
"""

from __future__ import annotations

from rocket_magic.notebook.dashboard._session_source import SessionSource as SessionSource
from rocket_magic.notebook.dashboard._source import DashboardSource as DashboardSource
from rocket_magic.notebook.dashboard._widget import Dashboard as Dashboard

__all__ = ["Dashboard", "DashboardSource", "SessionSource"]
