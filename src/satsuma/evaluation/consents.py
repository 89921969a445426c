"""Who has decided what about a purpose, as of a moment and as it was known."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from satsuma.engines.duckdb import literal
from satsuma.engines.engine import Engine
from satsuma.evaluation.columns import Mask
from satsuma.evaluation.context import Evaluation
from satsuma.evaluation.population import on_roster, placed
from satsuma.language.types import ConsentLeaf


def decided_purposes(engine: Engine) -> frozenset[str]:
    """Return the purposes that anybody has decided upon."""
    return frozenset(str(row[0]) for row in engine.rows("SELECT DISTINCT purpose FROM consents"))


def decided(leaf: ConsentLeaf, evaluation: Evaluation) -> Mask:
    """Say whose last decision about a purpose is the one asked for; `unknown` is to have decided nothing.

    The last is by time, then by when it was received; of two at once a refusal holds.
    """
    as_of, roster, dialect = evaluation.as_of, evaluation.roster, evaluation.engine.dialect
    counts = f"time <= {dialect.render(dialect.moment(as_of.moment.as_of))}"
    if as_of.known_at is not None:
        counts += f" AND received_at <= {dialect.render(dialect.moment(as_of.known_at))}"
    # In the order of the alphabet 'denied' comes before 'granted'.
    with on_roster(evaluation.engine, roster, "customer_no") as (handle, chosen):
        table = handle.table(
            f"""SELECT customer_no, status FROM (
                SELECT customer_no, status, row_number() OVER (
                    PARTITION BY customer_no ORDER BY time DESC, received_at DESC, status) AS place
                FROM consents
                WHERE purpose = {literal(leaf.purpose)} AND customer_no IS NOT NULL AND {counts}{chosen}) AS decisions
            WHERE place = 1"""
        )
    places = placed(roster, table.column("customer_no").to_numpy())
    found = np.full(evaluation.size, leaf.status == "unknown")
    if leaf.status == "unknown":
        found[places] = False
    else:
        found[places] = pc.equal(table.column("status"), leaf.status).to_numpy()
    return found
