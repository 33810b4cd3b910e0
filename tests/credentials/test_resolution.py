"""As whom the requests of a connection are signed."""

from __future__ import annotations

from typing import Any

import pytest
from keyring.backends import fail, null
from keyring.errors import KeyringLocked

from catalog import credentials
from catalog.connection import AccessKeys, S3Connection
from catalog.credentials import AwsChain, Profile, Source, this_session
from catalog.errors import CredentialsError

from .conftest import UseKeyring
from .keyrings import FailingKeyring, MemoryKeyring, made

ELSEWHERE = "https://s3.example.com"


def _connection(**parameters: Any) -> S3Connection:
    return S3Connection(**{"db_key": "a", "bucket": "bucket", "endpoint_url": ELSEWHERE, "profile": "lab"} | parameters)


def _set_environment(monkeypatch: pytest.MonkeyPatch, prefix: str = "CATALOG_LAB_") -> None:
    monkeypatch.setenv(f"{prefix}ACCESS_KEY_ID", "AKIAENVIRONMENT")
    monkeypatch.setenv(f"{prefix}SECRET_ACCESS_KEY", "environment")


def _secret(connection: S3Connection) -> str:
    identity = credentials.resolve(connection).identity
    assert isinstance(identity, AccessKeys)
    return identity.secret_access_key


def _stops(connection: S3Connection) -> CredentialsError:
    with pytest.raises(CredentialsError) as caught:
        credentials.resolve(connection)
    return caught.value


