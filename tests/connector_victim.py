"""A process to be killed: reads a source again and again, every page a batch. WORKSPACE."""

from __future__ import annotations

import sys
from pathlib import Path

from satsuma.connectors import syncing
from satsuma.workspace import Workspace

syncing.BATCH_RECORDS = 1


def main() -> None:
    with Workspace.open(Path(sys.argv[1])) as shop:
        _ = shop.ledger
        print("begun", flush=True)
        shop.sources.sync("it")
        print("done", flush=True)


if __name__ == "__main__":
    main()
