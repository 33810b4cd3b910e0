"""What a new commit takes over from the one before it: its number, its parent, and the log."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TypedDict

from catalog.format.content import compress, content_id
from catalog.format.door import check_readable
from catalog.format.head import Parent, StoredHead, following_log
from catalog.format.log import BUNDLE, Bundle, Summary, decode_log, encode_log, first_of_bundle
from catalog.format.names import ObjectNames
from catalog.remote.log import Log

Put = Callable[[str, bytes], object]


class Following(TypedDict):
    """The members of a head that make it the next one after another."""

    number: int
    parents: tuple[Parent, ...]
    write_id: bytes
    log: bytes
    bundles: tuple[Bundle, ...]


def follow(over: StoredHead | None, log: Log, names: ObjectNames, put: Put) -> Following:
    """Make a head the next one after ``over``. Each 32 commits a bundle of the log goes to ``put``."""
    write_id = uuid.uuid4().bytes
    if over is None:
        return Following(number=1, parents=(), write_id=write_id, log=encode_log((), 1), bundles=())
    number = over.head.number
    summaries, first = following_log(over)
    bundles = over.head.bundles
    if number % BUNDLE == 0:
        bundle = _bundle(over, log, names, put)
        bundles = (*(kept for kept in bundles if kept.last < bundle.first), bundle)
        summaries, first = (), number + 1
    return Following(
        number=number + 1,
        parents=(Parent(number, bytes.fromhex(over.commit_id)),),
        write_id=write_id,
        log=encode_log(summaries, first),
        bundles=bundles,
    )


def _bundle(over: StoredHead, log: Log, names: ObjectNames, put: Put) -> Bundle:
    last = over.head.number
    first = first_of_bundle(last)
    summaries: list[Summary] = []
    for summary in log.summaries(over):
        if summary.number < first:
            break
        summaries.append(summary)
    content = encode_log(summaries[::-1], first)
    check_readable("This part of the log", lambda: decode_log(content, "It"))
    bundle_id, body = content_id(content), compress(content)
    put(names.bundle(last, bundle_id), body)
    return Bundle(first, last, bundle_id, len(body))
