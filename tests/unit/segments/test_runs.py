"""Runs: what is kept, what changed and why, and what a crash leaves behind."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pyroaring import BitMap

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo
from satsuma.engines.duckdb import DuckDB
from satsuma.errors import NotFound, WorkspaceError, WrongUse
from satsuma.language.checker import Checked, Vocabulary
from satsuma.language.definitions import check_all, read_folder
from satsuma.segments.bitmap_file import BitmapFile, write_bitmaps
from satsuma.segments.preview import preview_segment
from satsuma.segments.run import RunOutcome, run_definitions
from satsuma.segments.store import RunStore
from satsuma.segments.views import outdated, segment_view, segmentation_view, trait_values

ZONE = ZoneInfo("Europe/Paris")
AS_OF = datetime(2024, 7, 1)
CATALOG = Catalog(
    traits={"country": TraitInfo(type="text")},
    events={
        "Order Completed": EventInfo(properties={"channel": PropertyInfo(type="text")}),
        "Order Refunded": EventInfo(),
    },
)


class Shop:
    """A small workspace folder with four customers, run by hand."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.engine = DuckDB(None)
        self.engine.create_schema()
        self.engine.execute("ALTER TABLE customers ADD COLUMN country VARCHAR")
        self.engine.execute("""
            INSERT INTO customers (customer_no, customer_id, first_seen, country) VALUES
            (0, 'ann', '2024-01-01', 'FR'), (1, 'Bob', '2024-01-01', 'BE'), (2, 'cid', NULL, NULL),
            (3, 'dan', '2025-01-01', 'FR')""")
        self.load(1)
        self.order(1, 0, "2024-05-01", 50)
        self.order(2, 0, "2024-06-20", 70)
        self.order(3, 1, "2024-06-10", 20)
        self.write("segments/buyers", "segment: buyers\ntitle: Buyers\nwhere: {did: Order Completed}\n")
        self.write("segments/french", "segment: french\nwhere: {trait: country, eq: FR}\n")
        self.write("segments/fresh", "segment: fresh\nwhere: {did: Order Completed, within: 30d}\n")

    def order(self, number: int, customer: int, time: str, revenue: int, *, load: int = 1) -> None:
        self.engine.execute(
            "INSERT INTO events (event_id, customer_no, name, time, received_at, revenue, load_id) "
            f"VALUES (md5('{number}')::UUID, {customer}, 'Order Completed', '{time}', '{time}', {revenue}, {load})"
        )

    def load(self, number: int) -> None:
        self.engine.execute(
            f"INSERT INTO loads VALUES ({number}, '2024-07-02', 'orders', ['x'], '{{}}'::JSON, '{{}}'::JSON)"
        )

    def write(self, name: str, text: str) -> None:
        path = self.root / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def checked(self, extra: object = None) -> Checked:
        return check_all(read_folder(self.root, ZONE), Vocabulary(catalog=CATALOG, zone=ZONE), extra=extra)  # type: ignore[arg-type]

    def run(self, as_of: datetime = AS_OF, *, refit: bool = False) -> RunOutcome:
        return run_definitions(
            self.engine, self.checked(), as_of=as_of, known_at=None, now=AS_OF, clock=lambda: AS_OF, root=self.root,
            refit=refit,
        )  # fmt: skip

    def row(self, outcome: RunOutcome, name: str) -> dict[str, object]:
        return next(dict(row) for row in outcome.segments if row["name"] == name)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_a_run_gives_size_share_of_the_population_and_net_revenue(shop: Shop) -> None:
    outcome = shop.run()
    assert outcome.facts["population"] == 3  # dan was first seen later
    row = shop.row(outcome, "buyers")
    assert (row["size"], row["share"], row["value"]) == (2, pytest.approx(2 / 3), 140.0)
    assert shop.row(outcome, "french")["value"] == 120.0


def test_a_refund_is_taken_from_the_value(shop: Shop) -> None:
    shop.engine.execute(
        "INSERT INTO events (event_id, customer_no, name, time, received_at, revenue, load_id) "
        "VALUES (md5('r')::UUID, 0, 'Order Refunded', '2024-06-21', '2024-06-21', 30.5, 1)"
    )
    assert shop.row(shop.run(), "french")["value"] == 89.5


def test_ids_are_sorted_by_code_point(shop: Shop) -> None:
    shop.run()
    assert segment_view(shop.engine, shop.root, "buyers").customer_ids() == ["Bob", "ann"]


def test_the_same_run_again_changes_nothing(shop: Shop) -> None:
    shop.run()
    again = shop.run()
    assert all((row["entered"], row["left"], row["causes"]) == (0, 0, {}) for row in again.segments)


def test_a_first_run_names_the_definition_as_the_cause(shop: Shop) -> None:
    row = shop.row(shop.run(), "buyers")
    assert (row["entered"], row["causes"], row["previous_size"]) == (2, {"entered/definition": 2}, None)


