"""Commands about keys: in the keyring, never in an argument, a file or an output."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from catalog.cli.key_entry import ask_keys
from catalog.cli.listing import as_json, count, print_json, print_table
from catalog.cli.progress_line import progress_line
from catalog.cli.selection import Selection, ask_approval, choose, pass_selection
from catalog.errors import (
    AccessDeniedError,
    CatalogError,
    CredentialsError,
    CredentialsKind,
    InvalidInputError,
    NotApprovedError,
)
from catalog.text import escape

if TYPE_CHECKING:
    from catalog.cli.selection import Choice
    from catalog.connection import S3Connection
    from catalog.credentials import Identity, Profile, SourceReport

_OUT_OF_REACH = frozenset(CredentialsKind) - {
    CredentialsKind.MISSING,
    CredentialsKind.MALFORMED,
    CredentialsKind.TOO_LONG,
    CredentialsKind.MISMATCH,
    CredentialsKind.UNREADABLE,
}
_NAMED = 5

_profile = click.argument("name", required=False, metavar="[NAME]")
_endpoint = click.option("--endpoint", metavar="URL", help="The server that the keys are for. Default: AWS.")
_bucket = click.option("--bucket", metavar="BUCKET", help="A bucket that the keys may read, to try them on.")
_database = click.option("--database", metavar="GROUP/NAME", help="Instead of a profile: a database of the catalog.")


class KeysCommand(click.Command):
    """A command that takes keys, and repeats no argument that it has no use for: it may be a secret."""

    allow_extra_args = True

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, unless it was given more arguments than it has."""
        if ctx.args:
            raise click.UsageError("There are more arguments than a NAME. Keys are never arguments: the command asks for them.")
        return super().invoke(ctx)


@click.group()
def credentials() -> None:
    """Keep keys in the keyring of this system.

    NAME is the profile, `default` when it is left out. Keys belong to one endpoint and are sent to no other.
    """


@credentials.command(cls=KeysCommand)
@_profile
@_endpoint
def add(name: str | None, endpoint: str | None) -> None:
    """Store a key pair in the keyring under NAME.

    Asks for the key id and the secret without showing them; or reads both, a line each, from standard input.
    """
    from catalog.credentials import save

    profile = _profile_at(endpoint, name)
    try:
        _refuse_stored(profile)
        keys = ask_keys()
        with progress_line() as progress:
            stored = save(profile, keys, progress=progress)
    except CredentialsError as error:
        raise _with_other_ways(error, profile) if error.kind in _OUT_OF_REACH else error from None
    click.echo(f"Stored the keys of {profile}; the key id ends in {escape(stored.key_id_ending)}.")


def _refuse_stored(profile: Profile) -> None:
    from catalog.credentials import load

    try:
        with progress_line() as progress:
            load(profile, progress=progress)
    except CredentialsError as error:
        if error.kind is CredentialsKind.MISSING:
            return
        raise
    raise InvalidInputError(
        f"There are keys of {profile} already.",
        hint="`catalog credentials rotate` puts new ones in their place, `catalog credentials forget` removes them.",
    )


def _with_other_ways(error: CredentialsError, profile: Profile) -> CredentialsError:
    """The same error with what works without a keyring: a command ends and can keep nothing for a session."""
    key_id, secret = profile.environment_variables
    return CredentialsError(
        error.message,
        kind=error.kind,
        endpoint=profile.endpoint,
        profile=profile.name,
        hint=f"{error.hint} A command keeps nothing when it ends: for this session, set {key_id} and {secret} in this shell, as "
        "docs/credentials.md shows under 'Without a keyring'.",
    )


