"""Which column is which field, and what the others are."""

from __future__ import annotations

import pytest

from satsuma.errors import SourceError, WrongUse
from satsuma.sources.mapping import check_mapping, read_mapping, save_mapping
from satsuma.sources.recognise import guess_mapping


@pytest.fixture
def guess(engine, read):
    def make(text, kind, **options):
        return guess_mapping(engine, read(text), kind, **options)

    return make


@pytest.mark.parametrize(
    ("header", "kind", "expected"),
    [
        (
            "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country",
            "order-lines",
            {
                "order_id": "InvoiceNo",
                "product_id": "StockCode",
                "product_name": "Description",
                "quantity": "Quantity",
                "time": "InvoiceDate",
                "unit_price": "UnitPrice",
                "customer_id": "CustomerID",
            },
        ),
        (
            "Bestellnummer,Artikelnummer,Menge,Bestelldatum,Einzelpreis,Kundennummer",
            "order-lines",
            {
                "order_id": "Bestellnummer",
                "product_id": "Artikelnummer",
                "quantity": "Menge",
                "time": "Bestelldatum",
                "unit_price": "Einzelpreis",
                "customer_id": "Kundennummer",
            },
        ),
        (
            "N° commande,Date commande,N° client,Référence,Désignation,Quantité,Prix unitaire HT",
            "order-lines",
            {
                "order_id": "N° commande",
                "time": "Date commande",
                "customer_id": "N° client",
                "product_id": "Référence",
                "product_name": "Désignation",
                "quantity": "Quantité",
                "unit_price": "Prix unitaire HT",
            },
        ),
        (
            "Numéro commande,Date de commande,Code client,Montant total",
            "orders",
            {
                "order_id": "Numéro commande",
                "time": "Date de commande",
                "customer_id": "Code client",
                "revenue": "Montant total",
            },
        ),
        (
            "Name,Email,Financial Status,Created at,Total,Currency",
            "orders",
            {"order_id": "Name", "customer_id": "Email"},
        ),
        (
            "event_time,event_type,product_id,user_id,user_session,price",
            "events",
            {"time": "event_time", "name": "event_type", "product_id": "product_id", "customer_id": "user_id"},
        ),
        ("id,signup_date,city", "customers", {"customer_id": "id", "first_seen": "signup_date"}),
        ("deal_id,stage,amount,close_date,account", "deals", {"deal_id": "deal_id", "account_id": "account"}),
    ],
)
def test_columns_are_recognised_by_name(guess, header, kind, expected):
    sample = {
        "Quantity": "3",
        "Menge": "3",
        "Quantité": "3",
        "Prix unitaire HT": "2,50",
        "UnitPrice": "2.50",
        "Einzelpreis": "2,50",
        "Montant total": "12,5",
        "Total": "9.99",
        "price": "9.99",
        "amount": "100",
        "Email": "a{n}@example.org",
        "Currency": "EUR",
        "event_type": "view",
        "stage": "won",
    }
    dates = (
        *("InvoiceDate", "Bestelldatum", "Date de commande", "Date commande", "Created at", "event_time"),
        *("signup_date", "close_date"),
    )
    lines = [
        ",".join(
            '"' + (f"2020-01-{n:02} 10:00" if name in dates else sample.get(name, f"{name[0]}{n}")).format(n=n) + '"'
            for name in header.split(",")
        )
        for n in range(10, 14)
    ]
    fields = guess("\n".join([header, *lines]) + "\n", kind).fields
    assert {name: fields[name] for name in expected} == expected


def test_without_an_id_the_email_address_identifies_and_stays_a_trait(guess):
    mapping = guess("E-Mail,age\na@example.org,30\nb@example.org,40\n", "customers")
    assert mapping.fields["customer_id"] == "E-Mail"
    assert mapping.find("e_mail").format == "email"
    assert mapping.find("customer_id").format == "email"


def test_a_name_that_promises_what_the_values_do_not_keep_is_not_taken(guess):
    mapping = guess("customer_id,date,total\n1,soon,lots\n2,later,few\n", "orders")
    assert "time" not in mapping.fields
    assert mapping.find("revenue") is None


def test_the_only_column_of_dates_is_the_time(guess):
    mapping = guess("order_id,wann\n1,2020-01-01\n2,2020-01-02\n", "orders")
    assert mapping.fields["time"] == "wann"
    assert mapping.find("time").confidence == 0.5


TWO = "#2,2026-01-06,b@example.org,1,10.00,T,10.00,14.90"
SHOPIFY = "Name,Created at,Email,Lineitem quantity,Lineitem price,Lineitem sku,Subtotal,Total"


