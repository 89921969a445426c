"""What can be wrong with a request of messages as a whole. One message that is wrong never fails the others."""

from __future__ import annotations

from satsuma.errors import SatsumaError


class Malformed(SatsumaError):  # noqa: N818
    """The body cannot be read as messages."""

    code = "malformed"


class TooLarge(SatsumaError):  # noqa: N818
    """The body is larger than the contract allows."""

    code = "too_large"


class JournalUnavailable(SatsumaError):  # noqa: N818
    """Messages cannot be made durable now, so none is accepted."""

    code = "busy"
