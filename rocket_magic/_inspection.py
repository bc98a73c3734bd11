"""Floor 0: what parameters a callable takes, told alike on every Python.

Since Python 3.14 annotations are evaluated when they are asked for (PEP 649), by default all of them. A name
that only a type checker imports would then refuse the whole function, which runs well without it.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["signature_of"]

if sys.version_info >= (3, 14):
    from annotationlib import Format

    def signature_of(func: Callable[..., Any]) -> inspect.Signature:
        """The signature; names in annotations that can't be evaluated stand there as forward references.

        Args:
            func: Anything callable.

        Raises:
            TypeError: It is not callable, or of a kind that has no signature.
            ValueError: It is written in C and does not tell.
        """
        return inspect.signature(func, annotation_format=Format.FORWARDREF)

else:
    signature_of = inspect.signature
