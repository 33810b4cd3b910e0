"""What one keyring entry holds: a key pair, and the endpoint that it may be sent to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from catalog.connection import AccessKeys
from catalog.credentials.profile import Profile
from catalog.errors import CredentialsError, CredentialsKind

MOST_CHARACTERS = 1280
"""The Windows Credential Manager keeps 2,560 bytes of UTF-16; one limit everywhere lets an entry move between machines."""

_VERSION = 1
_FIELDS = ("endpoint", "access_key_id", "secret_access_key", "created")


@dataclass(frozen=True, slots=True)
class Entry:
    """The keys of a profile and when they were stored; no text form of it shows the secret but `encode`."""

    profile: Profile
    keys: AccessKeys
    created: datetime

    def encode(self) -> str:
        """Return the one JSON text that the keyring keeps."""
        return json.dumps(
            {
                "v": _VERSION,
                "endpoint": self.profile.endpoint,
                "access_key_id": self.keys.access_key_id,
                "secret_access_key": self.keys.secret_access_key,
                "created": self.created.isoformat(),
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )

    def check_length(self) -> None:
        """Raise CredentialsError (too long) when not every keyring could keep this entry."""
        length = len(self.encode().encode("utf-16-le")) // 2
        if length > MOST_CHARACTERS:
            raise CredentialsError(
                f"The keys of {self.profile} make an entry of {length:,} characters; a keyring keeps {MOST_CHARACTERS:,}.",
                kind=CredentialsKind.TOO_LONG,
                endpoint=self.profile.endpoint,
                profile=self.profile.name,
                hint="These look like temporary keys with a token: use an AWS profile for those.",
            )


def check_keys(keys: AccessKeys, what: str) -> AccessKeys:
    """Return the keys when a request can be signed with them.

    Raises:
        CredentialsError: (malformed) when a part is empty, surrounded by white space, or holds what no key does.
    """
    problem = _problem("key id", keys.access_key_id) or _problem("secret", keys.secret_access_key)
    if problem:
        raise CredentialsError(
            f"The {problem} in {what}.",
            kind=CredentialsKind.MALFORMED,
            hint="Copy it again, without line break or quotes; nothing was stored or sent.",
        )
    return keys


def _problem(part: str, text: str) -> str:
    if not text:
        return f"{part} is empty"
    if text != text.strip():
        return f"{part} begins or ends with white space"
    if any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 or 0xD800 <= ord(character) < 0xE000 for character in text):
        return f"{part} has a control character"
    return ""


def decode(text: str, profile: Profile) -> Entry:
    """Read an entry of this profile.

    Raises:
        CredentialsError: (unreadable) when this program did not write it, (mismatch) when it is for another endpoint.
    """
    fields = _fields(text)
    if fields is None:
        raise CredentialsError(
            f"The keyring entry of {profile} is not one that this program can read.",
            kind=CredentialsKind.UNREADABLE,
            endpoint=profile.endpoint,
            profile=profile.name,
            hint="Store the keys again, or update this program if a newer version stored them.",
        )
    endpoint, access_key_id, secret_access_key, created = fields
    if endpoint != profile.endpoint:
        raise CredentialsError(
            f"The keyring entry of {profile} was stored for another endpoint; the keys were not used.",
            kind=CredentialsKind.MISMATCH,
            endpoint=profile.endpoint,
            profile=profile.name,
            hint="Somebody moved or edited the entry. Forget it, and store the keys of this endpoint.",
        )
    return Entry(profile, AccessKeys(access_key_id, secret_access_key), datetime.fromisoformat(created))


def _fields(text: str) -> tuple[str, str, str, str] | None:
    try:
        held = json.loads(text)
        datetime.fromisoformat(held["created"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if held.get("v") != _VERSION or not all(isinstance(held.get(name), str) and held[name] for name in _FIELDS):
        return None
    return held["endpoint"], held["access_key_id"], held["secret_access_key"], held["created"]