@pytest.mark.parametrize(
    "lines",
    [
        # As Shopify writes it: on the first line of an order only.
        ["#1,2026-01-05,a@example.org,1,10.00,T,30.00,34.90", "#1,2026-01-05,a@example.org,2,10.00,C,,"],
        # As WooCommerce does: on each line.
        ["#1,2026-01-05,a@example.org,1,10.00,T,30.00,34.90", "#1,2026-01-05,a@example.org,2,10.00,C,30.00,34.90"],
    ],
)
def test_an_amount_of_the_whole_order_is_not_taken_for_its_lines(guess, lines):
    mapping = guess("\n".join([SHOPIFY, *lines, TWO]), "order-lines")
    taken = {item.field: item.column for item in mapping}
    assert "revenue" not in taken
    assert (taken["subtotal"], taken["total"]) == ("Subtotal", "Total")
    (note,) = mapping.notes
    assert note.startswith("The amounts in 'Subtotal' and 'Total' are the whole order's, not the line's;")
    said = guess("\n".join([SHOPIFY, *lines, TWO]), "order-lines", overrides={"revenue": "Subtotal"})
    assert {item.field: item.column for item in said}["revenue"] == "Subtotal"


CART = "Order,Date,Customer ID,SKU,Quantity,Unit Price,Cart Discount Amount"


def test_a_discount_of_the_whole_order_is_not_counted_on_each_of_its_lines(guess):
    lines = ["1,2026-01-05,a,T,1,10.00,5.00", "1,2026-01-05,a,C,2,10.00,5.00", "2,2026-01-06,b,T,1,10.00,0"]
    mapping = guess("\n".join([CART, *lines]), "order-lines")
    taken = {item.field: item.column for item in mapping}
    assert "discount" not in taken
    assert taken["cart_discount_amount"] == "Cart Discount Amount"
    assert mapping.notes == (
        "The discount in 'Cart Discount Amount' is the whole order's, not the line's; it is kept as a property.",
    )


def test_a_discount_on_one_line_of_an_order_is_that_lines(guess):
    header = CART.replace("Cart Discount Amount", "Discount")
    lines = ["1,2026-01-05,a,T,1,10.00,5.00", "1,2026-01-05,a,C,2,10.00,0", "2,2026-01-06,b,T,1,10.00,1.00"]
    taken = {item.field: item.column for item in guess("\n".join([header, *lines]), "order-lines")}
    assert taken["discount"] == "Discount"


def test_without_prices_some_orders_must_tell_that_an_amount_is_theirs(guess):
    header = "Order,Date,Customer ID,SKU,Amount"
    one = "\n".join([header, "1,2026-01-05,a,T,30", "1,2026-01-05,a,C,30"])
    assert "revenue" in {item.field for item in guess(one, "order-lines")}
    lines = [f"{order},2026-01-05,a,{sku},{order * 10}" for order in range(1, 8) for sku in "TC"]
    assert "revenue" not in {item.field for item in guess("\n".join([header, *lines]), "order-lines")}


def test_an_amount_of_the_line_is_taken_and_a_name_that_says_order_is_not(guess):
    header = "Order,Date,Customer ID,SKU,Quantity,Unit Price,Line Total,Order Total Amount"
    lines = ["1,2026-01-05,a,T,1,10,9,29", "1,2026-01-05,a,C,2,10,20,29", "2,2026-01-06,b,T,1,10,10,10"]
    taken = {item.field: item.column for item in guess("\n".join([header, *lines]), "order-lines")}
    assert taken["revenue"] == "Line Total"
    header = header.replace("Line Total", "Note")
    assert "revenue" not in {item.field for item in guess("\n".join([header, *lines[-1:]]), "order-lines")}


def test_discounts_are_added_and_each_kept(guess):
    mapping = guess("order_id,time,retail_disc,coupon_disc\n1,2020-01-01,1.5,0\n2,2020-01-02,0,2\n", "order-lines")
    assert mapping.find("discount").columns == ("retail_disc", "coupon_disc")
    assert mapping.find("retail_disc").type == "money"


@pytest.mark.parametrize(
    ("values", "kind", "form"),
    [
        (("31/12/2020", "01/02/2021"), "date", {"dates": "dmy"}),
        (("12/31/2020", "01/02/2021"), "date", {"dates": "mdy"}),
        (("1,5", "2,25"), "number", {"decimal": ","}),
        (("1.234,50", "2.000,00"), "number", {"decimal": ",", "thousands": "."}),
        (("1,234.50", "2,000.00"), "number", {"thousands": ","}),
        (("1,234,567", "2,000"), "integer", {"thousands": ","}),
        (("12%", "5%"), "integer", {"percent": True}),
        (("007", "012"), "text", {}),
        (("12345678901234567", "12345678901234568"), "text", {}),
        (("yes", "no"), "boolean", {}),
        (("oui", "non"), "boolean", {}),
        (("19-24", "65+"), "text", {}),
        (("a@example.org", "b@example.com"), "text", {}),
        (("48.85, 2.35", "51.5, -0.12"), "location", {}),
        (("None", "Basic"), "text", {"keep": ("none",)}),
        (("3", "None"), "integer", {}),
        (("€5", "€7.50"), "money", {}),
    ],
)
def test_the_form_of_a_column_is_decided_over_all_its_values(guess, values, kind, form):
    lines = "\n".join(f'{number},"{value}"' for number, value in enumerate(values * 3))
    column = guess(f"customer_id,thing\n{lines}\n", "customers").columns[-1]
    assert column.type == kind
    assert {name: getattr(column.form, name) for name in form} == form


