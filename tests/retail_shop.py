"""A workspace with Online Retail in it: loaded once for all tests of one run, and copied for each module that asks."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

import pytest

from satsuma.workspace import Workspace

#: The folder of real data, or None.
DATA = os.environ.get("SATSUMA_TEST_DATA")


def retail_shop(tmp_path_factory: pytest.TempPathFactory, *, timezone: str = "UTC") -> Workspace:
    """Return a workspace of its own that holds every line of the file.

    Parameters
    ----------
    timezone : of the workspace, and so of the file's times.
    """
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    loaded = shared / f"online_retail_{timezone.replace('/', '_')}"
    with (shared / f"{loaded.name}.lock").open("w") as lock:
        # Whichever process comes first loads; the others wait for it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not loaded.exists():
            shop = Workspace.create(shared / f"{loaded.name}.part", timezone=timezone, currency="GBP")
            shop.load(Path(str(DATA)) / "transactions" / "online_retail.parquet", kind="order-lines")
            shop.close()
            shop.path.rename(loaded)
    folder = tmp_path_factory.mktemp("retail") / "shop"
    shutil.copytree(loaded, folder)
    return Workspace.open(folder)
