"""Source files of a workspace, `sources/NAME.yaml`: which account of which vendor, what is read of it, and when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path as File
from typing import Any
from zoneinfo import ZoneInfo

from satsuma import documents
from satsuma.connectors import catalogue, templates
from satsuma.connectors.credentials import Secrets
from satsuma.connectors.paths import Path, read_path
from satsuma.connectors.reading_values import Where
from satsuma.connectors.records import moment_of
from satsuma.connectors.sql.reading import SQL, Database, SqlReader
from satsuma.connectors.starters import KINDS
from satsuma.connectors.vendor import Auth, FieldSpec, RowsSpec, Setting, Stream, Vendor
from satsuma.connectors.vendor_reading import VendorReader
from satsuma.connectors.webhooks.schemes import SCHEMES
from satsuma.connectors.webhooks.settings import Webhook, read_webhook
from satsuma.documents import ENVIRONMENT
from satsuma.errors import DefinitionError, NotFound, Problem, VendorError, nearest
from satsuma.ledger.cron import read_schedule

FOLDER = "sources"
REST = "rest"
#: A source that is never asked for anything: it takes deliveries.
WEBHOOK = "webhook"
#: Names of sources: they stand in tables, in addresses and in traits.
NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}")

_OWN_KEYS = ("source", "person", "streams", "schedule", "webhook")
_OPTIONS = ("fields", "asks", "start")
#: The parts of a vendor that a source of any other API says itself.
_REST_KEYS = ("title", "about", "settings", "secrets", "auth", "headers", "limits", "errors", "retry", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One source. variables : the environment variable of each secret. streams : those that are read, in order.

    starts : nothing that changed before is asked for. schedule : when it is read, in the workspace's zone.
    database : what it says of a database, where it is one.
    webhook : how it takes what the vendor sends by itself; None when it takes nothing.
    """

    name: str
    vendor: Vendor
    settings: Mapping[str, Any]
    variables: Mapping[str, str]
    person: str | Path
    streams: tuple[Stream, ...]
    starts: Mapping[str, datetime] = field(default_factory=dict)
    schedule: str | None = None
    database: Database | None = None
    webhook: Webhook | None = None

    @property
    def base_url(self) -> str:
        if self.database is not None:
            return self.database.url or f"${{{self.variables['url']}}}"
        return str(templates.fill(self.settings["base_url"], {"settings": self.settings}) or "")

    def secrets(self, environment: Mapping[str, str]) -> Secrets:
        """Return the values of the secrets.

        Raises
        ------
        VendorError
            When a variable that is needed is not set: named, never shown.
        """
        missing = self.missing(environment)
        if missing:
            names = " and ".join(missing)
            raise VendorError(
                f"The source '{self.name}' needs {names}, which {'is' if len(missing) == 1 else 'are'} not set.",
                hint=f"Set {'it' if len(missing) == 1 else 'them'} in the environment of satsuma (and of the server), "
                f"for example: export {missing[0]}=...", again=False,
            )  # fmt: skip
        # A line's end at the end of a secret comes from the file that it was read from.
        return Secrets({name: environment.get(item, "").strip() or None for name, item in self.variables.items()})

    def missing(self, environment: Mapping[str, str]) -> list[str]:
        """Return the environment variables that are needed and not set."""
        return [
            self.variables[name]
            for name, secret in self.vendor.secrets.items()
            if secret.required and not environment.get(self.variables[name])
        ]

    def values(self, environment: Mapping[str, str]) -> dict[str, Any]:
        """Return what places of requests take from the source."""
        settings = {
            name: templates.fill(value, {"settings": self.settings}) if isinstance(value, str) else value
            for name, value in self.settings.items()
        }
        return {"settings": settings, "secrets": self.secrets(environment)}


def source_files(folder: File) -> dict[str, File]:
    """Return the source files of a workspace, by the names of their sources.

    Saved mappings of files lie in the same folder; they begin with `load:`.
    """
    if not folder.is_dir():
        return {}
    return {path.stem: path for path in documents.yaml_files(folder) if not _is_mapping(path)}


def _is_mapping(path: File) -> bool:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return False
    return re.search(r"^load:", text, re.MULTILINE) is not None and re.search(r"^source:", text, re.MULTILINE) is None