@credentials.command("list")
@as_json
def list_profiles(as_json: bool) -> None:
    """List the profiles that were stored from this machine, without asking the keyring."""
    from catalog.credentials import list as stored_profiles

    found = stored_profiles()
    if as_json:
        print_json(
            [
                {
                    "profile": stored.profile.name,
                    "endpoint": stored.profile.endpoint,
                    "key_id_ending": stored.key_id_ending,
                    "created": stored.created.isoformat(),
                }
                for stored in found
            ]
        )
    elif found:
        print_table(
            ("PROFILE", "ENDPOINT", "KEY ID", "STORED"),
            (
                (stored.profile.name, stored.profile.endpoint, f"…{stored.key_id_ending}", f"{stored.created:%Y-%m-%d}")
                for stored in found
            ),
        )
    else:
        click.echo("No keys are stored. `catalog credentials add NAME --endpoint URL` stores some.", err=True)


@credentials.command()
@_profile
@_endpoint
@_database
@as_json
@pass_selection
def where(selection: Selection, name: str | None, endpoint: str | None, database: str | None, as_json: bool) -> None:
    """Say which keys would be used for NAME, and why; fails when there are none."""
    from catalog.credentials import explain

    choice = _chosen(selection, name, endpoint, database)
    connection = choice.entry.connection if choice else _connection(endpoint, name)
    with progress_line() as progress:
        reports = explain(connection, progress=progress)
    approved = _is_approved(selection, choice) if choice else None
    if as_json:
        about = {**_place_facts(connection), "database": choice and choice.name, "approved": approved}
        print_json({**about, "sources": [_facts(report) for report in reports]})
    else:
        click.echo(f"{escape(choice.name) + ': ' if choice else ''}{escape(_words(connection))}")
        print_table(("SOURCE", "", "WHY"), ((report.source.value, _mark(report), report.why) for report in reports))
        if approved is False:
            click.echo("The group suggests this place, and it was not approved here yet: the first use will ask.")
    if not any(report.used and report.found for report in reports):
        _tell_no_keys(connection, stopped=any(report.used for report in reports))


def _tell_no_keys(connection: S3Connection, *, stopped: bool) -> None:
    """Say what follows where no keys would be used; an error, unless there is a public address to read."""
    if connection.db_url is not None and not stopped:
        click.echo(f"Without keys it is read at {escape(connection.db_url)}.", err=True)
        return
    profile = _profile_of(connection)
    variables = " and ".join(profile.environment_variables)
    raise CredentialsError(
        f"No keys would be used for {profile}.",
        endpoint=profile.endpoint,
        profile=profile.name,
        hint=f"Mend what stops the search, or set {variables}."
        if stopped
        else f"Store some: catalog credentials add {profile.name} --endpoint {profile.endpoint}",
    )


def _mark(report: SourceReport) -> str:
    if report.used:
        return "used" if report.found else "stops here"
    return "not needed" if report.found else ""


def _facts(report: SourceReport) -> dict[str, Any]:
    return {"source": report.source.value, "found": report.found, "used": report.used, "why": report.why}


@credentials.command()
@_profile
@_endpoint
@_bucket
@_database
@pass_selection
def test(selection: Selection, name: str | None, endpoint: str | None, bucket: str | None, database: str | None) -> None:
    """Ask the server whether the keys of NAME work: in BUCKET, for a database, or by listing the buckets of the account.

    Nothing is written.
    """
    from catalog.credentials import resolve

    choice = _chosen(selection, name, endpoint, database)
    if choice and bucket:
        raise click.UsageError("--database says where: leave --bucket out.")
    if choice:
        ask_approval(selection.catalog(), choice)
    connection = choice.entry.connection if choice else _connection(endpoint, name, bucket)
    with progress_line() as progress:
        resolved = resolve(connection, progress=progress)
    click.echo(f"{escape(_words(connection))}: {escape(resolved.source.value)}, {escape(resolved.why)}.")
    if choice or bucket:
        _try_place(connection, resolved.identity)
    else:
        _try_account(endpoint, resolved.identity)


def _try_place(connection: S3Connection, identity: Identity) -> None:
    """Say what may be done at a place; raises the store's refusal when it may not be read."""
    from catalog.store.access import check_access

    access = check_access(connection, identity)
    if access.reads is not None:
        raise access.lists or access.reads
    click.echo("Reading works." + ("" if access.lists is None else " Listing is denied."))
    click.echo("Writing was not tried: that would leave something behind.")


