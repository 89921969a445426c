"""A workspace that a server holds: the calls that commands make of one, asked over HTTP.

Each answers what the workspace's own method answers: the result itself where a command shows it by its classes, else
its JSON with the parts by name. Files are read and written here, at the side of whoever asks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from satsuma.errors import DefinitionError, WrongUse
from satsuma.remote.access import RemoteAccess
from satsuma.remote.asking import Connection, quoted
from satsuma.remote.background import RemoteHooks, RemoteRecords, RemoteSources
from satsuma.remote.told import RemoteSegment, RemoteSegmentation, RemoteSettings, RemoteTrait, Told, told

if TYPE_CHECKING:
    import httpx2

    from satsuma.discovery.compare import MethodTrial
    from satsuma.discovery.explore import Discovery
    from satsuma.discovery.rules_of_run import SegmentationRules
    from satsuma.evidence.advice import Advice
    from satsuma.evidence.card import Evidence
    from satsuma.evidence.insights import Insights
    from satsuma.evidence.migration import LabelMigration
    from satsuma.landing.outcome import LoadOutcome
    from satsuma.language.format import FormattedFile
    from satsuma.language.imports import Imported
    from satsuma.personas.card import Persona
    from satsuma.personas.phrases import Wording
    from satsuma.privacy.release import Release
    from satsuma.segments.backtest import Backtest
    from satsuma.segments.difference import Difference, Overlap
    from satsuma.segments.model_trial import ModelTrial
    from satsuma.segments.models import ModelView
    from satsuma.segments.plan import Effect, Plan
    from satsuma.segments.run import RunOutcome
    from satsuma.segments.scale_views import FactorView, ScaleView
    from satsuma.segments.standing import Wanted
    from satsuma.segments.why import Why
    from satsuma.workspace import Moment, Progress


class RemoteWorkspace:
    """The server at an address, in place of a workspace's folder.

    Parameters
    ----------
    url, key, client : see `Connection`.
    """

    #: Where a workspace's files are: names of files that the server tells are places in it.
    path = Path()

    def __init__(self, url: str, key: str, *, client: httpx2.Client | None = None) -> None:
        self._server = Connection(url, key, client=client)
        #: What was asked for results that more is asked of.
        self._asked: list[tuple[Any, dict[str, Any]]] = []

    def close(self) -> None:
        self._server.close()

    def __enter__(self) -> RemoteWorkspace:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise WrongUse(
            "This does not go through a server.",
            hint="Leave --server out and name the folder with -w, on the server's computer; or use the server's API: "
            "/api/v1/openapi.json lists it.",
        )

    @cached_property
    def settings(self) -> RemoteSettings:
        return RemoteSettings(self._server.get("settings"))

    @property
    def access(self) -> RemoteAccess:
        return RemoteAccess(self._server)

    @property
    def records(self) -> RemoteRecords:
        return RemoteRecords(self._server)

    @property
    def hooks(self) -> RemoteHooks:
        return RemoteHooks(self._server)

    @property
    def sources(self) -> RemoteSources:
        return RemoteSources(self._server)

    @property
    def wording(self) -> Wording:
        return self._as_workspace(lambda kind: kind.wording.fget)

    def _as_workspace(self, method: Any, *given: Any, **more: Any) -> Any:
        """Call a method of the workspace that asks nothing but settings: what it does, it does here."""
        from satsuma.workspace import Workspace

        return method(Workspace)(cast("Workspace", self), *given, **more)

    def _told(self, path: str, body: Mapping[str, Any], progress: Progress | None = None) -> Any:
        """Let a job be done, and return what it had to say."""
        return self._server.result(self._server.job(path, body, progress))

    # --------------------------------------------------------------------------------------------------------- data

    def load(
        self, paths: str | Path | Sequence[str | Path], *, kind: str, map: Mapping[str, str] | None = None,  # noqa: A002
        mapping: str | Path | None = None, received_at: str | None = None, valid_from: str | None = None,
        sheet: str | None = None, save_mapping: str | Path | None = None, dry_run: bool = False,
        progress: Progress | None = None,
    ) -> LoadOutcome:  # fmt: skip
        import json
        from dataclasses import replace

        from satsuma.sources.files import find_files
        from satsuma.workspace import refuse_kind, save_mapping_of

        refuse_kind(kind)
        files, notes = find_files([paths] if isinstance(paths, str | Path) else list(paths))
        said = {
            "kind": kind, "received_at": received_at, "valid_from": valid_from, "sheet": sheet,
            "mapping": None if mapping is None else _mapping_text(Path(mapping)),
            "map": json.dumps(dict(map or {})), "dry_run": "true" if dry_run else "false",
        }  # fmt: skip
        job = self._server.send_files("loads", files, {key: text for key, text in said.items() if text is not None})
        outcome: LoadOutcome = self._server.result(self._server.follow(job, progress))
        outcome = replace(outcome, notes=(*notes, *outcome.notes))
        if save_mapping is not None:
            save_mapping_of(outcome, Path(save_mapping))
        return outcome

    def quality(self) -> Told:
        return Told(self._server.get("quality"))

    def quarantine(self) -> list[Told]:
        return [Told(item) for item in self._server.get("quarantine")]

    def quarantined_rows(self, load_id: int, *, most: int = 20) -> list[Told]:
        return [Told(item) for item in self._server.get(f"quarantine/{load_id}", limit=min(most, 1000))]

    def retry_quarantine(
        self, load_id: int, *, map: Mapping[str, str] | None = None, mapping: str | Path | None = None,  # noqa: A002
        progress: Progress | None = None,
    ) -> LoadOutcome:  # fmt: skip
        body = {"map": dict(map or {}), "mapping": None if mapping is None else _mapping_text(Path(mapping))}
        return self._told(f"quarantine/{load_id}/retry", body, progress)

    # -------------------------------------------------------------------------------------------------- definitions

    def check(self) -> dict[str, int]:
        return {key: value for key, value in self._server.get("check").items() if key != "ok"}

    def lint(self) -> list[Told]:
        return [Told(item) for item in self._server.get("lint")]

    def definition_schema(self, kind: str | None = None) -> Any:
        return self._server.get("schema", kind=kind)

    def suggest(self, *, write: bool = True) -> list[Told]:
        return [Told(item) for item in self._server.post("suggestions", {"write": write})]

    def format(self, files: Sequence[str | Path] = (), *, write: bool = True) -> list[FormattedFile]:
        body = {"files": [Path(file).as_posix() for file in files], "write": write}
        return self._server.objects("POST", "format", json=body)

    def import_definition(
        self, file: str | Path, *, tool: str, name: str | None = None, map: Mapping[str, str] | None = None,  # noqa: A002
        to: str | Path | None = None,
    ) -> Imported:  # fmt: skip
        from satsuma.language.imports.files import read_export, refuse_unless_whole
        from satsuma.scaffold import replace_text

        target = None if to is None else Path(to).absolute()
        own = name or (None if target is None else target.stem)
        body = {"text": read_export(Path(file)), "tool": tool, "name": own, "map": dict(map or {})}
        found: Imported = self._server.objects("POST", "imports", json=body)
        if target is not None:
            refuse_unless_whole(found, target)
            replace_text(target, found.text)
        return found

    def delete_definition(self, kind: str, name: str) -> Path:
        path = f"lists/{quoted(name)}" if kind == "list" else f"definitions/{kind}/{quoted(name)}"
        return Path(self._server.ask("DELETE", path)["kept_as"])

    def rename_definition(self, kind: str, old: str, new: str) -> list[Path]:
        done = self._server.post(f"definitions/{kind}/{quoted(old)}/rename", {"name": new})
        return [Path(file) for file in done["files"]]

    # --------------------------------------------------------------------------------------------- runs and results

    def run(
        self, as_of: Moment | None = None, *, known_at: Moment | None = None, refit: bool = False,
        progress: Progress | None = None,
    ) -> RunOutcome:  # fmt: skip
        return self._told("runs", {"as_of": as_of, "known_at": known_at, "refit": refit}, progress)

    def refresh(self, as_of: Moment | None = None, *, progress: Progress | None = None) -> RunOutcome:
        return self._told("refreshes", {"as_of": as_of}, progress)

    def plan(self, *, progress: Progress | None = None) -> Plan:
        return self._told("plans", {}, progress)

    def runs(self) -> list[dict[str, Any]]:
        return [{key: told(value) for key, value in item.items()} for item in self._server.get("runs", limit=1000)]

    def activity(self, *, most: int = 100) -> list[Told]:
        return [Told(item) for item in self._server.get("activity", limit=min(most, 1000))]

    def last_error(self) -> Told | None:
        found = self._server.get("status")["last_error"]
        return None if found is None else Told(found)

    def outdated(self) -> list[str]:
        found = self._server.get("status")["outdated"]
        if found is None:
            raise DefinitionError("The definitions have mistakes.", hint="satsuma check names them.")
        return list(found)

    def report(self, path: str | Path) -> Path:
        from satsuma.workspace import report_form

        target = Path(path).absolute()
        self._server.fetch(self._server.job("reports", {"format": report_form(target)}), target)
        return target

    def export(self, segment: str, *, to: str | Path, traits: Sequence[str] = ()) -> Release:
        return self._exported("exports", {"segment": segment, "traits": list(traits)}, Path(to).absolute())

    def _exported(self, path: str, body: Mapping[str, Any], target: Path) -> Release:
        from satsuma.destinations.files import writer_for

        writer_for(target)
        number = self._server.job(path, {**body, "format": target.suffix.lower().removeprefix(".")})
        self._server.fetch(number, target)
        return self._server.result(number)

    # ----------------------------------------------------------------------------------------------------- segments

    def segments(self) -> list[RemoteSegment]:
        return [RemoteSegment(item, self._server) for item in self._server.get("segments")]

    def segment(self, name: str) -> RemoteSegment:
        return RemoteSegment(self._server.get(f"segments/{quoted(name)}"), self._server)

    def explain(self, name: str) -> str:
        return str(self._server.get(f"segments/{quoted(name)}/explanation")["explanation"])

    def preview(self, text: str, *, file: str = "<text>", as_of: Moment | None = None) -> Told:
        return Told(self._server.post("previews", {"text": text, "file": file, "as_of": as_of}))

    def why(self, segment: Wanted, customer_id: str, *, at: Moment | None = None) -> Why:
        body = {"segment": _sent(segment), "customer_id": customer_id, "at": at}
        return self._server.objects("POST", "whys", json=body)

    def backtest(
        self, segment: Wanted, *, first: Moment, last: Moment | None = None, every: str = "1 month",
        known_then: bool = True, progress: Progress | None = None,
    ) -> Backtest:  # fmt: skip
        body = {"segment": _sent(segment), "first": first, "last": last, "every": every, "known_then": known_then}
        return self._told("backtests", body, progress)

    def compare(
        self, first: Wanted, second: Wanted, *, at: Moment | None = None, known_then: bool = False
    ) -> Difference:  # fmt: skip
        asked = {"first": _sent(first), "second": _sent(second), "at": [] if at is None else [at]}
        return self._compared({**asked, "known_then": known_then})

    def compare_moments(
        self, segment: Wanted, first: Moment, second: Moment, *, known_then: bool = False
    ) -> Difference:  # fmt: skip
        return self._compared({"first": _sent(segment), "at": [first, second], "known_then": known_then})

    def effect(self, segment: Wanted) -> Effect:
        asked = {"first": _sent(segment)}
        found: Effect = self._server.objects("POST", "comparisons", json=asked)
        self._asked.append((found.difference, asked))
        return found

    def _compared(self, asked: dict[str, Any]) -> Difference:
        found: Difference = self._server.objects("POST", "comparisons", json=asked)
        self._asked.append((found, asked))
        return found

    def export_difference(self, difference: Difference, *, to: str | Path) -> Release:
        return self._exported("comparisons/exports", self._what_was_asked(difference), Path(to).absolute())

    def _what_was_asked(self, result: Any) -> dict[str, Any]:
        return next(asked for found, asked in self._asked if found is result)

    def overlap(self, *segments: str) -> Overlap:
        asked = {"segment": list(segments)} if segments else {}
        return self._server.objects("GET", "overlap", params=asked)

    # --------------------------------------------------------------------- traits, segmentations, models, scales

    def segmentations(self) -> list[RemoteSegmentation]:
        return [RemoteSegmentation(item, self._server) for item in self._server.get("segmentations")]

    def segmentation(self, name: str) -> RemoteSegmentation:
        return RemoteSegmentation(self._server.get(f"segmentations/{quoted(name)}"), self._server)

    def migration(
        self, segmentation: str, since: str | None = None, *, progress: Progress | None = None
    ) -> LabelMigration:
        path = f"segmentations/{quoted(segmentation)}/migrations"
        return self._told(path, {"since": since}, progress)

    def traits(self) -> list[RemoteTrait]:
        return [RemoteTrait(item, self._server) for item in self._server.get("traits")]

    def trait(self, name: str) -> RemoteTrait:
        return RemoteTrait(self._server.get(f"traits/{quoted(name)}"), self._server)

    def models(self) -> list[ModelView]:
        return self._server.objects("GET", "models")

    def model(self, name: str) -> ModelView:
        return self._server.objects("GET", f"models/{quoted(name)}")

    def compare_model(self, name: str, as_of: Moment | None = None) -> ModelTrial:
        return self._told(f"models/{quoted(name)}/comparisons", {"as_of": as_of})

    def refit_model(self, name: str, as_of: Moment | None = None) -> RunOutcome:
        return self._told(f"models/{quoted(name)}/refits", {"as_of": as_of})["run"]

    def scales(self) -> list[ScaleView]:
        return self._server.objects("GET", "scales")

    def scale(self, name: str) -> ScaleView:
        return self._server.objects("GET", f"scales/{quoted(name)}")

    def scale_norms(self, name: str, by: str) -> dict[str, dict[str, Any]]:
        return dict(self._server.get(f"scales/{quoted(name)}/norms/{quoted(by)}"))

    def scale_factors(self, names: Sequence[str] = (), *, rotation: str = "oblimin") -> FactorView:
        return self._told("factors", {"names": list(names), "rotation": rotation})

    def write_scale_key(self, key: str, *, prefix: str = "", survey: str | None = None) -> list[Path]:
        done = self._server.post("scale-keys", {"key": key, "prefix": prefix, "survey": survey})
        return [Path(file) for file in done["written"]]

    # ----------------------------------------------------------------------------------------------------- findings

    def discover(self, *, groups: tuple[int, int] = (2, 8), **asked: Any) -> Discovery:
        body = {key: list(value) if isinstance(value, tuple) else value for key, value in asked.items()}
        body["groups"] = list(groups)
        found: Discovery = self._told("discoveries", body)["found"]
        self._asked.append((found, body))
        return found

    def compare_methods(self, found: Discovery) -> list[MethodTrial]:
        # Found anew from the same seed, and written only once.
        body = {**self._what_was_asked(found), "save": None, "compare": True}
        return self._told("discoveries", body)["compared"]

    def rules_of_segmentation(self, name: str, traits: Sequence[str] = (), **asked: Any) -> SegmentationRules:
        body = {key: list(value) if isinstance(value, tuple) else value for key, value in asked.items()}
        path = f"segmentations/{quoted(name)}/rules"
        return self._told(path, {"traits": list(traits), **body})

    def evidence(
        self, *names: str, horizon: str = "90d", past: Moment | None = None, looks_back: bool = True,
        allow: Collection[str] = (), progress: Progress | None = None,
    ) -> Evidence:  # fmt: skip
        body = {"names": list(names), "horizon": horizon, "past": past, "looks_back": looks_back, "allow": list(allow)}
        return self._told("evidence", body, progress)

    def insights(
        self, since: str | None = None, *, history: int = 12, by: str | None = None, progress: Progress | None = None
    ) -> Insights:  # fmt: skip
        return self._told("insights", {"since": since, "history": history, "by": by}, progress)

    def advice(self) -> list[Advice]:
        return self._told("advice", {})

    def personas(self, *names: str, allow: Collection[str] = ()) -> list[Persona]:
        body = {"names": list(names), "allow": list(allow)}
        found: list[Persona] = self._told("personas", body)
        self._asked.append((found, body))
        return found

    def persona_text(self, cards: Sequence[Persona], form: str = "markdown", *, numbers: bool = False) -> str:
        return str(self._as_workspace(lambda kind: kind.persona_text, cards, form, numbers=numbers))

    def export_personas(
        self, cards: Sequence[Persona], *, to: str | Path, form: str | None = None, numbers: bool = False
    ) -> Path:  # fmt: skip
        from satsuma.workspace import persona_form

        target = Path(to).absolute()
        body = {**self._what_was_asked(cards), "format": form or persona_form(target), "numbers": numbers}
        self._server.fetch(self._server.job("personas", body), target)
        return target


def _sent(asked: Wanted) -> str | dict[str, str]:
    """Return what a request says of a segment: its name or text, or what its file holds, with what it is called."""
    if isinstance(asked, str):
        return asked
    if not isinstance(asked, Path):
        return {"text": asked.text, "file": asked.file}
    from satsuma import documents

    try:
        return {"text": documents.read_text(asked, str(asked)), "file": str(asked)}
    except documents.DocumentError as error:
        raise DefinitionError.of([error.problem]) from None


def _mapping_text(path: Path) -> str:
    """Return the text of a mapping that can be read."""
    from satsuma.sources.mapping import read_mapping

    # Its mistakes are told of the file here.
    read_mapping(path)
    return path.read_text(encoding="utf-8-sig")