def read_source(folder: File, name: str) -> Source:
    """Read one source of a workspace.

    Raises
    ------
    NotFound
        When there is none of this name.
    DefinitionError
        With every mistake in its file.
    """
    files = source_files(folder)
    if name not in files:
        raise NotFound.named("source", name, files, hint="See satsuma source list, or add one: satsuma source add.")
    return read_source_text(documents_text(files[name]), name, f"{FOLDER}/{files[name].name}")


def documents_text(path: File) -> str:
    """Return the text of a file, or its mistake as an error of definitions."""
    try:
        return documents.read_text(path, path.name)
    except documents.DocumentError as error:
        raise DefinitionError.of([error.problem]) from None


def read_source_text(text: str, name: str, file: str) -> Source:
    """Read the text of a source file.

    Raises
    ------
    DefinitionError
        With every mistake in it.
    """
    try:
        reader = _SourceReader(documents.read_document(text, file))
    except documents.DocumentError as error:
        raise DefinitionError.of([error.problem]) from None
    found = reader.source(name)
    if reader.problems or found is None:
        raise DefinitionError.of(reader.problems or [Problem(path=file, line=None, message="This is no source.")])
    return found


class _SourceReader(SqlReader, VendorReader):
    def source(self, name: str) -> Source | None:
        top = self.mapping(self.document.value, ())
        if top is None:
            return None
        if NAME.fullmatch(name) is None:
            self.problem((), "A source's file is named by small letters, digits, _ and -.")
        kind = self.text(top, "source", (), needed=True)
        if kind is None:
            return None
        if kind == SQL:
            return self.of_database(name, top)
        if kind == WEBHOOK:
            return self.taking(name, top)
        vendor = self.own_vendor(name, top) if kind == REST else self.known_vendor(kind)
        if vendor is None:
            return None
        settings, variables = self.values(top, vendor, is_rest=kind == REST)
        streams, starts = (tuple(vendor.streams.values()), {}) if kind == REST else self.chosen(top, vendor)
        schedule = self.text(top, "schedule", ())
        if schedule is not None:
            self.check_schedule(schedule)
        return Source(
            name=name, vendor=vendor, settings=settings, variables=variables,
            person=self.choice_of_person(top, vendor), streams=streams, starts=starts, schedule=schedule,
            webhook=self.webhook(top, kind, vendor),
        )  # fmt: skip

    def of_database(self, name: str, top: dict[str, Any]) -> Source:
        """Read a source that is a database."""
        vendor, database, variables, starts = self.database(name, top)
        schedule = self.text(top, "schedule", ())
        if schedule is not None:
            self.check_schedule(schedule)
        return Source(
            name=name, vendor=vendor, settings={}, variables=variables, person=self.choice_of_person(top, vendor),
            streams=tuple(vendor.streams.values()), starts=starts, schedule=schedule, database=database,
        )  # fmt: skip

    def taking(self, name: str, top: dict[str, Any]) -> Source:
        """Read a source that only takes deliveries: its streams are described, and nothing is asked."""
        self.keys(top, ("source", "title", "about", "person", "streams", "webhook"), ())
        if top.get("webhook") is None:
            self.problem((), "'webhook' is needed: by what its deliveries are proved.")
        streams = self.mapping(top.get("streams") or {}, ("streams",)) or {}
        told = {
            key: {"request": {}, "records": "@", **entry} if isinstance(entry, dict) else entry
            for key, entry in streams.items()
        }
        vendor = Vendor(
            name=name, title=self.text(top, "title", ()) or name, about=self.text(top, "about", ()) or "",
            settings={"base_url": Setting(name="base_url", about="", default="")}, secrets={}, auth=Auth(),
            streams=self.streams(told, ("streams",)),
        )  # fmt: skip
        return Source(
            name=name, vendor=vendor, settings={"base_url": ""}, variables={}, streams=(),
            person=self.choice_of_person(top, vendor), webhook=self.webhook(top, WEBHOOK, vendor),
        )  # fmt: skip

    def webhook(self, top: dict[str, Any], kind: str, vendor: Vendor) -> Webhook | None:
        if top.get("webhook") is None:
            return None
        found = read_webhook(self, top["webhook"], ("webhook",), kind)
        for name in sorted(found.topics.streams()) if found is not None and found.topics is not None else ():
            if name not in vendor.streams:
                self.problem(("webhook", "topics"), f"There is no stream '{name}'.", nearest(name, vendor.streams))
        return found

    def known_vendor(self, kind: str) -> Vendor | None:
        if kind not in catalogue.vendor_names():
            known = (*catalogue.vendor_names(), *KINDS)
            self.problem(("source",), f"'{kind}' is not a vendor; one of {', '.join(known)}.", nearest(kind, known))
            return None
        return catalogue.vendor(kind)

    def own_vendor(self, name: str, top: dict[str, Any]) -> Vendor | None:
        """Read what a source of any other API says of it."""
        self.keys(top, (*_OWN_KEYS, *_REST_KEYS), ())
        secrets = {}
        for key, value in (self.mapping(top.get("secrets") or {}, ("secrets",)) or {}).items():
            variable = self.variable(value, ("secrets", key))
            secrets[key] = {"variable": variable or "UNSET", "about": ""}
        vendor = self.made(name, {**top, "secrets": secrets, "title": top.get("title") or name,
                                  "person": "email"})  # fmt: skip
        return None if vendor is None else replace(vendor, title=vendor.title or name)

    def values(self, top: dict[str, Any], vendor: Vendor, *, is_rest: bool) -> tuple[dict[str, Any], dict[str, str]]:
        settings = {name: setting.default for name, setting in vendor.settings.items()}
        variables = {name: secret.variable for name, secret in vendor.secrets.items()}
        if is_rest:
            return settings, variables
        allowed = (*_OWN_KEYS[:2], *vendor.settings, *vendor.secrets, *_OWN_KEYS[2:])
        self.keys(top, allowed, ())
        for key in top:
            if key in vendor.settings:
                settings[key] = self.setting(vendor.settings[key], top[key], (key,))
            elif key in vendor.secrets:
                variables[key] = self.variable(top[key], (key,)) or variables[key]
        for name, setting in vendor.settings.items():
            if setting.required and settings[name] in (None, "", []):
                self.problem((), f"'{name}' is needed: {setting.about}")
        return settings, variables

    def setting(self, setting: Setting, value: Any, at: Where) -> Any:
        if value is None:
            return setting.default
        if setting.several:
            some = value if isinstance(value, list) else [value]
            return [item if isinstance(item, dict) else self.document.text((*at, number)) or str(item)
                    for number, item in enumerate(some)]  # fmt: skip
        if isinstance(value, dict | list):
            self.problem(at, f"'{setting.name}' is a text.")
            return setting.default
        text = self.document.text(at)
        if text is not None and "${" in text and text != setting.default:
            self.problem(at, f"'{setting.name}' is no secret: write it out.")
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        # A version such as 59.0 or 2026 is a text as it was written; what is a number by default stays one.
        return text if is_number and not isinstance(setting.default, int | float) else value

    def variable(self, value: Any, at: Where) -> str | None:
        """Return the environment variable of a secret; a secret that is written out is not repeated."""
        match = ENVIRONMENT.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            self.problem(at, f"'{at[-1]}' is a secret: write the name of its environment variable, as ${{NAME}}, and "
                         "set that. If a secret stood here, it is known now to whoever read the file.")  # fmt: skip
            return None
        return match[1]

    def choice_of_person(self, top: dict[str, Any], vendor: Vendor) -> str | Path:
        said = self.text(top, "person", ()) or vendor.person
        if said in ("email", "id"):
            return said
        path = read_path(said)
        if path is None:
            self.problem(("person",), "'person' is email, id, or a path such as properties.customer_number.")
            return "email"
        return path

    def chosen(self, top: dict[str, Any], vendor: Vendor) -> tuple[tuple[Stream, ...], dict[str, datetime]]:
        given = top.get("streams")
        if given is None:
            return tuple(stream for stream in vendor.streams.values() if stream.is_default), {}
        entries: dict[str, Any] = given if isinstance(given, dict) else {}
        if isinstance(given, list):
            entries = {str(name): None for name in given}
        elif not isinstance(given, dict):
            self.problem(("streams",), "'streams' is a list of names, or names with options.")
        starts: dict[str, datetime] = {}
        chosen = {}
        for name, options in entries.items():
            at: Where = ("streams", name)
            if name not in vendor.streams:
                known = ", ".join(vendor.streams)
                self.problem(at, f"'{name}' is not a stream of {vendor.title}; there are {known}.",
                             nearest(name, vendor.streams))  # fmt: skip
                continue
            chosen[name] = self.with_options(vendor.streams[name], options, at, starts)
        if not entries and isinstance(given, dict | list):
            self.problem(("streams",), "No stream is named, so nothing would be read.")
        # In the vendor's order: people come before what names them by an id.
        return tuple(chosen[name] for name in vendor.streams if name in chosen), starts

    def with_options(self, stream: Stream, options: Any, at: Where, starts: dict[str, datetime]) -> Stream:
        if options is None:
            return stream
        entry = self.mapping(options, at)
        if entry is None:
            return stream
        self.keys(entry, _OPTIONS, at)
        if entry.get("start") is not None:
            start = moment_of(self.document.text((*at, "start")), "time", ZoneInfo("UTC"))
            if start is None:
                self.problem((*at, "start"), "'start' is a date, such as 2026-01-31.")
            else:
                starts[stream.name] = start
        asks = (*stream.asks, *(str(item) for item in self.items(entry.get("asks"), (*at, "asks"))))
        if entry.get("fields") is not None and not stream.rows:
            self.problem((*at, "fields"), f"'{stream.name}' has no rows that could take fields.")
            return stream
        if not stream.rows:
            return replace(stream, asks=tuple(dict.fromkeys(asks)))
        first: RowsSpec = stream.rows[0]
        fields: dict[str, FieldSpec] = self.fields(entry.get("fields"), first.load, (*at, "fields"))
        rows = (replace(first, fields={**first.fields, **fields}), *stream.rows[1:])
        return replace(stream, asks=tuple(dict.fromkeys(asks)), rows=rows)

    def check_schedule(self, text: str) -> None:
        from satsuma.errors import WrongUse

        try:
            read_schedule(text)
        except WrongUse as error:
            self.problem(("schedule",), f"{error.message} {error.hint}".strip())


