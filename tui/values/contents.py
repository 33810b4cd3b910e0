"""A value as it is taken out of the program: to the clipboard, or into a file."""

from __future__ import annotations

import io
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import orjson

from .loaded import loaded
from .python_lines import python_lines

_OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS


@dataclass(frozen=True, slots=True)
class Contents:
    """Bytes, the ending that a file of them has, and whether they are text in UTF-8."""

    body: bytes
    ending: str
    is_text: bool


def of(value: Any, *, json: bool) -> Contents:
    """JSON for what is JSON, text and bytes as they are, .npy for arrays, CSV for tables, else the Python literal."""
    if json:
        return Contents(orjson.dumps(value, option=_OPTIONS), ".json", is_text=True)
    if isinstance(value, str):
        return Contents(value.encode(errors="replace"), ".txt", is_text=True)
    if isinstance(value, bytes | bytearray | memoryview):
        return _of_bytes(bytes(value))
    numpy, pandas = loaded("numpy"), loaded("pandas")
    if numpy is not None and isinstance(value, numpy.ndarray) and not value.dtype.hasobject:
        file = io.BytesIO()
        numpy.save(file, value, allow_pickle=False)
        return Contents(file.getvalue(), ".npy", is_text=False)
    if pandas is not None and isinstance(value, pandas.DataFrame):
        return Contents(value.to_csv(index=False).encode(errors="replace"), ".csv", is_text=True)
    # Arrays inside of other values are written in full too, with all digits.
    whole = numpy.printoptions(threshold=sys.maxsize, floatmode="unique") if numpy is not None else nullcontext()
    with whole:
        lines = python_lines(value, None, None)
    return Contents("\n".join(lines).encode(errors="replace"), ".txt", is_text=True)


def _of_bytes(raw: bytes) -> Contents:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return Contents(raw, ".bin", is_text=False)
    return Contents(raw, ".txt" if text.isprintable() or "\n" in text else ".bin", is_text="\0" not in text)
