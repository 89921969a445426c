"""What a source says about the deliveries it takes: `webhook:` in `sources/NAME.yaml`.

    webhook:
      secret: ${SHOPIFY_WEBHOOK_SECRET}

Of a vendor that Satsuma knows, that is all. Any other says its scheme: `standard` (Standard Webhooks), `url` (nothing
but a secret in the address), or `hmac` with what its signature is made of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from satsuma.connectors.reading_values import ValueReader
from satsuma.connectors.webhooks.schemes import PARTS, SCHEMES, Scheme, Signature, Stamp
from satsuma.connectors.webhooks.topics import Topics, read_topics
from satsuma.connectors.webhooks.verifying import Secrets
from satsuma.documents import DocumentReader, Path_
from satsuma.errors import nearest

KEYS = ("secret", "url_secret", "scheme", "signature", "id", "topic", "form", "items", "topics")
SIGNATURE_KEYS = ("header", "covers", "algorithm", "encoding", "prefix", "key", "time")
TIME_KEYS = ("header", "unit")
PLACE_KEYS = ("header", "field")
ALGORITHMS = ("sha256", "sha1", "sha512")
ENCODINGS = ("hex", "base64")
UNITS = ("seconds", "milliseconds", "date")

_VARIABLE = re.compile(r"\$\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_PART = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """How a source takes deliveries.

    secret, url_secret : the names of the environment variables that hold them. topics : what deliveries bring, where
    the source says so itself.
    """

    scheme: Scheme
    secret: str | None = None
    url_secret: str | None = None
    topics: Topics | None = None

    def secrets(self, environment: Mapping[str, str]) -> Secrets:
        """Return the secrets that the environment holds; with one that is missing there nothing is proved."""
        secret, url_secret = (environment.get(name, "") if name else None for name in (self.secret, self.url_secret))
        return Secrets(secret=secret, url_secret=url_secret)

    def missing(self, environment: Mapping[str, str]) -> list[str]:
        """Return the names of variables that are not set."""
        return [name for name in (self.secret, self.url_secret) if name and not environment.get(name)]


def read_webhook(reader: ValueReader, value: Any, path: Path_, vendor: str) -> Webhook | None:
    """Read the block of a source; None when it is wrong, with every mistake said to the reader.

    Parameters
    ----------
    vendor : what the source says it is; a vendor with a scheme of its own needs to say no other.
    """
    before = len(reader.problems)
    if not isinstance(value, dict):
        reader.problem(path, "'webhook' takes what its deliveries are proved by, such as secret: ${NAME}.")
        return None
    reader.keys(value, KEYS, path)
    scheme = _scheme(reader, value, path, vendor)
    secret = _variable(reader, value, "secret", path)
    url_secret = _variable(reader, value, "url_secret", path)
    if scheme is None or len(reader.problems) > before:
        return None
    if scheme.is_by_url:
        # Whichever of the two is said, it stands in the URL: there is nothing else.
        if secret and url_secret:
            reader.problem((*path, "secret"), f"Deliveries of '{scheme.name}' are proved by the URL alone; "
                           "say url_secret, not both.")  # fmt: skip
        secret, url_secret = None, url_secret or secret
        if url_secret is None:
            reader.problem(path, "A secret is needed: url_secret: ${NAME}, the name of an environment variable.")
    elif secret is None:
        reader.problem(path, "A secret is needed: secret: ${NAME}, the name of an environment variable.")
    topics = None
    if "topics" in value or "items" in value:
        topics = read_topics(reader, value.get("topics"), value.get("items"), (*path, "topics"), (*path, "items"))
    if len(reader.problems) > before:
        return None
    return Webhook(scheme=scheme, secret=secret, url_secret=url_secret, topics=topics)


def _scheme(reader: DocumentReader, value: dict[str, Any], path: Path_, vendor: str) -> Scheme | None:
    name = value.get("scheme", vendor if vendor in SCHEMES else "standard")
    if name != "hmac":
        for key in ("signature", "id", "topic", "form"):
            if key in value:
                reader.problem((*path, key), f"'{key}' is said with scheme: hmac; '{name}' knows its own.")
    if name == "hmac":
        return _own_scheme(reader, value, path)
    known = (*SCHEMES, "hmac")
    if name not in SCHEMES:
        message = f"'{name}' is no scheme; one of {', '.join(known)}."
        reader.problem((*path, "scheme"), message, nearest(str(name), known))
        return None
    return SCHEMES[name]


def _own_scheme(reader: DocumentReader, value: dict[str, Any], path: Path_) -> Scheme | None:
    given = value.get("signature")
    if not isinstance(given, dict):
        reader.problem((*path, "signature") if "signature" in value else path,
                       "scheme: hmac needs 'signature' with at least its header.")  # fmt: skip
        return None
    where = (*path, "signature")
    before = len(reader.problems)
    reader.keys(given, SIGNATURE_KEYS, where)
    header = _header(reader, given, "header", where)
    if header is None and "header" not in given:
        reader.problem(where, "'signature' needs the name of its header.")
    identity, topic = _place(reader, value, "id", path), _place(reader, value, "topic", path)
    stamp = _stamp(reader, given, where)
    covers = _covers(reader, given, where, has_time=stamp is not None, has_id=bool(identity[0]))
    algorithm = reader.choice(given, "algorithm", ALGORITHMS, where)
    encoding = reader.choice(given, "encoding", ENCODINGS, where)
    key = reader.choice(given, "key", ("text", "base64"), where)
    form = reader.choice(value, "form", ("json", "form"), path)
    prefix = given.get("prefix", "")
    if not isinstance(prefix, str) or not prefix.isascii():
        reader.problem((*where, "prefix"), "'prefix' takes the text before the signature, such as sha256=.")
    if len(reader.problems) > before or header is None:
        return None
    signature = Signature(
        header=header, covers=covers, algorithm=algorithm or "sha256", encoding=encoding or "hex", prefix=prefix,
        key=key or "text", stamp=stamp,
    )  # fmt: skip
    return Scheme(
        name="hmac", about="the secret that both sides know", signatures=(signature,), form=form or "json",
        id_header=identity[0], id_field=identity[1], topic_header=topic[0], topic_field=topic[1],
    )  # fmt: skip


def _covers(reader: DocumentReader, given: dict[str, Any], where: Path_, *, has_time: bool, has_id: bool) -> str:
    covers = given.get("covers", "{time}.{body}" if has_time else "{body}")
    allowed = ", ".join(f"{{{part}}}" for part in PARTS)
    if not isinstance(covers, str) or "{body}" not in covers:
        reader.problem((*where, "covers"), f"'covers' says what is signed; {{body}} must be in it, of {allowed}.")
        return "{body}"
    for part in _PART.findall(covers):
        if part not in PARTS:
            reader.problem((*where, "covers"), f"'{{{part}}}' cannot be signed; allowed: {allowed}.")
    if has_time and "{time}" not in covers:
        # A time that is not signed protects from nothing.
        reader.problem((*where, "covers"), "The time must be signed too: put {time} into 'covers'.")
    if not has_time and "{time}" in covers:
        reader.problem((*where, "covers"), "Say where {time} stands: time: {header: NAME}.")
    if "{id}" in covers and not has_id:
        reader.problem((*where, "covers"), "Say where {id} stands: id: {header: NAME} beside 'signature'.")
    return covers


def _stamp(reader: DocumentReader, given: dict[str, Any], where: Path_) -> Stamp | None:
    if "time" not in given:
        return None
    time, at = given["time"], (*where, "time")
    if not isinstance(time, dict):
        reader.problem(at, "'time' takes the header that says when a delivery was sent: {header: NAME}.")
        return None
    reader.keys(time, TIME_KEYS, at)
    header = _header(reader, time, "header", at)
    unit = reader.choice(time, "unit", UNITS, at)
    if header is None:
        if "header" not in time:
            reader.problem(at, "'time' needs the name of its header.")
        return None
    return Stamp(name=header, unit=unit or "seconds")


def _place(reader: DocumentReader, value: dict[str, Any], key: str, path: Path_) -> tuple[str, str]:
    """Return the header and the field that hold something: one of the two, or neither."""
    if key not in value:
        return "", ""
    given, where = value[key], (*path, key)
    if not isinstance(given, dict) or len(given) != 1:
        reader.problem(where, f"'{key}' takes where it stands: {{header: NAME}} or {{field: NAME}}.")
        return "", ""
    reader.keys(given, PLACE_KEYS, where)
    if "field" in given and (not isinstance(given["field"], str) or not given["field"]):
        reader.problem((*where, "field"), "'field' takes a name in the body; inside others with dots: data.id")
        return "", ""
    return _header(reader, given, "header", where) or "", given.get("field", "")


def _header(reader: DocumentReader, given: dict[str, Any], key: str, path: Path_) -> str | None:
    if key not in given:
        return None
    name = given[key]
    if isinstance(name, str) and _HEADER.fullmatch(name):
        return name
    reader.problem((*path, key), "This is not the name of a header.")
    return None


def _variable(reader: DocumentReader, value: dict[str, Any], key: str, path: Path_) -> str | None:
    """Return the name of the variable that a secret is in; the secret itself never stands in a file."""
    if key not in value:
        return None
    found = _VARIABLE.fullmatch(value[key]) if isinstance(value[key], str) else None
    if found is None:
        # What was written may be the secret: it is not repeated.
        message = f"'{key}' takes the name of an environment variable, ${{NAME}}; the secret itself stands in no file."
        reader.problem((*path, key), message)
        return None
    return found.group(1)
