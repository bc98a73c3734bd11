"""Floor 0: what is installed of the optional dependencies, asked without loading them."""

from __future__ import annotations

import importlib.util
import sys
from typing import Final

__all__ = ["dask_problem"]

_INSTALL: Final = "it needs dask.distributed: pip install 'rocket_magic[dask]'"


def dask_problem() -> str | None:
    """Why runs can't go to a dask cluster: what is missing, and how to get it; None if they can."""
    known = sys.modules.get("distributed") or importlib.util.find_spec("distributed")
    return None if known is not None else _INSTALL
