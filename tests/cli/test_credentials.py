"""The commands about keys and approvals: on a real keyring and a real S3 server, and in the keyring's bad states."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from credentials.keyrings import MemoryKeyring
from credentials.secret_service import SecretService

import catalog
from catalog import Catalog, Database, S3Connection
from catalog import credentials as kept
from catalog.cli import cli
from catalog.connection import AccessKeys
from catalog.credentials import Approvals, Profile, approve
from catalog.testing.seaweed import Seaweed

from .conftest import remote
from .pseudo_terminal import terminal

ENDPOINT = "https://s3.example.com"
KEYS = AccessKeys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


def lines(keys: AccessKeys) -> str:
    """A key pair as commands read it."""
    return f"{keys.access_key_id}\n{keys.secret_access_key}\n"


def run(*arguments: str, given: str | bytes = "", exit_code: int = 0) -> Result:
    """Run a command in this process; its end must be the expected one."""
    result = CliRunner().invoke(cli, ["credentials", *arguments], input=given)
    assert result.exit_code == exit_code, result.output
    return result


def start(*arguments: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own, as a script does."""
    return subprocess.run(
        [sys.executable, "-m", "catalog.cli", *arguments],
        input=given,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=60,
        check=False,
    )


def done(*arguments: str, given: str = "") -> str:
    """Run the program in a process of its own, which must succeed; what it printed."""
    result = start(*arguments, given=given)
    assert result.returncode == 0, result.stderr
    return result.stdout


def used(table: str) -> str:
    """The source that `where` marks as used, and why."""
    (line,) = (line for line in table.splitlines() if "  used  " in line)
    source, why = line.split("  used  ")
    return f"{source.strip()} {why.strip()}"


@pytest.fixture
def db_key(tmp_path: Path, seaweed: Seaweed) -> str:
    """A database on the server, made by somebody else."""
    db_key = f"data/{secrets.token_hex(6)}"
    with catalog.open(seaweed.connection(db_key), tmp_path / "made.blt", "n", "str", lock="commit") as opened:
        opened["a"] = "from afar"
        opened.changes().push()
    return db_key


