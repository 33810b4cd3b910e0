"""Text made harmless for a terminal."""

from __future__ import annotations

import re
import unicodedata

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_UNSEEN = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0e\U000e0100-\U000e01ef]"
    r"|(?<![\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    r"\U0001f000-\U0001faff])\ufe0f"
)
"""Letters and marks that show nothing; U+FE0F may follow what it makes an emoji of."""
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def escape(text: str) -> str:
    r"""Replace what a terminal would obey, or the eye would miss, by visible escapes such as ``\x1b`` and ``\u202e``.

    Controls (C0 and C1, so every ANSI sequence), line breaks of all kinds, format characters (overrides of the writing
    direction, zero-width characters, tags), fillers, variation selectors and lone surrogates. The result is one line that any
    UTF-8 terminal can show.
    """
    if not text.isprintable():
        text = "".join(_escape_character(character) for character in text)
    return text if text.isascii() else _UNSEEN.sub(lambda found: _code(found[0]), text)


def escape_lines(text: str) -> str:
    """Escape every line of ``text`` and keep the line breaks between them."""
    return "\n".join(escape(line) for line in text.replace("\r\n", "\n").split("\n"))


def _escape_character(character: str) -> str:
    if unicodedata.category(character) not in _UNSAFE:
        return character
    return _SHORT.get(character) or _code(character)


def _code(character: str) -> str:
    point = ord(character)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
