"""Webhooks at the server: what vendors send is taken once it is proved, and nobody else learns anything."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import signing
from hook_sinks import KeptSink, kept
from satsuma import Workspace
from satsuma.api.collecting import collecting
from satsuma.api.hooks import hook_routes, receiving
from satsuma.api.limits import Rate
from satsuma.api.routes import ROUTERS
from satsuma.collecting.journal import Journal
from satsuma.hooking import Hooks
from small_server import Server, now, serving


def taking(scheme: str, variable: str = "HOOK", **more: str) -> str:
    said = "".join(f", {key}: '${{{value}}}'" for key, value in more.items())
    return f"source: webhook\nwebhook: {{scheme: {scheme}, secret: '${{{variable}}}'{said}}}\n"


SOURCES = {
    "shop": taking("shopify"),
    "woo": taking("woocommerce"),
    "pay": taking("stripe"),
    "crm": "source: hubspot\nwebhook: {secret: '${HOOK}'}\n",
    "mail": taking("mailchimp", "URL_SECRET"),
    "forms": taking("typeform", "NOT_SET"),
    "stream": taking("segment", url_secret="URL_SECRET"),  # noqa: S106
    "quiet": "source: hubspot\n",
    "broken": "source: webhook\nwebhook: {secret: plain}\n",
}
ENVIRONMENT = {"HOOK": signing.SECRET, "URL_SECRET": "long-ünd-random"}
RIGHT = "?secret=long-%C3%BCnd-random"
ORDER = json.dumps({"id": 7, "name": "Zoé"}).encode()


def make(folder: Path) -> Workspace:
    workspace = Workspace.create(folder, timezone="UTC", currency="EUR")
    (folder / "sources").mkdir(exist_ok=True)
    for name, text in SOURCES.items():
        (folder / "sources" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return workspace


@pytest.fixture(scope="module")
def taken() -> Iterator[list[Any]]:
    """Let sources keep what their deliveries bring where a test can see it."""
    asked: list[Any] = []

    def sink(hooks: Hooks, source: str) -> KeptSink | None:
        webhook = hooks.webhook(source)
        return None if webhook is None else KeptSink(hooks._workspace.engine, webhook.scheme.name)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Hooks, "_sink", sink)
        patched.setattr(Hooks, "_ask", lambda _hooks, *said: asked.append(said))
        yield asked


Make = Callable[..., Server]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory, taken: list[Any], quick_passwords: None) -> Iterator[Make]:
    running: list[Iterator[Server]] = []

    def begin(**settings: Any) -> Server:
        companion = receiving(environment=ENVIRONMENT, **{"pause": 0.01, **settings.pop("of", {})})
        served = serving(
            make(tmp_path_factory.mktemp("hooks") / "shop"),
            routers=[*ROUTERS, hook_routes()],
            companions=[collecting(refreshes=False, pause=0.01), companion],
            **settings,
        )
        running.append(served)
        return next(served)

    yield begin
    for served in running:
        next(served, None)


@pytest.fixture(scope="module")
def shared(start: Make) -> Server:
    return start()


@pytest.fixture
def server(shared: Server) -> Server:
    """The server that tests share, with nothing counted and nothing kept."""
    settle(shared)
    door(shared)._outcomes.clear()
    engine = shared.workspace.engine.cursor()
    kept(engine)
    engine.execute("DELETE FROM kept")
    engine.execute("DELETE FROM hook_deliveries")
    return shared


def door(server: Server) -> Any:
    return server.client.app.state.parts.hooks  # type: ignore[attr-defined]


def settle(server: Server) -> None:
    """Wait until all deliveries are landed."""
    for _ in range(500):
        if door(server).receiver.waiting_bytes == 0:
            return
        time.sleep(0.01)
    raise AssertionError(door(server).receiver.trouble)


def post(server: Server, source: str, body: bytes, headers: Mapping[str, str] | None = None, query: str = "") -> Any:
    said = {name: value.encode("latin-1") for name, value in (headers or {}).items()}
    return server.client.post(f"/v1/hooks/{source}{query}", content=body, headers=said)


def counted(server: Server) -> dict[tuple[str, str], float]:
    text = server.ask("GET", "/metrics").text
    lines = [line for line in text.splitlines() if line.startswith("satsuma_hooks_total{")]
    found = {}
    for line in lines:
        outcome, scheme = line.split('outcome="')[1].split('"')[0], line.split('scheme="')[1].split('"')[0]
        found[scheme, outcome] = float(line.rsplit(" ", 1)[1])
    return found


def ids(server: Server) -> list[str]:
    """Return what was kept, when all is landed."""
    settle(server)
    return kept(server.workspace.engine.cursor())


def test_a_proved_delivery_is_taken_and_landed_once(server: Server) -> None:
    headers = signing.woocommerce(ORDER, now())
    for _ in range(3):
        answer = post(server, "woo", ORDER, headers)
        assert (answer.status_code, answer.json()) == (200, {"success": True})
    other = json.dumps({"id": 8}).encode()
    assert post(server, "woo", other, signing.woocommerce(other, now(), number="d-2")).status_code == 200
    assert ids(server) == ["7", "8"]
    assert counted(server) == {("woocommerce", "accepted"): 4}


def test_whatever_is_wrong_the_answer_says_the_same(server: Server) -> None:
    refused = [
        ("shop", signing.shopify(b"other", now())),
        ("shop", {}),
        ("pay", signing.stripe(ORDER, now() - timedelta(minutes=6))),
        ("pay", signing.stripe(ORDER, now() + timedelta(minutes=6))),
        ("forms", signing.typeform(ORDER, now())),
        ("crm", signing.hubspot(ORDER, now(), "https://elsewhere.example/v1/hooks/crm")),
        ("mail", {}),
    ]
    answers = [post(server, source, ORDER, headers) for source, headers in refused]
    assert {answer.status_code for answer in answers} == {401}
    said = {json.dumps(answer.json()["error"], sort_keys=True) for answer in answers}
    assert said == {json.dumps({"code": "not_signed_in", "message": "The delivery is not proved.", "hint": "",
                                "details": []}, sort_keys=True)}  # fmt: skip
    assert all("www-authenticate" not in answer.headers for answer in answers)
    assert counted(server) == {
        ("shopify", "wrong_signature"): 1, ("shopify", "no_signature"): 1, ("stripe", "wrong_time"): 2,
        ("typeform", "no_secret"): 1, ("hubspot", "wrong_signature"): 1, ("mailchimp", "wrong_url_secret"): 1,
    }  # fmt: skip
    assert ids(server) == []


def test_hubspot_is_believed_through_a_proxy_that_speaks_https_for_us(server: Server) -> None:
    body = b'[{"subscriptionType": "contact.creation", "objectId": 1}]'
    for url in ("https://testserver/v1/hooks/crm?a=%40b", "http://testserver/v1/hooks/crm?a=@b"):
        assert post(server, "crm", body, signing.hubspot(body, now(), url), "?a=%40b").status_code == 200


def test_a_form_with_the_secret_in_its_address(server: Server) -> None:
    form = b"type=profile&fired_at=2026-11-28+14:00:00&data[email]=a@x.example"
    assert post(server, "mail", form, query=RIGHT).status_code == 200
    assert post(server, "mail", b"", query=RIGHT).status_code == 200
    for wrong in ("", "?secret=", "?secret=other", RIGHT + "&secret=long", "?secret=%FF"):
        assert post(server, "mail", form, query=wrong).status_code == 401
    assert counted(server)["mailchimp", "empty"] == 1


def test_segments_messages_are_collected_as_those_of_pages(server: Server) -> None:
    one = {"type": "track", "event": "Seen", "userId": "u1", "messageId": "m1"}
    other = {"type": "identify", "userId": "u2", "traits": {"plan": "pro"}, "messageId": "m2"}
    single = json.dumps(one).encode()
    for _ in range(2):
        assert post(server, "stream", single, signing.segment(single, now()), RIGHT).status_code == 200
    both = b"[" + single + b"," + json.dumps(other).encode() + b"]"
    assert post(server, "stream", both, signing.segment(single, now()), RIGHT).status_code == 200
    assert post(server, "stream", both, signing.segment(single, now())).status_code == 401
    assert post(server, "stream", b"no json", signing.segment(b"no json", now()), RIGHT).status_code == 400
    engine = server.workspace.engine.cursor()
    for _ in range(300):
        if engine.rows("SELECT 1 FROM customers WHERE customer_id = 'u2'"):
            break
        time.sleep(0.02)
    assert engine.value("SELECT count(*) FROM events WHERE name = 'Seen' AND superseded_at IS NULL") == 1


def test_mailchimp_asks_whether_the_address_is_right(server: Server) -> None:
    assert server.client.get(f"/v1/hooks/mail{RIGHT}").status_code == 200
    assert server.client.get("/v1/hooks/mail").status_code == 401
    for name in ("shop", "nobody", "../catalog"):
        assert server.client.get(f"/v1/hooks/{name}").status_code == 404
    assert server.client.get("/v1/hooks/quiet").status_code == 410


def test_woocommerce_asks_before_it_sends(server: Server) -> None:
    assert post(server, "woo", b"webhook_id=3").status_code == 200
    assert post(server, "shop", b"webhook_id=3").status_code == 401


@pytest.mark.parametrize("name", ["nobody", "..%2Fcatalog", "a" * 500, ".hidden", "%00", "sh%C3%B6p", "shop.yaml"])
def test_what_is_no_source_is_not_there(server: Server, name: str) -> None:
    answer = post(server, name, ORDER, signing.shopify(ORDER, now()))
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "There is nothing here."


def test_a_source_that_takes_none_says_so_for_good_and_a_broken_one_for_a_while(server: Server) -> None:
    assert post(server, "quiet", ORDER, signing.shopify(ORDER, now())).status_code == 410
    answer = post(server, "broken", ORDER, signing.shopify(ORDER, now()))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "300")
    assert "plain" not in answer.text
    file = server.workspace.path / "sources" / "broken.yaml"
    file.write_text(SOURCES["shop"], encoding="utf-8")
    assert post(server, "broken", ORDER, signing.shopify(ORDER, now())).status_code == 200


def test_bodies_have_a_limit_whether_they_are_signed_or_not(server: Server) -> None:
    huge = b'{"id": "' + b"a" * 1024 * 1024 + b'"}'
    answer = post(server, "shop", huge, signing.shopify(huge, now()))
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")
    large = b'{"id": "' + b"a" * 1_000_000 + b'"}'
    assert post(server, "shop", large, signing.shopify(large, now())).status_code == 200


def test_whoever_guesses_is_slowed_down_and_vendors_are_not(start: Make) -> None:
    server = start(strangers=Rate(per_second=0.001, at_once=3), public_host="hooks.example.com")
    assert [post(server, "shop", ORDER).status_code for _ in range(2)] == [401, 401]
    # The address that is said to be public is the one that counts.
    headers = signing.hubspot(b"[]", now(), "https://testserver/v1/hooks/crm")
    assert [post(server, "crm", b"[]", headers).status_code for _ in range(3)] == [401, 429, 429]
    headers = signing.hubspot(b"[]", now(), "https://hooks.example.com/v1/hooks/crm")
    assert post(server, "crm", b"[]", headers).status_code == 200


def test_when_nothing_can_be_stored_the_vendor_is_told_to_come_back(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Journal, "free_bytes", lambda _: 0)
    answer = post(server, "shop", ORDER, signing.shopify(ORDER, now()))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert counted(server) == {("shopify", "unavailable"): 1}


def test_what_cannot_be_landed_now_waits_and_is_landed_later(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:

        def broken(*_: object, **__: object) -> None:
            raise OSError("not now")

        patched.setattr(Hooks, "land", broken)
        assert post(server, "woo", ORDER, signing.woocommerce(ORDER, now())).status_code == 200
        for _ in range(100):
            if "satsuma_hooks_failing 1.0" in server.ask("GET", "/metrics").text:
                assert server.client.get("/readyz").json()["data"]["hooks"]["is_failing"]
                break
            time.sleep(0.02)
        else:
            raise AssertionError("nothing failed")
    assert ids(server) == ["7"]
    assert len(server.workspace.engine.cursor().rows("SELECT 1 FROM hook_deliveries")) == 1


def test_who_asks_to_be_forgotten_is_kept_until_it_is_answered(server: Server) -> None:
    body = json.dumps({"shop_id": 1, "customer": {"id": 7, "email": "zoe@x.example"}}).encode()
    headers = signing.shopify(body, now(), topic="customers/redact")
    for number in ("w-1", "w-1", "w-2"):
        assert post(server, "shop", body, {**headers, "X-Shopify-Webhook-Id": number}).status_code == 200
    requests = server.workspace.records.privacy
    settle(server)
    (found,) = requests.all(open_only=True)
    assert (found.source, found.kind, found.subject) == ("shop", "erasure", {"id": 7, "email": "zoe@x.example"})
    assert (found.due_at - found.received_at).days == 30
    requests.answer(found.request_id, now=now())
    (answered,) = requests.all()
    assert (answered.subject, requests.all(open_only=True)) == (None, [])


def test_the_description_of_the_api_says_what_hooks_answer(server: Server) -> None:
    paths = server.client.get("/api/v1/openapi.json").json()["paths"]["/v1/hooks/{source}"]
    assert {"200", "401", "404", "410", "413", "429", "503"} <= paths["post"]["responses"].keys()
    assert paths["post"]["security"] == []


def test_routes_say_what_to_register_and_who_waits_for_an_answer(server: Server) -> None:
    told = server.get("sources/crm/webhook", params={"url": "https://data.example"})
    assert (told["url"], told["variables"]) == ("https://data.example/v1/hooks/crm", {"HOOK": False})
    requests = server.workspace.records.privacy
    number = requests.add(
        digest="b" * 64, source="shop", kind="access", topic="t", received_at=now(), subject={"id": 1}
    )
    assert [item["request_id"] for item in server.get("privacy-requests")] == [number]
    assert server.ask("GET", "privacy-requests", key="write").status_code == 403
    assert server.ask("POST", f"privacy-requests/{number}/answer", key="read").status_code == 403
    assert server.ask("POST", f"privacy-requests/{number}/answer").json()["data"]["subject"] is None
    assert server.ask("POST", f"privacy-requests/{number}/answer").status_code == 404
    assert server.get("privacy-requests") == []
