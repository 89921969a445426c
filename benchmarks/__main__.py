"""Run every benchmark, each in a process of its own, and print what each found as one line of JSON."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

SCRIPTS = (
    "bench_load.py",
    "bench_rfm.py",
    "bench_segments.py",
    "bench_refresh.py",
    "bench_stored.py",
    "bench_sequences.py",
    "bench_history.py",
    "bench_purchase_models.py",
    "bench_lifetime_value.py",
    "bench_clustering_mixed.py",
    "bench_clustering.py",
    "bench_discover.py",
    "bench_evidence.py",
    "bench_collect.py",
)


#: Asks for more than the others: PySpark and Java.
ON_SPARK = "bench_spark.py"


def main() -> int:
    failed = 0
    has_spark = importlib.util.find_spec("pyspark") is not None and shutil.which("java") is not None
    if not has_spark:
        print(f"{ON_SPARK}: left out; it needs the extra 'spark' and Java.", flush=True)
    for script in (*SCRIPTS, *([ON_SPARK] if has_spark else [])):
        print(f"{script}:", flush=True)
        failed += subprocess.run([sys.executable, str(Path(__file__).parent / script)], check=False).returncode != 0
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