class TestOnARealKeyringAndServer:
    def test_from_keys_to_a_push(self, secret_service: SecretService, seaweed: Seaweed, db_key: str, tmp_path: Path) -> None:
        """Keys are added once; then a database of a group is read, changed and pushed by its profile, without keys in code."""
        folder = ("--catalog", str(tmp_path / "catalog"))
        runner = CliRunner()
        place = ("--endpoint", seaweed.endpoint_url)

        added = done("credentials", "add", "team", *place, given=lines(seaweed.rw))
        runner.invoke(cli, [*folder, "add-group", "mine"])
        there = ("--db-key", db_key, "--bucket", "priv", *place, "--profile", "team")
        assert runner.invoke(cli, [*folder, "add", "mine", "afar", *there]).exit_code == 0

        assert added == (
            f"Stored the keys of profile 'team' at {seaweed.endpoint_url}; the key id ends in {seaweed.rw.access_key_id[-4:]}.\n"
        )
        where = json.loads(runner.invoke(cli, [*folder, "credentials", "where", "--database", "mine/afar", "--json"]).stdout)
        assert [source["source"] for source in where["sources"] if source["used"]] == ["keyring"]
        assert (where["profile"], where["endpoint"], where["approved"]) == ("team", seaweed.endpoint_url, True)
        assert "Reading works." in runner.invoke(cli, [*folder, "credentials", "test", "--database", "mine/afar"]).stdout
        here = Catalog(tmp_path / "catalog")
        with here.open(here.entries("mine")[0], "w", origin="mine", lock="commit") as opened:
            assert opened["a"] == "from afar"
            opened["b"] = "from here"
        assert "pushed 1 key" in done(*folder, "push", "mine/afar")
        with catalog.open(seaweed.connection(db_key), tmp_path / "theirs.blt") as theirs:
            assert theirs["b"] == "from here"

    def test_typed_on_a_terminal(self, secret_service: SecretService) -> None:
        """On a terminal both keys are asked for, and neither is shown."""
        with terminal("credentials", "add", "lab", "--endpoint", ENDPOINT) as shown:
            shown.wait_for("Key id (not shown):")
            shown.press(KEYS.access_key_id.encode() + b"\n")
            shown.wait_for("Secret (not shown):")
            shown.press(KEYS.secret_access_key.encode() + b"\n")
            shown.wait_for("Stored the keys of profile 'lab' at https://s3.example.com; the key id ends in MPLE.")

            assert shown.leave() == 0
        assert KEYS.access_key_id not in shown.shown
        assert KEYS.secret_access_key not in shown.shown
        assert kept.load(Profile.at(ENDPOINT, "lab")).secret_access_key == KEYS.secret_access_key

    def test_test_says_what_works(self, secret_service: SecretService, seaweed: Seaweed, db_key: str) -> None:
        """The server is asked in a bucket or, without one, for the buckets of the account; nothing is written."""
        place = ("team", "--endpoint", seaweed.endpoint_url)
        run("add", *place, given=lines(seaweed.ro))
        before = {listed.name for listed in seaweed.store().list("")}

        in_bucket = run("test", *place, "--bucket", "priv").stdout
        in_account = run("test", *place).stdout

        assert "keyring, the key that ends in " in in_bucket
        assert "Reading works.\nWriting was not tried" in in_bucket
        assert "The server knows these keys; they see " in in_account
        assert {listed.name for listed in seaweed.store().list("")} == before
        assert "no such bucket" in run("test", *place, "--bucket", "missing-bucket", exit_code=1).stderr

    def test_a_wrong_secret(self, secret_service: SecretService, seaweed: Seaweed) -> None:
        """Keys with a typing mistake are stored, and refused by the server: the test says which half is wrong."""
        place = ("team", "--endpoint", seaweed.endpoint_url)
        wrong = AccessKeys(seaweed.rw.access_key_id, "mistyped" + seaweed.rw.secret_access_key[8:])
        run("add", *place, given=lines(wrong))

        for more in ((), ("--bucket", "priv")):
            failed = run("test", *place, *more, exit_code=1)

            assert "access denied" in failed.stderr
            assert "The secret key does not belong to this access key id" in failed.stderr
            assert wrong.secret_access_key not in failed.output

    def test_rotate(self, secret_service: SecretService, seaweed: Seaweed) -> None:
        """New keys replace old ones only when the server accepts them."""
        place = ("team", "--endpoint", seaweed.endpoint_url)
        profile = Profile.at(seaweed.endpoint_url, "team")
        run("add", *place, given=lines(seaweed.rw))

        refused = run("rotate", *place, given=lines(AccessKeys(seaweed.ro.access_key_id, "wrong")), exit_code=1)
        assert "The new keys were not stored; the old ones stay.\nerror: " in refused.stderr
        assert kept.load(profile).secret_access_key == seaweed.rw.secret_access_key

        assert "has new keys" in run("rotate", *place, "--bucket", "priv", given=lines(seaweed.ro)).stdout
        assert kept.load(profile).secret_access_key == seaweed.ro.secret_access_key

    def test_forget(self, secret_service: SecretService) -> None:
        """Forgetting asks; a no keeps the keys, and where nobody can be asked --yes says so."""
        place = ("lab", "--endpoint", ENDPOINT)
        profile = Profile.at(ENDPOINT, "lab")
        run("add", *place, given=lines(KEYS))
        with terminal("credentials", "forget", *place) as shown:
            shown.wait_for("from the keyring? [y/N]:")
            shown.press(b"n\n")
            assert shown.leave() == 130
        run("forget", *place, exit_code=2)
        assert kept.load(profile).access_key_id == KEYS.access_key_id

        assert run("forget", *place, "--yes").stdout.startswith("Forgot the keys of profile 'lab'")

        assert "has no keys" in run("forget", *place, "--yes", exit_code=1).stderr
        assert kept.list() == ()


