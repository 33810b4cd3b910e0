"""Where on the main screen one can be: the widget of each place, its tab, and the places before and after it."""

from __future__ import annotations

from tui.commands import Place

WIDGETS = {
    Place.DATABASES: "#catalog-tree",
    Place.KEYS: "#key-list",
    Place.VALUE: "#value-view",
    Place.CHANGES: "#change-list",
    Place.COMPARISON: "#diff-view",
    Place.CONFLICT: "#conflict-view",
    Place.DETAILS: "#details",
}
PLACES = {selector[1:]: place for place, selector in WIDGETS.items()} | {"filter": Place.FILTER}
TAB_PLACES = {"keys": Place.KEYS, "changes": Place.CHANGES, "details": Place.DETAILS}
TAB_OF = {
    Place.KEYS: "keys",
    Place.FILTER: "keys",
    Place.VALUE: "keys",
    Place.CHANGES: "changes",
    Place.COMPARISON: "changes",
    Place.CONFLICT: "changes",
    Place.DETAILS: "details",
}
IN = {Place.KEYS: Place.VALUE, Place.CHANGES: Place.COMPARISON}
OUT = {
    Place.VALUE: Place.KEYS,
    Place.COMPARISON: Place.CHANGES,
    Place.CONFLICT: Place.CHANGES,
    Place.KEYS: Place.DATABASES,
    Place.FILTER: Place.KEYS,
    Place.CHANGES: Place.DATABASES,
    Place.DETAILS: Place.DATABASES,
}
