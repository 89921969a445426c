"""A browser that signs in with a provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from fakes.hostile import HostileServer
from fakes.openid import Provider
from satsuma import Workspace
from satsuma.api.app import create_app

WAY = "/api/v1/session/provider"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    found = Provider()
    with HostileServer(found.answer) as server:
        found.url = server.url
        yield found


@pytest.fixture
def browser(tmp_path: Path, provider: Provider) -> Iterator[TestClient]:
    folder = tmp_path / "shop"
    Workspace.create(folder, timezone="UTC", currency="EUR").close()
    said = f"""sign_in:
  issuer: {provider.url}
  client_id: satsuma
  roles: {{staff: analyst}}
"""
    with (folder / "satsuma.yaml").open("a", encoding="utf-8") as file:
        file.write(said)
    provider.changes = {}
    with TestClient(create_app(Workspace.open(folder), works_off_jobs=False), follow_redirects=False) as client:
        yield client


def came_back(browser: TestClient, provider: Provider, onward: str | None = None) -> Any:
    sent = browser.get(WAY, params={} if onward is None else {"onward": onward})
    assert sent.status_code == 303, sent.text
    assert "HttpOnly" in sent.headers["set-cookie"]
    return browser.get(f"{WAY}/back", params=provider.goes(sent.headers["location"]))


def test_who_is_vouched_for_has_a_session_with_the_role_of_their_group(browser: TestClient, provider: Provider) -> None:
    answer = came_back(browser, provider)
    assert answer.status_code == 200
    assert answer.json()["data"]["role"] == "analyst"
    assert browser.get("/api/v1/session").json()["data"]["name"] == "ada@example.com"
    assert provider.form["redirect_uri"] == [f"http://testserver{WAY}/back"]
    # Groups count at each sign-in.
    provider.changes = {"groups": []}
    assert came_back(browser, provider).json()["data"]["role"] == "analyst"


def test_who_was_not_added_and_has_no_group_does_not_come_in(browser: TestClient, provider: Provider) -> None:
    provider.changes = {"groups": None}
    answer = came_back(browser, provider)
    assert answer.status_code == 401
    assert "An administrator adds people" in answer.json()["error"]["hint"]
    assert browser.get("/api/v1/session").status_code == 401


def test_a_browser_goes_on_to_a_path_of_this_server_alone(browser: TestClient, provider: Provider) -> None:
    answer = came_back(browser, provider, "/segments?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/segments?x=1")
    for elsewhere in ("https://evil.example.com", "//evil.example.com", "/\\evil.example.com", "segments", ""):
        assert browser.get(WAY, params={"onward": elsewhere}).status_code == 400


def test_coming_back_without_having_gone_is_refused(browser: TestClient, provider: Provider) -> None:
    sent = browser.get(WAY)
    query = provider.goes(sent.headers["location"])
    browser.cookies.clear()
    assert browser.get(f"{WAY}/back", params=query).status_code == 401


def test_who_was_shut_out_or_had_a_password_of_another(browser: TestClient, provider: Provider) -> None:
    access = browser.app.state.parts.access  # type: ignore[attr-defined]
    from datetime import UTC, datetime

    now = datetime.now(UTC).replace(tzinfo=None)
    access.users.add("first", "admin", now=now)
    access.users.add("ada@example.com", "viewer", now=now)
    who = came_back(browser, provider).json()["data"]
    assert (who["role"], who["must_change_password"]) == ("analyst", False)
    access.disable("ada@example.com", now=now)
    assert browser.get("/api/v1/session").status_code == 401
    assert came_back(browser, provider).status_code == 401


def test_without_a_provider_the_way_is_not_there(tmp_path: Path) -> None:
    shop = Workspace.create(tmp_path / "shop", timezone="UTC", currency="EUR")
    with TestClient(create_app(shop, works_off_jobs=False), follow_redirects=False) as client:
        assert client.get(WAY).status_code == 404
        assert client.get(f"{WAY}/back").status_code == 404
