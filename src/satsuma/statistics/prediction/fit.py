"""From snapshots to the chosen model and its card.

Customers are parted at random, all their rows with them: most to fit on, at every training cut-off; some to say when
trees must stop growing, and some to calibrate and to choose by, both at the latest training cut-off alone, whose level
is nearest to that of the days to come. Rules are calibrated at that cut-off on all customers. The test cut-off takes no
part until everything is chosen.
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
)
from satsuma.statistics.prediction.card import ResultCard, result_card
from satsuma.statistics.prediction.comparison import Comparison, compare
from satsuma.statistics.prediction.encoding import learn_encoding
from satsuma.statistics.prediction.plain import Plain
from satsuma.statistics.prediction.snapshots import Snapshots
from satsuma.statistics.prediction.splitting import parts_of

Floats = NDArray[np.float64]

#: Shares of customers to fit on, to stop by, to calibrate and choose by.
SHARES = (0.7, 0.1, 0.2)

#: Customers with and without an outcome below which nothing is fitted.
FEWEST = 20

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
    part = parts_of(training.customer, SHARES, seed)
    encoder = learn_encoding(training.values[part == 0], training.names, training.kinds)
    learn_encoding(later.values, later.names, later.kinds)  # refuses infinite values there, too
    rows = _rows(training, part == 0)
    watched, held = _rows(training, (part == 1) & latest), _rows(training, (part == 2) & latest)
    _check_parts(rows, watched, held, target)
    models: list[Model | None] = [
        fit_line(rows, encoder, target=target),
        fit_boosted(rows, watched, encoder, target=target, seed=seed),
    ]
    if target == "amount":
        models.append(fit_two_parts(rows, watched, encoder, seed=seed))
    customers = training.customer[(part == 2) & latest]
    model, calibrator, losses = _choose([each for each in models if each is not None], held, customers, target, seed)
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
    models: list[Model], held: Rows, customers: NDArray[np.int64], target: Target, seed: int
) -> tuple[Model, Calibrator, dict[str, float]]:
    """Return the simplest model that is as good as the best, calibrated: not worse by more than a standard error."""
    amounts = target == "amount"
    losses: list[Floats] = []
    calibrators = []
    for model in models:
        said = model.score(held.values)
        chosen = choose_calibrator(held.outcome, said, customers, seed=seed, amounts=amounts)
        kind = chosen.kind
        losses.append(cross_fitted(held.outcome, said, customers, (kind,), seed=seed, amounts=amounts)[kind])
        calibrators.append(chosen)
    best = int(np.argmin([float(loss.mean()) for loss in losses]))
    number = best
    for candidate, loss in enumerate(losses):
        gap = loss - losses[best]
        if float(gap.mean()) <= float(gap.std(ddof=1)) / len(gap) ** 0.5:
            number = candidate
            break
    means = {model.name: float(loss.mean()) for model, loss in zip(models, losses, strict=True)}
    return models[number], calibrators[number], means


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


def _check_parts(rows: Rows, watched: Rows, held: Rows, target: Target) -> None:
    """Refuse parts of the customers that are too small to do their work."""
    lack = target == "probability" and len(np.unique(rows.outcome)) < 2
    if lack or len(watched.outcome) < 5 or len(held.outcome) < 10 or not (held.outcome > 0).any():
        raise CannotEstimate(
            "The latest training snapshot has too few customers or outcomes to stop, calibrate and choose by."
        )
