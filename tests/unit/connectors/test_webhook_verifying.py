"""A delivery counts only as its vendor signed it: vectors that others published, and every way of changing one."""

# ruff: noqa: S106  secrets of tests
from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import signing
from satsuma.connectors.webhooks.reading import UnreadableError, delivery_id, read_body, read_form, text_at
from satsuma.connectors.webhooks.schemes import SCHEMES, Scheme, Signature
from satsuma.connectors.webhooks.verifying import (
    Delivery,
    RefusedError,
    Secrets,
    first_element,
    is_ping,
    read_time,
    verify,
)

NOW = datetime(2026, 11, 28, 14, 0, 0)
BODY = '{"id": "evt_1", "name": "Zoé", "token": "x"}'.encode()
SIGNED = sorted(signing.SIGNERS)


def delivery(
    headers: Mapping[str, str] | Sequence[tuple[bytes, bytes]],
    body: bytes = BODY,
    *,
    urls: Sequence[str] = (signing.URL,),
    url_secrets: Sequence[str] = (),
) -> Delivery:
    if isinstance(headers, Mapping):
        headers = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Delivery(method="POST", urls=urls, headers=headers, body=body, url_secrets=url_secrets)


def secrets_of(name: str) -> Secrets:
    return Secrets(secret=signing.STANDARD_SECRET if name == "standard" else signing.SECRET)


def refused(sent: Delivery, name: str | Scheme, secrets: Secrets | None = None, now: datetime = NOW) -> str:
    scheme = SCHEMES[name] if isinstance(name, str) else name
    with pytest.raises(RefusedError) as found:
        verify(sent, scheme, secrets or secrets_of(scheme.name), now=now)
    return found.value.reason


# ------------------------------------------------------------------------------------------------- published by vendors


def test_the_example_that_standard_webhooks_publishes() -> None:
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    sent = delivery(headers, b'{"test": 2432232314}')
    moment = datetime(2021, 2, 25, 15, 2, 10)
    verify(sent, SCHEMES["standard"], secrets_of("standard"), now=moment)
    assert refused(sent, "standard", Secrets(secret="whsec_AAAA"), moment) == "wrong_signature"


HUBSPOT = Secrets(secret="yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy")


def test_the_example_that_hubspot_publishes_of_its_first_version() -> None:
    body = (
        b'[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,"subscriptionType":'
        b'"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"CRM","changeFlag":"NEW","appId":54321}]'
    )
    headers = {
        "X-HubSpot-Signature": "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de",
        "X-HubSpot-Signature-Version": "v1",
    }
    verify(delivery(headers, body), SCHEMES["hubspot"], HUBSPOT, now=NOW)
    second = {**headers, "X-HubSpot-Signature-Version": "v2"}
    assert refused(delivery(second, body), "hubspot", HUBSPOT) == "no_signature"


def test_the_example_in_the_tests_of_hubspots_own_library() -> None:
    headers = {
        "X-HubSpot-Signature-v3": "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y=",
        "X-HubSpot-Request-Timestamp": "1693657560000",
    }
    sent = delivery(headers, b"{'example_field':'example_value'}", urls=["https://www.example.com/webhook_uri"])
    verify(sent, SCHEMES["hubspot"], HUBSPOT, now=datetime(2023, 9, 2, 12, 26))


# ------------------------------------------------------------------------------------------ signed as documented, by us


@pytest.mark.parametrize("name", SIGNED)
def test_what_is_signed_as_documented_is_taken(name: str) -> None:
    verify(delivery(signing.SIGNERS[name](BODY, NOW)), SCHEMES[name], secrets_of(name), now=NOW)


@pytest.mark.parametrize("name", SIGNED)
@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_changed_byte_is_refused(name: str, data: st.DataObject) -> None:
    signer = signing.SIGNERS[name]
    signed = signer(BODY, NOW)
    # Neither the id nor the topic of these two is signed: their documentation says so, and so does ours.
    counted = [key for key in signed if not key.startswith(("X-Shopify-Topic", "X-Shopify-Webhook", "X-WC-Webhook-T",
                                                            "X-WC-Webhook-D"))]  # fmt: skip
    part = data.draw(st.sampled_from(["body", *counted]))
    text = BODY if part == "body" else signed[part].encode()
    place = data.draw(st.integers(0, len(text) - 1))
    changed = bytearray(text)
    changed[place] ^= data.draw(st.integers(1, 255))
    if part == "body":
        refused(delivery(signed, bytes(changed)), name)
    else:
        refused(delivery({**signed, part: changed.decode("latin-1")}), name)


