"""From snapshots to the chosen model and its card.

Customers are dealt into five parts at random, all their rows with them. For each part in turn, models are fitted on
the rows of the others at every training cut-off, and the part gets predictions from models that have not seen it; all
it says to them is when trees must stop growing. On these predictions, at the latest training cut-off alone, whose level
is nearest to that of the days to come, models are calibrated and one is chosen; it is then fitted anew on all
customers, with as many more trees as there are more rows. With many rows one part is enough. Rules are calibrated at
the same cut-off on all customers. The test cut-off takes no part until everything is chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.prediction.calibration import (
    Calibrator,
    choose_calibrator,
    cross_fitted,
    fit_rule,
    losses_of,
)
from satsuma.statistics.prediction.candidates import (
    Model,
    Rows,
    Target,
    fit_boosted,
    fit_line,
    fit_two_parts,
    model_from_dict,
    sizes_of,
)
from satsuma.statistics.prediction.card import ResultCard, result_card
from satsuma.statistics.prediction.comparison import Comparison, compare
from satsuma.statistics.prediction.encoding import Encoder, learn_encoding
from satsuma.statistics.prediction.plain import Plain
from satsuma.statistics.prediction.snapshots import Snapshots
from satsuma.statistics.prediction.splitting import parts_of

Floats = NDArray[np.float64]

#: Parts that customers are dealt into, and the training rows from which on only one of them gets predictions.
PARTS, MANY = 5, 200_000

#: Customers with and without an outcome below which nothing is fitted.
FEWEST = 20

#: A simpler model is taken whose loss is not more than this share above that of the best.
AS_GOOD = 0.002

#: The baseline that every prediction has.
BASE = "same for all"

FORM = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predictor:
    """A model with its correction, in plain numbers: what is kept and gives customers their predictions.

    rules : what each rule says of the outcome, by name. base : the baseline that is the same for all.
    """

    target: Target
    model: Model
    calibrator: Calibrator
    rules: Mapping[str, Calibrator]
    base: float
    names: tuple[str, ...]

    def score(self, values: Floats) -> Floats:
        """Return predictions, shape (n,), of rows with the features `names`, shape (n, features), NaN where missing."""
        return self.calibrator.apply(self.model.score(np.asarray(values, np.float64)))

    def baselines(self, snapshots: Snapshots) -> dict[str, Floats]:
        """Return what each baseline says of rows, shape (n,) by name; rules that the rows lack are left out."""
        found = {BASE: np.full(snapshots.rows, self.base)}
        for name, rule in self.rules.items():
            if name in snapshots.rules:
                found[name] = rule.apply(snapshots.rules[name])
        return found

    def as_dict(self) -> Plain:
        """Return the predictor as text and numbers."""
        return {
            "form": FORM, "target": self.target, "model": self.model.as_dict(),
            "calibrator": self.calibrator.as_dict(), "base": self.base, "names": list(self.names),
            "rules": {name: rule.as_dict() for name, rule in self.rules.items()},
        }  # fmt: skip

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Predictor:
        """Return the predictor that `as_dict` wrote.

        Raises
        ------
        ValueError
            When it was written in a form that this version does not read.
        """
        if plain.get("form") != FORM:
            raise ValueError(f"A kept prediction of form {plain.get('form')} cannot be read; fit it anew.")
        return cls(
            target=plain["target"], model=model_from_dict(plain["model"]),
            calibrator=Calibrator.from_dict(plain["calibrator"]), base=plain["base"], names=tuple(plain["names"]),
            rules={name: Calibrator.from_dict(rule) for name, rule in plain["rules"].items()},
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PredictionFit:
    """The chosen predictor, its card, and the mean loss of each candidate on the customers that chose among them."""

    predictor: Predictor
    card: ResultCard
    candidates: Mapping[str, float]

    @property
    def is_offered(self) -> bool:
        """Whether the prediction is worth using: it beats the best baseline and nothing says that it saw the future."""
        return self.card.verdict.beats and all(alarm.code != "too_good" for alarm in self.card.alarms)


def fit_prediction(
    snapshots: Snapshots, *, test: int, target: Target, seed: int, level: float = 0.95, resamples: int = 1000
) -> PredictionFit:
    """Fit on the cut-offs before `test`, and judge at `test`.

    Parameters
    ----------
    test : number of the cut-off to judge at; later ones take no part.
    target : `probability` of an event, outcomes 0 and 1; or an expected `amount`.
    seed : the same rows in any order and the same seed give the same model.
    level : of the intervals of the comparison. resamples : draws of its bootstrap.

    Raises
    ------
    CannotEstimate
        When there is no cut-off before the test or nothing at it, too few outcomes of either kind, or an infinite
        value in a feature.
    """
    everything = snapshots.ordered()
    training, later = everything.taken(everything.cutoff < test), everything.taken(everything.cutoff == test)
    trained_positives = _check(training, later, target)
    latest = training.cutoff == training.cutoff.max()
    learn_encoding(later.values, later.names, later.kinds)  # refuses infinite values there, too
    model, calibrator, losses = _choose(training, latest, target, seed)
    recent = training.taken(latest)
    predictor = Predictor(
        target=target, model=model, calibrator=calibrator, names=training.names,
        base=_base(recent.outcome, target),
        rules={
            name: fit_rule(recent.outcome, column, recent.customer, seed=seed, amounts=target == "amount")
            for name, column in recent.rules.items()
        },
    )  # fmt: skip
    card = result_card(later, predictor.score, predictor.baselines(later), target=target, seed=seed,
                       trained_positives=trained_positives, level=level, resamples=resamples)  # fmt: skip
    return PredictionFit(predictor=predictor, card=card, candidates=losses)


def contest(
    new: Predictor, old: Predictor, snapshots: Snapshots, *, seed: int, level: float = 0.95, resamples: int = 1000
) -> Comparison:
    """Return the new minus the old predictor on the same rows, which neither was fitted on.

    Raises
    ------
    ValueError
        When one predicts events and the other amounts.
    CannotEstimate
        When the rows cannot tell good from bad.
    """
    if new.target != old.target:
        raise ValueError("A probability cannot be compared with an amount.")
    rows = snapshots.ordered()
    said, before = new.score(rows.values), old.score(rows.values)
    losses = None
    if new.target == "amount":
        losses = {name: losses_of(rows.outcome, each, amounts=True) for name, each in (("", said), ("old", before))}
    return compare(rows.outcome, said, {"old": before}, rows.customer, seed=seed, level=level, resamples=resamples,
                   losses=losses)[0]  # fmt: skip


def _choose(
    training: Snapshots, latest: NDArray[np.bool_], target: Target, seed: int
) -> tuple[Model, Calibrator, dict[str, float]]:
    """Return the simplest model that is as good as the best, its correction, and the mean loss of each."""
    amounts = target == "amount"
    said, sizes, held = _unseen(training, latest, target, seed)
    outcome, customers = training.outcome[held], training.customer[held]
    losses: dict[str, Floats] = {}
    calibrators: dict[str, Calibrator] = {}
    for name, predictions in said.items():
        chosen = choose_calibrator(outcome, predictions[held], customers, seed=seed, amounts=amounts)
        calibrators[name] = chosen
        losses[name] = cross_fitted(outcome, predictions[held], customers, (chosen.kind,), seed=seed, amounts=amounts)[
            chosen.kind
        ]
    means = {name: float(loss.mean()) for name, loss in losses.items()}
    picked = next(name for name, mean in means.items() if mean <= min(means.values()) * (1.0 + AS_GOOD))
    encoder = learn_encoding(training.values, training.names, training.kinds)
    everybody = _rows(training, np.ones(training.rows, np.bool_))
    # More rows bear more trees; as many as before would leave predictions too timid.
    more = PARTS / (PARTS - 1)
    trees = tuple(round(float(np.median(part)) * more) for part in zip(*sizes[picked], strict=True))
    model = {each.name: each for each in _fitted(everybody, None, encoder, target, seed, {picked: trees})}[picked]
    return model, calibrators[picked], means


def _unseen(
    training: Snapshots, latest: NDArray[np.bool_], target: Target, seed: int
) -> tuple[dict[str, Floats], dict[str, list[tuple[int, ...]]], NDArray[np.bool_]]:
    """Return predictions by model for rows of the latest cut-off that it had not seen, and the trees that it took."""
    part = parts_of(training.customer, [1.0 / PARTS] * PARTS, seed)
    asked = range(PARTS if training.rows < MANY else 1)
    held = latest & (part < len(asked))
    said: dict[str, Floats] = {}
    sizes: dict[str, list[tuple[int, ...]]] = {}
    for number in asked:
        inside = part == number
        rows, watched = _rows(training, ~inside), _rows(training, inside & latest)
        _check_parts(rows, watched, target)
        encoder = learn_encoding(rows.values, training.names, training.kinds)
        for model in _fitted(rows, watched, encoder, target, seed):
            predictions = said.setdefault(model.name, np.full(training.rows, np.nan))
            predictions[inside & latest] = model.score(training.values[inside & latest])
            sizes.setdefault(model.name, []).append(sizes_of(model))
    # A model that one of the parts could not fit is none to choose.
    whole = [name for name in said if len(sizes[name]) == len(asked)]
    return {name: said[name] for name in whole}, sizes, held


def _fitted(
    rows: Rows, watched: Rows | None, encoder: Encoder, target: Target, seed: int,
    only: Mapping[str, tuple[int, ...]] | None = None,
) -> list[Model]:  # fmt: skip
    """Return the models, the simplest first; `only` some, by name with how many trees."""
    found: list[Model | None] = []
    if only is None or "line" in only:
        found.append(fit_line(rows, encoder, target=target))
    if only is None or "trees" in only:
        found.append(fit_boosted(rows, watched, encoder, target=target, seed=seed, sizes=(only or {}).get("trees", ())))
    if target == "amount" and (only is None or "two parts" in only):
        found.append(fit_two_parts(rows, watched, encoder, seed=seed, sizes=(only or {}).get("two parts", ())))
    return [model for model in found if model is not None]


def _rows(snapshots: Snapshots, chosen: NDArray[np.bool_]) -> Rows:
    return Rows(values=snapshots.values[chosen], outcome=snapshots.outcome[chosen])


def _base(outcome: Floats, target: Target) -> float:
    if target == "amount":
        return float(outcome.mean())
    return float((outcome.sum() + 0.5) / (len(outcome) + 1.0))


def _check(training: Snapshots, later: Snapshots, target: Target) -> int:
    """Return the positives in training; refuse snapshots that cannot teach anything."""
    if training.rows == 0 or later.rows == 0:
        raise CannotEstimate("A prediction needs rows at a cut-off before the test and rows at the test.")
    if target == "probability" and not np.isin(np.concatenate([training.outcome, later.outcome]), (0.0, 1.0)).all():
        raise CannotEstimate("The outcome of an event must be 0 or 1 in every row.")
    positives, negatives = int((training.outcome > 0).sum()), int((training.outcome <= 0).sum())
    if target == "amount":
        if positives < FEWEST or float(np.ptp(training.outcome)) == 0:
            raise CannotEstimate(
                f"Only {positives} training rows have an amount above 0, or all amounts are alike; at least {FEWEST} "
                f"different ones are needed."
            )
        return positives
    if min(positives, negatives) < FEWEST:
        raise CannotEstimate(
            f"Of {training.rows} training rows {positives} have the outcome and {negatives} do not; at least {FEWEST} "
            f"of each are needed."
        )
    return positives


def _check_parts(rows: Rows, watched: Rows, target: Target) -> None:
    """Refuse parts of the customers that are too small to do their work."""
    alike = target == "probability" and len(np.unique(rows.outcome)) < 2
    if alike or len(watched.outcome) < 5 or not (watched.outcome > 0).any() or not (rows.outcome > 0).any():
        raise CannotEstimate(
            "The latest training snapshot has too few customers or outcomes to calibrate and choose by."
        )
