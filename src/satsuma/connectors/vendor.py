"""What is known of a vendor: how it is asked, what its answers look like, and what becomes of them.

Read from a file by `vendor_reading`; nothing here reads or asks anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from satsuma.catalog import ValueType
from satsuma.connectors.paths import Path
from satsuma.sources.fields import LOAD_KINDS, LoadKind

Method = Literal["GET", "POST"]
PagingKind = Literal["none", "cursor", "link", "offset", "page", "last"]
#: What an answer that is no success means.
Meaning = Literal["limit", "again", "auth", "refused", "rows", "gone"]
Order = Literal["ascending", "descending", "none"]
#: What a record may land as: a kind of load, or figures of a day that are about nobody.
RowKind = LoadKind | Literal["figures"]

METHODS: tuple[Method, ...] = ("GET", "POST")
PAGING_KINDS: tuple[PagingKind, ...] = ("none", "cursor", "link", "offset", "page", "last")
MEANINGS: tuple[Meaning, ...] = ("limit", "again", "auth", "refused", "rows", "gone")
ORDERS: tuple[Order, ...] = ("ascending", "descending", "none")
ROW_KINDS: tuple[str, ...] = (*LOAD_KINDS, "figures")
#: How a value of an answer is written.
CONVERSIONS = ("text", "number", "boolean", "time", "date", "epoch", "epoch_ms", "minor", "first", "json", "own",
               "lower", "digits", "join")  # fmt: skip

OVERLAP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting of a vendor. default : may hold places (`${settings.site}`). several : its value is a list."""

    name: str
    about: str
    default: Any = None
    required: bool = False
    several: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """One secret: what it is, and the environment variable that usually holds it."""

    name: str
    about: str
    variable: str
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked. Texts may hold places; since : what is added when only what changed is asked for."""

    method: Method = "GET"
    path: str = "/"
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    since: Request | None = None
    function: Callable[..., Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """How a request says who asks.

    kind : none, header (a header with a value), basic, or login: a request that gives a token for a time.
    name, value : the header; `${token}` is what a login gave. token, expires, base_url : where a login's answer has
    the token, for how many seconds it holds (`jwt` reads it from the token), and the address to ask from then on.
    """

    kind: Literal["none", "header", "basic", "login"] = "none"
    name: str = "Authorization"
    value: str = ""
    user: str = ""
    password: str = ""
    request: Request | None = None
    url: str | None = None
    token: Path | None = None
    expires: Path | Literal["jwt"] | None = None
    base_url: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most so many requests in so many seconds, for one account."""

    requests: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A test of a value: it equals one of these texts, or it is there (or not)."""

    path: Path
    equals: tuple[str, ...] = ()
    exists: bool | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRule:
    """An answer that means something else than its status says.

    status : only for these; any when empty. when : only if the body says this. code : where the vendor's code for
    the error stands; it is shown if it looks like one.
    """

    means: Meaning
    statuses: tuple[int, ...] = ()
    when: Condition | None = None
    code: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """How the next page is asked for.

    cursor, link, last : where the cursor, the address, or (in the last record) the value to go on from stands.
    more : says whether there is another page. total : how many pages (kind page) or records (offset) there are;
    a header when it begins with `header:`. most : after so many records the request starts anew from the last value.
    repeated : what the same cursor twice means: an error, or the end. resume : the cursor stays good for days.
    until_known : records come newest first; one that an earlier sync brought ends the reading.
    """

    kind: PagingKind = "none"
    size: int = 100
    cursor: Path | None = None
    link: Path | Literal["header"] | None = None
    last: Path | None = None
    more: Path | None = None
    total: Path | str | None = None
    first: int = 1
    most: int | None = None
    repeated: Literal["error", "end"] = "error"
    resume: bool = False
    until_known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """What is asked once more for a record that an answer holds in short.

    name : the key that it gets in the record. when : only for records of which this holds.
    """

    name: str
    request: Request
    records: Path
    when: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Days that are asked for some at a time: `${window.from}` to `${window.to}`, both included."""

    days: int
    start: str
    again: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """Where the value of a field comes from, and how it is written there.

    paths : the first that has a value counts. value : the same for all rows. convert : one of `CONVERSIONS`, or a
    function of the vendor's. words : a value -> what it becomes; `*` stands for all others. needed : a row without it
    is none.
    """

    paths: tuple[Path, ...] = ()
    value: str | None = None
    convert: str | None = None
    function: Callable[..., Any] | None = None
    words: Mapping[str, str | None] | None = None
    currency: Path | None = None
    needed: bool = False
    type: ValueType | None = None
    title: str | None = None
    personal_data: str | None = None
    sensitive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who a row is about: the vendor's own id, an e-mail address, and the stream that tells who has this id.

    becomes : the id that the same person has from now on, in the stream `becomes_of`.
    """

    id: tuple[Path, ...] = ()
    email: tuple[Path, ...] = ()
    of: str | None = None
    anonymous: Path | None = None
    becomes: Path | None = None
    becomes_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsSpec:
    """The rows that a record becomes, of one kind.

    each : a list in the record, or what a function makes of the record; one row for each element, for which `^` is the
    record. rest : an object whose other
    keys become fields too. partial : what a row does not say stays as it is. deleted : the fields of a record that
    was deleted.
    """

    load: RowKind
    fields: Mapping[str, FieldSpec]
    each: Path | None = None
    each_function: Callable[..., Any] | None = None
    when: tuple[Condition, ...] = ()
    person: Person | None = None
    rest: Path | None = None
    partial: bool = True
    deleted: Mapping[str, FieldSpec] | None = None
    timezone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One kind of records of a vendor.

    records : where they stand in an answer, or a function that makes them of it. lines : the answer is JSON lines.
    id, updated : where a record says which it is, and when it was changed last; `updated_as` says how that is written.
    order : by that moment. since : whether only what changed can be asked for. deleted : where a record says that it
    is gone. deletes, erases : the stream whose records are gone, and have to be forgotten.
    each_* : the setting or the stream that says what the stream is read for one by one. details : what is asked once
    more for each record. timezone : of moments that are written without one.
    """

    name: str
    about: str
    request: Request
    paging: Paging
    rows: tuple[RowsSpec, ...] = ()
    records: Path | None = None
    prepare: Callable[..., Any] | None = None
    lines: bool = False
    id: tuple[Path, ...] = ()
    updated: Path | None = None
    updated_as: str = "time"
    order: Order = "none"
    is_incremental: bool = False
    overlap: timedelta = OVERLAP
    deleted: Condition | None = None
    deletes: str | None = None
    erases: str | None = None
    each_setting: str | None = None
    each_stream: str | None = None
    asks: tuple[str, ...] = ()
    details: tuple[Detail, ...] = ()
    window: Window | None = None
    timezone: str | None = None
    is_default: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """One vendor. test : the smallest request that shows that the secrets are right."""

    name: str
    title: str
    about: str
    settings: Mapping[str, Setting]
    secrets: Mapping[str, Secret]
    auth: Auth
    streams: Mapping[str, Stream]
    docs: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    limits: tuple[Limit, ...] = ()
    errors: tuple[ErrorRule, ...] = ()
    retried: tuple[int, ...] = ()
    pause: Callable[..., Any] | None = None
    person: str = "email"
    test: Request | None = None
