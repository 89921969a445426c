"""What a workspace says about itself: the file `satsuma.yaml`.

Read with every mistake named by line; written once, by `init`, with a comment beside each line for the person who
will edit it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from satsuma import documents
from satsuma.access.provider import SignInProvider, read_provider
from satsuma.errors import WrongUse, nearest
from satsuma.language.durations import DURATION_HINT, parse_duration

FILE_NAME = "satsuma.yaml"

ENGINES = ("duckdb", "spark")
#: What else is said of an engine, all of it of Spark.
ENGINE_KEYS = ("name", "master", "remote", "tables", "settings")
LEGAL_BASES = ("consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interests")

_LEDGER = re.compile(r"(sqlite|postgresql)(\+[a-z0-9]+)?://")

#: A segment with fewer members says little of anything.
SMALLEST_SEGMENT = 30

#: What may be kept for a limited time only. The limits are kept here as the decision they are.
RETAINED = ("events", "quarantine", "exports", "logs")

KEYS = ("name", "timezone", "currency", "default_region", "engine", "ledger", "retention", "purposes",
        "smallest_segment", "sign_in")  # fmt: skip

#: The active codes of ISO 4217 that stand for money people pay with.
CURRENCIES = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY
    COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS
    INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP
    MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR
    SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND
    VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
    """.split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """Something personal data may be used for, and on what legal basis."""

    title: str | None = None
    legal_basis: str = "consent"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """What evaluates definitions; loading is always DuckDB's.

    master : where Spark runs: `local[n]` or `spark://HOST:PORT`; None is this computer, or what spark-submit says.
    remote : a Spark Connect server, `sc://HOST:PORT`, in place of a master.
    tables : the folder, or its address, of the tables that Spark reads; None is `state/tables` of the workspace.
    settings : Spark's own settings.
    """

    name: str = "duckdb"
    master: str | None = None
    remote: str | None = None
    tables: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one workspace.

    default_region : the country that a phone number without a country code belongs to, or None.
    ledger : URL of the operational database, or `${NAME}` of the environment; None is the workspace's own `ledger.db`.
    retention : how long each of `RETAINED` may be kept, in microseconds.
    smallest_segment : a segment with fewer members is pointed out by `satsuma lint`.
    sign_in : the provider that people sign in with, beside name and password.
    """

    name: str
    timezone: str
    currency: str
    default_region: str | None = None
    engine: EngineSettings = field(default_factory=EngineSettings)
    ledger: str | None = field(default=None, repr=False)
    retention: Mapping[str, int] = field(default_factory=dict)
    purposes: Mapping[str, Purpose] = field(default_factory=dict)
    smallest_segment: int = SMALLEST_SEGMENT
    sign_in: SignInProvider | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


# ----------------------------------------------------------------------------------------------------- single values


def timezone_mistake(name: object) -> tuple[str, tuple[str, ...]] | None:
    """Return what is wrong with a time zone's name and the nearest right ones, or None when it is right."""
    if isinstance(name, str) and _is_zone(name):
        return None
    zones = [zone for zone in available_timezones() if _is_zone(zone)]
    text = str(name)
    folded = text.casefold().replace(" ", "_")
    same = sorted(zone for zone in zones if folded in (zone.casefold(), zone.rpartition("/")[2].casefold()))
    near = tuple(same[:3]) or nearest(text, sorted(zones))
    return f"'{text}' is not a time zone. Zones are written Area/City, for example Europe/Paris, or UTC.", near


def currency_mistake(code: object) -> tuple[str, tuple[str, ...]] | None:
    """Return what is wrong with a currency's code and the nearest right ones, or None when it is right."""
    if code in CURRENCIES:
        return None
    text = str(code)
    near = (text.upper(),) if text.upper() in CURRENCIES else nearest(text, sorted(CURRENCIES))
    return f"'{text}' is not a currency. Currencies are written as their three letters, for example EUR or USD.", near


def region_mistake(code: object) -> tuple[str, tuple[str, ...]] | None:
    """Return what is wrong with a country code, or None when it is right."""
    countries = region_names()
    if code in countries:
        return None
    text = str(code)
    by_name = {name: letters for letters, name in countries.items()}
    upper = {"UK": "GB"}.get(text.upper(), text.upper())
    near = (upper,) if upper in countries else tuple(by_name[name] for name in nearest(text, by_name, most=1))
    return f"'{text}' is not a country. Countries are written as their two letters, for example FR or US.", near


def region_of(timezone: str) -> str | None:
    """Return the country of a time zone, where it has one: `FR` for Europe/Paris, nothing for UTC."""
    for line in _zone_table("zone.tab"):
        country, _, zone, *_ = line.split("\t")
        if zone == timezone:
            return country
    return None


