"""Cluster with kmodes and stepmix; run by `bench_clustering_mixed.py` in an environment of their own.

    PYTHON peers_of_clustering_mixed.py DATA.npz LIBRARY

prints one line of JSON: seconds to fit, what was reached, and the peak of memory. What importing takes is told apart.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings

import numpy as np


def with_kmodes(data: dict[str, np.ndarray]) -> dict[str, float]:
    from kmodes.kprototypes import KPrototypes

    numbers, codes = data["numbers"], data["codes"]
    places = list(range(numbers.shape[1], numbers.shape[1] + codes.shape[1]))
    start = [data["begin_numbers"], data["begin_codes"]]
    model = KPrototypes(len(start[0]), init=start, n_init=1, gamma=float(data["gamma"]), max_iter=1000)
    rows = np.column_stack([numbers, codes])
    begun = time.perf_counter()
    model.fit(rows, categorical=places)
    return {"fit_s": time.perf_counter() - begun, "cost": float(model.cost_), "steps": int(model.n_iter_)}


def with_stepmix(data: dict[str, np.ndarray]) -> dict[str, float]:
    import pandas as pd
    from stepmix.stepmix import StepMix

    numbers, codes = data["numbers"], data["codes"]
    rows = pd.DataFrame(np.column_stack([numbers, codes]))
    if numbers.shape[1]:
        measurement: object = {
            "numbers": {"model": "gaussian_diag", "n_columns": numbers.shape[1]},
            "codes": {"model": "categorical", "n_columns": codes.shape[1]},
        }
    else:
        measurement = "binary"
    seconds, reached, steps = 0.0, [], 0
    for groups in data["groups"]:
        model = StepMix(
            int(groups), measurement=measurement, n_init=int(data["starts"]), random_state=1, progress_bar=0
        )
        begun = time.perf_counter()
        model.fit(rows)
        seconds += time.perf_counter() - begun
        reached.append(float(model.lower_bound_) * len(rows))
        steps += int(model.n_iter_)
    return {"fit_s": seconds, "log_likelihood": reached, "steps_of_the_best": steps}


def main() -> None:
    path, library = sys.argv[1:3]
    warnings.simplefilter("ignore")
    with np.load(path) as stored:
        data = {name: stored[name] for name in stored.files}
    begun = time.perf_counter()
    __import__({"kmodes": "kmodes.kprototypes", "stepmix": "stepmix.stepmix"}[library])
    imported = time.perf_counter() - begun
    found = (with_kmodes if library == "kmodes" else with_stepmix)(data)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print("RESULT " + json.dumps({"import_s": imported, "peak_gib": round(peak, 2), **found}))


if __name__ == "__main__":
    main()
