"""Secrets thrown at everything, and then looked for in everything that is said, logged, dumped or written."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import string
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keyring.errors import InitError, KeyringLocked, PasswordSetError

from catalog import credentials
from catalog.connection import AccessKeys, S3Connection
from catalog.credentials import Profile, keyring_backend, keyring_store, this_session
from catalog.credentials.keyring_thread import KeyringThread
from catalog.errors import CatalogError

from .conftest import UseKeyring
from .keyrings import FailingKeyring, GarblingKeyring, MemoryKeyring, UndeletableKeyring

_ENDPOINT = "https://s3.example.com"
_PROFILE = Profile.at(_ENDPOINT, "lab")
_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Secret:
    """A key pair, and the parts of it that no escaping changes: where one of them appears, the secret leaked."""

    key_id: str
    secret: str
    marks: tuple[str, str]

    @property
    def keys(self) -> AccessKeys:
        """The key pair as the library takes it."""
        return AccessKeys(self.key_id, self.secret)


@st.composite
def _secrets(draw: st.DrawFn) -> Secret:
    id_mark = "Kq" + draw(st.text(_LETTERS, min_size=10, max_size=16))
    mark = "Zx" + draw(st.text(_LETTERS, min_size=10, max_size=24))
    around = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="."), max_size=12)
    return Secret(f"{id_mark}TAIL", f"{draw(around)}/{mark}+{draw(around)}=", (id_mark, mark))


anything = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _frames(error: BaseException) -> Iterator[str]:
    """Yield the locals of the frames of catalog.credentials, as a crash report prints them.

    Not of those whose arguments are plain texts, which no program can keep its caller from filling with a secret.
    """
    package = Path(credentials.__file__).parent
    for frame, _ in traceback.walk_tb(error.__traceback__):
        file = Path(frame.f_code.co_filename)
        if file.parent == package and file.name not in {"endpoint.py", "profile.py"}:
            yield from (repr(value) for value in frame.f_locals.values())


def _said(error: BaseException | None) -> Iterator[str]:
    """Yield all that an exception and those behind it show."""
    while error is not None:
        yield from (str(error), repr(error), repr(error.args), repr(vars(error)))
        yield "".join(traceback.format_exception_only(error))
        yield repr(pickle.dumps(error))
        yield from _frames(error)
        assert error.__cause__ is None or error.__context__ is error.__cause__
        error = error.__context__


def _shown(value: Any) -> Iterator[str]:
    """Yield every text form of a value."""
    yield from (str(value), repr(value), f"{value}", f"{value!r}")
    if isinstance(value, S3Connection):
        yield from (repr(value.model_dump()), value.model_dump_json(), json.dumps(value.to_dict()), repr(list(value)))
        yield from (repr(pickle.dumps(value)), repr(copy.copy(value)), repr(copy.deepcopy(value)), repr(value.model_copy()))
        yield from (repr(vars(value)), json.dumps(value.model_json_schema()), repr(value.__getstate__()))


class Watch:
    """Collects what was said and finds a secret in it, in the log, on the terminal and in the files."""

    def __init__(self, home: Path, log: pytest.LogCaptureFixture, terminal: pytest.CaptureFixture[str]) -> None:
        self._home, self._log, self._terminal = home, log, terminal
        self.said: list[str] = []
        log.set_level(logging.DEBUG)

    def do(self, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Call, and keep what comes out: the result's text forms, or those of the error."""
        try:
            result = call(*arguments, **options)
        except CatalogError as error:
            self.said.extend(_said(error))
            return None
        self.said.extend(_shown(result))
        return result

    def find(self, *marks: str) -> list[str]:
        """Return where a mark was found, and forget what was said."""
        captured = self._terminal.readouterr()
        places = {"said": "\n".join(self.said), "log": self._log.text, "out": captured.out, "err": captured.err}
        for path in self._home.rglob("*"):
            if path.is_file():
                places[path.name] = path.read_bytes().decode("utf-8", "replace")
        self.said.clear()
        self._log.clear()
        return [
            f"{place}: {text[max(0, text.index(mark) - 80) : text.index(mark) + 40]}"
            for place, text in places.items()
            for mark in marks
            if mark in text
        ]


