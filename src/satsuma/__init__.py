"""Satsuma: customer segmentation from the files a business already has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from satsuma.errors import SatsumaError

if TYPE_CHECKING:
    from satsuma.workspace import Workspace

__version__ = "0.1.0"
__all__ = ["SatsumaError", "Workspace", "__version__"]


def __getattr__(name: str) -> Any:
    # The workspace brings the engine with it; `import satsuma` alone stays quick.
    if name == "Workspace":
        from satsuma.workspace import Workspace

        return Workspace
    raise AttributeError(f"module 'satsuma' has no attribute {name!r}")
