"""What can be a key."""

from __future__ import annotations

from typing import TypeGuard

from catalog.errors import InvalidKeyError
from catalog.local.data_file import LONGEST_KEY, RESERVED_KEYS


def is_text(key: object) -> TypeGuard[str]:
    """Whether there can be such a key at all: a string of whole characters, at least one."""
    if not isinstance(key, str) or not key:
        return False
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_key(key: object) -> str:
    """The key, if it can be one: a non-empty string of at most 65,535 bytes; else InvalidKeyError."""
    if not isinstance(key, str):
        raise InvalidKeyError(f"A key is a string, not {type(key).__name__}.", hint="Use str(key).")
    if not key:
        raise InvalidKeyError("A key has at least one character.")
    try:
        encoded = key.encode()
    except UnicodeEncodeError:
        raise InvalidKeyError(f"The key {key[:40]!a} is no valid text.") from None
    if len(encoded) > LONGEST_KEY:
        raise InvalidKeyError(f"The key {key[:40]!a}… takes {len(encoded):,} bytes; at most {LONGEST_KEY:,} are accepted.")
    if encoded in RESERVED_KEYS:
        raise InvalidKeyError(f"{key!r} is a key that booklet reserves for itself.")
    return key
