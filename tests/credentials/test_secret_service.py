"""Credentials on a real Secret Service, in every state that it was seen in."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import keyring
import pytest
from keyring.backends.SecretService import Keyring as SecretServiceKeyring

from catalog import credentials
from catalog.connection import AccessKeys, S3Connection
from catalog.credentials import Profile, StoredProfile
from catalog.credentials.entry import Entry
from catalog.credentials.profile_index import ProfileIndex, index_file
from catalog.errors import CancelledError, CredentialsError, CredentialsKind, InvalidConnectionError
from catalog.progress import Progress, Report

from .conftest import UseKeyring
from .keyrings import made
from .secret_service import SecretService

_WRITER = """
import sys
from catalog import credentials
from catalog.connection import AccessKeys
from catalog.credentials import Profile
mine, shared = Profile.at("https://s3.example.com", sys.argv[1]), Profile.at("https://s3.example.com", "shared")
for turn in range(2):
    for profile in mine, shared:
        credentials.save(profile, AccessKeys(f"ID0000-{sys.argv[1]}-{turn}", "secret of " + sys.argv[1]))
        kept = credentials.load(profile)
        assert kept.secret_access_key == "secret of " + kept.access_key_id.split("-")[1], "torn entry"
    assert credentials.load(mine).access_key_id == f"ID0000-{sys.argv[1]}-{turn}"
"""
_GIVING_UP = """
import time
from catalog import credentials
from catalog.errors import CredentialsError
try:
    credentials.load(credentials.Profile.at("https://s3.example.com", "lab"), timeout=0.3)
except CredentialsError as error:
    print(error.kind, time.monotonic(), flush=True)
