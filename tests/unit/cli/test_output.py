"""What commands write."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from satsuma.cli import output


@pytest.fixture
def stdout(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    output.console.cache_clear()
    return lambda: capsys.readouterr().out


def test_json_has_numbers_moments_and_no_nan() -> None:
    value = {
        "money": Decimal("12.50"),
        "at": datetime(2024, 1, 1, 8),
        "zoned": datetime(2024, 1, 1, 8, tzinfo=UTC),
        "day": date(2024, 1, 1),
        "took": timedelta(seconds=90),
        "nothing": float("nan"),
        "names": ("b", "a"),
        "set": {"b", "a"},
        "text": "é",
    }
    assert output.plain_value(value) == {
        "money": 12.5,
        "at": "2024-01-01T08:00:00Z",
        "zoned": "2024-01-01T08:00:00+00:00",
        "day": "2024-01-01",
        "took": 90.0,
        "nothing": None,
        "names": ["b", "a"],
        "set": ["a", "b"],
        "text": "é",
    }
    assert '"é"' in output.json_text(value)


def test_csv_has_plain_cells(stdout: Callable[[], str]) -> None:
    output.show_csv(
        pa.table(
            {
                "customer_id": ["a", 'b"c,', "é", "d"],
                "value": pa.array([Decimal("12.5000"), None, Decimal("100.0000"), Decimal("0.0000")]),
                "is_vip": [True, False, None, True],
                "at": [datetime(2024, 1, 1, 8), None, None, None],
                "tags": [["x"], [], None, None],
            }
        )
    )
    assert stdout() == (
        "customer_id,value,is_vip,at,tags\n"
        'a,12.5,true,2024-01-01T08:00:00Z,"[""x""]"\n'
        '"b""c,",,false,,[]\n'
        "é,100,,,\n"
        "d,0,true,,\n"
    )


def test_a_table_holds_texts_as_they_are_and_cuts_nothing(stdout: Callable[[], str]) -> None:
    output.show_table(
        (("name", "left"), ("size", "right")), [("[bold]x[/bold] :tada:", "1"), ("y" * 300, "12,345")], title="[red]T"
    )
    text = stdout()
    assert "[bold]x[/bold] :tada:" in text
    assert "y" * 300 in text
    assert "[red]T" in text


def test_a_hostile_name_cannot_command_a_terminal(stdout: Callable[[], str]) -> None:
    output.show_table((("name", "left"),), [("\033[2J\a\x9b31m",)])
    output.say("\033]0;owned\a")
    assert not {"\033", "\x9b", "\a"} & set(stdout())
