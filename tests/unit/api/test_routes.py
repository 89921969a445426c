"""Every subject of the API: what is asked well is answered, what is not gets a sentence."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from small_server import PERSON, Server, now


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("segments", {"big": 1, "buyers": 3}),
        ("definitions", None), ("traits", None), ("segmentations", None), ("models", None), ("quality", None),
        ("quarantine", []), ("lint", None), ("lists", [{"name": "guests", "file": "lists/guests.txt", "ids": 2}]),
        ("runs", None), ("activity", None), ("jobs", None), ("schedules", []), ("overlap", None),
        ("status", {"last_error": None, "outdated": []}), ("settings", None), ("session", None), ("users", []),
        ("keys", None), ("check", None), ("schema?kind=segment", None), ("segments/big", None),
        ("segments/big/explanation", None), ("traits/paid", None), ("segmentations/halves", None),
        ("models/halves", None), ("definitions/trait/paid", None), ("definitions/trait/paid/history", None),
    ],
)  # fmt: skip
def test_every_look_is_answered(server: Server, path: str, expected: Any) -> None:
    found = server.get(path)
    if path == "segments":
        found = {item["name"]: item["size"] for item in found}
    assert found is not None
    if expected is not None:
        assert found == expected


def test_answers_equal_those_of_the_workspace(server: Server) -> None:
    from satsuma.shapes import plain_value

    shop = server.workspace
    assert server.get("traits") == [plain_value(item.as_dict()) for item in shop.traits()]
    assert server.get("overlap?segment=big&segment=buyers") == plain_value(shop.overlap("big", "buyers").as_dict())
    preview = server.ask("POST", "previews", json={"text": "where: {did: Order Completed, count: {gte: 2}}"}).json()
    text = "where: {did: Order Completed, count: {gte: 2}}"
    assert preview["data"] == plain_value(shop.preview(text).as_dict())
    compared = server.ask("POST", "comparisons", json={"first": "big", "second": "buyers"}).json()["data"]
    assert compared == plain_value(shop.compare("big", "buyers").as_dict())


def test_members_come_page_by_page_and_each_once(server: Server) -> None:
    found: list[str] = []
    after: str | None = None
    while True:
        page = server.get("segments/buyers/members", params={"limit": 2, **({"after": after} if after else {})})
        found += page["ids"]
        assert page["size"] == 3
        after = page["next_after"]
        if after is None:
            break
    assert found == ["b", "c", PERSON]
    values = server.get("traits/paid/values?limit=3&offset=2")
    assert [row["value"] for row in values["rows"]] == [0.0, 150.0]
    assert values["total"] == 4
    labels = server.get("segmentations/halves/assignments?limit=1")
    assert (labels["total"], labels["next_offset"], len(labels["rows"])) == (4, 1, 1)


def test_why_is_answered_and_kept_with_who_asked(server: Server) -> None:
    answer = server.ask("POST", "segments/big/why", json={"customer_id": PERSON}, key="read")
    assert answer.json()["data"]["is_member"] is True
    record = server.get("activity?limit=1")[0]
    assert record["kind"] == "why"
    assert record["counts"]["user"].startswith("key ")
    assert PERSON not in str(record)


def test_comparisons_of_all_three_kinds(server: Server) -> None:
    for body in ({"first": "big", "second": "buyers", "at": ["2024-06-15"]}, {"first": "big"},
                 {"first": "buyers", "at": ["2024-06-02", "2024-06-30"]}):  # fmt: skip
        answer = server.ask("POST", "comparisons", json=body)
        assert answer.status_code == 200, answer.text
    for body in ({"first": "big", "at": ["2024-06-15"]},
                 {"first": "big", "second": "buyers", "at": ["2024-06-15", "2024-06-30"]}):  # fmt: skip
        assert server.ask("POST", "comparisons", json=body).json()["error"]["code"] == "wrong_use"


def test_long_work_is_a_job_with_a_result(server: Server) -> None:
    job = server.job("backtests", {"segment": "buyers", "first": "2024-05-01", "last": "2024-06-30"})
    assert job["status"] == "done", job
    steps = server.get(f"jobs/{job['job_id']}/result")["steps"]
    assert [step["size"] for step in steps][-1] == 3
    assert server.job("plans", None)["status"] == "done"
    assert server.job("models/halves/comparisons", {})["status"] in ("done", "failed")
    failed = server.job("backtests", {"segment": "nobody", "first": "2024-05-01"})
    assert (failed["status"], failed["error_code"], failed["attempts"]) == ("failed", "not_found", 1)
    assert server.ask("GET", f"jobs/{failed['job_id']}/result").status_code == 404


def test_an_export_is_fetched_by_those_who_may(server: Server) -> None:
    job = server.job("exports", {"segment": "big", "traits": ["paid"]}, key="read")
    assert job["counts"] == {"customers": 1, "file": "big.csv"}
    record = server.get("activity?limit=1")[0]
    assert (record["kind"], record["counts"]["columns"], record["counts"]["user"][:4]) == ("export", ["paid"], "key ")
    answer = server.ask("GET", f"jobs/{job['job_id']}/file", key="read")
    assert list(csv.reader(io.StringIO(answer.text)))[1][0] == PERSON
    assert answer.headers["content-disposition"] == 'attachment; filename="big.csv"'
    assert answer.headers["cache-control"] == "no-store"
    assert PERSON not in str(server.get("jobs"))


def test_a_report_is_a_page(server: Server) -> None:
    job = server.job("reports", {"format": "svg"}, key="read")
    answer = server.ask("GET", f"jobs/{job['job_id']}/file", key="read")
    assert answer.headers["content-type"].startswith("image/svg")
    assert answer.text.startswith("<svg")


def test_run_refresh_and_what_came_of_them(fresh: Server) -> None:
    early = fresh.ask("GET", "segments/big")
    assert (early.status_code, early.json()["error"]["code"]) == (409, "not_run")
    job = fresh.job("runs", {"as_of": "2024-06-15"})
    assert (job["status"], job["counts"]["population"]) == ("done", 4)
    assert fresh.get(f"jobs/{job['job_id']}/result")["segments"][0]["name"] in ("big", "buyers")
    assert fresh.job("refreshes", {"as_of": "2024-06-30"})["status"] == "done"
    assert [item["run_id"] for item in fresh.get("runs")] == [2, 1]
    # What waits already is not done twice, and what differs is another job.
    fresh.workspace.records.jobs.add("run", "first in the queue", {"as_of": "2024-06-30"}, now=now())
    asked = [{"as_of": "2024-07-03"}, {"as_of": "2024-07-03", "refit": True}, {"as_of": "2024-07-03"}]
    numbers = [fresh.ask("POST", "runs", json=body).json()["data"]["job_id"] for body in asked]
    assert numbers[0] != numbers[1]
    assert all(fresh.ended(number)["status"] == "done" for number in numbers)
    wrong = fresh.ask("POST", "runs", json={"as_of": "tomorrow"})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "wrong_use")


def test_files_are_loaded_by_a_job(fresh: Server) -> None:
    rows = "order_id,customer_id,order_date,product,quantity,price\n1,x,2024-06-01,tea,1,5\n2,nobody,never,tea,1,5\n"
    answer = fresh.ask(
        "POST",
        "loads",
        data={"kind": "order-lines"},
        files={"file": ("../../evil orders.csv", rows.encode(), "text/csv")},
    )
    assert answer.status_code == 202, answer.text
    job = fresh.ended(answer.json()["data"]["job_id"])
    assert job["status"] == "done", job
    assert job["payload"]["files"] == ["evil orders.csv"]
    result = fresh.get(f"jobs/{job['job_id']}/result")
    assert (result["rows"], result["quarantined"]) == (2, 1)
    assert list((fresh.workspace.state / "uploads").glob("*")) == []
    load_id = fresh.get("quarantine")[0]["load_id"]
    assert "never" in str(fresh.get(f"quarantine/{load_id}"))
    assert fresh.job(f"quarantine/{load_id}/retry", {})["status"] == "done"
    assert fresh.ask("POST", "quarantine/99/retry", json={}).status_code == 404


def test_files_of_one_name_are_all_kept(server: Server) -> None:
    row = b"customer_id,city\nx,Lyon\n"
    files = [("file", (name, row, "text/csv")) for name in ("a.csv", "3-a.csv", "a.csv", "3-a.csv", "..", "a.csv")]
    answer = server.ask("POST", "loads", data={"kind": "customers", "dry_run": "true"}, files=files)
    assert answer.status_code == 202, answer.text
    names = answer.json()["data"]["payload"]["files"]
    assert len(set(names)) == len(files)
    assert all("/" not in name and not name.startswith(".") for name in names)


def test_a_load_that_says_too_little_is_refused(server: Server) -> None:
    part = {"file": ("a.csv", b"a,b\n1,2\n", "text/csv")}
    for data, files in (({}, part), ({"kind": "ordrs"}, part), ({"kind": "orders", "colour": "red"}, part),
                        ({"kind": "orders", "map": "[]"}, part), ({"kind": "orders", "dry_run": "perhaps"}, part),
                        ({"kind": "orders"}, {"other": part["file"]})):  # fmt: skip
        answer = server.ask("POST", "loads", data=data, files=files)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "wrong_use"), answer.text
    assert server.ask("POST", "loads", json={"kind": "orders"}).status_code == 400
    assert server.ask("POST", "loads", data={"kind": "orders"}, files=part, key="read").status_code == 403
    assert server.ask("POST", "loads", data={"kind": "orders"}, files=part, key=None).status_code == 401


def test_definitions_are_written_when_they_are_right(fresh: Server) -> None:
    path, text = "definitions/segment/rich", "segment: rich\nwhere: {trait: paid, gte: 20}\n"
    tried = fresh.ask("PUT", f"{path}?dry_run=true", json={"text": text, "instead_of": ""})
    assert tried.status_code == 200, tried.text
    assert fresh.ask("GET", path).status_code == 404
    digest = fresh.ask("PUT", path, json={"text": text, "instead_of": ""}).json()["data"]["digest"]
    assert fresh.get(path) == {"kind": "segment", "name": "rich", "text": text, "digest": digest}
    stale = fresh.ask("PUT", path, json={"text": text, "instead_of": ""})
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "changed")
    wrong = fresh.ask("PUT", path, json={"text": text.replace("paid", "pade")})
    assert wrong.status_code == 422
    assert wrong.json()["error"]["details"] == [
        {"path": "segments/rich.yaml", "line": 2, "message": wrong.json()["error"]["details"][0]["message"],
         "nearest": ["paid"]}
    ]  # fmt: skip
    # A change that breaks another definition is refused too.
    broken = fresh.ask(
        "PUT",
        "definitions/trait/paid",
        json={"text": "trait: paid\nfrom: {did: Order Completed, first: {of: channel}}\n"},
    )
    assert broken.status_code == 422
    assert "segments/" in broken.text
    assert fresh.ask("PUT", "definitions/segment/Rich", json={"text": text}).status_code == 400
    assert fresh.ask("PUT", "definitions/segment/..%2Frich", json={"text": text}).status_code in (400, 404, 405)
    used = fresh.ask("DELETE", "definitions/trait/paid")
    assert (used.status_code, used.json()["error"]["code"]) == (409, "in_use")
    renamed = fresh.ask("POST", "definitions/trait/paid/rename", json={"name": "spent"}).json()["data"]
    assert "segments/rich.yaml" in renamed["files"]
    assert "spent" in fresh.get(path)["text"]
    assert fresh.ask("DELETE", path).json()["data"]["kept_as"].startswith("state/deleted/segments/rich")
    assert fresh.ask("DELETE", "lists/guests").status_code == 200


def test_one_broken_file_does_not_keep_another_from_being_mended(fresh: Server) -> None:
    for name in ("a", "b"):
        (fresh.workspace.path / "segments" / f"{name}.yaml").write_text(
            f"segment: {name}\nwhere: {{trait: nix, gte: 1}}\n"
        )
    mended = {"text": "segment: a\nwhere: {trait: paid, gte: 1}\n"}
    assert fresh.ask("PUT", "definitions/segment/a", json=mended).status_code == 200
    assert fresh.ask("GET", "check").json()["error"]["details"][0]["path"] == "segments/b.yaml"
    assert fresh.get("status")["outdated"] is None


def test_formatting_and_suggestions(fresh: Server) -> None:
    found = fresh.ask("POST", "format", json={"write": False}).json()["data"]
    assert {item["path"] for item in found} >= {"segments/big.yaml"}
    assert isinstance(fresh.ask("POST", "suggestions", json={"write": False}).json()["data"], list)


def test_jobs_are_cancelled_and_tried_again(server: Server) -> None:
    job = server.job("plans", None)
    ended = server.ask("POST", f"jobs/{job['job_id']}/cancel")
    assert (ended.status_code, ended.json()["error"]["code"]) == (400, "wrong_use")
    failed = server.job("backtests", {"segment": "nobody", "first": "2024-05-01"})
    again = server.ask("POST", f"jobs/{failed['job_id']}/retry").json()["data"]
    assert again["job_id"] > failed["job_id"]
    server.ended(again["job_id"])
    assert server.ask("GET", "jobs/123456").status_code == 404
    assert server.get("jobs?kind=backtest&status=failed&limit=1")[0]["status"] == "failed"


def test_schedules_come_and_go(server: Server) -> None:
    made = server.ask("PUT", "schedules/refresh/nightly", json={"recurs": "0 4 * * *"})
    assert made.json()["data"]["timezone"] == "Europe/Paris"
    assert server.ask("POST", "schedules/refresh/nightly/pause", json={"paused": True}).json()["data"]["is_paused"]
    assert [item["subject"] for item in server.get("schedules")] == ["nightly"]
    for path, body in (
        ("schedules/load/x", {"recurs": "@daily"}), ("schedules/refresh/x", {"recurs": "sometimes"}),
        ("schedules/run/x", {"recurs": "@daily", "payload": {"now": "2020-01-01"}}),
        ("schedules/run/x", {"recurs": "@daily", "payload": {"refit": "yes"}}),
        ("schedules/run/x", {"recurs": "@daily", "timezone": "Mars/Base"}),
    ):  # fmt: skip
        assert server.ask("PUT", path, json=body).json()["error"]["code"] == "wrong_use"
    assert server.ask("DELETE", "schedules/refresh/nightly").status_code == 200
    assert server.ask("DELETE", "schedules/refresh/nightly").status_code == 404
    assert server.get("schedules") == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "segments/bigg", None, 404), ("GET", "traits/payd", None, 404), ("GET", "segmentations/x", None, 404),
        ("GET", "models/x", None, 404), ("GET", "definitions/segment/x", None, 404), ("GET", "nothing", None, 404),
        ("GET", "definitions/colour/x", None, 422), ("DELETE", "segments", None, 405),
        ("GET", "segments/buyers/members?limit=0", None, 422), ("GET", "overlap?segment=bigg&segment=big", None, 404),
        ("POST", "previews", {"text": "where: ["}, 422), ("POST", "previews", {"text": "\x00"}, 422),
        ("POST", "previews", {"text": "where: {}", "colour": 1}, 422), ("POST", "previews", [], 422),
        ("POST", "comparisons", {"first": "/etc/passwd"}, 422), ("POST", "exports", {"segment": "bigg"}, 404),
        ("POST", "exports", {"segment": "big", "format": "xls"}, 422),
        ("POST", "segments/big/why", {"customer_id": "nobody"}, 404),
        ("POST", "segments/where: {}/why", {"customer_id": "b"}, 404), ("DELETE", "lists/x", None, 404),
        ("POST", "keys", {"name": "x", "scopes": ["all"]}, 400), ("DELETE", "keys/999", None, 404),
        ("POST", "users", {"name": "x y", "role": "viewer"}, 400), ("PUT", "users/x/role", {"role": "admin"}, 404),
    ],
)  # fmt: skip
def test_mistakes_are_named_in_the_one_shape(server: Server, method: str, path: str, body: Any, status: int) -> None:
    answer = server.ask(method, path, **({} if body is None else {"json": body}))
    shape = answer.json()
    assert answer.status_code == status, answer.text
    assert set(shape) == {"error", "request_id"}
    assert {"code", "message", "hint", "details"} <= set(shape["error"])
    assert shape["error"]["message"]
    assert shape["request_id"] == answer.headers["x-request-id"]
    assert "Traceback" not in answer.text


def test_lists_are_sent_as_they_are(fresh: Server) -> None:
    def send(name: str, body: bytes, kind: str = "text/plain") -> Any:
        return fresh.ask("PUT", f"lists/{name}", content=body, headers={"Content-Type": kind})

    made = send("vips", b"b\nc\nc\n\n", "text/plain; charset=utf-8").json()["data"]
    assert made == {"name": "vips", "file": "lists/vips.txt", "ids": 2}
    assert send("vips", b"customer_id,note\nb,x\n", "text/csv").json()["data"]["file"] == "lists/vips.csv"
    assert send("firms", b"account_id,note\nf,x\n", "text/csv").json()["data"]["ids"] == 1
    assert [item["file"] for item in fresh.get("lists")] == ["lists/firms.csv", "lists/guests.txt", "lists/vips.csv"]
    assert not (fresh.workspace.path / "lists" / "vips.txt").exists()
    for name, body, kind, status in (
        ("Vips", b"b", "text/plain", 400), ("..%2Fx", b"b", "text/plain", 404), ("x", b"\xff", "text/plain", 400),
        ("x", b"a\x00", "text/plain", 400), ("x", b"{}", "application/json", 400),
        ("x", b"a,b\n1,2\n", "text/csv", 422),
    ):  # fmt: skip
        answer = send(name, body, kind)
        assert answer.status_code == status, answer.text
    assert len(fresh.get("lists")) == 3


def test_definitions_of_other_tools_are_taken_over_whole(fresh: Server) -> None:
    clause = {"key": "plan", "type": "person", "value": ["plus"], "operator": "exact"}
    group = {"type": "AND", "values": [{"type": "AND", "values": [clause]}]}
    body = {"tool": "posthog", "text": json.dumps({"name": "Plus", "filters": {"properties": group}})}
    found = fresh.ask("POST", "imports", json=body, key="read").json()["data"]
    assert found["unknown"][0]["theirs"] == "plan"
    whole = {**body, "map": {"plan": "country"}, "name": "plus"}
    assert fresh.ask("POST", "imports", json={**whole, "write": True}, key="read").status_code == 403
    refused = fresh.ask("POST", "imports", json={**body, "write": True})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "wrong_use")
    assert fresh.ask("POST", "imports", json={**whole, "write": True}).json()["data"]["refused"] == []
    assert "country" in fresh.get("definitions/segment/plus")["text"]
    assert fresh.ask("POST", "imports", json={**whole, "write": True}).status_code == 400


def test_a_job_says_what_it_failed_with(server: Server) -> None:
    failed = server.job("backtests", {"segment": {"text": "where: {trait: payd, gte: 1}", "file": "a.yaml"},
                                      "first": "2024-05-01"})  # fmt: skip
    error = server.get(f"jobs/{failed['job_id']}/error")["error"]
    assert error["code"] == "definition"
    assert (error["details"][0]["path"], error["details"][0]["nearest"]) == ("a.yaml", ["paid"])
    assert server.get(f"jobs/{server.job('plans', None)['job_id']}/error") == {"error": None}
    assert server.ask("GET", "jobs/123456/error").status_code == 404


def test_tables_keep_their_types_in_arrow(server: Server) -> None:
    import pyarrow as pa

    for path, table in (
        ("traits/points/values", server.workspace.trait("points").values()),
        ("segmentations/halves/assignments", server.workspace.segmentation("halves").assignments()),
    ):
        answer = server.ask("GET", f"{path}?form=arrow")
        assert answer.headers["content-type"] == "application/vnd.apache.arrow.stream"
        with pa.ipc.open_stream(answer.content) as reader:
            assert reader.read_all().equals(table)
    assert server.ask("GET", "traits/points/values?form=xls").status_code == 422
    assert server.ask("GET", "traits/points/values?form=arrow", key="write").status_code == 403


def test_findings_are_jobs_and_writing_takes_more(server: Server) -> None:
    for path, body in (("evidence", {"names": ["big"], "looks_back": False}), ("advice", None), ("personas", {})):
        job = server.job(path, body, key="read")
        assert job["status"] == "done", (path, job)
        assert server.get(f"jobs/{job['job_id']}/result") is not None
    for path, body in (("discoveries", {"save": "styles"}), ("segmentations/halves/rules", {"write": True})):
        assert server.ask("POST", path, json=body, key="read").status_code == 403
    job = server.job("personas", {"names": ["big"], "format": "markdown"})
    assert server.ask("GET", f"jobs/{job['job_id']}/file").headers["content-type"].startswith("text/markdown")


def test_only_commands_of_the_same_version_get_results_as_they_are(server: Server) -> None:
    from satsuma import __version__

    asked = {"json": {"first": "big", "second": "buyers"}}
    own = server.ask("POST", "comparisons", headers={"X-Satsuma-Objects": __version__}, **asked).json()["data"]
    assert own["~"] == "satsuma.segments.difference:Difference"
    other = server.ask("POST", "comparisons", headers={"X-Satsuma-Objects": "0.0.1"}, **asked)
    assert (other.status_code, other.json()["error"]["code"]) == (400, "wrong_use")
    # Where results do not travel as they are, the header changes nothing.
    answer = server.ask("GET", "traits", headers={"X-Satsuma-Objects": __version__})
    assert answer.json()["data"] == server.get("traits")