@pytest.mark.parametrize("name", SIGNED)
def test_a_signature_of_another_secret_or_length_is_refused(name: str) -> None:
    signed = signing.SIGNERS[name](BODY, NOW)
    other = Secrets(secret="whsec_b3RoZXI=" if name == "standard" else "other")
    assert refused(delivery(signed), name, other) == "wrong_signature"
    header = SCHEMES[name].signatures[0].header
    for changed in (signed[header][:-1], signed[header] + "0"):
        assert refused(delivery({**signed, header: changed}), name) == "wrong_signature"
    assert refused(delivery({}), name) == "no_signature"


@pytest.mark.parametrize("name", SIGNED)
def test_without_a_secret_everything_is_refused(name: str) -> None:
    signed = signing.SIGNERS[name](BODY, NOW)
    right = secrets_of(name).secret
    for nothing in (Secrets(), Secrets(secret=""), Secrets(url_secret="a"), Secrets(secret=right, url_secret="")):
        assert refused(delivery(signed), name, nothing) == "no_secret"


def test_an_empty_key_is_no_key() -> None:
    signed = signing.standard(BODY, NOW)
    for text in ("whsec_", "not base64!", "whsec_é"):
        assert refused(delivery(signed), "standard", Secrets(secret=text)) == "no_secret"


@pytest.mark.parametrize("name", ["hubspot", "klaviyo", "stripe", "standard"])
def test_times_too_far_from_ours_are_refused(name: str) -> None:
    sent = delivery(signing.SIGNERS[name](BODY, NOW))
    for seconds in (-300, 0, 300):
        verify(sent, SCHEMES[name], secrets_of(name), now=NOW + timedelta(seconds=seconds))
    for seconds in (-301, 301, -(10**9), 10**9):
        assert refused(sent, name, now=NOW + timedelta(seconds=seconds)) == "wrong_time"


@pytest.mark.parametrize("name", SIGNED)
def test_a_header_that_counts_may_not_stand_twice(name: str) -> None:
    signed = signing.SIGNERS[name](BODY, NOW)
    counted = [signature.header for signature in SCHEMES[name].signatures[:1]]
    stamp = SCHEMES[name].signatures[0].stamp
    counted += [] if stamp is None or SCHEMES[name].signatures[0].several == "pairs" else [stamp.name]
    for header in counted:
        raw = [(key.encode(), value.encode()) for key, value in signed.items()]
        again = next(pair for pair in raw if pair[0].lower() == header.lower().encode())
        for second in (again[1], b"other"):
            twice = [*raw, (header.upper().encode(), second)]
            assert refused(delivery(twice), name) == "repeated_header"


def test_headers_are_found_however_they_are_written() -> None:
    raw = [(key.lower().encode(), b" " + value.encode() + b" ") for key, value in signing.stripe(BODY, NOW).items()]
    verify(delivery(raw), SCHEMES["stripe"], secrets_of("stripe"), now=NOW)


@pytest.mark.parametrize("text", ["é", "☃", "\udcff", "", " ", ",", "=", "t=,v1=", "v1,", "t=1,t=2,v1=a"])
def test_odd_headers_are_refused_without_falling_over(text: str) -> None:
    for name in SIGNED:
        headers = [(key.encode(), text.encode("utf-8", "surrogateescape")) for key in signing.SIGNERS[name](BODY, NOW)]
        refused(delivery(headers), name)


# ---------------------------------------------------------------------------------------------------- vendors' own ways


