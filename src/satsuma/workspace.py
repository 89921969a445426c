"""The door: one folder with definitions, a warehouse and a ledger.

Every command and page goes through a `Workspace`. It opens the folder, the catalogue, the engine and the ledger, and
hands each stage what that stage needs; no stage imports it or receives it whole.
"""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from satsuma import documents, scaffold
from satsuma.catalog import NAME_PATTERN, Catalog, read_catalog, render_catalog
from satsuma.errors import Changed, DefinitionError, NotFound, SatsumaError, WorkspaceError, WrongUse, nearest
from satsuma.language.durations import MOMENT_HINT, parse_duration, parse_moment
from satsuma.settings import FILE_NAME, Settings, checked_settings, read_settings

if TYPE_CHECKING:
    from types import TracebackType

    import pyarrow as pa

    from satsuma.access.door import Access
    from satsuma.collecting.journal import Journal
    from satsuma.collecting.landing import Collected
    from satsuma.discovery.compare import MethodTrial
    from satsuma.discovery.explore import Discovery
    from satsuma.discovery.rules_of_run import SegmentationRules
    from satsuma.engines.duckdb import DuckDB
    from satsuma.engines.handing_over import ToSpark
    from satsuma.evidence.advice import Advice
    from satsuma.evidence.card import Evidence
    from satsuma.evidence.insights import Insights
    from satsuma.evidence.migration import LabelMigration
    from satsuma.evidence.moments import History
    from satsuma.hooking import Hooks
    from satsuma.landing.outcome import LoadOutcome
    from satsuma.language.checker import Checked, Vocabulary
    from satsuma.language.definitions import ReadDefinitions
    from satsuma.language.format import FormattedFile
    from satsuma.language.imports import Imported
    from satsuma.language.lint import Finding
    from satsuma.language.regions import Regions
    from satsuma.language.renaming import NamedKind
    from satsuma.language.schema import Names
    from satsuma.language.types import Entity
    from satsuma.ledger import Activity, DefinitionText, Ledger
    from satsuma.personas.card import Persona
    from satsuma.personas.phrases import Wording
    from satsuma.privacy.release import Release
    from satsuma.quality.quarantine import QuarantinedRow, QuarantineGroup
    from satsuma.quality.report import QualityReport
    from satsuma.report.contents import ReportContents
    from satsuma.segments.backtest import Backtest
    from satsuma.segments.difference import Difference, Overlap
    from satsuma.segments.frame import CustomerFrame
    from satsuma.segments.model_trial import ModelTrial
    from satsuma.segments.models import ModelView
    from satsuma.segments.plan import Effect, Plan
    from satsuma.segments.preview import Preview
    from satsuma.segments.run import RunOutcome
    from satsuma.segments.scale_views import FactorView, ScaleView
    from satsuma.segments.standing import Standings, Wanted
    from satsuma.segments.state import LastError, States
    from satsuma.segments.store import StoredRun
    from satsuma.segments.suggestions import Suggestion
    from satsuma.segments.views import SegmentationView, SegmentView
    from satsuma.segments.why import Why
    from satsuma.sources.mapping import Mapping as ColumnMappings
    from satsuma.sourcing import Sources
    from satsuma.traits.views import TraitView

#: Told the name of each step as it starts, and where it is known how much of it is done: `(step, done, total)`.
Progress = Callable[..., None]

#: A moment: text as people write it, a day (its first moment), or a time (in the workspace's zone when it has none).
Moment = str | date | datetime

#: Data that end longer ago than this before `as_of` are probably not the latest.
STALE_AFTER = timedelta(days=30)

_NAME_HINT = "A name is of lower-case letters, digits and _, beginning with a letter."


def _silent(*_told: object) -> None:
    """Ignore progress."""


