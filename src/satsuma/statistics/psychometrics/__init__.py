"""Scales from answers: scores, reliability, factor structure, norms."""
