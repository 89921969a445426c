"""Deciding how each trait is encoded: what is left out, reshaped, moved in, joined and filled, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.stats import rankdata

from satsuma.statistics.clustering.encoded import NO_YES, EncodedTrait, RawTrait
from satsuma.statistics.clustering.rows import Codes, Floats
from satsuma.statistics.clustering.transforms import Transform, choose_transform
from satsuma.statistics.errors import CannotEstimate

#: A trait that is missing in more than this share of rows is left out.
MOST_MISSING = 0.4
#: One value in more than this share of rows tells too few apart.
ALMOST_ALL = 0.99
#: A number with one value in more than this share is two questions: is it that value, and how large is it else.
HEAVY_ATOM = 0.5
#: |Rank correlation|, or Cramer's V of categories, above which two traits are one.
COPY = 0.95
#: Values beyond these quantiles are moved to them, where some lie further out than `FAR` spreads.
QUANTILES = (0.005, 0.995)
FAR = 4.0
#: A level in fewer rows than this share is joined with the other rare ones; so is missing.
RARE = 0.01
MOST_LEVELS = 20
#: Decisions are made on at most so many rows, evenly spread over those given.
MOST_ROWS = 100_000
#: More levels than this, or than half of the rows, are names and not groups.
TOO_MANY_LEVELS = 200


def decide(traits: Sequence[RawTrait]) -> tuple[EncodedTrait, ...]:
    """Return how each trait is encoded, in their order."""
    step = -(-max((len(trait.values) for trait in traits), default=0) // MOST_ROWS)
    if step > 1:
        traits = [replace(trait, values=trait.values[::step]) for trait in traits]
    found = [_encoded(trait) for trait in traits]
    by_name = {trait.name: trait for trait in traits}
    if len(by_name) < len(traits):
        raise ValueError("Two traits have the same name.")
    found = _without_copies(found, by_name)
    if all(each.use == "left_out" for each in found):
        why = " ".join(f"'{each.name}': {each.reasons[0]}" for each in found[:5])
        raise CannotEstimate(f"No trait is left that could tell rows apart. {why}".strip())
    return tuple(found)


def _encoded(trait: RawTrait) -> EncodedTrait:
    if not trait.has_words and np.isinf(trait.values).any():
        raise CannotEstimate(
            f"Trait '{trait.name}' is infinite in {int(np.isinf(trait.values).sum())} rows. Say what it is there, or "
            f"leave it missing."
        )
    missing = trait.is_missing
    share = float(missing.mean()) if len(missing) else 1.0
    if share > MOST_MISSING:
        return _left_out(trait, f"Left out: {share:.0%} of the rows have no value; at most {MOST_MISSING:.0%} may.")
    known = trait.floats[~missing]
    if trait.kind in ("category", "boolean"):
        return _levels(trait, known, share)
    distinct, counts = np.unique(known, return_counts=True)
    largest = int(counts.argmax())
    if len(distinct) < 2:
        return _left_out(trait, "Left out: all rows have the same value.")
    top = float(counts[largest] / len(known))
    value = trait.words[int(distinct[largest])] if trait.has_words else f"{distinct[largest]:.4g}"
    if top > ALMOST_ALL:
        return _left_out(trait, f"Left out: {top:.1%} of the rows have the same value, {value}.")
    fill = float(np.median(known))
    reasons = ["Its levels count 0, 1, 2 and so on, all steps alike."] if trait.kind == "ordered" else []
    if top > HEAVY_ATOM and trait.kind != "ordered" and len(distinct) > 2:
        atom = float(distinct[largest])
        reasons.append(
            f"{top:.0%} of the rows have the value {value}, so it is taken in two parts: whether it is {value}, and "
            f"how large it is where it is not."
        )
        found = _number(trait, known[known != atom], reasons)
        found = replace(found, use="part_and_number", atom=atom, fill=fill)
    else:
        found = replace(_number(trait, known, reasons), fill=fill)
    if share > 0:
        told = trait.words[int(fill)] if trait.has_words else f"{fill:.4g}"
        found = replace(
            found, reasons=(*found.reasons, f"{share:.1%} of the rows have no value; they get the median, {told}.")
        )
    return found


def _number(trait: RawTrait, known: Floats, reasons: list[str]) -> EncodedTrait:
    """Return a column of numbers: reshaped, outliers moved in, standardised by what is left."""
    transform, why = Transform(), None
    if trait.kind != "ordered" and len(np.unique(known[:1000])) > 2:
        transform, why = choose_transform(known, is_count=trait.kind == "integer")
    if why is not None:
        reasons = [*reasons, why]
    low, high = (float(value) for value in np.quantile(known, QUANTILES))
    inside = transform(np.clip(known, low, high))
    centre, spread = float(inside.mean()), float(inside.std())
    if not spread > 1e-9 * max(abs(centre), 1e-300):
        # All but a few are alike; the few are what the number says.
        low, high = float(known.min()), float(known.max())
        inside = transform(known)
        centre, spread = float(inside.mean()), float(inside.std()) or 1.0
    # Later values are kept within what was seen: a new outlier weighs no more than the old ones.
    limits = float(known.min()), float(known.max())
    reach = np.abs((transform(np.array([known.min(), known.max()])) - centre) / spread)
    beyond = int(((known < low) | (known > high)).sum())
    if reach.max() > FAR and beyond:
        limits = low, high
        moved = (
            f"{beyond} outliers beyond the {QUANTILES[0]:.1%} and {QUANTILES[1]:.1%} quantiles ({low:.4g} and "
            f"{high:.4g}) are moved to them."
        )
        reasons = [*reasons, moved]
    return EncodedTrait(
        name=trait.name, kind=trait.kind, use="number", reasons=tuple(reasons), transform=transform,
        low=limits[0], high=limits[1], centre=centre, spread=spread,
    )  # fmt: skip


def _levels(trait: RawTrait, known: Floats, missing: float) -> EncodedTrait:
    words = trait.words if trait.has_words else NO_YES
    codes = known.astype(np.int64) if trait.has_words else (known != 0).astype(np.int64)
    counts = np.bincount(codes, minlength=len(words))
    seen = int((counts > 0).sum())
    rows = len(trait.values)
    if seen < 2 and not missing >= RARE:
        return _left_out(trait, "Left out: all rows have the same value.")
    if seen > max(TOO_MANY_LEVELS, 2) or (seen > 20 and seen > len(known) / 2):
        return _left_out(trait, f"Left out: {seen} levels in {rows} rows are names of rows, not groups of them.")
    # By share, then by word: the code of a level does not hang on how the words were numbered.
    order = sorted(np.flatnonzero(counts).tolist(), key=lambda code: (-counts[code], words[code]))
    kept = [code for code in order if counts[code] >= RARE * rows][:MOST_LEVELS]
    rare = [code for code in order if code not in kept]
    reasons = []
    if len(rare) == 1:
        # One level alone is not joined with anything.
        kept, rare = [*kept, *rare], []
    if rare:
        joined = counts[rare].sum() / rows
        reasons.append(f"{len(rare)} rare levels ({joined:.1%} of the rows together) are joined into 'other'.")
    own_missing = missing >= RARE
    if own_missing:
        reasons.append(f"{missing:.1%} of the rows have no value; that is a level of its own.")
    shares = [counts[code] / rows for code in kept] + ([counts[rare].sum() / rows] if rare else [])
    shares += [missing] if own_missing else []
    if max(shares) > ALMOST_ALL:
        top = words[kept[0]] if kept and shares[0] == max(shares) else "other"
        return _left_out(trait, f"Left out: {max(shares):.1%} of the rows have the same value, {top}.")
    if missing > 0 and not own_missing:
        reasons.append(f"{missing:.1%} of the rows have no value; they get the most common one, {words[kept[0]]}.")
    return EncodedTrait(
        name=trait.name, kind=trait.kind, use="levels", reasons=tuple(reasons),
        levels=tuple(words[code] for code in kept), has_other=bool(rare), has_missing=own_missing,
    )  # fmt: skip


def _left_out(trait: RawTrait, reason: str) -> EncodedTrait:
    return EncodedTrait(name=trait.name, kind=trait.kind, use="left_out", reasons=(reason,))


def _without_copies(found: list[EncodedTrait], traits: dict[str, RawTrait]) -> list[EncodedTrait]:
    """Leave out what says the same as a trait before it."""
    numbers = [each for each in found if each.has_number or (each.kind == "boolean" and each.use == "levels")]
    copies: dict[str, str] = {}
    if len(numbers) > 1:
        correlation = _rank_correlations([traits[each.name].floats for each in numbers])
        for place, each in enumerate(numbers):
            for earlier in range(place):
                if abs(correlation[earlier, place]) > COPY and numbers[earlier].name not in copies:
                    copies[each.name] = (
                        f"Left out: almost a copy of '{numbers[earlier].name}' (rank correlation "
                        f"{correlation[earlier, place]:.2f})."
                    )
                    break
    categories = [each for each in found if each.kind == "category" and each.use == "levels"]
    coded = {each.name: each.codes(traits[each.name], complete=True) for each in categories}
    for place, each in enumerate(categories):
        for before in categories[:place]:
            same = len(each.code_words) == len(before.code_words)
            if same and before.name not in copies and _cramers_v(coded[each.name], coded[before.name]) > COPY:
                copies[each.name] = f"Left out: almost a copy of '{before.name}'; one level goes with one level."
                break
    return [_left_out(traits[each.name], copies[each.name]) if each.name in copies else each for each in found]


def _rank_correlations(columns: list[Floats]) -> Floats:
    """Return Spearman's correlations, each over the rows where both are known."""
    count = len(columns[0])
    ranks = np.zeros((count, len(columns)))
    known = np.zeros((count, len(columns)))
    for place, column in enumerate(columns):
        has = ~np.isnan(column)
        values = rankdata(column[has])
        values -= values.mean()
        ranks[has, place] = values / max(float(np.sqrt(np.mean(values**2))), 1e-300)
        known[has, place] = 1.0
    products = ranks.T @ ranks
    squares = (ranks**2).T @ known
    found: Floats = products / np.sqrt(np.maximum(squares * squares.T, 1e-300))
    return found


def _cramers_v(one: Codes, other: Codes) -> float:
    width = int(other.max()) + 1
    table = np.bincount(one.astype(np.int64) * width + other, minlength=(int(one.max()) + 1) * width)
    table = table.reshape(-1, width).astype(np.float64)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    least = min(table.shape) - 1
    if least < 1:
        return 0.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return float(np.sqrt(((table - expected) ** 2 / expected).sum() / (table.sum() * least)))
