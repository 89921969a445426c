"""The sources of a workspace: added, shown, tested, read, scheduled, removed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from satsuma import scaffold
from satsuma.connectors import catalogue, source_files, state
from satsuma.connectors.clocks import Clock, utc_now
from satsuma.connectors.landing import Batch, Into, Landed, land
from satsuma.connectors.source_files import FOLDER, Source
from satsuma.connectors.starters import KINDS, starter
from satsuma.connectors.state import State
from satsuma.connectors.syncing import Plan, StreamOutcome, sync
from satsuma.errors import Busy, DefinitionError, NotFound, Problem, SatsumaError, VendorError, WrongUse, nearest

if TYPE_CHECKING:
    import httpx2

    from satsuma.connectors.client import Client
    from satsuma.connectors.sql.client import SqlClient
    from satsuma.connectors.vendor import Vendor
    from satsuma.ledger.jobs import Recurring
    from satsuma.workspace import Workspace

#: Seconds that a test waits in all: somebody looks on.
TEST_SECONDS = 15.0
#: The kind of job that reads a source.
JOB = "sync"

#: Calls a function of the workspace in the thread that owns the warehouse.
Owning = Callable[[Callable[["Workspace"], Any]], Any]
#: Told the step, how much of it is done, and of how much.
Progress = Callable[..., None]

_under_way: set[tuple[str, str]] = set()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamState:
    """How far a stream is read."""

    stream: str
    about: str
    records: int
    last_value: datetime | None
    completed_at: datetime | None

    def as_dict(self) -> dict[str, Any]:
        return {
            "stream": self.stream, "about": self.about, "records": self.records,
            "last_value": _moment(self.last_value), "completed_at": _moment(self.completed_at),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInfo:
    """A source as it is shown. missing : environment variables that are needed and not set."""

    name: str
    vendor: str
    title: str
    base_url: str
    person: str
    variables: Mapping[str, str]
    missing: tuple[str, ...]
    schedule: str | None
    next_at: datetime | None
    streams: tuple[StreamState, ...]
    file: str
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name, "vendor": self.vendor, "title": self.title, "base_url": self.base_url,
            "person": self.person, "variables": dict(self.variables), "missing": list(self.missing),
            "schedule": self.schedule, "next_at": _moment(self.next_at), "file": self.file,
            "streams": [item.as_dict() for item in self.streams], "notes": list(self.notes),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What a test of a source says."""

    name: str
    vendor: str
    sentence: str
    skew_seconds: int | None = None

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "vendor": self.vendor, "ok": True, "sentence": self.sentence,
                "skew_seconds": self.skew_seconds}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What a sync did, stream by stream. error : what ended it early; what was landed before stays."""

    name: str
    vendor: str
    streams: tuple[StreamOutcome, ...] = ()
    requests: int = 0
    error: VendorError | None = None

    @property
    def landed(self) -> Landed:
        """What came of all streams together."""
        total = Landed()
        for outcome in self.streams:
            total = total.plus(outcome.landed)
        return total

    def as_dict(self) -> dict[str, Any]:
        total = self.landed
        return {
            "name": self.name, "vendor": self.vendor, "requests": self.requests, "records": total.records,
            "unchanged": total.unchanged, "deleted": total.deleted, "erased": total.erased,
            "customers_new": total.customers_new,
            "rows": {kind: dict(counts) for kind, counts in total.rows.items()},
            "streams": [outcome.as_dict() for outcome in self.streams],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """What was taken away with a source."""

    name: str
    forgotten: Mapping[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "removed": True, "forgotten": dict(self.forgotten)}


class Sources:
    """The sources of one workspace.

    environment : where secrets are looked for. clock, transport : of tests.
    """

    def __init__(
        self, workspace: Workspace, *, environment: Mapping[str, str] | None = None, clock: Clock | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:  # fmt: skip
        self._workspace = workspace
        self._environment = os.environ if environment is None else environment
        self._clock, self._transport = clock or Clock(), transport

    @property
    def folder(self) -> Path:
        return self._workspace.path / FOLDER

    # ------------------------------------------------------------------------------------------------- looking at them

    def vendors(self) -> list[Vendor]:
        """Return what is known of every vendor."""
        return [catalogue.vendor(name) for name in catalogue.vendor_names()]

    def names(self) -> list[str]:
        """Return the names of all sources, sorted."""
        return list(source_files.source_files(self.folder))

    def all(self) -> list[SourceInfo]:
        """Return every source, with how far it is read; a file with mistakes is one with a note."""
        return [self._info_or_note(name) for name in self.names()]

    def get(self, name: str) -> SourceInfo:
        """Return one source, with how far it is read.

        Raises
        ------
        NotFound
            When there is none of this name.
        DefinitionError
            With every mistake in its file.
        """
        return self._info(self.read(name))

    def check_files(self) -> None:
        """Look for mistakes in the files of all sources.

        Raises
        ------
        DefinitionError
            With every mistake.
        """
        problems: list[Problem] = []
        for name in self.names():
            try:
                self.read(name)
            except DefinitionError as error:
                problems += error.details
        if problems:
            raise DefinitionError.of(problems)

    def read(self, name: str) -> Source:
        """Read the file of a source."""
        return source_files.read_source(self.folder, name)

    # ------------------------------------------------------------------------------------------------- changing them

    def add(
        self, vendor: str, *, name: str | None = None, settings: Mapping[str, str] | None = None,
        schedule: str | None = None,
    ) -> SourceInfo:  # fmt: skip
        """Write the file of a new source; it reads nothing yet.

        Parameters
        ----------
        vendor : or one of `connectors.starters.KINDS`, whose file is one to be edited.
        name : the vendor's when not given. settings : those of the vendor that are not the default.

        Raises
        ------
        NotFound
            For a vendor that is not known.
        WrongUse
            For a name that is taken or is none, and for a setting that is missing or not the vendor's.
        """
        known = None if vendor in KINDS else catalogue.vendor(vendor)
        name = name or vendor.replace("_", "-")
        if source_files.NAME.fullmatch(name) is None:
            raise WrongUse(f"'{name}' cannot name a source.", hint="Small letters, digits, _ and - name one.")
        path = self.folder / f"{name}.yaml"
        if name in self.names():
            raise WrongUse(f"There is a source '{name}' already.", hint="Give the new one a name with --name.")
        said = dict(settings or {})
        if known is None:
            if said:
                raise WrongUse(f"A source '{vendor}' has no settings to give here.",
                               hint=f"Add it without, and edit {FOLDER}/{path.name}.")  # fmt: skip
            text = starter(vendor, name)
            text = text if schedule is None else _with_schedule(text, schedule)
        else:
            _check_settings(known, said)
            text = source_files.source_text(known, said, schedule=schedule)
        try:
            source = source_files.read_source_text(text, name, f"{FOLDER}/{path.name}")
        except DefinitionError as error:
            raise WrongUse(f"The source cannot be made: {error.details[0].message}", hint=error.hint) from None
        self.folder.mkdir(exist_ok=True)
        scaffold.replace_text(path, text)
        self._keep_schedule(source)
        return self._info(source)

    def schedule(self, name: str, when: str | None) -> SourceInfo:
        """Let a source be read again and again (`every 15m`, `@daily`, cron), or with None no more.

        Raises
        ------
        WrongUse
            When it is no schedule.
        """
        from satsuma.ledger.cron import read_schedule

        self.read(name)
        if when is not None:
            read_schedule(when)
        path = source_files.source_files(self.folder)[name]
        scaffold.replace_text(path, _with_schedule(path.read_text(encoding="utf-8-sig"), when))
        source = self.read(name)
        self._keep_schedule(source)
        return self._info(source)

    def keep_schedules(self) -> None:
        """Bring the ledger's schedules to what the files say; a file with mistakes changes nothing."""
        for name in self.names():
            try:
                source = self.read(name)
            except SatsumaError:
                continue
            self._keep_schedule(source)
        for item in self._schedules().values():
            # A schedule that was made over the API stays as long as its source does.
            if item.subject not in self.names():
                self._workspace.records.jobs.forget(JOB, item.subject)

    def remove(self, name: str, *, forget: bool = False) -> Removed:
        """Take a source away; what it brought stays.

        Parameters
        ----------
        forget : take its raw records away too, and how far it was read.
        """
        files = source_files.source_files(self.folder)
        if name not in files:
            raise NotFound.named("source", name, files, hint="See satsuma source list.")
        with _alone(self._workspace.path, name):
            counts = state.forget_source(self._workspace.engine, name) if forget else {}
            files[name].unlink()
            if name in self._schedules():
                self._workspace.records.jobs.forget(JOB, name)
        return Removed(name=name, forgotten=counts)

    # ---------------------------------------------------------------------------------------------------- asking them

    def test(self, name: str) -> Tested:
        """Ask a source one small thing, to see that its address and its secrets are right.

        Raises
        ------
        VendorError
            With what is wrong and what to do.
        """
        from satsuma.connectors.sql.client import SqlClient
        from satsuma.connectors.testing import ask_little

        source = self.read(name)
        with self._client(source, lambda: None, patience=TEST_SECONDS) as client:
            sentence = client.tested(source.streams) if isinstance(client, SqlClient) else ask_little(client, source)
            theirs, ours = client.server_now, self._clock.now()
        skew = None if theirs is None else round((theirs - ours).total_seconds())
        if skew is not None and abs(skew) > 120:
            sentence += f" Its clock and this computer's differ by {abs(skew):,} s: check which is wrong."
        return Tested(name=name, vendor=source.vendor.name, sentence=sentence, skew_seconds=skew)

    def check(self, name: str, streams: Sequence[str] = ()) -> list[str]:
        """Return the streams that a sync would read.

        Raises
        ------
        NotFound
            For a source or a stream that is not there.
        """
        return [stream.name for stream in _plan(self.read(name), streams).streams]

    def sync(
        self,
        name: str,
        *,
        streams: Sequence[str] = (),
        from_start: bool = False,
        progress: Progress | None = None,
        owning: Owning | None = None,
    ) -> Synced:
        """Read what changed at a source, and land it.

        Parameters
        ----------
        streams : only these; all of the source when none is named.
        from_start : read all anew, and land what is known as well: after the source got more fields.
        progress : called with every page; it may end the sync there.
        owning : calls what touches the warehouse, where another thread owns that.

        Raises
        ------
        VendorError
            When the vendor refuses or does not answer. The fact `synced` says what was landed before: that stays, and
            the next sync goes on there.
        Busy
            When a sync of this source is under way.
        """
        source = self.read(name)
        plan = _plan(source, streams)
        told = progress or (lambda *_: None)
        at_home: Owning = owning or (lambda function: function(self._workspace))
        warehouse = _Warehouse(self._workspace, at_home, source, self._clock)
        outcomes: list[StreamOutcome] = []
        steps: dict[str, Any] = {"step": name, "done": 0}

        def say(step: str, done: int) -> None:
            steps.update(step=step, done=done)
            told(step, done)

        with _alone(self._workspace.path, name), _recorded(at_home) as counts:
            if from_start:
                chosen = [stream.name for stream in plan.streams]
                at_home(lambda shop: state.begin_anew(shop.engine, name, chosen))
            # What stops the work stops it while it waits for the vendor, too.
            with self._client(source, lambda: told(steps["step"], steps["done"])) as client:
                try:
                    plan = replace(plan, streams=client.prepared(plan.streams))
                    # What came before an error stays in the list.
                    outcomes.extend(sync(client, plan, warehouse, client.values, progress=say))
                except VendorError as error:
                    partly = Synced(name=name, vendor=source.vendor.name, streams=tuple(outcomes),
                                    requests=client.requests)  # fmt: skip
                    error.facts["synced"] = partly.as_dict()
                    if partly.landed.records:
                        error.hint += f" {partly.landed.records:,} records were landed before; the next sync goes on."
                    raise
                synced = Synced(name=name, vendor=source.vendor.name, streams=tuple(outcomes),
                                requests=client.requests)  # fmt: skip
            counts.update({key: value for key, value in synced.as_dict().items() if isinstance(value, int)})
        return synced

    # ------------------------------------------------------------------------------------------------------- the rest

    def _client(
        self, source: Source, steps: Callable[[], None], *, patience: float | None = None
    ) -> Client | SqlClient:  # fmt: skip
        if source.database is not None:
            from satsuma.connectors.sql.client import client_of

            return client_of(source, self._environment, base=self._workspace.path, clock=self._clock)
        from satsuma.connectors.client import MOST_WAITING, Client

        _refuse_unasked(source)
        return Client(
            source.vendor, source.values(self._environment), base_url=source.base_url, clock=self._clock, steps=steps,
            transport=self._transport, patience=MOST_WAITING if patience is None else patience,
        )  # fmt: skip

    def _schedules(self) -> dict[str, Recurring]:
        return {item.subject: item for item in self._workspace.records.jobs.recurring() if item.kind == JOB}

    def _keep_schedule(self, source: Source) -> None:
        there = self._schedules().get(source.name)
        zone = self._workspace.settings.timezone
        if source.schedule is None:
            if there is not None:
                self._workspace.records.jobs.forget(JOB, source.name)
        elif there is None or (there.recurs, there.timezone) != (source.schedule, zone):
            self._workspace.records.jobs.recur(JOB, source.name, source.schedule, timezone=zone, now=self._clock.now())

    def _info(self, source: Source) -> SourceInfo:
        engine = self._workspace.engine
        rows = engine.rows(
            """SELECT stream, sum(records), max(last_value), min(completed_at), count(*) - count(completed_at)
            FROM source_states WHERE source = ? GROUP BY 1""",
            [source.name],
        )
        found = {row[0]: row[1:] for row in rows}
        # What is kept, not how often it was read: an overlap is read each time. Figures are kept elsewhere.
        kept = dict(engine.rows(
            "SELECT stream, count(*) FROM source_records WHERE source = ? AND NOT erased GROUP BY 1", [source.name]
        ))  # fmt: skip
        streams = []
        for stream in source.streams:
            records, last_value, completed_at, unfinished = found.get(stream.name, (0, None, None, 0))
            streams.append(
                StreamState(stream=stream.name, about=stream.about, records=int(kept.get(stream.name, records) or 0),
                            last_value=last_value,
                            completed_at=None if unfinished else completed_at)
            )  # fmt: skip
        schedule = self._schedules().get(source.name)
        return SourceInfo(
            name=source.name, vendor=source.vendor.name, title=source.vendor.title, base_url=source.base_url,
            person=source.person if isinstance(source.person, str) else source.person.text,
            variables=source.variables, missing=tuple(source.missing(self._environment)), schedule=source.schedule,
            next_at=None if schedule is None or schedule.is_paused else schedule.next_at, streams=tuple(streams),
            file=f"{FOLDER}/{source_files.source_files(self.folder)[source.name].name}",
        )  # fmt: skip

    def _info_or_note(self, name: str) -> SourceInfo:
        try:
            return self.get(name)
        except DefinitionError as error:
            notes = tuple(str(problem) for problem in error.details)
            return SourceInfo(name=name, vendor="", title="", base_url="", person="", variables={}, missing=(),
                              schedule=None, next_at=None, streams=(), file=f"{FOLDER}/{name}.yaml",
                              notes=notes)  # fmt: skip


