"""The kinds of load, their own fields, and the names by which other tools and languages call these fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from satsuma.catalog import ValueType
from satsuma.errors import NotFound
from satsuma.sources.names import fold, words

LoadKind = Literal[
    "customers", "events", "orders", "order-lines", "accounts", "products", "consents", "surveys",
    "deals", "text-labels",
]  # fmt: skip
LOAD_KINDS: tuple[str, ...] = get_args(LoadKind)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a load kind: its type, whether each row must have it, and other names, the best first.

    `several` allows more than one column: their amounts are added.
    """

    name: str
    type: ValueType
    required: bool = False
    aliases: tuple[str, ...] = ()
    several: bool = False


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_CUSTOMER = _names(
    """customer_id customerid customer_no customer_number customer_nr customer_key custid cust_id cust_no cust
    client_id clientid client_no id_client numero_client no_client code_client kundennummer kunden_nr kunden_id
    kundennr kundnr klantnummer klant_id klantnr id_cliente codigo_cliente numero_cliente cliente_id codice_cliente
    id_cliente cliente kund_id asiakasnumero klient_id id_klienta numer_klienta zakaznik_id user_id userid uid
    master_id household_id household_key householdkey member_id membership_number membership_id loyalty_id card_no
    loyalty_card_number card_number contact_id contactid subscriber_id person_id profile_id shopper_id buyer_id
    visitor_id patient_id donor_id account_holder_id consumer_id external_id respondent_id customer client kunde
    klant user household member person_no"""
)
_ORDER = _names(
    """order_id orderid order_no order_number order_nr order_name invoice_no invoiceno invoice_id invoice_number
    invoice basket_id basketid basket transaction_id transactionid transaction_no trans_id receipt_id receipt_no
    receipt_number receipt ticket_id ticket_no ticket bon_id bill_no bill_id document_no sales_order checkout_id
    increment_id numero_commande id_commande commande_id no_commande commande numero_facture no_facture facture
    bestellnummer bestell_nr bestell_id bestellung auftragsnummer auftrag_nr rechnungsnummer rechnungs_nr rechnung
    ordernummer bestelnummer factuurnummer pedido_id id_pedido numero_pedido pedido factura numero_factura numero_ordine
    id_ordine ordine fattura tilausnumero zamowienie_id numer_zamowienia order purchase_id sale_id"""
)
_TIME = _names(
    """time event_time timestamp transaction_timestamp transaction_time transaction_date trans_date invoice_date
    invoicedate order_date orderdate order_time ordered_at order_timestamp order_purchase_timestamp purchase_date
    purchased_at purchase_time purchase_timestamp created_at created created_date date_created createdat
    creation_date placed_at processed_at completed_at paid_at sold_at sale_date sales_date event_timestamp
    event_date occurred_at happened_at datetime date_time time_stamp ts date day posting_date booking_date
    bestelldatum auftragsdatum rechnungsdatum kaufdatum datum zeitpunkt zeit date_commande date_facture
    date_achat date_de_commande horodatage heure fecha fecha_pedido fecha_factura fecha_compra data data_ordine
    data_pedido data_acquisto data_compra besteldatum factuurdatum bestelldato tilauspaiva received_time
    submitted_at answered_at completed_date response_date interview_date server_time"""
)
_PRODUCT = _names(
    """product_id productid product_no product_number product_code productcode stock_code stockcode sku item_id
    itemid item_no item_number item_code article_id article_no article_number article_code artikelnummer
    artikel_nr artikel_id artikelnr produkt_id produktnummer upc ean gtin asin isbn variant_id variant_sku
    lineitem_sku material_no part_no part_number id_produit code_produit code_article reference ref_produit
    id_producto codigo_producto codigo_articulo id_prodotto codice_prodotto codice_articolo produto_id
    cod_produto product_key product plu"""
)
_QUANTITY = _names(
    """quantity qty quantity_ordered quantity_sold order_quantity units units_sold unit_count num_units pieces
    pcs count_items item_quantity lineitem_quantity items_count menge anzahl stueck stuckzahl stueckzahl quantite
    qte nombre cantidad unidades quantita aantal antal quantidade qtde kpl ilosc mnozstvi cds"""
)
_UNIT_PRICE = _names(
    """unit_price unitprice price_per_unit price_each item_price price sale_price selling_price unit_cost_price
    lineitem_price product_price list_price net_price einzelpreis stueckpreis stuckpreis preis prix_unitaire
    prix precio precio_unitario prezzo prezzo_unitario preco preco_unitario stukprijs prijs pris cena hinta item_cost"""
)
_LINE_REVENUE = _names(
    """sales_value line_total line_amount line_revenue line_value total_price item_total subtotal revenue sales
    sales_amount amount net_amount total_amount extended_price total gross_amount net_sales gross_sales turnover
    montant montant_ligne ca betrag umsatz gesamtpreis zeilenbetrag importe ventas importo vendite bedrag omzet
    valor spend value dollars"""
)
_ORDER_REVENUE = _names(
    """revenue total order_total order_value order_amount total_price total_amount amount grand_total net_total
    gross_total sales sales_amount invoice_total basket_value transaction_amount transaction_value payment_value
    total_paid amount_paid paid_amount purchase_amount value spend spent total_spent turnover net_revenue
    gross_revenue montant montant_total total_ttc total_ht ca chiffre_affaires betrag gesamtbetrag umsatz
    rechnungsbetrag summe importe importe_total ventas importo totale bedrag totaalbedrag omzet valor valor_total
    dollars sum kwota"""
)
_EMAIL = _names(
    """email e_mail email_address mail mail_address emailaddress customer_email contact_email user_email
    adresse_mail adresse_email courriel e_mail_adresse emailadresse correo correo_electronico indirizzo_email
    e_mailadres email_1 work_email primary_email epost sahkoposti"""
)
_FIRST_SEEN = _names(
    """first_seen signup_date sign_up_date signed_up_at signed_up signup_at signup registration_date
    registered_at registered registered_on date_registered join_date joined joined_at joined_on date_joined
    member_since customer_since created_at created created_date creation_date date_created account_created
    account_created_at start_date subscription_date subscribed_at enrollment_date enrolment_date enrolled_at
    first_purchase_date first_order_date acquisition_date date_inscription inscription date_creation client_depuis
    anmeldedatum registrierungsdatum kunde_seit erstellt_am eintrittsdatum fecha_alta fecha_registro
    data_registrazione data_iscrizione registratiedatum klant_sinds opt_in_time"""
)
_STATUS = _names(
    """status order_status state_of_order invoice_status payment_status financial_status fulfillment_status
    transaction_status line_status statut etat zustand bestellstatus estado stato orderstatus"""
)
_DISCOUNT = _names(
    """discount discount_amount discounts discount_value line_discount lineitem_discount total_discount
    retail_disc coupon_disc coupon_match_disc rebate rabatt remise reduction descuento sconto korting desconto
    promo_discount voucher_amount coupon_amount markdown"""
)
_ACCOUNT = _names(
    """account_id accountid account_no account_number account_key company_id companyid organisation_id
    organization_id org_id business_id firm_id tenant_id workspace_id client_company_id siren siret duns
    duns_number vat_number vat_id crm_account_id firmennummer firma_id id_entreprise entreprise_id empresa_id
    azienda_id bedrijf_id account company company_name organisation organization account_name"""
)
_CURRENCY = _names("currency currency_code iso_currency devise waehrung wahrung moneda valuta moeda monnaie")

