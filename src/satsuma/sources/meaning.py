"""What the name of a column says: kind of trait, personal-data class, sensitivity, unit, money, identifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from satsuma.catalog import Format, Kind
from satsuma.sources.names import words

_SYNONYMS = {
    "lastname": "last name",
    "firstname": "first name",
    "fullname": "full name",
    "forename": "first name",
    "givenname": "first name",
    "surname": "last name",
    "prenom": "first name",
    "vorname": "first name",
    "nachname": "last name",
    "birthdate": "birth date",
    "birthday": "birth date",
    "dateofbirth": "birth date",
    "dob": "birth date",
    "geburtsdatum": "birth date",
    "zipcode": "zip",
    "postcode": "zip",
    "postalcode": "zip",
    "plz": "zip",
    "useragent": "user agent",
    "ipaddress": "ip",
    "telephone": "phone",
    "telefon": "phone",
    "telefono": "phone",
    "mobile": "phone",
    "tel": "phone",
    "gsm": "phone",
    "handy": "phone",
    "mail": "email",
    "courriel": "email",
    "latitude": "lat",
    "longitude": "lon",
    "lng": "lon",
    "long": "lon",
    "pays": "country",
    "land": "country",
    "pais": "country",
    "paese": "country",
    "ville": "city",
    "stadt": "city",
    "ort": "city",
    "ciudad": "city",
    "sex": "gender",
    "geschlecht": "gender",
    "genre": "gender",
    "alter": "age",
    "edad": "age",
    "eta": "age",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a name says by itself; the values may say more."""

    kind: Kind | None = None
    personal_data: str | None = None
    sensitive: bool = False
    format: Format | None = None
    unit: str | None = None
    is_money: bool = False
    is_identifier: bool = False
    is_date: bool = False
    is_age: bool = False


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: The first list with a word of the name gives the kind.
_KINDS: Sequence[tuple[Kind, frozenset[str]]] = (
    ("predictive", _set("score probability propensity prediction predicted forecast likelihood risk")),
    ("demographic", _set("marital married relationship")),
    ("lifecycle", _set("churn churned tenure lifecycle stage signup registered joined newbie cancelled")),
    (
        "value",
        _set("revenue ltv cltv clv spend spent charges charge balance sales turnover profit margin aov gmv value"),
    ),
    (
        "geographic",
        _set(
            """country city state zip postal region county province address street lat lon location suburb territory
            place"""
        ),
    ),
    (
        "technographic",
        _set(
            "device os browser agent platform app version ip screen carrier internet software technology client model"
        ),
    ),
    (
        "firmographic",
        _set("company industry sector employees employee firm organisation organization business naics sic assets"),
    ),
    (
        "demographic",
        _set(
            """age gender birth marital married income education household kids children occupation job profession
            religion race ethnicity nationality language senior citizen partner dependents home homeowner family
            hand engnat size comp composition ownership title salutation"""
        ),
    ),
    (
        "preference",
        _set("preference preferred favourite favorite newsletter optin interest interests contact frequency paperless"),
    ),
    (
        "psychographic",
        _set(
            "attitude motive motives personality values lifestyle opinion satisfaction nps nep obligation survey answer"
        ),
    ),
    (
        "behavioural",
        _set(
            """visit visits orders purchases sessions clicks views login logins recency history channel payment contract
            service services lines plan subscription streaming usage count last first behaviour behavior coupon campaign
            segment conversion opens phone security backup protection support tv movies music data"""
        ),
    ),
    ("lifecycle", _set("active status")),
)

#: Fideslang keys, by words that must all be there; the first that fits counts.
_PERSONAL: Sequence[tuple[frozenset[str], str]] = (
    (_set("email"), "user.contact.email"),
    (_set("ip"), "user.device.ip_address"),
    (_set("user agent"), "user.device"),
    (_set("cookie"), "user.device.cookie_id"),
    (_set("device id"), "user.device.device_id"),
    (_set("first name"), "user.name.first"),
    (_set("last name"), "user.name.last"),
    (_set("full name"), "user.name"),
    (_set("customer name"), "user.name"),
    (_set("contact name"), "user.name"),
    (_set("street"), "user.contact.address.street"),
    (_set("address"), "user.contact.address.street"),
    (_set("city"), "user.contact.address.city"),
    (_set("suburb"), "user.contact.address.city"),
    (_set("zip"), "user.contact.address.postal_code"),
    (_set("postal"), "user.contact.address.postal_code"),
    (_set("state"), "user.contact.address.state"),
    (_set("country"), "user.contact.address.country"),
    (_set("region"), "user.location.imprecise"),
    (_set("lat"), "user.location.precise"),
    (_set("lon"), "user.location.precise"),
    (_set("location"), "user.location.precise"),
    (_set("birth date"), "user.demographic.date_of_birth"),
    (_set("age"), "user.demographic.age_range"),
    (_set("senior citizen"), "user.demographic.age_range"),
    (_set("gender"), "user.demographic.gender"),
    (_set("language"), "user.demographic.language"),
    (_set("marital"), "user.demographic.marital_status"),
    (_set("relationship status"), "user.demographic.marital_status"),
    (_set("race"), "user.demographic.race"),
    (_set("ethnicity"), "user.demographic.ethnicity"),
    (_set("ethnic"), "user.demographic.ethnicity"),
    (_set("nationality"), "user.demographic"),
    (_set("religion"), "user.demographic.religious_belief"),
    (_set("religious"), "user.demographic.religious_belief"),
    (_set("political"), "user.demographic.political_opinion"),
    (_set("politics"), "user.demographic.political_opinion"),
    (_set("sexual orientation"), "user.demographic.sexual_orientation"),
    (_set("income"), "user.financial"),
    (_set("salary"), "user.financial"),
    (_set("iban"), "user.financial.bank_account"),
    (_set("card number"), "user.financial.credit_card"),
    (_set("ssn"), "user.government_id"),
    (_set("soc sec"), "user.government_id"),
    (_set("passport"), "user.government_id"),
    (_set("job title"), "user.job_title"),
    (_set("occupation"), "user.job_title"),
    (_set("profession"), "user.job_title"),
    (_set("phone number"), "user.contact.phone_number"),
    (_set("household"), "user.demographic"),
    (_set("kids"), "user.demographic"),
    (_set("children"), "user.demographic"),
    (_set("dependents"), "user.demographic"),
    (_set("education"), "user.demographic"),
)

