"""Every error a person can meet, drawn once.

SatsumaError                      base: code, message, hint, facts
├── WrongUse                      the call itself is wrong (exit code 2)
├── NotFound                      a name that is not there, with the nearest known ones
├── WorkspaceError                the folder cannot be opened, created or is in use
│   └── NotRun                    a result is asked for before anything was computed
├── InUse                         a definition cannot be deleted, because others read it
├── SourceError                   a file cannot be read, or a mapping does not fit it
│   └── VendorError               another service did not answer as it should
├── DefinitionError               one or more mistakes in definition files, all together
├── EvaluationError               a definition is right but cannot be computed here
├── ExportError                   a result cannot be written
└── of the server
    ├── NotSignedIn               no key and no session, or ones that do not count (any more)
    ├── NotAllowed                known, but without the right to do this
    ├── Changed                   somebody else changed it meanwhile
    ├── TooLarge                  a request beyond its limit
    ├── TooMany                   too many requests, or attempts to sign in
    └── Busy                      the server cannot take this up now

A message says what is wrong and where; the hint says what is allowed and what to do next. Neither ever carries
a customer's value: they name columns and count rows.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in one file: where it is, what it is, and what was perhaps meant."""

    path: str
    line: int | None
    message: str
    nearest: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {"path": self.path, "line": self.line, "message": self.message, "nearest": list(self.nearest)}

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{where}: {self.message}{did_you_mean(self.nearest)}"


class SatsumaError(Exception):
    """Base of all errors that Satsuma raises on purpose."""

    code = "error"
    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", details: Sequence[Problem] = (), **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = tuple(details)
        self.facts = facts

    def __str__(self) -> str:
        return self.message

    def as_dict(self) -> dict[str, Any]:
        """The one error shape, for `--json` and the API."""
        shape: dict[str, Any] = {"code": self.code, "message": self.message, "hint": self.hint, **self.facts}
        if self.details:
            shape["details"] = [problem.as_dict() for problem in self.details]
        return {"error": shape}


class WrongUse(SatsumaError, ValueError):  # noqa: N818  reads as the sentence it is
    """An option or argument that the call does not take."""

    code = "wrong_use"
    exit_code = 2


class NotFound(SatsumaError, LookupError):  # noqa: N818
    """A name nobody defined."""

    code = "not_found"

    @classmethod
    def named(cls, what: str, name: str, known: Iterable[str], *, hint: str = "") -> NotFound:
        """Build the sentence for an unknown `what`, with the nearest known names."""
        near = nearest(name, known)
        return cls(f"There is no {what} '{name}'.{did_you_mean(near)}", hint=hint, name=name, nearest=list(near))


class WorkspaceError(SatsumaError):
    """The workspace folder is missing, broken, already there or in use."""

    code = "workspace"


class NotRun(WorkspaceError):  # noqa: N818
    """A result that is asked for before there is any."""

    code = "not_run"


class InUse(SatsumaError):  # noqa: N818
    """A definition or list that others read: it cannot be deleted."""

    code = "in_use"


class SourceError(SatsumaError):
    """A file cannot be read as what it was said to be; nothing of it was kept."""

    code = "source"


class VendorError(SourceError):
    """Another service cannot be reached, refuses, or answers what cannot be used.

    The fact `again` says whether another try can help, `retry_after` when, `vendor_code` what the service calls it.
    """

    code = "vendor"


class DefinitionError(SatsumaError):
    """Mistakes in definitions; `details` holds each with its path and line."""

    code = "definition"

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> DefinitionError:
        """One error for all mistakes found."""
        count = len(problems)
        first = problems[0]
        message = str(first) if count == 1 else f"{count} mistakes in the definitions; the first: {first}"
        return cls(message, details=problems, hint="Nothing was run or changed. Mend what is named and try again.")


class EvaluationError(SatsumaError):
    """A right definition that cannot be computed on what the workspace holds."""

    code = "evaluation"


class ExportError(SatsumaError):
    """A result that cannot be written where it was asked."""

    code = "export"


class NotSignedIn(SatsumaError):  # noqa: N818
    """A request without a key or a session that counts."""

    code = "not_signed_in"


class NotAllowed(SatsumaError):  # noqa: N818
    """Somebody who is known, and may not do this."""

    code = "not_allowed"


class Changed(SatsumaError):  # noqa: N818
    """A change that was made on top of a state that is not the present one."""

    code = "changed"


class TooLarge(SatsumaError):  # noqa: N818
    """A request that is larger or deeper than allowed."""

    code = "too_large"


class TooMany(SatsumaError):  # noqa: N818
    """Too many requests or attempts; the fact `retry_after` says how many seconds to wait."""

    code = "too_many"


class Busy(SatsumaError):  # noqa: N818
    """Work that cannot be taken up now; the fact `retry_after` says how many seconds to wait."""

    code = "busy"


def nearest(name: str, known: Iterable[str], *, most: int = 3) -> tuple[str, ...]:
    """Return up to `most` known names that look like `name`, best first."""
    by_fold: dict[str, str] = {}
    for candidate in known:
        by_fold.setdefault(candidate.casefold(), candidate)
    found = difflib.get_close_matches(str(name).casefold(), list(by_fold), n=most, cutoff=0.6)
    return tuple(by_fold[key] for key in found)


def did_you_mean(names: Sequence[str]) -> str:
    """Return ` Did you mean 'a' or 'b'?`, or nothing."""
    if not names:
        return ""
    return f" Did you mean {' or '.join(repr(name) for name in names)}?"
