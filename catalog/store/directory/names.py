"""How the objects of a folder are named as files.

Object ``a/b`` is the file ``a/b``, so that any web server that serves the folder serves the objects. Where that path is a
folder, because there are objects ``a/b/…`` too, it is ``a/b/index.html``, which web servers give out for a folder.
Characters that some file system refuses are percent-escaped; so are capitals, if the store's file system takes ``A`` and
``a`` for one.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from catalog.errors import InvalidInputError

INDEX = "index.html"
PRIVATE = ".catalog-store"
"""The folder for locks and unfinished files; no object's name becomes this."""

_REFUSED = frozenset('%\\:*?"<>|\x7f' + "".join(map(chr, range(32))))
_REFUSED_LAST = ". "
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_OWN = {INDEX, PRIVATE}


def to_path(name: str, *, fold_case: bool) -> str:
    """Return the path of an object relative to the store, with ``/``.

    Raises InvalidInputError for a name that is absolute, has an empty, ``.`` or ``..`` part, or is no text.
    """
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise InvalidInputError(f"{name!r} cannot be the name of an object: it has an empty, '.' or '..' part.")
    try:
        path = "/".join(_escape(part, fold_case) for part in parts)
        longest = max(len(part.encode()) for part in path.split("/"))
    except UnicodeEncodeError:
        raise InvalidInputError(f"{name!a} cannot be the name of an object: it is no valid text.") from None
    if longest > 255:
        raise InvalidInputError(f"{name[:80]!r}… cannot be the name of an object: a part of it is longer than 255 bytes.")
    return path


def to_name(path: str) -> str:
    """Return the name of the object at a relative path with ``/``; the inverse of `to_path`."""
    folder, _, last = path.rpartition("/")
    return unquote(folder if last == INDEX else path)


def _escape(part: str, fold_case: bool) -> str:
    taken = bool(_DEVICE.fullmatch(part)) or part.casefold() in _OWN
    last = len(part) - 1

    def must_escape(at: int, char: str) -> bool:
        return (
            char in _REFUSED
            or (at == last and char in _REFUSED_LAST)
            or (at == 0 and taken)
            or (fold_case and char != char.lower())
        )

    return "".join(_percent(char) if must_escape(at, char) else char for at, char in enumerate(part))


def _percent(char: str) -> str:
    return "".join(f"%{byte:02x}" for byte in char.encode())