#: Special categories of Article 9 of the GDPR (and criminal records, Article 10).
_SENSITIVE = _set(
    """race racial ethnicity ethnic religion religious faith church health medical disease diagnosis illness disability
    disabled handicap pregnant pregnancy sexual lgbt sexuality political politics vote voting union syndicat biometric
    genetic hiv criminal conviction medication allergy allergies religionszugehorigkeit konfession gesundheit sante
    salud handicape"""
)
_HEALTH = _set("health medical disease diagnosis illness disability disabled handicap pregnant medication allergy")
_MONEY = _set(
    """price amount revenue charges charge spend spent sales cost costs fee balance salary discount disc paid cltv clv
    ltv gmv aov turnover profit profits refund montant prix betrag umsatz preis importe precio prezzo rabatt remise
    subtotal shipping tax tip"""
)
_IDENTIFIER = _set(
    """id ids uuid guid sku ean upc isbn asin zip ssn iban siren siret barcode code codes gtin plu insee token hash
    phone fax"""
)
_IDENTIFIER_LAST = _set("no nr num number key ref reference")
_DATES = _set(
    """date time timestamp at on since datum fecha data day birth created updated joined signup registered until expires
    expiry renewal anniversary seen start end"""
)
_UNITS = {
    "months": "months",
    "month": "months",
    "days": "days",
    "weeks": "weeks",
    "years": "years",
    "minutes": "minutes",
    "hours": "hours",
    "seconds": "seconds",
    "km": "km",
    "kg": "kg",
    "gb": "GB",
    "percent": "%",
    "pct": "%",
    "cm": "cm",
}


def meaning_of(column: str) -> Meaning:
    """Read what can be known from a column's name."""
    found = _words(column)
    group = frozenset(found)
    identifier = bool(group & _IDENTIFIER) or bool(found and found[-1] in _IDENTIFIER_LAST)
    if {"of"} & group and found[0] in ("number", "no", "num", "count"):
        identifier = False
    fmt = _format(group, found)
    personal = next((key for need, key in _PERSONAL if need <= group), None)
    sensitive = bool(group & _SENSITIVE) and not group & {"credit", "european"}
    if sensitive and personal is None and group & _HEALTH:
        personal = "user.health_and_medical"
    kind = next((kind for kind, some in _KINDS if some & group), None)
    if personal is not None and personal.startswith("user.name"):
        kind = None
    if fmt in ("email", "phone"):
        kind = None
        personal = "user.contact.email" if fmt == "email" else "user.contact.phone_number"
    unit = next((_UNITS[word] for word in reversed(found) if word in _UNITS), None)
    return Meaning(
        kind=kind,
        personal_data=personal,
        sensitive=sensitive,
        format=fmt,
        unit=unit,
        is_money=bool(group & _MONEY) and not identifier,
        is_identifier=identifier,
        is_date=bool(group & _DATES) or bool(found and found[-1] == "ts"),
        is_age=found in (["age"], ["customer", "age"], ["age", "years"]),
    )


def _words(column: str) -> list[str]:
    raw = words(column)
    joined = "".join(raw)
    if joined in _SYNONYMS:
        return _SYNONYMS[joined].split()
    result: list[str] = []
    for number, word in enumerate(raw):
        if word == "mail" and number and raw[number - 1] == "e":
            result[-1] = "email"
            continue
        result += _SYNONYMS.get(word, word).split()
    if "date" in result and "of" in result and "birth" in result:
        result = ["birth", "date"]
    return result


def _format(group: frozenset[str], found: list[str]) -> Format | None:
    if "email" in group and not group & {
        "opt",
        "optin",
        "open",
        "opens",
        "click",
        "clicks",
        "marketing",
        "count",
        "sent",
    }:
        return "email"
    if "phone" in group and not group & {"service", "model", "type", "plan", "lines", "calls", "brand"}:
        return "phone"
    if ("country" in group and not group & {"name", "region", "count"}) or found == ["country", "name"]:
        return "country"
    if {"user", "agent"} <= group:
        return "user_agent"
    if group & {"url", "website", "link", "webpage", "homepage"}:
        return "url"
    if "version" in group and group & {"app", "os", "browser", "software", "sdk", "client"}:
        return "version"
    if "currency" in group:
        return "currency"
    return "language" if found in (["language"], ["lang"], ["locale"]) else None
