"""What the program asks of the library about credentials; all of it is called in a job's thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from catalog import Catalog, CredentialsError, Entry, Progress, S3Connection, Status, credentials
from catalog.credentials import Profile, SourceReport
from tui.trust import Vouching

_NO_KEYRING = frozenset({"no backend", "refused backend"})


@dataclass(frozen=True)
class ProfileRow:
    """A profile that has keys: in the keyring since ``created``, or in this session only (None)."""

    profile: Profile
    key_id_ending: str = ""
    created: datetime | None = None


@dataclass(frozen=True)
class Keyring:
    """Why there is no keyring to use (empty when there is), and how many seconds one is waited for."""

    problem: str
    seconds: float


@dataclass(frozen=True)
class SavedKeys:
    """A key pair that is kept."""

    profile: Profile
    in_keyring: bool


def profile_of(entry: Entry) -> Profile | None:
    """The profile that a database uses; None where no keys are needed."""
    connection = entry.connection
    return None if connection.is_folder or connection.is_address_only else Profile.of(connection)


def list_profiles() -> tuple[ProfileRow, ...]:
    """List the profiles that this machine's keyring holds, and those of this session; the keyring is not asked."""
    stored = [ProfileRow(found.profile, found.key_id_ending, found.created) for found in credentials.list()]
    session = [ProfileRow(profile) for profile in credentials.this_session.list()]
    return (*session, *stored)


def explain_source(entry: Entry) -> Sequence[SourceReport]:
    """Say which source would give the keys of a database."""
    return credentials.explain(entry.connection)


def check_keyring(endpoint: str, name: str) -> Keyring:
    """Find out whether there is a keyring that may be used; one that is locked may be opened later."""
    seconds = credentials.keyring_timeout()
    try:
        credentials.load(_profile(endpoint, name))
    except CredentialsError as error:
        return Keyring(error.message if error.kind in _NO_KEYRING else "", seconds)
    return Keyring("", seconds)


def save_keys(endpoint: str, name: str, key_id: str, secret: str, progress: Progress) -> SavedKeys:
    """Keep a key pair in the keyring; what this session had for the profile is forgotten."""
    profile = _profile(endpoint, name)
    if keys := _keyed(key_id, secret).access_keys:
        credentials.save(profile, keys, progress=progress)
    credentials.this_session.forget(profile)
    return SavedKeys(profile, in_keyring=True)


def keep_keys(endpoint: str, name: str, key_id: str, secret: str) -> SavedKeys:
    """Keep a key pair until the program ends."""
    profile = _profile(endpoint, name)
    if keys := _keyed(key_id, secret).access_keys:
        credentials.this_session.save(profile, keys)
    return SavedKeys(profile, in_keyring=False)


def forget_keys(row: ProfileRow) -> None:
    """Delete the keys of a profile, from where the row says that they are."""
    if row.created is None:
        credentials.this_session.forget(row.profile)
    else:
        credentials.forget(row.profile)


def try_keys(catalog: Catalog, row: ProfileRow, entry: Entry, vouching: Vouching) -> Status:
    """Ask how a database stands with the keys of a profile, whatever other keys there are."""
    session = credentials.this_session.load(row.profile) if row.created is None else None
    keys = session or credentials.load(row.profile)
    keyed = S3Connection(keys.access_key_id, keys.secret_access_key, **entry.connection.model_dump())
    return catalog.status(replace(entry, connection=keyed), refresh=True, **vouching)


def approve_place(group: str, entry: Entry) -> None:
    """Remember on this machine that the place of a database may be used."""
    credentials.approve(entry.connection, group)


def _profile(endpoint: str, name: str) -> Profile:
    return Profile.at(endpoint.strip() or None, name.strip() or None)


def _keyed(key_id: str, secret: str) -> S3Connection:
    """Hold a key pair as the library does: no text form shows it."""
    return S3Connection(key_id, secret, db_key="any", bucket="any")
