"""A load from files to stored rows: read, recognise, standardise, number, write. Whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.catalog import Catalog
from satsuma.engines.duckdb import DuckDB
from satsuma.landing import records
from satsuma.landing.devices import with_devices
from satsuma.landing.outcome import LoadOutcome, Progress, silent
from satsuma.landing.retry import retry_quarantine
from satsuma.landing.writing import land_incoming
from satsuma.quality.incoming import LoadKind

if TYPE_CHECKING:
    from satsuma.sources.mapping import Mapping as ColumnMappings

__all__ = ["load_files", "retry_quarantine"]


def load_files(
    engine: DuckDB,
    paths: Sequence[str | Path],
    load_kind: LoadKind,
    *,
    now: datetime,
    timezone: str = "UTC",
    default_region: str | None = None,
    overrides: Mapping[str, str] | None = None,
    mapping: ColumnMappings | None = None,
    received_at: str | None = None,
    valid_from: str | None = None,
    sheet: str | None = None,
    dry_run: bool = False,
    catalog: Catalog | None = None,
    progress: Progress = silent,
) -> LoadOutcome:
    """Load files of one kind.

    Parameters
    ----------
    paths : files, folders and patterns.
    now : the moment of the load, UTC without a zone; what a correction is known at.
    timezone : the zone of times that name none.
    default_region : country of phone numbers without a country code.
    overrides : field -> column, what a person says about the guessed mapping.
    mapping : a saved mapping; only the columns that it does not name are guessed.
    received_at, valid_from : columns that say when a row was known, and from when it is valid.
    sheet : the sheet of a workbook.
    dry_run : do everything, and take it back.
    catalog : what is known so far; its types hold.

    Returns
    -------
    LoadOutcome
        With the counts, the mapping, and what the catalogue gains.

    Raises
    ------
    SourceError
        When a file, the mapping or a type does not fit. The warehouse is then as it was before.
    """
    from satsuma.quality.standardise import standardise
    from satsuma.sources.analytics_export import is_analytics_export, unfold
    from satsuma.sources.reading import read_sources
    from satsuma.sources.recognise import guess_mapping

    progress("reading files")
    read = read_sources(engine, paths, sheet=sheet)
    is_export = load_kind == "events" and mapping is None
    raws = [unfold(engine, raw) if is_export and is_analytics_export(raw) else raw for raw in read]
    progress("recognising columns")
    mappings = [
        guess_mapping(
            engine, raw, load_kind, overrides=overrides, received_at=received_at, valid_from=valid_from, given=mapping
        )
        for raw in raws
    ]
    progress("standardising values")
    incoming = standardise(engine, raws, mappings, load_kind, timezone, default_region, now=now)
    incoming, facts = with_devices(engine, incoming)
    found: dict[str, str] = {}
    for item in mappings:
        found |= item.fields
    notes = [note for raw in raws for note in raw.notes] + [note for item in mappings for note in item.notes]
    try:
        outcome = land_incoming(
            engine, incoming, now=now, mapping=found, dry_run=dry_run, catalog=catalog, progress=progress, facts=facts
        )
    finally:
        for raw in {item.table: item for item in (*read, *raws)}.values():
            records.drop(engine, raw.table)
        for given in (incoming, facts):
            if given is not None:
                records.drop(engine, given.table)
                records.drop(engine, given.rejected)
    return replace(outcome, notes=tuple(dict.fromkeys((*notes, *outcome.notes))), column_mappings=tuple(mappings))
