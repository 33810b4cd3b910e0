"""What it costs to turn values into bytes under the contract, against booklet's own serializers: microseconds a value."""

from __future__ import annotations

import time
import timeit
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
from booklet import serializers

from catalog.codecs.codec import codec_of

VALUES: dict[str, Any] = {
    "record of 6 fields": {"station": "Oban", "mm": 12.5, "n": 3, "wet": True, "tags": ["a", "b"], "note": "rain"},
    "record with null": {"station": "Oban", "mm": None, "n": 3, "wet": True, "tags": ["a", "b"], "note": None},
    "record with a time": {"station": "Oban", "at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "mm": 12.5},
    "1,000 numbers": {"rain": [number / 7 for number in range(1000)]},
    "1,000 numbers, one null": {"rain": [None, *(number / 7 for number in range(1000))]},
    "array of 1,000 numbers": {"rain": np.arange(1000) / 7},
    "100 records": [{"station": "Oban", "mm": 12.5, "n": number, "wet": True} for number in range(100)],
}
SERIALIZERS = ("orjson", "orjson_zstd", "json", "pickle")


def main() -> None:
    """Print a table: booklet's time, ours, and the ratio."""
    print(f"{'serializer':12} {'value':26} {'booklet':>9} {'catalog':>9} ratio")
    for name in SERIALIZERS:
        codec = codec_of(serializers.serial_name_dict[name])
        plain = serializers.serial_dict[name]
        for title, value in VALUES.items():
            try:
                theirs, ours = _microseconds(partial(plain.dumps, value)), _microseconds(partial(codec.encode, value))
            except (TypeError, ValueError):
                continue
            print(f"{name:12} {title:26} {theirs:9.2f} {ours:9.2f} {ours / theirs:5.2f}")


def _microseconds(work: Any) -> float:
    timer = timeit.Timer(work, timer=time.process_time)
    count, _ = timer.autorange()
    return min(timer.repeat(5, count)) / count * 1e6


if __name__ == "__main__":
    main()
