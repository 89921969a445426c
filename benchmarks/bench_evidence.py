"""Evidence cards of 100 segments on 1 M customers and about 20 traits, beside SciPy asked trait by trait.

    python benchmarks/bench_evidence.py [--customers 1000000] [--events 20000000] [--segments 100] [--asked 2]

The other side is what an analyst writes: a Mann-Whitney test (or a chi-square of words) for each trait and segment. A
few segments are asked and scaled up; their p values must be equal. It gives effects and p values alone: no control,
nothing about worth, reach, overlap, what followed or drift.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

import made
import numpy as np
from scipy.stats import chi2_contingency, mannwhitneyu

from satsuma import Workspace, scaffold
from satsuma.catalog import render_catalog
from satsuma.evidence.traits import described


def workspace(folder: Path, options: argparse.Namespace) -> Workspace:
    """Return a workspace of made-up customers with so many segments, computed."""
    engine = made.warehouse(options.events, options.customers)
    engine.execute("CHECKPOINT")
    engine.close()
    shop = Workspace.create(folder / "shop", timezone="Europe/Paris", currency="EUR")
    shutil.copy(made.FOLDER / f"made_{options.events}_{options.customers}.duckdb", shop.path / scaffold.WAREHOUSE)
    (shop.path / "catalog.yaml").write_text(render_catalog(made.CATALOG, ""), encoding="utf-8")
    for number, text in enumerate(made.random_segments(options.segments)):
        (shop.path / "segments" / f"s{number}.yaml").write_text(text, encoding="utf-8")
    shop.run(as_of=f"{made.AS_OF.replace(' ', 'T')}Z")
    return shop


def asked(shop: Workspace, names: list[str]) -> tuple[dict[tuple[str, str], float], float]:
    """Return SciPy's p value of each segment and trait, and the seconds that it took."""
    frame = shop.frame()
    traits = described(frame)
    found = {}
    start = time.perf_counter()
    for name in names:
        mask = frame.members(name)
        for trait in traits:
            inside, outside = trait.values[trait.known & mask], trait.values[trait.known & ~mask]
            if trait.measured == "category":
                size = len(trait.words)
                table = [np.bincount(part.astype(np.int64), minlength=size) for part in (inside, outside)]
                found[name, trait.name] = float(chi2_contingency(table).pvalue)
            else:
                found[name, trait.name] = float(mannwhitneyu(inside, outside, method="asymptotic").pvalue)
    return found, time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--segments", type=int, default=100)
    parser.add_argument("--asked", type=int, default=2, help="segments that SciPy is asked about")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, workspace(Path(folder), options) as shop:
        start, cpu = time.perf_counter(), time.process_time()
        stored = shop.evidence(looks_back=False)
        stored_seconds, stored_cpu = time.perf_counter() - start, time.process_time() - cpu
        start, cpu = time.perf_counter(), time.process_time()
        found = shop.evidence()
        seconds, found_cpu = time.perf_counter() - start, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        chosen = [card for card in stored.segments if card.is_told][: options.asked]
        said, other = asked(shop, [card.name for card in chosen])
    wrong = [
        (card.name, effect.trait)
        for card in chosen
        for effect in card.separation.effects
        if effect.p is not None and not np.isclose(effect.p, said[card.name, effect.trait], rtol=1e-6, atol=1e-300)
    ]
    scaled = other * len(stored.segments) / max(len(chosen), 1)
    verdicts = [card.verdict.word for card in found.segments]
    print(
        json.dumps(
            {
                "customers": options.customers,
                "events": options.events,
                "segments": len(found.segments),
                "traits": len(found.traits),
                "from_the_run_s": round(stored_seconds, 2),
                "from_the_run_cpu_s": round(stored_cpu, 2),
                "with_the_past_s": round(seconds, 2),
                "with_the_past_cpu_s": round(found_cpu, 2),
                "scipy_s": round(scaled, 1),
                "scipy_segments_timed": len(chosen),
                "ratio": round(scaled / stored_seconds, 1),
                "peak_gib": round(peak, 2),
                "verdicts": {word: verdicts.count(word) for word in sorted(set(verdicts))},
                "p_values_equal": not wrong,
            }
        )
    )
    if wrong:
        sys.exit(f"{len(wrong)} p values differ from SciPy's: {wrong[:5]}")


if __name__ == "__main__":
    main()