_EXTRA = (
    Field("received_at", "datetime", aliases=()),
    Field("valid_from", "datetime", aliases=()),
)
_CUSTOMER_OPTIONAL = Field("customer_id", "text", aliases=(*_CUSTOMER, *_EMAIL))

#: The own fields of each load kind, in the order in which they are recognised.
FIELDS: Mapping[LoadKind, tuple[Field, ...]] = {
    "customers": (
        Field(
            "customer_id", "text", True, (*_CUSTOMER, "id", "unique_id", "key", "rec_id", "respondent", "account_id")
        ),
        Field("first_seen", "datetime", aliases=_FIRST_SEEN),
        *_EXTRA,
    ),
    "events": (
        Field("event_id", "text", aliases=_names("event_id eventid message_id messageid insert_id event_uuid hit_id")),
        Field(
            "name",
            "text",
            True,
            _names(
                """event_name event event_type eventname eventtype action action_name activity activity_type
                interaction type evenement nom_evenement ereignis evento actie handelse name"""
            ),
        ),
        Field("time", "datetime", True, _TIME),
        _CUSTOMER_OPTIONAL,
        Field(
            "anonymous_id",
            "text",
            aliases=_names(
                "anonymous_id anonymousid anon_id device_id cookie_id client_cookie distinct_id fullvisitorid"
            ),
        ),
        Field("order_id", "text", aliases=_ORDER),
        Field("product_id", "text", aliases=_PRODUCT),
        Field("quantity", "number", aliases=_QUANTITY),
        Field("revenue", "money", aliases=_names("revenue order_total purchase_value event_value amount total")),
        *_EXTRA,
    ),
    "orders": (
        Field("order_id", "text", True, (*_ORDER, "id", "name")),
        _CUSTOMER_OPTIONAL,
        Field("time", "datetime", True, _TIME),
        Field("revenue", "money", aliases=_ORDER_REVENUE),
        Field("currency", "text", aliases=_CURRENCY),
        Field("status", "text", aliases=_STATUS),
        Field("discount", "money", aliases=_DISCOUNT, several=True),
        Field("refunded_amount", "money", aliases=_names("amount_refunded total_refunded")),
        Field("refunded_at", "datetime", aliases=_names("refund_date date_refunded")),
        *_EXTRA,
    ),
    "order-lines": (
        Field("order_id", "text", True, (*_ORDER, "name")),
        Field("time", "datetime", True, _TIME),
        Field("product_id", "text", aliases=_PRODUCT),
        _CUSTOMER_OPTIONAL,
        Field("quantity", "number", aliases=_QUANTITY),
        Field("unit_price", "money", aliases=_UNIT_PRICE),
        Field("revenue", "money", aliases=_LINE_REVENUE),
        Field("discount", "money", aliases=_DISCOUNT, several=True),
        Field("status", "text", aliases=_STATUS),
        Field(
            "product_name",
            "text",
            aliases=_names(
                """product_name productname description item_name item_description product_title title item
                lineitem_name article_name bezeichnung artikelbezeichnung produktname libelle designation
                nom_produit descripcion nombre_producto descrizione nome_prodotto omschrijving descricao"""
            ),
        ),
        Field("currency", "text", aliases=_CURRENCY),
        *_EXTRA,
    ),
    "accounts": (
        Field("account_id", "text", True, (*_ACCOUNT, "id", "name", "customer_id", "rank")),
        Field("customer_id", "text", aliases=(*_names("customer_id contact_id user_id member_id person_id"), *_EMAIL)),
        Field("first_seen", "datetime", aliases=_FIRST_SEEN),
        *_EXTRA,
    ),
    "products": (
        Field("product_id", "text", True, (*_PRODUCT, "id", "handle")),
        Field(
            "category",
            "text",
            aliases=_names(
                """category product_category category_name category_code product_type department main_category
                categorie kategorie categoria product_group warengruppe famille rayon type"""
            ),
        ),
        Field("price", "money", aliases=_UNIT_PRICE),
        Field("cost", "money", aliases=_names("cost unit_cost cost_price purchase_price einkaufspreis cout costo")),
        *_EXTRA,
    ),
    "consents": (
        Field("customer_id", "text", True, (*_CUSTOMER, *_EMAIL, "id")),
        Field("purpose", "text", True, _names("purpose consent_type consent_purpose channel topic list list_name")),
        Field(
            "status", "text", True, _names("status consent consent_status state decision granted opt_in optin value")
        ),
        Field("time", "datetime", aliases=(*_TIME, "consented_at", "consent_date", "updated_at", "opt_in_date")),
        Field("legal_basis", "text", aliases=_names("legal_basis lawful_basis basis rechtsgrundlage base_legale")),
        Field("source", "text", aliases=_names("source origin channel_source collected_via form page")),
        Field("proof", "text", aliases=_names("proof evidence record ip_address document")),
        *_EXTRA,
    ),
    "surveys": (
        _CUSTOMER_OPTIONAL,
        Field("survey", "text", aliases=_names("survey survey_id survey_name questionnaire form_name umfrage enquete")),
        Field("time", "datetime", aliases=_TIME),
        Field("item", "text", aliases=_names("item question question_id item_id item_code frage variable")),
        Field("answer", "text", aliases=_names("answer response answer_value response_value antwort reponse")),
        Field("score", "number", aliases=_names("score answer_score numeric_answer points")),
        Field("scale", "text", aliases=_names("scale answer_scale response_scale scale_points skala echelle")),
        Field("form", "text", aliases=_names("form form_id formular formulaire")),
        Field("response_id", "text", aliases=_names("response_id responseid submission_id response_token")),
        *_EXTRA,
    ),
    "deals": (
        Field(
            "deal_id", "text", True, _names("deal_id dealid opportunity_id opportunityid opp_id deal opportunity id")
        ),
        Field("customer_id", "text", aliases=(*_CUSTOMER, *_EMAIL)),
        Field("account_id", "text", aliases=_ACCOUNT),
        Field("stage", "text", aliases=_names("stage deal_stage stage_name sales_stage status pipeline_stage phase")),
        Field("amount", "money", aliases=(*_names("amount deal_value deal_amount value acv arr tcv"), *_ORDER_REVENUE)),
        Field(
            "time", "datetime", aliases=(*_names("updated_at modified_at last_modified stage_date engage_date"), *_TIME)
        ),
        Field("close_date", "date", aliases=_names("close_date closed_at expected_close_date closing_date close")),
        Field("probability", "number", aliases=_names("probability win_probability chance likelihood")),
        *_EXTRA,
    ),
    "text-labels": (
        Field(
            "text_id",
            "text",
            aliases=_names("text_id document_id doc_id comment_id review_id message_id response_id feedback_id"),
        ),
        _CUSTOMER_OPTIONAL,
        Field(
            "label",
            "text",
            aliases=_names("label tag tag_name predicted_label prediction class class_name category topic sentiment"),
        ),
        Field("score", "number", aliases=_names("score confidence probability label_score certainty relevance")),
        Field("model", "text", aliases=_names("model model_name model_id classifier classifier_id task analysis")),
        Field("labels", "text", aliases=_names("labels classifications predictions tags categories results")),
        Field("time", "datetime", aliases=(*_names("labelled_at analysed_at analyzed_at"), *_TIME)),
        *_EXTRA,
    ),
}