def region_names() -> dict[str, str]:
    """Return the countries of ISO 3166, from two letters to English name."""
    return dict(line.split("\t")[:2] for line in _zone_table("iso3166.tab"))


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return False
    # Names that a system keeps beside the zones themselves: they mean another thing on another machine.
    return name not in ("localtime", "posixrules", "Factory", "leapseconds", "tzdata.zi") and not name.startswith(
        ("posix/", "right/")
    )


def _zone_table(name: str) -> list[str]:
    text = resources.files("tzdata.zoneinfo").joinpath(name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


# ---------------------------------------------------------------------------------------------------------- reading


def read_settings(path: Path) -> Settings:
    """Read and check `satsuma.yaml`.

    Raises
    ------
    DefinitionError
        With every mistake in the file.
    """
    return documents.read_checked(path, _Reader, _Reader.settings)


class _Reader(documents.DocumentReader):
    def settings(self) -> Settings | None:
        given = self.document.value
        if not isinstance(given, dict):
            self.problem((), f"The settings of a workspace are 'key: value' lines: {', '.join(KEYS)}.")
            return None
        self.keys(given, KEYS, (), "is not a setting")
        name = self.text(given, "name", required=True)
        for key, check in (("timezone", timezone_mistake), ("currency", currency_mistake)):
            if self.text(given, key, required=True) is not None:
                self.checked((key,), check(given[key]))
        region = given.get("default_region")
        if region is not None:
            self.checked(("default_region",), region_mistake(region))
        engine = self.engine(given.get("engine", "duckdb"))
        ledger = self.ledger(given.get("ledger"))
        retention = self.retention(given.get("retention"))
        purposes = self.purposes(given.get("purposes"))
        said = given.get("sign_in")
        sign_in = None if said is None else read_provider(self, said, ("sign_in",))
        smallest = given.get("smallest_segment", SMALLEST_SEGMENT)
        if not isinstance(smallest, int) or isinstance(smallest, bool) or smallest < 1:
            self.problem(("smallest_segment",), "'smallest_segment' is a whole number of members, 1 or more.")
        if self.problems or name is None:
            return None
        return Settings(
            name=name,
            timezone=given["timezone"],
            currency=given["currency"],
            default_region=region,
            engine=engine,
            ledger=ledger,
            retention=retention,
            purposes=purposes,
            smallest_segment=smallest,
            sign_in=sign_in,
        )

    def checked(self, path: documents.Path_, mistake: tuple[str, tuple[str, ...]] | None) -> None:
        if mistake is not None:
            self.problem(path, *mistake)

    def text(self, given: dict[str, Any], key: str, *, required: bool = False) -> str | None:
        value = given.get(key)
        if value is None:
            if required:
                self.problem((key,) if key in given else (), f"'{key}' is missing; every workspace says it.")
            return None
        if isinstance(value, (dict, list)):
            self.problem((key,), f"'{key}' must be a text.")
            return None
        return self.document.text((key,)) or str(value)

    def ledger(self, value: Any) -> str | None:
        if value in (None, "sqlite"):
            return None
        if not isinstance(value, str) or not (_LEDGER.match(value) or documents.ENVIRONMENT.fullmatch(value)):
            # The value is not repeated: it may hold a password.
            message = (
                "'ledger' is 'sqlite' (a file in the workspace), a URL that starts with sqlite:// or postgresql://, or "
                "${NAME}, the environment variable that holds such a URL."
            )
            self.problem(("ledger",), message)
            return None
        return value

    def engine(self, value: Any) -> EngineSettings:
        """Read `engine: spark`, or a mapping that says more of it."""
        facts = value if isinstance(value, dict) else {"name": value}
        self.keys(facts, ENGINE_KEYS, ("engine",), "is not a setting of an engine")
        at: documents.Path_ = ("engine", "name") if facts is value and "name" in facts else ("engine",)
        name = facts.get("name")
        if name not in ENGINES:
            given = "The engine has no name" if name is None else f"'{name}' is not an engine"
            self.problem(at, f"{given}; allowed: {', '.join(ENGINES)}.", nearest(str(name), ENGINES))
        elif name != "spark" and len(facts) > 1:
            other = next(key for key in facts if key != "name")
            self.problem(("engine", other), f"'{other}' is said of the engine 'spark' alone.")
        texts: dict[str, str | None] = {}
        for key in ("master", "remote", "tables"):
            text = facts.get(key)
            if text is not None and (not isinstance(text, str) or not text.strip()):
                self.problem(("engine", key), f"'{key}' must be a text.")
                text = None
            texts[key] = text
        # An address is not repeated: it may hold a token.
        if texts["master"] is not None and not re.fullmatch(r"local(\[(\*|[1-9]\d*)\])?|spark://\S+", texts["master"]):
            message = "'master' is local[n] with the number of processors, local[*], or spark://HOST:PORT."
            self.problem(("engine", "master"), message)
        if texts["remote"] is not None and not re.fullmatch(r"sc://\S+", texts["remote"]):
            self.problem(("engine", "remote"), "'remote' is the address of a Spark Connect server: sc://HOST:PORT.")
        if texts["remote"] is not None and texts["master"] is not None:
            self.problem(("engine", "remote"), "Say 'master' or 'remote', not both: each says where Spark is.")
        return EngineSettings(name=str(name), **texts, settings=self.spark_settings(facts.get("settings")))

    def spark_settings(self, value: Any) -> dict[str, str]:
        kept: dict[str, str] = {}
        if value is not None and not isinstance(value, dict):
            self.problem(("engine", "settings"), "'settings' must hold 'spark...: value' lines.")
            return kept
        for key, entry in (value or {}).items():
            path: documents.Path_ = ("engine", "settings", key)
            if not key.startswith("spark."):
                self.problem(path, f"'{key}' is not a setting of Spark; their names begin with 'spark.'.")
            elif entry is None or isinstance(entry, (dict, list)):
                self.problem(path, f"'{key}' must be a text, a number, or true or false.")
            else:
                kept[key] = str(entry).lower() if isinstance(entry, bool) else self.document.text(path) or str(entry)
        return kept

    def mapping(self, key: str, value: Any) -> dict[str, Any]:
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        self.problem((key,), f"'{key}' must hold 'name: ...' lines.")
        return {}

    def retention(self, value: Any) -> dict[str, int]:
        kept = {}
        for key, entry in self.mapping("retention", value).items():
            length = parse_duration(entry)
            if key not in RETAINED:
                message = f"'{key}' has no retention; allowed: {', '.join(RETAINED)}."
                self.problem(("retention", key), message, nearest(key, RETAINED))
            elif length is None:
                self.problem(("retention", key), f"The retention of {key} must be {DURATION_HINT}.")
            else:
                kept[key] = length
        return kept

    def purposes(self, value: Any) -> dict[str, Purpose]:
        kept = {}
        for name, entry in self.mapping("purposes", value).items():
            path: documents.Path_ = ("purposes", name)
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
                self.problem(path, f"'{name}' is not a name: small letters, digits and _, a letter first.")
            if entry is not None and not isinstance(entry, dict):
                self.problem(path, f"The purpose '{name}' holds 'title' and 'legal_basis'.")
                continue
            facts = entry or {}
            for key in facts:
                if key not in ("title", "legal_basis"):
                    message = f"'{key}' is not known of a purpose; allowed: title, legal_basis."
                    self.problem((*path, key), message, nearest(key, ("title", "legal_basis")))
            basis = facts.get("legal_basis", "consent")
            if basis not in LEGAL_BASES:
                message = f"'{basis}' is not a legal basis; one of {', '.join(LEGAL_BASES)}."
                self.problem((*path, "legal_basis"), message, nearest(str(basis), LEGAL_BASES))
            title = facts.get("title")
            kept[name] = Purpose(title=None if title is None else str(title), legal_basis=str(basis))
        return kept


# ---------------------------------------------------------------------------------------------------------- writing


def checked_settings(*, name: str, timezone: str, currency: str, default_region: str | None = None) -> Settings:
    """Return settings for a new workspace; a missing region is taken from the time zone, where that has one.

    Raises
    ------
    WrongUse
        For the first value that is not one, with the nearest right ones.
    """
    mistakes = {"timezone": timezone_mistake(timezone), "currency": currency_mistake(currency)}
    if default_region is not None:
        mistakes["default_region"] = region_mistake(default_region)
    for option, mistake in mistakes.items():
        if mistake is not None:
            message, near = mistake
            meant = f"Did you mean {' or '.join(near)}?" if near else "Nothing was created."
            raise WrongUse(message, hint=meant, option=option, nearest=list(near))
    return Settings(
        name=name, timezone=timezone, currency=currency, default_region=default_region or region_of(timezone)
    )


def render_settings(settings: Settings) -> str:
    """Return the text of a new `satsuma.yaml`."""
    region = settings.default_region
    name = "'" + settings.name.replace("'", "''") + "'"
    lines = [
        "# The settings of this workspace. `satsuma check` says whether they are right.",
        f"name: {name}",
        f"timezone: {settings.timezone}    # days, weeks and months begin and end here; times are stored in UTC",
        f"currency: {settings.currency}    # all money is in this currency",
        f"default_region: {region}    # the country of phone numbers written without one"
        if region
        else "# default_region: FR    # the country of phone numbers written without one",
        "engine: duckdb",
        "ledger: sqlite    # or a database, postgresql://...; ${NAME} is the variable that holds such a URL",
        "",
        "# How long things may be kept, and what personal data may be used for:",
        "# retention: {events: 5y, quarantine: 90d}",
        "# purposes:",
        "#   email_marketing: {title: News by e-mail, legal_basis: consent}",
    ]
    return "\n".join(lines) + "\n"
