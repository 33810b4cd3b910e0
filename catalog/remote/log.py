"""The log of a remote, read: which commits there were, back to the first, whatever garbage collection took of them."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.errors import GoneError, IntegrityError, ObjectMissingError
from catalog.format.content import named_content
from catalog.format.head import Commit, StoredHead, commit_of
from catalog.format.log import Bundle, Summary, decode_log
from catalog.remote.again import verified
from catalog.remote.place import Place
from catalog.remote.segment_reader import ObjectCache

_MOST_BUNDLE = 8 << 20


class Log:
    """The summaries of the commits before some head. Each bundle is fetched once and then comes from the cache."""

    def __init__(self, place: Place, cache: ObjectCache) -> None:
        self._place, self._cache = place, cache

    def summaries(self, newest: StoredHead, before: int | None = None) -> Iterator[Summary]:
        """What is said of a commit and of those before it, newest first; only of those before a number, if it is given."""
        below = newest.head.number + 1 if before is None else before
        if newest.head.number < below:
            yield newest.summary
        yield from (summary for summary in reversed(newest.log) if summary.number < below)
        for bundle in reversed(newest.head.bundles):
            if bundle.first < below:
                yield from (summary for summary in reversed(self._read(bundle)) if summary.number < below)

    def at(self, newest: StoredHead, number: int) -> Summary | None:
        """What is said of the commit with this number; None where a head has no such ancestor. One request at most."""
        if not 1 <= number <= newest.head.number:
            return None
        if number == newest.head.number:
            return newest.summary
        for bundle in newest.head.bundles:
            if bundle.first <= number <= bundle.last:
                return self._read(bundle)[number - bundle.first]
        return newest.log[number - newest.head.number]

    def has(self, newest: StoredHead, number: int, commit_id: str) -> bool:
        """Whether a commit is a head itself, or one of its ancestors; no request where it is its parent."""
        found = self.at(newest, number)
        return found is not None and found.id.hex() == commit_id

    def commit(self, newest: StoredHead, summary: Summary) -> Commit:
        """A commit of which the log tells, as users see it."""
        before = self.at(newest, summary.number - 1)
        return commit_of(summary, (before.number, before.id.hex()) if before is not None else None)

    def commits(self, newest: StoredHead, before: int | None = None) -> Iterator[Commit]:
        """As `summaries`, as users see them."""
        later: Summary | None = None
        for summary in self.summaries(newest, before):
            if later is not None:
                yield commit_of(later, (summary.number, summary.id.hex()))
            later = summary
        if later is not None:
            yield commit_of(later, None)

    def _read(self, bundle: Bundle) -> tuple[Summary, ...]:
        what = f"{self._place}: the log up to commit {bundle.last}"
        key = bundle.id.hex()
        body = self._cache.get_segment(key)
        if body is None:
            body = verified(lambda: self._fetch(bundle, what))
            self._cache.put_segment(key, body)
        summaries = decode_log(named_content(body, bundle.id, what), what)
        if [summary.number for summary in summaries] != list(range(bundle.first, bundle.last + 1)):
            raise IntegrityError(f"{what} is damaged: it tells of other commits.")
        return summaries

    def _fetch(self, bundle: Bundle, what: str) -> bytes:
        try:
            body = self._place.store.get(self._place.names.bundle(bundle.last, bundle.id), most=_MOST_BUNDLE).body
        except ObjectMissingError:
            raise GoneError(
                f"{what} is missing.", hint="It is never deleted on purpose: restore it from a copy of the bucket."
            ) from None
        named_content(body, bundle.id, what)
        return body
