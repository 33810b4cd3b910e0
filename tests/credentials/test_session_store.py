"""Keys for this session only."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.connection import AccessKeys
from catalog.credentials import Profile, SessionStore
from catalog.errors import CredentialsError


def test_keys_are_kept_in_memory_only(profile: Profile, keys: AccessKeys, home: Path) -> None:
    """Keys of a session come back from the same store, from no other, and are in no file."""
    store = SessionStore()
    store.save(profile, keys)

    assert store.load(profile) is keys
    assert store.list() == (profile,)
    assert SessionStore().load(profile) is None
    assert not home.exists()


def test_forgotten_keys_are_gone(profile: Profile, keys: AccessKeys) -> None:
    """Forget says whether there was something."""
    store = SessionStore()
    store.save(profile, keys)

    assert store.forget(profile) is True
    assert store.forget(profile) is False
    assert store.load(profile) is None


def test_malformed_keys_are_refused(profile: Profile) -> None:
    """Keys are checked as those for the keyring are."""
    with pytest.raises(CredentialsError) as caught:
        SessionStore().save(profile, AccessKeys("AKIA", "line\n"))

    assert caught.value.kind == "malformed"
