"""How each vendor proves that a delivery is its own: one short description for each, and no code.

Marks of the facts: [v] read in the vendor's own documentation or code, [k] commonly known. What is only known is
said beside it; a wrong guess there refuses a delivery, it never lets a forged one in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Algorithm = Literal["sha256", "sha1", "sha512"]
Encoding = Literal["hex", "base64"]
Unit = Literal["seconds", "milliseconds", "date"]
#: `one` signature; several apart by `spaces` (`v1,AAA v1,BBB`); or named `pairs` (`t=1,v1=AAA,v1=BBB`).
Several = Literal["one", "spaces", "pairs"]

#: A delivery that says another time than ours by more than this is refused.
TOLERANCE_SECONDS = 300

#: What a signature can cover.
PARTS = ("body", "time", "id", "method", "url")
_PART = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """When a delivery was sent, as the signature covers it.

    name : of the header, or of the pair where a signature is made of pairs.
    """

    name: str
    unit: Unit = "seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature in a header.

    covers : what is signed: text with `{body}`, `{time}`, `{id}`, `{method}`, `{url}` in it.
    prefix : stands before each signature. pair : the name of the pairs that hold one.
    is_keyed : an HMAC; else a plain digest of the secret followed by what is covered.
    key : the secret is the key as `text`, or says it in `base64` (behind `whsec_`).
    is_of_first : of a list, only the first element is covered.
    needs : headers that must say this for the signature to be of this kind.
    """

    header: str
    covers: str = "{body}"
    algorithm: Algorithm = "sha256"
    encoding: Encoding = "hex"
    prefix: str = ""
    several: Several = "one"
    pair: str = ""
    is_keyed: bool = True
    key: Literal["text", "base64"] = "text"
    is_of_first: bool = False
    stamp: Stamp | None = None
    needs: Mapping[str, str] = field(default_factory=dict)

    def pieces(self) -> list[tuple[str, bool]]:
        """Return what is covered, piece by piece; true marks the name of a part, false a text as it stands."""
        found = _PART.split(self.covers)
        return [(text, number % 2 == 1) for number, text in enumerate(found) if text]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """How one vendor's deliveries are proved, named and read.

    about : what the secret is, and where it is found, for people.
    signatures : in the order in which they are looked for: the first whose header is there must be right, and none
        after it counts. Without any, `echo` or the secret in the URL proves the delivery.
    echo : the field of the body that repeats the secret.
    form : how the body is written. id_header, id_field : where the delivery's own id is; without one, the digest of
        the body is its id. topic_header, topic_field : what it is about.
    ping : a body that vendors send unsigned to see whether anybody answers; nothing of it is kept.
    asks_with_get : whether the vendor validates the URL by a GET. are_messages : deliveries are messages of the
        tracking API, and are collected as those are.
    """

    name: str
    about: str
    signatures: tuple[Signature, ...] = ()
    echo: str = ""
    form: Literal["json", "form"] = "json"
    id_header: str = ""
    id_field: str = ""
    topic_header: str = ""
    topic_field: str = ""
    ping: str = ""
    asks_with_get: bool = False
    are_messages: bool = False

    @property
    def is_by_url(self) -> bool:
        """Whether nothing but the secret in the URL proves a delivery."""
        return not self.signatures and not self.echo


#: Standard Webhooks [v]: several signatures are sent while a secret is being changed.
_STANDARD = Signature(
    header="webhook-signature", covers="{id}.{time}.{body}", encoding="base64", prefix="v1,", several="spaces",
    key="base64", stamp=Stamp(name="webhook-timestamp"),
)  # fmt: skip

_OWN = "a long random text of your own, which stands in the address"

_SCHEMES = (
    Scheme(
        # [v]; that v1 says so in a header of its own is [v] too. v1 has no time in it: whoever holds a copy can send
        # it again, which the id of the delivery catches.
        name="hubspot",
        about="the client secret of the app that has the subscriptions, from its settings in HubSpot",
        signatures=(
            Signature(header="X-HubSpot-Signature-v3", covers="{method}{url}{body}{time}", encoding="base64",
                      stamp=Stamp(name="X-HubSpot-Request-Timestamp", unit="milliseconds")),
            Signature(header="X-HubSpot-Signature", is_keyed=False, needs={"X-HubSpot-Signature-Version": "v1"}),
        ),
        topic_field="subscriptionType",
    ),
    Scheme(
        # [v]; the time is an HTTP date.
        name="klaviyo",
        about="the secret key that was given when the webhook was made in Klaviyo",
        signatures=(
            Signature(header="Klaviyo-Signature", covers="{body}{time}",
                      stamp=Stamp(name="Klaviyo-Timestamp", unit="date")),
        ),
        topic_field="topic",
    ),
    Scheme(
        # [v]; the header with the id [k]. Neither id nor topic is signed.
        name="shopify",
        about="the client secret of the app, or what the shop's settings for notifications show under its webhooks",
        signatures=(Signature(header="X-Shopify-Hmac-SHA256", encoding="base64"),),
        id_header="X-Shopify-Webhook-Id",
        topic_header="X-Shopify-Topic",
    ),
    Scheme(
        # [v]; the header with the id [k]. A new webhook is tried with a form of its number, unsigned.
        name="woocommerce",
        about="the secret of the webhook, in WooCommerce under Settings, Advanced, Webhooks",
        signatures=(Signature(header="X-WC-Webhook-Signature", encoding="base64"),),
        id_header="X-WC-Webhook-Delivery-ID",
        topic_header="X-WC-Webhook-Topic",
        ping=r"webhook_id=\d{1,20}",
    ),
    Scheme(
        # [v]; several v1 while a secret is rolled, v0 is of tests and never counts.
        name="stripe",
        about="the signing secret of the endpoint, whsec_..., in Stripe under Developers, Webhooks",
        signatures=(
            Signature(header="Stripe-Signature", covers="{time}.{body}", several="pairs", pair="v1",
                      stamp=Stamp(name="t")),
        ),
        id_field="id",
        topic_field="type",
    ),
    Scheme(
        # [k]
        name="typeform",
        about="the secret of the webhook, chosen when it is made in Typeform",
        signatures=(Signature(header="Typeform-Signature", encoding="base64", prefix="sha256="),),
        id_field="event_id",
        topic_field="event_type",
    ),
    Scheme(
        # [v]: SHA-1, and of a batch only the first event is covered. What it brings are messages of the tracking API.
        name="segment",
        about="the shared secret of the webhook destination in Segment",
        signatures=(Signature(header="X-Signature", algorithm="sha1", is_of_first=True),),
        are_messages=True,
    ),
    # [v]; neither signs anything.
    Scheme(name="mailchimp", about=_OWN, form="form", topic_field="type", asks_with_get=True),
    Scheme(name="activecampaign", about=_OWN, form="form", topic_field="type"),
    # [k]
    Scheme(
        name="zoho",
        about="the token that is given with the subscription: a random text of your own of at most 50 letters",
        echo="token",
        topic_field="module",
    ),
    Scheme(
        name="standard",
        about="the secret that the sender shows, whsec_...",
        signatures=(_STANDARD,),
        id_header="webhook-id",
        topic_field="type",
    ),
    # For what publishes no scheme at all.
    Scheme(name="url", about=_OWN, topic_field="type"),
)  # fmt: skip

#: Every scheme by its name: that of the vendor, or of what is not a vendor's own.
SCHEMES: Mapping[str, Scheme] = {scheme.name: scheme for scheme in _SCHEMES}
