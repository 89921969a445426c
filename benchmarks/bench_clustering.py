"""Groups among a million customers with 20 mixed traits, from raw traits to labels with stability, beside scikit-learn.

    python benchmarks/bench_clustering.py [--customers 1000000]

Satsuma encodes, asks a sample how many groups there are, fits, assigns, and says how well each group comes back.
scikit-learn gets the encoded matrix and fits the same number of groups ten times (its own labels, nothing else), in
single precision as Satsuma does. Also: the stability of 2 to 8 groups of yes/no answers (1,453 people, 11 answers,
simulated), ten starts in each of 20 pairs of resamples, as R's flexclust does it in 32 s on another machine.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from typing import Any

import numpy as np
from sklearn.cluster import KMeans

from satsuma.statistics.clustering.choosing import choose_groups
from satsuma.statistics.clustering.encoding import RawTrait, fit_encoding
from satsuma.statistics.clustering.kmeans import fit_kmeans
from satsuma.statistics.clustering.rows import rows_of_codes
from satsuma.statistics.clustering.space import points_of
from satsuma.statistics.clustering.stability import adjusted_rand, global_stability, segment_stability

GROUPS = 5


def made(customers: int) -> tuple[list[RawTrait], np.ndarray]:
    """Return 20 traits of customers in five groups that overlap a little: 12 numbers and 8 categories."""
    rng = np.random.default_rng(7)
    of = rng.choice(GROUPS, customers, p=[0.35, 0.25, 0.2, 0.12, 0.08])
    centres = rng.normal(0, 1.6, (GROUPS, 12))
    numbers = centres[of] + rng.normal(size=(customers, 12))
    traits = [RawTrait(f"spend_{place}", "money", np.exp(1.0 + numbers[:, place])) for place in range(6)]
    traits += [RawTrait(f"score_{place}", "number", numbers[:, place]) for place in range(6, 12)]
    for place in range(8):
        levels = 2 + place % 4
        own = rng.integers(0, levels, GROUPS)[of]
        codes = np.where(rng.random(customers) < 0.6, own, rng.integers(0, levels, customers))
        traits.append(RawTrait(f"kind_{place}", "category", codes, tuple("abcde"[:levels])))
    return traits, of


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=1_000_000)
    options = parser.parse_args()
    traits, of = made(options.customers)
    report: dict[str, Any] = {"customers": options.customers, "traits": len(traits)}
    seconds: dict[str, float] = {}
    last = time.perf_counter()

    def done(step: str) -> None:
        nonlocal last
        seconds[step], last = round(time.perf_counter() - last, 2), time.perf_counter()

    encoding = fit_encoding(traits)
    rows = encoding.apply(traits)
    done("encode")
    choice = choose_groups(rows, rng=np.random.default_rng(1))
    done("choose_on_a_sample")
    groups = choice.proposed or GROUPS
    found = fit_kmeans(rows, groups, rng=np.random.default_rng(1))
    done("fit")
    labels = found.assign(rows)
    done("assign")
    some = rows.take(np.random.default_rng(2).choice(len(rows), min(5000, len(rows)), replace=False))
    stable = segment_stability(some, found.assign(some), fit_kmeans, rng=np.random.default_rng(1), resamples=20)
    done("stability_on_a_sample")
    report["satsuma"] = {
        "seconds": seconds, "total_s": round(sum(seconds.values()), 2), "verdict": choice.verdict, "groups": groups,
        "adjusted_rand": round(adjusted_rand(of, labels), 4), "jaccard": [round(value, 3) for value in stable.jaccard],
        "cost": found.cost,
    }  # fmt: skip
    points = points_of(rows, dtype=np.float32)
    start = time.perf_counter()
    peer = KMeans(groups, n_init=10, random_state=1).fit(points)
    spent = time.perf_counter() - start
    report["scikit-learn"] = {
        "fit_s": round(spent, 2), "adjusted_rand": round(adjusted_rand(of, peer.labels_), 4), "cost": float(peer.inertia_),
    }  # fmt: skip
    report["fit_and_assign_times_scikit_learn"] = round((seconds["fit"] + seconds["assign"]) / spent, 2)
    report["all_times_scikit_learn"] = round(sum(seconds.values()) / spent, 2)
    report["agreement"] = round(adjusted_rand(labels, peer.labels_), 4)

    rng = np.random.default_rng(3)
    shares = rng.choice([0.08, 0.85], (5, 11))
    distinct, counts = np.unique(rng.random((1453, 11)) < shares[rng.integers(0, 5, 1453)], axis=0, return_counts=True)
    start = time.perf_counter()
    stability = [
        global_stability(rows_of_codes(distinct, [2] * 11), number, fit_kmeans, rng=rng, weights=counts).mean
        for number in range(2, 9)
    ]
    report["answers"] = {
        "people": 1453, "distinct": len(distinct), "bootstrap_stability_s": round(time.perf_counter() - start, 2),
        "stability": [round(value, 3) for value in stability],
    }  # fmt: skip
    report["peak_gib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2, 2)
    print(json.dumps(report))
    if found.cost > peer.inertia_ * 1.001:
        sys.exit("The groups are not as tight as scikit-learn's.")


if __name__ == "__main__":
    main()
