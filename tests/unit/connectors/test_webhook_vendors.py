"""Deliveries of shops, payments and forms, beside what their syncs have read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fakes.hostile import Answer, Asked, HostileServer
from fakes.stripe import KEY as STRIPE_KEY
from fakes.stripe import Stripe
from fakes.typeform import Typeform
from fakes.woocommerce import KEY, SECRET, WooCommerce
from hooked_shop import HookedShop
from satsuma.hooking import JOB


@contextmanager
def synced(folder: Path, vendor: str, fake: Callable[[Asked], Answer], extra: str = "") -> Iterator[HookedShop]:
    """Yield a workspace that has read a vendor once, and takes its deliveries."""
    with HostileServer(fake) as server:
        text = f"source: {vendor}\nbase_url: {server.url}{extra}\nwebhook: {{secret: '${{A}}'}}\n"
        shop = HookedShop(folder / "shop", {"it": text})
        shop.workspace.sources.sync("it")
        yield shop
        shop.close()


def kept(shop: HookedShop, stream: str, where: str = "true") -> dict[str, Any]:
    """Return a record as the vendor's API gave it."""
    rows = shop.rows(f"SELECT payload FROM source_records WHERE stream = '{stream}' AND {where} ORDER BY record_id")
    found: dict[str, Any] = json.loads(rows[0][0])
    return found


def orders(shop: HookedShop) -> list[tuple[Any, ...]]:
    return shop.rows("SELECT count(DISTINCT order_id), count(*), CAST(sum(revenue) AS DOUBLE) FROM events WHERE name = "
                     "'Order Completed' AND superseded_at IS NULL")  # fmt: skip


def test_an_order_of_woocommerce_counts_once_whichever_way_it_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WOOCOMMERCE_KEY", KEY)
    monkeypatch.setenv("WOOCOMMERCE_SECRET", SECRET)
    more = "\nsite: shop.example.com\nstreams: [customers, orders]"
    with synced(tmp_path, "woocommerce", WooCommerce(customers=2, orders=3), f"/wp-json/wc/v3{more}") as shop:
        before = orders(shop)
        order = kept(shop, "orders", "json_extract_string(payload, '$.refunds[0].id') IS NULL")
        assert shop.deliver("it", order, topic="order.updated").rows == 0
        assert orders(shop) == before
        new = {**order, "id": 900, "number": "900"}
        assert shop.deliver("it", new, topic="order.created").rows > 0
        assert orders(shop)[0][:2] == (before[0][0] + 1, before[0][1] + 1)
        # An older state of it, which comes late, changes nothing.
        late = {**new, "status": "cancelled", "date_modified_gmt": "2020-01-01T00:00:00"}
        assert shop.deliver("it", late, topic="order.updated").rows == 0
        assert orders(shop)[0][0] == before[0][0] + 1
        # What was given back is not part of the delivery, so that the stream is read instead.
        assert shop.workspace.records.jobs.all(kind=JOB) == []
        shop.deliver(
            "it", {**new, "refunds": [{"id": 1}], "date_modified_gmt": "2030-01-01T00:00:00"}, topic="order.updated"
        )
        assert [job.subject for job in shop.workspace.records.jobs.all(kind=JOB)] == ["it/orders"]
        customer = kept(shop, "customers")
        shop.deliver("it", {"id": customer["id"]}, topic="customer.deleted")
        assert shop.rows("SELECT count(*) FROM customers WHERE deleted_in_it") == [(1,)]


def test_changes_of_customers_at_stripe_hold_as_of_their_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_KEY", STRIPE_KEY)
    with synced(
        tmp_path, "stripe", Stripe(), "/v1\nstreams: [customers, customers_changed, customers_deleted]"
    ) as shop:
        customer = kept(shop, "customers", "json_extract_string(payload, '$.email') IS NOT NULL")

        def changed(number: int, city: str, created: int) -> Any:
            thing = {**customer, "address": {"city": city}}
            return shop.deliver("it", {"id": f"evt_hook_{number}", "type": "customer.updated", "created": created,
                                       "data": {"object": thing}})  # fmt: skip

        late = 1_800_000_000
        assert changed(1, "Lyon", late).rows == 1
        changed(2, "Paris", late - 100)
        who = shop.rows("SELECT customer_id FROM source_records WHERE stream = 'customers' AND record_id = "
                        f"'{customer['id']}'")[0][0]  # fmt: skip
        assert shop.rows(f"SELECT city FROM customers WHERE customer_id = '{who}'") == [("Lyon",)]
        gone = {
            "id": "evt_gone",
            "type": "customer.deleted",
            "created": late,
            "data": {"object": {"id": customer["id"]}},
        }
        assert shop.deliver("it", gone).privacy == 1
        subjects = {job.subject for job in shop.workspace.records.jobs.all(kind=JOB)}
        assert subjects == {"it/customers_deleted"}


def test_an_answer_at_typeform_lands_under_the_questions_of_its_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = Typeform(responses=6)
    monkeypatch.setenv("TYPEFORM_TOKEN", fake.key)
    with synced(tmp_path, "typeform", fake) as shop:
        form = shop.rows("SELECT record_id FROM source_records WHERE stream = 'questions' ORDER BY 1")[0][0]
        said = {**kept(shop, "responses"), "token": "from-a-hook", "form_id": form}
        before = shop.rows("SELECT count(*) FROM events WHERE name = 'Survey Answered'")[0][0]
        answer = {"event_id": "e1", "event_type": "form_response", "form_response": said}
        assert shop.deliver("it", answer).rows == len(said["answers"])
        after = shop.rows("SELECT count(*) FROM events WHERE name = 'Survey Answered'")[0][0]
        assert after - before == len(said["answers"])
        unknown = {**answer, "event_id": "e2", "form_response": {**said, "form_id": "unknown", "token": "other"}}
        assert shop.deliver("it", unknown).rows == 0
        subjects = {job.subject for job in shop.workspace.records.jobs.all(kind=JOB)}
        assert subjects == {"it/forms", "it/questions", "it/responses"}
