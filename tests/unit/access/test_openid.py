"""Signing in with a provider: what it sends is trusted only where it is signed, meant for us, and fresh."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc.jwk import ECKey, KeySet, OctKey

from fakes.hostile import HostileServer, answers, cut_off, hang_up
from fakes.openid import Provider
from satsuma.access.openid import OpenId, Pending
from satsuma.access.provider import SignInProvider
from satsuma.errors import Busy, NotSignedIn, WrongUse

BACK = "http://127.0.0.1/back"


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


@pytest.fixture(scope="module")
def signer() -> Provider:
    return Provider()


@pytest.fixture
def running(signer: Provider) -> Iterator[tuple[Provider, HostileServer, OpenId]]:
    signer.changes, signer.signs_with, signer.algorithm = {}, None, "ES256"
    with HostileServer(signer.answer) as server:
        signer.url = server.url
        yield signer, server, OpenId(SignInProvider(issuer=server.url, client_id="satsuma", roles={"staff": "analyst"}))


def sign_in(provider: Provider, openid: OpenId) -> Any:
    url, pending = openid.begin(BACK)
    return openid.finish(provider.goes(url), Pending.read(pending.text()), BACK, now=now())


def test_who_signs_in_is_who_the_provider_signs_for(running: Any) -> None:
    provider, _, openid = running
    person = sign_in(provider, openid)
    assert (person.name, person.role) == ("Ada@Example.com", "analyst")
    assert provider.form["redirect_uri"] == [BACK]
    assert provider.begun["code_challenge_method"] == "S256"
    assert provider.begun["scope"] == "openid email profile"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://another.example.com"},
        {"aud": "another"},
        {"aud": ["satsuma", "another"]},
        {"aud": ["satsuma", "another"], "azp": "another"},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"exp": "9999999999"},
        {"iat": 9_999_999_999},
        {"iat": None},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"email_verified": False},
    ],
    ids=str,
)
def test_what_is_meant_for_somebody_else_or_old_does_not_count(running: Any, changes: dict[str, Any]) -> None:
    provider, _, openid = running
    provider.changes = changes
    with pytest.raises(NotSignedIn):
        sign_in(provider, openid)


def test_a_list_of_audiences_counts_when_we_are_the_one_it_was_made_for(running: Any) -> None:
    provider, _, openid = running
    provider.changes = {"aud": ["satsuma", "another"], "azp": "satsuma"}
    assert sign_in(provider, openid).name == "Ada@Example.com"


def test_a_signature_of_another_key_of_the_secret_or_of_nobody_does_not_count(running: Any) -> None:
    provider, _, openid = running
    sign_in(provider, openid)
    provider.signs_with = ECKey.generate_key("P-256", {"kid": "first"})
    with pytest.raises(NotSignedIn, match="not signed by it"):
        sign_in(provider, openid)
    provider.algorithm = "HS256"
    provider.signs_with = OctKey.generate_key(256, {"kid": "first"})
    with pytest.raises(NotSignedIn, match="not signed by it"):
        sign_in(provider, openid)
    part = base64.urlsafe_b64encode(b'{"alg":"none","kid":"first"}').rstrip(b"=").decode()
    with pytest.raises(NotSignedIn, match="not signed by it"):
        openid._signed(f"{part}.e30.")


def test_a_provider_that_changed_its_keys_is_asked_for_them_again(running: Any) -> None:
    provider, _, openid = running
    sign_in(provider, openid)
    before = provider.keys
    provider.keys = KeySet([ECKey.generate_key("P-256", {"kid": "second"})])
    assert sign_in(provider, openid).name == "Ada@Example.com"
    provider.keys = before


def test_what_was_begun_elsewhere_cannot_be_finished_here(running: Any) -> None:
    provider, _, openid = running
    url, pending = openid.begin(BACK)
    query = provider.goes(url)
    for other in ({**query, "state": "forged"}, {"code": query["code"]}, {"state": query["state"]},
                  {"state": query["state"], "error": "access_denied"}):  # fmt: skip
        with pytest.raises(NotSignedIn):
            openid.finish(other, pending, BACK, now=now())
    with pytest.raises(NotSignedIn, match="used or too old"):
        openid.finish(query, replace(pending, verifier="of somebody else"), BACK, now=now())
    with pytest.raises(NotSignedIn, match="used or too old"):
        openid.finish({**query, "code": "used"}, pending, BACK, now=now())
    for text in (None, "", "nonsense", base64.urlsafe_b64encode(b"[]").decode(), "é"):
        with pytest.raises(NotSignedIn):
            Pending.read(text)


@pytest.mark.parametrize(
    "misstep", [answers(500), answers(200, ["no"]), cut_off(), hang_up(), answers(302, location="/")]
)
def test_a_provider_that_does_not_work_is_said_to_be_so(running: Any, misstep: Any) -> None:
    _, server, openid = running
    server.goes_wrong(misstep)
    with pytest.raises(Busy, match="does not work"):
        openid.begin(BACK)
    assert openid.begin(BACK)[0].startswith(server.url)


def test_a_document_of_another_provider_does_not_count(running: Any) -> None:
    provider, _, openid = running
    provider.url = "https://another.example.com"
    with pytest.raises(Busy, match="another address"):
        openid.begin(BACK)


def test_the_secret_comes_from_the_environment_and_a_missing_name_is_said(
    running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider, _, openid = running
    with_secret = OpenId(replace(openid.provider, client_secret="OIDC_SECRET"))  # noqa: S106 the name of a variable
    monkeypatch.delenv("OIDC_SECRET", raising=False)
    with pytest.raises(Busy, match="OIDC_SECRET is empty"):
        sign_in(provider, with_secret)
    monkeypatch.setenv("OIDC_SECRET", "hush")
    assert sign_in(provider, with_secret).role == "analyst"
    assert base64.b64decode(str(provider.head).split()[1]) == b"satsuma:hush"
    provider.changes = {"email": None}
    with pytest.raises(WrongUse, match="does not say the 'email'"):
        sign_in(provider, openid)


@pytest.mark.parametrize(
    "held", [b'{"state": 1, "nonce": "n", "verifier": "v", "onward": null}', b"[" * 40_000, b"[]", b"1", b"\xff",
             b'{"state": "s", "nonce": "n", "verifier": "v", "onward": {"a": 1}}'],
)  # fmt: skip
def test_a_cookie_that_somebody_else_wrote_is_no_sign_in(held: bytes) -> None:
    with pytest.raises(NotSignedIn):
        Pending.read(base64.urlsafe_b64encode(held).decode())


def test_an_address_that_is_not_verified_does_not_count_however_that_is_written(running: Any) -> None:
    provider, _, openid = running
    for said in (False, "false"):
        provider.changes = {"email_verified": said}
        with pytest.raises(NotSignedIn, match="not verified"):
            sign_in(provider, openid)
