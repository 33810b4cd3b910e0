"""The one reader of JSON that people and programs give: each number and field is kept as written, or refused with its place."""

from __future__ import annotations

import json
import re
from collections import Counter
from decimal import Decimal
from math import isinf
from typing import Any

import orjson

from catalog.errors import InvalidJsonError

_TOKEN = re.compile(r'(?P<name>"(?:[^"\\]|\\.)*")(?=\s*:)|"(?:[^"\\]|\\.)*"|[{}\[\]]|-?[0-9][0-9.eE+-]*|-?[A-Za-z]+')
_LONGEST_SHOWN = 40


class _LostError(ValueError):
    """A number or field that would be lost: what to say of it, and the token where it is."""

    def __init__(self, what: str, hint: str, token: str, *, is_name: bool = False) -> None:
        super().__init__(what)
        self.hint, self.token, self.is_name = hint, token, is_name


def read_json(text: str | bytes) -> Any:
    """Read JSON; InvalidJsonError, with line and column, where a value would say something else than the text.

    Whole numbers are read in full. Refused are a field that comes twice in one object, a number with more digits than a
    float has, NaN and the infinities, text that is no Unicode.
    """
    refused: json.JSONDecodeError | None = None
    try:
        found = orjson.loads(text)
        # What is written the same again, but for spaces, has lost nothing; most files of programs are, and this is fast.
        written, again = (text.encode() if isinstance(text, str) else text).strip(), orjson.dumps(found)
        if written == again or written.replace(b": ", b":").replace(b", ", b",") == again:
            return found
    except orjson.JSONDecodeError as error:
        refused = error
    whole = _decoded(text)
    try:
        found = _PRECISE.decode(whole)
    except _LostError as lost:
        line, column = _place(whole, _find(whole, lost))
        raise InvalidJsonError(str(lost), line=line, column=column, hint=lost.hint) from None
    except json.JSONDecodeError as error:
        refused = error
    except RecursionError:
        raise InvalidJsonError("it is nested too deeply") from None
    if refused is not None:
        # orjson alone knows half surrogate pairs, and has an end to nesting.
        what = f"it is no JSON: {refused.msg[:1].lower()}{refused.msg[1:]}"
        raise InvalidJsonError(what, line=refused.lineno, column=refused.colno)
    return found


def _decoded(text: str | bytes) -> str:
    try:
        whole = text.decode() if isinstance(text, bytes) else text
        whole.encode()
    except UnicodeDecodeError as error:
        raise InvalidJsonError("it is not text in UTF-8", line=error.object.count(b"\n", 0, error.start) + 1) from None
    except UnicodeEncodeError as error:
        raise InvalidJsonError("half a surrogate pair is no text", line=error.object.count("\n", 0, error.start) + 1) from None
    return whole


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise _LostError(f"a number of {len(text):,} digits", "Write it as text, in quotes.", text) from None


def _number(text: str) -> float:
    number = float(text)
    if repr(number) == text or _says_the_same(text, number):
        return number
    shown = text[:_LONGEST_SHOWN]
    raise _LostError(f"the number {shown} has more digits than are kept", "Write it as text, in quotes.", text)


def _says_the_same(text: str, number: float) -> bool:
    """Whether a number, written with as many digits as a text has, is that text."""
    if number == 0.0:
        return not text.lower().partition("e")[0].strip("-0.")
    if isinf(number):
        return False
    wanted = Decimal(text)
    return Decimal(f"{number:.{len(wanted.as_tuple().digits) - 1}e}") == wanted


def _constant(text: str) -> Any:
    raise _LostError(f"{text} is nothing that JSON has", "Write null, or the word in quotes.", text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise _LostError(f"the field {twice[:_LONGEST_SHOWN]!a} comes twice", "Leave one of the two.", twice, is_name=True)
    return made


_PRECISE = json.JSONDecoder(parse_float=_number, parse_int=_whole, parse_constant=_constant, object_pairs_hook=_object)


def _find(text: str, lost: _LostError) -> int:
    """Where in a text the token is: for a name, where it comes a second time in one object."""
    names: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        if token[0] in "{[":
            names.append(set())
        elif token[0] in "}]":
            names.pop()
        elif lost.is_name and token["name"]:
            name = json.loads(token["name"])
            if name in names[-1]:
                return token.start()
            names[-1].add(name)
        elif token[0] == lost.token:
            return token.start()
    return 0


def _place(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
