"""Where on the main screen one can be: the widget of each place, its tab, and the places before and after it."""

from __future__ import annotations

from tui.command import Place

WIDGETS = {
    Place.DATABASES: "#catalog-tree",
    Place.KEYS: "#key-list",
    Place.VALUE: "#value-view",
    Place.CHANGES: "#change-list",
    Place.COMPARISON: "#diff-view",
    Place.CONFLICT: "#conflict-view",
    Place.HISTORY: "#commit-list",
    Place.COMMITTED: "#commit-changes",
    Place.BEFORE_AFTER: "#past-diff",
    Place.DETAILS: "#details",
}
PLACES = {selector[1:]: place for place, selector in WIDGETS.items()} | {"filter": Place.FILTER}
TAB_PLACES = {"keys": Place.KEYS, "changes": Place.CHANGES, "details": Place.DETAILS, "history": Place.HISTORY}
TAB_OF = {
    Place.KEYS: "keys",
    Place.FILTER: "keys",
    Place.VALUE: "keys",
    Place.CHANGES: "changes",
    Place.COMPARISON: "changes",
    Place.CONFLICT: "changes",
    Place.HISTORY: "history",
    Place.COMMITTED: "history",
    Place.BEFORE_AFTER: "history",
    Place.DETAILS: "details",
}
IN = {
    Place.KEYS: Place.VALUE,
    Place.CHANGES: Place.COMPARISON,
    Place.HISTORY: Place.COMMITTED,
    Place.COMMITTED: Place.BEFORE_AFTER,
}
SPLITS = {place: ("tree", place is Place.DATABASES) for place in Place} | {
    Place.KEYS: ("keys", True),
    Place.FILTER: ("keys", True),
    Place.VALUE: ("keys", False),
    Place.CHANGES: ("changes", True),
    Place.COMPARISON: ("changes", False),
    Place.COMMITTED: ("commit", True),
    Place.BEFORE_AFTER: ("commit", False),
}
"""Which gap ends the pane of each place, and whether the pane is before it."""
OUT = {
    Place.VALUE: Place.KEYS,
    Place.COMPARISON: Place.CHANGES,
    Place.CONFLICT: Place.CHANGES,
    Place.HISTORY: Place.DATABASES,
    Place.COMMITTED: Place.HISTORY,
    Place.BEFORE_AFTER: Place.COMMITTED,
    Place.KEYS: Place.DATABASES,
    Place.FILTER: Place.KEYS,
    Place.CHANGES: Place.DATABASES,
    Place.DETAILS: Place.DATABASES,
}
