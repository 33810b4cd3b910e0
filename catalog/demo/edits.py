"""What happened to the demo's databases after they were first published: two people's edits, so that there are differences.

Most of these edits lead to the real data: what was published first lacks the last days or has a misplaced decimal point.
The preliminary values, the misplaced points and the new names of two airports' entries are the invented part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Records = dict[str, Any]

US = "ada@harbour"
"""Who the user of the demo is."""

COLLEAGUE = "bo@harbour"
"""Who published the databases, and goes on pushing to them."""


@dataclass(frozen=True, slots=True)
class Edits:
    """Keys to set and keys to delete."""

    put: Mapping[str, Any] = field(default_factory=dict)
    delete: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.put or self.delete)


@dataclass(frozen=True, slots=True)
class Story:
    """What was published first, what the colleague pushed since, and what was edited here and is not pushed yet."""

    published: Records
    theirs: Edits = Edits()
    ours: Edits = Edits()


StoryTeller = Callable[[Records], Story]


def in_step(records: Records) -> Story:
    """Nothing happened since it was published."""
    return Story(records)


def last_days_not_pushed(records: Records) -> Story:
    """Daily weather: here two days were added, two misplaced decimal points put right, and a day that never was deleted."""
    last_days = ("new-york/2015-12-31", "seattle/2015-12-31")
    published = {key: value for key, value in records.items() if key not in last_days}
    published["seattle/2012-01-03"] = {**records["seattle/2012-01-03"], "high_c": 117}
    published["new-york/2012-10-29"] = {**records["new-york/2012-10-29"], "wind_m_s": 1.62}
    published["seattle/2013-02-29"] = records["seattle/2013-02-28"]
    corrected = (*last_days, "seattle/2012-01-03", "new-york/2012-10-29")
    return Story(published, ours=Edits({key: records[key] for key in corrected}, ("seattle/2013-02-29",)))


def last_quarter_pushed(records: Records) -> Story:
    """Carbon dioxide: the colleague completed September 2001 and pushed the three months after it."""
    autumn = ("2001/09", "2001/10", "2001/11", "2001/12")
    published = {key: value for key, value in records.items() if key not in autumn[1:]}
    september = records["2001/09"]
    published["2001/09"] = {**september, "weeks": september["weeks"][:3], "ppm": september["ppm"][:3]}
    return Story(published, theirs=Edits({key: records[key] for key in autumn}))


def reviewed_by_both(records: Records) -> Story:
    """Earthquakes: preliminary magnitudes of two events were reviewed, one here and one by the colleague."""
    taiwan, afghanistan = "2018-02-06/us1000chhc", "2018-01-31/us2000crmu"
    published = dict(records)
    for key, magnitude in ((taiwan, 6.1), (afghanistan, 5.9)):
        published[key] = {**records[key], "status": "automatic", "magnitude": magnitude, "felt_reports": None}
    return Story(published, Edits({taiwan: records[taiwan]}), Edits({afghanistan: records[afghanistan]}))


def renamed_by_both(records: Records) -> Story:
    """Airports: Las Vegas was renamed here and by the colleague, not in the same way; one more airport by each."""

    def renamed(key: str, name: str) -> Records:
        return {key: {**records[key], "name": name}}

    theirs = renamed("NV/LAS", "Harry Reid Intl") | renamed("CA/SJC", "Norman Y Mineta San Jose International")
    ours = renamed("NV/LAS", "Harry Reid International") | renamed("GA/ATL", "Hartsfield-Jackson Atlanta Intl")
    return Story(records, Edits(theirs), Edits(ours))
