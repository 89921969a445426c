"""Values of JSON as texts in the one form that the reading stages expect."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from satsuma.connectors.records import moment_of, text_of
from satsuma.connectors.vendor import FieldSpec

#: Decimals of currencies that have not two (ISO 4217).
_DECIMALS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
}
_YES, _NO = frozenset(("true", "1", "yes", "y", "on")), frozenset(("false", "0", "no", "n", "off"))
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_UTC = ZoneInfo("UTC")


def text_value(spec: FieldSpec, places: Mapping[str, Any], *, source: str) -> str | None:
    """Return the text of a field in one row; None when there is nothing.

    Parameters
    ----------
    source : the source's name, which makes an id its own.
    """
    if spec.value is not None:
        return spec.value
    value = next((found for path in spec.paths if (found := path.find(places)) not in (None, "", [], {})), None)
    if value is None and spec.function is None:
        return None
    if spec.words is not None:
        word = text_of(value)
        if word in spec.words or "*" in spec.words:
            value = spec.words.get(word, spec.words.get("*"))
    if spec.function is not None:
        value = spec.function(value, places)
    elif value is not None:
        value = _converted(value, spec, places, source)
    return _cell(value)


def _cell(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    if isinstance(value, list):
        return ",".join(text_of(item).replace(",", " ") for item in value if item is not None) or None
    return text_of(value)


def _converted(value: Any, spec: FieldSpec, places: Mapping[str, Any], source: str) -> Any:
    match spec.convert:
        case None | "text" | "number" | "time":
            return value
        case "boolean":
            word = text_of(value).strip().lower()
            return "true" if word in _YES else "false" if word in _NO else None
        case "date":
            text = text_of(value)
            if _DAY.match(text):
                return text[:10]
            moment = moment_of(value, "epoch_ms" if text.lstrip("-").isdigit() and len(text) > 11 else "epoch", _UTC)
            return None if moment is None else f"{moment:%Y-%m-%d}"
        case "epoch" | "epoch_ms":
            moment = moment_of(value, spec.convert, _UTC)
            return None if moment is None else f"{moment.isoformat()}Z"
        case "minor":
            return minor_units(value, spec.currency.find(places) if spec.currency is not None else None)
        case "first":
            return value[0] if isinstance(value, list) else value
        case "join":
            return ", ".join(text_of(item) for item in value) if isinstance(value, list) else value
        case "json":
            return json.dumps(value, ensure_ascii=False)
        case "own":
            return f"{source}:{text_of(value)}"
        case "lower":
            return text_of(value).strip().lower()
        case "digits":
            return re.sub(r"\D", "", text_of(value))
    return value  # pragma: no cover - the reader knows all conversions


def minor_units(value: Any, currency: Any) -> str | None:
    """Return an amount that counts a currency's smallest unit, as a decimal number.

    Examples
    --------
    >>> minor_units(1250, "eur"), minor_units(1250, "JPY"), minor_units(1250, "KWD")
    ('12.50', '1250', '1.250')
    """
    try:
        amount = Decimal(text_of(value))
    except InvalidOperation:
        return None
    return format(amount.scaleb(-_DECIMALS.get(str(currency or "").upper(), 2)), "f")
