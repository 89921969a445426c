"""Purchase models on a million customers: fit and predict, beside lifetimes and pymc-marketing, in one run.

    python benchmarks/bench_purchase_models.py [--customers 1000000] [--peers PYTHON] [--slow]

The peers need an environment of their own (lifetimes 0.11.3, pymc-marketing 0.19); PYTHON is its interpreter, and
without it they are left out. They read the same customers from a file; reading it and importing are not counted
against them. With `--slow` they fit Pareto/NBD to all customers too, which takes them minutes; otherwise they get a
twentieth, as Satsuma does for the comparison.
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

from satsuma.statistics.purchases.bg_nbd import BgNbd
from satsuma.statistics.purchases.gamma_gamma import GammaGamma, fit_gamma_gamma
from satsuma.statistics.purchases.models import fit
from satsuma.statistics.purchases.simulate import simulate, simulate_spend
from satsuma.statistics.purchases.summary import PurchaseSummary

FOLDER = Path(__file__).parent / "data"
HORIZON = 52.0
MODELS = ("BG/NBD", "MBG/NBD", "Pareto/NBD", "Gamma-Gamma")


def made(customers: int) -> dict[str, np.ndarray]:
    """Return customers of BG/NBD and Gamma-Gamma, times in whole days over two years, in weeks."""
    rng = np.random.default_rng(7)
    days = rng.integers(1, 731, customers).astype(np.float64)
    drawn = simulate(BgNbd(r=0.25, alpha=31.0, a=0.8, b=2.4), days, rng)
    spend = simulate_spend(GammaGamma(p=6.0, q=4.0, v=15.0), drawn.x, rng)
    return {"x": drawn.x, "t_x": np.ceil(drawn.t_x) / 7.0, "T": days / 7.0, "m_x": np.nan_to_num(spend)}


def best_of(times: int, work: Callable[[], Any]) -> tuple[float, Any]:
    least, result = float("inf"), None
    for _ in range(times):
        start = time.perf_counter()
        result = work()
        least = min(least, time.perf_counter() - start)
    return least, result


def ours(model: str, data: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return seconds from the customers' arrays to the parameters, compressing included, and to their predictions."""
    if model == "Gamma-Gamma":
        seconds, found = best_of(3, lambda: fit_gamma_gamma(data["x"], data["m_x"]))
        return {"fit_s": seconds, "values": list(found.values)}

    compress_s, (rows, inverse) = best_of(3, lambda: PurchaseSummary.compress(data["x"], data["t_x"], data["T"]))
    seconds, found = best_of(3, lambda: fit(model, rows))
    predict_s, told = best_of(
        3, lambda: (found.expected_purchases(rows, HORIZON)[inverse], found.p_alive(rows)[inverse])
    )
    return {
        "compress_s": compress_s, "fit_s": seconds, "predict_s": predict_s, "values": list(found.values),
        "sum_expected": float(told[0].sum()), "mean_alive": float(told[1].mean()), "distinct_rows": len(rows),
    }  # fmt: skip


def peer(python: str, path: Path, library: str, model: str) -> dict[str, Any] | None:
    script = Path(__file__).parent / "peers_of_purchase_models.py"
    done = subprocess.run([python, str(script), str(path), library, model], capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        print(f"{library} {model} failed: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    return dict(json.loads(lines[-1].removeprefix("RESULT ")))


def rounded(found: dict[str, Any]) -> dict[str, Any]:
    return {
        name: round(value, 3) if name.endswith("_s") else [float(f"{item:.6g}") for item in value] if name == "values" else value
        for name, value in found.items()
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--peers", help="the Python of an environment with lifetimes and pymc-marketing")
    parser.add_argument("--slow", action="store_true", help="let the peers fit Pareto/NBD to all customers")
    options = parser.parse_args()
    data = made(options.customers)
    report: dict[str, Any] = {"customers": options.customers, "repeat": int((data["x"] > 0).sum())}
    few = {name: values[: options.customers // 20] for name, values in data.items()}
    equal = True
    for model in MODELS:
        report[model] = {"satsuma": rounded(ours(model, data))}
    report["peak_gib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2, 2)
    if options.peers is None:
        print("lifetimes and pymc-marketing: left out; name their Python with --peers.", file=sys.stderr)
    else:
        FOLDER.mkdir(exist_ok=True)
        paths = {"all": FOLDER / "purchases.npz", "few": FOLDER / "purchases_few.npz"}
        np.savez(paths["all"], horizon=np.float64(HORIZON), **data)
        np.savez(paths["few"], horizon=np.float64(HORIZON), **few)
        for model in MODELS:
            is_few = model == "Pareto/NBD" and not options.slow
            mine = ours(model, few) if is_few else report[model]["satsuma"]
            if is_few:
                report[model][f"satsuma_{options.customers // 20}"] = rounded(mine)
            for library in ("lifetimes", "pymc-marketing"):
                other = peer(options.peers, paths["few" if is_few else "all"], library, model)
                if other is None:
                    continue
                difference = max(abs(a / b - 1.0) for a, b in zip(other["values"], mine["values"], strict=True))
                # The peers stop their search at three to six digits, and pymc-marketing has weak priors by default;
                # more than a hundredth is another answer.
                equal &= difference < 1e-2
                report[model][library] = {
                    **rounded(other),
                    "times_as_long": round(other["fit_s"] / (mine["fit_s"] + mine.get("compress_s", 0.0)), 1),
                    "largest_relative_difference": float(f"{difference:.1e}"),
                }
        report["estimates_equal"] = equal
    print(json.dumps(report))
    if not equal:
        sys.exit("The estimates differ.")


if __name__ == "__main__":
    main()
