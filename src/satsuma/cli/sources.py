"""`satsuma source`: accounts at other services that are read again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from satsuma.cli import output, webhooks
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened
from satsuma.cli.progress import progress_bar

if TYPE_CHECKING:
    from satsuma.sourcing import SourceInfo, Synced

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The source, as 'satsuma source list' shows it.")]


def add(app: typer.Typer) -> None:
    """Add the group to the program."""
    group = typer.Typer(no_args_is_help=True, help="Sources: CRMs, shops and e-mail tools that are read.")
    group.command(
        "add",
        epilog=example("satsuma source add hubspot", "satsuma source add woocommerce --set base_url=https://shop.fr"),
    )(add_)
    group.command("vendors", epilog=example("satsuma source vendors"))(vendors)
    group.command("list", epilog=example("satsuma source list"))(list_)
    group.command("show", epilog=example("satsuma source show hubspot"))(show)
    group.command("test", epilog=example("satsuma source test hubspot"))(test)
    group.command(
        "sync", epilog=example("satsuma source sync hubspot", "satsuma source sync hubspot --stream contacts")
    )(sync)
    group.command(
        "schedule",
        epilog=example("satsuma source schedule hubspot 'every 15m'", "satsuma source schedule hubspot --off"),
    )(schedule)
    group.command("remove", epilog=example("satsuma source remove hubspot --forget"))(remove)
    webhooks.add(group)
    app.add_typer(group, name="source")


def add_(
    vendor: Annotated[str, typer.Argument(metavar="VENDOR", help="Whose account it is: satsuma source vendors.")],
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="What it is called; the vendor's name when not said.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting of the vendor; may be given several times."),
    ] = None,
    recurs: Annotated[
        str | None, typer.Option("--schedule", metavar="WHEN", help="Read it again and again: 'every 15m', @daily.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the file of a new source, and say which secrets to put into the environment. Nothing is read yet."""
    from satsuma.connectors.starters import KINDS

    with opened(workspace) as shop:
        info = shop.sources.add(vendor, name=name, settings=_settings(settings or []), schedule=recurs)
        if as_json:
            output.show_json(info.as_dict())
            return
        if vendor in KINDS:
            output.say(f"{info.file} is an example for {KINDS[vendor]}. Edit it: every line is yours.")
        else:
            output.say(f"{info.title} is the source '{info.name}': {info.file} says what is read.")
        if vendor == "webhook":
            output.say(f"Next: satsuma source webhook {info.name}")
        else:
            _say_next(info)


