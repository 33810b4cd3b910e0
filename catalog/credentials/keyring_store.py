"""Save, load, rotate, forget and list the keys that live in the operating system's keyring."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from catalog.connection import AccessKeys
from catalog.credentials import keyring_backend
from catalog.credentials.entry import Entry, check_keys, decode
from catalog.credentials.keyring_thread import KeyringThread
from catalog.credentials.profile import Profile
from catalog.credentials.profile_index import StoredProfile, index_file
from catalog.errors import CredentialsError, CredentialsKind, InvalidInputError
from catalog.progress import Progress

_T = TypeVar("_T")

_KEYRING = KeyringThread(keyring_backend.translate)
"""One for the process: calls from several threads at once make the Secret Service fail."""

_TIMEOUT_VARIABLE = "CATALOG_KEYRING_TIMEOUT"
_LONGEST_WAIT = 3600


def save(profile: Profile, keys: AccessKeys, *, timeout: float | None = None, progress: Progress | None = None) -> StoredProfile:
    """Store the keys of a profile, in the place of older ones, and read them back.

    Args:
        profile: The name and the endpoint that the keys are for; they are never sent to another.
        keys: The key pair.
        timeout: Seconds to wait for the keyring; by default ``CATALOG_KEYRING_TIMEOUT``, or 30.
        progress: To show that the keyring is being waited for, and to cancel that.

    Raises:
        CredentialsError: when the keys are malformed or too long, or the keyring did not keep them.
        InvalidInputError: when a stored profile has the same name but for case and punctuation.
        LockTimeoutError: when another process is changing the stored profiles.
    """
    seconds = keyring_timeout(timeout)
    entry = Entry(profile, check_keys(keys, str(profile)), datetime.now(UTC).replace(microsecond=0))
    entry.check_length()
    stored = StoredProfile.of(entry)
    file = index_file()
    with file.lock(seconds + 10):
        index = file.read()
        index.check_distinct(profile)
        _ask(
            lambda: keyring_backend.write(profile.service, profile.name, entry.encode()),
            "storing",
            profile,
            seconds,
            progress,
        )
        file.replace(index.with_profile(stored))
    return stored


def load(profile: Profile, *, timeout: float | None = None, progress: Progress | None = None) -> AccessKeys:
    """Return the stored keys of a profile.

    Raises:
        CredentialsError: (missing) when there are none, (mismatch) when they were stored for another endpoint, or why the
            keyring could not be asked.
    """
    return load_entry(profile, timeout=timeout, progress=progress).keys


def load_entry(profile: Profile, *, timeout: float | None = None, progress: Progress | None = None) -> Entry:
    """Return the stored keys of a profile and when they were stored; raises what `load` raises."""

    def read() -> Entry | None:
        text = keyring_backend.read(profile.service, profile.name)
        return None if text is None else decode(text, profile)

    entry = _ask(read, "reading", profile, keyring_timeout(timeout), progress)
    if entry is None:
        raise CredentialsError(
            f"The keyring has no keys for {profile}.",
            kind=CredentialsKind.MISSING,
            endpoint=profile.endpoint,
            profile=profile.name,
            hint=f"Store them: catalog credentials add {profile.name} --endpoint {profile.endpoint}",
        )
    return entry


def rotate(
    profile: Profile,
    keys: AccessKeys,
    *,
    check: Callable[[AccessKeys], None] | None = None,
    timeout: float | None = None,
    progress: Progress | None = None,
) -> StoredProfile:
    """Replace the stored keys of a profile by new ones.

    ``check`` is called with the new keys before anything is written; what it raises stops the rotation, so that keys that
    do not work never replace keys that do. If the keyring does not keep the new keys, the old ones are put back.

    Raises:
        CredentialsError: (missing) when the profile has no keys yet, or as `save`.
    """
    old = load(profile, timeout=timeout, progress=progress)
    check_keys(keys, str(profile))
    if check:
        check(keys)
    try:
        return save(profile, keys, timeout=timeout, progress=progress)
    except CredentialsError as error:
        if error.kind is CredentialsKind.NOT_KEPT:
            save(profile, old, timeout=timeout)
        raise


def forget(profile: Profile, *, timeout: float | None = None, progress: Progress | None = None) -> bool:
    """Delete the stored keys of a profile from the keyring and the index; False when there were none.

    Raises:
        CredentialsError: when the keyring could not be asked, or still has them.
        LockTimeoutError: when another process is changing the stored profiles.
    """
    seconds = keyring_timeout(timeout)
    file = index_file()
    with file.lock(seconds + 10):
        index = file.read()
        there = _ask(lambda: keyring_backend.remove(profile.service, profile.name), "forgetting", profile, seconds, progress)
        if index.names(profile):
            file.replace(index.without(profile))
    return there


def list() -> tuple[StoredProfile, ...]:
    """Return the profiles stored from this machine, in order, without asking the keyring.

    Raises:
        LocalFileError: when the index is damaged.
    """
    return tuple(sorted(index_file().read().profiles))


def _ask(action: Callable[[], _T], doing: str, profile: Profile, seconds: float, progress: Progress | None) -> _T:
    try:
        return _KEYRING.call(action, f"{doing} {profile}", seconds, progress)
    except CredentialsError as error:
        error.endpoint, error.profile = profile.endpoint, profile.name
        raise


def keyring_timeout(seconds: float | None = None) -> float:
    """Return how many seconds to wait for the keyring: the argument, or ``CATALOG_KEYRING_TIMEOUT``, or 30.

    Raises:
        InvalidInputError: when that is not a number above 0 and at most 3,600.
    """
    try:
        chosen = float(os.environ.get(_TIMEOUT_VARIABLE) or 30) if seconds is None else seconds
    except ValueError:
        chosen = math.nan
    if not 0 < chosen <= _LONGEST_WAIT:
        raise InvalidInputError(
            "The keyring's timeout is not a number of seconds above 0 and at most 3,600.",
            hint=f"Correct the argument or the environment variable {_TIMEOUT_VARIABLE}.",
        )
    return chosen
