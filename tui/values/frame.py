"""A pandas table or series in a few facts, a picture and its first rows."""

from __future__ import annotations

from typing import Any

from tui.kit.amounts import quantity, size
from tui.kit.plain import plain

from .array import Facts
from .chart import chart
from .document import Document
from .table import Table

_MOST_COLUMNS = 200


def frame_document(frame: Any, most: int) -> Document:
    """Describe a DataFrame."""
    rows, columns = frame.shape
    facts = [("rows", f"{rows:,}"), ("columns", f"{columns:,}"), ("memory", size(int(frame.memory_usage().sum())))]
    if missing := int(frame.isna().sum().sum()):
        facts.append(("missing", f"{missing:,}"))
    shown = frame.iloc[:most, :_MOST_COLUMNS]
    names = [str(name) for name in shown.columns]
    kinds = [f"{name}: {kind}" for name, kind in zip(names, map(str, shown.dtypes), strict=True)]
    index = [str(label) for label in shown.index]
    cells = [shown.iloc[:, at].map(_cell).tolist() for at in range(shown.shape[1])]
    table = Table(["", *names], [(plain(label), *row) for label, *row in zip(index, *cells, strict=True)])
    kind = f"pandas table, {quantity(rows, 'row')} × {quantity(columns, 'column')}"
    types = Facts([("types", ", ".join(kinds))]) if kinds else Facts([])
    return Document(kind, table, preface=(Facts(facts), types), left_out=max(rows - most, 0))


def series_document(series: Any, most: int) -> Document:
    """Describe a Series."""
    facts = [("length", f"{len(series):,}"), ("type", str(series.dtype)), ("memory", size(int(series.memory_usage())))]
    if missing := int(series.isna().sum()):
        facts.append(("missing", f"{missing:,}"))
    is_numeric = getattr(series.dtype, "kind", "") in "iuf"
    if is_numeric and len(series) > missing:
        facts += [("min", f"{series.min():,.6g}"), ("max", f"{series.max():,.6g}"), ("mean", f"{series.mean():,.6g}")]
    picture = chart(series.to_numpy(dtype=float, na_value=float("nan"))) if is_numeric else ()
    shown = series.iloc[:most]
    rows = [(plain(str(label)), _cell(value)) for label, value in shown.items()]
    name = "" if series.name is None else str(series.name)
    kind = f"pandas series, {quantity(len(series), 'value')}"
    return Document(kind, Table(["", name], rows), preface=(Facts(facts), *picture), left_out=max(len(series) - most, 0))


def _cell(value: Any) -> str:
    text = f"{value:,.6g}" if isinstance(value, float) else str(value)
    return plain(text[:200])
