"""The reference pages, from the program: the command line, Python, settings and errors."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer
from reference_language import language_page
from reference_tools import imports_page, lint_page

from satsuma import errors
from satsuma.cli.app import program
from satsuma.errors import SatsumaError
from satsuma.landing.outcome import LoadOutcome
from satsuma.language.format import FormattedFile
from satsuma.language.imports import Imported
from satsuma.language.lint import Finding
from satsuma.privacy.release import Release
from satsuma.segments.backtest import Backtest, BacktestStep
from satsuma.segments.difference import Difference, Overlap
from satsuma.segments.plan import Effect, Plan, Planned
from satsuma.segments.preview import Preview
from satsuma.segments.run import RunOutcome
from satsuma.segments.state import SegmentState
from satsuma.segments.views import SegmentationView, SegmentView
from satsuma.segments.why import Why
from satsuma.settings import LEGAL_BASES, RETAINED
from satsuma.traits.views import TraitView
from satsuma.workspace import Workspace

_WRITTEN = "<!-- Written by `make docs`; edit the program, not this page. -->\n\n"


def pages() -> dict[str, str]:
    """Return the reference pages by file name."""
    return {
        "cli.md": cli_page(),
        "python.md": python_page(),
        "errors.md": errors_page(),
        "settings.md": settings_page(),
        "language.md": language_page(),
        "imports.md": _WRITTEN + imports_page(),
        "lint.md": _WRITTEN + lint_page(),
    }


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command that can be run, with its full name, in the order of the help."""

    def walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
        children = getattr(command, "commands", None)
        if children is None or command.invoke_without_command:
            yield name, command
        for child, inner in (children or {}).items():
            yield from walk(f"{name} {child}", inner)

    root = typer.main.get_command(program())
    for child, command in root.commands.items():  # type: ignore[attr-defined]
        yield from walk(f"satsuma {child}", command)


def cli_page() -> str:
    """Return the page of the command line."""
    parts = [_WRITTEN + _CLI]
    for name, command in commands():
        arguments = [item for item in command.params if item.param_type_name == "argument"]
        usage = " ".join([name, *(item.metavar or item.name.upper() for item in arguments), "[OPTIONS]"])
        parts.append(f"## {name}\n\n    {usage}\n\n{inspect.cleandoc(command.help or '')}\n")
        rows = [
            f"| `{'`, `'.join(item.opts) if item.param_type_name == 'option' else item.metavar or item.name.upper()}"
            f"{f' {item.metavar}' if item.param_type_name == 'option' and item.metavar else ''}` | {item.help} |"
            for item in command.params
            if getattr(item, "help", None) and item.name != "help"
        ]
        if rows:
            parts.append("| | |\n|---|---|\n" + "\n".join(rows) + "\n")
        examples = (command.epilog or "").split("\n\n")
        parts.extend(f"    {example.removeprefix('Example: ')}\n" for example in examples)
    return "\n".join(parts)


def python_page() -> str:
    """Return the page of the Python interface."""
    parts = [_WRITTEN + _PYTHON]
    for title, item in (("satsuma.Workspace", Workspace), *((item.__name__, item) for item in _ANSWERS)):
        parts.append(f"## {title}\n\n{_docstring(item)}\n")
        parts.extend(_members(item))
    return "\n".join(parts)


def _members(item: type) -> Iterator[str]:
    """Yield the section of each public method and property."""
    for name, member in vars(item).items():
        function = getattr(member, "__func__", None) or getattr(member, "fget", None) or getattr(member, "func", member)
        if name.startswith("_") or not callable(function) or not function.__doc__:
            continue
        is_value = not (inspect.isfunction(member) or isinstance(member, classmethod))
        signature = "" if is_value else _signature(function)
        yield f"### {name}\n\n    {name}{signature}\n\n{_docstring(function)}\n"


def _signature(function: Any) -> str:
    text = str(inspect.signature(function))
    return text.replace("(self, ", "(").replace("(self)", "()").replace("(cls, ", "(").replace("'", "")


def _docstring(item: Any) -> str:
    """Return a docstring in Markdown: a NumPy section is a bold word with its text as it is, set apart."""
    lines = inspect.cleandoc(item.__doc__ or "").splitlines()
    kept: list[str] = []
    in_section = False
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if following and set(following) == {"-"}:
            in_section = True
            kept.append(f"**{line}**\n")
        elif not line or set(line) != {"-"}:
            kept.append(f"    {line.replace('  # doctest: +SKIP', '')}" if in_section and line else line)
    return "\n".join(kept)


