"""Measure how quick the terminal program is: see `terminal_speed`.

python benchmarks/tui.py [--keys N] [--repeat N] [--folder DIR]
"""

from __future__ import annotations

import sys

from terminal_speed import main

if __name__ == "__main__":
    sys.exit(main())
