"""The door: creating, opening, refusing; the ledger's record of what was done."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from satsuma import Workspace
from satsuma.errors import DefinitionError, NotFound, SourceError, WorkspaceError, WrongUse
from satsuma.scaffold import DEFINITION_FOLDERS, replace_text


@pytest.fixture
def shop(tmp_path: Path):  # type: ignore[no-untyped-def]
    with Workspace.create(tmp_path / "shop", timezone="Europe/Paris", currency="EUR") as workspace:
        yield workspace


def test_a_new_workspace_has_the_folders_of_the_design(shop: Workspace) -> None:
    assert all((shop.path / folder).is_dir() for folder in (*DEFINITION_FOLDERS, "state"))
    assert {"satsuma.yaml", "catalog.yaml", ".gitignore", "README.md"} <= {item.name for item in shop.path.iterdir()}
    assert shop.settings.name == "shop"
    assert shop.settings.default_region == "FR"
    assert not [item for item in shop.path.parent.iterdir() if item.name.startswith(".")]


def test_data_stay_out_of_version_control(shop: Workspace) -> None:
    ignored = (shop.path / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"/state/", "/warehouse.duckdb*", "/ledger.db*"} <= set(ignored)


def test_an_empty_folder_becomes_a_workspace(tmp_path: Path) -> None:
    Workspace.create(tmp_path, timezone="UTC", currency="USD", name="Empty").close()
    with Workspace.open(tmp_path) as workspace:
        assert workspace.settings.name == "Empty"


def test_an_existing_workspace_is_not_made_again(shop: Workspace) -> None:
    with pytest.raises(WorkspaceError, match="is a workspace already"):
        Workspace.create(shop.path, timezone="UTC", currency="USD")
    assert Workspace.open(shop.path).settings.timezone == "Europe/Paris"


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(WorkspaceError, match="is not empty"):
        Workspace.create(tmp_path, timezone="UTC", currency="USD")
    assert [item.name for item in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_is_no_place_for_a_workspace(tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("", encoding="utf-8")
    with pytest.raises(WorkspaceError, match="is a file"):
        Workspace.create(tmp_path / "shop", timezone="UTC", currency="USD")


def test_a_wrong_setting_creates_nothing(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="not a currency"):
        Workspace.create(tmp_path / "shop", timezone="UTC", currency="euros")
    assert list(tmp_path.iterdir()) == []


def test_opening_something_else_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="is not a workspace") as caught:
        Workspace.open(tmp_path)
    assert "satsuma init" in caught.value.hint
    with pytest.raises(WorkspaceError, match="There is no folder"):
        Workspace.open(tmp_path / "nowhere")


def test_a_workspace_opens_again_after_closing(shop: Workspace) -> None:
    assert shop.data_until() is None
    shop.close()
    assert shop.data_until() is None


def test_a_kind_of_data_that_is_none_is_wrong_use(shop: Workspace) -> None:
    with pytest.raises(WrongUse) as caught:
        shop.load("x.csv", kind="orderlines")
    assert caught.value.facts["nearest"][0] == "order-lines"
    assert "deals" in caught.value.hint


def test_a_failed_load_is_in_the_ledger_by_its_code_alone(shop: Workspace, tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        shop.load(tmp_path / "nothing-there.csv", kind="orders")
    [activity] = shop.activity()
    assert (activity.kind, activity.status, activity.error_code) == ("load", "failed", "source")
    assert activity.finished_at is not None
    assert dict(activity.counts) == {}


def test_what_a_killed_process_left_open_is_marked_interrupted(shop: Workspace) -> None:
    shop.ledger.start("run", datetime(2026, 1, 1))
    shop.close()
    [activity] = shop.activity()
    assert (activity.status, activity.error_code) == ("failed", "interrupted")


def test_an_unknown_load_has_no_quarantine(shop: Workspace) -> None:
    with pytest.raises(NotFound, match="no load 7"):
        shop.quarantined_rows(7)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-07-01", datetime(2024, 6, 30, 22)),
        ("2024-07-01T12:00", datetime(2024, 7, 1, 10)),
        ("2024-07-01T12:00:00Z", datetime(2024, 7, 1, 12)),
        (date(2024, 1, 1), datetime(2023, 12, 31, 23)),
        (datetime(2024, 7, 1, 12), datetime(2024, 7, 1, 10)),
        (datetime(2024, 7, 1, 12, tzinfo=UTC), datetime(2024, 7, 1, 12)),
        (datetime(2024, 7, 1, 12, tzinfo=timezone(timedelta(hours=-5))), datetime(2024, 7, 1, 17)),
    ],
)
def test_a_moment_is_read_in_the_workspaces_zone(shop: Workspace, value: object, expected: datetime) -> None:
    assert shop.moment(value) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["yesterday", "2024-13-01", "", "01/02/2024"])
def test_a_moment_that_is_none_is_wrong_use(shop: Workspace, value: str) -> None:
    with pytest.raises(WrongUse, match="is not a moment") as caught:
        shop.moment(value)
    assert "2024-03-01" in caught.value.hint


def test_a_text_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "catalog.yaml"
    replace_text(target, "one")
    replace_text(target, "two")
    assert target.read_text(encoding="utf-8") == "two"
    with pytest.raises(WorkspaceError, match="cannot be written"):
        replace_text(tmp_path / "missing" / "x.txt", "three")
    assert [item.name for item in tmp_path.iterdir()] == ["catalog.yaml"]


def test_the_end_of_the_data_is_a_moment_that_a_run_takes(shop: Workspace, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(
        "Order ID,Order Date,Customer ID,Quantity,Unit Price\n1,2025-07-01 09:30,anna,1,5\n", encoding="utf-8"
    )
    shop.load(tmp_path / "orders.csv", kind="order-lines")
    until = shop.data_until()
    assert until == datetime(2025, 7, 1, 7, 30, tzinfo=UTC)
    assert shop.run(as_of=until).as_dict()["as_of"].startswith("2025-07-01T07:30:00")


def test_a_damaged_warehouse_is_a_sentence(shop: Workspace) -> None:
    _ = shop.engine
    shop.close()
    path = shop.path / "warehouse.duckdb"
    whole = path.read_bytes()
    path.write_bytes(whole[:12_288] + bytes(len(whole) - 12_288))
    with pytest.raises(WorkspaceError, match="cannot be opened"):
        _ = shop.engine


def test_a_ledger_that_fails_too_does_not_hide_the_cause(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise WorkspaceError("The ledger cannot be written.")

    monkeypatch.setattr(type(shop.ledger), "fail", refuse)
    with pytest.raises(SourceError, match="no file"):
        shop.load(shop.path / "nothing.csv", kind="orders")


# ------------------------------------------------------------------------------------------- purposes and regions

SQUARE = "[[2.0, 48.0], [3.0, 48.0], [3.0, 49.0], [2.0, 49.0], [2.0, 48.0]]"


def segment(shop: Workspace, name: str, where: str) -> None:
    (shop.path / "segments" / f"{name}.yaml").write_text(f"segment: {name}\nwhere: {where}\n", encoding="utf-8")


def region(shop: Workspace, name: str, ring: str = SQUARE) -> None:
    text = f'{{"type": "Polygon", "coordinates": [{ring}]}}'
    (shop.path / "regions" / f"{name}.geojson").write_text(text, encoding="utf-8")


def load(shop: Workspace, kind: str, *lines: str, now: datetime = datetime(2024, 1, 1)) -> None:
    path = shop.path.parent / f"{kind}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    shop.load(path, kind=kind, now=now)


def test_a_purpose_is_one_of_the_settings_or_one_that_somebody_decided_upon(shop: Workspace) -> None:
    segment(shop, "reachable", "{consent: email_marketing, is: granted}")
    with pytest.raises(DefinitionError, match="There is no purpose 'email_marketing'"):
        shop.check()
    load(shop, "consents", "customer_id,purpose,status,time", "a,Email marketing,yes,2024-01-01")
    assert shop.check()["segments"] == 1
    segment(shop, "other", "{consent: phone, is: unknown}")
    with pytest.raises(DefinitionError, match="There is no purpose 'phone'"):
        shop.check()
    settings = shop.path / "satsuma.yaml"
    settings.write_text(settings.read_text(encoding="utf-8") + "purposes: {phone: {title: Calls}}\n", encoding="utf-8")
    shop.close()
    with Workspace.open(shop.path) as again:
        assert again.check()["segments"] == 2
        again.run("2024-02-01")
        assert (again.segment("reachable").size, again.segment("other").size) == (1, 1)


def test_checking_leaves_the_warehouse_shut_unless_a_purpose_is_unknown(shop: Workspace) -> None:
    segment(shop, "someone", "{random: {percent: 10, salt: x}}")
    shop.check()
    assert "engine" not in vars(shop)
    segment(shop, "reachable", "{consent: email, is: granted}")
    with pytest.raises(DefinitionError):
        shop.check()
    assert "engine" in vars(shop)


def test_a_mistake_in_a_region_is_reported_with_all_others(shop: Workspace) -> None:
    region(shop, "centre", "[[0, 0], [1, 1]]")
    segment(shop, "there", "{trait: hme, in_region: centre}")
    with pytest.raises(DefinitionError) as caught:
        shop.check()
    assert [problem.path for problem in caught.value.details] == ["regions/centre.geojson", "segments/there.yaml"]


def test_a_place_is_loaded_asked_and_written_out(shop: Workspace) -> None:
    head = "customer_id,latitude,longitude"
    load(shop, "customers", head, "a,48.5,2.5", "b,50.6,3.1", "c,,")
    load(shop, "customers", head, "a,40.0,2.5", now=datetime(2024, 6, 1))
    region(shop, "centre")
    segment(shop, "there", "{trait: location, in_region: centre}")
    shop.run("2024-05-31")
    assert shop.segment("there").customer_ids() == ["a"], "where a was then"
    assert shop.trait("location").values().column("value").to_pylist() == [
        {"lat": 48.5, "lon": 2.5}, {"lat": 50.6, "lon": 3.1}, None,
    ]  # fmt: skip
    shop.export("there", to=shop.path / "there.csv", traits=["location"])
    assert '"{""lat"": 48.5, ""lon"": 2.5}"' in (shop.path / "there.csv").read_text(encoding="utf-8")
    shop.report(shop.path / "report.html")
    shop.run("2024-06-02")
    assert shop.segment("there").customer_ids() == []


def test_a_region_that_was_drawn_anew_is_the_cause_of_its_changes(shop: Workspace) -> None:
    load(shop, "customers", "customer_id,latitude,longitude", "a,48.5,2.5", "b,50.6,3.1")
    region(shop, "centre")
    segment(shop, "there", "{trait: location, in_region: centre}")
    shop.run("2024-02-01")
    region(shop, "centre", "[[3.0, 50.0], [4.0, 50.0], [4.0, 51.0], [3.0, 51.0]]")
    (row,) = shop.run("2024-02-01").segments
    assert row["causes"] == {"entered/definition": 1, "left/definition": 1}


def test_what_is_of_accounts_is_shown_and_written_by_their_ids(shop: Workspace) -> None:
    load(shop, "accounts", "account_id,customer_id,employees", "acme,a,10", "books,b,200", "books,a,200")
    (shop.path / "traits" / "people.yaml").write_text(
        "trait: people\nentity: account\nformula: employees * 2\n", encoding="utf-8"
    )
    (shop.path / "segmentations" / "sizes.yaml").write_text(
        "segmentation: sizes\nentity: account\nmethod: bands\ntrait: employees\ncuts: [50]\n", encoding="utf-8"
    )
    segment(shop, "theirs", "{account: {any: {trait: employees, lt: 50}}}")
    (shop.path / "segments" / "big.yaml").write_text(
        "segment: big\nentity: account\nwhere: {trait: people, gte: 100}\n", encoding="utf-8"
    )
    shop.run("2024-02-01")
    assert shop.segment("theirs").customer_ids() == ["a"]
    assert shop.trait("employees").values().to_pydict() == {"account_id": ["acme", "books"], "value": [10, 200]}
    assert shop.trait("people").values().to_pydict() == {"account_id": ["acme", "books"], "value": [20, 400]}
    assert {view.name: view.entity for view in shop.traits()}["people"] == "account"
    assert shop.segmentation("sizes").assignments().to_pydict() == {
        "account_id": ["acme", "books"], "label": ["Under 50", "50 and over"],
    }  # fmt: skip
    released = shop.export("big", to=shop.path / "big.csv", traits=["sizes"])
    assert (released.customers, released.entity) == (1, "account")
    assert (shop.path / "big.csv").read_text(encoding="utf-8") == '"account_id","sizes"\n"books","50 and over"\n'


def test_a_mistake_in_the_file_of_a_source_is_found_by_check(shop: Workspace) -> None:
    # 'All is well' was said beside source files that could not be read.
    (shop.path / "sources" / "crm.yaml").write_text("source: hubspott\n", encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"sources/crm\.yaml:1: 'hubspott' is not a vendor"):
        shop.check()
    (shop.path / "sources" / "crm.yaml").unlink()
    shop.check()
