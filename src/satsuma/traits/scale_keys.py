"""Ready keys of scales whose items anybody may use: definitions as text, to be written and changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from importlib import resources
from typing import Any

from satsuma.documents import read_document
from satsuma.errors import NotFound, WrongUse
from satsuma.language.learned_traits.scale import EVENT


@cache
def keys() -> Mapping[str, Any]:
    """Return what is known of each key, by name."""
    name = "scale_keys.yaml"
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    known: dict[str, Any] = read_document(text, name).value
    return known


def key_files(
    name: str, traits: Collection[str], events: Collection[str], *, prefix: str = "", survey: str | None = None
) -> dict[str, str]:  # fmt: skip
    """Return the text of each definition of a key, by the trait's name.

    Parameters
    ----------
    traits, events : that are known; the items must be among the traits, unless they are questions of a survey.
    prefix : before the name of each item, as the table has it.
    survey : read the answers from this survey instead of from traits; its questions are called E1 and so on.

    Raises
    ------
    NotFound
        When there is no such key.
    WrongUse
        When a trait that an item would be is not known, or a scale's name is taken.
    """
    if name not in keys():
        raise NotFound.named("key", name, keys(), hint=f"There is {', '.join(keys())}.")
    key = keys()[name]
    taken = [scale for scale in key["scales"] if scale in traits]
    if taken:
        message = f"There is a trait '{taken[0]}' already; nothing was written."
        raise WrongUse(message, hint="Rename it first: satsuma trait rename OLD NEW")
    if survey is not None and EVENT not in events:
        raise WrongUse("No survey was loaded yet; nothing was written.", hint="satsuma load FILE --as surveys")
    files = {}
    lacking: list[str] = []
    for scale, facts in key["scales"].items():
        items = []
        for number, text in enumerate(facts["items"], 1):
            item = f"{prefix}{facts['letter']}{number}"
            item = item if survey is not None else item.lower()
            if survey is None and item not in traits:
                lacking.append(item)
            items.append((item, number in facts["reverse"], text))
        files[scale] = _text(scale, facts["title"], key, items, survey)
    if lacking:
        example = f"{lacking[0]} to {lacking[-1]}" if len(lacking) > 1 else lacking[0]
        message = f"{len(lacking)} items of the key are no traits yet ({example}); nothing was written."
        hint = "Load the answers as customers, say --prefix where their names begin otherwise, or --survey NAME."
        raise WrongUse(message, hint=hint)
    return files


def _text(
    scale: str, title: str, key: Mapping[str, Any], items: list[tuple[str, bool, str]], survey: str | None
) -> str:
    """Return one definition, with the text of each item beside it."""
    lines = [
        f"trait: {scale}",
        f"title: {title}",
        f"description: {key['title']}.",
        "kind: psychographic",
        "scale:",
        f"  {'items' if survey is None else 'questions'}:",
    ]
    written = [(f"    - {{reverse: {item}}}" if turned else f"    - {item}", text) for item, turned, text in items]
    width = max(len(line) for line, _ in written)
    lines += [f"{line:{width}}  # {text}" for line, text in written]
    if survey is not None:
        lines.append(f"  survey: {_quoted(survey)}")
    low, high = key["of"]
    lines.append(f"  of: [{low}, {high}]")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