def test_a_new_event_is_the_cause_of_its_change(shop: Shop) -> None:
    shop.run()
    shop.load(2)
    shop.order(4, 2, "2024-06-30", 10, load=2)
    outcome = shop.run()
    assert shop.row(outcome, "buyers")["causes"] == {"entered/event": 1}
    stored = RunStore(shop.engine, shop.root / "state").required()
    assert stored.changes.read("buyers/entered/event") == BitMap([2])


def test_time_alone_is_the_cause_when_nothing_arrived(shop: Shop) -> None:
    shop.run()
    assert shop.row(shop.run(AS_OF + timedelta(days=15)), "fresh")["causes"] == {"left/clock": 1}


def test_a_changed_definition_is_the_cause_for_everybody(shop: Shop) -> None:
    shop.run()
    shop.write("segments/buyers", "segment: buyers\nwhere: {did: Order Completed, count: {gte: 2}}\n")
    assert shop.row(shop.run(), "buyers")["causes"] == {"left/definition": 1}


def test_a_changed_title_is_no_change_of_meaning_for_members(shop: Shop) -> None:
    shop.run()
    shop.write("segments/buyers", "segment: buyers\ntitle: All buyers\nwhere: {did: Order Completed}\n")
    assert shop.row(shop.run(), "buyers")["causes"] == {}


def test_looking_back_is_a_backfill(shop: Shop) -> None:
    shop.run()
    assert shop.row(shop.run(datetime(2024, 5, 15)), "buyers")["causes"] == {"left/backfill": 1}


def test_looking_at_what_was_known_at_another_time_is_a_backfill(shop: Shop) -> None:
    shop.engine.execute("UPDATE events SET received_at = '2024-06-30' WHERE customer_no = 1")
    shop.run()
    options = {"now": AS_OF, "clock": lambda: AS_OF, "root": shop.root, "as_of": AS_OF}
    then = run_definitions(shop.engine, shop.checked(), known_at=datetime(2024, 6, 29), **options)  # type: ignore[arg-type]
    assert shop.row(then, "buyers")["causes"] == {"left/backfill": 1}
    assert shop.row(shop.run(), "buyers")["causes"] == {"entered/backfill": 1}


def test_a_change_reaches_those_who_read_it(shop: Shop) -> None:
    shop.write("segments/quiet", "segment: quiet\nwhere: {not_in_segment: buyers}\n")
    shop.run()
    shop.write("segments/buyers", "segment: buyers\nwhere: {did: Order Completed, count: {gte: 2}}\n")
    assert shop.row(shop.run(), "quiet")["causes"] == {"entered/definition": 1}


def test_what_a_crash_left_is_swept_and_the_last_run_stays(shop: Shop) -> None:
    shop.run()
    runs = shop.root / "state" / "runs"
    (runs / ".000002.draft").mkdir()
    (runs / "000009").mkdir()
    (runs / "000009" / "members.bitmaps").write_bytes(b"half")
    store = RunStore(shop.engine, shop.root / "state")
    store.sweep()
    assert sorted(path.name for path in runs.iterdir()) == ["000001"]
    assert len(store.required().members("buyers")) == 2


def test_a_crash_before_the_record_leaves_the_results_of_the_run_before(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.run()
    real = shop.engine.execute

    def dying(statement: str, parameters: object = None) -> None:
        if statement.startswith("INSERT INTO runs"):
            raise KeyboardInterrupt
        real(statement, parameters)

    monkeypatch.setattr(shop.engine, "execute", dying)
    shop.write("segments/buyers", "segment: buyers\nwhere: {not_did: Order Completed}\n")
    with pytest.raises(KeyboardInterrupt):
        shop.run()
    monkeypatch.undo()
    assert segment_view(shop.engine, shop.root, "buyers").customer_ids() == ["Bob", "ann"]
    assert shop.row(shop.run(), "buyers")["size"] == 1


def test_a_damaged_file_of_bitmaps_is_said(tmp_path: Path) -> None:
    path = tmp_path / "members.bitmaps"
    path.write_bytes(b"nothing")
    with pytest.raises(WorkspaceError, match="damaged"):
        BitmapFile(path)


def test_bitmaps_come_back_as_they_went(tmp_path: Path) -> None:
    blobs = {"a": BitMap([1, 5, 70_000]).serialize(), "b": BitMap().serialize()}
    write_bitmaps(tmp_path / "x", blobs)
    file = BitmapFile(tmp_path / "x")
    assert (file.read("a"), file.read("b"), file.read("c")) == (BitMap([1, 5, 70_000]), BitMap(), BitMap())


def test_results_before_any_run_say_what_to_do(shop: Shop) -> None:
    with pytest.raises(WorkspaceError) as caught:
        segment_view(shop.engine, shop.root, "buyers")
    assert "satsuma run" in caught.value.hint


def test_an_unknown_segment_is_answered_with_the_nearest(shop: Shop) -> None:
    shop.run()
    with pytest.raises(NotFound, match="Did you mean 'buyers'"):
        segment_view(shop.engine, shop.root, "buyer")


@pytest.mark.parametrize(
    "text",
    [
        "segment: x\nwhere: {did: Order Completed}\n",
        "where: {did: Order Completed}\n",
        "{did: Order Completed}",
        '{"where": {"did": "Order Completed"}}',
        "all:\n  - {did: Order Completed}\n",
        "{did: Order Completed, where: {prop: revenue, gte: 1}}",
    ],
)
def test_a_preview_takes_a_definition_its_condition_or_json(shop: Shop, text: str) -> None:
    found = preview_segment(shop.engine, shop.checked, text, file="<text>", zone=ZONE, as_of=AS_OF, root=shop.root)
    assert (found.size, found.share, found.value) == (2, pytest.approx(2 / 3), 140.0)


def test_a_preview_of_a_known_name_takes_its_place_and_keeps_nothing(shop: Shop) -> None:
    shop.run()
    text = "segment: buyers\nwhere: {did: Order Completed, count: {gte: 2}}\n"
    found = preview_segment(shop.engine, shop.checked, text, file="<text>", zone=ZONE, as_of=AS_OF, root=shop.root)
    assert found.size == 1
    assert segment_view(shop.engine, shop.root, "buyers").size == 2


def test_members_come_with_loaded_and_computed_traits_in_three_forms(shop: Shop) -> None:
    shop.write("traits/orders", "trait: orders\nfrom: {did: Order Completed}\n")
    shop.run()
    view = segment_view(shop.engine, shop.root, "buyers")
    table = view.customers(["country", "orders"])
    assert table.to_pydict() == {"customer_id": ["Bob", "ann"], "country": ["BE", "FR"], "orders": [1, 2]}
    assert list(view.customers(["orders"], form="pandas")["orders"]) == [1, 2]
    assert view.customers(["orders"], form="polars")["orders"].to_list() == [1, 2]
    with pytest.raises(WrongUse):
        view.customers(form="excel")  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="Did you mean 'orders'"):
        view.customers(["order"])


