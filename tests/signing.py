"""Deliveries as vendors sign them, written from their documentation with `hmac` alone: the other side, for tests."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from email.utils import format_datetime

SECRET = "a secret with é in it"  # noqa: S105
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105
URL = "https://hooks.example.com/v1/hooks/shop"

Headers = dict[str, str]


def _mac(message: bytes, algorithm: str = "sha256", secret: str = SECRET) -> hmac.HMAC:
    return hmac.new(secret.encode(), message, algorithm)


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def _epoch(now: datetime) -> int:
    return int(now.replace(tzinfo=UTC).timestamp())


def hubspot(body: bytes, now: datetime, url: str = URL) -> Headers:
    time = str(_epoch(now) * 1000)
    mac = _mac(b"POST" + url.encode() + body + time.encode())
    return {"X-HubSpot-Signature-v3": _base64(mac.digest()), "X-HubSpot-Request-Timestamp": time}


def hubspot_v1(body: bytes, now: datetime) -> Headers:
    digest = hashlib.sha256(SECRET.encode() + body).hexdigest()
    return {"X-HubSpot-Signature": digest, "X-HubSpot-Signature-Version": "v1"}


def klaviyo(body: bytes, now: datetime) -> Headers:
    time = format_datetime(now.replace(tzinfo=UTC), usegmt=True)
    return {"Klaviyo-Signature": _mac(body + time.encode()).hexdigest(), "Klaviyo-Timestamp": time}


def shopify(body: bytes, now: datetime, topic: str = "orders/create", number: str = "w-1") -> Headers:
    signed = _base64(_mac(body).digest())
    return {"X-Shopify-Hmac-SHA256": signed, "X-Shopify-Topic": topic, "X-Shopify-Webhook-Id": number}


def woocommerce(body: bytes, now: datetime, topic: str = "order.updated", number: str = "d-1") -> Headers:
    signed = _base64(_mac(body).digest())
    return {"X-WC-Webhook-Signature": signed, "X-WC-Webhook-Topic": topic, "X-WC-Webhook-Delivery-ID": number}


def stripe(body: bytes, now: datetime) -> Headers:
    time = str(_epoch(now))
    return {"Stripe-Signature": f"t={time},v1={_mac(time.encode() + b'.' + body).hexdigest()}"}


def typeform(body: bytes, now: datetime) -> Headers:
    return {"Typeform-Signature": f"sha256={_base64(_mac(body).digest())}"}


def segment(body: bytes, now: datetime) -> Headers:
    return {"X-Signature": _mac(body, "sha1").hexdigest()}


def standard(body: bytes, now: datetime, number: str = "msg_1") -> Headers:
    time = str(_epoch(now))
    key = base64.b64decode(STANDARD_SECRET.removeprefix("whsec_"))
    mac = hmac.new(key, f"{number}.{time}.".encode() + body, "sha256")
    return {"webhook-id": number, "webhook-timestamp": time, "webhook-signature": f"v1,{_base64(mac.digest())}"}


#: Those who sign, by the name of their scheme.
SIGNERS = {
    "hubspot": hubspot, "klaviyo": klaviyo, "shopify": shopify, "woocommerce": woocommerce, "stripe": stripe,
    "typeform": typeform, "segment": segment, "standard": standard,
}  # fmt: skip