def vendors(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the vendors that can be read, and what each needs."""
    with opened(workspace) as shop:
        from satsuma.connectors.starters import KINDS

        found = shop.sources.vendors()
        if as_json:
            output.show_json([_vendor(item) for item in found])
            return
        output.show_table(
            (("vendor", "left"), ("what is read", "left"), ("settings", "left"), ("secrets", "left")),
            [
                (item.name, ", ".join(item.streams), ", ".join(s.name for s in item.settings.values() if s.required),
                 ", ".join(secret.variable for secret in item.secrets.values()))
                for item in found
            ],
        )  # fmt: skip
        output.say("Of no vendor, with a file to be edited:")
        for kind, what in KINDS.items():
            output.say(f"  satsuma source add {kind:<10} {what}")


def list_(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the sources: when each was read last, and when it is next."""
    with opened(workspace) as shop:
        found = shop.sources.all()
        if as_json:
            output.show_json([info.as_dict() for info in found])
            return
        if not found:
            output.say("There are no sources yet: satsuma source add VENDOR (satsuma source vendors lists them).")
            return
        zone = shop.settings.timezone
        output.show_table(
            (("source", "left"), ("vendor", "left"), ("records", "right"), ("read last", "left"), ("schedule", "left"),
             ("state", "left")),
            [_line(info, zone) for info in found],
        )  # fmt: skip
        for info in found:
            for sentence in info.notes:
                output.warn(sentence)


def show(name: NameArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Show a source: its streams, and how far each is read."""
    from satsuma.report import format as say_as

    with opened(workspace) as shop:
        info = shop.sources.get(name)
        if as_json:
            output.show_json(info.as_dict())
            return
        zone = shop.settings.timezone
        place = f" at {info.base_url}" if info.base_url else ""
        output.say(f"{info.name}: {info.title}{place}", style="bold")
        if not info.streams:  # `source: webhook` names none to be read
            output.say(f"It is never asked: a server takes what is sent to it. See satsuma source webhook {info.name}")
            return
        output.say(f"A customer is known by: {info.person}. Secrets: {', '.join(info.variables.values()) or 'none'}.")
        if info.schedule:
            at = "" if info.next_at is None else f", next {say_as.moment(info.next_at, zone)}"
            output.say(f"It is read {info.schedule}{at}, while a server runs.")
        output.show_table(
            (("stream", "left"), ("records", "right"), ("read up to", "left"), ("read whole", "left")),
            [
                (item.stream, f"{item.records:,}",
                 "" if item.last_value is None else say_as.moment(item.last_value, zone),
                 "not yet" if item.completed_at is None else say_as.moment(item.completed_at, zone))
                for item in info.streams
            ],
        )  # fmt: skip
        _say_next(info)


def test(name: NameArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Ask a source one small thing, to see that its address and its secrets are right."""
    with opened(workspace) as shop:
        tested = shop.sources.test(name)
        if as_json:
            output.show_json(tested.as_dict())
        else:
            output.say(tested.sentence)


def sync(
    name: NameArgument,
    streams: Annotated[
        list[str] | None,
        typer.Option("--stream", metavar="STREAM", help="Only this stream; may be given several times."),
    ] = None,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Read all of it anew: after the source got more fields.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read what changed at a source since the last time, and land it."""
    with opened(workspace) as shop:
        with progress_bar(f"Reading {name}", hidden=as_json) as progress:
            synced = shop.sources.sync(name, streams=streams or (), from_start=from_start, progress=progress)
        if as_json:
            output.show_json(synced.as_dict())
            return
        _show_synced(synced)


def schedule(
    name: NameArgument,
    when: Annotated[
        str | None, typer.Argument(metavar="WHEN", help="'every 15m', @hourly, @daily, or five fields of cron.")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Read it no more by itself.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a source be read again and again while a server runs, or no more."""
    from satsuma.errors import WrongUse

    if (when is None) is not off:
        raise WrongUse("Say when it is read, or --off.", hint=f"satsuma source schedule {name} 'every 15m'")
    with opened(workspace) as shop:
        info = shop.sources.schedule(name, when)
        if as_json:
            output.show_json(info.as_dict())
        elif info.schedule is None:
            output.say(f"'{name}' is read when somebody says so: satsuma source sync {name}")
        else:
            output.say(f"'{name}' is read {info.schedule} while a server runs: satsuma serve")


def remove(
    name: NameArgument,
    forget: Annotated[
        bool, typer.Option("--forget", help="Take its raw records away as well, and how far it was read.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a source away: its file and its schedule. What it brought stays."""
    with opened(workspace) as shop:
        removed = shop.sources.remove(name, forget=forget)
        if as_json:
            output.show_json(removed.as_dict())
            return
        output.say(f"'{name}' is no source any more. The customers, events and orders that it brought stay.")
        if forget:
            output.say(f"{removed.forgotten['source_records']:,} raw records were taken away.")


# ----------------------------------------------------------------------------------------------------------- sentences


def _settings(given: list[str]) -> dict[str, str]:
    from satsuma.errors import WrongUse

    found = {}
    for item in given:
        key, is_pair, value = item.partition("=")
        if not is_pair or not key:
            raise WrongUse("--set takes KEY=VALUE.", hint="For example: --set base_url=https://shop.example.com")
        found[key.strip()] = value
    return found


def _vendor(vendor: Any) -> dict[str, Any]:
    return {
        "vendor": vendor.name,
        "title": vendor.title,
        "about": vendor.about,
        "docs": vendor.docs,
        "streams": {name: stream.about for name, stream in vendor.streams.items()},
        "settings": {item.name: item.about for item in vendor.settings.values()},
        "required": [item.name for item in vendor.settings.values() if item.required],
        "secrets": {item.variable: item.about for item in vendor.secrets.values()},
    }


def _line(info: SourceInfo, zone: str) -> tuple[str, ...]:
    from satsuma.report import format as say_as

    if info.notes:
        return (info.name, "", "", "", "", "its file has mistakes")
    read = [item.completed_at for item in info.streams if item.completed_at is not None]
    state = f"needs {' and '.join(info.missing)}" if info.missing else "ready"
    return (
        info.name, info.title, f"{sum(item.records for item in info.streams):,}",
        say_as.moment(max(read), zone) if read else "never", info.schedule or "", state,
    )  # fmt: skip


def _say_next(info: SourceInfo) -> None:
    if info.missing:
        output.say("Next: put the secrets into the environment, and test.")
        for variable in info.missing:
            output.say(f"  export {variable}=...")
        output.say(f"  satsuma source test {info.name}")
    elif info.streams and all(item.completed_at is None for item in info.streams):
        output.say(f"Next: satsuma source test {info.name}, then satsuma source sync {info.name}")


def _show_synced(synced: Synced) -> None:
    total = synced.landed
    output.show_table(
        (("stream", "left"), ("records", "right"), ("new or changed", "right"), ("deleted", "right"),
         ("in quarantine", "right")),
        [
            (item.stream, f"{item.landed.records:,}", f"{item.landed.records - item.landed.unchanged:,}",
             f"{item.landed.deleted:,}", f"{sum(c.get('quarantined', 0) for c in item.landed.rows.values()):,}")
            for item in synced.streams
        ],
    )  # fmt: skip
    output.say(f"{total.records:,} records were read in {synced.requests:,} requests; "
               f"{total.customers_new:,} customers are new.")  # fmt: skip
    for sentence in total.notes:
        output.note(sentence)
    partial = [item.stream for item in synced.streams if item.is_partial]
    if partial:
        output.warn(f"The vendor kept records of {', '.join(partial)} back; the next sync asks for them again.")
    if total.records > total.unchanged:
        output.say("Segments know of it after: satsuma refresh")
