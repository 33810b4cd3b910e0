"""Saving, rotating, forgetting and listing, where the keyring itself is not the point."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog import credentials
from catalog.connection import AccessKeys
from catalog.credentials import Profile
from catalog.errors import CredentialsError, InvalidInputError, LocalFileError

from .conftest import UseKeyring
from .keyrings import GarblingKeyring, MemoryKeyring

_NEW = AccessKeys("AKIASECOND", "second")


def test_rotate_replaces_the_keys(memory: MemoryKeyring, profile: Profile, keys: AccessKeys) -> None:
    """After a rotation the new keys are loaded and listed."""
    credentials.save(profile, keys)

    credentials.rotate(profile, _NEW)

    assert credentials.load(profile).secret_access_key == "second"
    assert [stored.key_id_ending for stored in credentials.list()] == ["COND"]


def test_rotate_needs_a_stored_profile(memory: MemoryKeyring, profile: Profile) -> None:
    """What was never stored is not rotated, so that a mistyped name makes no new profile."""
    with pytest.raises(CredentialsError) as caught:
        credentials.rotate(profile, _NEW)

    assert caught.value.kind == "missing"
    assert (caught.value.endpoint, caught.value.profile) == ("https://s3.example.com", "lab")
    assert "catalog credentials add lab --endpoint https://s3.example.com" in str(caught.value)


def test_rotate_checks_the_new_keys_first(memory: MemoryKeyring, profile: Profile, keys: AccessKeys) -> None:
    """Keys that the caller's check refuses never replace keys that work."""
    credentials.save(profile, keys)
    tried = []

    def refuse(new: AccessKeys) -> None:
        tried.append(new)
        raise PermissionError

    with pytest.raises(PermissionError):
        credentials.rotate(profile, _NEW, check=refuse)

    assert tried == [_NEW]
    assert credentials.load(profile).secret_access_key == keys.secret_access_key


def test_rotate_puts_the_old_keys_back(
    memory: MemoryKeyring, profile: Profile, keys: AccessKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the keyring does not keep the new keys, the old ones are stored as before."""
    credentials.save(profile, keys)

    def garble_the_second(service: str, username: str, password: str) -> None:
        memory.entries[service, username] = password[:-1] if "second" in password else password

    monkeypatch.setattr(memory, "set_password", garble_the_second)

    with pytest.raises(CredentialsError) as caught:
        credentials.rotate(profile, _NEW)

    assert caught.value.kind == "not kept"
    assert credentials.load(profile).secret_access_key == keys.secret_access_key


def test_an_entry_made_without_this_program_is_loaded(memory: MemoryKeyring, profile: Profile) -> None:
    """An entry that was written by the keyring's own command is found, although the index does not know it."""
    memory.entries[profile.service, profile.name] = (
        '{"v": 1, "endpoint": "https://s3.example.com", "access_key_id": "AKIA1", "secret_access_key": "hush",'
        ' "created": "2026-11-23"}'
    )

    assert credentials.load(profile).secret_access_key == "hush"
    assert credentials.list() == ()
    assert credentials.forget(profile)


def test_an_index_entry_without_keys_is_forgotten(memory: MemoryKeyring, profile: Profile, keys: AccessKeys) -> None:
    """A profile whose keyring entry somebody deleted can be forgotten."""
    credentials.save(profile, keys)
    memory.entries.clear()

    assert credentials.forget(profile) is False
    assert credentials.list() == ()


@pytest.mark.parametrize(("key_id", "shown"), [("AKIAIOSFODNN7EXAMPLE", "MPLE"), ("abcdef", "def"), ("a", "")])
def test_the_list_shows_little_of_a_key_id(memory: MemoryKeyring, profile: Profile, key_id: str, shown: str) -> None:
    """At most four characters of a key id are written to the index, and at most half of it."""
    assert credentials.save(profile, AccessKeys(key_id, "hush")).key_id_ending == shown


def test_a_failed_save_leaves_the_index(use_keyring: UseKeyring, profile: Profile, keys: AccessKeys) -> None:
    """The index names only what the keyring has."""
    use_keyring(GarblingKeyring())

    with pytest.raises(CredentialsError):
        credentials.save(profile, keys)

    assert credentials.list() == ()


def test_a_damaged_index_is_found_before_the_keyring_changes(
    memory: MemoryKeyring, profile: Profile, keys: AccessKeys, home: Path
) -> None:
    """With an index that cannot be read nothing is stored, and loading goes on."""
    credentials.save(profile, keys)
    (home / "data" / "profiles.json").write_text("{", encoding="utf-8")

    with pytest.raises(LocalFileError, match="Move it away"):
        credentials.save(profile, _NEW)

    assert credentials.load(profile).secret_access_key == keys.secret_access_key


@pytest.mark.parametrize("setting", ["soon", "0", "-1", "nan", "inf", "3601"])
def test_an_impossible_timeout_is_refused(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A timeout is a number of seconds above 0, at most an hour; anything else names the variable."""
    monkeypatch.setenv("CATALOG_KEYRING_TIMEOUT", setting)

    with pytest.raises(InvalidInputError, match="CATALOG_KEYRING_TIMEOUT"):
        credentials.keyring_timeout()


def test_the_timeout_is_half_a_minute_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """An argument goes before the environment, which goes before 30 seconds."""
    assert credentials.keyring_timeout() == 30
    monkeypatch.setenv("CATALOG_KEYRING_TIMEOUT", "5")
    assert credentials.keyring_timeout() == 5
    assert credentials.keyring_timeout(2.5) == 2.5


def test_the_public_names_are_all_there() -> None:
    """``__all__`` is sorted as ruff sorts it, and every name in it exists."""
    assert all(hasattr(credentials, name) for name in credentials.__all__)
