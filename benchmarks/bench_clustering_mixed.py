"""k-prototypes and latent classes, beside kmodes and stepmix on the same rows in the same run.

    python benchmarks/bench_clustering_mixed.py [--customers 1000000] [--peers PYTHON] [--slow]

Three cases: k-prototypes of 8 numbers and 4 categories from one start that both are given; latent classes of a survey
of 3,000 people with 12 yes/no answers, two to six classes with ten starts each; latent classes of the 8 numbers and 4
categories, one start. kmodes and stepmix live in an environment whose interpreter is PYTHON; without it they are left
out. kmodes goes through rows one by one: it has 10,000 of them, with --slow 100,000 too. stepmix has 100,000 of the
last case, with --slow all.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from satsuma.statistics.clustering.classes import fit_classes
from satsuma.statistics.clustering.descent import Distances
from satsuma.statistics.clustering.distinct import distinct_rows
from satsuma.statistics.clustering.prototypes import fit_prototypes
from satsuma.statistics.clustering.rows import Rows, rows_of_codes

FOLDER = Path(__file__).parent / "data"
SHARES = (0.3, 0.22, 0.18, 0.13, 0.1, 0.07)
SURVEY_CLASSES = (2, 3, 4, 5, 6)


def planted(count: int, seed: int = 7) -> Rows:
    """Return customers of six segments: 8 numbers of unit spread, and categories of 3 to 6 levels."""
    rng = np.random.default_rng(seed)
    of = rng.choice(len(SHARES), count, p=SHARES)
    numbers = rng.normal(0, 1.5, (len(SHARES), 8))[of] + rng.normal(size=(count, 8))
    numbers = (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)
    levels = (3, 4, 5, 6)
    chances = [rng.dirichlet(np.full(level, 0.7), len(SHARES)).cumsum(axis=1) for level in levels]
    codes = [(table[of] < rng.random((count, 1))).sum(axis=1).clip(0, len(table.T) - 1) for table in chances]
    return Rows(numbers, np.column_stack(codes).astype(np.int32), levels)


def survey(people: int = 3_000, seed: int = 8) -> Rows:
    """Return yes/no answers of people of four classes, who differ in how much they say yes too."""
    rng = np.random.default_rng(seed)
    of = rng.choice(4, people, p=[0.4, 0.3, 0.2, 0.1])
    chances = rng.beta(0.8, 0.8, (4, 12))
    return rows_of_codes(rng.random((people, 12)) < chances[of], [2] * 12)


def best_of(times: int, work: Callable[[], Any]) -> tuple[float, Any]:
    best, result = float("inf"), None
    for _ in range(times):
        begun = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - begun)
    return best, result


def peer(python: str | None, library: str, **data: Any) -> dict[str, Any] | None:
    """Return what a library found with the data, or None without its environment."""
    if python is None:
        return None
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / "clustering_mixed.npz"
    np.savez(path, **data)
    script = Path(__file__).parent / "peers_of_clustering_mixed.py"
    done = subprocess.run([python, str(script), str(path), library], capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        print(f"{library} failed: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    return dict(json.loads(lines[-1].removeprefix("RESULT ")))


def prototypes(count: int, python: str | None) -> tuple[dict[str, Any], bool]:
    rows, gamma = planted(count), 0.5
    drawn = Distances(rows, np.ones(count), gamma, np.zeros(8)).sample(20_000, np.random.default_rng(1))
    begin = drawn.seeds(len(SHARES), np.random.default_rng(2))
    seconds, fit = best_of(
        3 if count <= 100_000 else 1,
        lambda: fit_prototypes(rows, len(SHARES), rng=np.random.default_rng(1), gamma=gamma, begin=begin),
    )
    found: dict[str, Any] = {"satsuma_s": round(seconds, 3), "cost": fit.cost}
    other = peer(
        python,
        "kmodes",
        numbers=rows.numbers,
        codes=rows.codes,
        gamma=gamma,
        begin_numbers=begin.numbers,
        begin_codes=begin.codes,
    )
    if other is None:
        return found, True
    found["kmodes"] = {**other, "times_as_long": round(other["fit_s"] / seconds, 1)}
    found["kmodes"]["relative_difference_of_cost"] = float(f"{other['cost'] / fit.cost - 1.0:.1e}")
    # It moves a prototype with each row, and so may come to another optimum from the same start.
    return found, other["cost"] >= fit.cost * (1.0 - 1e-8)


def classes(rows: Rows, groups: tuple[int, ...], starts: int, python: str | None) -> tuple[dict[str, Any], bool]:
    seconds, fits = best_of(
        3 if len(rows) <= 100_000 else 1,
        lambda: [fit_classes(rows, count, rng=np.random.default_rng(1), starts=starts) for count in groups],
    )
    found: dict[str, Any] = {
        "satsuma_s": round(seconds, 3), "rows": len(rows), "distinct": fits[0].distinct,
        "log_likelihood": [round(fit.log_likelihood, 4) for fit in fits], "reached": [fit.reached for fit in fits],
    }  # fmt: skip
    other = peer(
        python, "stepmix", numbers=rows.numbers, codes=rows.codes, groups=np.array(groups), starts=np.int64(starts)
    )
    if other is None:
        return found, True
    found["stepmix"] = {**other, "times_as_long": round(other["fit_s"] / seconds, 1)}
    # It stops with a step that gains 1e-10 of a row's mean log-likelihood, and may have found a lower optimum.
    levels = zip(fits, other["log_likelihood"], strict=True)
    return found, all(fit.log_likelihood > level - 1e-5 * abs(level) for fit, level in levels)


def distinct(count: int) -> tuple[dict[str, Any], bool]:
    codes = np.random.default_rng(3).integers(0, 2, (count, 20)).astype(np.int32)
    seconds, found = best_of(3, lambda: distinct_rows(rows_of_codes(codes, [2] * 20)))
    other, plain = best_of(1, lambda: np.unique(codes, axis=0, return_counts=True, return_inverse=True))
    equal = np.array_equal(found.rows.codes, plain[0]) and np.array_equal(found.counts, plain[2])
    return {
        "satsuma_s": round(seconds, 3), "numpy_unique_s": round(other, 2), "times_as_long": round(other / seconds, 1)
    }, equal  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--peers", help="the Python of an environment with kmodes and stepmix")
    parser.add_argument(
        "--slow", action="store_true", help="let kmodes have 100,000 rows and stepmix all: many minutes"
    )
    options = parser.parse_args()
    if options.peers is None:
        print("kmodes and stepmix: left out; name their Python with --peers.", file=sys.stderr)
    report: dict[str, Any] = {"customers": options.customers}
    right = True
    for count in (10_000, 100_000, options.customers):
        is_theirs = count == 10_000 or (count == 100_000 and options.slow)
        report[f"prototypes_{count}"], is_right = prototypes(count, options.peers if is_theirs else None)
        right &= is_right
    report["survey"], is_right = classes(survey(), SURVEY_CLASSES, 10, options.peers)
    right &= is_right
    for count in (100_000, options.customers):
        theirs = options.peers if count == 100_000 or options.slow else None
        report[f"mixed_{count}"], is_right = classes(planted(count), (len(SHARES),), 1, theirs)
        right &= is_right
    report["distinct"], is_right = distinct(options.customers)
    right &= is_right
    report["peak_gib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
    report["as_good_or_better"] = right
    print(json.dumps(report))
    if not right:
        sys.exit("A peer has found a better fit, or other rows.")


if __name__ == "__main__":
    main()