class Workspace:
    """One workspace folder, open for use. Use it in a `with` statement, or call `close`.

    Examples
    --------
    >>> from satsuma import Workspace
    >>> with Workspace.create("shop", timezone="Europe/Paris", currency="EUR") as shop:  # doctest: +SKIP
    ...     shop.load("orders.csv", kind="order-lines")
    ...     shop.run(as_of="2024-12-31")
    ...     champions = shop.segment("champions").customers()
    """

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self.settings = settings
        self._hooks: Hooks | None = None
        self._catalog_read: tuple[tuple[int, int] | None, Catalog] | None = None
        #: Definitions and regions as they were read, with their files' mark: a refresh a second need not read them.
        self._folder_read: tuple[scaffold.FilesMark | None, ReadDefinitions, Regions] | None = None

    # ------------------------------------------------------------------------------------------------ open and close

    @classmethod
    def create(
        cls,
        path: str | Path,
        *,
        timezone: str,
        currency: str,
        name: str | None = None,
        default_region: str | None = None,
    ) -> Workspace:
        """Make a new workspace in a new or empty folder and open it.

        Parameters
        ----------
        timezone : an IANA name such as Europe/Paris; days, weeks and months begin and end there.
        currency : an ISO 4217 code such as EUR; all money is in it.
        name : shown to people; the folder's name when not given.
        default_region : ISO 3166 code of the country whose telephone numbers come without one; the time zone's
            country when not given.

        Raises
        ------
        WrongUse
            When a value is not one, with the nearest right ones.
        WorkspaceError
            When the folder is a workspace already, is not empty or cannot be made.
        """
        folder = Path(path).absolute()
        settings = checked_settings(
            name=name or folder.name, timezone=timezone, currency=currency, default_region=default_region
        )
        scaffold.create_folder(folder, settings)
        return cls.open(folder)

    @classmethod
    def open(cls, path: str | Path) -> Workspace:
        """Open an existing workspace.

        Raises
        ------
        WorkspaceError
            When the folder is not a workspace.
        DefinitionError
            When `satsuma.yaml` has mistakes; all are named.
        """
        folder = Path(path).absolute()
        if not (folder / FILE_NAME).is_file():
            what = f"The folder '{folder}' is not a workspace" if folder.is_dir() else f"There is no folder '{folder}'"
            raise WorkspaceError(
                f"{what}.",
                hint="Name a workspace with -w DIR or SATSUMA_WORKSPACE, or make one: "
                "satsuma init DIR --timezone Europe/Paris --currency EUR",
                path=str(folder),
            )
        return cls(folder, read_settings(folder / FILE_NAME))

    def close(self) -> None:
        """Give the warehouse and the ledger free for other processes."""
        for part in ("engine", "ledger", "records"):
            held = self.__dict__.pop(part, None)
            if held is not None:
                held.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Workspace({str(self.path)!r})"

    # ---------------------------------------------------------------------------------------------------- the parts

    @property
    def state(self) -> Path:
        """The folder of results, exports and logs."""
        return self.path / scaffold.STATE

    @cached_property
    def engine(self) -> DuckDB:
        """The warehouse, opened when first needed; one process owns it until `close`."""
        from satsuma.engines.duckdb import DuckDB

        engine = DuckDB(self.path / scaffold.WAREHOUSE)
        try:
            engine.create_schema()
        except BaseException:
            engine.close()
            raise
        if self.settings.engine.name == "spark":
            engine.hand_over = to_spark = self._to_spark()
            engine.has_own_data = not to_spark.reads_foreign_tables
        return engine

    def _to_spark(self) -> ToSpark:
        """Return how evaluation goes to Spark: where it is, and where its tables are."""
        from satsuma.engines.handing_over import ToSpark

        said = self.settings.engine
        tables = said.tables or f"{scaffold.STATE}/tables"
        return ToSpark(
            master=said.master,
            remote=said.remote,
            settings=said.settings,
            tables=tables if "://" in tables else str(self.path / tables),
            log=self.state / "logs" / "spark.log",
            catalog=lambda: self.catalog,
        )

    @cached_property
    def ledger(self) -> Ledger:
        """The operational database, opened when first needed."""
        # The warehouse first: whoever holds it is the only one at work, and may say what was interrupted.
        _ = self.engine
        self.records.settle_interrupted(_now())
        return self.records

    @cached_property
    def records(self) -> Ledger:
        """The operational database without the warehouse: for what goes on beside the process that holds that one."""
        from satsuma.ledger import Ledger

        url = self.settings.ledger
        return Ledger(_of_environment(url)) if url else Ledger.in_file(self.path / scaffold.LEDGER)

    @property
    def access(self) -> Access:
        """Who may use a server of this workspace: keys, users and their sessions."""
        from satsuma.access.door import Access

        return Access(self.records.transaction)

    @property
    def sources(self) -> Sources:
        """Accounts at other services that are read: added, tested, synced, scheduled."""
        from satsuma.sourcing import Sources

        return Sources(self)

    @property
    def catalog(self) -> Catalog:
        """What is known about traits and events, as `catalog.yaml` says now."""
        return read_catalog(self.path / scaffold.CATALOG)

    def activity(self, *, most: int = 100) -> list[Activity]:
        """Return every load, run and export that was tried, newest first."""
        return self.ledger.activities(most=most)

    # --------------------------------------------------------------------------------------------------------- data

    def load(
        self,
        paths: str | Path | Sequence[str | Path],
        *,
        kind: str,
        map: Mapping[str, str] | None = None,  # noqa: A002 - the word of the command line
        mapping: str | Path | None = None,
        received_at: str | None = None,
        valid_from: str | None = None,
        sheet: str | None = None,
        save_mapping: str | Path | None = None,
        dry_run: bool = False,
        now: datetime | None = None,
        progress: Progress | None = None,
    ) -> LoadOutcome:
        """Read files into the warehouse, all or nothing.

        Parameters
        ----------
        paths : files, folders or patterns such as `days/*.csv`.
        kind : what a row is: customers, events, orders, order-lines, accounts, products, consents, surveys, deals,
            text-labels.
        map : field to column, where the guess is not right.
        mapping : a file with a mapping, in place of guessing.
        received_at, valid_from : columns that say when a fact became known, and since when it holds.
        save_mapping : where to write the mapping that was used.
        dry_run : say what would happen and change nothing.
        now : the moment of loading, UTC without a zone; the clock's when not given.

        Raises
        ------
        WrongUse
            For an unknown kind, field or column.
        SourceError
            When a file cannot be read as what it was said to be; nothing was kept.
        """
        from satsuma.landing.load import load_files

        refuse_kind(kind)
        given = [paths] if isinstance(paths, (str, Path)) else list(paths)
        catalog = self.catalog
        with self._recorded("load", unless=dry_run) as counts:
            outcome = load_files(
                self.engine,
                given,
                kind,  # type: ignore[arg-type]  # checked above
                now=now or _now(),
                timezone=self.settings.timezone,
                default_region=self.settings.default_region,
                overrides=dict(map or {}),
                mapping=_saved_mapping(mapping),
                received_at=received_at,
                valid_from=valid_from,
                sheet=sheet,
                dry_run=dry_run,
                catalog=catalog,
                progress=progress or _silent,
            )
            counts.update(_numbers(outcome.as_dict()))
        if not dry_run:
            self.add_to_catalog(outcome.catalog)
        if save_mapping is not None:
            save_mapping_of(outcome, Path(save_mapping))
        return outcome

    def open_journal(self) -> Journal:
        """Open the journal of tracking messages; whoever opens it closes it, before the workspace."""
        from satsuma.collecting.journal import Journal
        from satsuma.collecting.landing import CHECKPOINT, landed_position

        # Messages change rows all over the tables, second by second: they go into the file many at once.
        self.engine.execute(f"SET checkpoint_threshold = '{CHECKPOINT}'")
        return Journal(self.state / "collected", landed=landed_position(self.engine))

    def collect(self, journal: Journal, *, most_bytes: int = 8 * 1024 * 1024) -> Collected:
        """Land messages that wait in the journal; none of them is lost, and none counts twice, whatever happens.

        Parameters
        ----------
        most_bytes : about how much is landed at once; the rest waits for the next call.

        Returns
        -------
        What was landed; with nothing to land, zeros.
        """
        from satsuma.collecting.landing import Collected, land_records, landed_position

        records = journal.read(landed_position(self.engine), most_bytes=most_bytes)
        if not records:
            return Collected()
        catalog = self._collected_catalog()
        collected = land_records(
            self.engine,
            records,
            clock=_now,
            catalog=catalog,
            currency=self.settings.currency,
            region=self.settings.default_region,
        )
        if catalog.merged(collected.catalog) != catalog:
            self.add_to_catalog(collected.catalog)
        journal.drop_before(landed_position(self.engine))
        return collected

    @property
    def hooks(self) -> Hooks:
        """What other systems send by themselves: how it is proved, and how it lands."""
        from satsuma.hooking import Hooks

        if self._hooks is None:
            self._hooks = Hooks(self)
        return self._hooks

    def _collected_catalog(self) -> Catalog:
        """Return the catalogue, read again only when its file changed: messages land every second."""
        path = self.path / scaffold.CATALOG
        mark = (path.stat().st_mtime_ns, path.stat().st_size) if path.exists() else None
        if self._catalog_read is None or self._catalog_read[0] != mark:
            self._catalog_read = (mark, self.catalog)
        return self._catalog_read[1]

    def quality(self) -> QualityReport:
        """Return how complete, valid, unique and recent the loaded columns are, and what was changed."""
        from satsuma.quality.report import quality_report

        return quality_report(self.engine)

    def quarantine(self) -> list[QuarantineGroup]:
        """Return what is in quarantine: rows counted by load, source, column and reason."""
        from satsuma.quality.quarantine import list_quarantine

        return list(list_quarantine(self.engine))

    def quarantined_rows(self, load_id: int, *, most: int = 20) -> list[QuarantinedRow]:
        """Return the first rows of one load that are in quarantine, as they were in the file."""
        from satsuma.quality.quarantine import show_quarantine

        self._known_load(load_id)
        return list(show_quarantine(self.engine, load_id=load_id, most=most))

    def quarantine_of(self, load_id: int) -> list[QuarantineGroup]:
        """Return what is in quarantine of one load.

        Raises
        ------
        NotFound
            When there is no such load.
        """
        self._known_load(load_id)
        return [item for item in self.quarantine() if item.load_id == load_id]

    def retry_quarantine(
        self,
        load_id: int,
        *,
        map: Mapping[str, str] | None = None,  # noqa: A002 - the word of the command line
        mapping: str | Path | None = None,
        now: datetime | None = None,
        progress: Progress | None = None,
    ) -> LoadOutcome:
        """Read the quarantined rows of one load again; those that can be read now leave the quarantine."""
        from satsuma.landing.retry import retry_quarantine

        self._known_load(load_id)
        catalog = self.catalog
        with self._recorded("retry") as counts:
            outcome = retry_quarantine(
                self.engine,
                load_id,
                now=now or _now(),
                timezone=self.settings.timezone,
                default_region=self.settings.default_region,
                overrides=dict(map or {}),
                mapping=_saved_mapping(mapping),
                catalog=catalog,
                progress=progress or _silent,
            )
            counts.update(_numbers(outcome.as_dict()))
        self.add_to_catalog(outcome.catalog)
        return outcome

    def data_until(self) -> datetime | None:
        """Return the time of the newest event, aware of its zone (UTC); None when there are no events."""
        engine = self.engine.evaluating(everybody=False)
        newest: datetime | None = engine.value("SELECT max(time) FROM events WHERE superseded_at IS NULL")
        return None if newest is None else newest.replace(tzinfo=UTC)

    # -------------------------------------------------------------------------------------------------- definitions

    def definitions(self, extra: ReadDefinitions | None = None) -> Checked:
        """Read and check every definition, with the built-in traits.

        Parameters
        ----------
        extra : definitions in place of those of the same name, as a preview has.

        Raises
        ------
        DefinitionError
            With every mistake in every file.
        """
        from satsuma.language.definitions import check_all
        from satsuma.traits.library import built_in_traits

        read, vocabulary = self._read(extra)
        return check_all(read, vocabulary, built_in_traits(vocabulary.catalog), extra)

    def _read(self, extra: ReadDefinitions | None = None) -> tuple[ReadDefinitions, Vocabulary]:
        """Read every definition, right or not, and what names mean."""
        from satsuma.evaluation.lists import list_names
        from satsuma.language.checker import Vocabulary
        from satsuma.language.definitions import read_folder
        from satsuma.language.regions import read_regions

        zone = self.settings.zone
        mark = scaffold.files_mark(self.path)
        if mark is None or self._folder_read is None or self._folder_read[0] != mark:
            self._folder_read = (mark, read_folder(self.path, zone), read_regions(self.path, zone))
        _, read, regions = self._folder_read
        vocabulary = Vocabulary(
            catalog=self._collected_catalog(),
            lists=list_names(self.path / "lists"),
            purposes=self._purposes(read, extra),
            regions=regions.areas,
            zone=zone,
        )
        return read.with_problems(regions.problems), vocabulary

    def check(self) -> dict[str, int]:
        """Check settings, catalogue, definitions and sources; return how many of each there are.

        Raises
        ------
        DefinitionError
            With every mistake: of definitions, or where they have none, of the files of sources.
        """
        from satsuma.language.types import Segment, Segmentation, Trait

        checked = self.definitions()
        self.sources.check_files()
        written = {
            word: checked.of(kind).values()
            for word, kind in (("traits", Trait), ("segments", Segment), ("segmentations", Segmentation))
        }
        counts = {word: sum(1 for item in found if item.file) for word, found in written.items()}
        catalog = self.catalog
        return {**counts, "loaded_traits": len(catalog.traits), "events": len(catalog.events)}

    def suggest(self, *, write: bool = True) -> list[Suggestion]:
        """Offer ready-made definitions for what the catalogue holds, and write them unless told not to.

        A file that is there already is never touched, and not offered.
        """
        from satsuma.segments.suggestions import suggest

        return suggest(self.engine, self.path, self.catalog, write=write)

    # --------------------------------------------------------------------------------- tools around the definitions

    def definition_schema(self, kind: str | None = None) -> dict[str, Any]:
        """Return the JSON Schema of definitions, with the names of this workspace, for editors.

        Parameters
        ----------
        kind : segment, trait or segmentation; any of them when not given.
        """
        from satsuma.language.schema import definition_schema

        return definition_schema(kind, self._names())

    def format(self, files: Sequence[str | Path] = (), *, write: bool = True) -> list[FormattedFile]:
        """Bring definitions to the one spelling, comments kept; files with a mistake are left alone and named.

        Parameters
        ----------
        files : which; every definition of the workspace when none is named.
        write : whether to change the files, or to say what would change.
        """
        from satsuma.language.format import format_file

        zone, root = self.settings.zone, self.path
        paths = [Path(file).absolute() for file in files] or self._definition_files()
        found = [format_file(path, zone=zone, root=root) for path in paths]
        for item in found:
            if write and item.is_changed:
                scaffold.replace_text(item.path, item.text)
        return found

    def definition_paths(self, files: Collection[str]) -> list[Path]:
        """Return the files of definitions by their places in the workspace, such as `segments/vip.yaml`.

        Raises
        ------
        NotFound
            With the nearest known ones: nothing else is a definition of this workspace.
        """
        known = {path.relative_to(self.path).as_posix(): path for path in self._definition_files()}
        for file in files:
            if file not in known:
                raise NotFound.named("file", file, known, hint="Name it as satsuma check does: segments/vip.yaml")
        return [known[file] for file in files]

    def lint(self) -> list[Finding]:
        """Return what is right in the definitions and yet probably not meant; with a run, what its results tell too.

        Raises
        ------
        DefinitionError
            With every mistake: what is wrong comes before what is doubtful.
        """
        from satsuma.language.lint import lint
        from satsuma.segments.lint import lint_data, lint_results

        checked, documents = self.definitions(), self._read()[0].documents
        exports = self.ledger.activities("export", most=10_000)
        # One that failed let nothing out, and personas have no columns.
        exported = {name for item in exports for name in item.counts.get("columns", ())}
        found = lint(checked, documents, retention=self.settings.retention.get("events"), used=exported)
        found += lint_data(self.engine.evaluating(everybody=False), checked, documents)
        found += lint_results(
            self.engine,
            self.path,
            checked,
            documents,
            outdated=self.outdated(),
            smallest=self.settings.smallest_segment,
            known=found,
        )
        return sorted(set(found), key=lambda item: (item.path, item.line or 0, item.code, item.message))

    def import_definition(
        self, file: str | Path, *, tool: str, name: str | None = None, map: Mapping[str, str] | None = None,  # noqa: A002
        to: str | Path | None = None,
    ) -> Imported:  # fmt: skip
        """Return a definition that was written for another tool as ours, with every difference of meaning named.

        Parameters
        ----------
        file : the other tool's export.
        tool : segment, klaviyo, posthog, dittofeed or growthbook.
        name : of the definition; made of theirs when not given.
        map : their names of traits, events, properties, groups and purposes to ours.
        to : where to write it; nothing is written when a part was refused or a name is not known here.

        Raises
        ------
        WrongUse
            When it cannot be written to `to`: refused parts, unknown names, or a file that is there already.
        SourceError
            When the file is not what the tool writes.
        """
        from satsuma.language.imports.files import read_export

        return self.import_text(read_export(Path(file)), tool=tool, name=name, map=map, to=to)

    def import_text(
        self, text: str, *, tool: str, name: str | None = None, map: Mapping[str, str] | None = None,  # noqa: A002
        to: str | Path | None = None,
    ) -> Imported:  # fmt: skip
        """Return a definition of another tool as ours, as `import_definition` does with the text of a file."""
        from satsuma.language.imports import import_definition
        from satsuma.language.imports.files import refuse_unless_whole

        target = None if to is None else Path(to).absolute()
        own = name or (None if target is None else target.stem)
        found = import_definition(text, tool, self._names(), name=own, mapping=map)
        if target is not None:
            refuse_unless_whole(found, target)
            with self._recorded("import-definition") as counts:
                scaffold.replace_text(target, found.text)
                counts.update(tool=tool, kind=found.kind, name=found.name)
        return found

    def definition_texts(self) -> list[DefinitionText]:
        """Return every definition as its file has it, right or not."""
        return self._texts()

    def lists(self) -> list[dict[str, Any]]:
        """Return the manual lists: name, file, and how many ids are in it."""
        from satsuma.evaluation.lists import list_files, read_list

        return [
            {"name": name, "file": f"lists/{path.name}", "ids": len(_of_either(path, read_list))}
            for name, path in sorted(list_files(self.path / "lists").items())
        ]

    def write_list(self, name: str, text: str, *, form: str = "txt") -> dict[str, Any]:
        """Write a manual list, new or in place of the one of its name; return its name, file, and number of ids.

        Parameters
        ----------
        text : one id a line, or the rows of a CSV with a column `customer_id` (or `account_id`).
        form : txt or csv.

        Raises
        ------
        WrongUse
            When the name is none, or the form.
        EvaluationError
            When it is a CSV of several columns without one of ids.
        """
        from satsuma.evaluation.lists import SUFFIXES, list_files, read_list

        if not re.fullmatch(NAME_PATTERN, name):
            raise WrongUse("This is not a name for a list.", hint=_NAME_HINT)
        if f".{form}" not in SUFFIXES:
            raise WrongUse(f"'{form}' is not a form of lists.", hint="Write txt or csv.")
        folder = self.path / "lists"
        with self._recorded("write-list") as counts:
            target = folder / f"{name}.{form}"
            with TemporaryDirectory(dir=self.state) as aside:
                # Tried under its own name, which is what a mistake is told of.
                scaffold.replace_text(Path(aside) / target.name, text)
                ids = len(_of_either(Path(aside) / target.name, read_list))
            before = list_files(folder).get(name)
            scaffold.replace_texts({target: text}, gone=[] if before in (None, target) else [before])
            counts.update(name=name, ids=ids)
        return {"name": name, "file": f"lists/{target.name}", "ids": ids}

    def definition_text(self, kind: NamedKind, name: str) -> DefinitionText:
        """Return one definition as its file has it.

        Raises
        ------
        NotFound
            With the nearest known names.
        """
        from satsuma.ledger import DefinitionText

        text = self._definition_file(kind, name).read_text(encoding="utf-8-sig", errors="replace")
        return DefinitionText(kind=kind, name=name, text=text)

    def write_definition(
        self, kind: NamedKind, name: str, text: str, *, instead_of: str | None = None, write: bool = True,
        now: datetime | None = None,
    ) -> DefinitionText:  # fmt: skip
        """Write a definition, new or in place of the one of its name, if all definitions are right with it.

        Parameters
        ----------
        text : its YAML (or JSON).
        instead_of : the digest of the text it was made from; empty for a new one; whatever is there when not given.
        write : whether to write it, or only to check it.

        Raises
        ------
        DefinitionError
            With every mistake: of the text, and of what reads it.
        Changed
            When the file does not have the text of `instead_of`.
        WrongUse
            When the name is none.
        """
        from satsuma.language.definitions import check_all
        from satsuma.language.writing import refuse_worse, text_digest
        from satsuma.ledger import DefinitionText
        from satsuma.traits.library import built_in_traits

        if not re.fullmatch(NAME_PATTERN, name):
            raise WrongUse(f"This is not a name for a {kind}.", hint=_NAME_HINT)
        files = [self.path / f"{kind}s" / f"{name}{end}" for end in (".yaml", ".yml")]
        path = next((file for file in files if file.is_file()), files[0])
        before = path.read_text(encoding="utf-8-sig", errors="replace") if path.is_file() else ""
        if instead_of is not None and instead_of != text_digest(before):
            raise Changed(
                f"The {kind} '{name}' was changed by somebody else meanwhile.",
                hint="Read it again, and make your change on top of what it says now.",
            )
        (read, vocabulary), clock = self._read(), now or _now()
        built_in = list(built_in_traits(vocabulary.catalog))
        refuse_worse(
            read,
            (kind, name),
            path.relative_to(self.path).as_posix(),
            text,
            check=lambda after: check_all(after, vocabulary, built_in),
            zone=self.settings.zone,
            root=self.path,
        )
        if write:
            with self._recorded("write-definition") as counts:
                scaffold.replace_text(path, text)
                self.ledger.record_definitions(self._texts(), clock)
                counts.update(kind=kind, name=name)
        return DefinitionText(kind=kind, name=name, text=text)

    def delete_definition(self, kind: NamedKind, name: str, *, now: datetime | None = None) -> Path:
        """Take a definition or a list out of the workspace; return where its file is kept now.

        Raises
        ------
        NotFound
            With the nearest known names.
        InUse
            When definitions read it, with each of them.
        DefinitionError
            When definitions have mistakes: nobody can say then what they read.
        """
        from satsuma.language.renaming import refuse_if_used

        clock = now or _now()
        with self._recorded("delete") as counts:
            path = self._definition_file(kind, name)
            refuse_if_used(self.definitions(), self._read()[0].documents, kind, name)
            target = scaffold.set_aside(self.path, path, clock)
            self.ledger.record_definitions(self._texts(), clock)
            counts.update(kind=kind, name=name)
        return target

    def rename_definition(self, kind: NamedKind, old: str, new: str, *, now: datetime | None = None) -> list[Path]:
        """Give a definition another name, in its file and in all that read it, all or nothing; return what changed.

        Raises
        ------
        NotFound
            With the nearest known names.
        WrongUse
            When the new name is none, or taken.
        DefinitionError
            When definitions have mistakes, before or after.
        """
        from satsuma.language.definitions import check_all, read_again
        from satsuma.language.renaming import refuse_name, renamed
        from satsuma.traits.library import built_in_traits

        clock = now or _now()
        with self._recorded("rename") as counts:
            path = self._definition_file(kind, old)
            checked, (read, vocabulary) = self.definitions(), self._read()
            refuse_name(checked, kind, new)
            texts = {file: (self.path / file).read_bytes().decode("utf-8-sig") for file in read.documents}
            changed = renamed(checked, texts, kind, old, new)
            own = path.relative_to(self.path).as_posix()
            target = path.with_name(f"{new}{path.suffix}")
            changed[target.relative_to(self.path).as_posix()] = changed.pop(own)
            after = read_again(read, changed, gone=own, zone=self.settings.zone, root=self.path)
            check_all(after, vocabulary, built_in_traits(vocabulary.catalog))
            scaffold.replace_texts({self.path / file: text for file, text in changed.items()}, gone=[path])
            self.ledger.record_definitions(self._texts(), clock)
            counts.update(kind=kind, name=new, before=old, files=len(changed))
        return sorted(self.path / file for file in changed)

    # ------------------------------------------------------------------------------------------------------ results

    def run(
        self,
        as_of: Moment | None = None,
        *,
        known_at: Moment | None = None,
        refit: bool | Collection[str] = False,
        now: datetime | None = None,
        progress: Progress | None = None,
    ) -> RunOutcome:
        """Compute traits, segmentations and segments as of a moment and keep the results.

        Parameters
        ----------
        as_of : the moment; now when not given.
        known_at : use only what had arrived by then; everything when not given.
        refit : fit anew instead of using kept models: all (true), or those of some names (see `models`).

        Raises
        ------
        DefinitionError
            With every mistake in the definitions; nothing was computed.
        """
        from satsuma.segments.run import run_definitions

        clock = now or _now()
        moment = clock if as_of is None else self.moment(as_of)
        known = None if known_at is None else self.moment(known_at, option="known_at")
        if not isinstance(refit, bool):
            refit = frozenset(self.model(name).stored for name in refit)
        with self._recorded("run") as counts:
            checked = self.definitions()
            self.ledger.record_definitions(self._texts(), clock)
            outcome = run_definitions(
                self.engine,
                checked,
                as_of=moment,
                known_at=known,
                now=clock,
                clock=_now,
                refit=refit,
                root=self.path,
                warnings=self._staleness(moment),
                progress=progress or _silent,
            )
            counts.update(_numbers(outcome.as_dict()))
        return outcome

    def models(self) -> list[ModelView]:
        """Return the models that the last run keeps: what was fitted, on whom, how good it is, and who uses it."""
        from satsuma.segments.models import model_views

        return model_views(self.definitions(), self._last_run())

    def model(self, name: str) -> ModelView:
        """Return one model, by its name or by that of a trait that uses it.

        Raises
        ------
        NotFound
            With the nearest known names.
        """
        from satsuma.segments.models import model_view

        return model_view(self.definitions(), self._last_run(), name)

    def compare_model(self, name: str, as_of: Moment | None = None) -> ModelTrial:
        """Fit a model anew without keeping it, and return it beside the one that is kept, on the same later data.

        Parameters
        ----------
        as_of : the moment; that of the last run when not given.
        """
        from satsuma.segments.model_trial import try_model

        run = self._last_run()
        moment = run.as_of if as_of is None else self.moment(as_of)
        return try_model(self.engine, self.definitions(), run, self.model(name), moment, self.path)

    def refit_model(self, name: str, as_of: Moment | None = None) -> RunOutcome:
        """Run with one model fitted anew; the new one stays only if it does no worse on the same later data.

        Parameters
        ----------
        as_of : the moment; that of the last run when not given.
        """
        moment = self._last_run().as_of.replace(tzinfo=UTC) if as_of is None else as_of
        return self.run(moment, refit=[name])

    def scales(self) -> list[ScaleView]:
        """Return the scales, by name, with what the last run knows of how well they measure."""
        from satsuma.segments.scale_views import scale_views

        return scale_views(self.definitions(), self._last_run())

    def scale(self, name: str) -> ScaleView:
        """Return one scale."""
        from satsuma.segments.scale_views import scale_view

        return scale_view(self.scales(), name)

    def scale_norms(self, name: str, by: str) -> dict[str, dict[str, Any]]:
        """Return the norms of a scale's scores for each value of a trait, as of the last run."""
        from satsuma.segments.scale_views import group_norms, plain_norms

        found = group_norms(self.engine, self.definitions(), self._last_run(), self.scale(name), by, self.path)
        return {label: plain_norms(known.as_dict()) or {} for label, known in found.items()}

    def scale_factors(self, names: Sequence[str] = (), *, rotation: str = "oblimin") -> FactorView:
        """Return the factors behind the items of some scales (all of them when none is named), as of the last run.

        Parameters
        ----------
        rotation : oblimin, promax or varimax.
        """
        from satsuma.segments.scale_views import factor_view, scale_view

        known = self.scales()
        chosen = [scale_view(known, name) for name in dict.fromkeys(names)] or known
        return factor_view(self.engine, self.definitions(), self._last_run(), chosen, self.path, rotation)

    def write_scale_key(self, key: str, *, prefix: str = "", survey: str | None = None) -> list[Path]:
        """Write the scales of a ready key as files of traits; nothing is written where a name is taken.

        Parameters
        ----------
        prefix : what the names of the items begin with. survey : read its answers instead of traits.
        """
        from satsuma.traits.scale_keys import key_files

        checked = self.definitions()
        events = checked.vocabulary.catalog.events
        texts = key_files(key, checked.trait_types, events, prefix=prefix, survey=survey)
        files = {self.path / "traits" / f"{name}.yaml": text for name, text in texts.items()}
        there = next((path for path in files if path.exists()), None)
        if there is not None:
            raise WrongUse(f"The file {there.name} is there already; nothing was written.", hint="Rename it first.")
        scaffold.replace_texts(files)
        return list(files)

    def _last_run(self) -> StoredRun:
        from satsuma.segments.store import RunStore

        return RunStore(self.engine, self.state).required()

    def refresh(
        self, as_of: Moment | None = None, *, now: datetime | None = None, progress: Progress | None = None
    ) -> RunOutcome:
        """Bring the last run up to a later moment, at the cost of what changed since; equal to a full run.

        Parameters
        ----------
        as_of : the moment, not before that of the last run; now when not given.

        Returns
        -------
        The outcome of a run; its fact `refresh` says how many customers were looked at (`touched`), or why everything
        was computed anew (`full_run_because`).

        Raises
        ------
        DefinitionError
            With every mistake in the definitions; nothing was computed.
        """
        from satsuma.segments.refresh import refresh_definitions

        clock = now or _now()
        moment = clock if as_of is None else self.moment(as_of)
        with self._recorded("refresh") as counts:
            checked = self.definitions()
            self.ledger.record_definitions(self._texts(), clock)
            outcome = refresh_definitions(
                self.engine,
                checked,
                as_of=moment,
                now=clock,
                clock=_now,
                root=self.path,
                warnings=self._staleness(moment),
                progress=progress or _silent,
            )
            counts.update(_numbers(outcome.as_dict()))
        return outcome

    def preview(self, text: str, *, file: str = "<text>", as_of: Moment | None = None) -> Preview:
        """Try a segment's definition out: size, share and value, with nothing kept.

        Parameters
        ----------
        text : the YAML (or JSON) of one segment.
        file : its name in messages.
        as_of : the moment; that of the last run when not given, else now.
        """
        from satsuma.segments.preview import preview_segment

        moment = self._last_moment() if as_of is None else self.moment(as_of)
        return preview_segment(
            self.engine,
            self.definitions,
            text,
            file=file,
            zone=self.settings.zone,
            as_of=moment,
            root=self.path,
        )

    def backtest(
        self,
        segment: Wanted,
        *,
        first: Moment,
        last: Moment | None = None,
        every: str = "1 month",
        known_then: bool = True,
        now: datetime | None = None,
        progress: Progress | None = None,
    ) -> Backtest:
        """Replay a segment on past days: size, value, entries and exits at each; nothing is kept.

        Parameters
        ----------
        segment : its name, a path to its file, or the text of a definition.
        first, last : between which moments; until now when `last` is not given.
        every : calendar periods such as `1 month` or `2 weeks`, whose steps are the ends of local days, the days of
            `first` and `last` included; or a fixed length such as `7d`, counted from `first` on.
        known_then : count at each step only what had arrived by then; else all that is known now.

        Raises
        ------
        NotFound
            For an unknown name, with the nearest.
        WrongUse
            When no step, or too many, lie between the moments, or the last is in the future.
        """
        from satsuma.segments.backtest import backtest
        from satsuma.segments.standing import asked_segment
        from satsuma.segments.steps import moments, parse_every

        clock, distance = now or _now(), parse_every(every)
        until = clock if last is None else self.moment(last, option="last")
        steps = moments(distance, self.moment(first, option="first"), until, self.settings.zone, clock)
        return backtest(
            self.engine,
            asked_segment(segment, self.definitions, self.settings.zone),
            steps,
            every=str(distance),
            known_then=known_then,
            root=self.path,
            progress=progress or _silent,
        )

    def compare(
        self, first: Wanted, second: Wanted, *, at: Moment | None = None, known_then: bool = False
    ) -> Difference:
        """Say who is in both of two segments and in one alone, and what they are worth.

        Parameters
        ----------
        first, second : names, paths to files, or texts of definitions. What the last run stored answers from it.
        at : a moment, for which both are evaluated; that of the last run when not given.
        known_then : with `at`, count only what had arrived by then.
        """
        from satsuma.segments.difference import compare

        standings = self._standings()
        if at is None:
            return compare(standings.last(first), standings.last(second))
        moment = self.moment(at, option="at")
        known = moment if known_then else None
        return compare(standings.at(first, moment, known), standings.at(second, moment, known))

    def compare_moments(
        self, segment: Wanted, first: Moment, second: Moment, *, known_then: bool = False
    ) -> Difference:
        """Say who stayed in a segment between two moments, who left it and who entered it.

        Parameters
        ----------
        known_then : count at each moment only what had arrived by then.
        """
        from satsuma.segments.difference import compare

        standings = self._standings()
        moments = [self.moment(at, option="at") for at in (first, second)]
        return compare(*(standings.at(segment, at, at if known_then else None) for at in moments))

    def effect(self, segment: Wanted) -> Effect:
        """Compare a segment that the last run stored with what its file says now, at the moment of that run.

        Parameters
        ----------
        segment : its name, or a file or text that is to take its place.
        """
        from satsuma.segments.plan import effect
        from satsuma.segments.standing import asked_segment

        asked = asked_segment(segment, self.definitions, self.settings.zone)
        return effect(self.engine, asked, self.ledger, self.path)

    def plan(self, *, progress: Progress | None = None) -> Plan:
        """Say what definitions that are new, changed or gone since the last run would do; nothing is kept."""
        from satsuma.segments.plan import plan

        return plan(self.engine, self.definitions(), self.ledger, self.path, _now(), progress or _silent)

    def overlap(self, *segments: str) -> Overlap:
        """Say how much segments of the last run have in common; all of them when none is named."""
        from satsuma.segments.difference import overlap

        run = self._last_run()
        return overlap(run, segments or run.segment_names())

    def insights(
        self,
        since: str | None = None,
        *,
        history: int | None = None,
        by: str | None = None,
        progress: Progress | None = None,
    ) -> Insights:
        """Say what changed in each segment and label since an earlier moment, and which moves are unusual.

        Parameters
        ----------
        since : a distance such as `1 month` or `30d`, or a day or moment; a month before the last run when not given.
        history : how many moments before that of the last run are looked at for what is usual, as far apart; twelve
            when not given. Each is an evaluation; 1 compares the two moments alone.
        by : the segmentation whose labels say where those of a segment came from.

        Raises
        ------
        WrongUse
            When the data do not reach back so far.
        """
        from satsuma.evidence.insights import HISTORY, insights

        most = HISTORY if history is None else history
        return insights(self._history(), since=since, most=most, by=by, progress=progress or _silent)

    def migration(
        self, segmentation: str, since: str | None = None, *, progress: Progress | None = None
    ) -> LabelMigration:
        """Say who moved between the labels of a segmentation since an earlier moment.

        Parameters
        ----------
        since : a distance such as `1 month` or `30d`, or a day or moment; a month before the last run when not given.

        Raises
        ------
        NotFound
            With the nearest known names.
        WrongUse
            When the data do not reach back so far.
        """
        from satsuma.evidence.migration import label_migration

        return label_migration(self._history(), segmentation, since=since, progress=progress or _silent)

    def advice(self) -> list[Advice]:
        """Return advice on the segments and segmentations of the last run, what weighs most first."""
        from satsuma.evidence.advice import advise
        from satsuma.segments.frame import frame_of_run

        checked, run = self.definitions(), self._last_run()
        return advise(frame_of_run(self.engine, checked, run), checked, root=self.path)

    def _history(self) -> History:
        from satsuma.evidence.moments import History

        return History(self.engine, self.definitions(), self._last_run(), self.path)

    def why(self, segment: Wanted, customer_id: str, *, at: Moment | None = None, asked_by: str | None = None) -> Why:
        """Say condition by condition why a customer is in a segment or not, with the data that decided.

        This looks at one person's data: the ledger keeps who asked, about whom (by number), and about which segment.

        Parameters
        ----------
        at : the moment; that of the last run when not given, else now.
        asked_by : who asks; the system's user when not given.
        """
        from satsuma.segments.standing import asked_segment
        from satsuma.segments.why import why

        with self._recorded("why") as counts:
            asked = asked_segment(segment, self.definitions, self.settings.zone)
            as_of, known_at = self._standings().moment if at is None else (self.moment(at, option="at"), None)
            found = why(self.engine, asked, customer_id, as_of=as_of, known_at=known_at, root=self.path)
            counts.update(segment=found.segment, customer_no=found.customer_no, user=asked_by or _user())
        return found

    def last_error(self) -> LastError | None:
        """Return what the last run failed with; None when it succeeded, or nothing was run yet."""
        return self._states().last_error

    def export_difference(
        self, difference: Difference, *, to: str | Path, asked_by: str | None = None
    ) -> Release:  # fmt: skip
        """Write who is in which part of a comparison to a .csv or .parquet file: `customer_id, part`.

        Parameters
        ----------
        asked_by : who asks, for the ledger, where it is not the system's user.
        """
        from satsuma.destinations.files import write_file, writer_for
        from satsuma.privacy.release import release

        target = Path(to).absolute()
        writer_for(target)
        with self._recorded("export") as counts:
            table = difference.ids(self.engine)
            names = f"{difference.first.segment}, {difference.second.segment}"
            released = release(names, table.num_rows, (), self.catalog.traits)
            write_file(table, target)
            counts.update(released.as_record(), **({} if asked_by is None else {"user": asked_by}))
        return released

    def runs(self) -> list[dict[str, Any]]:
        """Return the runs whose results are kept, newest first."""
        columns = ("run_id", "started_at", "finished_at", "as_of", "known_at", "population")
        rows = self.engine.rows(f"SELECT {', '.join(columns)} FROM runs ORDER BY run_id DESC")
        found = [dict(zip(columns, row, strict=True)) for row in rows]
        return [{**item, "seconds": (item["finished_at"] - item["started_at"]).total_seconds()} for item in found]

    def segments(self) -> list[SegmentView]:
        """Return the segments of the last run with size, share and value."""
        from satsuma.segments.views import segment_views

        return segment_views(self.engine, self.path, self._states())

    def outdated(self) -> list[str]:
        """Return the segments and segmentations whose files are new, changed or gone since the last run."""
        from satsuma.segments.views import outdated

        return outdated(self.engine, self.path, self.definitions())

    def segment(self, name: str) -> SegmentView:
        """Return one segment of the last run: `.customers()`, `.customer_ids()`, `.size`.

        Raises
        ------
        NotFound
            With the nearest known names.
        """
        from satsuma.segments.views import segment_view

        return segment_view(self.engine, self.path, name, self._states())

    def explain(self, name: str) -> str:
        """Return a segment's rule in words."""
        from satsuma.language.explain import explain_segment

        return explain_segment(self.definitions(), name)

    def segmentations(self) -> list[SegmentationView]:
        """Return the segmentations of the last run with their labels."""
        from satsuma.segments.views import segmentation_views

        return segmentation_views(self.engine, self.path)

    def segmentation(self, name: str) -> SegmentationView:
        """Return one segmentation of the last run: `.labels`, `.assignments()`."""
        from satsuma.segments.views import segmentation_view

        return segmentation_view(self.engine, self.path, name)

    def traits(self) -> list[TraitView]:
        """Return the traits that definitions can use: loaded, computed and built in."""
        from satsuma.traits.views import trait_views

        return trait_views(self.definitions(), self._trait_values)

    def trait(self, name: str) -> TraitView:
        """Return one trait: `.values()` holds every customer's (or account's) as of the last run."""
        from satsuma.traits.views import trait_view

        return trait_view(self.definitions(), name, self._trait_values)

    def frame(self) -> CustomerFrame:
        """Return everybody as the last run left them: traits, labels, members and worth as arrays, place by place."""
        from satsuma.segments.frame import frame_of_run

        return frame_of_run(self.engine, self.definitions(), self._last_run())

    def discover(
        self,
        *,
        traits: Sequence[str] = (),
        kinds: Sequence[str] = (),
        without: Sequence[str] = (),
        allow_sensitive: Sequence[str] = (),
        using: str = "auto",
        groups: tuple[int, int] = (2, 8),
        among: str | None = None,
        seed: int = 1,
        sample: int = 50_000,
        save: str | None = None,
    ) -> Discovery:
        """Look for groups of customers in the traits of the last run.

        Parameters
        ----------
        traits : those to group by; when none is named, those of what customers do, want and are worth.
        kinds : kinds of traits to choose among. without : traits to leave out.
        allow_sensitive : sensitive traits that may be used all the same.
        using : kmeans, mixture, classes, prototypes, factors, density; auto takes what suits the traits.
        groups : from how many to how many.
        among : a segment; everybody when not given.
        sample : customers that the groups are learned from. seed : the same gives the same groups.
        save : write the groups as a segmentation of this name; nothing is written when everybody is one group.

        Raises
        ------
        NotFound
            For a name that is no trait or segment, with the nearest ones.
        WrongUse
            When nothing can be grouped, a trait may not be used, or the segmentation is there already.
        """
        from satsuma.discovery.explore import discover
        from satsuma.language.renaming import refuse_name

        if save is not None:
            refuse_name(self.definitions(), "segmentation", save)
        found = discover(
            self.frame(),
            self.settings.zone,
            traits=traits,
            kinds=kinds,
            without=without,
            allow_sensitive=allow_sensitive,
            using=using,
            groups=groups,
            among=among,
            seed=seed,
            sample=sample,
        )
        if save is not None and not found.is_one:
            scaffold.replace_text(self.path / "segmentations" / f"{save}.yaml", found.definition(save))
        return found

    def compare_methods(self, found: Discovery) -> list[MethodTrial]:
        """Try every other method that suits the traits of a discovery; how far do they agree with it?"""
        from satsuma.discovery.compare import compare_methods

        return compare_methods(self.frame(), self.settings.zone, found)

    def rules_of_segmentation(
        self,
        name: str,
        traits: Sequence[str] = (),
        *,
        allow_sensitive: Sequence[str] = (),
        conditions: int | None = None,
        leaves: int | None = None,
        prefix: str = "",
        seed: int = 0,
        write: bool = False,
    ) -> SegmentationRules:
        """Say the labels that a segmentation gave at the last run by rules over traits, and write them as definitions.

        Parameters
        ----------
        name : of the segmentation.
        traits : that rules may ask about; when none is named, those of a clusters' settings, else all that are fit.
        allow_sensitive : sensitive traits that may be used all the same.
        conditions, leaves : how many conditions, and leaves of a tree, there may be at most; chosen when not given.
        prefix : put before the names of the segments.
        seed : of the draw of customers held back.
        write : whether to write a segment for each label, and a segmentation by rules.

        Raises
        ------
        NotFound
            For an unknown name, with the nearest.
        WrongUse
            When there is nothing to tell apart, or a file that would be written is there already; nothing is written.
        """
        from dataclasses import replace

        from satsuma.discovery.rules_of_run import rules_of_run

        found = rules_of_run(
            self.frame(),
            self.definitions,
            self.definitions(),
            name,
            zone=self.settings.zone,
            traits=traits,
            allow_sensitive=allow_sensitive,
            conditions=conditions,
            leaves=leaves,
            prefix=prefix,
            seed=seed,
        )
        if not write:
            return found
        with self._recorded("discover-rules") as counts:
            self._refuse_existing(found.files)
            scaffold.replace_texts({self.path / path: text for path, text in found.files.items()})
            counts.update(segmentation=name, files=len(found.files))
        return replace(found, written=tuple(found.files))

    def evidence(
        self,
        *names: str,
        horizon: str = "90d",
        past: Moment | None = None,
        looks_back: bool = True,
        allow: Collection[str] = (),
        progress: Progress | None = None,
    ) -> Evidence:
        """Return the evidence cards of segments and segmentations: is each a good one, and why.

        Parameters
        ----------
        names : of segments and segmentations; all of the last run when none is named.
        horizon : how long the time after the past day is, such as `90d`.
        past : the day whose membership is held against what followed; the horizon before the run when not given.
        looks_back : whether past moments are evaluated; without it nothing is said of what followed, of drift, and of
            the stability of rules.
        allow : sensitive traits that may be looked at.

        Raises
        ------
        NotFound
            For an unknown name, with the nearest.
        WrongUse
            When the time after the past day is not over at the run's moment.
        """
        from satsuma.evaluation.consents import decided_purposes
        from satsuma.evidence.gather import Asked, Gatherer

        checked, run = self.definitions(), self._last_run()
        length = _horizon(horizon)
        day = None if past is None else self.moment(past, option="past")
        if day is not None and day + length > run.as_of:
            last = (run.as_of - length).date().isoformat()
            raise WrongUse(
                "The time after that day is not over at the moment of the last run.",
                hint=f"Name a day up to {last}, or a shorter horizon.",
            )
        unknown = [name for name in allow if name not in self.catalog.traits]
        if unknown:
            raise NotFound.named("trait", unknown[0], self.catalog.traits, hint="See satsuma trait list.")
        until = self.data_until()
        asked = Asked(
            names=names or None,
            horizon=length,
            past=day,
            looks_back=looks_back,
            allow=tuple(allow),
            purposes=sorted({*self.settings.purposes, *decided_purposes(self.engine)}),
            outdated=self.outdated(),
            data_until=None if until is None else until.replace(tzinfo=None),
        )
        return Gatherer(
            engine=self.engine, checked=checked, run=run, root=self.path, progress=progress or _silent
        ).evidence(asked)

    def personas(self, *names: str, allow: Collection[str] = ()) -> list[Persona]:
        """Return what can be said of the customers of segments, as of the last run; every statement passed its tests.

        Parameters
        ----------
        names : segments, segmentations (all their labels), or labels as `rfm:Champions`; all segments when none is
            given.
        allow : traits and properties to speak of although they are sensitive or personal data.

        Raises
        ------
        NotFound
            With the nearest known names.
        """
        from satsuma.personas.build import personas

        made = personas(self.frame(), self.engine, self.definitions(), self.wording, allow=allow)
        return [card for name in names for card in made.named(name)] if names else made.of_segments()

    def persona(self, name: str, *, allow: Collection[str] = ()) -> Persona:
        """Return the persona of one segment, or of one label as `rfm:Champions`.

        Raises
        ------
        NotFound
            With the nearest known names.
        WrongUse
            When the name is that of a segmentation, which has a persona for each label.
        """
        found = self.personas(name, allow=allow)
        if len(found) != 1:
            raise WrongUse(
                f"'{name}' is a segmentation with {len(found)} labels, and a persona is of one.",
                hint=f"Name one, as in '{found[0].called}', or ask for all: personas('{name}').",
            )
        return found[0]

    def persona_text(self, cards: Sequence[Persona], form: str = "markdown", *, numbers: bool = False) -> str:
        """Return personas as a text of a form: markdown, html (a whole page) or json.

        Parameters
        ----------
        numbers : whether the numbers behind every statement are shown; JSON always has them.
        """
        from satsuma.personas.export import as_json, as_markdown
        from satsuma.report.persona_page import render_personas

        if form == "markdown":
            return as_markdown(cards, self.wording, numbers=numbers)
        if form == "html":
            return render_personas(cards, self.settings.name, self.settings.timezone, self.wording, numbers=numbers)
        if form == "json":
            return as_json(cards)
        raise WrongUse(f"'{form}' is not a form of personas.", hint="Write markdown, html or json.")

    def export_personas(
        self, cards: Sequence[Persona], *, to: str | Path, form: str | None = None, numbers: bool = False
    ) -> Path:
        """Write personas to a file; its ending says the form (.md, .html, .json) where none is given."""
        target = Path(to).absolute()
        chosen = form or persona_form(target)
        with self._recorded("export") as counts:
            scaffold.replace_text(target, self.persona_text(cards, chosen, numbers=numbers))
            counts.update(segment=", ".join(card.called for card in cards), personas=len(cards))
        return target

    def report(self, path: str | Path) -> Path:
        """Write the report of the last run; return where it is.

        Parameters
        ----------
        path : `.html` for the whole page, `.svg` for a picture of its main figures.
        """
        from satsuma.report.picture import render_picture
        from satsuma.report.render import render_report

        target = Path(path).absolute()
        is_page = report_form(target) == "html"
        with self._recorded("report"):
            # A picture shows neither changes nor advice.
            contents = self._report_contents(is_page=is_page)
            scaffold.replace_text(target, (render_report if is_page else render_picture)(contents))
        return target

    def export(
        self, segment: str, *, to: str | Path, traits: Sequence[str] = (), asked_by: str | None = None
    ) -> Release:
        """Write the customers of a segment with some traits to a .csv or .parquet file.

        Parameters
        ----------
        asked_by : who asks, for the ledger, where it is not the system's user.

        Returns
        -------
        What left: how many customers, which columns, and notes on personal data among them.
        """
        from satsuma.destinations.files import write_file, writer_for
        from satsuma.privacy.release import release

        target = Path(to).absolute()
        writer_for(target)
        with self._recorded("export") as counts:
            view = self.segment(segment)
            table = view.table(traits=traits)
            released = release(segment, table.num_rows, traits, self.catalog.traits, view.entity)
            write_file(table, target)
            counts.update(released.as_record(), **({} if asked_by is None else {"user": asked_by}))
        return released

    # ------------------------------------------------------------------------------------------------------ helpers

    def _purposes(self, *read: ReadDefinitions | None) -> frozenset[str]:
        """Return the purposes of the settings and, when a definition asks about another one, those decided upon."""
        from satsuma.evaluation.consents import decided_purposes
        from satsuma.language.leaves import asked_purposes

        known = frozenset(self.settings.purposes)
        asked = {name for part in read if part is not None for name in asked_purposes(part.definitions)}
        # The warehouse is opened only where it has to be asked: checking works beside a process that holds it.
        return known if asked <= known else known | decided_purposes(self.engine)

    def _report_contents(self, *, is_page: bool) -> ReportContents:
        from satsuma.report.gather import Gatherer

        return Gatherer(
            engine=self.engine,
            checked=self.definitions(),
            run=self._last_run(),
            workspace=self.settings.name,
            currency=self.settings.currency,
            timezone=self.settings.timezone,
            history=self._history() if is_page else None,
        ).contents()

    @property
    def wording(self) -> Wording:
        """How amounts of this workspace are written in sentences."""
        from satsuma.personas.phrases import Wording
        from satsuma.report.format import money

        return Wording(money=lambda amount: money(amount, self.settings.currency))

    def _standings(self) -> Standings:
        from satsuma.segments.standing import Standings

        return Standings(self.engine, self.definitions, self.settings.zone, self.path, _now())

    def _states(self) -> States:
        from satsuma.segments.state import States
        from satsuma.segments.store import RunStore

        return States(RunStore(self.engine, self.state), self.ledger, self.definitions)

    def _trait_values(self, name: str, entity: Entity) -> pa.Table:
        from satsuma.segments.views import trait_values

        return trait_values(self.engine, self.path, name, entity)

    def _names(self) -> Names:
        """Return what names mean, whether the definitions are right or not: who writes needs them most when not."""
        from satsuma.language.schema import names_of

        read, vocabulary = self._read()
        try:
            checked = self.definitions()
        except DefinitionError:
            checked = None
        return names_of(vocabulary, read.definitions, checked)

    def _definition_files(self) -> list[Path]:
        """Return the files of all definitions."""
        from satsuma.documents import yaml_files
        from satsuma.language.definitions import FOLDERS

        return [path for folder, _ in FOLDERS for path in yaml_files(self.path / folder)]

    def _definition_file(self, kind: NamedKind, name: str) -> Path:
        """Return the file of a definition or list, or say that there is none, with the nearest names."""
        from satsuma.evaluation.lists import SUFFIXES

        folder = self.path / f"{kind}s"
        suffixes = SUFFIXES if kind == "list" else (".yaml", ".yml")
        files = {path.stem: path for path in sorted(folder.glob("*")) if path.suffix in suffixes}
        if name not in files:
            hint = f"Its file would be {kind}s/{name}{suffixes[0]}; built-in and loaded traits have none."
            raise NotFound.named(kind, name, files, hint=hint)
        return files[name]

    def _refuse_existing(self, files: Collection[str]) -> None:
        """Refuse to write definitions that are there already."""
        known = {path.with_suffix("").relative_to(self.path).as_posix() for path in self._definition_files()}
        there = [path for path in files if path.removesuffix(".yaml") in known]
        if there:
            raise WrongUse(
                f"{', '.join(there)} {'is' if len(there) == 1 else 'are'} there already; nothing was written.",
                hint="Choose other names for the segments with --prefix, or delete or rename what is there: "
                "satsuma segment rename, satsuma segmentation rename.",
                files=there,
            )

    def _texts(self) -> list[DefinitionText]:
        """Return the definitions as their files have them, for the ledger's history."""
        from satsuma.documents import yaml_files
        from satsuma.language.definitions import FOLDERS
        from satsuma.ledger import DefinitionText

        return [
            DefinitionText(kind=kind, name=path.stem, text=path.read_text(encoding="utf-8-sig"))
            for folder, kind in FOLDERS
            for path in yaml_files(self.path / folder)
        ]

    def _staleness(self, as_of: datetime) -> list[str]:
        """Return a warning when the data end long before the moment: an average over silence misleads."""
        until = self.data_until()
        moment = as_of.replace(tzinfo=UTC)
        if until is None or moment - until <= STALE_AFTER:
            return []
        days = (moment - until).days
        local = until.astimezone(self.settings.zone)
        last = local.replace(tzinfo=None, microsecond=0) + timedelta(seconds=1 if local.microsecond else 0)
        advice = f"To look from the end of the data: satsuma run --as-of {last.isoformat()}"
        return [f"The newest event is {days:,} days older than this run: recent windows may be empty. {advice}"]

    def _last_moment(self) -> datetime:
        rows = self.engine.rows("SELECT as_of FROM runs ORDER BY run_id DESC LIMIT 1")
        return rows[0][0] if rows else _now()

    def moment(self, value: Moment, *, option: str = "as_of") -> datetime:
        """Return a moment as UTC without a zone, as the stages want it.

        Raises
        ------
        WrongUse
            When it is not a moment.
        """
        if isinstance(value, datetime):
            text = value.isoformat()
        else:
            text = value if isinstance(value, str) else value.isoformat()
        found = parse_moment(text, self.settings.zone)
        if found is None:
            raise WrongUse(f"'{text}' is not a moment for '{option}'.", hint=f"Write {MOMENT_HINT}.", option=option)
        return found

    def _known_load(self, load_id: int) -> None:
        known = [row[0] for row in self.engine.rows("SELECT load_id FROM loads ORDER BY load_id")]
        if load_id not in known:
            range_ = f"Loads have the numbers {known[0]} to {known[-1]}." if known else "Nothing is loaded yet."
            raise NotFound(f"There is no load {load_id}.", hint=f"{range_} See satsuma quarantine list.")

    def add_to_catalog(self, additions: Catalog) -> None:
        """Write into `catalog.yaml` what it does not say yet."""
        path = self.path / scaffold.CATALOG
        text = path.read_text(encoding="utf-8-sig") if path.exists() else ""
        rendered = render_catalog(additions, text)
        if rendered != text:
            scaffold.replace_text(path, rendered)

    @contextmanager
    def _recorded(self, kind: str, *, unless: bool = False) -> Iterator[dict[str, Any]]:
        """Record in the ledger that something was done, with its counts, or that it failed, and how that was said."""
        counts: dict[str, Any] = {}
        if unless:
            yield counts
            return
        number = self.ledger.start(kind, _now())
        try:
            yield counts
        except BaseException as error:
            is_own = isinstance(error, SatsumaError)
            code = error.code if isinstance(error, SatsumaError) else type(error).__name__
            # A ledger that cannot be written either (a full disk) must not hide the cause.
            with suppress(SatsumaError):
                self.ledger.fail(number, _now(), code, str(error) if is_own else None)
            raise
        self.ledger.finish(number, _now(), counts)


