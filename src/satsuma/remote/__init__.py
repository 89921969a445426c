"""A workspace that a server holds: the calls that commands make of one, asked over HTTP."""

from __future__ import annotations

from satsuma.remote.workspace import RemoteWorkspace

__all__ = ["RemoteWorkspace"]
