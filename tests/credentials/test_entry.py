"""The text of a keyring entry."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from catalog.connection import AccessKeys
from catalog.credentials import Profile
from catalog.credentials.entry import Entry, decode
from catalog.errors import CredentialsError

_GOOD = {
    "v": 1,
    "endpoint": "https://s3.example.com",
    "access_key_id": "AKIA12345678",
    "secret_access_key": "hush",
    "created": "2026-11-23T08:00:00+00:00",
}


def test_an_entry_reads_back(profile: Profile, keys: AccessKeys) -> None:
    """What is encoded is decoded."""
    created = datetime(2026, 11, 23, 8, tzinfo=UTC)

    entry = decode(Entry(profile, keys, created).encode(), profile)

    assert (entry.keys.access_key_id, entry.keys.secret_access_key, entry.created) == (
        keys.access_key_id,
        keys.secret_access_key,
        created,
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hush",
        "[]",
        "null",
        '"hush"',
        "[" * 100_000,
        json.dumps(_GOOD | {"v": 2}),
        json.dumps(_GOOD | {"secret_access_key": None}),
        json.dumps(_GOOD | {"access_key_id": ""}),
        json.dumps(_GOOD | {"created": "yesterday"}),
        json.dumps({name: value for name, value in _GOOD.items() if name != "secret_access_key"}),
    ],
    ids=["empty", "text", "list", "null", "string", "deep", "newer", "no secret", "no id", "no date", "missing"],
)
def test_what_is_no_entry_is_refused_without_quoting_it(profile: Profile, text: str) -> None:
    """An entry that somebody else wrote is unreadable, and its text is in no part of the error."""
    with pytest.raises(CredentialsError) as caught:
        decode(text, profile)

    assert caught.value.kind == "unreadable"
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert "hush" not in str(caught.value)


def test_another_endpoint_is_a_mismatch(profile: Profile) -> None:
    """An entry for another endpoint is not used."""
    with pytest.raises(CredentialsError) as caught:
        decode(json.dumps(_GOOD | {"endpoint": "https://evil.example"}), profile)

    assert caught.value.kind == "mismatch"
    assert (caught.value.endpoint, caught.value.profile) == ("https://s3.example.com", "lab")
