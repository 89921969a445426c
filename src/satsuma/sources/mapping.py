"""Which column is which field and how it is written: shown to people, saved, corrected, read back."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from satsuma import documents
from satsuma.catalog import FORMATS, KINDS, VALUE_TYPES, Format, Kind, ValueType
from satsuma.errors import SourceError, did_you_mean, nearest
from satsuma.sources.dates import DATE_FORMS
from satsuma.sources.fields import LOAD_KINDS, LoadKind, fields_of
from satsuma.sources.forms import DECIMALS, THOUSANDS, Form
from satsuma.sources.names import slug
from satsuma.sources.raw import RawTable


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """One field and where it comes from.

    field : its name in the incoming table; a canonical one is the load kind's own, others are traits or properties.
    column : the column's name in the file, or '' where `value` is a constant for all rows.
    also : further columns read with it: amounts to add, or the longitude beside a latitude.
    confidence : 0 to 1; 1 is what a person said or an exact name.
    reason : why, in words.
    """

    field: str
    column: str
    canonical: bool
    type: ValueType
    also: tuple[str, ...] = ()
    value: str | None = None
    form: Form = dataclasses.field(default_factory=Form)
    title: str | None = None
    kind: Kind | None = None
    unit: str | None = None
    format: Format | None = None
    personal_data: str | None = None
    sensitive: bool = False
    confidence: float = 1.0
    reason: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are read for this field."""
        return (self.column, *self.also) if self.column else self.also


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """The whole mapping of one raw table."""

    load_kind: LoadKind
    columns: tuple[ColumnMapping, ...]
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[ColumnMapping]:
        return iter(self.columns)

    def find(self, name: str) -> ColumnMapping | None:
        """Return the column mapping of a field."""
        return next((item for item in self.columns if item.field == name), None)

    @property
    def fields(self) -> dict[str, str]:
        """Return field to column, the own fields of the load kind first."""
        ordered = sorted(self.columns, key=lambda item: not item.canonical)
        return {item.field: " + ".join(item.columns) or f"={item.value}" for item in ordered}

    def missing_fields(self) -> tuple[str, ...]:
        """Return the required fields that no column fills."""
        present = {item.field for item in self.columns if item.canonical}
        return tuple(item.name for item in fields_of(self.load_kind) if item.required and item.name not in present)


def check_mapping(mapping: Mapping, raw: RawTable) -> None:
    """Make sure that a mapping fits a table: required fields are there, and so are its columns.

    Raises
    ------
    SourceError
        Naming the fields or columns and what to do.
    """
    for item in mapping:
        for column in item.columns:
            if column not in raw.columns:
                near = did_you_mean(nearest(column, raw.shown_names))
                raise SourceError(
                    f"{raw.name} has no column '{column}', which the mapping names for '{item.field}'.{near}",
                    hint=columns_hint(raw),
                )
    missing = mapping.missing_fields()
    if missing:
        need = " and ".join(f"'{name}'" for name in missing)
        raise SourceError(
            f"No column of {raw.name} is recognised as {need}, which {mapping.load_kind} need.",
            hint=_how_to_name(missing[0], raw),
            missing=list(missing),
            columns=list(raw.shown_columns),
        )


def columns_hint(raw: RawTable) -> str:
    """Say which columns a table has, those by place whose names may be a customer's values."""
    return f"Its columns are {_some(raw.shown_columns)}.{_unshown(raw)}"


def _unshown(raw: RawTable) -> str:
    if len(raw.shown_names) == len(raw.columns):
        return ""
    return " A name that may be a value of a row is not shown: write it as the first line of the file has it."


def _how_to_name(name: str, raw: RawTable) -> str:
    what = f"Name the column: --map {name}=COLUMN, with one of {_some(raw.shown_columns)}.{_unshown(raw)}"
    if name.endswith("_id"):
        return f"{what} Rows without an id cannot be told apart: if the file has none, add one where it is made."
    return f"{what} A value for all rows is given as --map '{name}==VALUE'."


def _some(columns: tuple[str, ...], most: int = 40) -> str:
    shown = ", ".join(columns[:most])
    return shown if len(columns) <= most else f"{shown} and {len(columns) - most} more"


# ---------------------------------------------------------------------------------------------------------- to a file


def save_mapping(mapping: Mapping, path: Path) -> None:
    """Write a mapping as YAML that people correct and `read_mapping` reads."""
    path.write_text(mapping_text(mapping), encoding="utf-8")


def mapping_text(mapping: Mapping) -> str:
    """Return a mapping as YAML text."""
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap

    yaml = YAML()
    yaml.width = 120
    top = CommentedMap()
    top["load"] = mapping.load_kind
    for part, canonical in (("fields", True), ("others", False)):
        entries = CommentedMap()
        for item in mapping:
            if item.canonical == canonical:
                entries[item.field] = _entry(item)
                if item.reason and item.confidence < 1:
                    entries.yaml_add_eol_comment(f"{item.reason} ({item.confidence:.0%})", item.field)
        if entries:
            top[part] = entries
    if mapping.ignored:
        top["ignore"] = list(mapping.ignored)
    buffer = io.StringIO()
    yaml.dump(top, buffer)
    return buffer.getvalue()


_FORM_KEYS = {item.name: item for item in fields(Form)}
_TEXT_KEYS = ("title", "unit", "personal_data")