def errors_page() -> str:
    """Return the page of the errors."""
    classes = [item for item in vars(errors).values() if isinstance(item, type) and issubclass(item, SatsumaError)]
    rows = [f"| `{item.code}` | `{item.__name__}` | {item.exit_code} | {_first_line(item)} |" for item in classes]
    return _WRITTEN + _ERRORS.replace("ROWS", "\n".join(rows))


def _first_line(item: type) -> str:
    return inspect.cleandoc(item.__doc__ or "").splitlines()[0]


def settings_page() -> str:
    """Return the page of `satsuma.yaml`."""
    retained = ", ".join(f"`{word}`" for word in RETAINED)
    bases = ", ".join(f"`{word}`" for word in LEGAL_BASES)
    return _WRITTEN + _SETTINGS.replace("RETAINED", retained).replace("LEGAL_BASES", bases)


#: What the calls of a workspace answer with.
_ANSWERS = (
    LoadOutcome, RunOutcome, SegmentView, SegmentState, SegmentationView, TraitView, Preview, Backtest, BacktestStep,
    Difference, Overlap, Effect, Plan, Planned, Why, FormattedFile, Finding, Imported, Release,
)  # fmt: skip

_CLI = """\
# The command line

Every command takes `-w DIR` (or `SATSUMA_WORKSPACE`, or the current folder), `--json` and `--help`. Exit codes: 0 done,
1 failed, 2 wrong use, 130 stopped with Ctrl-C.

With `--json` an error is `{"error": {"code", "message", "hint", ...}}` on standard error: [errors](errors.md). The same
calls in Python: [Workspace](python.md).
"""

_PYTHON = """\
# Python

Everything the [command line](cli.md) does, with the same words. Names that start with `_` may change any day.

"""

_ERRORS = """\
# Errors

An error says what is wrong and where; its hint says what is allowed and what to do next. Neither ever carries a
customer's value. All are `satsuma.SatsumaError`s.

| code | class | exit code | meaning |
|---|---|---|---|
ROWS

With `--json`, on standard error:

```json
{"error": {"code": "definition", "message": "...", "hint": "...",
           "details": [{"path": "segments/vip.yaml", "line": 4, "message": "...", "nearest": ["orders"]}]}}
```

`details` holds every mistake found, each with its file and line.
"""

_SETTINGS = """\
# The settings of a workspace: satsuma.yaml

Written by `satsuma init`, edited by people, checked whenever it is read.

| key | meaning |
|---|---|
| `name` | shown to people; needed |
| `timezone` | an IANA name such as `Europe/Paris`: days, weeks and months begin and end there; needed |
| `currency` | an ISO 4217 code such as `EUR`: all money is in it; needed |
| `default_region` | ISO 3166 code of the country whose telephone numbers come without one |
| `engine` | what evaluates definitions: `duckdb` or `spark`; [a mapping](../how-to/run-on-spark.md) says more of it |
| `ledger` | `sqlite` (a file in the workspace) or a URL that starts with `postgresql://` |
| `retention` | how long things may be kept, for each of RETAINED: a duration such as `90d` or `5y` |
| `purposes` | what personal data may be used for: a name, a `title` and a `legal_basis` (LEGAL_BASES) |
| `smallest_segment` | a segment with fewer members is pointed out by `satsuma lint`; 30 when not said |
| `sign_in` | a provider of OpenID Connect that people sign in with: see below |

`retention` and `purposes` are kept as the decisions they are; nothing is deleted or withheld by them yet.

## Signing in with a provider

Beside name and password, people can sign in with a provider of OpenID Connect. Register the address
`https://YOUR-HOST/api/v1/session/provider/back` there, and say:

```yaml
sign_in:
  issuer: https://login.example.com
  client_id: satsuma
  client_secret: ${OIDC_CLIENT_SECRET}
  roles: {marketing: marketer, data-team: analyst}
```

| key | meaning |
|---|---|
| `issuer` | the provider's address, as it calls itself; needed |
| `client_id` | the name under which it knows this server; needed |
| `client_secret` | the environment variable that holds the secret, as `${NAME}`; left out for a client without one |
| `title` | how the provider is called on the page that people sign in on |
| `name_claim` | what of the provider's words is the user's name here; `email` when not said |
| `groups_claim` | where the provider says somebody's groups; `groups` when not said |
| `roles` | `group: role` lines; the highest counts, at each sign-in |
| `new_users` | the role of people without such a group who were not added; without it they stay out |
"""
