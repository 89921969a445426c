"""Maximum likelihood for few parameters and many rows, with what is to be said about the result.

Positive parameters are sought as logarithms, with times scaled so that customers are about 10 old. Where there are
many rows, the model is fitted first to a systematic sample of customers; its optimum and its curvature then leave a
few quasi-Newton steps to do on all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.statistics.errors import CannotEstimate

Floats = NDArray[np.float64]
#: The log-likelihood of all customers and its gradient, at parameters on the scale on which they are sought.
Evaluate = Callable[[Floats], tuple[float, Floats]]

#: A logarithm beyond this, in scaled units, is a parameter that runs away.
BOUND = math.log(1e5)
#: The likelihood is flat along a direction in which a standard error spans a factor of e^3 = 20.
_FLAT = 3.0
#: Customers of the sample, and rows above which it is worth one.
SAMPLE, WORTH_SAMPLING = 20_000, 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is to be maximised.

    names : the parameters in order.
    evaluate : see `Evaluate`.
    starts : where to begin, on the scale sought; the first one wins ties.
    customers, rows, repeat : how many customers, different rows, and customers who bought again.
    logs : which parameters are sought as logarithms; the others are coefficients.
    powers : the power of the unit of time that turns a scaled parameter into the user's: 1 for a time, 0 for a number.
    unit : the user's units in one scaled unit; constant : what scaling took from the log-likelihood.
    sample : the same for fewer customers, or None.
    hessian : the second derivatives as sought; without it they are taken by differences of the gradient.
    runaway : what it means when a parameter runs to its upper bound.
    """

    names: tuple[str, ...]
    evaluate: Evaluate
    starts: Sequence[Floats]
    customers: int
    rows: int
    repeat: int
    logs: tuple[bool, ...] = ()
    powers: tuple[int, ...] = ()
    unit: float = 1.0
    constant: float = 0.0
    sample: Problem | None = None
    hessian: Callable[[Floats], Floats] | None = None
    runaway: Mapping[str, str] = field(default_factory=dict)
    reference: str = ""

    @property
    def is_log(self) -> NDArray[np.bool_]:
        return np.array(self.logs or (True,) * len(self.names))

    @property
    def shifts(self) -> Floats:
        """What to add to a parameter as sought to have it in the user's unit of time."""
        return np.array(self.powers or (0,) * len(self.names)) * math.log(self.unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """A log-normal belief: the median in the user's unit, and the standard deviation of the logarithm."""

    median: float
    sigma: float

    def __post_init__(self) -> None:
        if not (0 < self.median < math.inf and 0 < self.sigma < math.inf):
            raise ValueError("A prior needs a median and a sigma above 0.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """How the parameters were found and how sure they are.

    standard_errors : in the parameters' own units, by the delta method from the logarithms; None for a parameter
        that ran to a bound or that the data do not determine.
    covariance : of the parameters as sought, logarithms of those that are positive; None with it.
    log_likelihood : without penalty and priors. aic, bic : 2 k - 2 log L, k log(customers) - 2 log L.
    gradient_norm : the largest slope by one customer, in logarithms of parameters; 0 at an optimum.
    converged : whether a further step would change the objective by less than 1e-6.
    message : one sentence. notes : a sentence for each parameter that ran to a bound and each flat direction.
    """

    names: tuple[str, ...]
    values: tuple[float, ...]
    standard_errors: tuple[float | None, ...]
    covariance: tuple[tuple[float, ...], ...] | None
    log_likelihood: float
    aic: float
    bic: float
    customers: int
    distinct_rows: int
    repeat_customers: int
    converged: bool
    message: str
    notes: tuple[str, ...]
    gradient_norm: float
    steps: int
    penalty: float
    reference: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        plain = asdict(self)
        plain["covariance"] = None if self.covariance is None else [list(row) for row in self.covariance]
        return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Estimate:
        """Return what `as_dict` was made of."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()
        }
        if values["covariance"] is not None:
            values["covariance"] = tuple(tuple(row) for row in values["covariance"])
        return cls(**values)


def maximise(
    problem: Problem,
    *,
    penalty: float = 0.0,
    priors: Mapping[str, Prior] | None = None,
    start: Sequence[float] | None = None,
) -> Estimate:
    """Return the parameters that maximise log L - customers x penalty x sum(log^2) + sum(log prior).

    Parameters
    ----------
    penalty : weight of the squared logarithms of the scaled parameters, by customer; 0.001 to 0.1 steadies small
        samples. Coefficients are penalised by their own squares.
    priors : by name of the parameter; they count once, not once by customer.
    start : parameters in the user's unit to begin from instead of the model's own starts.

    Raises
    ------
    ValueError
        When the penalty is negative or a prior names no parameter.
    CannotEstimate
        When the likelihood is no number anywhere one could begin.
    """
    if not 0 <= penalty < math.inf:
        raise ValueError("The penalty must be 0 or above.")
    priors = dict(priors or {})
    unknown = sorted(set(priors) - set(problem.names))
    if unknown:
        raise ValueError(f"There is no parameter {unknown[0]!r}; the model has {', '.join(problem.names)}.")
    limit = np.full(len(problem.names), BOUND)
    objective = _Objective(problem, penalty, priors)
    if start is not None:
        given = np.array(start, np.float64)
        is_log = problem.is_log
        given[is_log] = np.log(given[is_log])
        found = _descend(objective, np.clip(given - problem.shifts, -limit, limit), None, limit)
    elif problem.sample is not None:
        smaller = _from_starts(_Objective(problem.sample, penalty, priors), problem.sample.starts, limit)
        curvature = smaller.hessian * (problem.customers / problem.sample.customers)
        found = _descend(objective, smaller.theta, curvature, limit)
        found.steps += smaller.steps
    else:
        found = _from_starts(objective, problem.starts, limit)
    return _described(problem, found, limit, penalty)


@dataclass(slots=True)
class _Found:
    """Where a descent has come: the parameters, the objective there with its slope and curvature, and the steps.

    is_settled : whether a further step promises nothing.
    """

    theta: Floats
    value: float
    gradient: Floats
    hessian: Floats
    steps: int
    is_settled: bool


class _Objective:
    """Minus log L, with penalty and priors; its gradient and Hessian."""

    def __init__(self, problem: Problem, penalty: float, priors: Mapping[str, Prior]) -> None:
        self.problem = problem
        self.weight = penalty * problem.customers
        self.places = [problem.names.index(name) for name in priors]
        self.centres = np.array([math.log(prior.median) for prior in priors.values()]) - problem.shifts[self.places]
        self.precision = np.array([prior.sigma**-2 for prior in priors.values()])

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        # Far off a likelihood may overflow: the step is then shortened, and nothing is said.
        with np.errstate(all="ignore"):
            value, gradient = self.problem.evaluate(theta)
        value, gradient = -value, -gradient
        if self.weight:
            value += self.weight * float(theta @ theta)
            gradient = gradient + 2.0 * self.weight * theta
        if self.places:
            away = theta[self.places] - self.centres
            value += 0.5 * float(self.precision @ away**2)
            gradient = gradient.copy()
            gradient[self.places] += self.precision * away
        return value, gradient

    def hessian(self, theta: Floats) -> Floats:
        """Return the matrix of second derivatives, by central differences where the problem has none."""
        size = len(theta)
        if self.problem.hessian is not None:
            with np.errstate(all="ignore"):
                exact = -self.problem.hessian(theta) + 2.0 * self.weight * np.eye(size)
            exact[self.places, self.places] += self.precision
            return np.asarray(exact, np.float64)
        hessian = np.empty((size, size))
        for j in range(size):
            step = np.zeros(size)
            step[j] = 1e-4
            hessian[j] = (self(theta + step)[1] - self(theta - step)[1]) / 2e-4
        return np.asarray((hessian + hessian.T) / 2.0, np.float64)


def _from_starts(objective: _Objective, starts: Sequence[Floats], limit: Floats) -> _Found:
    """Return the optimum reached from the best start; from the others as well when that gets stuck or runs away."""
    begun = [(objective(np.asarray(start)), np.asarray(start)) for start in starts]
    usable = [(value, start) for (value, slope), start in begun if math.isfinite(value) and np.isfinite(slope).all()]
    if not usable:
        raise CannotEstimate("The likelihood of these histories is no number at any start; the times may be extreme.")
    usable.sort(key=lambda pair: pair[0])
    best: _Found | None = None
    for _, start in usable:
        found = _descend(objective, start, None, limit)
        if best is None or (found.is_settled, -found.value) > (best.is_settled, -best.value):
            best = found
        if found.is_settled and bool((np.abs(found.theta) < limit - 1e-6).all()):
            break
    assert best is not None
    return best


def _free(theta: Floats, gradient: Floats, limit: Floats) -> NDArray[np.bool_]:
    """Return which parameters are not held by a bound."""
    return ~(((theta <= -limit + 1e-9) & (gradient > 0)) | ((theta >= limit - 1e-9) & (gradient < 0)))


def _step(hessian: Floats, gradient: Floats, free: NDArray[np.bool_]) -> tuple[Floats, float]:
    """Return Newton's step downhill and what it promises; directions that curve down or not at all are turned."""
    step = np.zeros(len(gradient))
    if not free.any():
        return step, 0.0
    curvature, axes = np.linalg.eigh(hessian[np.ix_(free, free)])
    curvature = np.maximum(np.abs(curvature), max(1e-10 * float(np.abs(curvature).max()), 1e-300))
    along = axes.T @ gradient[free]
    step[free] = -axes @ (along / curvature)
    return step, 0.5 * float(np.sum(along**2 / curvature))


def _descend(objective: _Objective, theta: Floats, hessian: Floats | None, limit: Floats) -> _Found:
    """Return the optimum near theta.

    Where the problem has a Hessian the steps are Newton's. Elsewhere BFGS brings the Hessian up to date from step to
    step, and it is taken anew when a step promises little, which either confirms the optimum or gives Newton's steps
    to it. So the last Hessian belongs to the optimum.
    """
    value, gradient = objective(theta)
    is_exact = hessian is None
    if hessian is None:
        hessian = objective.hessian(theta)
    steps, is_settled = 0, False
    while steps < 200:
        step, promise = _step(hessian, gradient, _free(theta, gradient, limit))
        if promise < 1e-12 and is_exact:
            is_settled = True
            break
        if promise < 1e-7 and not is_exact:
            hessian, is_exact = objective.hessian(theta), True
            continue
        steps += 1
        moved = _search(objective, theta, value, gradient, step * min(1.0, 2.0 / float(np.abs(step).max())), limit)
        if moved is None:
            if is_exact:
                # Nothing lower along Newton's step: rounding is all that is left, or this is no likelihood.
                is_settled = promise < 1e-6
                break
            hessian, is_exact = objective.hessian(theta), True
            continue
        new, value, slope = moved
        if not (is_exact and promise < 1e-7):
            if objective.problem.hessian is None:
                hessian, is_exact = _updated(hessian, new - theta, slope - gradient), False
            else:
                hessian, is_exact = objective.hessian(new), True
        theta, gradient = new, slope
    return _Found(theta, value, gradient, np.asarray(hessian, np.float64), steps, is_settled)


def _updated(hessian: Floats, change: Floats, turn: Floats) -> Floats:
    """Return the BFGS update of a Hessian, made positive first."""
    curvature, axes = np.linalg.eigh(hessian)
    least = 1e-8 * float(np.abs(curvature).max()) + 1e-300
    positive: Floats = np.asarray((axes * np.maximum(np.abs(curvature), least)) @ axes.T, np.float64)
    along = float(change @ turn)
    if not along > 1e-12 * float(np.linalg.norm(change) * np.linalg.norm(turn)):
        return positive
    pushed = positive @ change
    return np.asarray(
        positive + np.outer(turn, turn) / along - np.outer(pushed, pushed) / float(change @ pushed), np.float64
    )


def _search(
    objective: _Objective, theta: Floats, value: float, gradient: Floats, step: Floats, limit: Floats
) -> tuple[Floats, float, Floats] | None:
    """Return the first point along a step, ever shorter, that is low enough; None when none is."""
    length = 1.0
    for _ in range(30):
        new = np.clip(theta + length * step, -limit, limit)
        lower, slope = objective(new)
        expected = float(gradient @ (new - theta))
        if math.isfinite(lower) and np.isfinite(slope).all() and lower <= value + 1e-4 * expected + 1e-13 * abs(value):
            return new, lower, slope
        length /= 2.5
    return None


def _described(problem: Problem, found: _Found, limit: Floats, penalty: float) -> Estimate:
    names, is_log = problem.names, problem.is_log
    theta, gradient, hessian = found.theta, found.gradient, found.hessian
    free = _free(theta, gradient, limit)
    settled = theta + problem.shifts
    values = np.where(is_log, np.exp(settled), settled)
    notes = []
    for place in np.flatnonzero(np.abs(theta) >= limit - 1e-6):
        side = "upper" if theta[place] > 0 else "lower"
        meaning = problem.runaway.get(names[place], "") if side == "upper" else ""
        notes.append(f"{names[place]} ran to its {side} bound {values[place]:.4g}.{' ' if meaning else ''}{meaning}")
    inner = np.abs(theta) < limit - 1e-6
    curvature, axes = np.linalg.eigh(hessian[np.ix_(inner, inner)])
    unsure: set[str] = set()
    spread = np.where(curvature > 0, np.maximum(curvature, 1e-300), np.nan) ** -0.5
    for j in np.flatnonzero(~(spread < _FLAT)):
        along = [names[k] for k in np.flatnonzero(inner)[np.abs(axes[:, j]) > 0.3]]
        unsure.update(along)
        meaning = next((f" {problem.runaway[name]}" for name in along if name in problem.runaway), "")
        notes.append(
            f"The likelihood is flat along {', '.join(along)}: the data tell them only together, not each by itself."
            f"{meaning if len(along) > 1 else ''}"
        )
    covariance = None
    errors: list[float | None] = [None] * len(names)
    if inner.all() and (curvature > 0).all():
        matrix = (axes / curvature) @ axes.T
        covariance = tuple(tuple(float(item) for item in row) for row in matrix)
    if inner.any() and (curvature > 0).all():
        variance = np.diag((axes / curvature) @ axes.T)
        for place, root in zip(np.flatnonzero(inner), np.sqrt(variance), strict=True):
            if names[place] not in unsure:
                errors[place] = float(root * (values[place] if is_log[place] else 1.0))
    with np.errstate(all="ignore"):
        likelihood = problem.evaluate(theta)[0] + problem.constant
    converged = found.is_settled and math.isfinite(likelihood)
    by_customer = float(np.abs(gradient[free]).max() / problem.customers) if free.any() else 0.0
    if not converged:
        message = "The search did not reach an optimum: do not use these parameters."
    elif notes:
        message = "An optimum was found, but the data do not determine every parameter; see the notes."
    else:
        message = "An optimum was found."
    size = len(names)
    return Estimate(
        names=names,
        values=tuple(float(value) for value in values),
        standard_errors=tuple(errors),
        covariance=covariance,
        log_likelihood=float(likelihood),
        aic=2.0 * size - 2.0 * float(likelihood),
        bic=size * math.log(problem.customers) - 2.0 * float(likelihood),
        customers=problem.customers,
        distinct_rows=problem.rows,
        repeat_customers=problem.repeat,
        converged=converged,
        message=message,
        notes=tuple(notes),
        gradient_norm=by_customer,
        steps=found.steps,
        penalty=penalty,
        reference=problem.reference,
    )
