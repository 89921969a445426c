"""`predict` over everybody: snapshots of past moments, a model learned from them and tested later, its answers.

A snapshot at a cut-off is an evaluation as of then, of what was known then; the outcome is a measure of the window
that follows, asked at its end. So nothing can leak, and everything that definitions can ask is at hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.catalog import ValueType
from satsuma.engines.duckdb import MONEY_SCALE, literal
from satsuma.evaluation.algebra import members
from satsuma.evaluation.columns import Column, empty_column, unpack
from satsuma.evaluation.compare import test_column
from satsuma.evaluation.context import Evaluation, stored_name
from satsuma.evaluation.measures import MeasurePlan, run_measures
from satsuma.evaluation.plan import closure
from satsuma.evaluation.run import evaluate
from satsuma.evaluation.scan import AsOf
from satsuma.language.durations import MICROSECONDS_PER_DAY, day_number, from_microseconds, microseconds
from satsuma.language.learned_traits import Feature, Predict
from satsuma.language.learned_traits.predict import HISTORY
from satsuma.language.moments import Moment
from satsuma.language.types import Measure, Trait, Window
from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.prediction.comparison import Comparison
from satsuma.statistics.prediction.drift import Bins, calibration_drift, drift, learn_bins
from satsuma.statistics.prediction.fit import PredictionFit, Predictor, contest, fit_prediction
from satsuma.statistics.prediction.snapshots import Snapshots
from satsuma.statistics.purchases.mbg_nbd import MbgNbd
from satsuma.statistics.purchases.models import fit, from_dict
from satsuma.traits.models import keep, kept_fit, new_fit, old_model
from satsuma.traits.purchases import Histories, histories_of

Floats = NDArray[np.float64]

SEED = 1
#: Days of the unit of time of the model of purchases.
UNIT = 7.0
#: Rows for training and testing; of more customers a share is drawn by number.
MOST_ROWS = 400_000
#: Texts of a trait that are told apart.
MOST_WORDS = 50
#: Before a cut-off there must be something to look at: as long as what lies ahead, at most so many days.
LOOK_BACK = 90
#: Between cut-offs, unless a definition says otherwise.
EVERY = 30 * MICROSECONDS_PER_DAY
#: Traits by whose labels errors are told apart, and the labels that such a trait may have.
MOST_GROUPINGS, LABELS = 3, range(2, 13)
DAY = float(MICROSECONDS_PER_DAY)


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What a model sees of those it is asked about: their places, and the features of each."""

    places: NDArray[np.int64]
    values: Floats
    rules: Mapping[str, Floats]


def predict_column(trait: Trait, evaluation: Evaluation) -> Column:
    """Return what is predicted of each customer; nobody has a value where no model is worth using, with a warning."""
    settings: Predict = trait.settings
    type_: ValueType = "money" if settings.wanted == "amount" and settings.money else "number"
    model = kept_fit(trait.name, evaluation, settings.refit_every)
    is_new = model is None
    if model is None and evaluation.roster.is_everybody:
        model = _learned(trait, settings, evaluation)
    column = empty_column(type_, evaluation.size)
    if model is None:
        return column
    sight = _sight(settings, evaluation, model["words"], model.get("purchases"))
    predictor = Predictor.from_dict(model["predictor"])
    said = _said(settings, model, predictor, sight)
    if evaluation.roster.is_everybody:
        model = {**model, "drift": _drift(model, predictor, sight)}
    keep(trait.name, model, trait, evaluation, is_new=is_new)
    if said is None:
        if evaluation.roster.is_everybody:
            evaluation.warnings.append(
                f"The trait '{trait.name}' has no values: {model['verdict']} To use what that baseline says instead, "
                "write 'otherwise: rule'."
            )
        return column
    column.present[sight.places] = np.isfinite(said)
    said = np.nan_to_num(said)
    if type_ == "money":
        column.values[sight.places] = np.rint(np.maximum(said, 0) * MONEY_SCALE).astype(np.int64)
        return Column("money", column.values, column.present, MONEY_SCALE)
    column.values[sight.places] = said
    return column


