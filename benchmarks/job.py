"""One work by one contestant, in a process of its own: reads what to do as a JSON line, and stops before and after each
timed section until it is told to go on, so that the parent can count exactly what passes in between.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from contestants import Place, contestant
from work import WORKS, Stage


def main() -> None:
    """Do what standard input says."""
    told = json.loads(sys.stdin.readline())
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    stage = Stage(
        contestant(told["contestant"]),
        Place(**told["place"]),
        Path(told["folder"]),
        told["keys"],
        told["value_bytes"],
        told["seed"],
    )
    sections = WORKS[told["work"]](stage)
    for name in sections:
        assert name is not None
        _tell(answers, {"begins": name})
        wall, processor = time.perf_counter(), time.process_time()
        next(sections)
        _tell(
            answers,
            {"ends": name, "seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - processor},
        )
    answers.write(json.dumps({"title": stage.contestant.title}) + "\n")
    answers.close()


def _tell(answers: TextIO, said: dict[str, Any]) -> None:
    answers.write(json.dumps(said) + "\n")
    answers.flush()
    sys.stdin.readline()


if __name__ == "__main__":
    main()
