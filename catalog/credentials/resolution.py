"""Find out as whom the requests of a connection are signed, and explain it.

The sources are asked in this order, and the first that has an answer decides: keys passed in, anonymous where the connection
says so, keys of this session, the environment, the keyring, botocore's own chain where it is allowed. A source that should
know and cannot tell (half a pair of variables, a keyring that is locked, silent or broken) stops the search with an error:
going on would act under another identity than the one that was meant.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from catalog.connection import AccessKeys, S3Connection
from catalog.credentials.endpoint import is_aws
from catalog.credentials.entry import check_keys
from catalog.credentials.identity import AwsChain, Identity
from catalog.credentials.keyring_store import load_entry
from catalog.credentials.profile import DEFAULT_PROFILE, Profile
from catalog.credentials.profile_index import StoredProfile, index_file
from catalog.credentials.session_store import this_session
from catalog.errors import CredentialsError, CredentialsKind
from catalog.progress import Progress

_NO_KEYRING = frozenset({CredentialsKind.NO_BACKEND, CredentialsKind.REFUSED_BACKEND})


class Source(StrEnum):
    """Where an identity can come from."""

    EXPLICIT = "passed in"
    ANONYMOUS = "anonymous"
    SESSION = "this session"
    ENVIRONMENT = "environment"
    KEYRING = "keyring"
    AWS_CHAIN = "AWS chain"


@dataclass(frozen=True, slots=True)
class Resolved:
    """As whom requests are signed, which source said so, and why."""

    identity: Identity
    source: Source
    why: str


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What one source says about a connection; it holds no secret.

    ``used`` marks the one source that decides, whether by an identity (``found``) or by stopping the search.
    """

    source: Source
    found: bool
    used: bool
    why: str


@dataclass(frozen=True, slots=True)
class _Finding:
    source: Source
    why: str
    found: bool = False
    identity: Identity = field(default=None, repr=False)
    problem: CredentialsError | None = None

    @property
    def decides(self) -> bool:
        return self.found or self.problem is not None


def resolve(connection: S3Connection, *, timeout: float | None = None, progress: Progress | None = None) -> Resolved:
    """Return the identity of a connection's requests; a later source is not asked when an earlier one decides.

    Args:
        connection: For what; a folder and a bare public address are anonymous.
        timeout: Seconds to wait for the keyring; by default ``CATALOG_KEYRING_TIMEOUT``, or 30.
        progress: To show that the keyring is being waited for, and to cancel that.

    Raises:
        CredentialsError: when no source has an answer, or one that should have cannot tell; ``kind`` says which.
    """
    missed = []
    for finding in _findings(connection, timeout, progress):
        if finding.problem:
            raise finding.problem
        if finding.found:
            return Resolved(finding.identity, finding.source, finding.why)
        missed.append(f"{finding.source}: {finding.why}")
    profile = Profile.of(connection)
    raise CredentialsError(
        f"There are no keys for {profile} ({'; '.join(missed)}).",
        kind=CredentialsKind.MISSING,
        endpoint=profile.endpoint,
        profile=profile.name,
        hint=f"Store them (catalog credentials add {profile.name} --endpoint {profile.endpoint}), set "
        f"{' and '.join(profile.environment_variables)}, or read without keys (anonymous=True).",
    )


def explain(
    what: S3Connection | Profile, *, timeout: float | None = None, progress: Progress | None = None
) -> tuple[SourceReport, ...]:
    """Return what every source says of a connection, or of any that uses a profile, in order.

    A keyring that fails is reported, not raised.
    """
    connection = _using(what) if isinstance(what, Profile) else what
    reports: list[SourceReport] = []
    for finding in _findings(connection, timeout, progress):
        used = finding.decides and not any(report.used for report in reports)
        reports.append(SourceReport(finding.source, finding.found, used, finding.why))
    return tuple(reports)