def test_values_of_a_trait_cover_the_population_with_missing_as_null(shop: Shop) -> None:
    shop.run()
    assert trait_values(shop.engine, shop.root, "country").to_pydict() == {
        "customer_id": ["Bob", "ann", "cid"], "value": ["BE", "FR", None]
    }  # fmt: skip


def test_everybody_has_exactly_one_label(shop: Shop) -> None:
    shop.write(
        "segmentations/by_country", "segmentation: by_country\nmethod: bands\ntrait: country\nvalues: [FR, BE]\n"
    )
    shop.run()
    view = segmentation_view(shop.engine, shop.root, "by_country")
    assert sum(row["size"] for row in view.labels) == 3
    assert view.assignments().to_pydict()["customer_id"] == ["Bob", "ann", "cid"]


def test_a_kept_fit_stays_until_asked_for_another(shop: Shop) -> None:
    shop.write("traits/revenue", "trait: revenue\nfrom: {did: Order Completed, sum: {of: revenue}}\n")
    shop.write("segmentations/halves", "segmentation: halves\nmethod: bands\ntrait: revenue\nquantiles: 2\n")
    shop.write("segments/upper", "segment: upper\nwhere: {trait: revenue, gte: 1}\n")
    shop.run()
    store = RunStore(shop.engine, shop.root / "state")
    fitted = store.required().models["halves"]
    shop.load(2)
    shop.order(9, 2, "2024-06-30", 900, load=2)
    shop.run()
    assert store.required().models["halves"] == fitted
    shop.run(refit=True)
    assert store.required().models["halves"] != fitted


@pytest.mark.parametrize("damage", [b"", b"SATSUMA", b"\xff" * 200, None])
def test_results_that_were_lost_are_a_sentence_and_the_next_run_mends_them(
    tmp_path: Path, damage: bytes | None
) -> None:
    shop = Shop(tmp_path)
    shop.run()
    for path in sorted((tmp_path / "state" / "runs").rglob("*")):
        if not path.is_file():
            continue
        if damage is None:
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[: len(damage)] if damage == b"SATSUMA" else damage)
    with pytest.raises(WorkspaceError, match="of a run is"):
        segment_view(shop.engine, tmp_path, "buyers").customers()
    with pytest.raises(WorkspaceError, match="of a run is"):
        trait_values(shop.engine, tmp_path, "orders")
    again = shop.run()
    assert any("missing or damaged" in warning for warning in again.warnings)
    assert segment_view(shop.engine, tmp_path, "buyers").customers().num_rows == 2


def test_what_is_new_changed_or_gone_since_the_run_is_named(shop: Shop) -> None:
    shop.run()
    assert outdated(shop.engine, shop.root, shop.checked()) == []
    shop.write("segments/buyers", "segment: buyers\nwhere: {not_did: Order Completed}\n")
    shop.write("segments/brand_new", "segment: brand_new\nwhere: {did: Order Completed}\n")
    (shop.root / "segments" / "french.yaml").unlink()
    assert outdated(shop.engine, shop.root, shop.checked()) == ["brand_new", "buyers", "french"]
