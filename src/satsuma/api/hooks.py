"""`POST /v1/hooks/{source}`: what vendors send by themselves, proved, made durable, and landed later.

A sender that is refused is told nothing but that; why is counted, and stands in the server's log.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import Counter

from satsuma.api.callers import address_of, now, parts_of
from satsuma.api.collecting import collector_of
from satsuma.api.errors import ErrorAnswer, error_answer, request_id, simple
from satsuma.api.receiver import Receiver
from satsuma.collecting.bodies import read_raw
from satsuma.collecting.contract import MOST_MESSAGES
from satsuma.collecting.errors import Malformed, TooLarge
from satsuma.connectors.webhooks.reading import UnreadableError, read_body
from satsuma.connectors.webhooks.records import Hook
from satsuma.connectors.webhooks.settings import Webhook
from satsuma.connectors.webhooks.verifying import Delivery, RefusedError, is_ping, verify
from satsuma.errors import Busy, DefinitionError, NotFound, NotSignedIn, SatsumaError

if TYPE_CHECKING:
    from satsuma.api.app import Companion, Parts
    from satsuma.workspace import Workspace

log = logging.getLogger("satsuma.api")

#: What the layer in front lets through to `/v1/`; the largest order of a shop is a fraction of it.
MOST_BODY_BYTES = 1024 * 1024
#: The name under which an address says its secret.
URL_SECRET = "secret"  # noqa: S105


class GoneError(SatsumaError):
    """A source that is there and takes no deliveries: whoever sends may stop for good."""

    code = "gone"


_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Taken and durable. A delivery that came before is taken too, and counts once."},
    **{
        status: {"model": ErrorAnswer, "description": text}
        for status, text in {
            400: "The body did not come as a whole.",
            401: "The delivery is not proved.",
            404: "There is no such source.",
            410: "The source takes no deliveries (any more).",
            413: "Too large.",
            429: "Too many that were not proved; Retry-After says how long to wait.",
            503: "Nothing can be stored now; Retry-After says how long to wait.",
        }.items()
    },
}


def hook_routes() -> APIRouter:
    """Return the routes of webhooks; an app with them has the companion `receiving` too."""
    router = APIRouter(tags=["hooks"])
    parameter = {"name": "source", "in": "path", "required": True, "schema": {"type": "string"},
                 "description": "The name of a source of the workspace."}  # fmt: skip
    secret = {"name": URL_SECRET, "in": "query", "required": False, "schema": {"type": "string"},
              "description": "Of vendors that sign nothing."}  # fmt: skip
    body: dict[str, Any] = {"content": {"application/json": {}, "application/x-www-form-urlencoded": {}}}
    described = {"parameters": [parameter, secret], "security": []}
    router.add_api_route(
        "/v1/hooks/{source}", _receive, methods=["POST"], summary="Take a delivery of a vendor.", responses=_ANSWERS,
        name="hook", operation_id="hook", openapi_extra={**described, "requestBody": body},
    )  # fmt: skip
    router.add_api_route(
        "/v1/hooks/{source}", _asked, methods=["GET"], summary="Say that the address is right, to vendors that ask.",
        responses={key: value for key, value in _ANSWERS.items() if key not in (400, 413)}, name="hook_asked",
        operation_id="hook_asked", openapi_extra=described,
    )  # fmt: skip
    return router


def receiving(*, environment: Mapping[str, str] | None = None, **settings: Any) -> Companion:
    """Return the companion of an app that lets it take deliveries.

    Parameters
    ----------
    environment : where secrets are; that of the process when not given.
    settings : of the `Receiver`.
    """

    def companion(parts: Parts) -> AbstractAsyncContextManager[None]:
        return _living(parts, os.environ if environment is None else environment, settings)

    return companion


class Door:
    """What the routes ask: which sources take deliveries, how they are proved, and who stores them."""

    def __init__(self, workspace: Workspace, receiver: Receiver, outcomes: Counter, env: Mapping[str, str]) -> None:
        self.receiver, self._workspace, self._outcomes, self.environment = receiver, workspace, outcomes, env

    async def webhook(self, source: str) -> Webhook:
        """Return how a source takes deliveries.

        Raises
        ------
        NotFound, GoneError
            When there is no such source, or it takes none.
        Busy
            When its file is wrong now: the vendor sends again, and somebody mends it.
        """
        try:
            found: Webhook | None = await anyio.to_thread.run_sync(self._workspace.hooks.webhook, source)
        except NotFound:
            raise _unknown() from None
        except DefinitionError as error:
            log.error("hook source=%s file: %s", source, error)
            raise Busy("This cannot be taken now.", hint="Send it again later.", retry_after=300) from None
        if found is None:
            raise GoneError("Nothing is taken here.", hint="Take the webhook away where it is sent from.")
        return found

    def count(self, scheme: str, outcome: str) -> None:
        self._outcomes.labels(scheme, outcome).inc()


@asynccontextmanager
async def _living(parts: Parts, environment: Mapping[str, str], settings: dict[str, Any]) -> AsyncIterator[None]:
    journal = await parts.thread.do(lambda shop: shop.hooks.open_journal())
    receiver = Receiver(journal, parts.thread.do, **settings)
    outcomes = Counter(
        "satsuma_hooks", "Deliveries of webhooks, by scheme and what became of them.", ("scheme", "outcome"),
        registry=parts.metrics.registry,
    )  # fmt: skip
    watched = {
        "landed": ("Deliveries that were landed since the start.", lambda: receiver.landed),
        "repeated": ("Of those, deliveries that had come before.", lambda: receiver.repeated),
        "quarantined": ("Deliveries that could not be landed.", lambda: receiver.quarantined),
        "waiting_bytes": ("Bytes of their journal that are not landed.", lambda: receiver.waiting_bytes),
        "failing": ("Whether landing them failed last.", lambda: float(receiver.trouble is not None)),
    }
    for name, (words, look) in watched.items():
        parts.metrics.watch(f"satsuma_hooks_{name}", words, look)
    await receiver.start()
    parts.hooks = Door(parts.workspace, receiver, outcomes, environment)
    try:
        yield
    finally:
        parts.hooks = None
        await receiver.close()


def _door(request: Request) -> Door:
    found = parts_of(request).hooks
    if found is None:
        raise Busy("The server is starting or stopping.", hint="Send it again in a moment.", retry_after=5)
    return found


def _unknown() -> NotFound:
    return NotFound("There is nothing here.")


async def _receive(request: Request) -> Response:
    try:
        await _take(request, _door(request), request.path_params["source"])
    except GoneError as error:
        return simple(error.code, error.message, request_id(request), error.hint)
    except SatsumaError as error:
        return _answer(request, error)
    return JSONResponse({"success": True})


async def _take(request: Request, door: Door, source: str) -> None:
    scheme_name, outcome = "none", "unknown_source"
    try:
        webhook = await door.webhook(source)
        scheme_name, outcome = webhook.scheme.name, "unavailable"
        body = await read_raw(request.stream(), most=MOST_BODY_BYTES, stated=request.headers.get("content-length"))
        delivery = _delivery(request, body)
        outcome = _proved(door, source, webhook, delivery)
        if outcome != "accepted":
            return
        outcome = "unavailable"
        if webhook.scheme.are_messages:
            await _collect(request, delivery.body)
        else:
            await door.receiver.accept(_hook(source, webhook, delivery))
        outcome = "accepted"
    except RefusedError as error:
        outcome = error.reason
        log.warning("hook source=%s scheme=%s refused=%s", source, scheme_name, error.reason)
        # Whoever guesses is slowed down; the answer is the same whatever was wrong.
        parts_of(request).strangers.take(address_of(request))
        raise NotSignedIn("The delivery is not proved.") from None
    except TooLarge:
        outcome = "too_large"
        raise
    except Malformed:
        outcome = "malformed"
        raise
    finally:
        door.count(scheme_name, outcome)


def _proved(door: Door, source: str, webhook: Webhook, delivery: Delivery) -> str:
    """Return `accepted` when a delivery is proved, or what else may be answered well without keeping anything.

    Raises
    ------
    RefusedError
        When it is neither.
    """
    if is_ping(delivery, webhook.scheme):
        return "ping"
    if missing := webhook.missing(door.environment):
        log.error("hook source=%s needs the environment variable %s", source, ", ".join(missing))
    verify(delivery, webhook.scheme, webhook.secrets(door.environment), now=now())
    return "accepted" if delivery.body.strip() else "empty"


async def _collect(request: Request, body: bytes) -> None:
    """Take a delivery of messages the way that those of the tracking API go; their ids tell what came before."""
    try:
        content = read_body(body, "json")
    except UnreadableError:
        raise Malformed("The body is not JSON.") from None
    messages = content if isinstance(content, list) else [content]
    for first in range(0, len(messages), MOST_MESSAGES):
        batch = {"batch": messages[first : first + MOST_MESSAGES]}
        await collector_of(request).accept(
            json.dumps(batch).encode(), None, opted_out=False, user_agent=None, parsed=batch
        )


def _hook(source: str, webhook: Webhook, delivery: Delivery) -> Hook:
    def said(name: str) -> str:
        return (delivery.header(name) or b"").decode("utf-8", "replace")[:2_000] if name else ""

    scheme = webhook.scheme
    return Hook.of(
        source, scheme, delivery.body, id=said(scheme.id_header), topic=said(scheme.topic_header), received_at=now()
    )


async def _asked(request: Request) -> Response:
    """Answer a vendor that asks whether the address is right."""
    door, scheme_name, outcome = _door(request), "none", "unknown_source"
    try:
        webhook = await door.webhook(request.path_params["source"])
        scheme_name, outcome = webhook.scheme.name, "not_asked"
        if not webhook.scheme.asks_with_get:
            raise _unknown()
        verify(_delivery(request, b""), webhook.scheme, webhook.secrets(door.environment), now=now())
        outcome = "asked"
    except RefusedError as error:
        outcome = error.reason
        parts_of(request).strangers.take(address_of(request))
        return _answer(request, NotSignedIn("The address is not right."))
    except SatsumaError as error:
        return _answer(request, error)
    finally:
        door.count(scheme_name, outcome)
    return PlainTextResponse("OK")


def _answer(request: Request, error: SatsumaError) -> Response:
    answer = error_answer(error, request_id(request))
    if answer.status_code == 413:
        # What is left of a body that was not read whole must not be taken for the next request.
        answer.headers["Connection"] = "close"
    # There is no key to ask a vendor for.
    if "www-authenticate" in answer.headers:
        del answer.headers["www-authenticate"]
    return answer


def _delivery(request: Request, body: bytes) -> Delivery:
    raw = request.scope["headers"]
    return Delivery(
        method=request.method,
        urls=_urls(request),
        headers=[(bytes(name), bytes(value)) for name, value in raw],
        body=body,
        url_secrets=request.query_params.getlist(URL_SECRET),
    )


def _urls(request: Request) -> list[str]:
    """Return what the sender may have called. A proxy speaks https for us; which, the signature tells."""
    scope = request.scope
    path = scope.get("raw_path") or scope["path"].encode()
    query = scope.get("query_string", b"")
    asked = (path + (b"?" + query if query else b"")).decode("utf-8", "surrogateescape")
    host = parts_of(request).public_host or request.headers.get("host", "")
    return [f"{scheme}://{host}{asked}" for scheme in ("https", "http")]
