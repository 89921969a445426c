"""Words that sources use and what they mean: states of an order, decisions of consent, lines that are no product."""

from __future__ import annotations

from collections.abc import Iterable

from satsuma.engines.duckdb import literal

#: The sale did not take place: nothing was earned, so nothing has to be given back.
CANCELLED = (
    "cancelled", "canceled", "cancel", "void", "voided", "failed", "declined", "rejected", "expired", "abandoned",
    "annulled", "annule", "annulé", "annulée", "storniert", "payment failed",
)  # fmt: skip
#: The sale took place and was undone: it is sold and given back, nought in sum.
REFUNDED = (
    "refunded",
    "returned",
    "fully refunded",
    "charged back",
    "chargeback",
    "reversed",
    "remboursé",
    "erstattet",
)
#: The row itself is money or goods going back.
RETURN = ("return", "refund", "credit", "credit note", "credit memo", "reversal", "retour", "avoir", "gutschrift")

GRANTED = (
    "granted", "grant", "yes", "y", "true", "t", "1", "opt-in", "optin", "opt in", "opted in", "opted_in", "opted-in",
    "subscribed", "subscribe", "accepted", "accept", "allowed", "allow", "given", "active", "consented", "on", "oui",
    "ja", "si", "sí", "confirmed", "agreed",
)  # fmt: skip
DENIED = (
    "denied", "deny", "no", "n", "false", "f", "0", "opt-out", "optout", "opt out", "opted out", "opted_out",
    "opted-out", "unsubscribed", "unsubscribe", "refused", "refuse", "rejected", "withdrawn", "withdraw", "revoked",
    "revoke", "disallowed", "inactive", "off", "non", "nein", "declined", "never subscribed",
)  # fmt: skip

#: Codes that shops use for lines that are not goods. Matched whole, whatever the case.
_CODES = (
    r"(POST|POSTAGE|DOT|CARRIAGE|FREIGHT|SHIP|SHIPPING|DELIVERY|HANDLING|P&P|FEE|FEES|BANK ?CHARGES?|AMAZON ?FEE|CRUK"
    r"|PADS|ADJUST\w*|DISCOUNT\w*|SAMPLES?|MANUAL|TEST\d*|TIPS?|TAX|VAT|DEPOSIT|GIFT[ _-].*"
    r"|GIFT ?(CARD|VOUCHER)\w*|VOUCHER\w*)"
)
#: Codes too short to tell without the name beside them: another shop may call an article `M`.
_SHORT_CODES = r"(M|B|D|S|C2|C3)"
_NAMES = (
    r"(dotcom |next day |express |standard |uk |eu )?(postage|carriage|freight|shipping|delivery|p&p|handling)"
    r"( and packing| & packing)?( (fee|charge|cost)s?)?"
    r"|(bank|service|transaction|card) (fee|charge)s?|amazon fees?|.* commission|manual( adjustment)?|discounts?"
    r"|samples?|adjust(ment)?s?( bad debt)?|adjustment by .*|bad debt|gift (card|voucher|certificate)s?"
    r"|.* gift vouchers?( .*)?|tips?|donations?|deposit|rounding"
)


def any_of(expression: str, words: Iterable[str]) -> str:
    """Return the SQL that is true where a text, without case and outer blanks, is one of `words`."""
    listed = ", ".join(literal(word) for word in words)
    return f"coalesce(lower(trim(CAST({expression} AS VARCHAR))) IN ({listed}), false)"


def is_non_product(product_id: str, product_name: str | None) -> str:
    """Return the SQL that is true for postage, fees, adjustments and the like.

    Parameters
    ----------
    product_id, product_name : SQL of the code and, if the source has one, of the name.
    """
    code = f"regexp_full_match(trim({product_id}), {literal(_CODES)}, 'i')"
    if product_name is None:
        return f"coalesce({code}, false)"
    name = f"regexp_full_match(trim({product_name}), {literal(_NAMES)}, 'i')"
    short = f"({product_name} IS NULL AND regexp_full_match(trim({product_id}), {literal(_SHORT_CODES)}, 'i'))"
    return f"(coalesce({code}, false) OR coalesce({name}, false) OR coalesce({short}, false))"