def _said(settings: Predict, model: Mapping[str, Any], predictor: Predictor, sight: Sight) -> Floats | None:
    """Return the predictions; of a model that is not offered what the best rule says, if that is wanted."""
    if model["offered"]:
        return predictor.score(sight.values)
    if settings.otherwise == "nothing":
        return None
    rule = model["best_baseline"]
    if rule in predictor.rules:
        return predictor.rules[rule].apply(sight.rules[rule])
    return np.full(len(sight.places), predictor.base)


# ------------------------------------------------------------------------------------------------------------- seeing


def _sight(
    settings: Predict, evaluation: Evaluation, words: Mapping[str, Sequence[str]], purchases: Mapping[str, Any] | None
) -> Sight:
    """Return what is seen of everybody who is asked about, at the moment of an evaluation."""
    asked = evaluation.population
    if settings.among is not None:
        asked = asked & unpack(members(settings.among, evaluation), evaluation.size)
    places = np.flatnonzero(asked)
    columns = [_seen(feature, evaluation, words)[places] for feature in settings.features]
    values = np.column_stack(columns) if columns else np.zeros((len(places), 0))
    return Sight(places, values, _rules(settings, evaluation, places, purchases))


def _seen(feature: Feature, evaluation: Evaluation, words: Mapping[str, Sequence[str]]) -> Floats:
    """Return one feature of everybody as numbers."""
    if feature.measure is not None:
        column = evaluation.measure(feature.measure)
    else:
        assert feature.trait is not None
        column = evaluation.column(feature.trait)
    if feature.kind == "category":
        code = {word: float(number) for number, word in enumerate(words.get(feature.name, ()))}
        # A text that training did not know is like any other that is rare.
        table = np.array([code.get(word, float(len(code))) for word in column.words] or [np.nan])
        found = table[np.clip(column.values, 0, len(table) - 1)]
        return np.where(column.present, found, np.nan)
    values = column.floats()
    if feature.kind == "age":
        now = day_number(evaluation.moment.today) if column.type == "date" else evaluation.moment.as_of / DAY
        return now - (values if column.type == "date" else values / DAY)
    return values


def _rules(
    settings: Predict, evaluation: Evaluation, places: NDArray[np.int64], purchases: Mapping[str, Any] | None
) -> dict[str, Floats]:
    """Return what one would look at instead: how lately, how often, and what a model of purchases expects.

    Parameters
    ----------
    purchases : parameters of that model; None where there is none.
    """
    event = settings.target.event
    last = evaluation.measure(_last(event)).floats()[places]
    recent = evaluation.measure(_recent(settings)).floats()[places]
    days = settings.horizon / DAY
    found = {
        f"days since the last {event}": evaluation.moment.as_of / DAY - last / DAY,
        f"{event} in the last {days:g} days": np.minimum(recent, 1.0),
        f"how many {event} in the last {days:g} days": recent,
    }
    if purchases is not None:
        known = _histories(settings, evaluation)
        rows, inverse = known.summary(UNIT)
        model: Any = from_dict(purchases)
        # Who never did it has no history: nothing is expected.
        expected = np.zeros(evaluation.size)
        expected[known.places] = model.expected_purchases(rows, days / UNIT)[inverse]
        found[f"{event} expected by {model.kind}"] = expected[places]
    return found


def _histories(settings: Predict, evaluation: Evaluation) -> Histories:
    read = [evaluation.measure(measure) for measure in _history(settings)]
    return histories_of(evaluation.population, evaluation.moment, *read)


def _history(settings: Predict) -> list[Measure]:
    return [Measure(event=settings.target.event, aggregate=name) for name in HISTORY]


