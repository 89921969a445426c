"""How often "natural groups" is said where there are none, and whether planted groups are found: by simulation.

    python benchmarks/check_verdict.py [--runs 100] [--rows 1000] [--most-groups 8] [--only NAME ...]

Without groups: points spread evenly, one normal cloud of any correlations, one log-normal cloud after the encoding,
yes/no answers that follow one trait, independent answers, mixed traits that follow one factor, and, with
SATSUMA_TEST_DATA, real columns shuffled. Planted: 2, 3 and 5 normal groups with centres at least 6, 4 and 3 spreads
apart. Prints one line of JSON and fails when more than 5 of 100 false alarms are raised on any kind of data.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.distance import pdist

from satsuma.statistics.clustering.choosing import Choice, choose_groups
from satsuma.statistics.clustering.encoding import RawTrait, fit_encoding
from satsuma.statistics.clustering.kmeans import fit_kmeans
from satsuma.statistics.clustering.rows import Rows, rows_of_codes, rows_of_numbers
from satsuma.statistics.clustering.stability import adjusted_rand

Random = np.random.Generator


def standard(points: np.ndarray) -> Rows:
    return rows_of_numbers((points - points.mean(axis=0)) / points.std(axis=0))


def uniform(rng: Random, rows: int) -> Rows:
    return standard(rng.random((rows, rng.integers(2, 21))))


def correlations(rng: Random, width: int) -> np.ndarray:
    """Return correlations of 1 to `width` common factors, from hardly any to nearly all."""
    loadings = rng.normal(size=(width, rng.integers(1, width + 1)))
    covariance = loadings @ loadings.T + np.eye(width) * rng.choice([0.05, 0.5, 2.0])
    spread = np.sqrt(covariance.diagonal())
    return covariance / np.outer(spread, spread)


def normal(rng: Random, rows: int) -> Rows:
    width = int(rng.integers(2, 21))
    return standard(rng.multivariate_normal(np.zeros(width), correlations(rng, width), rows))


def log_normal(rng: Random, rows: int) -> Rows:
    width = int(rng.integers(2, 13))
    points = rng.multivariate_normal(np.zeros(width), correlations(rng, width), rows) * rng.uniform(0.5, 1.5, width)
    traits = [RawTrait(f"x{place}", "money", column) for place, column in enumerate(np.exp(points).T)]
    return fit_encoding(traits).apply(traits)


def one_trait_answers(rng: Random, rows: int) -> Rows:
    trait = rng.normal(size=(rows, 1))
    logit = trait * rng.uniform(0.3, 1.5, 15) + rng.normal(0, 0.7, 15)
    return rows_of_codes((logit + rng.logistic(size=(rows, 15)) > 0).astype(int), [2] * 15)


def independent_answers(rng: Random, rows: int) -> Rows:
    levels = (2, 2, 2, 2, 3, 3, 4, 4, 5, 6)
    columns = [rng.choice(count, rows, p=rng.dirichlet(np.full(count, 3.0))) for count in levels]
    return rows_of_codes(np.stack(columns, axis=1), levels)


def one_factor_mixed(rng: Random, rows: int) -> Rows:
    factor = rng.normal(size=rows)
    traits = [RawTrait(f"x{place}", "number", rng.normal(size=rows) + rng.random() * factor) for place in range(5)]
    bought = np.where(rng.random(rows) < 0.65, 0.0, np.exp(rng.normal(size=rows) + 0.5 * factor))
    level = np.digitize(factor + rng.normal(size=rows), [-1, 0, 1])
    traits += [
        RawTrait("bought", "money", bought), RawTrait("level", "category", level, ("a", "b", "c", "d")),
        RawTrait("colour", "category", rng.integers(0, 3, rows), ("red", "green", "blue")),
    ]  # fmt: skip
    return fit_encoding(traits).apply(traits)


def shuffled_wholesale(rng: Random, rows: int) -> Rows:  # noqa: ARG001  it has the rows that it has
    table = np.genfromtxt(DATA / "customers" / "wholesale_customers.csv", delimiter=",", names=True)
    traits = [RawTrait(name, "money", rng.permutation(table[name])) for name in table.dtype.names[2:]]
    return fit_encoding(traits).apply(traits)


def shuffled_motives(rng: Random, rows: int) -> Rows:  # noqa: ARG001
    with (DATA / "surveys" / "vacation_motives_au_2006.csv").open(encoding="utf-8") as file:
        answers = np.array([[int(value) for value in line[1:21]] for line in list(csv.reader(file))[1:]])
    return rows_of_codes(rng.permuted(answers, axis=0), [2] * 20)


def planted(rng: Random, rows: int, groups: int, apart: float) -> tuple[Rows, np.ndarray]:
    """Return normal groups of unit spread and unequal size, the two nearest centres that far apart."""
    width = int(rng.integers(3, 11))
    centres = rng.normal(size=(groups, width))
    centres *= apart / pdist(centres).min()
    shares = np.maximum(rng.dirichlet(np.full(groups, 8.0)), 0.06)
    of = rng.choice(groups, rows, p=shares / shares.sum())
    return standard(centres[of] + rng.normal(size=(rows, width))), of


DATA = Path(os.environ.get("SATSUMA_TEST_DATA", ""))
WITHOUT: dict[str, Callable[[Random, int], Rows]] = {
    "uniform": uniform, "normal": normal, "log_normal": log_normal, "one_trait_answers": one_trait_answers,
    "independent_answers": independent_answers, "one_factor_mixed": one_factor_mixed,
}  # fmt: skip
REAL: dict[str, Callable[[Random, int], Rows]] = {
    "shuffled_wholesale": shuffled_wholesale, "shuffled_motives": shuffled_motives,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--most-groups", type=int, default=8, help="the largest number of groups that is tried")
    parser.add_argument("--only", nargs="*", help="kinds of data, of those named in the output")
    options = parser.parse_args()
    kinds = {**WITHOUT, **(REAL if "SATSUMA_TEST_DATA" in os.environ else {})}
    report: dict[str, Any] = {"runs": options.runs, "rows": options.rows, "most_groups": options.most_groups}

    def chosen(rows: Rows, run: int) -> Choice:
        numbers = range(2, options.most_groups + 1)
        # The verdict is not a matter of the resamples, so two pairs do.
        return choose_groups(rows, rng=np.random.default_rng(run), numbers=numbers, pairs=2)

    most = 0.0
    for name, made in kinds.items():
        if options.only and name not in options.only:
            continue
        start = time.perf_counter()
        verdicts = Counter(
            chosen(made(np.random.default_rng(run), options.rows), run).verdict for run in range(options.runs)
        )
        most = max(most, verdicts["natural"] / options.runs)
        seconds = (time.perf_counter() - start) / options.runs
        report[name] = {**verdicts, "seconds_each": round(seconds, 2)}
        print(name, report[name], file=sys.stderr, flush=True)
    for groups in (2, 3, 5):
        for apart in (6.0, 4.0, 3.0):
            name = f"planted_{groups}_apart_{apart:g}"
            if options.only and name not in options.only:
                continue
            natural, right, agreement = 0, 0, []
            runs = max(options.runs // 5, 1)
            for run in range(runs):
                rows, of = planted(np.random.default_rng(run), options.rows, groups, apart)
                choice = chosen(rows, run)
                natural += choice.has_groups
                right += choice.has_groups and choice.proposed == groups
                found = fit_kmeans(rows, choice.proposed or 1, rng=np.random.default_rng(run))
                agreement.append(adjusted_rand(of, found.assign(rows)))
            report[name] = {
                "runs": runs, "natural": natural, "right_number": right, "adjusted_rand": round(float(np.mean(agreement)), 3),
            }  # fmt: skip
            print(name, report[name], file=sys.stderr, flush=True)
    report["most_false_alarms"] = most
    print(json.dumps(report))
    if most > 0.05:
        sys.exit("More than 5 of 100 false alarms.")


if __name__ == "__main__":
    main()
