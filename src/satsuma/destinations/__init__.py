"""Audiences out."""

from __future__ import annotations