"""


def _kind(call: object, *arguments: object, **options: object) -> CredentialsKind:
    assert callable(call)
    with pytest.raises(CredentialsError) as caught:
        call(*arguments, **options)
    assert caught.value.hint
    return caught.value.kind


def test_keys_come_back_as_they_were_stored(secret_service: SecretService, profile: Profile, keys: AccessKeys) -> None:
    """What was saved is loaded, listed without its secret, and gone after forget."""
    credentials.save(profile, keys)

    kept = credentials.load(profile)

    assert (kept.access_key_id, kept.secret_access_key) == (keys.access_key_id, keys.secret_access_key)
    assert [(stored.profile, stored.key_id_ending) for stored in credentials.list()] == [(profile, "MPLE")]
    assert credentials.forget(profile) is True
    assert credentials.forget(profile) is False
    assert credentials.list() == ()
    assert _kind(credentials.load, profile) == "missing"


def test_the_entry_is_the_documented_one(secret_service: SecretService, profile: Profile, keys: AccessKeys) -> None:
    """Service, user name and JSON are those that the documentation gives to users without this program."""
    credentials.save(profile, keys)

    text = keyring.get_password("booklet-catalog:s3:https://s3.example.com#lab", "lab")

    assert text
    assert text.startswith(
        '{"v":1,"endpoint":"https://s3.example.com","access_key_id":"AKIAIOSFODNN7EXAMPLE",'
        '"secret_access_key":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY","created":"'
    )


def test_saving_again_replaces(secret_service: SecretService, profile: Profile, keys: AccessKeys) -> None:
    """There is one entry for a profile, however often it is saved."""
    credentials.save(profile, keys)

    credentials.save(profile, AccessKeys("AKIASECOND", "second"))

    assert credentials.load(profile).secret_access_key == "second"
    assert len(credentials.list()) == 1
    assert credentials.forget(profile)
    assert _kind(credentials.load, profile) == "missing"


def test_one_name_at_two_endpoints_is_two_profiles(secret_service: SecretService, keys: AccessKeys) -> None:
    """The keys of one endpoint are never those of another, also when only the port differs."""
    here, there = Profile.at("http://127.0.0.1:9000", "lab"), Profile.at("http://127.0.0.1:9001", "lab")
    credentials.save(here, keys)

    assert _kind(credentials.load, there) == "missing"


def test_an_entry_moved_to_another_endpoint_is_refused(secret_service: SecretService, keys: AccessKeys) -> None:
    """The endpoint inside an entry is compared, so that renaming an entry sends no keys elsewhere."""
    here, there = Profile.at("https://good.example", "lab"), Profile.at("https://evil.example", "lab")
    credentials.save(here, keys)
    text = keyring.get_password(here.service, here.name)
    assert text
    keyring.set_password(there.service, there.name, text)

    assert _kind(credentials.load, there) == "mismatch"


def test_two_hundred_profiles(secret_service: SecretService, home: Path) -> None:
    """Among many profiles each has its own keys; they are listed in order, and one more is stored and forgotten."""
    entries = [_entry(number) for number in range(200)]
    secret_service.store((entry.profile.service, entry.profile.name, entry.encode()) for entry in entries)
    home.joinpath("data").mkdir(parents=True)
    index_file().replace(ProfileIndex(profiles=tuple(StoredProfile.of(entry) for entry in reversed(entries))))

    credentials.save(_entry(200).profile, _entry(200).keys)

    assert [stored.profile.name for stored in credentials.list()] == [f"p{number:03}" for number in range(201)]
    for number in (0, 99, 199, 200):
        assert credentials.load(_entry(number).profile).secret_access_key == f"secret {number}"
    assert credentials.forget(_entry(100).profile)
    assert len(credentials.list()) == 200


def _entry(number: int) -> Entry:
    profile = Profile.at("https://s3.example.com", f"p{number:03}")
    return Entry(profile, AccessKeys(f"ID{number:010}", f"secret {number}"), datetime(2026, 11, 23, tzinfo=UTC))


@pytest.mark.parametrize("secret", ["пароль ☃ 🔑", "é" * 200, "\u202eabc", '"quotes\\and}', "a b"])
def test_unicode_secrets(secret_service: SecretService, profile: Profile, secret: str) -> None:
    """A secret may be of any characters that a line of text has."""
    credentials.save(profile, AccessKeys("AKIA12345678", secret))

    assert credentials.load(profile).secret_access_key == secret


def test_the_longest_entry_is_kept_and_a_longer_one_refused(secret_service: SecretService, profile: Profile) -> None:
    """An entry has at most 1,280 characters of UTF-16, and a longer one is refused before anything is written."""
    credentials.save(profile, AccessKeys("AKIA12345678", "x"))
    text = keyring.get_password(profile.service, profile.name)
    assert text
    room = 1280 - len(text) + 1

    credentials.save(profile, AccessKeys("AKIA12345678", "y" * room))

    assert credentials.load(profile).secret_access_key == "y" * room
    assert _kind(credentials.save, profile, AccessKeys("AKIA12345678", "z" * (room + 1))) == "too long"
    assert _kind(credentials.save, profile, AccessKeys("AKIA12345678", "🔑" * (room // 2 + 1))) == "too long"
    assert credentials.load(profile).secret_access_key == "y" * room


@pytest.mark.parametrize("name", ["nul\0", "a\nb", "-x", "ü", " ", "a" * 65, "a/b", "a#b"])
def test_names_that_would_break_the_bus_are_refused(name: str) -> None:
    """A NUL, which makes the bus hang up, never reaches it; nor does any other name that a connection refuses."""
    with pytest.raises(InvalidConnectionError):
        Profile.at("https://s3.example.com", name)


@pytest.mark.parametrize(
    "keys",
    [
        AccessKeys("AKIA\0", "x"),
        AccessKeys("AKIA", "x\0y"),
        AccessKeys("AKIA", "x\ud800"),
        AccessKeys("AKIA", " x"),
        AccessKeys("AKIA", ""),
        AccessKeys("", "x"),
        AccessKeys("AKIA", "x\n"),
    ],
    ids=["NUL in the id", "NUL in the secret", "surrogate", "space", "empty", "empty id", "line break"],
)
def test_keys_that_cannot_be_meant_are_refused(secret_service: SecretService, profile: Profile, keys: AccessKeys) -> None:
    """Keys with a control character, or cut out badly, are refused before they reach the bus."""
    assert _kind(credentials.save, profile, keys) == "malformed"
    assert credentials.list() == ()


def test_locked(secret_service: SecretService, profile: Profile, keys: AccessKeys) -> None:
    """A locked keyring without a screen for its prompt says so at once, for every verb."""
    credentials.save(profile, keys)
    secret_service.lock()

    assert _kind(credentials.load, profile) == "locked"
    assert _kind(credentials.save, profile, keys) == "locked"
    assert _kind(credentials.rotate, profile, keys) == "locked"
    assert _kind(credentials.forget, profile) == "locked"
    assert [stored.profile for stored in credentials.list()] == [profile]


def test_locked_since_login(bus: SecretService, use_keyring: UseKeyring, profile: Profile, keys: AccessKeys) -> None:
    """A keyring that was never unlocked, as over SSH, is locked; unlocking it brings the keys back."""
    use_keyring(made(SecretServiceKeyring))
    bus.start()
    credentials.save(profile, keys)
    bus.kill()
    bus.start(password=None)
    assert _kind(credentials.load, profile) == "locked"
    bus.kill()

    bus.start()

    assert credentials.load(profile).access_key_id == keys.access_key_id


def test_no_default_collection(bus: SecretService, use_keyring: UseKeyring, profile: Profile, keys: AccessKeys) -> None:
    """A Secret Service without any keyring file, and without a screen to ask for one, counts as locked."""
    use_keyring(made(SecretServiceKeyring))
    bus.start(password=None)

    assert _kind(credentials.load, profile) == "locked"
    assert _kind(credentials.save, profile, keys) == "locked"


def test_daemon_killed(secret_service: SecretService, profile: Profile, keys: AccessKeys) -> None:
    """A dead daemon is a broken keyring, and a new one is used without restarting the program."""
    credentials.save(profile, keys)
    secret_service.kill()
    assert _kind(credentials.load, profile) == "broken"
    assert _kind(credentials.forget, profile) == "broken"

    secret_service.start()

    assert credentials.load(profile).access_key_id == keys.access_key_id


def test_bus_dead(secret_service: SecretService, profile: Profile, keys: AccessKeys) -> None:
    """A dead bus is a broken keyring, not a FileNotFoundError."""
    credentials.save(profile, keys)
    secret_service.kill_bus()

    assert _kind(credentials.load, profile) == "broken"
    assert _kind(credentials.save, profile, keys) == "broken"


def test_frozen_daemon(secret_service: SecretService, profile: Profile, keys: AccessKeys) -> None:
    """A frozen daemon is given up after the timeout, each time, and works again when it wakes."""
    credentials.save(profile, keys)
    secret_service.freeze()
    assert _kind(credentials.load, profile, timeout=0.2) == "timed out"
    assert _kind(credentials.save, profile, AccessKeys("AKIASECOND", "second"), timeout=0.2) == "timed out"

    secret_service.thaw()

    assert credentials.load(profile).secret_access_key == keys.secret_access_key


def test_what_was_given_up_before_it_began_is_not_done_later(
    secret_service: SecretService, profile: Profile, keys: AccessKeys
) -> None:
    """A save that waited behind a hung request and was given up does not happen when the keyring wakes."""
    credentials.save(profile, keys)
    secret_service.freeze()
    assert _kind(credentials.load, profile, timeout=0.2) == "timed out"
    with pytest.raises(CredentialsError, match="nothing was asked"):
        credentials.save(profile, AccessKeys("AKIASECOND", "second"), timeout=0.2)
    secret_service.thaw()

    credentials.save(Profile.at(None, "later"), keys)

    assert credentials.load(profile).secret_access_key == keys.secret_access_key


def test_waiting_can_be_cancelled(secret_service: SecretService, profile: Profile, keys: AccessKeys) -> None:
    """Whoever watches sees that the keyring is waited for, and can stop that long before the timeout."""
    credentials.save(profile, keys)
    secret_service.freeze()
    seen: list[str] = []

    def watch(report: Report) -> None:
        seen.append(report.phase)
        progress.cancel()

    progress = Progress(watch)

    with pytest.raises(CancelledError):
        credentials.load(profile, timeout=60, progress=progress)

    assert seen == ["waiting for the keyring"]


def test_the_timeout_comes_from_the_environment(
    secret_service: SecretService, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CATALOG_KEYRING_TIMEOUT sets the seconds to wait where the caller gives none."""
    monkeypatch.setenv("CATALOG_KEYRING_TIMEOUT", "0.2")
    secret_service.freeze()

    with pytest.raises(CredentialsError, match=r"within 0\.2 s"):
        credentials.load(profile)