def refuse_kind(kind: str) -> None:
    """Refuse what is not a kind of data."""
    from satsuma.quality.incoming import LOAD_KINDS

    if kind not in LOAD_KINDS:
        near = nearest(kind, LOAD_KINDS)
        raise WrongUse(
            f"'{kind}' is not a kind of data{f'; did you mean {near[0]}?' if near else '.'}",
            hint=f"Say what a row is: {', '.join(LOAD_KINDS)}.",
            allowed=list(LOAD_KINDS),
            nearest=list(near),
        )


def report_form(target: Path) -> str:
    """Return what a report is written as, by the ending of its file: html or svg."""
    found = {".html": "html", ".htm": "html", ".svg": "svg"}.get(target.suffix.lower())
    if found is None:
        raise WrongUse(
            f"A report cannot be written as '{target.name}'.",
            hint="Name a file that ends with .html (the page) or .svg (a picture of its main figures).",
        )
    return found


def persona_form(target: Path) -> str:
    """Return what personas are written as, by the ending of their file: markdown, html or json."""
    forms = {".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html", ".json": "json"}
    found = forms.get(target.suffix.lower())
    if found is None:
        raise WrongUse(
            f"A persona cannot be written as '{target.name}'.",
            hint="Name a file that ends with .md, .html or .json, or say --format.",
        )
    return found


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _of_environment(url: str) -> str:
    """Return a URL, from the environment where the settings name a variable in its place."""
    name = documents.ENVIRONMENT.fullmatch(url)
    if name is None:
        return url
    held = os.environ.get(name[1], "")
    if not held:
        raise WorkspaceError(
            f"The ledger's URL is to be in the environment variable {name[1]}, which is not set.",
            hint=f"Set it: export {name[1]}=postgresql://USER:PASSWORD@HOST/DATABASE",
        )
    return held


