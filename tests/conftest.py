"""What all tests share: how many examples Hypothesis tries, and databases that are started once.

`small_world` beside this file is imported by name.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from real_databases import ledger_url, mariadb, new_url, postgresql

__all__ = ["ledger_url", "mariadb", "new_url", "postgresql"]

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

# The quick profile keeps the whole folder within a minute on two cores; `make test-heavy` asks for the heavy one.
settings.register_profile("quick", max_examples=24, deadline=None, derandomize=True, suppress_health_check=_SLOW)
settings.register_profile("heavy", max_examples=200, deadline=None, derandomize=True, suppress_health_check=_SLOW)
# Other examples each time, for looking for what nobody thought of: SATSUMA_HYPOTHESIS_PROFILE=search.
settings.register_profile(
    "search", max_examples=int(os.environ.get("SATSUMA_HYPOTHESIS_EXAMPLES", "2500")), deadline=None,
    suppress_health_check=_SLOW,
)  # fmt: skip
settings.load_profile(os.environ.get("SATSUMA_HYPOTHESIS_PROFILE", "quick"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the command line choose the engine under test."""
    parser.addoption("--engine", choices=("duckdb", "spark"), default="duckdb", help="what evaluates (default: duckdb)")