class _Warehouse:
    """The warehouse as a sync needs it, touched in the thread that owns it alone."""

    def __init__(self, workspace: Workspace, owning: Owning, source: Source, clock: Clock) -> None:
        self._owning, self._source, self._clock = owning, source, clock
        self._into = Into(
            source=source.name,
            streams=source.vendor.streams,
            person=source.person,
            currency=workspace.settings.currency,
            region=workspace.settings.default_region,
        )

    def state(self, stream: str, part: str) -> State | None:
        name = self._source.name
        found: State | None = self._owning(lambda shop: state.read_state(shop.engine, name, stream, part))
        return found

    def land(self, batch: Batch) -> Landed:
        def at_home(shop: Workspace) -> Landed:
            catalog = shop.catalog
            landed = land(shop.engine, self._into, batch, now=self._clock.now(), catalog=catalog)
            if catalog.merged(landed.catalog) != catalog:
                shop.add_to_catalog(landed.catalog)
            return landed

        landed: Landed = self._owning(at_home)
        return landed

    def items(self, stream: str) -> list[str]:
        name = self._source.name
        found: list[str] = self._owning(lambda shop: state.stream_payloads(shop.engine, name, stream))
        return found

    def known(self, stream: str, keys: list[str], before: datetime) -> set[str]:
        name = self._source.name
        found: set[str] = self._owning(lambda shop: state.read_before(shop.engine, name, stream, keys, before))
        return found


