"""The HTTP client: signing in, keeping to limits, waiting as long as it is told, and what it never does."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest

from connector_tests import NOW, Dated, Hands
from fakes.hostile import Answer, Asked, HostileServer, answers, cut_off, hang_up, too_many
from satsuma.connectors import client as clients
from satsuma.connectors import limits
from satsuma.connectors.calls import Call
from satsuma.connectors.catalogue import read_vendor
from satsuma.connectors.client import Client
from satsuma.errors import VendorError
from satsuma.working import StoppedError

VENDOR = """
vendor: any
settings: {base_url: "http://127.0.0.1"}
secrets: {key: {variable: KEY, about: it}}
AUTH
streams: {s: {request: {path: /s}, records: rows}}
"""
BEARER = 'auth: {kind: bearer, token: "${secrets.key}"}'
ME = Call(method="GET", url="/me")


@contextmanager
def asking(
    answer: Callable[[Asked], Answer], auth: str = BEARER, *, hands: Hands | None = None, **options: Any
) -> Iterator[tuple[Client, HostileServer, Hands]]:
    limits._limiters.clear()
    hands = hands or Hands()
    vendor = read_vendor(VENDOR.replace("AUTH", auth), "any.yaml")
    with HostileServer(Dated(answer, hands, timedelta())) as server:
        values = {"settings": {"base_url": server.url}, "secrets": {"key": "k1"}}
        with Client(vendor, values, base_url=server.url, clock=hands.clock, **options) as client:
            yield client, server, hands


def _http(moment: datetime) -> str:
    return format_datetime(moment.replace(tzinfo=UTC), usegmt=True)


def fine(_asked: Asked) -> Answer:
    return Answer(body={"rows": []})


def test_waits_are_as_long_as_the_vendor_says_in_seconds_or_by_a_date() -> None:
    with asking(fine) as (client, server, hands):
        at, until = (_http(NOW + timedelta(seconds=seconds)) for seconds in (30, 47))
        server.goes_wrong(too_many("30"), answers(429, Retry_After=until, Date=at))
        assert client.ask(ME).body == {"rows": []}
        # The date stands for a moment of the vendor's clock, which went on for 30 s meanwhile.
        assert hands.slept == 47


def test_without_a_word_waits_grow_and_end() -> None:
    with asking(fine) as (client, server, hands):
        server.goes_wrong(*(answers(503) for _ in range(20)))
        with pytest.raises(VendorError, match="does not answer well") as caught:
            client.ask(ME)
        assert len(server.asked) == clients.MOST_TRIES
        assert 30 < hands.slept < clients.MOST_WAITING
        assert caught.value.facts["again"] is True


def test_a_wait_beyond_all_patience_is_left_to_whoever_comes_back() -> None:
    with asking(fine) as (client, server, hands):
        server.goes_wrong(too_many("3600"))
        with pytest.raises(VendorError, match="takes no more requests") as caught:
            client.ask(ME)
        assert hands.slept == 0
        assert caught.value.facts["retry_after"] == 3601


@pytest.mark.parametrize("misstep", [hang_up(), cut_off(), answers(502), answers(408), answers(425)])
def test_what_passes_is_tried_again(misstep: Any) -> None:
    with asking(fine) as (client, server, _):
        server.goes_wrong(misstep)
        assert client.ask(ME).status == 200
        assert len(server.asked) == 2


@pytest.mark.parametrize("status", [400, 404, 422, 301, 403])
def test_what_does_not_pass_is_not(status: int) -> None:
    with asking(fine) as (client, server, _):
        server.goes_wrong(answers(status, {"message": "zoe@example.com is wrong"}, location="/other"))
        with pytest.raises(VendorError) as caught:
            client.ask(ME)
        assert len(server.asked) == 1
        assert "zoe" not in json.dumps(caught.value.as_dict())
        assert caught.value.facts["again"] is False


def test_requests_keep_to_every_limit_of_the_account() -> None:
    limited = f"{BEARER}\nlimits: [{{requests: 3, seconds: 1}}, {{requests: 10, seconds: 60}}]"
    vendor = read_vendor(VENDOR.replace("AUTH", limited), "any.yaml")
    limits._limiters.clear()
    hands = Hands()
    sent: list[float] = []

    def timed(asked: Asked) -> Answer:
        sent.append(hands.slept)
        return fine(asked)

    with HostileServer(timed) as server:
        values = {"settings": {}, "secrets": {"key": "k1"}}
        for _ in range(2):  # two clients of one account share what they may
            with Client(vendor, values, base_url=server.url, clock=hands.clock) as client:
                for _ in range(6):
                    client.ask(ME)
    for most, seconds in ((3, 1), (10, 60)):
        assert all(later - earlier >= seconds for earlier, later in zip(sent, sent[most:], strict=False))
    assert sent[-1] < 62


LOGIN = """auth:
  kind: login
  request: {method: POST, path: /token, form: {grant_type: client_credentials, secret: "${secrets.key}"}}
  expires: expires_in
  base_url: instance_url"""


class SignsIn:
    """Gives tokens that hold for a while, and answers to the newest alone."""

    def __init__(self, seconds: int = 3600) -> None:
        self.given, self.seconds, self.url = 0, seconds, ""

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/token":
            assert asked.body == b"grant_type=client_credentials&secret=k1"
            assert "authorization" not in asked.headers
            self.given += 1
            return Answer(body={"access_token": f"t{self.given}", "expires_in": self.seconds,
                                "instance_url": f"{self.url}/here"})  # fmt: skip
        if asked.headers.get("authorization") != f"Bearer t{self.given}":
            return Answer(status=401)
        return Answer(body={"path": asked.path})


def test_a_login_gives_a_token_and_the_address_to_ask_from_then_on() -> None:
    fake = SignsIn()
    with asking(fake, LOGIN) as (client, server, hands):
        fake.url = server.url
        assert client.ask(ME).body == {"path": "/here/me"}
        client.ask(ME)
        assert fake.given == 1
        hands.now += timedelta(seconds=3550)  # it would end under way
        client.ask(ME)
        assert fake.given == 2
        fake.given = 9  # the vendor has forgotten it
        client.ask(ME)
        assert fake.given == 10


def test_a_login_that_is_refused_is_about_the_secrets() -> None:
    with asking(lambda _: Answer(status=400, body={"error": "invalid_grant"}), LOGIN) as (client, _, _hands):
        with pytest.raises(VendorError, match="does not let us in") as caught:
            client.ask(ME)
        assert "KEY" in caught.value.hint


def test_a_login_that_sends_elsewhere_without_tls_is_not_followed() -> None:
    fake = SignsIn()
    with asking(fake, LOGIN) as (client, server, _):
        fake.url = "http://evil.example.com"
        with pytest.raises(VendorError, match="reads the secrets"):
            client.ask(ME)
        assert [asked.path for asked in server.asked] == ["/token"]


@pytest.mark.parametrize("ahead", [-7200, 0, 7200])
def test_a_jwt_is_renewed_before_it_ends_whoevers_clock_is_wrong(ahead: int) -> None:
    hands = Hands()
    given = 0

    def answer(asked: Asked) -> Answer:
        nonlocal given
        if asked.path != "/auth/":
            return Answer(body={})
        given += 1
        made = (hands.now + timedelta(seconds=ahead)).replace(tzinfo=UTC).timestamp()
        claims = base64.urlsafe_b64encode(json.dumps({"iat": made, "exp": made + 600}).encode()).decode().rstrip("=")
        return Answer(body={"success": True, "token": f"a.{claims}.c"})

    login = """auth: {kind: login, request: {method: POST, path: /auth/, json: {password: "${secrets.key}"}},
  token: token, expires: jwt, name: F-Auth-Token, value: "${token}"}"""
    with asking(answer, login, hands=hands) as (client, server, _):
        for minutes in (0, 5, 6):
            hands.now = NOW + timedelta(minutes=minutes)
            client.ask(ME)
        assert given == 1
        hands.now = NOW + timedelta(minutes=9, seconds=30)
        client.ask(ME)
        assert given == 2
        assert server.asked[-1].headers["f-auth-token"].startswith("a.")


def test_a_body_beyond_all_measure_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "MOST_BYTES", 1 << 20)
    large = Answer(body=b" " * (2 << 20))
    with asking(lambda _: large) as (client, _, _hands), pytest.raises(VendorError, match="more than 1 MB"):
        client.ask(ME)


def test_json_that_nests_without_end_is_no_answer() -> None:
    deep = Answer(body=b"[" * 100_000 + b"]" * 100_000)
    with asking(lambda _: deep) as (client, _, _hands), pytest.raises(VendorError, match="in the middle, or no JSON"):
        client.ask(ME)


@pytest.mark.parametrize(
    "url", ["http://crm.example.com", "ftp://127.0.0.1", "crm.example.com", "https://u:p@host", ""]
)
def test_secrets_go_over_tls_alone(url: str) -> None:
    vendor = read_vendor(VENDOR.replace("AUTH", BEARER), "any.yaml")
    with pytest.raises(VendorError, match="address of the source"):
        Client(vendor, {"settings": {}, "secrets": {"key": "k1"}}, base_url=url)


def test_whoever_stops_the_work_need_not_wait_for_it() -> None:
    stops = iter([False] * 5 + [True])

    def steps() -> None:
        if next(stops):
            raise KeyboardInterrupt

    with asking(fine, steps=steps) as (client, server, hands):
        server.goes_wrong(too_many("60"))
        with pytest.raises(KeyboardInterrupt):
            client.ask(ME)
        assert hands.slept < 10


@pytest.mark.parametrize("said", ["inf", "1e400", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_wait_without_end_is_a_day_at_the_most(said: str) -> None:
    with asking(fine) as (client, server, hands):
        server.goes_wrong(too_many(said))
        with pytest.raises(VendorError, match="no more requests") as caught:
            client.ask(ME)
        assert caught.value.facts["retry_after"] == int(clients.MOST_ASKED) + 1
        assert hands.slept == 0


def test_whoever_stops_the_work_stops_a_body_that_does_not_end() -> None:
    parts = []

    class Dripping(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            for _ in range(100):
                parts.append(1)
                yield b" "

    def steps() -> None:
        if len(parts) > 2:
            raise StoppedError("stopped")

    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, stream=Dripping()))
    with asking(fine, transport=transport, steps=steps) as (client, _, _), pytest.raises(StoppedError):
        client.ask(ME)
    assert len(parts) == 3
