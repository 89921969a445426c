"""What estimation raises."""

from __future__ import annotations


class CannotEstimate(ValueError):  # noqa: N818  reads as the sentence it is
    """An estimate that the data cannot give; the text says why."""
