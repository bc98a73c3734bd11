"""CSV files at the level of bytes: find and cut a torn end, find the highest counted run id.

A process that dies, or a disk that fills, in the middle of a write leaves half a row. Whatever is
appended then melts into it. Rows are written with one system call and acknowledged afterwards, so a torn
row was never acknowledged: it is cut off (and kept beside the file).
"""

from __future__ import annotations

import mmap
import os
import re
from pathlib import Path
from typing import BinaryIO

_CHUNK = 1 << 20
_RUN_ROW = re.compile(rb",run,(\d{8,15}),")


def repair_tail(path: Path) -> int:
    """Cut what follows the last complete row; how many bytes that was.

    What was cut is appended to `<path>.torn`.
    """
    try:
        with path.open("rb+") as file:
            keep = _end_of_rows(file)
            size = file.seek(0, os.SEEK_END)
            if keep == size:
                return 0
            file.seek(keep)
            with path.with_name(path.name + ".torn").open("ab") as torn:
                torn.write(file.read() + b"\n")
            file.truncate(keep)
            return size - keep
    except FileNotFoundError:
        return 0


def _end_of_rows(file: BinaryIO) -> int:
    """Offset behind the last line end that lies outside quotes.

    A line end is outside quotes when the number of quotes before it is even. Quotes are counted from
    the start (fast), then the end is walked backwards.
    """
    quotes = 0
    while chunk := file.read(_CHUNK):
        quotes += chunk.count(b'"')
    position = file.tell()
    while position > 0:
        start = max(position - _CHUNK, 0)
        file.seek(start)
        chunk = file.read(position - start)
        end = len(chunk)
        while (newline := chunk.rfind(b"\n", 0, end)) >= 0:
            quotes -= chunk.count(b'"', newline, end)
            if quotes % 2 == 0:
                return start + newline + 1
            end = newline
        quotes -= chunk.count(b'"', 0, end)
        position = start
    return 0


def number_after_rows(path: Path) -> int:
    """The number above all counted run ids of a log with the usual columns; rows are not taken apart."""
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return 1
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return 1 + max((int(found[1]) for found in _RUN_ROW.finditer(data)), default=0)
