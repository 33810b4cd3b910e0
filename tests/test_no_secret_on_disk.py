"""Secrets go through everything that takes them, on a real server; then every file, log and message is searched for them."""

from __future__ import annotations

import base64
import logging
import pickle
import secrets
import string
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import catalog
from catalog import Catalog, S3Connection
from catalog.cli import cli
from catalog.errors import CatalogError
from catalog.testing.seaweed import Seaweed

_URLS = (
    "https://{id}:{secret}@s3.example.com/a",
    "https://{secret}@s3.example.com/a",
    "https://s3.example.com/a?X-Amz-Credential={id}&X-Amz-Signature={secret}",
    "https://s3.example.com/a?Authorization={secret}",
    "https://s3.example.com:{secret}/a",
    "file://user:{secret}@localhost/a",
)
_WORDS = {
    "--catalog",
    "--database",
    "--db-key",
    "--description",
    "--dir",
    "--group",
    "--keep-commits",
    "--keep-days",
    "--key",
    "--limit",
    "--message",
    "--prefix",
    "--tag",
    "-m",
}
"""Options whose value is content or a name by definition: nothing can tell that from a secret."""


_NEEDED: dict[tuple[str, ...], tuple[str, ...]] = {("demo", "--bucket"): ("--s3", "--endpoint", "http://127.0.0.1:9")}
"""What an option is used with."""