def _refuse_unasked(source: Source) -> None:
    """Refuse to ask a source that only takes deliveries."""
    if not source.base_url:
        raise WrongUse(f"The source '{source.name}' is never asked for anything: it takes what is sent to it.",
                       hint=f"See satsuma source webhook {source.name}.")  # fmt: skip


def _plan(source: Source, wanted: Sequence[str]) -> Plan:
    _refuse_unasked(source)
    names = [stream.name for stream in source.streams]
    for name in wanted:
        if name not in names:
            hint = f"It reads {', '.join(names)}."
            raise NotFound.named(f"stream of '{source.name}'", name, names, hint=hint)
    chosen = tuple(stream for stream in source.streams if not wanted or stream.name in wanted)
    return Plan(streams=chosen, starts=source.starts)


def _check_settings(vendor: Vendor, said: Mapping[str, str]) -> None:
    for name in said:
        if name in vendor.secrets:
            secret = vendor.secrets[name]
            raise WrongUse(f"'{name}' is a secret and stands in no file.",
                           hint=f"Set {secret.variable} in the environment.")  # fmt: skip
        if name not in vendor.settings:
            near = nearest(name, vendor.settings)
            raise WrongUse(f"'{name}' is not a setting of {vendor.title}.",
                           hint=f"Its settings are {', '.join(vendor.settings)}.", nearest=list(near))  # fmt: skip
    needed = [item for item in vendor.settings.values() if item.required and not said.get(item.name)]
    if needed:
        what = " ".join(f"--set {item.name}=..." for item in needed)
        raise WrongUse(
            f"{vendor.title} needs {' and '.join(repr(item.name) for item in needed)}: {needed[0].about}",
            hint=f"satsuma source add {vendor.name} {what}", needed=[item.name for item in needed],
        )  # fmt: skip


