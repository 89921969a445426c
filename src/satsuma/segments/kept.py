"""What the run before kept, with the touched renewed, put where a computation over everybody looks for it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from satsuma.catalog import ValueType
from satsuma.engines.duckdb import MONEY_SCALE, NUMBER_SCALE
from satsuma.evaluation.algebra import members
from satsuma.evaluation.bitmaps import bits_of
from satsuma.evaluation.columns import Bits, Column, pack, unpack
from satsuma.evaluation.context import Evaluation, Labels
from satsuma.evaluation.population import column_from_arrow
from satsuma.evaluation.run import value_measures
from satsuma.language.checker import Checked, kind_of
from satsuma.language.leaves import asked_leaves, conditions, measures, references
from satsuma.language.types import Definition, Measure, Segment, Segmentation, Trait
from satsuma.segments import results as told
from satsuma.segments.column_files import latest
from satsuma.segments.store import LABELS, MEASURES, TRAITS, StoredRun, arrow_column, numbers_of


class KeptAnswers:
    """Fills an evaluation of everybody with what is known, for the definitions that will ask for it."""

    def __init__(self, checked: Checked, previous: StoredRun, whole: Evaluation, sub: Evaluation) -> None:
        assert sub.roster.numbers is not None
        self.checked = checked
        self.previous = previous
        self.whole = whole
        self.sub = sub
        self.touched = sub.roster.numbers
        self.before = numbers_of(previous.population())

    def fill(self, chosen: Iterable[Definition]) -> None:
        """Put in the measures, leaves, traits, labels and members that the chosen definitions read."""
        chosen = list(chosen)
        keys = {(kind_of(item), item.name) for item in chosen}
        local = {(kind_of(item), item.name): item for item in self.checked.ordered}
        wanted = [measure for item in chosen if item.entity == "customer" for measure in measures(item)]
        self._measures(dict.fromkeys([*value_measures(self.checked.vocabulary.catalog), *wanted]))
        self._leaves(chosen)
        for reference in dict.fromkeys(reference for item in chosen for reference in references(item)):
            key = (reference.kind, reference.name)
            item = local.get(key)
            if item is None or key in keys or item.entity != "customer":
                continue
            if isinstance(item, Trait):
                self.whole.columns[item.name] = self._trait(item)
            elif isinstance(item, Segmentation):
                self.whole.labels[item.name] = self._labels(item.name)
            elif isinstance(item, Segment):
                before = bits_of(self.previous.members(item.name), self.whole.size)
                self.whole.members[item.name] = self._patched(before, self.sub.members[item.name])

    # ------------------------------------------------------------------------------------------------ measures, leaves

    def _measures(self, wanted: Iterable[Measure]) -> None:
        kept = set(told.kept_measures(self.checked))
        files = self.previous.columns(MEASURES)
        known = set(files.names())
        for measure in wanted:
            key = told.digest(measure)
            if measure not in kept or key not in known:
                continue
            column = files.read([key], self.before).column(key).combine_chunks()
            like = self.sub.measured.columns[measure]
            values = np.zeros(self.whole.size, like.values.dtype)
            present = np.zeros(self.whole.size, np.bool_)
            present[self.before] = ~column.is_null().to_numpy(zero_copy_only=False)
            values[self.before] = column.fill_null(0).to_numpy(zero_copy_only=False)
            values[self.touched], present[self.touched] = like.values, like.present
            self.whole.measured.columns[measure] = Column(like.type, values, present, like.scale)

    def _leaves(self, chosen: Iterable[Definition]) -> None:
        known = set(self.previous.leaves.names())
        kept = {told.digest(leaf): leaf for leaf in told.kept_event_leaves(self.checked)}
        for item in chosen:
            for condition in conditions(item):
                for entity, leaf in asked_leaves(condition, item.entity):
                    key = told.digest(leaf) if entity == "customer" else ""
                    if key in known and key in kept:
                        before = bits_of(self.previous.leaves.read(key), self.whole.size)
                        self.whole.measured.leaves[kept[key]] = self._patched(before, members(kept[key], self.sub))

    def _patched(self, before: Bits, bits: Bits) -> Bits:
        mask = unpack(before, self.whole.size).copy()
        mask[self.touched] = unpack(bits, self.sub.size)
        return pack(mask)

    # --------------------------------------------------------------------------------------------------- traits, labels

    def _trait(self, trait: Trait) -> Column:
        assert trait.type is not None
        column = self._column(TRAITS, trait.name, arrow_column(self.sub.columns[trait.name], np.arange(self.sub.size)))
        known = column.is_valid()
        owners = self._everybody()[known.to_numpy(zero_copy_only=False)]
        return _column(owners.astype(np.int64), column.filter(known), trait.type, self.whole.size)

    def _labels(self, name: str) -> Labels:
        labels = self.sub.labels[name]
        column = self._column(LABELS, name, told.label_array(labels, np.arange(self.sub.size)))
        codes = np.full(self.whole.size, -1, np.int16)
        place = {label: code for code, label in enumerate(labels.names)}
        found = column.cast(pa.string()).dictionary_encode()
        table = np.array([place.get(word, -1) for word in found.dictionary.to_pylist()] or [-1], np.int16)
        indices = found.indices.fill_null(0).to_numpy(zero_copy_only=False)
        known = found.is_valid().to_numpy(zero_copy_only=False)
        codes[self._everybody()] = np.where(known, table[indices], -1)
        codes[~self.whole.population] = -1
        scores = {}
        for score, part in labels.scores.items():
            values = np.zeros(self.whole.size, np.int8)
            whole = self._column(LABELS, f"{name}:{score}", pa.array(part))
            values[self._everybody()] = whole.fill_null(0).to_numpy(zero_copy_only=False)
            scores[score] = values
        return Labels(names=labels.names, codes=codes, model=labels.model, scores=scores)

    def _everybody(self) -> NDArray[np.uint32]:
        return np.flatnonzero(self.whole.population).astype(np.uint32)

    def _column(self, stem: str, name: str, touched: pa.Array) -> pa.Array:
        """Return one column of everybody, the touched as they are now."""
        files = self.previous.columns(stem)
        if isinstance(touched, pa.DictionaryArray):
            touched = touched.cast(pa.string())
        new = pa.table({files.key: pa.array(self.touched), name: touched})
        return latest([new, *files.parts(name)], files.key, name, self._everybody())


def _column(
    numbers: np.ndarray[tuple[int], np.dtype[np.int64]], values: pa.Array, type_: ValueType, size: int
) -> Column:
    """Return a column from what `arrow_column` made of it, without missing values."""
    if type_ == "date":
        values = values.cast(pa.int32())
    elif type_ == "datetime":
        values = values.cast(pa.int64())
    elif pa.types.is_decimal(values.type):
        scale = {4: MONEY_SCALE, 6: NUMBER_SCALE}.get(values.type.scale, 10**values.type.scale)
        whole, present = np.zeros(size, np.int64), np.zeros(size, np.bool_)
        whole[numbers], present[numbers] = told.whole_numbers(pa.chunked_array([values])), True
        return Column(type_, whole, present, scale)
    if type_ == "number":
        # A float stands as it was computed; `column_from_arrow` would take what is not finite for missing, as it is.
        values = values.cast(pa.float64())
    return column_from_arrow(numbers, pa.chunked_array([values]), type_, size)
