"""A home, a keyring and an environment of their own for every test of credentials."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import keyring.core
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.SecretService import Keyring as SecretServiceKeyring

from catalog.connection import AccessKeys
from catalog.credentials import Profile, keyring_backend, keyring_store, this_session
from catalog.credentials.keyring_thread import KeyringThread

from .keyrings import MemoryKeyring, made
from .secret_service import SecretService, private_bus

UseKeyring = Callable[[KeyringBackend], None]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep every file in a temporary home, and the environment free of keys."""
    for name in os.environ:
        if name.startswith(("CATALOG_", "AWS_", "PYTHON_KEYRING")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CATALOG_HOME", str(tmp_path / "catalog home"))
    monkeypatch.setattr(keyring_store, "_KEYRING", KeyringThread(keyring_backend.translate))
    for profile in this_session.list():
        this_session.forget(profile)
    return tmp_path / "catalog home"


@pytest.fixture
def use_keyring() -> Iterator[UseKeyring]:
    """Choose the keyring of this process."""
    before = keyring.core._keyring_backend
    yield keyring.set_keyring
    keyring.core._keyring_backend = before


@pytest.fixture
def memory(use_keyring: UseKeyring) -> MemoryKeyring:
    """A keyring that works."""
    backend = MemoryKeyring()
    use_keyring(backend)
    return backend


@pytest.fixture
def bus(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretService]:
    """A bus without a Secret Service; `SecretService.start` adds it."""
    with private_bus(tmp_path_factory.mktemp("bus"), monkeypatch) as service:
        yield service


@pytest.fixture
def secret_service(bus: SecretService, use_keyring: UseKeyring) -> SecretService:
    """A running, unlocked Secret Service, which is the keyring of this process and of those that it starts."""
    bus.start()
    use_keyring(made(SecretServiceKeyring))
    return bus


@pytest.fixture
def profile() -> Profile:
    """A profile at an endpoint that is not AWS."""
    return Profile.at("https://s3.example.com", "lab")


@pytest.fixture
def keys() -> AccessKeys:
    """A key pair."""
    return AccessKeys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
