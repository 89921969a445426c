"""Computed traits: one value per customer as of a moment, from events or by a formula, and the built-in library."""
