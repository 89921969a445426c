"""Raw tables to typed rows, rejects and facts about quality."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import pytest
from tests.unit.quality.conftest import quality_of

from satsuma.errors import SourceError, WrongUse
from satsuma.quality import plans
from satsuma.quality.reasons import REASONS, sentence


def test_rows_are_typed_and_their_place_in_the_file_is_kept(clean, engine):
    incoming = clean(
        "order_id;Bestelldatum;Menge;Einzelpreis\nA1;31.12.2020;2;1,50\nA2;01.02.2021;1;-3\n", kind="order-lines"
    )
    assert engine.rows(
        f"SELECT row_no, source, order_id, time, quantity, unit_price FROM {incoming.table} ORDER BY 1"
    ) == [
        (1, "0.csv", "A1", dt.datetime(2020, 12, 31), 2.0, Decimal("1.5000")),
        (2, "0.csv", "A2", dt.datetime(2021, 2, 1), 1.0, Decimal("-3.0000")),
    ]
    assert incoming.rows == 2
    assert incoming.has("unit_price")
    assert not incoming.has("revenue")


def test_rows_without_a_readable_required_field_are_put_aside_with_the_reason(clean, engine):
    lines = "\n".join(f"{n},2020-01-{n:02}" for n in range(1, 20))
    incoming = clean(f"order_id,order_date\n{lines}\n,2020-01-01\nX,2020-02-30\n", kind="orders")
    assert incoming.rows == 19
    rows = engine.rows(f"SELECT row_no, column_name, reason, raw FROM {incoming.rejected} ORDER BY 1")
    assert [row[:3] for row in rows] == [(20, "order_id", "required_missing"), (21, "order_date", "date_unreadable")]
    assert json.loads(rows[1][3]) == {"order_id": "X", "order_date": "2020-02-30"}
    assert incoming.notes == ("0.csv: 2 rows without a readable 'order_id' or 'order_date' were put into quarantine.",)


def test_broken_rows_join_the_rejected(clean, engine):
    incoming = clean("customer_id,a\n1,x\n2\n3,y\n")
    assert engine.rows(f"SELECT source, row_no, column_name, reason FROM {incoming.rejected}") == [
        ("0.csv", 2, None, "row_too_short")
    ]


def test_an_unreadable_optional_value_is_missing_and_counted(clean, column):
    ages = "\n".join(f"{n},{20 + n}" for n in range(30))
    incoming = clean(f"customer_id,age\n{ages}\n30,old\n31,150\n32,n/a\n33,\n")
    assert column(incoming, "age")[-4:] == [None, 150, None, None]
    found = quality_of(incoming, "age")
    assert (found.rows, found.filled, found.valid) == (34, 32, 31)
    assert found.findings == {"integer_unreadable": 1, "age_impossible": 1, "missing_word": 1}


def test_contacts_and_countries_get_their_standard_forms(clean, column):
    incoming = clean(
        "customer_id,email,phone,country\n"
        "1, Ada.Lovelace@Example.ORG ,06 12 34 56 78,France\n"
        "2,not an address,+44 20 7946 0958,EIRE\n"
        "3,b@example.com,12,Atlantis\n"
        "4,c@example.com,0033612345679,NA\n"
        "5,mailto:d@example.com,,Unspecified\n"
        "6,'e@example..com',+1 212 555 0100,uk\n",
        region="FR",
    )
    assert column(incoming, "email") == [
        "ada.lovelace@example.org",
        None,
        "b@example.com",
        "c@example.com",
        "d@example.com",
        None,
    ]
    assert column(incoming, "phone") == ["+33612345678", "+442079460958", None, "+33612345679", None, "+12125550100"]
    assert column(incoming, "country") == ["FR", "IE", None, "NA", None, "GB"]
    assert quality_of(incoming, "email").findings == {"email_invalid": 2, "email_lowercased": 2}
    assert quality_of(incoming, "phone").findings == {"phone_to_e164": 4, "phone_invalid": 1}
    assert quality_of(incoming, "country").findings == {"country_to_code": 3, "country_unknown": 1, "missing_word": 1}


def test_a_national_number_without_a_region_stays_and_is_counted(clean, column):
    incoming = clean("customer_id,phone\n1,06 12 34 56 78\n2,+33 6 12 34 56 79\n")
    assert column(incoming, "phone") == ["06 12 34 56 78", "+33612345679"]
    assert quality_of(incoming, "phone").findings == {"phone_to_e164": 1, "phone_without_region": 1}


def test_times_are_in_the_workspaces_zone_unless_they_say_otherwise(clean, column):
    incoming = clean(
        "event,time\na,2020-07-01 12:00:00\nb,2020-07-01T12:00:00Z\nc,2020-07-01T12:00:00+05:30\n",
        kind="events",
        zone="Europe/Paris",
    )
    assert [time.hour for time in column(incoming, "time")] == [10, 12, 6]


def test_decimal_ids_and_leading_zeros(clean, column):
    assert column(clean("customer_id,zip\n17850.0,01234\n17851.0,00500\n"), "customer_id") == ["17850", "17851"]
    assert column(clean("customer_id,zip\n007,01234\n008,00500\n"), "zip") == ["01234", "00500"]


def test_amounts_of_several_columns_are_added(clean, column):
    incoming = clean(
        "order_id,time,retail_disc,coupon_disc\n1,2020-01-01,1.5,\n2,2020-01-02,,\n3,2020-01-03,1,2\n", kind="orders"
    )
    assert column(incoming, "discount") == [Decimal("1.5000"), None, Decimal("3.0000")]


def test_a_place_is_made_of_latitude_and_longitude(clean, column):
    incoming = clean("customer_id,latitude,longitude\n1,48.85,2.35\n2,95.0,2.5\n3,,2.5\n")
    assert column(incoming, "location") == [{"lat": 48.85, "lon": 2.35}, None, None]
    assert quality_of(incoming, "latitude").findings == {"latitude_impossible": 1}
    found = quality_of(incoming, "location")
    assert (found.filled, found.valid) == (3, 1)


def test_tables_of_different_columns_and_types_meet_in_one(clean, column):
    incoming = clean("customer_id,size\n1,5\n2,6\n", "customer_id,size,plan\n3,7.5,a\n4,8.5,b\n")
    assert column(incoming, "size") == [5.0, 6.0, 7.5, 8.5]
    assert column(incoming, "plan") == [None, None, "a", "b"]
    assert incoming.sources == ("0.csv", "1.csv")


def test_a_fields_own_name_may_be_that_of_the_rows_facts(clean, column, engine):
    incoming = clean("customer_id,source,row_no\n1,web,5\n2,shop,6\n")
    names = {item.column: item.name for item in incoming.fields}
    assert column(incoming, names["source"]) == ["web", "shop"]
    assert [row[0] for row in engine.rows(f"SELECT source FROM {incoming.table}")] == ["0.csv", "0.csv"]


def test_identical_rows_and_repeated_keys_are_counted_not_dropped(clean):
    incoming = clean("customer_id,a\n1,x\n1,x\n1,y\n2,z\n")
    assert incoming.rows == 4
    assert quality_of(incoming, None).findings == {"duplicate_row": 1}
    assert quality_of(incoming, "customer_id").findings == {"repeated_key": 2}


def test_outliers_are_flagged_on_a_robust_scale_and_kept(clean, column):
    values = [*(f"{n},{50 + n % 10}" for n in range(200)), "200,9000"]
    incoming = clean("customer_id,weight\n" + "\n".join(values) + "\n")
    assert quality_of(incoming, "weight").findings == {"outlier": 1}
    assert max(column(incoming, "weight")) == 9000


def test_a_birth_date_in_the_future_is_flagged(clean):
    incoming = clean("customer_id,dob\n1,1990-05-05\n2,2031-01-01\n3,1815-12-10\n")
    assert quality_of(incoming, "dob").findings == {"birth_date_impossible": 2}


def test_dates_say_how_fresh_they_are(clean):
    incoming = clean("event,time\na,2020-07-01 12:00:00\nb,2021-07-01 12:00:00\n", kind="events")
    assert quality_of(incoming, "time").newest == "2021-07-01 12:00:00"


def test_the_lookup_of_repeated_texts_gives_what_the_rows_would(clean, column, monkeypatch):
    text = "event,time,note\n" + "".join(
        f"go,2020-01-01 00:00:{n % 60:02},{' a  b ' if n % 2 else 'n/a'}\n" for n in range(400)
    )
    slow = clean(text, kind="events")
    monkeypatch.setattr(plans, "MANY_ROWS", 100)
    fast = clean(text, kind="events")
    assert column(slow, "note") == column(fast, "note")
    assert list(slow.quality) == list(fast.quality)


def test_a_missing_id_and_a_wrong_zone_or_region_are_refused(clean):
    with pytest.raises(SourceError, match="customer_id"):
        clean("spend\n5\n")
    with pytest.raises(WrongUse, match="no time zone"):
        clean("id\n5\n", zone="Europe/Nowhere")
    with pytest.raises(WrongUse, match="no country code"):
        clean("id\n5\n", region="XX")


def test_no_value_of_a_customer_is_in_a_note_or_a_finding(clean):
    incoming = clean("order_id,order_date\nsecret-1,2020-01-01\nsecret-2,2020-01-02\nsecret-3,never\n", kind="orders")
    assert "secret" not in repr(incoming.notes) + repr(incoming.quality)


def test_every_code_that_is_found_has_a_sentence(clean):
    incoming = clean(
        "customer_id,age,email\n1,n/a,x\n2,150,a@example.org\n3,20,b@example.org\n4,20,c@example.org\n5,1,d@example.org\n"
    )
    codes = {code for line in incoming.quality for code in line.findings}
    assert codes <= set(REASONS)
    assert all(reason.sentence.endswith(".") for reason in REASONS.values())
    assert sentence("of_a_newer_version") == "of_a_newer_version"
