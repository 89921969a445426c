"""`method: clusters` from the warehouse to everybody's label: learned anew, and from the kept model.

    python benchmarks/bench_discover.py [--customers 1000000]

The warehouse holds the 20 mixed traits of `bench_clustering.py` as columns. A run reads them, draws the sample by the
digest of ids, encodes, decides how many groups there are, fits, and gives everybody a group. Beside it, in the same
process: scikit-learn's KMeans called directly on the encoded matrix, ten starts, which is what a notebook would do.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.cluster import KMeans

import satsuma.segments.methods  # registers how labels are given
import satsuma.traits.evaluate  # noqa: F401  registers how traits are computed
from satsuma.catalog import COLUMN_TYPES, Catalog, TraitInfo, ValueType
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.run import evaluate
from satsuma.evaluation.scan import AsOf
from satsuma.language.checker import Vocabulary
from satsuma.language.definitions import ReadDefinitions, check_all, read_text
from satsuma.language.durations import microseconds
from satsuma.language.moments import Moment
from satsuma.segments.clusters.fitting import groups_from
from satsuma.statistics.clustering.space import points_of
from satsuma.statistics.clustering.stability import adjusted_rand

sys.path.insert(0, str(Path(__file__).parent))
import bench_clustering
import made


def filled(customers: int) -> tuple[DuckDB, Catalog, np.ndarray, list[Any]]:
    """Return a warehouse in memory with the traits, its catalogue, the true groups, and the raw traits."""
    traits, of = bench_clustering.made(customers)
    engine = DuckDB(None)
    engine.create_schema()
    infos: dict[str, TraitInfo] = {}
    columns: dict[str, pa.Array] = {
        "customer_no": pa.array(np.arange(customers, dtype=np.uint32)),
        "customer_id": pa.array([f"c{number:08d}" for number in range(customers)]),
    }
    for trait in traits:
        type_: ValueType = {"money": "number", "number": "number", "category": "text"}[trait.kind]  # type: ignore[assignment]
        infos[trait.name] = TraitInfo(type=type_)
        engine.execute(f"ALTER TABLE customers ADD COLUMN {trait.name} {COLUMN_TYPES[type_]}")
        columns[trait.name] = (
            pa.DictionaryArray.from_arrays(pa.array(trait.values.astype(np.int32)), pa.array(trait.words)).cast(
                "string"
            )
            if trait.kind == "category"
            else pa.array(trait.values)
        )
    table = pa.table(columns)
    engine.register("made_rows", table)
    engine.execute(f"INSERT INTO customers ({', '.join(columns)}) SELECT * FROM made_rows")
    engine.unregister("made_rows")
    return engine, Catalog(traits=infos), of, traits


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=1_000_000)
    options = parser.parse_args()
    engine, catalog, of, traits = filled(options.customers)
    text = f"segmentation: found\nmethod: clusters\ntraits: [{', '.join(catalog.traits)}]\n"
    part = read_text(text, "segmentation", file="found.yaml", stem="found", zone=made.ZONE)
    read = ReadDefinitions(
        definitions=part.definitions, documents=part.documents, problems=part.problems, broken=part.broken
    )
    checked = check_all(read, Vocabulary(catalog=catalog, zone=made.ZONE))
    as_of = AsOf(moment=Moment(microseconds(datetime.fromisoformat(made.AS_OF)), made.ZONE), known_at=None)

    def run(models: dict[str, Any]) -> tuple[float, Any]:
        start = time.perf_counter()
        labels = evaluate(engine, checked, as_of, models=models).labels["found"]
        return time.perf_counter() - start, labels

    learned, labels = run({})
    kept, again = run({"found": labels.model})
    groups = groups_from(labels.model)
    points = points_of(groups.rows(traits), dtype=np.float32)
    start = time.perf_counter()
    peer = KMeans(len(groups.names), n_init=10, random_state=1).fit(points)
    spent = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    report = {
        "customers": options.customers, "traits": len(traits), "verdict": labels.model["choice"]["verdict"],
        "groups": len(groups.names), "learned_and_labelled_s": round(learned, 2), "labelled_from_kept_s": round(kept, 2),
        "same_labels": bool(np.array_equal(labels.codes, again.codes)),
        "adjusted_rand": round(float(adjusted_rand(of, labels.codes)), 4),
        "stability": [round(item["stability"], 3) for item in labels.model["choice"]["candidates"]],
        "scikit_learn_fit_s": round(spent, 2),
        "scikit_learn_adjusted_rand": round(float(adjusted_rand(of, peer.labels_)), 4),
        "times_scikit_learn": round(learned / spent, 2), "peak_gib": round(peak, 2),
    }  # fmt: skip
    print(json.dumps(report))
    if not report["same_labels"]:
        sys.exit("Labels from the kept model differ from those of the fit.")


if __name__ == "__main__":
    main()