class TestWithoutAUsableKeyring:
    def test_locked(self, secret_service: SecretService) -> None:
        """A locked keyring fails every command at once, before any key is asked for."""
        run("add", "lab", "--endpoint", ENDPOINT, given=lines(KEYS))
        secret_service.lock()

        for verb in ("add", "rotate", "test", "where"):
            failed = run(verb, "lab", "--endpoint", ENDPOINT, exit_code=1)
            assert "locked" in failed.output
        assert run("list").stdout.splitlines()[1].split()[:2] == ["lab", ENDPOINT]
        assert (
            "keyring       stops here  The keyring is locked" in run("where", "lab", "--endpoint", ENDPOINT, exit_code=1).stdout
        )

    @pytest.mark.parametrize("verb", ["add", "test", "where"])
    def test_frozen(self, secret_service: SecretService, verb: str) -> None:
        """A keyring that does not answer is given up after the set time, and the program ends at once."""
        secret_service.freeze()
        before = time.monotonic()

        failed = start("credentials", verb, "lab", "--endpoint", ENDPOINT, given=lines(KEYS), CATALOG_KEYRING_TIMEOUT="0.3")

        assert time.monotonic() - before < 20
        assert failed.returncode == 1
        assert "did not answer within 0.3 s" in failed.stdout + failed.stderr
        assert "Traceback" not in failed.stderr

    @pytest.mark.parametrize("backend", ["keyring.backends.fail.Keyring", "keyring.backends.null.Keyring"])
    def test_none(self, backend: str) -> None:
        """Where there is no keyring that keeps secrets, the environment is named, and works."""
        place = ("lab", "--endpoint", ENDPOINT)
        failed = start("credentials", "add", *place, given=lines(KEYS), PYTHON_KEYRING_BACKEND=backend)
        assert failed.returncode == 1
        assert "set CATALOG_LAB_ACCESS_KEY_ID and CATALOG_LAB_SECRET_ACCESS_KEY in this shell" in failed.stderr
        assert KEYS.secret_access_key not in failed.stdout + failed.stderr

        shown = start(
            "credentials",
            "where",
            *place,
            PYTHON_KEYRING_BACKEND=backend,
            CATALOG_LAB_ACCESS_KEY_ID=KEYS.access_key_id,
            CATALOG_LAB_SECRET_ACCESS_KEY=KEYS.secret_access_key,
        )

        assert shown.returncode == 0
        assert used(shown.stdout) == "environment CATALOG_LAB_ACCESS_KEY_ID and CATALOG_LAB_SECRET_ACCESS_KEY are set"
        assert KEYS.access_key_id not in shown.stdout


class TestWhere:
    def test_every_source_has_a_line(self, memory: MemoryKeyring) -> None:
        """The table names all sources in their order and marks the one that is used; JSON says the same."""
        run("add", "lab", "--endpoint", "HTTPS://S3.example.com:443/", given=lines(KEYS))

        shown = run("where", "lab", "--endpoint", ENDPOINT).stdout.splitlines()
        facts = json.loads(run("where", "lab", "--endpoint", ENDPOINT, "--json").stdout)

        assert shown[0] == "profile 'lab' at https://s3.example.com"
        sources = ["passed in", "anonymous", "this session", "environment", "keyring", "AWS chain"]
        assert [line[:14].strip() for line in shown[2:]] == sources
        assert used("\n".join(shown)).startswith("keyring the key that ends in MPLE")
        assert [source["source"] for source in facts["sources"]] == sources
        assert (facts["database"], facts["approved"]) == (None, None)

    def test_nothing(self, memory: MemoryKeyring) -> None:
        """Where no source has keys the command fails, as a check in CI should, and says what to do."""
        failed = run("where", "lab", "--endpoint", ENDPOINT, exit_code=1)

        assert "No keys would be used for profile 'lab' at https://s3.example.com." in failed.stderr
        assert "catalog credentials add lab --endpoint https://s3.example.com" in failed.stderr

    def test_a_database_of_a_group(self, memory: MemoryKeyring, folder: Path, tmp_path: Path) -> None:
        """A database in a folder needs no keys; one that a group suggests at a server is said to be not approved yet."""
        assert "a folder or a public address needs no keys" in self._where(folder, "field/rain")
        here = Catalog(folder)
        with here.open_group("lab", "c", lock="commit") as group:
            entry = group[next(iter(group))]
            place = {"db_key": "x", "bucket": "bucket", "endpoint_url": ENDPOINT, "db_url": "https://example.com/x"}
            Database.set(group, "0" * 32, {**entry, "remote_conn": place, "catalog": {"name": "far", "profile": "lab"}})

        assert "not approved here yet: the first use will ask" in self._where(folder, "far")
        assert "Without keys it is read at https://example.com/x." in self._where(folder, "far")
        run("add", "lab", "--endpoint", ENDPOINT, given=lines(KEYS))
        assert used(self._where(folder, "lab/far")).startswith("keyring the key that ends in MPLE, stored 20")

    @staticmethod
    def _where(folder: Path, database: str) -> str:
        result = CliRunner().invoke(cli, ["--catalog", str(folder), "credentials", "where", "--database", database])
        assert result.exit_code == 0, result.output
        return result.output

    def test_a_profile_or_a_database(self, memory: MemoryKeyring) -> None:
        """Both together are wrong usage."""
        run("where", "lab", "--database", "a/b", exit_code=2)
        run("test", "--database", "a/b", "--endpoint", ENDPOINT, exit_code=2)


