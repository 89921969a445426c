"""Run every benchmark, each in a process of its own, and print what each found as one line of JSON."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPTS = ("bench_load.py", "bench_rfm.py", "bench_segments.py")


def main() -> int:
    failed = 0
    for script in SCRIPTS:
        print(f"{script}:", flush=True)
        failed += subprocess.run([sys.executable, str(Path(__file__).parent / script)], check=False).returncode != 0
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
