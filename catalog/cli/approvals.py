"""Commands about the places that were approved on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from catalog.cli.listing import as_json, count, print_json, print_table
from catalog.errors import EntryMissingError

if TYPE_CHECKING:
    from catalog.credentials import Approval


@click.group()
def approvals() -> None:
    """See and take back what was approved: places that groups suggested, and where your keys may sign requests."""


@approvals.command("list")
@as_json
def list_approvals(as_json: bool) -> None:
    """List the approved places."""
    from catalog.credentials import Approvals

    found = Approvals().list()
    if as_json:
        print_json(
            [
                {
                    "endpoint": approval.place.profile.endpoint,
                    "bucket": approval.place.bucket,
                    "profile": approval.place.profile.name,
                    "group": approval.origin,
                    "approved": approval.approved.isoformat(),
                }
                for approval in found
            ]
        )
    elif found:
        print_table(
            ("ENDPOINT", "BUCKET", "PROFILE", "GROUP", "APPROVED"),
            (
                (
                    approval.place.profile.endpoint,
                    approval.place.bucket or "-",
                    approval.place.profile.name,
                    approval.origin,
                    f"{approval.approved:%Y-%m-%d}",
                )
                for approval in found
            ),
        )
    else:
        click.echo("Nothing was approved on this machine.", err=True)


@approvals.command()
@click.option("--endpoint", metavar="URL", help="Those of this server or folder.")
@click.option("--bucket", metavar="NAME", help="Those of this bucket.")
@click.option("--profile", metavar="NAME", help="Those of these credentials.")
@click.option("--group", metavar="NAME", help="Those that this group suggested.")
@click.option("--all", "everything", is_flag=True, help="All of them.")
def revoke(endpoint: str | None, bucket: str | None, profile: str | None, group: str | None, everything: bool) -> None:
    """Take back the approvals that fit all options; the next use of such a place asks again."""
    from catalog.credentials import Approvals

    wanted = (_spelled(endpoint), bucket, profile, group)
    if everything == any(part is not None for part in wanted):
        raise click.UsageError("Say which, by --endpoint, --bucket, --profile or --group; or --all.")
    approved = Approvals()
    found = [approval for approval in approved.list() if _fits(approval, wanted)]
    if not found and not everything:
        raise EntryMissingError("No such place is approved.", hint="`catalog approvals list` shows what is.")
    revoked = sum(approved.revoke(approval.place) for approval in found)
    click.echo(f"{count(revoked, 'approval')} revoked.")


def _fits(approval: Approval, wanted: tuple[str | None, ...]) -> bool:
    place = approval.place
    facts = (place.profile.endpoint, place.bucket, place.profile.name, approval.origin)
    return all(part in (None, fact) for part, fact in zip(wanted, facts, strict=True))


def _spelled(endpoint: str | None) -> str | None:
    """An endpoint as approvals spell it."""
    from catalog.credentials import canonical_endpoint

    return endpoint if endpoint is None or endpoint.startswith("file:") else canonical_endpoint(endpoint)