def _try_account(endpoint: str | None, identity: Identity) -> None:
    """List the buckets of the account."""
    from catalog.store.s3.account import list_buckets

    try:
        names = list_buckets(endpoint, identity)
    except AccessDeniedError as error:
        raise AccessDeniedError(
            error.message, hint=f"{error.hint} Keys that may not list buckets are tried on one: --bucket BUCKET."
        ) from None
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    said = f": {', '.join(escape(name) for name in names[:_NAMED])}{more}" if names else ""
    click.echo(f"The server knows these keys; they see {count(len(names), 'bucket')}{said}.")


@credentials.command(cls=KeysCommand)
@_profile
@_endpoint
@_bucket
def rotate(name: str | None, endpoint: str | None, bucket: str | None) -> None:
    """Replace the stored keys of NAME by new ones, once the server has accepted these.

    Asks for the new keys as `add` does. Without BUCKET they are tried by listing the buckets of the account.
    """
    from catalog.credentials import load
    from catalog.credentials import rotate as rotate_stored

    profile = _profile_at(endpoint, name)
    with progress_line() as progress:
        load(profile, progress=progress)
    keys = ask_keys()
    with progress_line() as progress:
        stored = rotate_stored(profile, keys, check=_check(endpoint, name, bucket), progress=progress)
    click.echo(f"{profile} has new keys; the key id ends in {escape(stored.key_id_ending)}. Delete the old ones at the server.")


def _check(endpoint: str | None, name: str | None, bucket: str | None) -> Callable[[Any], None]:
    """What tries new keys before they replace old ones."""

    def check(keys: Any) -> None:
        try:
            if bucket:
                _try_place(_connection(endpoint, name, bucket), keys)
            else:
                _try_account(endpoint, keys)
        except CatalogError:
            click.echo("The new keys were not stored; the old ones stay.", err=True)
            raise

    return check


@credentials.command()
@_profile
@_endpoint
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(name: str | None, endpoint: str | None, yes: bool) -> None:
    """Delete the keys of NAME from the keyring."""
    from catalog.credentials import forget as forget_stored

    profile = _profile_at(endpoint, name)
    if not yes:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise click.UsageError("There is no terminal to ask on: say --yes.")
        click.confirm(f"Delete the keys of {profile} from the keyring?", abort=True, err=True)
    with progress_line() as progress:
        there = forget_stored(profile, progress=progress)
    if not there:
        raise CredentialsError(
            f"The keyring has no keys for {profile}.",
            endpoint=profile.endpoint,
            profile=profile.name,
            hint="`catalog credentials list` shows the stored profiles.",
        )
    click.echo(f"Forgot the keys of {profile}. The server still knows them: delete them there too if nobody needs them.")


def _profile_at(endpoint: str | None, name: str | None) -> Profile:
    from catalog.credentials import Profile

    return Profile.at(endpoint, name)


def _connection(endpoint: str | None, name: str | None, bucket: str | None = None) -> S3Connection:
    from catalog.connection import S3Connection

    return S3Connection(db_key="any", bucket=bucket or "any", endpoint_url=endpoint, profile=name)


def _chosen(selection: Selection, name: str | None, endpoint: str | None, database: str | None) -> Choice | None:
    if database is None:
        return None
    if name or endpoint:
        raise click.UsageError("Give either a profile with its --endpoint, or --database.")
    return choose(selection.catalog(), database)


def _is_approved(selection: Selection, choice: Choice) -> bool:
    try:
        selection.catalog().require_approval(choice.entry, origin=choice.group)
    except NotApprovedError:
        return False
    return True


def _profile_of(connection: S3Connection) -> Profile:
    from catalog.credentials import Profile

    return Profile.of(connection)


def _words(connection: S3Connection) -> str:
    return str(connection if connection.is_folder or connection.is_address_only else _profile_of(connection))


def _place_facts(connection: S3Connection) -> dict[str, Any]:
    if connection.is_folder or connection.is_address_only:
        return {"profile": None, "endpoint": None}
    profile = _profile_of(connection)
    return {"profile": profile.name, "endpoint": profile.endpoint}
