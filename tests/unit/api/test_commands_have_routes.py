"""Everything that a command does has a route, option by option; or it is said here why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import typer

from satsuma.cli.app import program
from small_server import Server


@dataclass(frozen=True)
class Route:
    """The route that does what a command does.

    called : options and arguments that the route calls otherwise.
    here : those that are about the caller's own side: which file is written, what is shown, and how.
    """

    method: str
    path: str
    called: Mapping[str, str] = field(default_factory=dict)
    here: frozenset[str] = frozenset()


def route(said: str, here: str = "", **called: str) -> Route:
    method, _, path = said.partition(" ")
    return Route(method, f"/api/v1/{path}", called, frozenset(here.split()))


ROUTES: Mapping[str, Route] = {
    "load": route("POST loads", here="save_mapping", paths="file", pairs="map"),
    "quality": route("GET quality"),
    "check": route("GET check"),
    "suggest": route("POST suggestions", dry_run="write"),
    "schema": route("GET schema", here="file"),
    "fmt": route("POST format", here="diff", check="write"),
    "lint": route("GET lint", here="check"),
    "import-definition": route("POST imports", here="to", file="text", pairs="map"),
    # With --dry-run it is the plan: POST plans.
    "run": route("POST runs", here="dry_run"),
    "run list": route("GET runs"),
    "activity": route("GET activity"),
    "refresh": route("POST refreshes"),
    "plan": route("POST plans"),
    "report": route("POST reports", file="format"),
    "export": route("POST exports", to="format"),
    "insights": route("POST insights"),
    "advise": route("POST advice"),
    "segment list": route("GET segments"),
    "segment show": route("GET segments/{name}"),
    "segment members": route("GET segments/{name}/members", here="ids"),
    "segment preview": route("POST previews"),
    "segment explain": route("GET segments/{name}/explanation"),
    "segment backtest": route("POST backtests", here="file"),
    # With --ids and -o: POST comparisons/exports.
    "segment diff": route("POST comparisons", here="ids file", segment="first", other="second"),
    "segment overlap": route("GET overlap", segments="segment"),
    "segment why": route("POST whys", customer="customer_id"),
    "segment delete": route("DELETE definitions/{kind}/{name}"),
    "segment rename": route("POST definitions/{kind}/{name}/rename", old="name", new="name"),
    "segmentation list": route("GET segmentations"),
    # With --assignments: GET segmentations/{name}/assignments.
    "segmentation show": route("GET segmentations/{name}", here="assignments"),
    "segmentation migration": route("POST segmentations/{name}/migrations", here="shares"),
    "segmentation delete": route("DELETE definitions/{kind}/{name}"),
    "segmentation rename": route("POST definitions/{kind}/{name}/rename", old="name", new="name"),
    "trait list": route("GET traits"),
    # With --values: GET traits/{name}/values.
    "trait show": route("GET traits/{name}", here="values"),
    "trait delete": route("DELETE definitions/{kind}/{name}"),
    "trait rename": route("POST definitions/{kind}/{name}/rename", old="name", new="name"),
    "model list": route("GET models"),
    "model show": route("GET models/{name}"),
    "model refit": route("POST models/{name}/refits"),
    "model compare": route("POST models/{name}/comparisons"),
    "discover": route("POST discoveries"),
    "discover rules": route("POST segmentations/{name}/rules", segmentation="name"),
    "scale list": route("GET scales"),
    # With --by: GET scales/{name}/norms/{trait}.
    "scale show": route("GET scales/{name}", here="by"),
    "scale factors": route("POST factors"),
    "scale key": route("POST scale-keys", name="key"),
    "evidence": route("POST evidence", name="names"),
    "persona list": route("POST personas", segmentation="names"),
    "persona show": route("POST personas", here="file", name="names", form="format"),
    "list delete": route("DELETE lists/{name}"),
    "quarantine list": route("GET quarantine"),
    "quarantine show": route("GET quarantine/{load_id}"),
    "quarantine retry": route("POST quarantine/{load_id}/retry", pairs="map"),
    "key make": route("POST keys"),
    "key list": route("GET keys"),
    "key revoke": route("DELETE keys/{key_id}"),
    "source add": route("POST sources", recurs="schedule"),
    "source list": route("GET sources"),
    "source show": route("GET sources/{name}"),
    "source test": route("POST sources/{name}/test"),
    "source sync": route("POST sources/{name}/syncs"),
    "source schedule": route("PUT sources/{name}/schedule", here="off", when="schedule"),
    "source remove": route("DELETE sources/{name}"),
    "source webhook": route("GET sources/{name}/webhook"),
    # With --answered: POST privacy-requests/{request_id}/answer.
    "source requests": route("GET privacy-requests", here="answered"),
    # With --recurring: GET schedules.
    "job list": route("GET jobs", here="recurring"),
    "job show": route("GET jobs/{job_id}"),
    "job cancel": route("POST jobs/{job_id}/cancel"),
    "job retry": route("POST jobs/{job_id}/retry"),
    "user add": route("POST users"),
    "user list": route("GET users"),
    "user role": route("PUT users/{name}/role"),
    "user disable": route("POST users/{name}/disable"),
    "user enable": route("POST users/{name}/enable"),
    "user reset": route("POST users/{name}/reset"),
}

NO_ROUTE: Mapping[str, str] = {
    "init": "It makes the folder that a server then serves.",
    "serve": "It is the server.",
    "source vendors": "Vendors are files of the program, the same on both sides.",
}

#: What every command has: where the workspace is, and how the answer is shown.
SHARED = frozenset({"workspace", "as_json", "help"})


def commands(command: Any = None, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every command with its full name; a group that does something by itself is one too."""
    command = command or typer.main.get_command(program())
    below = getattr(command, "commands", {})
    if name and (not below or getattr(command, "invoke_without_command", False)):
        yield name, command
    for word, part in below.items():
        yield from commands(part, f"{name} {word}".strip())


COMMANDS = dict(commands())


def test_every_command_has_a_route_or_a_reason() -> None:
    assert len(COMMANDS) > 55
    missing = sorted(set(COMMANDS) - set(ROUTES) - set(NO_ROUTE))
    assert not missing, f"neither a route nor a reason (add the route, and name it in ROUTES): {missing}"
    gone = sorted((set(ROUTES) | set(NO_ROUTE)) - set(COMMANDS))
    assert not gone, f"no commands any more: {gone}"
    assert not set(ROUTES) & set(NO_ROUTE)


def fields(description: Mapping[str, Any], method: str, path: str) -> set[str]:
    """Return the names of all that a route takes: in its path, its query, its body."""
    operation = description["paths"][path][method.lower()]
    found = {item["name"] for item in operation.get("parameters", ())}
    for media in operation.get("requestBody", {}).get("content", {}).values():
        schema = media["schema"]
        if "$ref" in schema:
            schema = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        found |= set(schema.get("properties", ()))
    return found


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_a_route_takes_what_its_command_takes(server: Server, name: str) -> None:
    found, description = ROUTES[name], server.client.app.openapi()  # type: ignore[attr-defined]
    assert found.method.lower() in description["paths"].get(found.path, {}), f"{found.method} {found.path}"
    taken = fields(description, found.method, found.path)
    options = {item.name for item in COMMANDS[name].params} - SHARED
    assert found.here <= options, f"no options of '{name}': {found.here - options}"
    assert set(found.called) <= options
    lacking = {item for item in options - found.here if found.called.get(item, item) not in taken}
    assert not lacking, f"{found.method} {found.path} has nothing for {lacking} of '{name}'; it takes {sorted(taken)}"