def _horizon(text: str) -> timedelta:
    """Return a length of time ahead, or say how one is written."""
    length = parse_duration(text)
    if length is None or length <= 0:
        raise WrongUse(f"'{text}' is not a length of time.", hint="Write days or weeks, such as 90d or 8w.")
    return timedelta(microseconds=length)


def _of_either(path: Path, read: Callable[[Path, str], frozenset[str]]) -> frozenset[str]:
    """Return the ids of a list of customers, or of accounts: which it is shows when it is used."""
    from satsuma.errors import EvaluationError

    try:
        return read(path, "customer_id")
    except EvaluationError:
        return read(path, "account_id")


def _user() -> str:
    """Return the system's user, for the record of who looked at a person's data."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        # A container may run as a number that no name belongs to.
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"


def _saved_mapping(path: str | Path | None) -> ColumnMappings | None:
    """Read a mapping file, where one is named."""
    if path is None:
        return None
    from satsuma.sources.mapping import read_mapping

    return read_mapping(Path(path))


def save_mapping_of(outcome: LoadOutcome, path: Path) -> None:
    """Write the mapping that a load used, for people to correct."""
    from satsuma.sources.mapping import mapping_text

    texts = list(dict.fromkeys(mapping_text(item) for item in outcome.column_mappings))
    if len(texts) != 1:
        raise WrongUse(
            f"The files have {len(texts)} different sets of columns, and a mapping is for one.",
            hint=f"The mapping was not written{'' if outcome.is_dry_run else '; the rows were loaded'}. "
            "Name files of one set of columns, with --dry-run, to save theirs.",
        )
    scaffold.replace_text(path.absolute(), texts[0])


def _numbers(facts: Mapping[str, Any]) -> dict[str, int]:
    """Return the counts of an outcome: the ledger keeps how many, never which."""
    return {
        key: value
        for key, value in facts.items()
        if isinstance(value, int) and not isinstance(value, bool) and not key.endswith("_id")
    }
