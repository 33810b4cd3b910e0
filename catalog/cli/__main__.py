"""The program as ``python -m catalog.cli``."""

from __future__ import annotations

from .program import main

main()