def test_a_program_that_gave_up_ends_at_once(secret_service: SecretService) -> None:
    """A program whose keyring hangs reports it and exits, although the hung request is still open."""
    secret_service.freeze()

    said = subprocess.run([sys.executable, "-c", _GIVING_UP], capture_output=True, text=True, timeout=20, check=True)

    kind, gave_up = said.stdout.rsplit(maxsplit=1)
    assert kind == "timed out"
    assert time.monotonic() - float(gave_up) < 5
    assert said.stderr == ""


def test_eight_threads(secret_service: SecretService) -> None:
    """Threads that save, load and forget at once do not disturb each other."""

    def work(number: int) -> list[str]:
        profile = Profile.at("https://s3.example.com", f"thread{number}")
        kept = []
        for turn in range(2):
            credentials.save(profile, AccessKeys(f"ID{number:06}", f"{number} {turn}"))
            kept.append(credentials.load(profile).secret_access_key)
        return kept if credentials.forget(profile) else []

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(8)))

    assert results == [[f"{number} {turn}" for turn in range(2)] for number in range(8)]
    assert credentials.list() == ()


def test_four_processes(secret_service: SecretService) -> None:
    """Processes that save at once lose no profile, in the keyring or in the index, and never a torn one."""
    first = Profile.at("https://s3.example.com", "first")
    credentials.save(first, AccessKeys("AKFIRST", "not-a-secret"))
    credentials.forget(first)
    processes = [subprocess.Popen([sys.executable, "-c", _WRITER, name], stderr=subprocess.PIPE) for name in "abcd"]

    errors = [process.communicate(timeout=60)[1].decode() for process in processes]

    assert errors == [""] * 4
    assert [stored.profile.name for stored in credentials.list()] == ["a", "b", "c", "d", "shared"]
    shared = credentials.load(Profile.at("https://s3.example.com", "shared"))
    assert shared.access_key_id.endswith(credentials.list()[-1].key_id_ending)


