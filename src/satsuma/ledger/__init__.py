"""The operational database: every load, run and export with its outcome, and every change of a definition."""

from __future__ import annotations

from satsuma.ledger.records import Activity, DefinitionChange, DefinitionText, Ledger

__all__ = ["Activity", "DefinitionChange", "DefinitionText", "Ledger"]