def _with_schedule(text: str, when: str | None) -> str:
    """Return a source file's text with another schedule, and all else as it was."""
    import json

    kept = [line for line in text.splitlines() if not line.startswith(("schedule:", "# schedule:"))]
    said = "# schedule: every 15m  # read while a server runs" if when is None else f"schedule: {json.dumps(when)}"
    return "\n".join([*kept, said]) + "\n"


@contextmanager
def _alone(workspace: Path, name: str) -> Iterator[None]:
    """Let one sync of a source go on at a time: two would each think that the state is theirs."""
    key = (str(workspace), name)
    with _lock:
        if key in _under_way:
            raise Busy(f"A sync of '{name}' is under way.", hint="Wait until it has ended: satsuma job list.",
                       retry_after=30)  # fmt: skip
        _under_way.add(key)
    try:
        yield
    finally:
        with _lock:
            _under_way.discard(key)


@contextmanager
def _recorded(owning: Owning) -> Iterator[dict[str, Any]]:
    """Record in the ledger that a source was read, with counts, or that it failed."""
    counts: dict[str, Any] = {}
    number = owning(lambda shop: shop.ledger.start(JOB, utc_now()))
    try:
        yield counts
    except BaseException as error:
        is_own = isinstance(error, SatsumaError)
        code = error.code if isinstance(error, SatsumaError) else type(error).__name__
        said = str(error) if is_own else None
        # A ledger or a server that is going away must not hide the cause.
        with suppress(SatsumaError):
            owning(lambda shop: shop.ledger.fail(number, utc_now(), code, said))
        raise
    owning(lambda shop: shop.ledger.finish(number, utc_now(), counts))


def _moment(value: datetime | None) -> str | None:
    return None if value is None else f"{value.isoformat()}Z"
