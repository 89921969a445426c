"""Statements about a segment that passed their tests, and the card that shows them."""