def test_one_right_signature_of_several_is_enough_while_a_secret_is_changed() -> None:
    header = signing.stripe(BODY, NOW)["Stripe-Signature"]
    time, right = header.split(",")
    wrong = f"v1={'0' * 64}"
    for text in (f"{time},{wrong},{right}", f"{time},{right},{wrong}", f"{time}, {right},v0=abc"):
        verify(delivery({"Stripe-Signature": text}), SCHEMES["stripe"], secrets_of("stripe"), now=NOW)
    assert refused(delivery({"Stripe-Signature": f"{time},{wrong},{wrong}"}), "stripe") == "wrong_signature"
    assert refused(delivery({"Stripe-Signature": f"{time},{right.replace('v1', 'v0')}"}), "stripe") == "no_signature"
    assert refused(delivery({"Stripe-Signature": f"{time},{time},{right}"}), "stripe") == "repeated_header"
    assert refused(delivery({"Stripe-Signature": right}), "stripe") == "no_time"
    many = ",".join([time, *[wrong] * 30, right])
    assert refused(delivery({"Stripe-Signature": many}), "stripe") == "no_signature"
    signed = signing.standard(BODY, NOW)
    signed["webhook-signature"] = f"v1,AAAA v1a,BBBB {signed['webhook-signature']}"
    verify(delivery(signed), SCHEMES["standard"], secrets_of("standard"), now=NOW)


def test_hubspots_first_version_counts_only_where_the_third_is_absent() -> None:
    first = signing.hubspot_v1(BODY, NOW)
    verify(delivery(first), SCHEMES["hubspot"], secrets_of("hubspot"), now=NOW)
    stale = signing.hubspot(BODY, NOW - timedelta(hours=1))
    assert refused(delivery({**first, **stale}), "hubspot") == "wrong_time"
    assert refused(delivery({**first, "X-HubSpot-Signature-v3": ""}), "hubspot") == "no_signature"


def test_hubspot_signs_the_address_as_it_reads_it() -> None:
    asked = "https://h.example/v1/hooks/crm?a=%40b%2Cc%20d"
    sent = delivery(signing.hubspot(BODY, NOW, "https://h.example/v1/hooks/crm?a=@b,c%20d"), urls=["http://x", asked])
    verify(sent, SCHEMES["hubspot"], secrets_of("hubspot"), now=NOW)
    elsewhere = delivery(signing.hubspot(BODY, NOW, "https://elsewhere.example/"), urls=[asked])
    assert refused(elsewhere, "hubspot") == "wrong_signature"
    assert refused(delivery(signing.hubspot(BODY, NOW), urls=[]), "hubspot") == "wrong_signature"


def test_of_segments_batches_only_what_is_covered_counts() -> None:
    one, two = b'{"type": "track", "p": ["}", 1, "\\"]"]}', b'{"type":"identify"}'
    headers = signing.segment(one, NOW)
    scheme, secrets = SCHEMES["segment"], secrets_of("segment")
    for alone in (b"[" + one + b"]", b" [ " + one + b" ]\n"):
        verify(delivery(headers, alone), scheme, secrets, now=NOW)
    both = b"[" + one + b"," + two + b"]"
    assert refused(delivery(headers, both), "segment") == "unsigned_rest"
    with_url = Secrets(secret=signing.SECRET, url_secret="long and random")
    verify(delivery(headers, both, url_secrets=["long and random"]), scheme, with_url, now=NOW)
    assert refused(delivery(headers, both, url_secrets=["other"]), "segment", with_url) == "wrong_url_secret"


def test_looking_for_the_first_element_takes_no_square_of_time() -> None:
    started = time.process_time()
    for body in (b"[" + b'"\\' * 150_000 + b"]", b"[" * 300_000 + b"]", b'["' + b'\\"' * 150_000 + b"]"):
        with pytest.raises(RefusedError):
            first_element(body)
    assert time.process_time() - started < 3


@pytest.mark.parametrize("name", ["mailchimp", "activecampaign", "url"])
def test_a_secret_in_the_address_is_all_that_some_vendors_know(name: str) -> None:
    secrets = Secrets(url_secret="sécret-in-the-address")
    verify(delivery({}, url_secrets=["sécret-in-the-address"]), SCHEMES[name], secrets, now=NOW)
    for given_ in ([], ["sécret-in-the-addres"], [""], ["\udcff"], ["sécret-in-the-address"] * 2):
        assert refused(delivery({}, url_secrets=given_), name, secrets) == "wrong_url_secret"
    assert refused(delivery({}, url_secrets=[""]), name, Secrets(url_secret="")) == "no_secret"


