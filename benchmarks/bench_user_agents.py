"""How many distinct user agents a second are parsed: SATSUMA_TEST_DATA names the folder with the published ones."""

from __future__ import annotations

import csv
import gzip
import os
import time
from pathlib import Path

from satsuma.quality.devices import read_device


def main() -> None:
    folder = Path(os.environ["SATSUMA_TEST_DATA"]) / "technographic"
    texts: dict[str, None] = {}
    for path in sorted(folder.glob("uap_*.csv.gz")):
        with gzip.open(path, "rt", newline="", encoding="utf-8") as file:
            texts |= dict.fromkeys(row["user_agent_string"] for row in csv.DictReader(file))
    read_device("")
    for turn in ("first, rules are compiled as they are needed", "then"):
        wall, processor = time.perf_counter(), time.process_time()
        for text in texts:
            read_device(text)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        print(
            f"{len(texts):,} distinct, {turn}: {len(texts) / wall:,.0f} a second, "
            f"{len(texts) / processor:,.0f} a second of one core"
        )


if __name__ == "__main__":
    main()