class Watch:
    """Collects what is said and logged, and searches that and the files below a folder."""

    def __init__(self, folder: Path, log: pytest.LogCaptureFixture, terminal: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._log, self._terminal = log, terminal
        self._said: list[str] = []
        log.set_level(logging.DEBUG)
        for name in ("botocore", "boto3", "urllib3", "catalog", "keyring"):
            logging.getLogger(name).setLevel(logging.DEBUG)

    @property
    def logged(self) -> str:
        """What was logged since the last search."""
        return self._log.text

    def say(self, *values: Any) -> None:
        """Keep the text forms of values."""
        for value in values:
            self._said += [str(value), repr(value)]

    def failing(self, call: Callable[..., Any], *arguments: Any, **options: Any) -> None:
        """Call what must fail with an error of ours, and keep all that the error and those behind it show."""
        with pytest.raises(CatalogError) as caught:
            call(*arguments, **options)
        error: BaseException | None = caught.value
        while error is not None:
            self.say(error, error.args, vars(error), pickle.dumps(error))
            self._said += traceback.format_exception(error)
            error = error.__cause__ or error.__context__

    def find(self, *marks: str) -> list[str]:
        """Name the places where a mark is, in any of the forms that bytes are written in."""
        captured = self._terminal.readouterr()
        places = {"said": "\n".join(self._said), "log": self._log.text, "out": captured.out, "err": captured.err}
        found = [place for place, text in places.items() for mark in marks if any(form in text for form in _text_forms(mark))]
        for path in self.folder.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                found += [str(path) for mark in marks if any(form in content for form in _byte_forms(mark))]
        self._said.clear()
        self._log.clear()
        return found


def _text_forms(mark: str) -> Iterator[str]:
    yield mark
    yield base64.b64encode(mark.encode()).decode().rstrip("=")[:-1]


def _byte_forms(mark: str) -> Iterator[bytes]:
    for form in _text_forms(mark):
        yield from (form.encode(), form.encode("utf-16-le"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, without keyring."""
    monkeypatch.setenv("CATALOG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return tmp_path


@pytest.fixture
def watch(home: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> Watch:
    """Eyes on everything below the test's folder."""
    return Watch(home, caplog, capsys)


def test_the_watch_sees_a_leak(watch: Watch) -> None:
    """The search finds a secret that is said, logged, printed, or written in any of the usual forms."""
    for name, content in (("a", b"\0hush-hush\0"), ("b", "hush-hush".encode("utf-16-le")), ("c", base64.b64encode(b"hush-hush"))):
        (watch.folder / name).write_bytes(content)
    logging.getLogger("botocore.auth").debug("hush-hush")
    print("hush-hush")
    watch.say("hush-hush")

    assert [Path(place).name for place in sorted(watch.find("hush-hush"))] == ["a", "b", "c", "log", "out", "said"]


def test_a_life_with_keys_in_code(watch: Watch, seaweed: Seaweed) -> None:
    """A database and a group are made, filled, shared and read with keys in code: no file, log or text has the secret."""
    folder, secret = watch.folder, seaweed.rw.secret_access_key
    place = seaweed.connection(f"data/{secrets.token_hex(6)}")
    group_place = seaweed.connection(f"groups/{secrets.token_hex(6)}")
    parameters = {**place.to_dict(), "access_key_id": seaweed.rw.access_key_id, "access_key": secret}
    here = Catalog(folder / "catalog")
    here.add_group("team", group_place)

    with catalog.open(place, folder / "data.blt", "n", "pickle") as database:
        database["connection"] = place
        database.set_metadata({"place": place.to_dict(), "about": repr(place)})
        database.changes().push(message=f"from {place}")
        watch.say(database, database.connection, database.changes(), vars(database))
        assert watch.find(secret) == []
    with catalog.open(group_place, here.group("team").file_path, "c", remote_conn_group=True) as group:
        key = group.add(place, name="data")
        group.add(parameters, key="again", name="again")
        group.set_metadata(place.to_dict())
        watch.failing(group.set_metadata, place)
        watch.failing(group.set_metadata, {"keys": seaweed.rw})
        watch.failing(group.add, place, user_meta=place)
        watch.failing(group.add, place, user_meta={"keys": seaweed.rw})
        group.changes().push()
        watch.say(group, group[key], group.entry(key), group.entries(), here.groups(), here)
        assert watch.find(secret) == []
    with catalog.open(parameters, folder / "read.blt", trust=True) as database:
        watch.say(database["connection"], database.get_metadata())

    assert watch.find(secret) == []
    with catalog.open(parameters, folder / "read.blt") as database:
        database.changes()
    assert "Signature=" in watch.logged, "botocore's own log is not searched"


def test_refusals_by_the_server(watch: Watch, seaweed: Seaweed) -> None:
    """Wrong keys, keys without rights, a missing bucket and a dead server are told without the keys."""
    wrong = "Zx" + secrets.token_urlsafe(30)
    rw, ro = seaweed.rw, seaweed.ro
    for key_id, secret, bucket, endpoint in (
        (rw.access_key_id, wrong, "priv", seaweed.endpoint_url),
        ("AK" + secrets.token_hex(8).upper(), wrong, "priv", seaweed.endpoint_url),
        (ro.access_key_id, ro.secret_access_key, "priv", seaweed.endpoint_url),
        (rw.access_key_id, rw.secret_access_key, "missing", seaweed.endpoint_url),
        (rw.access_key_id, rw.secret_access_key, "priv", "http://127.0.0.1:9"),
    ):
        place = S3Connection(key_id, secret, f"data/{secrets.token_hex(6)}", bucket, endpoint, retries=0)
        watch.failing(catalog.open, place, watch.folder / f"{secrets.token_hex(4)}.blt", "c")

        assert watch.find(secret) == []


_LETTERS = st.text(string.ascii_letters + string.digits, min_size=12, max_size=30)


@pytest.fixture
def group(watch: Watch) -> Iterator[catalog.ConnectionGroup]:
    """A group of one database, both in a folder; open for writing."""
    place = S3Connection(db_key="data", endpoint_url=(watch.folder / "remote").as_uri())
    with catalog.open(place, watch.folder / "data.blt", "n", "str", lock="commit") as database:
        database["a"] = "b"
        database.changes().push()
    at = S3Connection(db_key="group", endpoint_url=(watch.folder / "remote").as_uri())
    with catalog.open(at, watch.folder / "group.blt", "c", remote_conn_group=True, lock="commit") as opened:
        opened.add(place, name="data")
        yield opened


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=_LETTERS)
def test_every_field_of_a_group(watch: Watch, group: catalog.ConnectionGroup, secret: str) -> None:
    """A secret in any field of what is added to a group is refused or dropped, and reaches no file."""
    secret = f"Zx{secret}"
    good = {"db_key": "data", "endpoint_url": (watch.folder / "remote").as_uri()}
    for field in (*S3Connection.model_fields, "secret_access_key", "password", "aws_session_token"):
        for url in _URLS if field != "db_key" else ():
            watch.failing(group.add, good | {field: url.format(id="AKIA12345678", secret=secret)})
    for url in _URLS:
        watch.failing(group.add, url.format(id="AKIA12345678", secret=secret))
    group.add(good | {"access_key_id": f"AKIA{secret}", "access_key": secret}, name="with keys")
    group.add({"remote_conn": {**good, "secret_access_key": secret, "access_key": secret}}, name="an entry")
    group.sync()
    watch.say(group.entries(), dict(group), group.problems())

    assert watch.find(secret) == []


def _options(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command, str]]:
    """Yield every option that takes a text, with the words of its command."""
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.is_flag and parameter.opts[0] not in _WORDS:
            yield words, command, parameter.opts[0]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _options(below, (*words, name))


def _required(command: click.Command) -> list[str]:
    return ["x" for parameter in command.params if isinstance(parameter, click.Argument) and parameter.required]


_OPTIONS = list(_options(cli))


def test_the_options_that_name_a_place_are_tried() -> None:
    """The next test reaches the options that could be given a secret by mistake."""
    tried = {(words, option) for words, _, option in _OPTIONS}

    assert {
        (("add",), "--endpoint"),
        (("add",), "--url"),
        (("add-group",), "--profile"),
        (("credentials", "add"), "--endpoint"),
        (("credentials", "test"), "--bucket"),
        (("credentials", "where"), "--endpoint"),
    } <= tried


@pytest.mark.parametrize(
    ("words", "command", "option"), _OPTIONS, ids=[f"{'-'.join(words)} {option}" for words, _, option in _OPTIONS]
)
def test_every_option(watch: Watch, words: tuple[str, ...], command: click.Command, option: str) -> None:
    """A secret in an option of the command line is refused, not repeated, not logged and not written."""
    secret = "Zx" + secrets.token_hex(12)
    for url in _URLS:
        value = url.format(id="AKIA12345678", secret=secret)
        given = [*words, *_required(command), *_NEEDED.get((*words, option), ()), option, value]
        result = CliRunner().invoke(cli, ["--catalog", str(watch.folder / "catalog"), *given], input="AKIA12345678\nx\n")

        assert result.exit_code in (1, 2), result.output
        assert "This is a bug" not in result.output
        watch.say(result.output)
        assert (value, watch.find(secret)) == (value, [])
