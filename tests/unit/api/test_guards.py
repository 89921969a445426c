"""What surrounds every request: who may, how much, how large, how deep, and what is never told."""

from __future__ import annotations

import asyncio
import errno
import logging
import threading
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI

from satsuma import Workspace
from satsuma.access.roles import ROLES, role_may
from satsuma.api import app as app_of
from satsuma.api.app import Parts, create_app
from satsuma.api.asking import Ask
from satsuma.api.bodies import BodyLimit
from satsuma.api.limits import Buckets, Rate
from satsuma.api.worker import WorkspaceThread
from satsuma.errors import Busy, SatsumaError, TooLarge, TooMany
from small_server import PASSWORD, PERSON, Server, fill, now, serving

#: What anybody may ask.
OPEN = {
    "/healthz", "/readyz", "/api/v1/openapi.json", "/api/v1/session/provider", "/api/v1/session/provider/back",
}  # fmt: skip


def all_routes(server: Server) -> Iterator[tuple[str, str]]:
    for path, methods in server.client.app.openapi()["paths"].items():  # type: ignore[attr-defined]
        for method in methods:
            if path not in OPEN and (method, path) != ("post", "/api/v1/session"):
                yield method.upper(), path


def test_every_route_asks_who_is_there(server: Server) -> None:
    routes = list(all_routes(server))
    assert len(routes) > 60
    for method, path in routes:
        answer = server.ask(method, path.replace("{", "").replace("}", ""), key=None, json={})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_signed_in"), (method, path)
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_key_may_what_its_scope_says(server: Server) -> None:
    for method, path in all_routes(server):
        if path.startswith("/api/v1/session"):
            continue
        where = path.replace("{kind}", "segment").replace("{name}", "nobody").replace("{", "").replace("}", "")
        answer = server.ask(method, where, key="write", json={})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed"), (method, path)
    for method, path in (("POST", "runs"), ("PUT", "definitions/segment/x"), ("DELETE", "lists/x"), ("GET", "users"),
                         ("POST", "keys"), ("GET", "quarantine/1"), ("POST", "jobs/1/cancel")):  # fmt: skip
        assert server.ask(method, path, key="read", json={"text": "x"}).status_code == 403
    for key in ("sat_a_wrong", "", "x" * 5000):
        answer = server.ask("GET", "segments", key=None, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 401


def test_a_revoked_key_is_refused_at_once(server: Server) -> None:
    made = server.ask("POST", "keys", json={"name": "short", "scopes": ["read"]}).json()["data"]
    headers = {"Authorization": f"Bearer {made['key']}"}
    assert server.ask("GET", "runs", key=None, headers=headers).status_code == 200
    assert server.ask("DELETE", f"keys/{made['key_id']}").json()["data"]["revoked_at"]
    assert server.ask("GET", "runs", key=None, headers=headers).status_code == 401
    assert made["key"] not in str(server.get("keys"))


# ---------------------------------------------------------------------------------------------------------- sessions


def sign_in(server: Server, name: str = "ada", password: str = PASSWORD, **headers: str) -> Any:
    server.client.cookies.clear()
    return server.ask("POST", "session", key=None, json={"name": name, "password": password}, headers=headers)


@pytest.fixture
def ada(server: Server) -> Iterator[str]:
    """A user who is signed in; her CSRF token."""
    access = server.workspace.access
    if not any(user.name == "ada" for user in access.users.all()):
        access.users.add("ada", "admin", now=now(), password=PASSWORD)
        access.users.add("root", "admin", now=now(), password=PASSWORD)
    access.users.enable("ada")
    access.users.change_role("ada", "admin")
    access.users.set_password("ada", PASSWORD, must_change=False)
    yield sign_in(server).json()["data"]["csrf_token"]
    server.client.cookies.clear()
    access.attempts.forgive_name("ada")


def test_signing_in_sets_a_cookie_that_pages_cannot_read(server: Server, ada: str) -> None:
    answer = sign_in(server)
    assert answer.json()["data"]["role"] == "admin"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie
    assert PASSWORD not in answer.text
    me = server.get("session", key=None)
    assert (me["name"], me["csrf_token"]) == ("ada", answer.json()["data"]["csrf_token"])
    assert server.ask("DELETE", "session", key=None, headers={"X-CSRF-Token": me["csrf_token"]}).status_code == 200
    assert server.ask("GET", "session", key=None).status_code == 401
    secure = server.client.post("https://testserver/api/v1/session", json={"name": "ada", "password": PASSWORD})
    assert "secure" in secure.headers["set-cookie"].lower()
    assert secure.headers["strict-transport-security"]


def test_a_change_needs_the_token_of_its_own_session(server: Server, ada: str) -> None:
    body = {"name": "site", "scopes": ["read"]}
    other = sign_in(server).json()["data"]["csrf_token"]
    assert other != ada
    for headers in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": ada}, {"X-CSRF-Token": "x"}):
        answer = server.ask("POST", "keys", key=None, json=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")
    for bad in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
                {"Sec-Fetch-Site": "same-site"}):  # fmt: skip
        answer = server.ask("POST", "keys", key=None, json=body, headers={"X-CSRF-Token": other, **bad})
        assert answer.status_code == 403
        assert sign_in(server, **bad).status_code == 403
        other = sign_in(server).json()["data"]["csrf_token"]
    for good in ({}, {"Origin": "http://testserver"}, {"Sec-Fetch-Site": "same-origin"}):
        answer = server.ask("POST", "keys", key=None, json=body, headers={"X-CSRF-Token": other, **good})
        assert answer.status_code == 200


def test_each_role_reaches_what_it_may(server: Server, ada: str) -> None:
    asked = {
        "see": ("GET", "segments", None), "see_people": ("GET", "segments/big/members", None),
        "try": ("POST", "previews", {"text": "where: {trait: paid, gte: 1}"}),
        "define": ("POST", "format", {"write": False}), "compute": ("POST", "jobs/999999/cancel", None),
        "load": ("GET", "quarantine/9", None), "administer": ("GET", "users", None),
    }  # fmt: skip
    for role in ROLES:
        server.workspace.access.users.change_role("ada", role)
        for action, (method, path, body) in asked.items():
            answer = server.ask(
                method, path, key=None, headers={"X-CSRF-Token": ada}, **({"json": body} if body else {})
            )
            assert (answer.status_code != 403) == role_may(role, action), (role, action)  # type: ignore[arg-type]
            assert answer.status_code in (200, 403, 404)


def test_whoever_got_a_password_changes_it_first(server: Server, ada: str) -> None:
    made = server.ask("POST", "users", json={"name": "grace", "role": "analyst"}).json()["data"]
    told = sign_in(server, "grace", made["password"]).json()["data"]
    assert told["must_change_password"]
    headers = {"X-CSRF-Token": told["csrf_token"]}
    answer = server.ask("GET", "segments", key=None)
    assert (answer.status_code, answer.json()["error"]["must_change_password"]) == (403, True)
    easy = server.ask(
        "POST", "session/password", key=None, json={"old": made["password"], "new": "short"}, headers=headers
    )
    assert easy.status_code == 400
    body = {"old": made["password"], "new": PASSWORD}
    assert server.ask("POST", "session/password", key=None, json=body, headers=headers).status_code == 200
    assert server.ask("GET", "segments", key=None).status_code == 401
    sign_in(server, "grace")
    assert server.ask("GET", "segments", key=None).status_code == 200
    assert server.ask("POST", "users/grace/disable").status_code == 200
    assert server.ask("GET", "segments", key=None).status_code == 401
    assert server.ask("POST", "users/grace/enable").status_code == 200
    again = server.ask("POST", "users/grace/reset").json()["data"]["password"]
    assert sign_in(server, "grace").status_code == 401
    assert sign_in(server, "grace", again).status_code == 200
    assert server.ask("POST", "session/password", json=body).status_code == 403
    assert made["password"] not in str(server.get("users"))


def test_failures_lock_out_and_say_how_long(server: Server, ada: str) -> None:
    for _ in range(5):
        answer = sign_in(server, password="wrong password")  # noqa: S106
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_signed_in")
    answer = sign_in(server)
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "too_many")
    assert 1 <= int(answer.headers["retry-after"]) <= 16
    server.workspace.access.attempts.forgive_name("ada")
    assert sign_in(server).status_code == 200
    wrong, unknown = sign_in(server, password="wrong password"), sign_in(server, name="nobody")  # noqa: S106
    assert wrong.json()["error"] == unknown.json()["error"]