def test_the_order_of_sources(memory: MemoryKeyring, keys: AccessKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passed in, session, environment, keyring, chain: taking the first away uncovers the next."""
    connection = _connection(aws_chain=True)
    profile = Profile.of(connection)
    credentials.save(profile, keys)
    _set_environment(monkeypatch)
    this_session.save(profile, AccessKeys("AKIASESSION", "session"))

    assert _secret(_connection(access_key_id="AKIAPASSED", access_key="passed", aws_chain=True)) == "passed"
    assert _secret(connection) == "session"
    this_session.forget(profile)
    assert _secret(connection) == "environment"
    monkeypatch.delenv("CATALOG_LAB_ACCESS_KEY_ID")
    monkeypatch.delenv("CATALOG_LAB_SECRET_ACCESS_KEY")
    assert _secret(connection) == keys.secret_access_key
    credentials.forget(profile)
    assert credentials.resolve(connection).identity == AwsChain("lab")
    assert _stops(_connection()).kind == "missing"


def test_a_later_source_is_not_asked(memory: MemoryKeyring, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keyring, which may prompt, is left alone when something before it decides."""
    _set_environment(monkeypatch)

    credentials.resolve(_connection())
    credentials.resolve(_connection(anonymous=True))

    assert memory.calls == []


@pytest.mark.parametrize(
    "connection",
    [
        S3Connection(db_key="a", endpoint_url="file:///folder"),
        S3Connection("AKIA", "hush", db_key="a", endpoint_url="file:///folder"),
        S3Connection(db_url="https://example.com/a"),
        _connection(anonymous=True),
    ],
    ids=["folder", "folder with keys", "address", "anonymous"],
)
def test_what_needs_no_keys(memory: MemoryKeyring, monkeypatch: pytest.MonkeyPatch, connection: S3Connection) -> None:
    """A folder, a public address and a connection that says so are anonymous, whatever keys lie about."""
    _set_environment(monkeypatch)

    resolved = credentials.resolve(connection)

    assert (resolved.identity, resolved.source) == (None, Source.ANONYMOUS)
    assert memory.calls == []


def test_without_keys_nothing_is_anonymous(memory: MemoryKeyring) -> None:
    """A connection that does not say so is never anonymous; the error names every source and what to do."""
    error = _stops(_connection())

    assert (error.kind, error.endpoint, error.profile) == ("missing", ELSEWHERE, "lab")
    assert all(source.value in str(error) for source in Source)
    assert "catalog credentials add lab --endpoint https://s3.example.com" in str(error)
    assert "CATALOG_LAB_SECRET_ACCESS_KEY" in str(error)


def test_a_connection_without_profile(memory: MemoryKeyring, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a profile the variables have no name in them, and do not serve a named profile."""
    _set_environment(monkeypatch, "CATALOG_")

    assert _secret(_connection(profile=None)) == "environment"
    assert _stops(_connection()).kind == "missing"


@pytest.mark.parametrize("present", ["CATALOG_LAB_ACCESS_KEY_ID", "CATALOG_LAB_SECRET_ACCESS_KEY"])
@pytest.mark.parametrize("empty", [True, False])
def test_half_a_pair_stops(memory: MemoryKeyring, monkeypatch: pytest.MonkeyPatch, present: str, empty: bool) -> None:
    """One variable of two is a mistake, not a reason to act as somebody else; an empty one is as good as none."""
    _set_environment(monkeypatch)
    absent = ({"CATALOG_LAB_ACCESS_KEY_ID", "CATALOG_LAB_SECRET_ACCESS_KEY"} - {present}).pop()
    if empty:
        monkeypatch.setenv(absent, "")
    else:
        monkeypatch.delenv(absent)

    error = _stops(_connection(aws_chain=True))

    assert error.kind == "incomplete"
    assert f"{present} is set and {absent} is not" in str(error)


def test_a_pair_of_empty_variables_is_not_set(memory: MemoryKeyring, monkeypatch: pytest.MonkeyPatch, keys: AccessKeys) -> None:
    """CI sets a secret that it does not have to nothing: that is no pair."""
    credentials.save(Profile.of(_connection()), keys)
    monkeypatch.setenv("CATALOG_LAB_ACCESS_KEY_ID", "")
    monkeypatch.setenv("CATALOG_LAB_SECRET_ACCESS_KEY", "")

    assert credentials.resolve(_connection()).source is Source.KEYRING


def test_a_malformed_variable_stops(memory: MemoryKeyring, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line break copied along with a secret is found here, not by the server."""
    _set_environment(monkeypatch)
    monkeypatch.setenv("CATALOG_LAB_SECRET_ACCESS_KEY", "environment\n")

    assert _stops(_connection()).kind == "malformed"


def test_a_locked_keyring_stops(use_keyring: UseKeyring) -> None:
    """A locked keyring stops the search, also where botocore's chain could follow."""
    use_keyring(FailingKeyring(lambda _: KeyringLocked()))

    assert _stops(_connection(aws_chain=True)).kind == "locked"
    assert _stops(_connection(endpoint_url=None)).kind == "locked"


def test_a_broken_keyring_stops(use_keyring: UseKeyring) -> None:
    """So does a broken one."""
    use_keyring(FailingKeyring(lambda _: ConnectionResetError()))

    assert _stops(_connection(endpoint_url=None)).kind == "broken"


def test_an_entry_for_another_endpoint_stops(memory: MemoryKeyring, keys: AccessKeys) -> None:
    """An entry that was moved to another endpoint is not passed over."""
    credentials.save(Profile.at("https://good.example", "lab"), keys)
    memory.entries[Profile.at(ELSEWHERE, "lab").service, "lab"] = next(iter(memory.entries.values()))

    assert _stops(_connection(aws_chain=True)).kind == "mismatch"


@pytest.mark.parametrize(
    ("backend", "kind"), [(made(fail.Keyring), "no backend"), (made(null.Keyring), "refused backend")], ids=["none", "null"]
)
def test_without_a_keyring(use_keyring: UseKeyring, backend: Any, kind: str) -> None:
    """Where there is no keyring, as in a container, AWS's chain follows; elsewhere the missing keyring is the error."""
    use_keyring(backend)

    assert credentials.resolve(_connection(endpoint_url=None, profile=None)).identity == AwsChain()
    assert _stops(_connection()).kind == kind


def test_without_the_keyring_that_has_the_keys(use_keyring: UseKeyring, keys: AccessKeys) -> None:
    """Where the index knows that a keyring has the keys, its absence is not a reason to act as somebody else."""
    use_keyring(MemoryKeyring())
    connection = _connection(endpoint_url=None)
    credentials.save(Profile.of(connection), keys)

    use_keyring(made(fail.Keyring))

    assert _stops(connection).kind == "no backend"


def test_the_chain_is_for_aws_or_by_request(memory: MemoryKeyring) -> None:
    """Keys of ~/.aws are offered to AWS, or where the connection says so, and under the profile's name."""
    assert credentials.resolve(_connection(endpoint_url=None)).identity == AwsChain("lab")
    assert (
        credentials.resolve(_connection(endpoint_url="https://s3.eu-west-1.amazonaws.com", profile=None)).identity == AwsChain()
    )
    assert credentials.resolve(_connection(aws_chain=True)).identity == AwsChain("lab")
    assert _stops(_connection()).kind == "missing"


def test_explain_lists_each_source_once(memory: MemoryKeyring, keys: AccessKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every source is listed in order, with what it has; one is used, and no secret or key id is shown."""
    _set_environment(monkeypatch)
    credentials.save(Profile.of(_connection()), keys)

    reports = credentials.explain(_connection())

    assert [(report.source, report.found, report.used) for report in reports] == [
        (Source.EXPLICIT, False, False),
        (Source.ANONYMOUS, False, False),
        (Source.SESSION, False, False),
        (Source.ENVIRONMENT, True, True),
        (Source.KEYRING, True, False),
        (Source.AWS_CHAIN, False, False),
    ]
    assert "ends in MPLE" in reports[4].why
    shown = repr(reports)
    assert all(hidden not in shown for hidden in (keys.access_key_id, keys.secret_access_key, "AKIAENV"))


def test_explain_of_a_profile(memory: MemoryKeyring, keys: AccessKeys) -> None:
    """A profile is explained as a connection that uses it, also the one without name at AWS."""
    for connection in (_connection(), _connection(endpoint_url=None, profile=None)):
        credentials.save(Profile.of(connection), keys)

        assert credentials.explain(Profile.of(connection)) == credentials.explain(connection)


def test_explain_reports_a_failing_keyring(use_keyring: UseKeyring) -> None:
    """A locked keyring is what decides, and is reported instead of raised."""
    use_keyring(FailingKeyring(lambda _: KeyringLocked()))

    used = [report for report in credentials.explain(_connection()) if report.used]

    assert [(report.source, report.found) for report in used] == [(Source.KEYRING, False)]
    assert "locked" in used[0].why


def test_explain_of_nothing_uses_nothing(memory: MemoryKeyring) -> None:
    """Where no source has an answer, none is marked as used."""
    assert not any(report.used for report in credentials.explain(_connection()))
