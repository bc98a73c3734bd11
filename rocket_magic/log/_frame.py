"""The task log as a pandas DataFrame; pandas is optional and loaded here only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rocket_magic.exc import MissingExtraError
from rocket_magic.log._record import COLUMNS

if TYPE_CHECKING:
    import pandas as pd

    from rocket_magic.log._models import TaskRunRecord

_TIMES = ("created", "start", "end", "due")


def frame_of(rows: Sequence[TaskRunRecord]) -> pd.DataFrame:
    """The rows with one column each of `COLUMNS`; times are UTC timestamps, runtime is in seconds.

    Raises:
        MissingExtraError: pandas is not installed.
    """
    try:
        import pandas as pd  # noqa: PLC0415  optional, and slow to load
    except ModuleNotFoundError as error:
        msg = "to_pandas() needs pandas: pip install 'rocket_magic[lab]'"
        raise MissingExtraError(msg) from error
    frame = pd.DataFrame([row.model_dump() for row in rows], columns=list(COLUMNS))
    for column in _TIMES:
        # whole microseconds first: seconds as floats would come back off by nanoseconds
        micros = (frame[column].astype("float64") * 1e6).round()
        frame[column] = pd.to_datetime(micros, unit="us", utc=True)
    return frame
