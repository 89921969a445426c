"""What may leave, and in what form. Every export passes `release` before a file is written."""

from __future__ import annotations