def _findings(connection: S3Connection, timeout: float | None, progress: Progress | None) -> Iterator[_Finding]:
    if connection.is_folder or connection.is_address_only:
        yield _Finding(Source.ANONYMOUS, "a folder or a public address needs no keys", found=True)
        return
    profile = Profile.of(connection)
    yield _explicit(connection)
    yield _anonymous(connection)
    yield _session(profile)
    yield _environment(profile)
    chain = _aws_chain(connection, profile)
    yield _keyring(profile, timeout, progress, chain_follows=chain.found)
    yield chain


def _using(profile: Profile) -> S3Connection:
    return S3Connection(db_key="any", bucket="any", endpoint_url=profile.endpoint, profile=profile.name)


def _explicit(connection: S3Connection) -> _Finding:
    if connection.access_keys is None:
        return _Finding(Source.EXPLICIT, "no keys were passed in")
    return _Finding(Source.EXPLICIT, "keys were passed in with the connection", found=True, identity=connection.access_keys)


def _anonymous(connection: S3Connection) -> _Finding:
    if connection.anonymous:
        return _Finding(Source.ANONYMOUS, "the connection says anonymous=True", found=True)
    return _Finding(Source.ANONYMOUS, "the connection does not say anonymous=True")


def _session(profile: Profile) -> _Finding:
    keys = this_session.load(profile)
    if keys is None:
        return _Finding(Source.SESSION, "no keys were given for this session")
    return _Finding(Source.SESSION, "keys were given for this session only", found=True, identity=keys)


def _environment(profile: Profile) -> _Finding:
    names = profile.environment_variables
    absent = [name for name in names if not os.environ.get(name)]
    if len(absent) == len(names):
        return _Finding(Source.ENVIRONMENT, f"{' and '.join(names)} are not set")
    try:
        keys = _environment_keys(profile, absent)
    except CredentialsError as error:
        return _Finding(Source.ENVIRONMENT, error.message, problem=error)
    return _Finding(Source.ENVIRONMENT, f"{' and '.join(names)} are set", found=True, identity=keys)


def _environment_keys(profile: Profile, absent: list[str]) -> AccessKeys:
    key_id_name, secret_name = profile.environment_variables
    if absent:
        present = secret_name if absent == [key_id_name] else key_id_name
        raise CredentialsError(
            f"{present} is set and {absent[0]} is not.",
            kind=CredentialsKind.INCOMPLETE,
            endpoint=profile.endpoint,
            profile=profile.name,
            hint="Set both or neither.",
        )
    return check_keys(AccessKeys(os.environ[key_id_name], os.environ[secret_name]), f"{key_id_name} and {secret_name}")


def _keyring(profile: Profile, timeout: float | None, progress: Progress | None, *, chain_follows: bool) -> _Finding:
    try:
        entry = load_entry(profile, timeout=timeout, progress=progress)
    except CredentialsError as error:
        # Without a keyring at all (a container, CI) botocore's chain may follow; unless these keys are known to be in one.
        harmless = error.kind is CredentialsKind.MISSING or (
            error.kind in _NO_KEYRING and chain_follows and not index_file().read().names(profile)
        )
        return _Finding(Source.KEYRING, error.message, problem=None if harmless else error)
    stored = StoredProfile.of(entry)
    why = f"the key that ends in {stored.key_id_ending}, stored {stored.created:%Y-%m-%d}"
    return _Finding(Source.KEYRING, why, found=True, identity=entry.keys)


def _aws_chain(connection: S3Connection, profile: Profile) -> _Finding:
    if is_aws(profile.endpoint):
        reason = f"{profile.endpoint} is AWS"
    elif connection.aws_chain:
        reason = "the connection says aws_chain=True"
    else:
        return _Finding(Source.AWS_CHAIN, "the endpoint is not AWS, and the connection does not say aws_chain=True")
    if profile.name == DEFAULT_PROFILE:
        where = "AWS_* variables, ~/.aws, SSO or the machine's role"
        return _Finding(Source.AWS_CHAIN, f"{reason}: {where}", found=True, identity=AwsChain())
    where = f"profile {profile.name!r} of ~/.aws"
    return _Finding(Source.AWS_CHAIN, f"{reason}: {where}", found=True, identity=AwsChain(profile.name))
