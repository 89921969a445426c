"""A segment tried out: what it would hold, with nothing kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from satsuma.engines.duckdb import DuckDB
from satsuma.segments.standing import Checking, asked_text, evaluated


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a segment would hold: customers, fraction of the population, and net revenue."""

    size: int
    share: float
    value: float
    as_of: datetime
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {"size": self.size, "share": self.share, "value": self.value, "as_of": self.as_of,
                "warnings": list(self.warnings)}  # fmt: skip


def preview_segment(
    engine: DuckDB, checking: Checking, text: str, *, file: str, zone: ZoneInfo, as_of: datetime, root: Path
) -> Preview:  # fmt: skip
    """Evaluate a segment that is not kept, with all that it needs.

    Parameters
    ----------
    checking : checks the workspace's definitions together with those given.

    Raises
    ------
    DefinitionError
        With every mistake of the text.
    """
    asked = asked_text(text, checking, zone, file=file)
    found, _ = evaluated(engine, asked, as_of=as_of, known_at=None, root=root)
    size = len(found.members)
    return Preview(size=size, share=size / max(len(found.population), 1), value=found.worth(found.members),
                   as_of=as_of, warnings=found.warnings)  # fmt: skip
