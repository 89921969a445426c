"""`satsuma source webhook` and `satsuma source requests`: a person lets a vendor send, and answers who asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from satsuma import Workspace

Runner = Callable[..., Any]


def write(shop: Path, name: str, text: str) -> None:
    (shop / "sources").mkdir(exist_ok=True)
    (shop / "sources" / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_what_to_register_is_said_in_one_place(satsuma: Runner, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRM_WEBHOOK_SECRET", raising=False)
    write(shop, "crm", "source: hubspot\n")
    before = satsuma("source", "webhook", "crm", "-w", shop)
    assert "takes no deliveries yet" in before.out
    assert "  secret: ${CRM_WEBHOOK_SECRET}" in before.out
    write(shop, "crm", "source: hubspot\nwebhook:\n  secret: ${CRM_WEBHOOK_SECRET}\n")
    said = satsuma("source", "webhook", "crm", "--url", "https://data.example/", "-w", shop).out
    assert "https://data.example/v1/hooks/crm" in said
    assert "It is not set here." in said
    assert "contact.privacyDeletion: somebody is to be forgotten" in said
    monkeypatch.setenv("CRM_WEBHOOK_SECRET", "hidden-secret")
    found = satsuma("source", "webhook", "crm", "-w", shop, "--json")
    assert found.json["variables"] == {"CRM_WEBHOOK_SECRET": True}
    assert found.json["add"] is None
    assert "hidden-secret" not in found.out


def test_a_secret_in_the_address_is_named_and_not_shown(
    satsuma: Runner, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_SECRET", "hidden-secret")
    write(shop, "mail", "source: webhook\nwebhook: {scheme: mailchimp, secret: '${MAIL_SECRET}'}\n")
    said = satsuma("source", "webhook", "mail", "--url", "https://data.example", "-w", shop).out
    assert "https://data.example/v1/hooks/mail?secret=${MAIL_SECRET}" in said
    assert "put its value into the address" in said
    assert "hidden-secret" not in said
    # A source that only takes what is sent is never asked.
    asked = satsuma("source", "sync", "mail", "-w", shop)
    assert asked.code == 2
    assert "never asked" in asked.err


def test_mistakes_are_said(satsuma: Runner, shop: Path) -> None:
    write(shop, "crm", "source: hubspot\nwebhook: {secret: plain-secret}\n")
    wrong = satsuma("source", "webhook", "crm", "-w", shop)
    assert wrong.code == 1
    assert "stands in no file" in wrong.err
    assert "plain-secret" not in wrong.err
    assert "There is no source 'nobody'" in satsuma("source", "webhook", "nobody", "-w", shop).err
    write(shop, "crm", "source: hubspot\n")
    assert "not an address" in satsuma("source", "webhook", "crm", "--url", "data.example", "-w", shop).err


def test_who_asked_to_be_forgotten_is_answered(satsuma: Runner, shop: Path) -> None:
    assert "Nobody waits" in satsuma("source", "requests", "-w", shop).out
    with Workspace.open(shop) as workspace:
        workspace.records.privacy.add(
            digest="a" * 64, source="shop", kind="erasure", topic="customers/redact",
            received_at=datetime(2026, 11, 1), subject={"id": 7, "orders": [1, 2]},
        )  # fmt: skip
    listed = satsuma("source", "requests", "-w", shop)
    assert "customers/redact" in listed.out
    assert "id 7, orders 2" in listed.out
    assert satsuma("source", "requests", "-w", shop, "--json").json[0]["due_at"] == "2026-12-01T00:00:00Z"
    assert "Nobody waits" in satsuma("source", "requests", "--answered", "1", "-w", shop).out
    again = satsuma("source", "requests", "--answered", "1", "-w", shop)
    assert again.code == 1
    assert "no open privacy request 1" in again.err


def test_a_source_that_only_takes_is_not_told_to_be_read(satsuma: Runner, shop: Path) -> None:
    # It was shown as 'loyal at ' with an empty table, and with the advice to test and sync it.
    text = "source: webhook\nwebhook: {secret: '${LOYALTY_SECRET}'}\n"
    write(shop, "loyal", text)
    shown = satsuma("source", "show", "loyal", "-w", shop).out
    assert "It is never asked" in shown
    assert "loyal at" not in shown
    assert "sync" not in shown