class TestAdd:
    def test_keys_that_are_there_stay(self, memory: MemoryKeyring) -> None:
        """Adding over stored keys is refused before anything is read, and points to rotate."""
        run("add", "lab", "--endpoint", ENDPOINT, given=lines(KEYS))

        refused = run("add", "lab", "--endpoint", ENDPOINT, given=lines(AccessKeys("AKIAOTHER000", "other")), exit_code=1)

        assert "catalog credentials rotate" in refused.stderr
        assert kept.load(Profile.at(ENDPOINT, "lab")).access_key_id == KEYS.access_key_id

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            (b"", "0 lines"),
            (b"AKIAhush", "1 lines of text"),
            (b"AKIAhush\nhush\nhush\n", "3 lines of text"),
            (b"AKIAhush\n\nhush", "3 lines of text"),
            (b"AKIAhush\n\xff\xfehush\n", "0 lines of text"),
            (b"AKIAhush\nhush \n", "secret begins or ends with white space"),
            (b"AKIAhush\nhu\tsh\n", "secret has a control character"),
        ],
    )
    def test_what_is_no_key_pair(self, memory: MemoryKeyring, given: bytes, said: str) -> None:
        """Something else than two usable lines is refused without being repeated."""
        refused = run("add", "lab", "--endpoint", ENDPOINT, given=given, exit_code=1)

        assert said in refused.stderr
        assert "hush" not in refused.output
        assert memory.entries == {}

    def test_lines_of_windows_and_without_an_end(self, memory: MemoryKeyring) -> None:
        """Lines may end as Windows writes them, and the last one need not end."""
        run("add", "a", "--endpoint", ENDPOINT, given=b"AKIA12345678\r\none\r\n")
        run("add", "b", "--endpoint", ENDPOINT, given=b"AKIA12345678\ntwo")

        assert kept.load(Profile.at(ENDPOINT, "a")).secret_access_key == "one"
        assert kept.load(Profile.at(ENDPOINT, "b")).secret_access_key == "two"

    def test_the_default_profile_at_aws(self, memory: MemoryKeyring) -> None:
        """Without name and endpoint the keys are those of connections that say neither."""
        run("add", given=lines(KEYS))

        connection = S3Connection(db_key="a", bucket="bucket")
        assert kept.resolve(connection).source.value == "keyring"

    @pytest.mark.parametrize("verb", ["add", "rotate"])
    @pytest.mark.parametrize("arguments", [("AKIAhush", "hush"), ("--secret", "hush"), ("--secret=hush",)])
    def test_keys_are_no_arguments(self, memory: MemoryKeyring, verb: str, arguments: tuple[str, ...]) -> None:
        """Keys on the command line are wrong usage, and not repeated."""
        refused = run(verb, "lab", *arguments, exit_code=2)

        assert "hush" not in refused.output
        assert memory.entries == {}


def test_list(memory: MemoryKeyring) -> None:
    """Stored profiles are listed with the end of the key id alone; without any, it says what to do."""
    assert "catalog credentials add NAME" in run("list").stderr
    run("add", "lab", "--endpoint", ENDPOINT, given=lines(KEYS))
    run("add", given=lines(KEYS))

    (lab,) = (stored for stored in json.loads(run("list", "--json").stdout) if stored["profile"] == "lab")
    shown = run("list").stdout

    assert (lab["endpoint"], lab["key_id_ending"]) == (ENDPOINT, "MPLE")
    assert [line.split()[:3] for line in shown.splitlines()] == [
        ["PROFILE", "ENDPOINT", "KEY"],
        ["default", "https://s3.amazonaws.com", "…MPLE"],
        ["lab", ENDPOINT, "…MPLE"],
    ]
    assert KEYS.access_key_id not in shown