def _purchases(settings: Predict, evaluation: Evaluation) -> dict[str, Any] | None:
    """Fit a model of purchases on what was known at a cut-off; None where it cannot be."""
    try:
        return fit(MbgNbd.kind, _histories(settings, evaluation).summary(UNIT)[0]).as_dict()
    except CannotEstimate:
        return None


def _last(event: str) -> Measure:
    return Measure(event=event, aggregate="last_time")


def _recent(settings: Predict) -> Measure:
    return Measure(event=settings.target.event, window=Window(oldest=settings.horizon))


def _words(settings: Predict, evaluation: Evaluation, places: NDArray[np.int64]) -> dict[str, list[str]]:
    """Return the texts of each category that are told apart, the most frequent ones, in the order of code points."""
    found = {}
    for feature in settings.features:
        if feature.kind == "category" and feature.trait is not None:
            column = evaluation.column(feature.trait)
            codes = column.values[places][column.present[places]]
            counts = np.bincount(codes, minlength=len(column.words)) if len(column.words) else np.zeros(0, np.int64)
            most = np.lexsort((np.arange(len(counts)), -counts))[:MOST_WORDS]
            found[feature.name] = sorted(column.words[code] for code in most.tolist() if counts[code])
    return found


# ------------------------------------------------------------------------------------------------------------ learning


def _learned(trait: Trait, settings: Predict, evaluation: Evaluation) -> dict[str, Any] | None:
    """Fit on past cut-offs and judge at a later one; return the model, or None with a warning."""
    try:
        cutoffs = cutoffs_of(settings, evaluation)
        snapshots, words, purchases = _snapshots(trait, settings, cutoffs, evaluation)
        fitted = fit_prediction(snapshots, test=len(cutoffs) - 1, target=settings.wanted, seed=SEED)
    except CannotEstimate as error:
        evaluation.warnings.append(f"The trait '{trait.name}' has no values: {error}")
        return None
    model = _model(trait, settings, cutoffs, snapshots, words, fitted, evaluation) | {"purchases": purchases}
    old = old_model(trait.name, evaluation)
    if old is None or not _is_comparable(old, model):
        return model
    later = snapshots.taken(snapshots.cutoff == len(cutoffs) - 1)
    compared = _contest(model, old, later)
    if compared is None:
        return {**model, "compared": None}
    told = _told(compared, old, later)
    if compared.loss.estimate <= 0:
        return {**model, "compared": told}
    evaluation.warnings.append(
        f"The trait '{trait.name}' keeps the model it had: on the same later customers the new one has a loss that is "
        f"{compared.loss.estimate:.4g} higher."
    )
    return {**old, "compared": told}


def _told(compared: Comparison, old: Mapping[str, Any], later: Snapshots) -> dict[str, Any]:
    """Return the difference of losses, and whether what the kept model said still came."""
    loss = compared.loss
    before = Predictor.from_dict(old["predictor"])
    kept = calibration_drift(later.outcome, before.score(later.values), amounts=before.target == "amount")
    return {"loss_difference": loss.estimate, "low": loss.low, "high": loss.high, "calibration": kept.sentence}