# ------------------------------------------------------------------------------------------------------------ bodies


def test_malformed_bodies_are_4xx(server: Server) -> None:
    json = "application/json"
    for body, kind in (
        (b"{", json), (b"\xff\xfe", json), (b"NaN", json), (b"", json), (b'"\\ud800"', json),
        (b'{"text": "\\ud800"}', json), (b'{"text": ' + b"9" * 5000 + b"}", json),
        ('{"text": "é"}'.encode("utf-16"), json), (b'{"text": "a"}', "text/plain"), (b"x", "multipart/form-data"),
    ):  # fmt: skip
        answer = server.ask("POST", "previews", content=body, headers={"Content-Type": kind})
        assert answer.status_code in (400, 422), (body, answer.text)
        assert answer.json()["error"]["message"]
    for body in (b"", b"--x\r\n", b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nabc'):
        answer = server.ask("POST", "loads", content=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
        assert answer.status_code == 400, answer.text
    bare = server.ask("POST", "loads", content=b"abc", headers={"Content-Type": "multipart/form-data"})
    assert bare.status_code == 400


def test_deep_json_is_refused_before_it_is_parsed(server: Server) -> None:
    for body in (b"[" * 200_000, b'{"a":' * 100_000, b" " + b"[" * 101 + b"]" * 101):
        answer = server.ask("POST", "previews", content=body, headers={"Content-Type": "text/plain"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    flat = {"text": "[" * 5000 + '\\"' * 10}
    assert server.ask("POST", "previews", json=flat).status_code == 422


def test_a_look_at_how_deep_a_body_is_holds_little_more_than_the_body() -> None:
    from satsuma.api.bodies import _refuse_deep

    # One long text, many short ones, escapes without end: more brackets than levels, and not deep.
    for filling in (b"a" * (1 << 20), b'","' * (1 << 18), b"\\\\" * (1 << 19), b'\\"[' * (1 << 18)):
        body = b'["' + filling + b'",' + b"[]," * 200 + b"1]"
        tracemalloc.start()
        _refuse_deep(body)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < 8 * len(body)
    for body in (b'["\\\\",' + b"[" * 101, b'["\\"",' + b"[" * 101, b'{"a' + b'":{"b' * 101, b'["[",' + b"[" * 100):
        with pytest.raises(TooLarge):
            _refuse_deep(body)
    _refuse_deep(b'["\\"' + b"[" * 500 + b'"]')


def test_a_list_is_read_when_it_is_known_who_sends_it(server: Server) -> None:
    said = {"Content-Type": "text/plain"}
    read = []

    def parts() -> Iterator[bytes]:
        for _ in range(3):
            read.append(1)
            yield b"[" * 500 + b"\n"

    assert server.ask("PUT", "lists/brackets", key=None, content=b"[" * 2_000_000, headers=said).status_code == 401
    answer = server.ask("PUT", "lists/brackets", content=parts(), headers=said)
    assert (answer.status_code, len(read)) == (200, 3), answer.text
    assert server.ask("DELETE", "lists/brackets").status_code == 200


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "null", "https://evil.example", "//"])
def test_an_origin_that_is_none_is_another_site(server: Server, origin: str) -> None:
    answer = server.client.post("/api/v1/session", json={"name": "ada", "password": "x"}, headers={"Origin": origin})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")


def test_large_bodies_are_refused_when_that_is_known(server: Server) -> None:
    large = b"x" * (2 << 20)
    told = server.ask("POST", "previews", content=large)
    assert (told.status_code, told.json()["error"]["most_bytes"]) == (413, 1 << 20)
    # Without a length that is told before.
    parts = (b"x" * 65_536 for _ in range(40))
    assert server.ask("POST", "previews", content=parts).status_code == 413
    assert server.ask("POST", "session", key=None, content=b"x" * 5000).status_code == 413


def bodies_of(path: str, parts: list[tuple[float, bytes]], **limit: Any) -> list[dict[str, Any]]:
    """Return what a server of one limit answers to a body that comes in parts, each after a while."""
    from satsuma.api.bodies import Bodies

    async def app(scope: Any, receive: Any, send: Any) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            size, more = size + len(message["body"]), message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(size).encode()})

    async def asked() -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []
        waiting = list(parts)

        async def receive() -> dict[str, Any]:
            wait, body = waiting.pop(0)
            await asyncio.sleep(wait)
            return {"type": "http.request", "body": body, "more_body": bool(waiting)}

        async def send(message: Any) -> None:
            sent.append(message)

        guarded = Bodies(app, limits=[BodyLimit(path="/", **limit)])
        await guarded({"type": "http", "path": path, "headers": []}, receive, send)  # type: ignore[arg-type]
        return sent

    return asyncio.run(asked())


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_body_has_a_size_and_a_time(is_stream: bool) -> None:
    quick = bodies_of("/", [(0, b"ab"), (0, b"cd")], most=4, seconds=5, is_stream=is_stream)
    assert (quick[0]["status"], quick[1]["body"]) == (200, b"4")
    large = bodies_of("/", [(0, b"ab"), (0, b"cde"), (0, b"f" * 10**6)], most=4, seconds=5, is_stream=is_stream)
    assert [item.get("status") for item in large] == [413, None]
    slow = bodies_of("/", [(0, b"a"), (5, b"b")], most=4, seconds=0.05, is_stream=is_stream)
    assert slow[0]["status"] == 400
    assert (b"connection", b"close") in slow[0]["headers"]


