"""Standardise, check, quarantine, report: what was found in the data and what was done about it."""