def test_an_ambiguous_date_order_is_said(guess):
    mapping = guess("customer_id,day\n1,01/02/2020\n2,03/04/2020\n", "customers")
    assert any("cannot be told" in note for note in mapping.notes)


def test_a_late_value_changes_a_guess_made_on_a_sample(engine, read):
    lines = [f"{number},{number % 7},01/02/2020" for number in range(1, 60_000)]
    lines.append("60000,x,02/28/2020")
    lines += [f"{60_001 + n},code{n},01/03/2020" for n in range(9000)]
    raw = read("\n".join(["customer_id,code7,day", *lines]) + "\n")
    mapping = guess_mapping(engine, raw, "customers")
    assert mapping.find("code7").type == "text"
    assert mapping.find("day").form.dates == "mdy"


def test_names_tell_kind_personal_data_and_what_is_sensitive(guess):
    header = (
        "customer_id,First Name,Religion,Health Status,race,Gender,industry,Zip Code,Date of Birth,Phone,risk score"
    )
    row = "1,Ada,x,ok,2,f,tech,01234,1990-01-01,+33612345678,0.5"
    mapping = guess(f"{header}\n{row}\n", "customers")
    assert [item.field for item in mapping if item.sensitive] == ["religion", "health_status", "race"]
    assert mapping.find("first_name").personal_data == "user.name.first"
    assert mapping.find("gender").personal_data == "user.demographic.gender"
    assert mapping.find("date_of_birth").personal_data == "user.demographic.date_of_birth"
    assert mapping.find("zip_code").type == "text"
    assert mapping.find("phone").format == "phone"
    assert (mapping.find("industry").kind, mapping.find("risk_score").kind) == ("firmographic", "predictive")


def test_latitude_and_longitude_make_a_place_besides(guess):
    mapping = guess("customer_id,lat,lng\n1,48.85,2.35\n2,51.5,-0.12\n", "customers")
    assert mapping.find("location").columns == ("lat", "lng")
    assert mapping.find("lat").type == "number"


def test_overrides_are_obeyed_and_wrong_ones_get_the_nearest_name(guess):
    text = "a,b\n1,2020-01-01\n2,2020-01-02\n"
    assert guess(text, "orders", overrides={"order_id": "a", "time": "B"}).fields["time"] == "b"
    with pytest.raises(WrongUse, match="no column 'bb'"):
        guess(text, "orders", overrides={"order_id": "bb"})
    with pytest.raises(WrongUse, match="Did you mean 'order_id'"):
        guess(text, "orders", overrides={"ordr_id": "a"})
    assert guess(text, "customers", overrides={"customer_id": "a", "plan": "b"}).fields["plan"] == "b"


def test_a_constant_fills_a_field(guess):
    mapping = guess("when,rating\n2020-01-01,5\n", "events", overrides={"name": "=Review Written"})
    assert mapping.find("name").value == "Review Written"
    assert mapping.missing_fields() == ()


def test_received_at_and_valid_from_are_fields_of_every_kind(guess):
    mapping = guess("id,k,v\n1,2020-01-01,2020-01-02\n", "customers", received_at="k", valid_from="v")
    assert {name: mapping.fields[name] for name in ("received_at", "valid_from")} == {
        "received_at": "k",
        "valid_from": "v",
    }


def test_a_missing_required_field_is_named_with_the_columns_to_choose_from(guess, read):
    raw = read("spend,visit\n1,2\n")
    with pytest.raises(SourceError, match="'customer_id', which customers need") as caught:
        check_mapping(guess("spend,visit\n1,2\n", "customers"), raw)
    assert "--map customer_id=COLUMN" in caught.value.hint
    assert "spend, visit" in caught.value.hint


def test_a_mapping_survives_its_file(guess, tmp_path):
    mapping = guess(
        'customer_id,2019,Größe,day,tags,lat,lon\n1,1.234,M,31/12/2020,None,1.5,2.5\n2,"5,6",L,01/02/2021,x,3.5,4.5\n',
        "customers",
    )
    save_mapping(mapping, tmp_path / "m.yaml")
    again = read_mapping(tmp_path / "m.yaml")
    for item in mapping:
        other = again.find(item.field)
        assert (other.columns, other.type, other.form, other.kind, other.format) == (
            *(item.columns, item.type, item.form, item.kind, item.format),
        )


def test_a_mapping_file_decides_and_the_rest_is_guessed(engine, read, tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text(
        "load: customers\nfields:\n  customer_id: b\nothers:\n  size: {column: a, type: text}\nignore: [c]\n"
    )
    mapping = guess_mapping(engine, read("a,b,c,d\n1,2,3,4\n"), "customers", given=read_mapping(path))
    assert mapping.fields == {"customer_id": "b", "size": "a", "d": "d"}


def test_no_trait_is_called_like_the_engines_own_row_number(guess):
    mapping = guess("customer_id,rowid,row_no\na,5,6\nb,7,8\n", "customers")
    assert {"rowid", "row_no"}.isdisjoint(item.field for item in mapping)