def test_bodies_together_have_a_size_too() -> None:
    from satsuma.api.bodies import Bodies

    gate = asyncio.Event()
    answered: list[int] = []

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await gate.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def asked() -> None:
        guarded = Bodies(app, limits=[BodyLimit(path="/", most=10)], most_held=20)

        async def one() -> None:
            async def receive() -> dict[str, Any]:
                return {"type": "http.request", "body": b"x" * 8, "more_body": False}

            async def send(message: Any) -> None:
                if "status" in message:
                    answered.append(message["status"])

            await guarded({"type": "http", "path": "/", "headers": []}, receive, send)  # type: ignore[arg-type]

        first = [asyncio.create_task(one()) for _ in range(2)]
        await asyncio.sleep(0)
        await one()
        gate.set()
        await asyncio.gather(*first)
        await one()

    asyncio.run(asked())
    assert answered == [503, 200, 200, 200]


# ------------------------------------------------------------------------------------------------------------- rates


def test_a_bucket_fills_as_time_goes_by() -> None:
    clock = [0.0]
    buckets = Buckets(Rate(per_second=2, at_once=3), clock=lambda: clock[0])
    for _ in range(3):
        buckets.take("a")
    with pytest.raises(TooMany) as error:
        buckets.take("a")
    assert error.value.facts["retry_after"] == 1
    buckets.take("b", cost=3)
    clock[0] = 0.5
    buckets.take("a")
    with pytest.raises(TooMany):
        buckets.take("a")
    clock[0] = 1000
    with pytest.raises(TooMany):
        buckets.take("a", cost=3.5)
    buckets.take("a", cost=3)


