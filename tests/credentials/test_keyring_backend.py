"""Which keyrings are used, which are refused, and what becomes of their errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.backends.chainer import ChainerBackend
from keyring.errors import InitError, KeyringError, KeyringLocked, PasswordSetError

from catalog import credentials
from catalog.connection import AccessKeys
from catalog.credentials import Profile
from catalog.errors import CredentialsError, CredentialsKind

from .conftest import UseKeyring
from .keyrings import FailingKeyring, GarblingKeyring, MemoryKeyring, UndeletableKeyring, made
from .secret_service import SecretService

_SAVE = """
from catalog import credentials
from catalog.connection import AccessKeys
from catalog.errors import CredentialsError
try:
    credentials.save(credentials.Profile.at("https://s3.example.com", "lab"), AccessKeys("AKIA12345678", "hush"))
except CredentialsError as error:
    print(error.kind)
"""
_PLAINTEXT = """
from pathlib import Path
from keyring.backend import KeyringBackend
class PlaintextKeyring(KeyringBackend):
    priority = 0.5
    def get_password(self, service, username):
        return Path({file!r}).read_text()
    def set_password(self, service, username, password):
        Path({file!r}).write_text(password)
"""


class Plaintext(MemoryKeyring):
    """A keyring that would write its entries to a plain file."""


Plaintext.__module__ = "keyrings.alt.file"


def _chainer(*links: KeyringBackend) -> ChainerBackend:
    class Chainer(ChainerBackend):
        backends = links

    chainer = made(Chainer)
    assert isinstance(chainer, Chainer)
    return chainer


def _kind_of_save(profile: Profile, keys: AccessKeys) -> CredentialsKind:
    with pytest.raises(CredentialsError) as caught:
        credentials.save(profile, keys)
    assert "session only" in caught.value.hint
    return caught.value.kind


@pytest.mark.parametrize(
    ("backend", "kind"),
    [
        (made(fail.Keyring), "no backend"),
        (made(null.Keyring), "refused backend"),
        (Plaintext(), "refused backend"),
        (_chainer(), "no backend"),
        (_chainer(made(fail.Keyring)), "no backend"),
        (_chainer(Plaintext(), made(null.Keyring)), "refused backend"),
    ],
    ids=["fail", "null", "plaintext", "empty chain", "chain of fail", "chain of refused"],
)
def test_keyrings_that_keep_no_secret_are_refused(
    use_keyring: UseKeyring, profile: Profile, keys: AccessKeys, backend: KeyringBackend, kind: str
) -> None:
    """What throws secrets away or writes them in the clear is never given one."""
    use_keyring(backend)

    assert _kind_of_save(profile, keys) == kind

    links = backend.backends if isinstance(backend, ChainerBackend) else [backend]
    assert all(not link.calls for link in links if isinstance(link, MemoryKeyring))
    assert credentials.list() == ()


def test_a_chain_is_used_at_its_first_good_link(use_keyring: UseKeyring, profile: Profile, keys: AccessKeys) -> None:
    """Of a chain, the first keyring that is not refused is used directly, also to read."""
    plain, good, other = Plaintext(), MemoryKeyring(), MemoryKeyring()
    use_keyring(_chainer(plain, good, other))

    credentials.save(profile, keys)
    credentials.load(profile)

    assert good.calls == ["set", "get", "get"]
    assert plain.calls == other.calls == []


@pytest.mark.parametrize("setting", ["keyring.backends.fail.Keyring", "keyring.backends.null.Keyring", "no.such.Keyring"])
def test_the_user_s_own_choice_is_checked_too(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A useless or impossible PYTHON_KEYRING_BACKEND is an error, and not replaced by another keyring."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", setting)

    said = subprocess.run([sys.executable, "-c", _SAVE], capture_output=True, text=True, timeout=30, check=True)

    expected = {"fail": "no backend", "null": "refused backend"}.get(setting.split(".")[-2], "broken")
    assert said.stdout.strip() == expected


def test_a_headless_machine_has_no_keyring(bus: SecretService, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a bus and no Secret Service on it, keyring's own choice is found out to be none."""
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")

    said = subprocess.run([sys.executable, "-c", _SAVE], capture_output=True, text=True, timeout=30, check=True)

    assert said.stdout.strip() in {"no backend", "refused backend"}


