"""What the program asks of the library about credentials: each call runs in a job's thread and gives one message."""

from __future__ import annotations

from dataclasses import replace

from catalog import Catalog, CredentialsError, Entry, Progress, S3Connection, credentials
from catalog.credentials import Profile
from tui.messages import (
    Approved,
    KeyringChecked,
    KeysForgotten,
    KeysSaved,
    KeysTried,
    ProfileRow,
    ProfilesListed,
    SourceExplained,
)
from tui.trust import Vouching

_NO_KEYRING = frozenset({"no backend", "refused backend"})


def list_profiles() -> ProfilesListed:
    """List the profiles that this machine's keyring holds, and those of this session; the keyring is not asked."""
    stored = [ProfileRow(found.profile, found.key_id_ending, found.created) for found in credentials.list()]
    session = [ProfileRow(profile) for profile in credentials.this_session.list()]
    return ProfilesListed((*session, *stored))


def explain_source(entry: Entry) -> SourceExplained:
    """Say which source would give the keys of a database."""
    return SourceExplained(entry, credentials.explain(entry.connection))


def check_keyring(endpoint: str, name: str) -> KeyringChecked:
    """Find out whether there is a keyring that may be used; one that is locked may be opened later."""
    seconds = credentials.keyring_timeout()
    try:
        credentials.load(_profile(endpoint, name))
    except CredentialsError as error:
        return KeyringChecked(error.message if error.kind in _NO_KEYRING else "", seconds)
    return KeyringChecked("", seconds)


def save_keys(endpoint: str, name: str, key_id: str, secret: str, progress: Progress) -> KeysSaved:
    """Keep a key pair in the keyring; what this session had for the profile is forgotten."""
    profile = _profile(endpoint, name)
    if keys := _keyed(key_id, secret).access_keys:
        credentials.save(profile, keys, progress=progress)
    credentials.this_session.forget(profile)
    return KeysSaved(profile, in_keyring=True)


def keep_keys(endpoint: str, name: str, key_id: str, secret: str) -> KeysSaved:
    """Keep a key pair until the program ends."""
    profile = _profile(endpoint, name)
    if keys := _keyed(key_id, secret).access_keys:
        credentials.this_session.save(profile, keys)
    return KeysSaved(profile, in_keyring=False)


def forget_keys(row: ProfileRow) -> KeysForgotten:
    """Delete the keys of a profile, from where the row says that they are."""
    if row.created is None:
        credentials.this_session.forget(row.profile)
    else:
        credentials.forget(row.profile)
    return KeysForgotten(row.profile)


def try_keys(catalog: Catalog, row: ProfileRow, entry: Entry, vouching: Vouching) -> KeysTried:
    """Ask for the head of a database with the keys of a profile, whatever other keys there are."""
    session = credentials.this_session.load(row.profile) if row.created is None else None
    keys = session or credentials.load(row.profile)
    keyed = S3Connection(keys.access_key_id, keys.secret_access_key, **entry.connection.model_dump())
    status = catalog.status(replace(entry, connection=keyed), refresh=True, **vouching)
    return KeysTried(row.profile, entry, status)


def approve_place(group: str, entry: Entry) -> Approved:
    """Remember on this machine that the place of a database may be used."""
    credentials.approve(entry.connection, group)
    return Approved(entry)


def _profile(endpoint: str, name: str) -> Profile:
    return Profile.at(endpoint.strip() or None, name.strip() or None)


def _keyed(key_id: str, secret: str) -> S3Connection:
    """Hold a key pair as the library does: no text form shows it."""
    return S3Connection(key_id, secret, db_key="any", bucket="any")
