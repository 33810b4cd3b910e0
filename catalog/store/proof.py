"""Proof that what was written is stored: not every 200 comes from a store.

The tag of an object that was written in one piece is the MD5 of its bytes at most services; then it is there, and whole. Where
tags are something else, which an encryption key does or the service, the first object is read back, and that is remembered.
"""

from __future__ import annotations

import hashlib
import threading
from contextlib import suppress
from typing import Literal

from pydantic import BaseModel, ConfigDict

from catalog.errors import LocalFileError, LockTimeoutError
from catalog.json_file import JsonFile
from catalog.locations import data_folder

_MOST_PLACES = 1_000


class _Opaque(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    v: Literal[1] = 1
    places: tuple[str, ...] = ()


_known: set[str] = set()
_lock = threading.Lock()


def proves(tag: str, body: bytes | bytearray) -> bool:
    """Whether a tag is the MD5 of a body."""
    return tag.strip('"').lower() == hashlib.md5(body, usedforsecurity=False).hexdigest()


def is_opaque(place: str) -> bool:
    """Whether tags of a place were found to be no MD5; asked only where one is not."""
    with _lock:
        if place in _known:
            return True
    with suppress(LocalFileError):
        if place in _file().read().places:
            with _lock:
                _known.add(place)
            return True
    return False


def note_opaque(place: str) -> None:
    """Remember that tags of a place are no MD5, in this process and, where that can be written, on this machine."""
    with _lock:
        _known.add(place)

    def changed(held: _Opaque) -> _Opaque:
        return _Opaque(places=(*(kept for kept in held.places[-_MOST_PLACES:] if kept != place), place))

    with suppress(LocalFileError, LockTimeoutError):
        _file().change(changed)


def _file() -> JsonFile[_Opaque]:
    return JsonFile(data_folder() / "tags.json", _Opaque, _Opaque())