def _entry(item: ColumnMapping) -> Any:
    from ruamel.yaml.comments import CommentedMap

    entry = CommentedMap()
    if item.value is not None:
        entry["value"] = item.value
    elif item.also:
        entry["columns"] = list(item.columns)
    else:
        entry["column"] = item.column
    entry["type"] = item.type
    for key in (*_TEXT_KEYS, "kind", "format"):
        if getattr(item, key) is not None:
            entry[key] = getattr(item, key)
    if item.sensitive:
        entry["sensitive"] = True
    for key, form_field in _FORM_KEYS.items():
        value = getattr(item.form, key)
        if value != form_field.default:
            entry[key] = list(value) if isinstance(value, tuple) else value
    entry.fa.set_flow_style()
    return entry


# -------------------------------------------------------------------------------------------------------- from a file


def read_mapping(path: Path) -> Mapping:
    """Read a mapping file.

    Raises
    ------
    DefinitionError
        With every mistake and its line.
    """
    return documents.read_checked(path, _Reader, _Reader.mapping)


class _Reader(documents.DocumentReader):
    def mapping(self) -> Mapping | None:
        top = self.document.value
        if not isinstance(top, dict):
            self.problem((), "A mapping file holds 'load: KIND' and 'fields:'.")
            return None
        self.keys(top, ("load", "fields", "others", "ignore"), ())
        kind = top.get("load")
        if kind not in LOAD_KINDS:
            self.problem(("load",), f"'load' must be one of {', '.join(LOAD_KINDS)}.", nearest(str(kind), LOAD_KINDS))
            return None
        columns = []
        for part, canonical in (("fields", True), ("others", False)):
            entries = top.get(part) or {}
            if not isinstance(entries, dict):
                self.problem((part,), f"'{part}' must hold 'field: column' lines.")
                continue
            for name, entry in entries.items():
                item = self.column(name, entry, (part, name), canonical, kind)
                if item is not None:
                    columns.append(item)
        ignored = top.get("ignore") or []
        if not isinstance(ignored, list):
            self.problem(("ignore",), "'ignore' must be a list of columns.")
            ignored = []
        return Mapping(load_kind=kind, columns=tuple(columns), ignored=tuple(str(name) for name in ignored))

    def column(
        self, name: str, entry: Any, path: documents.Path_, canonical: bool, load_kind: LoadKind
    ) -> ColumnMapping | None:
        own = {item.name: item for item in fields_of(load_kind)}
        if canonical and name not in own:
            allowed = ", ".join(own)
            self.problem(path, f"'{name}' is not a field of {load_kind}; allowed: {allowed}.", nearest(name, own))
            return None
        if not canonical and (slug(name) != name or name in own):
            self.problem(path, f"'{name}' cannot name a trait: small letters, digits and _ only, and no own field.")
            return None
        if not isinstance(entry, dict):
            entry = {"column": entry}
        keys = ("column", "columns", "value", "type", *_TEXT_KEYS, "kind", "format", "sensitive", *_FORM_KEYS)
        self.keys(entry, keys, path)
        names = self.columns(entry, path)
        if names is None:
            return None
        usual: ValueType = own[name].type if canonical else "text"
        item = ColumnMapping(
            field=name,
            column=names[0] if names else "",
            also=tuple(names[1:]),
            value=None if names else str(entry.get("value")),
            canonical=canonical,
            type=self.choice(entry, "type", VALUE_TYPES, path) or usual,
            kind=self.choice(entry, "kind", KINDS, path),
            format=self.choice(entry, "format", FORMATS, path),
            sensitive=self.flag(entry, "sensitive", path),
            form=self.form(entry, path),
            reason="the mapping file",
        )
        texts = {key: str(entry[key]) for key in _TEXT_KEYS if entry.get(key) is not None}
        return replace(item, **texts)  # type: ignore[arg-type]

    def columns(self, entry: dict[str, Any], path: documents.Path_) -> list[str] | None:
        given = [key for key in ("column", "columns", "value") if entry.get(key) is not None]
        if len(given) != 1:
            self.problem(path, "One of 'column', 'columns' and 'value' is needed here.")
            return None
        if given == ["value"]:
            return []
        if given == ["columns"]:
            if not isinstance(entry["columns"], list) or not entry["columns"]:
                self.problem((*path, "columns"), "'columns' must be a list of columns.")
                return None
            return [str(name) for name in entry["columns"]]
        # A column called 2019 or 007 is meant as it is written.
        text = self.document.text((*path, "column")) or self.document.text(path)
        return [text if text is not None else str(entry["column"])]

    def form(self, entry: dict[str, Any], path: documents.Path_) -> Form:
        dates = entry.get("dates", "iso")
        if dates not in DATE_FORMS and "%" not in str(dates):
            allowed = ", ".join(DATE_FORMS)
            self.problem((*path, "dates"), f"'dates' must be one of {allowed}, or a pattern such as %d/%m/%Y.")
            dates = "iso"
        decimal = self.choice(entry, "decimal", DECIMALS, path) or "."
        thousands = self.choice(entry, "thousands", THOUSANDS, path) or ""
        if decimal == thousands:
            self.problem((*path, "thousands"), "'decimal' and 'thousands' cannot be the same sign.")
        lists = {}
        for key in ("missing", "keep"):
            value = entry.get(key, [])
            if not isinstance(value, list):
                self.problem((*path, key), f"'{key}' must be a list of words.")
                value = []
            lists[key] = tuple(str(word) for word in value)
        return Form(
            decimal=decimal,
            thousands=thousands,
            dates=str(dates),
            whole_ids=self.flag(entry, "whole_ids", path),
            percent=self.flag(entry, "percent", path),
            missing=lists["missing"],
            keep=lists["keep"],
        )