EMAIL_NAMES = frozenset(fold(name) for name in _EMAIL)

#: Words that make the cell of a first row a name rather than a value.
_HEADER_WORDS = frozenset(
    """id no nr name date time age gender sex country city state zip postcode phone email address price amount value
    total quantity type status category description code number key label score rank year month day week source nom
    prenom ville pays alter geschlecht land stadt ort fecha nombre edad pais ciudad""".split()
)


@cache
def _all_aliases() -> frozenset[str]:
    return frozenset(fold(alias) for fields in FIELDS.values() for field in fields for alias in field.aliases)


def is_known_name(cell: str) -> bool:
    """Return whether a cell reads as the name of a column."""
    folded = fold(cell)
    if not folded or len(cell) > 60:
        return False
    return folded in _all_aliases() or any(word in _HEADER_WORDS for word in words(cell))


def is_surely_name(cell: str) -> bool:
    """Return whether a cell can hardly be anything but the name of a column: `City`, and not `Kansas City`."""
    found = words(cell)
    return is_known_name(cell) and (fold(cell) in _all_aliases() or all(word in _HEADER_WORDS for word in found))


def fields_of(load_kind: str) -> tuple[Field, ...]:
    """Return the own fields of a load kind.

    Raises
    ------
    NotFound
        For a kind that is not there, with the nearest.
    """
    if load_kind not in FIELDS:
        hint = f"Kinds are {', '.join(LOAD_KINDS)}."
        raise NotFound.named("kind of load", load_kind, LOAD_KINDS, hint=hint)
    return FIELDS[load_kind]  # type: ignore[index]


@cache
def alias_ranks(load_kind: LoadKind) -> Mapping[str, Mapping[str, int]]:
    """Return for each field the rank of each folded name (0 is the best)."""
    ranks = {}
    for field in FIELDS[load_kind]:
        ranks[field.name] = {fold(alias): rank for rank, alias in reversed(list(enumerate(field.aliases)))}
        ranks[field.name][fold(field.name)] = 0
    return ranks
