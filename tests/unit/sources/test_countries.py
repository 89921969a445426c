"""Countries by code and by the name in use."""

from __future__ import annotations

import pytest

from satsuma.sources.countries import country_code, country_codes, country_name


@pytest.mark.parametrize(
    ("code", "name"),
    [("GB", "United Kingdom"), ("KR", "South Korea"), ("KP", "North Korea"), ("TW", "Taiwan"), ("FR", "France"),
     ("US", "United States of America"), ("CD", "DR Congo"), ("CI", "Côte d'Ivoire"), ("XK", "Kosovo")],
)  # fmt: skip
def test_a_country_has_the_name_in_use(code: str, name: str) -> None:
    assert country_name(code) == name


def test_every_name_leads_back_to_its_code() -> None:
    for code in country_codes():
        name = country_name(code)
        assert name is not None
        assert country_code(name) == code
    assert country_name("France") is None
    assert country_name("") is None