def test_each_key_has_a_rate_and_strangers_have_less(tmp_path: Path) -> None:
    few = Rate(per_second=0.01, at_once=3)
    for server in serving(fill(tmp_path), rate=few, strangers=few):
        answers = [server.ask("GET", "settings", key="read") for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert int(answers[-1].headers["retry-after"]) > 1
        assert server.ask("GET", "settings", key="admin").status_code == 200
        strange = [server.ask("GET", "settings", key=None).status_code for _ in range(5)]
        assert strange == [401, 401, 401, 429, 429]
        assert server.ask("GET", "/healthz", key=None).status_code == 200


# ----------------------------------------------------------------------------------------------------- the warehouse


def test_a_full_queue_and_a_long_wait_are_told() -> None:
    async def asked() -> list[Any]:
        thread, gate = WorkspaceThread(None, most_waiting=1, wait=0.1), threading.Event()  # type: ignore[arg-type]
        thread.start()
        first = asyncio.create_task(thread.do(lambda _: gate.wait(5)))
        await asyncio.sleep(0.05)
        thread.long_work = "a run"
        found: list[Any] = []
        second = asyncio.create_task(thread.call(lambda _: "done", wait=5))
        await asyncio.sleep(0.02)
        for _ in range(2):
            try:
                await thread.call(lambda _: "never")
            except Busy as error:
                found.append((str(error), error.facts["retry_after"]))
        # A job that was taken must not be lost because requests wait.
        own = asyncio.create_task(thread.do(lambda _: "a job"))
        await asyncio.sleep(0.02)
        gate.set()
        found.append(await second)
        assert await first is True
        assert await own == "a job"
        late = asyncio.create_task(thread.call(lambda _: time.sleep(0.3)))
        with pytest.raises(Busy, match="takes longer"):
            await late
        with pytest.raises(ZeroDivisionError):
            await thread.call(lambda _: 1 / 0, wait=5)
        with pytest.raises(TimeoutError):
            await thread.call(_times_out, wait=5)
        await thread.close()
        with pytest.raises(Busy, match="stopping"):
            await thread.call(lambda _: "never")
        return found

    found = asyncio.run(asked())
    assert found[0] == ("Too many requests wait for the warehouse. Under way: a run.", 5)
    assert found[-1] == "done"


def _times_out(_shop: Any) -> None:
    raise TimeoutError


# ----------------------------------------------------------------------------------------------- what is never told


def test_what_nobody_foresaw_is_told_without_data(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    router = APIRouter()

    @router.get("/api/v1/broken/{name}")
    async def broken(ask: Ask, name: str) -> Any:
        def fail(shop: Workspace) -> None:
            raise RuntimeError(f"a row of {PERSON} in {shop.path}")

        return await ask(fail)

    from satsuma.api.routes import ROUTERS

    caplog.set_level(logging.DEBUG)
    for server in serving(fill(tmp_path), routers=[*ROUTERS, router]):
        answer = server.ask("GET", f"broken/{PERSON}?q={PERSON}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (500, "unforeseen")
        assert PERSON not in answer.text
        assert "Traceback" not in answer.text
        [log] = list((server.workspace.state / "logs").glob("error-*.log"))
        assert "RuntimeError" in log.read_text()
        assert PERSON not in log.read_text()
        assert server.ask("GET", f"segments/{PERSON}?x={PERSON}").status_code in (404, 409)
        metrics = server.ask("GET", "/metrics").text
        assert PERSON not in metrics
        assert 'route="/api/v1/broken/{name}",status="500"' in metrics
    own = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("satsuma"))
    assert "route=/api/v1/broken/{name}" in own
    assert PERSON not in own


def test_validation_does_not_repeat_what_was_given(server: Server) -> None:
    for body in ({"customer_id": {PERSON: 1}}, {"customer_id": "b", PERSON: 1}, {"customer_id": "b", "at": [PERSON]}):
        answer = server.ask("POST", "segments/big/why", json=body)
        assert answer.status_code == 422
        assert PERSON not in answer.text


def test_ids_of_requests_come_in_and_go_out(server: Server) -> None:
    assert server.ask("GET", "settings", headers={"X-Request-Id": "abc-1.2"}).json()["request_id"] == "abc-1.2"
    for wrong in ("a b", "x" * 65, "<script>", ""):
        answer = server.ask("GET", "settings", headers={"X-Request-Id": wrong})
        assert answer.headers["x-request-id"] == answer.json()["request_id"] != wrong


def test_every_answer_has_the_headers_that_protect_browsers(server: Server) -> None:
    for path, key in (("/healthz", None), ("segments", "read"), ("segments", None), ("nothing", "read")):
        headers = server.ask("GET", path, key=key).headers
        assert "script-src 'self';" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


def test_the_description_tells_of_every_way_a_route_may_end(server: Server) -> None:
    found = server.ask("GET", "openapi.json", key=None).json()
    assert found["openapi"].startswith("3.1")
    assert set(found["components"]["securitySchemes"]) == {"key", "session", "csrf"}
    for path, methods in found["paths"].items():
        for method, said in methods.items():
            answers = set(said["responses"])
            assert {"400", "413", "429", "503"} <= answers, (method, path)
            assert answers & {"200", "202"}
            if path not in OPEN:
                assert said.get("security") or path == "/api/v1/session"
            assert "HTTPValidationError" not in str(said)
            assert said["summary"]
    names = [said["operationId"] for methods in found["paths"].values() for said in methods.values()]
    assert len(names) == len(set(names))


def test_errors_have_a_status_each() -> None:
    from satsuma import errors
    from satsuma.api.errors import STATUS

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, SatsumaError)]
    assert [kind.code for kind in kinds if kind.code not in STATUS] == []


