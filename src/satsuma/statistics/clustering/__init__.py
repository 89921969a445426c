"""Groups among rows: finding them, choosing their number, and saying whether they are there at all."""