@pytest.fixture
def watch(home: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> Watch:
    """Eyes everywhere."""
    return Watch(home, caplog, capsys)


def test_the_watch_sees_a_leak(watch: Watch, home: Path) -> None:
    """The search itself finds a secret that is said, logged, printed or written."""
    home.mkdir()
    (home / "file").write_text("hush")
    logging.getLogger("anyone").debug("hush")
    print("hush")
    watch.do(str, "hush")

    assert {found.split(":")[0] for found in watch.find("hush")} == {"said", "log", "out", "file"}
    with pytest.raises(ValueError, match="hush") as caught:
        raise ValueError("hush")
    assert any("hush" in text for text in _said(caught.value))


_FORMS: dict[str, Callable[[Secret], Any]] = {
    "plain": lambda secret: secret.secret,
    "bytes": lambda secret: secret.secret.encode(),
    "list": lambda secret: [secret.secret],
    "dict": lambda secret: {"secret_access_key": secret.secret},
    "keys": lambda secret: secret.keys,
    "url with password": lambda secret: f"https://{secret.key_id}:{secret.marks[1]}@s3.example.com/a",
    "url with user": lambda secret: f"https://{secret.marks[1]}@s3.example.com/a",
    "url with odd user": lambda secret: f"https://{secret.secret}@s3.example.com/a",
    "url with odd password": lambda secret: f"https://{secret.key_id}:{secret.secret}@s3.example.com/a",
    "folder with password": lambda secret: f"file://user:{secret.marks[1]}@localhost/a",
    "signed url": lambda secret: f"https://s3.example.com/a?X-Amz-Credential={secret.key_id}&X-Amz-Signature={secret.marks[1]}",
    "disguised signed url": lambda secret: f"https://s3.example.com/a?x=1&X%2DAmz%2DSignature={secret.marks[1]}",
    "url with token": lambda secret: f"https://s3.example.com/a?Authorization={secret.marks[1]}",
    "shared access signature": lambda secret: f"https://s3.example.com/a?sv=1&sig={secret.marks[1]}",
    "url with port": lambda secret: f"https://s3.example.com:{secret.marks[1]}/a",
}
_NAMES = {("db_key", "plain"), ("db_key", "bytes")}
"""A key may be any text: what is accepted there is a name, by definition."""


@pytest.mark.parametrize("field", [*S3Connection.model_fields, "secret_access_key", "access_key_id", "access_key"])
@anything
@given(secret=_secrets())
def test_fields_refuse_what_is_secret(watch: Watch, field: str, secret: Secret) -> None:
    """A secret in the wrong field is refused without quoting it; in the fields for keys it is shown nowhere."""
    for form, of in _FORMS.items():
        if (field, form) in _NAMES or (field == "db_key" and "url" in form) or (field == "db_key" and "folder" in form):
            continue
        if field == "access_key":
            parameters: dict[str, Any] = {"access_key_id": secret.key_id, "access_key": of(secret)}
        elif field == "access_key_id":
            parameters = {"access_key_id": f"{of(secret)}....", "access_key": secret.secret}
        else:
            parameters = {field: of(secret)}
        parameters = {"db_key": "a", "bucket": "bucket"} | parameters

        watch.do(S3Connection, **parameters)
        watch.do(S3Connection.of, parameters)
        watch.do(S3Connection.of, {"remote_conn": parameters})

        assert (form, watch.find(*secret.marks)) == (form, [])


@anything
@given(secret=_secrets())
def test_connections_with_keys_show_none(watch: Watch, memory: MemoryKeyring, secret: Secret) -> None:
    """A connection with keys, and what is made of it, shows and pickles without them; keys alone refuse to be pickled."""
    connection = S3Connection(secret.key_id, secret.secret, "a", "bucket", _ENDPOINT, profile="lab")
    watch.said.extend(_shown(connection))
    watch.said.extend(_shown(secret.keys))
    resolved = watch.do(credentials.resolve, connection)
    watch.do(credentials.explain, connection)
    watch.do(credentials.require_approval, connection, origin="reefs")
    watch.do(credentials.approve, connection, "reefs")

    assert resolved.identity.secret_access_key == secret.secret
    assert pickle.loads(pickle.dumps(connection)).access_keys is None
    for holder in (secret.keys, resolved):
        for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
            try:
                watch.said.extend(_shown(attempt(holder)))
            except TypeError as error:
                watch.said.append(str(error))
    assert watch.find(*secret.marks) == []


@anything
@given(secret=_secrets())
def test_a_life_in_the_keyring(watch: Watch, memory: MemoryKeyring, secret: Secret) -> None:
    """Saving, loading, rotating, listing, explaining and forgetting show and write the end of the key id at most."""
    connection = S3Connection(db_key="a", bucket="bucket", endpoint_url=_ENDPOINT, profile="lab")
    watch.do(credentials.save, _PROFILE, secret.keys)
    watch.do(credentials.load, _PROFILE)
    watch.do(credentials.rotate, _PROFILE, secret.keys)
    watch.do(credentials.resolve, connection)
    watch.do(credentials.explain, connection)
    watch.do(credentials.list)
    watch.do(this_session.save, _PROFILE, secret.keys)
    watch.do(credentials.resolve, connection)
    watch.said.extend(_shown(this_session))
    this_session.forget(_PROFILE)
    watch.do(credentials.forget, _PROFILE)

    assert watch.find(*secret.marks) == []


def _quoting(kind: Callable[[str], BaseException]) -> Callable[[str], MemoryKeyring]:
    return lambda _: FailingKeyring(kind)


def _chained(text: str) -> BaseException:
    error = ConnectionError(text)
    error.__cause__ = error.__context__ = ValueError(text)
    return error


_FAULTS: dict[str, Callable[[str], MemoryKeyring]] = {
    "refuses and quotes": _quoting(PasswordSetError),
    "locked and quotes": _quoting(KeyringLocked),
    "no collection and quotes": _quoting(InitError),
    "foreign": _quoting(KeyError),
    "foreign chain": _quoting(_chained),
    "cannot encode": _quoting(lambda text: UnicodeEncodeError("utf-8", text or " ", 0, 1, text)),
    "exits": _quoting(SystemExit),
    "garbles": lambda _: GarblingKeyring(),
    "does not delete": lambda _: UndeletableKeyring(),
}


@pytest.mark.parametrize("fault", _FAULTS)
@anything
@given(secret=_secrets())
def test_failing_keyrings(watch: Watch, use_keyring: UseKeyring, fault: str, secret: Secret) -> None:
    """A keyring that fails, and quotes the secret while doing so, is reported without it."""
    backend = _FAULTS[fault](secret.secret)
    use_keyring(backend)
    backend.entries[_PROFILE.service, "lab"] = json.dumps({"v": 1, "secret_access_key": secret.secret, "id": secret.key_id})
    connection = S3Connection(db_key="a", bucket="bucket", endpoint_url=_ENDPOINT, profile="lab")
    watch.do(credentials.load, _PROFILE)
    watch.do(credentials.save, _PROFILE, secret.keys)
    watch.do(credentials.rotate, _PROFILE, secret.keys)
    watch.do(credentials.resolve, connection)
    watch.do(credentials.explain, connection)
    watch.do(credentials.forget, _PROFILE)

    assert watch.find(*secret.marks) == []


@anything
@given(secret=_secrets())
def test_entries_and_keys_that_are_refused(watch: Watch, memory: MemoryKeyring, secret: Secret) -> None:
    """Unreadable, foreign, over-long and malformed keys are refused without being quoted."""
    entry = {
        "v": 1,
        "endpoint": "https://evil.example",
        "access_key_id": secret.key_id,
        "secret_access_key": secret.secret,
        "created": "2026-11-23",
    }
    for text in (
        secret.secret,
        json.dumps(entry),
        json.dumps(entry)[:-1],
        json.dumps([secret.secret]),
        f'{{"{secret.secret}":',
    ):
        memory.entries[_PROFILE.service, "lab"] = text
        watch.do(credentials.load, _PROFILE)
    for keys in (
        AccessKeys(secret.key_id, secret.secret + "\n"),
        AccessKeys(" " + secret.key_id, secret.secret),
        AccessKeys(secret.key_id, secret.secret + "\ud800"),
        AccessKeys(secret.key_id, secret.secret * 60),
        AccessKeys(secret.key_id, "\0" + secret.secret),
    ):
        watch.do(credentials.save, _PROFILE, keys)
        watch.do(this_session.save, _PROFILE, keys)
    watch.do(Profile.at, _ENDPOINT, secret.secret)
    watch.do(Profile.at, f"https://{secret.marks[1]}:{secret.marks[1]}@s3.example.com")
    watch.do(Profile.at, f"https://s3.example.com:{secret.marks[1]}")
    watch.do(Profile.at, f"https://s3.example.com?sig={secret.marks[1]}")

    assert watch.find(*secret.marks) == []


@anything
@given(secret=_secrets())
def test_the_environment(watch: Watch, use_keyring: UseKeyring, monkeypatch: pytest.MonkeyPatch, secret: Secret) -> None:
    """Variables, whole, half or malformed, are used or refused without being shown."""
    use_keyring(MemoryKeyring())
    connection = S3Connection(db_key="a", bucket="bucket", endpoint_url=_ENDPOINT, profile="lab")
    for key_id, key in (
        (secret.key_id, secret.secret),
        (secret.key_id, ""),
        ("", secret.secret),
        (secret.key_id, secret.secret + "\n"),
        (secret.key_id + "\t", secret.secret),
    ):
        monkeypatch.setenv("CATALOG_LAB_ACCESS_KEY_ID", key_id)
        monkeypatch.setenv("CATALOG_LAB_SECRET_ACCESS_KEY", key)
        watch.do(credentials.resolve, connection)
        watch.do(credentials.explain, connection)

    assert watch.find(*secret.marks) == []


@settings(anything, max_examples=10)
@given(secret=_secrets())
def test_a_hung_keyring(watch: Watch, use_keyring: UseKeyring, monkeypatch: pytest.MonkeyPatch, secret: Secret) -> None:
    """A save that is given up, and the thread that still holds it, say nothing about the keys."""
    release = threading.Event()
    thread = KeyringThread(keyring_backend.translate)
    monkeypatch.setattr(keyring_store, "_KEYRING", thread)

    def hang(_: str) -> BaseException:
        release.wait()
        return ConnectionResetError()

    use_keyring(FailingKeyring(hang))
    watch.do(credentials.save, _PROFILE, secret.keys, timeout=0.01)
    watch.do(credentials.save, _PROFILE, secret.keys, timeout=0.01)
    watch.said.extend(_shown(thread))
    release.set()

    assert watch.find(*secret.marks) == []