def test_work_apart_does_not_keep_requests_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from satsuma import working
    from satsuma.working import JobKind, Outcome, Work

    monkeypatch.setattr(working, "_kinds", dict(working.kinds()))
    gate, threads = threading.Event(), []

    def do(work: Work) -> Outcome:
        threads.append(threading.current_thread().name)
        assert gate.wait(10)
        return Outcome(counts={"customers": work.owning(_count), "loads": 1})

    def _count(shop: Workspace) -> int:
        threads.append(threading.current_thread().name)
        return int(shop.engine.value("SELECT count(*) FROM customers"))

    working.register(JobKind(name="fetch", title="a fetch", do=do, apart=True))
    for server in serving(fill(tmp_path)):
        job = server.workspace.records.jobs.add("fetch", "x", now=now())
        while not threads:
            time.sleep(0.01)
        assert server.get(f"jobs/{job.job_id}")["status"] == "running"
        assert server.get("traits")
        gate.set()
        assert server.ended(job.job_id)["counts"] == {"customers": 4, "loads": 1}
    assert threads[0] != "workspace"
    assert threads[1] == "workspace"


def test_what_was_begun_is_ended_when_a_server_cannot_start(tmp_path: Path) -> None:
    story: list[str] = []

    @asynccontextmanager
    async def first(parts: Parts) -> AsyncIterator[None]:
        story.append("entered")
        try:
            yield
        finally:
            story.append("left")

    @asynccontextmanager
    async def second(parts: Parts) -> AsyncIterator[None]:
        raise OSError(errno.ENOSPC, "no room")
        yield

    async def begin(app: FastAPI) -> None:
        async with app.router.lifespan_context(app):
            story.append("ready")

    shop = fill(tmp_path)
    before = sum(thread.name == "workspace" for thread in threading.enumerate())
    try:
        with pytest.raises(OSError, match="no room"):
            asyncio.run(begin(create_app(shop, companions=(first, second))))
    finally:
        shop.close()
    assert story == ["entered", "left"]
    assert sum(thread.name == "workspace" for thread in threading.enumerate()) == before


