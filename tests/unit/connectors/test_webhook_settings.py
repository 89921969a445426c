"""What a source may say of its deliveries, and every mistake in it."""

# ruff: noqa: S105  secrets of tests
from __future__ import annotations

import base64
import hmac
from datetime import datetime

import pytest

from satsuma.connectors.reading_values import ValueReader
from satsuma.connectors.webhooks.settings import Webhook, read_webhook
from satsuma.connectors.webhooks.verifying import Delivery, verify
from satsuma.documents import read_document


def read(text: str, vendor: str = "rest") -> tuple[Webhook | None, list[str]]:
    document = read_document(text, "sources/shop.yaml")
    reader = ValueReader(document)
    found = read_webhook(reader, document.value["webhook"], ("webhook",), vendor)
    return found, [str(problem) for problem in reader.problems]


def good(text: str, vendor: str = "rest") -> Webhook:
    found, problems = read(text, vendor)
    assert problems == []
    assert found is not None
    return found


@pytest.mark.parametrize("vendor", ["hubspot", "klaviyo", "shopify", "woocommerce", "stripe", "typeform", "zoho"])
def test_a_vendor_brings_its_scheme(vendor: str) -> None:
    webhook = good("webhook: {secret: '${HOOK_SECRET}'}", vendor)
    assert (webhook.scheme.name, webhook.secret, webhook.url_secret) == (vendor, "HOOK_SECRET", None)


@pytest.mark.parametrize("key", ["secret", "url_secret"])
def test_where_only_the_address_can_prove_it_the_secret_stands_there(key: str) -> None:
    webhook = good(f"webhook: {{{key}: '${{HOOK_SECRET}}'}}", "mailchimp")
    assert (webhook.secret, webhook.url_secret) == (None, "HOOK_SECRET")


def test_others_speak_standard_webhooks_until_they_say_how() -> None:
    assert good("webhook: {secret: '${A}'}").scheme.name == "standard"
    assert good("webhook: {secret: '${A}', scheme: stripe, url_secret: '${B}'}").scheme.name == "stripe"
    assert good("webhook: {secret: '${A}', scheme: url}").scheme.is_by_url


def test_secrets_come_from_the_environment() -> None:
    webhook = good("webhook: {secret: '${ A }', url_secret: '${B}'}")
    assert webhook.secrets({"A": "x", "B": ""}).secret == "x"
    assert webhook.secrets({"A": "x", "B": ""}).url_secret == ""
    assert webhook.secrets({"A": "x"}).url_secret == ""
    assert webhook.missing({"A": "x", "B": ""}) == ["B"]
    assert "hidden" not in repr(webhook.secrets({"A": "hidden", "B": "hidden"}))


OWN = """
webhook:
  secret: ${A}
  scheme: hmac
  signature:
    header: X-Sig
    covers: "{id}|{time}|{body}"
    algorithm: sha1
    encoding: base64
    prefix: "sha1="
    time: {header: X-Time, unit: milliseconds}
  id: {header: X-Id}
  topic: {field: event.type}
"""


def test_a_signature_that_is_described_is_checked_as_it_is_described() -> None:
    webhook = good(OWN)
    now = datetime(2026, 11, 28, 14)
    time, body = b"1795874400000", b"{}"
    right = base64.b64encode(hmac.new(b"k", b"7|" + time + b"|" + body, "sha1").digest())
    headers = [(b"x-sig", b"sha1=" + right), (b"x-time", time), (b"x-id", b"7")]
    sent = Delivery(method="POST", headers=headers, body=body)
    verify(sent, webhook.scheme, webhook.secrets({"A": "k"}), now=now)
    assert (webhook.scheme.id_header, webhook.scheme.topic_field) == ("X-Id", "event.type")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("webhook: true", "takes what its deliveries are proved by"),
        ("webhook: {}", "A secret is needed"),
        ("webhook: {scheme: url}", "A secret is needed"),
        ("webhook: {scheme: url, secret: '${A}', url_secret: '${B}'}", "not both"),
        ("webhook: {secret: '${A}', shceme: url}", "'shceme' is not known here"),
        ("webhook: {secret: '${A}', scheme: strype}", "Did you mean 'stripe'?"),
        ("webhook: {secret: '${A}', signature: {header: X}}", "'signature' is said with scheme: hmac"),
        ("webhook: {secret: '${A}', scheme: hmac}", "needs 'signature'"),
        ("webhook: {secret: '${A}', scheme: hmac, signature: {}}", "the name of its header"),
        ("webhook: {secret: '${A}', scheme: hmac, signature: {header: 'X Y'}}", "not the name of a header"),
        ("webhook: {secret: '${A}', scheme: hmac, signature: {header: X, algorithm: md5}}", "'md5' is not a algorithm"),
        ("webhook: {secret: '${A}', scheme: hmac, signature: {header: X, covers: '{time}'}}", "{body} must be in it"),
        ("webhook: {secret: '${A}', scheme: hmac, signature: {header: X, covers: '{body}{foo}'}}", "cannot be signed"),
        ("webhook: {secret: '${A}', scheme: hmac, signature: {header: X, covers: '{time}{body}'}}", "Say where {time}"),
        ("webhook: {secret: '${A}', scheme: hmac, signature: {header: X, covers: '{id}{body}'}}", "Say where {id}"),
        ("webhook: {secret: '${A}', scheme: hmac, signature: {header: X, covers: '{body}', time: {header: T}}}",
         "must be signed too"),
        ("webhook: {secret: '${A}', scheme: hmac, signature: {header: X, time: T}}", "{header: NAME}"),
        ("webhook: {secret: '${A}', scheme: hmac, signature: {header: X, time: {unit: seconds}}}", "needs the name"),
        ("webhook: {secret: '${A}', scheme: hmac, signature: {header: X, prefix: 3}}", "'prefix' takes"),
        ("webhook: {secret: '${A}', scheme: hmac, signature: {header: X}, id: X-Id}", "{header: NAME} or"),
        ("webhook: {secret: '${A}', scheme: hmac, signature: {header: X}, id: {field: ''}}", "'field' takes"),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_their_line(text: str, said: str) -> None:
    found, problems = read(text)
    assert found is None
    assert any(said in problem and problem.startswith("sources/shop.yaml:1: ") for problem in problems), problems


def test_a_secret_in_the_file_is_refused_and_not_repeated() -> None:
    found, problems = read("webhook: {secret: shpss_abcdef}", "shopify")
    assert found is None
    assert "stands in no file" in problems[0]
    assert "abcdef" not in problems[0]