def test_resolution_stops_at_a_locked_keyring(secret_service: SecretService, keys: AccessKeys) -> None:
    """A locked keyring never lets botocore's chain act under another identity, and explain says what is the matter."""
    connection = S3Connection(db_key="a", bucket="bucket", profile="lab")
    credentials.save(Profile.of(connection), keys)
    assert credentials.resolve(connection).source == "keyring"

    secret_service.lock()

    assert _kind(credentials.resolve, connection) == "locked"
    used = [report for report in credentials.explain(connection) if report.used]
    assert [(report.source.value, report.found) for report in used] == [("keyring", False)]
    assert "locked" in used[0].why


def test_resolution_stops_at_a_hung_keyring(secret_service: SecretService) -> None:
    """A keyring that does not answer stops the search as well."""
    secret_service.freeze()

    assert _kind(credentials.resolve, S3Connection(db_key="a", bucket="bucket"), timeout=0.2) == "timed out"


def test_only_the_index_is_written(secret_service: SecretService, profile: Profile, keys: AccessKeys, home: Path) -> None:
    """Saving leaves the index and its lock in the data folder, readable by the owner alone, without id or secret."""
    credentials.save(profile, keys)

    files = {path.name: path for path in home.rglob("*") if path.is_file()}

    assert set(files) == {"profiles.json", "profiles.json.lock"}
    assert files["profiles.json"].stat().st_mode & 0o077 == 0
    assert all(keys.access_key_id not in path.read_text() for path in files.values())
    assert all(keys.secret_access_key not in path.read_text() for path in files.values())