def test_what_nobody_foresaw_in_the_queue_does_not_end_background_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from satsuma.ledger.jobs import Jobs

    failed, due = [], Jobs.add_due

    def add_due(self: Jobs, at: Any) -> Any:
        if len(failed) < 3:
            failed.append(1)
            raise KeyError("Nowhere/Town")
        return due(self, at)

    monkeypatch.setattr(Jobs, "add_due", add_due)
    monkeypatch.setattr(app_of, "LOOK_EVERY", 0.02)
    for server in serving(fill(tmp_path)):
        assert server.job("refreshes", {})["status"] == "done"
    assert len(failed) == 3


def test_a_job_under_way_goes_back_into_the_queue_when_the_server_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from satsuma import working
    from satsuma.working import JobKind, Outcome, Work

    monkeypatch.setattr(working, "_kinds", {})
    begun = threading.Event()

    def do(work: Work) -> Outcome:
        begun.set()
        for _ in range(500):
            work.progress("waiting")
            time.sleep(0.01)
        return Outcome()

    working.register(JobKind(name="long", title="a long job", do=do))
    workspace = fill(tmp_path)
    path = workspace.path
    for server in serving(workspace):
        job = server.workspace.records.jobs.add("long", "x", now=now())
        assert begun.wait(10)
        busy = server.workspace.access
        assert busy.keys.all()
    with Workspace.open(path) as again:
        kept = again.records.jobs.get(job.job_id)
        assert (kept.status, kept.error_code) == ("queued", "interrupted")


def test_a_companion_lives_while_the_warehouse_is_open(tmp_path: Path) -> None:
    from contextlib import asynccontextmanager

    seen: list[Any] = []

    @asynccontextmanager
    async def companion(parts: Any) -> Any:
        seen.append(await parts.thread.do(lambda shop: shop.engine.value("SELECT count(*) FROM customers")))
        yield
        seen.append(await parts.thread.do(lambda shop: shop.engine.value("SELECT count(*) FROM events")))

    for server in serving(fill(tmp_path), companions=[companion]):
        assert seen == [4]
        assert server.get("settings")
    assert seen == [4, 4]


def test_json_without_its_content_type_is_told_so(server: Server) -> None:
    # curl -d sends a form unless told otherwise; pydantic's words were of no help.
    answer = server.ask("POST", "session", key=None, content=b'{"name": "admin", "password": "x"}')
    assert answer.status_code == 422
    assert answer.json()["error"]["message"] == "The body is not a JSON object."
    assert "Content-Type: application/json" in answer.json()["error"]["hint"]
