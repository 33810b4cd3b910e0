"""Values as text: JSON and plain data indented, arrays summed up, text as it is, bytes as text or hexadecimal."""

from __future__ import annotations

import difflib
import json
import pprint
from typing import Any

from catalog.cli.listing import count
from catalog.text import escape_lines

_MOST_BYTES = 512
_MOST_NUMBERS = 8
_MOST_LINES = 400


def value_text(value: Any) -> str:
    """Show ``value`` in as many lines as it needs; nothing in the result is obeyed by a terminal."""
    if isinstance(value, bytes | bytearray | memoryview):
        return _bytes_text(bytes(value))
    if isinstance(value, str):
        return escape_lines(value)
    if _is_array(value):
        return escape_lines(_array_text(value))
    return escape_lines(_data_text(value))


def _is_array(value: Any) -> bool:
    return hasattr(value, "dtype") and hasattr(value, "shape")


def _array_text(array: Any) -> str:
    """An array on one line: its type, its shape, and its first and last numbers."""
    shape = " × ".join(f"{length:,}" for length in array.shape) or "scalar"
    numbers = [str(number) for number in array.reshape(-1)[:_MOST_NUMBERS].tolist()]
    more = " …" if array.size > _MOST_NUMBERS else ""
    return f"{array.dtype} array of {shape}: {' '.join(numbers)}{more}"


def _data_text(value: Any) -> str:
    import orjson

    from catalog.codecs.tree import has_nan

    try:
        packed = orjson.dumps(value, default=_foreign_text, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)
        # Only Python's own writer shows NaN as what it is.
        if b"null" in packed and has_nan(value):
            return json.dumps(value, default=_foreign_text, indent=2, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return pprint.pformat(value, width=100, sort_dicts=False)
    return packed.decode()


def _foreign_text(value: Any) -> Any:
    if _is_array(value):
        return _array_text(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    return value.hex() if isinstance(value, bytes) else str(value)


def _bytes_text(raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return _hex_text(raw)
    return escape_lines(text) if text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable() else _hex_text(raw)


def _hex_text(raw: bytes) -> str:
    lines = []
    for start in range(0, min(len(raw), _MOST_BYTES), 16):
        row = raw[start : start + 16]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{start:08x}  {row.hex(' '):<47}  {shown}")
    if len(raw) > _MOST_BYTES:
        lines.append(f"… {len(raw) - _MOST_BYTES:,} more bytes")
    return "\n".join(lines)


def difference(old: str, new: str) -> list[tuple[str, str]]:
    """The lines that differ between two value texts, each with ``-`` (only in the old) or ``+`` (only in the new)."""
    before, after = old.splitlines(), new.splitlines()
    if len(before) + len(after) > _MOST_LINES:
        return [("-", count(len(before), "line")), ("+", count(len(after), "line"))]
    matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
    lines: list[tuple[str, str]] = []
    for kind, from_a, to_a, from_b, to_b in matcher.get_opcodes():
        if kind != "equal":
            lines += [("-", line) for line in before[from_a:to_a]]
            lines += [("+", line) for line in after[from_b:to_b]]
    return lines