def source_text(vendor: Vendor, settings: Mapping[str, str], *, schedule: str | None = None) -> str:
    """Return the text of a new source file, with a comment beside what a person may change."""
    lines = [f"# {vendor.about}", f"source: {vendor.name}"]
    for name, secret in vendor.secrets.items():
        optional = "" if secret.required else "# "
        lines.append(f"{optional}{name}: ${{{secret.variable}}}  # {secret.about}")
    for name, setting in vendor.settings.items():
        if name in settings:
            lines.append(f"{name}: {_quoted(settings[name])}  # {setting.about}")
        elif setting.required:
            lines.append(f"{name}:  # {setting.about}")
        else:
            lines.append(f"# {name}: {_quoted(setting.default)}  # {setting.about}")
    lines.append(f"# person: {vendor.person}  # who is a customer: email, id, or a path in the record")
    lines.append("streams:")
    for stream in vendor.streams.values():
        off = "" if stream.is_default else "# "
        lines.append(f"  {off}- {stream.name}  # {stream.about}")
    if vendor.name in SCHEMES:
        variable = f"{vendor.name.upper()}_WEBHOOK_SECRET"
        lines.append(
            f"# webhook: {{secret: '${{{variable}}}'}}  # take what it sends by itself: satsuma source webhook"
        )
    lines.append(f"schedule: {_quoted(schedule)}" if schedule else "# schedule: every 15m  # read while a server runs")
    return "\n".join(lines) + "\n"


def _quoted(value: Any) -> str:
    """Return a value as YAML writes it on one line."""
    import json

    if value is None:
        return ""
    if isinstance(value, list | bool | int | float):
        return json.dumps(value, ensure_ascii=False)
    text = str(value)
    plain = re.fullmatch(r"[A-Za-z0-9_./:-]+", text) and not re.search(r":$|: ", text)
    is_text = isinstance(documents.plain_value(text), str)
    return text if plain and is_text else json.dumps(text, ensure_ascii=False)
