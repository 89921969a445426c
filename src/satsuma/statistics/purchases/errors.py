"""When there is no estimate."""

from __future__ import annotations


class CannotEstimate(ValueError):  # noqa: N818  the sentence reads better without the word
    """The data do not determine the model; the message says why and what would help."""
