"""Accounts are evaluated by the same code as customers: their traits, their members' events, ranks, lists, methods."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest

import satsuma.segments.methods  # noqa: F401  registers how segmentations are computed
from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.columns import unpack
from satsuma.evaluation.context import Evaluation
from satsuma.evaluation.roster import some_accounts, some_customers
from satsuma.language.reference import Account, Customer, Event
from small_world import checked, fill, member_ids, moment_of, run

NOW = datetime(2024, 7, 1)
MOMENT = moment_of("2024-07-01")
CATALOG = Catalog(
    traits={
        "age": TraitInfo(type="integer"),
        "industry": TraitInfo(type="text", entity="account"),
        "employees": TraitInfo(type="integer", entity="account"),
    },
    events={"Order Completed": EventInfo(properties={"category": PropertyInfo(type="text")})},
)


def order(number: int, days_ago: float, revenue: int = 10, category: str = "Books") -> Event:
    properties = {"revenue": Decimal(revenue), "category": category}
    at = NOW - timedelta(days=days_ago)
    return Event(name="Order Completed", time=at, event_id=UUID(int=number).hex, properties=properties)


PEOPLE = [
    Customer(id="ann", traits={"age": 30}, events=[order(1, 100), order(2, 5)]),
    Customer(id="bob", traits={"age": 40}, events=[order(3, 50, 20, "Toys")]),
    Customer(id="cid", events=[order(4, 1, 1)]),
    Customer(id="gone", events=[order(5, 3, 1000)], is_erased=True),
]
ACCOUNTS = [
    Account(id="acme", traits={"industry": "software", "employees": 10}, members=frozenset({"ann", "bob", "gone"})),
    Account(id="books", traits={"industry": "retail", "employees": 200}, members=frozenset({"ann"})),
    Account(id="later", traits={"industry": "software"}, members=frozenset({"cid"}), first_seen=datetime(2024, 7, 2)),
    Account(id="empty", traits={"employees": 3}),
]


@pytest.fixture
def engine() -> Iterator[DuckDB]:
    warehouse = DuckDB(None)
    fill(warehouse, CATALOG, PEOPLE, ACCOUNTS)
    yield warehouse
    warehouse.close()


def of_accounts(engine: DuckDB, files: dict[str, Any], **options: Any) -> Evaluation:
    lists = ["chosen"] if "lists_folder" in options else []
    found = {path: {"entity": "account", **body} for path, body in files.items()}
    return run(engine, checked(found, CATALOG, lists=lists), MOMENT, **options).of("account")


def accounts(engine: DuckDB, where: Any, **options: Any) -> set[str]:
    evaluation = of_accounts(engine, {"segments/asked": {"where": where}}, **options)
    return member_ids(evaluation, ACCOUNTS, "asked")


def customers(engine: DuckDB, where: Any, people: Sequence[Customer] = PEOPLE, **options: Any) -> set[str]:
    files = {
        "segments/asked": {"where": where},
        "segments/software": {"entity": "account", "where": {"trait": "industry", "eq": "software"}},
    }
    return member_ids(run(engine, checked(files, CATALOG), MOMENT, **options), people, "asked")


def labels(engine: DuckDB, settings: dict[str, Any], **more: Any) -> dict[str, str]:
    """Return the label of each account of the population."""
    found = of_accounts(engine, {**more, "segmentations/asked": settings}).labels["asked"]
    codes = found.codes.tolist()
    return {account.id: found.names[code] for account, code in zip(ACCOUNTS, codes, strict=True) if code >= 0}


def test_an_account_is_in_the_population_from_when_it_is_first_seen(engine: DuckDB) -> None:
    assert accounts(engine, {"not": {"trait": "industry", "eq": "nothing"}}) == {"acme", "books", "empty"}


def test_the_events_of_an_account_are_those_of_its_members(engine: DuckDB) -> None:
    files = {"traits/revenue": {"from": {"did": "Order Completed", "sum": {"of": "revenue"}}},
             "traits/last": {"from": {"did": "Order Completed", "last": {"of": "category"}}}}  # fmt: skip
    evaluation = of_accounts(engine, files)
    revenue = [evaluation.column("revenue").python(number) for number in range(4)]
    assert revenue == [Decimal(40), Decimal(20), Decimal(1), Decimal(0)], "nothing of who was erased"
    assert [evaluation.column("last").python(number) for number in range(4)] == ["Books", "Books", "Books", None]


def test_somebody_linked_twice_to_an_account_counts_once(engine: DuckDB) -> None:
    engine.execute("INSERT INTO account_members (account_no, customer_no, role) VALUES (1, 0, 'owner')")
    assert accounts(engine, {"did": "Order Completed", "count": {"eq": 2}}) == {"books"}
    assert customers(engine, {"account": {"all": {"trait": "employees", "gte": 10}}}) == {"ann", "bob"}


def test_it_is_said_once_when_nobody_is_linked_to_an_account(engine: DuckDB) -> None:
    # An account_id among the traits of customers links nobody, and the answer would be empty without a word.
    asked = {"where": {"account": {"any": {"trait": "industry", "eq": "software"}}}}
    none = {"where": {"account": {"none": {"trait": "employees", "gt": 100}}}}
    busy = {"entity": "account", "where": {"did": "Order Completed"}}
    definitions = checked({"segments/asked": asked, "segments/without": none, "segments/busy": busy}, CATALOG)
    assert not run(engine, definitions, MOMENT).warnings
    engine.execute("DELETE FROM account_members")
    (warning,) = run(engine, definitions, MOMENT).warnings
    assert "no customer is linked" in warning
    assert "satsuma load FILE --as accounts" in warning


def test_a_formula_computes_a_trait_of_accounts(engine: DuckDB) -> None:
    files = {
        "traits/orders": {"from": {"did": "Order Completed"}},
        "traits/per_head": {"formula": "orders / employees"},
        "segments/asked": {"where": {"trait": "per_head", "gte": 0.1}},
    }
    assert member_ids(of_accounts(engine, files), ACCOUNTS, "asked") == {"acme"}


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"any": {"in_segment": "software"}}, {"ann", "bob"}),
        ({"all": {"in_segment": "software"}}, {"bob"}),
        ({"none": {"in_segment": "software"}}, {"cid"}),
        ({"all": {"not_in_segment": "software"}}, set()),
        ({"any": {"not": {"in_segment": "software"}}}, {"ann"}),
        ({"any": {"rank": "employees", "top": 1}}, {"ann"}),
        ({"any": {"did": "Order Completed", "sum": {"of": "revenue", "gt": 30}}}, {"ann", "bob"}),
    ],
)
def test_customers_are_asked_about_their_accounts(engine: DuckDB, where: Any, expected: set[str]) -> None:
    assert customers(engine, {"account": where}) == expected


def test_some_customers_are_asked_about_their_accounts_at_their_own_places(engine: DuckDB) -> None:
    some = [PEOPLE[1], PEOPLE[2]]
    roster = some_customers(np.array([1, 2], np.uint32))
    assert customers(engine, {"account": {"all": {"in_segment": "software"}}}, some, roster=roster) == {"bob"}
    assert customers(engine, {"account": {"none": {"in_segment": "software"}}}, some, roster=roster) == {"cid"}


def test_some_accounts_stand_at_their_own_places(engine: DuckDB) -> None:
    files = {"segments/asked": {"entity": "account", "where": {"did": "Order Completed", "count": {"gte": 2}}}}
    roster = some_accounts(engine, np.array([1, 3], np.uint32))
    evaluation = run(engine, checked(files, CATALOG), MOMENT, roster=roster)
    assert unpack(evaluation.members["asked"], evaluation.size).tolist() == [True, False]


def test_a_rank_and_a_percentile_are_among_accounts(engine: DuckDB) -> None:
    assert accounts(engine, {"rank": "employees", "top": "50%"}) == {"acme", "books"}
    assert accounts(engine, {"trait": "employees", "percentile": {"gt": 50}}) == {"books"}
    assert accounts(engine, {"rank": "first_seen", "bottom": 5}) == set()


def test_a_random_share_is_drawn_by_the_id_of_the_account(engine: DuckDB) -> None:
    def drawn(account: str) -> bool:
        digest = hashlib.md5(f"spring:{account}".encode(), usedforsecurity=False).digest()
        return int.from_bytes(digest[:8], "big") < 2**63

    expected = {account.id for account in ACCOUNTS if drawn(account.id)} - {"later"}
    assert accounts(engine, {"random": {"percent": 50, "salt": "spring"}}) == expected


def test_a_list_holds_ids_of_accounts(engine: DuckDB, tmp_path: Path) -> None:
    (tmp_path / "chosen.csv").write_text("account_id,customer_id\nacme,ann\nlater,cid\n", encoding="utf-8")
    assert accounts(engine, {"list": "chosen"}, lists_folder=tmp_path) == {"acme"}
    (tmp_path / "chosen.csv").write_text("acme\nempty\nnobody\n", encoding="utf-8")
    evaluation = of_accounts(engine, {"segments/asked": {"where": {"list": "chosen"}}}, lists_folder=tmp_path)
    assert member_ids(evaluation, ACCOUNTS, "asked") == {"acme", "empty"}
    assert evaluation.warnings == ["The list 'chosen' holds 1 ids that no account has."]


def test_bands_and_rules_label_accounts(engine: DuckDB) -> None:
    bands = {"method": "bands", "trait": "employees", "cuts": [5, 100], "missing": "None"}
    assert labels(engine, bands) == {"acme": "5 to 99", "books": "100 and over", "empty": "Under 5"}
    rules = {
        "method": "rules",
        "rules": [{"label": "Buys", "where": {"did": "Order Completed"}},
                  {"label": "Known", "where": {"trait": "employees", "is_set": True}}],
    }  # fmt: skip
    assert labels(engine, rules) == {"acme": "Buys", "books": "Buys", "empty": "Known"}
    cross = {"method": "cross", "of": ["sizes", "kinds"]}
    found = labels(engine, cross, **{"segmentations/sizes": bands, "segmentations/kinds": rules})
    assert found == {"acme": "5 to 99 / Buys", "books": "100 and over / Buys", "empty": "Under 5 / Known"}


def test_methods_on_events_label_accounts(engine: DuckDB) -> None:
    # By thresholds nothing is fitted: a recency up to 10 days, at least 3 orders, at least 30 in money score 2.
    limits = {"recency": [10], "frequency": [3], "monetary": [30]}
    cells = {"Best": ["222"], "Rest": ["111", "112", "121", "122", "211", "212", "221"]}
    rfm = {"method": "rfm", "scores": 2, "thresholds": limits, "map": cells}
    assert labels(engine, rfm) == {"acme": "Best", "books": "Rest", "empty": "No orders"}
    lifecycle = {"method": "lifecycle", "typical": "30d"}
    assert labels(engine, lifecycle) == {"acme": "Active", "books": "Active", "empty": "Prospect"}
    favourite = {"method": "affinity", "event": "Order Completed", "of": "category", "at_least": 1}
    rest = "No clear preference"
    assert labels(engine, favourite) == {"acme": rest, "books": rest, "empty": rest}


def test_customers_alone_do_not_ask_for_accounts(engine: DuckDB) -> None:
    files = {"segments/asked": {"where": {"did": "Order Completed"}}}
    assert run(engine, checked(files, CATALOG), MOMENT).accounts is None
