"""`python -m satsuma` is the `satsuma` program."""

from __future__ import annotations

from satsuma.cli import main

main()
