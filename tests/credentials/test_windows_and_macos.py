"""The keyring library's own Windows and macOS keyrings, over simulated systems with the limits of the real ones."""

from __future__ import annotations

from types import SimpleNamespace

import keyring.backends.macOS
import keyring.backends.Windows
import pytest

from catalog import credentials
from catalog.connection import AccessKeys
from catalog.credentials import Profile
from catalog.errors import CredentialsError, InvalidInputError

from .conftest import UseKeyring
from .keyrings import CredentialManager, Keychain, WindowsError, made


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch, use_keyring: UseKeyring) -> CredentialManager:
    """Windows' Credential Manager as the keyring."""
    manager = CredentialManager()
    module = keyring.backends.Windows
    monkeypatch.setattr(module, "win32cred", manager, raising=False)
    monkeypatch.setattr(module, "pywintypes", SimpleNamespace(error=WindowsError), raising=False)
    use_keyring(made(module.WinVaultKeyring))
    return manager


@pytest.fixture
def keychain(monkeypatch: pytest.MonkeyPatch, use_keyring: UseKeyring) -> Keychain:
    """The macOS Keychain as the keyring."""
    chain = Keychain()
    monkeypatch.setattr(keyring.backends.macOS, "api", chain, raising=False)
    use_keyring(made(keyring.backends.macOS.Keyring))
    return chain


def test_windows_keeps_and_forgets(windows: CredentialManager, profile: Profile, keys: AccessKeys) -> None:
    """Save, load, rotate and forget work on Windows."""
    credentials.save(profile, keys)
    credentials.rotate(profile, AccessKeys("AKIASECOND", "пароль 🔑"))

    assert credentials.load(profile).secret_access_key == "пароль 🔑"
    assert credentials.forget(profile)
    assert not credentials.forget(profile)


def test_windows_keeps_the_longest_entry(windows: CredentialManager, profile: Profile) -> None:
    """An entry that passes our limit fits, to the last character, also with characters of two units."""
    credentials.save(profile, AccessKeys("AKIA12345678", "🔑"))
    room = 1280 - len(windows.blob(profile.service)) // 2 + 2

    credentials.save(profile, AccessKeys("AKIA12345678", "🔑" * (room // 2)))

    assert credentials.load(profile).secret_access_key == "🔑" * (room // 2)
    with pytest.raises(CredentialsError) as caught:
        credentials.save(profile, AccessKeys("AKIA12345678", "🔑" * (room // 2 + 1)))
    assert caught.value.kind == "too long"


def test_windows_keeps_profiles_apart(windows: CredentialManager) -> None:
    """Profiles of one endpoint do not move or replace each other."""
    profiles = [Profile.at("https://s3.example.com", name) for name in ("lab", "lab2", "default")]
    for profile in profiles:
        credentials.save(profile, AccessKeys("AKIA12345678", profile.name))

    assert [credentials.load(profile).secret_access_key for profile in profiles] == ["lab", "lab2", "default"]
    assert credentials.forget(profiles[1])
    assert credentials.load(profiles[0]).secret_access_key == "lab"


def test_windows_never_hands_out_the_keys_of_a_name_in_other_case(windows: CredentialManager) -> None:
    """Windows knows no case, so the second of two names that differ in nothing else is refused."""
    lab, other = Profile.at("https://s3.example.com", "lab"), Profile.at("https://s3.example.com", "LAB")
    credentials.save(lab, AccessKeys("AKIA12345678", "lab"))

    with pytest.raises(InvalidInputError, match="CATALOG_LAB_ACCESS_KEY_ID"):
        credentials.save(other, AccessKeys("AKIA87654321", "LAB"))

    with pytest.raises(CredentialsError) as caught:
        credentials.load(other)
    assert caught.value.kind == "missing"


def test_windows_errors_are_translated(windows: CredentialManager, profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    """What pywin32 raises becomes an error of ours."""

    def fail(**_: object) -> None:
        raise WindowsError(1312, "CredRead")

    monkeypatch.setattr(windows, "CredRead", fail)

    with pytest.raises(CredentialsError) as caught:
        credentials.load(profile)

    assert caught.value.kind == "broken"


def test_macos_keeps_and_forgets(keychain: Keychain, profile: Profile, keys: AccessKeys) -> None:
    """Save, load and forget work on macOS, with one item for a profile, so that the user is asked once."""
    credentials.save(profile, keys)

    assert len(keychain.items) == 1
    assert credentials.load(profile).secret_access_key == keys.secret_access_key
    assert credentials.forget(profile)
    assert not credentials.forget(profile)


def test_a_dismissed_macos_prompt_is_a_locked_keyring(keychain: Keychain, profile: Profile, keys: AccessKeys) -> None:
    """A user who denies access is told that the keyring is locked."""
    credentials.save(profile, keys)
    keychain.denies = True

    for call in (credentials.load, credentials.forget):
        with pytest.raises(CredentialsError) as caught:
            call(profile)
        assert caught.value.kind == "locked"