def test_a_plaintext_keyring_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of plaintext keyrings that is installed and chosen still gets no secret to write."""
    package, file = tmp_path / "plain" / "plain_keyring.py", tmp_path / "secrets.txt"
    package.parent.mkdir()
    package.write_text(_PLAINTEXT.format(file=str(file)), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "plain_keyring.PlaintextKeyring")

    said = subprocess.run([sys.executable, "-c", _SAVE], capture_output=True, text=True, timeout=30, check=True)

    assert said.stdout.strip() == "refused backend"
    assert not file.exists()


def test_a_keyring_that_garbles_is_found_out(use_keyring: UseKeyring, profile: Profile, keys: AccessKeys) -> None:
    """Every write is read back, and what differs was not stored."""
    use_keyring(GarblingKeyring())

    assert _kind_of_save(profile, keys) == "not kept"
    assert credentials.list() == ()


def test_a_keyring_that_does_not_delete_is_found_out(use_keyring: UseKeyring, profile: Profile, keys: AccessKeys) -> None:
    """Forgetting is checked, and the index keeps what the keyring still has."""
    use_keyring(UndeletableKeyring())
    credentials.save(profile, keys)

    with pytest.raises(CredentialsError, match="still has them"):
        credentials.forget(profile)

    assert len(credentials.list()) == 1


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (KeyringLocked("x"), "locked"),
        (InitError("x"), "locked"),
        (type("LockedException", (Exception,), {})(), "locked"),
        (type("PromptDismissedException", (Exception,), {})(), "locked"),
        (PasswordSetError("x"), "broken"),
        (KeyringError("x"), "broken"),
        (ConnectionResetError(), "broken"),
        (FileNotFoundError(), "broken"),
        (UnicodeEncodeError("utf-8", "hush", 0, 1, "x"), "broken"),
        (TimeoutError(), "broken"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else value,
)
def test_foreign_errors_are_translated(
    use_keyring: UseKeyring, profile: Profile, keys: AccessKeys, error: Exception, kind: str
) -> None:
    """Whatever a keyring raises becomes an error of ours that says what to do."""
    use_keyring(FailingKeyring(lambda _: error))

    assert _kind_of_save(profile, keys) == kind


def test_one_failure_is_tried_again(use_keyring: UseKeyring, profile: Profile, keys: AccessKeys) -> None:
    """A keyring that fails once, as one does under several processes, is asked a second time; a third time it is not."""
    backend = FailingKeyring(lambda _: ConnectionResetError(), times=1)
    use_keyring(backend)
    credentials.save(profile, keys)
    assert credentials.load(profile).access_key_id == keys.access_key_id

    backend.times = 2

    assert _kind_of_save(profile, keys) == "broken"


def test_a_locked_keyring_is_not_asked_twice(use_keyring: UseKeyring, profile: Profile, keys: AccessKeys) -> None:
    """A dismissed prompt is not shown again."""
    backend = FailingKeyring(lambda _: KeyringLocked(), times=1)
    use_keyring(backend)

    assert _kind_of_save(profile, keys) == "locked"


@pytest.mark.parametrize("module", ["catalog", "catalog.credentials"])
def test_importing_does_not_import_keyring(module: str) -> None:
    """The tenth of a second that keyring takes is paid by those who use it."""
    code = f"import sys, {module}; print('keyring' in sys.modules, 'secretstorage' in sys.modules)"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)

    assert said.stdout.split() == ["False", "False"]


def test_keyring_is_spoken_in_one_file() -> None:
    """No other module of the package imports keyring."""
    package = Path(credentials.__file__).parents[1]
    speakers = [
        path.name
        for path in package.rglob("*.py")
        if any(line.split()[:2] in (["import", "keyring"], ["from", "keyring"]) for line in path.read_text("utf-8").splitlines())
        or "from keyring." in path.read_text("utf-8")
    ]

    assert speakers == ["keyring_backend.py"]
    assert keyring.__name__ == "keyring"
