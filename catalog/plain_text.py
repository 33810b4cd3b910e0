"""Text made harmless for a terminal."""

from __future__ import annotations

import unicodedata

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def escape(text: str) -> str:
    r"""Replace what a terminal would obey, or the eye would miss, by visible escapes such as ``\x1b`` and ``\u202e``.

    Controls (C0 and C1, so every ANSI sequence), line breaks of all kinds, format characters (overrides of the writing
    direction, zero-width characters, tags) and lone surrogates. The result is one line that any UTF-8 terminal can show.
    """
    if text.isprintable():
        return text
    return "".join(_escape_character(character) for character in text)


def escape_lines(text: str) -> str:
    """Escape every line of ``text`` and keep the line breaks between them."""
    return "\n".join(escape(line) for line in text.replace("\r\n", "\n").split("\n"))


def _escape_character(character: str) -> str:
    if unicodedata.category(character) not in _UNSAFE:
        return character
    if character in _SHORT:
        return _SHORT[character]
    point = ord(character)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
