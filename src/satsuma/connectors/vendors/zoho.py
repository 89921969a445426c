"""What the file cannot say of Zoho CRM."""

from __future__ import annotations

from satsuma.connectors.vendors.parts import opt_out

__all__ = ["opt_out"]
