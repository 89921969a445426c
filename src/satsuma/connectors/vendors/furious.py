"""What the file cannot say of Furious: the text of a query, which stands in the address."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from satsuma.connectors.calls import Asking, Call
from satsuma.errors import SourceError

__all__ = ["query", "quote_number"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: The operators as Furious spells them: less than is `le`, less or equal is `leq`.
OPERATORS = ("eq", "neq", "gt", "gte", "le", "leq", "in", "nin", "like", "nlike", "null")

#: (field, operator, value): a text, texts for `in` and `nin`, whether there is none for `null`.
Filter = tuple[str, str, str | tuple[str, ...] | bool]


def query(call: Call, asking: Asking) -> Call:
    """Put the query in place of the name that it begins with.

    Where the field that says when a record `changed` is named, only what changed since is asked for, the oldest change
    first, in the instance's own time. Elsewhere everything, in the order of ids: pages must not move under a reader.
    """
    values = asking.values
    changed, since = call.params.get("changed"), values["since_local"]
    filters: list[Filter] = [(changed, "gte", f"{since:%Y-%m-%d %H:%M:%S}")] if changed and since is not None else []
    text = query_text(
        str(call.params["query"]), values["asks"], limit=values["size"], offset=values["offset"], filters=filters,
        order=(changed, "id") if changed else ("id",),
    )  # fmt: skip
    return replace(call, params={"query": text})


def quote_number(value: Any, places: Mapping[str, Any]) -> str | None:  # noqa: ARG001 how functions are called
    """Return the id of a quote as a deal: quotes and opportunities are counted each for itself."""
    return None if value is None else f"quote:{value}"


def query_text(
    name: str,
    fields: Iterable[str],
    *,
    limit: int,
    offset: int = 0,
    filters: Iterable[Filter] = (),
    order: Iterable[str] = (),
) -> str:
    """Return the text of a query.

    Parameters
    ----------
    order : fields, the smallest value first.

    Raises
    ------
    SourceError
        When a name is none.
    """
    names, ordered, conditions = tuple(dict.fromkeys(fields)), tuple(order), tuple(filters)
    for one in (name, *names, *ordered, *(field for field, _, _ in conditions)):
        if _NAME.fullmatch(one) is None:
            raise SourceError(
                f"'{one}' is not the name of a field of Furious.",
                hint="The name of a field is letters, digits and _; set it right under 'asks'.",
            )
    parameters = [f"limit:{int(limit)}", f"offset:{int(offset)}"]
    if conditions:
        parameters.append(f"filter:{{{','.join(_condition(*one) for one in conditions)}}}")
    if ordered:
        parameters.append(f"order:[{','.join(f'{{{one}:asc}}' for one in ordered)}]")
    return f"{{{name}({','.join(parameters)}){{{','.join(names)}}}}}"


def _condition(field: str, operator: str, value: str | tuple[str, ...] | bool) -> str:
    if operator not in OPERATORS:
        raise ValueError(operator)
    if isinstance(value, bool):
        written = "true" if value else "false"
    elif isinstance(value, str):
        written = _quoted(value)
    else:
        written = f"[{','.join(_quoted(one) for one in value)}]"
    return f"{field}:{{{operator}:{written}}}"


def _quoted(text: str) -> str:
    """Return a text in quotes, as JSON writes it: whatever stands in it, it ends where it ends."""
    return json.dumps(text, ensure_ascii=False)