def _is_comparable(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return old.get("method") == "prediction" and old["features"] == new["features"] and old["words"] == new["words"]


def _contest(new: Mapping[str, Any], old: Mapping[str, Any], later: Snapshots) -> Comparison | None:
    try:
        return contest(Predictor.from_dict(new["predictor"]), Predictor.from_dict(old["predictor"]), later, seed=SEED)
    except (CannotEstimate, ValueError):
        return None


def cutoffs_of(settings: Predict, evaluation: Evaluation) -> list[int]:
    """Return the cut-offs, the last of which is for testing: its window has just closed, and theirs by then.

    Raises
    ------
    CannotEstimate
        When the history is too short.
    """
    horizon, now = settings.horizon, evaluation.moment.as_of
    engine, event = evaluation.engine, settings.target.event
    began = engine.value(
        f"SELECT min(time) FROM {engine.events(event)} WHERE name = {literal(event)} AND superseded_at IS NULL"
    )
    test = now - horizon
    every = settings.every or min(EVERY, horizon)
    found = [test - horizon - number * every for number in range(settings.cutoffs)]
    first = None if began is None else microseconds(began) + min(horizon, LOOK_BACK * MICROSECONDS_PER_DAY)
    usable = [moment for moment in found if first is not None and moment >= first]
    if not usable:
        days = horizon // MICROSECONDS_PER_DAY
        needed = 2 * days + min(days, LOOK_BACK)
        raise CannotEstimate(
            f"A prediction {days} days ahead needs a history of '{event}' of {needed} days before the moment: to "
            "look at, to learn from and to test on. Take a shorter horizon, or wait."
        )
    return [*reversed(usable), test]


def _snapshots(
    trait: Trait, settings: Predict, cutoffs: Sequence[int], evaluation: Evaluation
) -> tuple[Snapshots, dict[str, list[str]], dict[str, Any] | None]:
    """Return the rows of all cut-offs, the texts that categories are told apart by, and the model of purchases.

    Texts and model are those of the latest cut-off for training: what is tested has no part in them.
    """
    latest = len(cutoffs) - 2
    at_latest = _as_of(trait, settings, cutoffs[latest], evaluation)
    purchases = _purchases(settings, at_latest)
    words = _words(settings, at_latest, np.flatnonzero(at_latest.population))
    parts: list[Snapshots] = []
    for number, cutoff in enumerate(cutoffs):
        past = at_latest if number == latest else _as_of(trait, settings, cutoff, evaluation)
        sight = _sight(settings, past, words, purchases)
        kept = _drawn(sight.places, len(cutoffs))
        places = sight.places[kept]
        parts.append(
            Snapshots(
                values=sight.values[kept], names=tuple(feature.name for feature in settings.features),
                kinds=tuple("number" if feature.kind == "age" else feature.kind for feature in settings.features),  # type: ignore[misc]
                outcome=_outcome(settings, cutoffs[number], evaluation, places), customer=places,
                cutoff=np.full(len(places), number, np.int64),
                rules={name: values[kept] for name, values in sight.rules.items()},
                groups=_groups(settings, past, places),
            )
        )  # fmt: skip
    names = set.intersection(*(set(part.groups) for part in parts))
    parts = [replace(part, groups={name: part.groups[name] for name in sorted(names)}) for part in parts]
    return _joined(parts), words, purchases


def _joined(parts: Sequence[Snapshots]) -> Snapshots:
    first = parts[0]
    return Snapshots(
        values=np.concatenate([part.values for part in parts]), names=first.names, kinds=first.kinds,
        outcome=np.concatenate([part.outcome for part in parts]),
        customer=np.concatenate([part.customer for part in parts]),
        cutoff=np.concatenate([part.cutoff for part in parts]),
        rules={name: np.concatenate([part.rules[name] for part in parts]) for name in first.rules},
        groups={name: np.concatenate([part.groups[name] for part in parts]) for name in first.groups},
    )  # fmt: skip


def _as_of(trait: Trait, settings: Predict, cutoff: int, evaluation: Evaluation) -> Evaluation:
    """Evaluate at a cut-off, from what was known then, all that the prediction looks at."""
    read = [("trait", feature.trait) for feature in settings.features if feature.trait is not None]
    if settings.among is not None:
        read.append(("segment", settings.among.segment))  # type: ignore[union-attr]
    needed = [item for item in closure(evaluation.checked, read) if item.name != trait.name]
    beside = MeasurePlan(columns=dict.fromkeys([*_measures(settings), *_history(settings), _recent(settings)]))
    return evaluate(
        evaluation.engine, evaluation.checked, AsOf(moment=Moment(cutoff, evaluation.moment.zone), known_at=cutoff),
        definitions=needed, beside=beside, valued=False, lists_folder=evaluation.lists_folder,
        models={**evaluation.models, **{stored_name(name): fit.model for name, fit in evaluation.fits.items()}},
    )  # fmt: skip


def _measures(settings: Predict) -> list[Measure]:
    return [feature.measure for feature in settings.features if feature.measure is not None]


def _outcome(settings: Predict, cutoff: int, evaluation: Evaluation, places: NDArray[np.int64]) -> Floats:
    """Return what happened in the window after a cut-off, as is known by now."""
    end = Moment(cutoff + settings.horizon, evaluation.moment.zone)
    ahead = settings.ahead()
    measured = run_measures(
        evaluation.engine, evaluation.checked.vocabulary.catalog, AsOf(moment=end), evaluation.roster,
        MeasurePlan(columns={ahead: None}),
    )  # fmt: skip
    column = measured.columns[ahead]
    if settings.test is not None:
        return test_column(settings.test, column, end, None)[places].astype(np.float64)
    return np.nan_to_num(column.floats()[places])


def _drawn(places: NDArray[np.int64], cutoffs: int) -> NDArray[np.int64]:
    """Return which rows are taken: all, or of very many those whose customers a fixed draw has taken."""
    share = MOST_ROWS / max(len(places) * cutoffs, 1)
    if share >= 1:
        return np.arange(len(places))
    # Knuth's multiplier spreads consecutive numbers over the whole range, alike at every cut-off.
    return np.flatnonzero((places * 2_654_435_761 % 2**32) < share * 2**32)


def _groups(settings: Predict, past: Evaluation, places: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Return labels by which errors are told apart: those of traits that have few."""
    found: dict[str, NDArray[Any]] = {}
    for feature in settings.features:
        if feature.kind != "category" or feature.trait is None or len(found) == MOST_GROUPINGS:
            continue
        column = past.column(feature.trait)
        if len(column.words) in LABELS:
            names = np.array([*column.words, "(none)"], object)
            codes = np.where(column.present[places], column.values[places], len(column.words))
            found[feature.trait] = names[codes].astype(str)
    return found


def _model(
    trait: Trait, settings: Predict, cutoffs: Sequence[int], snapshots: Snapshots, words: Mapping[str, list[str]],
    fitted: PredictionFit, evaluation: Evaluation,
) -> dict[str, Any]:  # fmt: skip
    card = fitted.card
    training = snapshots.cutoff < len(cutoffs) - 1
    values = snapshots.values[training]
    names, kinds = snapshots.names, snapshots.kinds
    bins = [learn_bins(values[:, number], name, kinds[number]).as_dict() for number, name in enumerate(names)]
    said = learn_bins(fitted.predictor.score(values), "predictions", "number").as_dict()
    return new_fit(
        trait.name, "prediction", len(np.unique(snapshots.customer[training])), evaluation,
        target=settings.wanted, horizon_days=settings.horizon / DAY,
        cutoffs=[f"{from_microseconds(moment).isoformat()}Z" for moment in cutoffs],
        rows=int(training.sum()), features=list(names), words=dict(words),
        predictor=fitted.predictor.as_dict(), card=card.as_dict(), candidates=dict(fitted.candidates),
        offered=fitted.is_offered, verdict=card.verdict.sentence, best_baseline=card.verdict.best,
        bins=bins, prediction_bins=said,
    )  # fmt: skip


def _drift(model: Mapping[str, Any], predictor: Predictor, sight: Sight) -> dict[str, Any] | None:
    """Return what has moved since training; None where there is nobody to look at."""
    if not len(sight.places):
        return None
    bins = [Bins.from_dict(item) for item in model["bins"]]
    said = predictor.score(sight.values)
    found: dict[str, Any] = drift(bins, sight.values, Bins.from_dict(model["prediction_bins"]), said).as_dict()
    return found