class TestApprovals:
    @pytest.fixture(autouse=True)
    def approved(self) -> None:
        """Three approved places."""
        for bucket, origin in (("one", "reefs"), ("two", "reefs"), ("three", "gauges")):
            approve(S3Connection(db_key="a", bucket=bucket, endpoint_url=ENDPOINT, profile="lab"), origin)

    def test_list(self) -> None:
        """Approvals are listed with where they came from."""
        shown = CliRunner().invoke(cli, ["approvals", "list"]).stdout
        listed = json.loads(CliRunner().invoke(cli, ["approvals", "list", "--json"]).stdout)

        assert [line.split()[:4] for line in shown.splitlines()[1:]] == [
            [ENDPOINT, "one", "lab", "reefs"],
            [ENDPOINT, "three", "lab", "gauges"],
            [ENDPOINT, "two", "lab", "reefs"],
        ]
        assert listed[1]["group"] == "gauges"

    @pytest.mark.parametrize(
        ("options", "left"),
        [
            (("--group", "reefs"), {"three"}),
            (("--bucket", "two"), {"one", "three"}),
            (("--endpoint", "https://S3.EXAMPLE.com:443", "--group", "gauges"), {"one", "two"}),
            (("--profile", "lab"), set()),
            (("--all",), set()),
        ],
    )
    def test_revoke(self, options: tuple[str, ...], left: set[str]) -> None:
        """Those that fit all options are revoked, or all."""
        result = CliRunner().invoke(cli, ["approvals", "revoke", *options])

        assert result.stdout == f"{3 - len(left)} approval{'s' if len(left) < 2 else ''} revoked.\n"
        assert {approval.place.bucket for approval in Approvals().list()} == left

    @pytest.mark.parametrize(("options", "code"), [((), 2), (("--all", "--group", "reefs"), 2), (("--group", "other"), 1)])
    def test_revoke_wants_to_know_which(self, options: tuple[str, ...], code: int) -> None:
        """Neither, both and none are errors, and revoke nothing."""
        assert CliRunner().invoke(cli, ["approvals", "revoke", *options]).exit_code == code
        assert len(Approvals().list()) == 3


def test_a_group_that_suggests_a_folder(folder: Path, tmp_path: Path) -> None:
    """A group may not lead a push into another folder of this machine before that was approved."""
    elsewhere = S3Connection(db_key="field/rain", endpoint_url=(tmp_path / "private").as_uri())
    here = Catalog(folder)
    with here.open_group("lab", "c", lock="commit") as group:
        Database.set(
            group, "0" * 32, {**group[next(iter(group))], "remote_conn": elsewhere.to_dict(), "catalog": {"name": "trap"}}
        )

    result = CliRunner().invoke(cli, ["--catalog", str(folder), "push", "trap"])

    assert result.exit_code == 1
    assert "suggests the folder" in result.stderr
    assert not (tmp_path / "private").exists()
    assert "suggests the folder" in CliRunner().invoke(cli, ["--catalog", str(folder), "status", "trap"]).stdout


def test_a_place_that_the_user_added_is_approved(folder: Path, tmp_path: Path) -> None:
    """Whoever adds a database by its address has said that it may be used: nothing asks again."""
    with catalog.open(remote(tmp_path / "other", "mine"), tmp_path / "other.blt", "n", "str", lock="commit") as opened:
        opened["a"] = "b"
        opened.changes().push()
    endpoint = (tmp_path / "other" / "remotes").as_uri()

    added = CliRunner().invoke(cli, ["--catalog", str(folder), "add", "lab", "mine", "--db-key", "mine", "--endpoint", endpoint])
    shown = CliRunner().invoke(cli, ["--catalog", str(folder), "get", "lab/mine", "a"])

    assert added.exit_code == 0, added.output
    assert shown.stdout == "b\n"