def test_zoho_repeats_its_token() -> None:
    secrets = Secrets(secret="tökén")
    verify(delivery({}, '{"token": "tökén", "ids": [1]}'.encode()), SCHEMES["zoho"], secrets, now=NOW)
    for body, reason in (
        (b'{"token": "other"}', "wrong_echo"),
        (b"{}", "wrong_echo"),
        (b'{"token": ["x"]}', "wrong_echo"),
        (b"[]", "wrong_echo"),
        (b'{"token": "\\ud800"}', "wrong_echo"),
        (b"no json", "unreadable"),
        (b"[" * 200_000, "unreadable"),
        (b"\xff", "unreadable"),
    ):
        assert refused(delivery({}, body), "zoho", secrets) == reason


def test_woocommerce_asks_first_whether_anybody_answers() -> None:
    scheme = SCHEMES["woocommerce"]
    assert is_ping(delivery({}, b"webhook_id=12"), scheme)
    assert not is_ping(delivery({}, b"webhook_id=12&x=1"), scheme)
    assert not is_ping(delivery(signing.woocommerce(b"webhook_id=12", NOW), b"webhook_id=12"), scheme)
    assert not is_ping(delivery({}, b"webhook_id=12"), SCHEMES["shopify"])


def test_a_scheme_of_ones_own() -> None:
    signature = Signature(header="X-Sig", algorithm="sha512", prefix="v=", encoding="base64")
    scheme = Scheme(name="hmac", about="", signatures=(signature,))
    right = base64.b64encode(hmac.new(signing.SECRET.encode(), BODY, "sha512").digest()).decode()
    secrets = Secrets(secret=signing.SECRET)
    verify(delivery({"X-Sig": f"v={right}"}), scheme, secrets, now=NOW)
    assert refused(delivery({"X-Sig": right}), scheme, secrets) == "no_signature"


# ------------------------------------------------------------------------------------------------------- what they say


def test_forms_are_read_with_their_brackets() -> None:
    form = "type=subscribe&data[email]=zo%C3%A9%40x.example&data[merges][FNAME]=Zo%C3%A9&data[id]=&tags[]=a&tags[]=b"
    read = read_form(form.encode())
    assert read["data"] == {"email": "zoé@x.example", "merges": {"FNAME": "Zoé"}, "id": ""}
    assert (read["type"], read["tags"]) == ("subscribe", ["a", "b"])


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200) | st.text("ab[]=&%1", max_size=60).map(str.encode))
def test_any_form_is_read_or_refused(body: bytes) -> None:
    try:
        read = read_body(body, "form")
    except UnreadableError:
        return
    assert isinstance(read, dict)


def test_forms_that_are_absurd_are_refused() -> None:
    with pytest.raises(UnreadableError):
        read_body(b"&".join(b"a=1" for _ in range(6_000)), "form")
    assert read_form(b"a" + b"[x]" * 500 + b"=1") == {"a" + "[x]" * 500: "1"}
    mixed = {"a": "1", "a[b]": "2", "c": "2", "e": "2", "e[f]": "3"}
    assert read_form(b"a=1&a[b]=2&c[d]=1&c=2&e[]=1&e=2&e[f]=3") == mixed


def test_a_delivery_is_told_by_its_id_or_by_what_it_says() -> None:
    assert delivery_id("w-1", b"x") == "w-1"
    assert delivery_id("", b"x") != delivery_id("", b"y")
    assert delivery_id("", b"x").startswith("sha256:")
    assert len(delivery_id("a" * 5_000, b"")) < 100
    assert "\x00" not in delivery_id("a\x00b", b"")
    assert text_at({"a": [{"b": 7}]}, "a.0.b") == "7"
    assert (text_at({"a": True}, "a"), text_at([1], "5"), text_at(3, "a"), text_at({}, "")) == ("", "", "", "")


@pytest.mark.parametrize(
    ("text", "unit"),
    [("", "seconds"), ("-1", "seconds"), ("1e9", "seconds"), ("٣", "seconds"), ("9" * 17, "milliseconds"),
     ("9" * 16, "seconds"), ("yesterday", "date"), ("2026-13-01", "date"), ("0", "date")],
)  # fmt: skip
def test_what_is_no_time_is_none(text: str, unit: str) -> None:
    assert read_time(text, unit) is None  # type: ignore[arg-type]


def test_times_are_read_in_every_zone() -> None:
    assert read_time("2026-04-13T22:50:12.5-05:00", "date") == datetime(2026, 4, 14, 3, 50, 12, 500_000)
    assert read_time("Tue, 14 Apr 2026 03:50:12 GMT", "date") == datetime(2026, 4, 14, 3, 50, 12)
