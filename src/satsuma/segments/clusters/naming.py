"""What groups are called: by what sets them apart from the others, in words that can be changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from satsuma.statistics.clustering.distinction import Distinction, distinctions
from satsuma.statistics.clustering.encoded import MISSING, OTHER, EncodedTrait
from satsuma.statistics.clustering.encoding import Encoding, RawTrait
from satsuma.statistics.clustering.rows import Codes, Rows

#: What is smaller does not make a name: between a small and a medium effect.
NAMED_FROM = 0.35
#: Differences in a name, unless two groups would be called alike.
IN_A_NAME = 2
#: Differences that are kept of each group.
KEPT = 8
#: A group keeps its name at a refit when it shares this part of its customers with the group it was.
SAME_GROUP = 0.5


def facts_of_groups(
    encoding: Encoding, rows: Rows, raw: Sequence[RawTrait], groups: Codes, count: int, titles: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return for each group what it is called and what sets it apart, the largest difference first.

    Parameters
    ----------
    rows, raw : the same customers, encoded and as they are. groups : the group of each.
    titles : what each trait is called inside a sentence.
    """
    found = distinctions(rows, groups, count)
    by_name = {trait.name: trait for trait in raw}
    names = _names(encoding, found, titles)
    sizes = np.bincount(groups[groups >= 0], minlength=count)
    return [
        {
            "name": names[group],
            "share": float(sizes[group] / max(len(groups), 1)),
            "differs": [_told(encoding, item, by_name, groups, group, titles) for item in items[:KEPT]],
        }
        for group, items in enumerate(found)
    ]


def _names(encoding: Encoding, found: Sequence[Sequence[Distinction]], titles: Mapping[str, str]) -> list[str]:
    """Return a name for each group, all different."""
    parts = [list(dict.fromkeys(_part(encoding, item, titles) for item in items if abs(item.effect) >= NAMED_FROM))
             for items in found]  # fmt: skip
    longest = max((len(those) for those in parts), default=0)
    depths = [IN_A_NAME] * len(parts)
    names = [_joined(those[:IN_A_NAME]) for those in parts]
    while True:
        alike = [place for place, name in enumerate(names) if names.count(name) > 1 and depths[place] < longest]
        if not alike:
            break
        for place in alike:
            depths[place] += 1
            names[place] = _joined(parts[place][: depths[place]])
    seen: dict[str, int] = {}
    for place, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            names[place] = f"{name} {seen[name]}"
    return names


def _joined(parts: Sequence[str]) -> str:
    text = ", ".join(parts)
    return text[:1].upper() + text[1:] if text else "Average"


def _part(encoding: Encoding, item: Distinction, titles: Mapping[str, str]) -> str:
    """Return one difference as a few words: `high orders`, `Grocery`, `no discount`."""
    trait, word = _subject(encoding, item)
    title, more = titles.get(trait.name, trait.name), item.effect > 0
    if word is None:
        return f"{'high' if more else 'low'} {title}"
    if trait.use == "part_and_number":
        return f"{'some' if (item.level == 1) == more else 'no'} {title}"
    if trait.kind == "boolean":
        return title if (word == "yes") == more else f"not {title}"
    if word in (MISSING, OTHER):
        plain = f"unknown {title}" if word == MISSING else f"other {title}"
        return plain if more else f"less {plain}"
    return word if more else f"less {word}"


def _subject(encoding: Encoding, item: Distinction) -> tuple[EncodedTrait, str | None]:
    """Return the trait that a difference is about, and the word of its level."""
    if item.number is not None:
        return [trait for trait in encoding.traits if trait.has_number][item.number], None
    assert item.category is not None
    assert item.level is not None
    trait = [trait for trait in encoding.traits if trait.has_codes][item.category]
    return trait, trait.code_words[item.level]


def _told(
    encoding: Encoding, item: Distinction, raw: Mapping[str, RawTrait], groups: Codes, group: int,
    titles: Mapping[str, str],
) -> dict[str, Any]:  # fmt: skip
    """Return one difference with its numbers in the trait's own unit: medians, which a few large values do not move."""
    trait, word = _subject(encoding, item)
    told = {"trait": trait.name, "words": _part(encoding, item, titles), "effect": item.effect, "level": word}
    if word is not None:
        return {**told, "inside": item.inside, "outside": item.outside}
    values = raw[trait.name].floats
    known = np.isfinite(values)
    inside, outside = values[known & (groups == group)], values[known & (groups != group)]
    return {**told, "inside": float(np.median(inside)) if len(inside) else None,
            "outside": float(np.median(outside)) if len(outside) else None}  # fmt: skip


def keep_names(facts: list[dict[str, Any]], groups: Codes, before: Sequence[str], groups_before: Codes) -> None:
    """Give groups that are still there the names they had, so that a refit renames nobody without need.

    Parameters
    ----------
    groups, groups_before : the new and the old group of the same customers.
    """
    table = np.zeros((len(before), len(facts)))
    both = (groups >= 0) & (groups_before >= 0)
    np.add.at(table, (groups_before[both], groups[both]), 1.0)
    either = table.sum(1, keepdims=True) + table.sum(0, keepdims=True) - table
    alike = np.divide(table, either, out=np.zeros_like(table), where=either > 0)
    for old, new in zip(*linear_sum_assignment(-alike), strict=True):
        if alike[old, new] >= SAME_GROUP:
            taken = [item for place, item in enumerate(facts) if place != new and item["name"] == before[old]]
            for item in taken:
                item["name"] = facts[new]["name"]
            facts[new]["name"] = before[old]
