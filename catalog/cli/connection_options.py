"""The options that say where a remote is."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

_OPTIONS = (
    click.option("--db-key", metavar="KEY", help="The name of the remote in its bucket."),
    click.option("--bucket", metavar="NAME", help="The bucket."),
    click.option("--endpoint", metavar="URL", help="https://host, or file:///folder. Default: AWS."),
    click.option("--url", metavar="URL", help="The public address, for reading."),
    click.option("--profile", metavar="NAME", help="The name of the credentials to use."),
)


def connection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options of a remote; it receives ``connection``, None when none of them was used."""

    @wraps(command)
    def with_connection(
        *args: Any,
        db_key: str | None,
        bucket: str | None,
        endpoint: str | None,
        url: str | None,
        profile: str | None,
        **more: Any,
    ) -> Any:
        from catalog.connection import S3Connection

        connection = None
        if db_key or bucket or endpoint or url or profile:
            connection = S3Connection(db_key=db_key, bucket=bucket, endpoint_url=endpoint, db_url=url, profile=profile)
        return command(*args, connection=connection, **more)

    wrapped: Callable[..., Any] = with_connection
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped
