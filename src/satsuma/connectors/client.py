"""The one HTTP client: signs in, keeps to limits, waits and tries again, and never repeats what it was told.

An error names the vendor, the status and the vendor's own code for it; addresses, bodies and secrets stay out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from satsuma.connectors import templates
from satsuma.connectors.answers import Reply, Verdict, judge, read_body
from satsuma.connectors.calls import Call
from satsuma.connectors.clocks import Clock, http_date
from satsuma.connectors.credentials import Credentials
from satsuma.connectors.limits import limiter
from satsuma.connectors.vendor import Stream, Vendor
from satsuma.errors import VendorError

if TYPE_CHECKING:
    from ssl import SSLContext

    import httpx2

    from satsuma.connectors.paging import Page

#: A body larger than this is refused: a page of records is far smaller, JSON lines of some days may be large.
MOST_BYTES, MOST_BYTES_OF_LINES = 32 << 20, 512 << 20
#: Seconds that one request waits in all, and how often it is sent at the most.
MOST_WAITING, MOST_TRIES = 300.0, 8
#: Seconds before the second try; doubled with each, up to the longest.
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
#: Seconds that a vendor may ask for at the most: what is more is no number that anybody meant.
MOST_ASKED = 86_400.0
#: Seconds for a connection, and for a vendor that says nothing.
CONNECT_SECONDS, SILENT_SECONDS = 15.0, 120.0


@cache
def _certificates() -> SSLContext:
    """Return whom to believe about who a server is; read once, as reading takes longer than a request."""
    import httpx2

    return httpx2.create_ssl_context()


class Client:
    """Asks one account of one vendor.

    values : what places in requests take (`settings`, `secrets`). steps : called before every wait, and may end it
    by raising. patience : seconds that one request waits in all. server_now : the vendor's clock at its last answer,
    UTC without a zone; None if it does not say.
    """

    def __init__(
        self,
        vendor: Vendor,
        values: Mapping[str, Any],
        *,
        base_url: str,
        clock: Clock | None = None,
        steps: Callable[[], None] = lambda: None,
        transport: httpx2.BaseTransport | None = None,
        patience: float = MOST_WAITING,
    ) -> None:
        self.vendor, self.values, self.clock = vendor, values, clock or Clock()
        self.server_now: datetime | None = None
        self.requests = 0
        self._steps, self._patience = steps, patience
        self._base_url = checked_base(base_url)
        self._credentials = Credentials(vendor.auth, values, self.clock, self._sign_in)
        self._limiter = limiter(vendor.name, f"{self._base_url} {_account(values)}", vendor.limits)
        self._transport = transport
        self._http: httpx2.Client | None = None

    def __enter__(self) -> Client:
        import httpx2

        self._http = httpx2.Client(
            timeout=httpx2.Timeout(min(SILENT_SECONDS, self._patience), connect=CONNECT_SECONDS),
            follow_redirects=False,  # a secret goes where the source says, and nowhere else
            transport=self._transport,
            verify=_certificates(),
            headers={"User-Agent": "satsuma", "Accept": "application/json"},
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self._http is not None:
            self._http.close()

    def pages(self, stream: Stream, values: Mapping[str, Any], *, cursor: Any = None) -> Iterator[Page]:
        """Give the pages of one reading of a stream, as `paging` turns them."""
        from satsuma.connectors.paging import pages

        return pages(self, stream, values, cursor=cursor)

    def prepared(self, streams: Sequence[Stream]) -> tuple[Stream, ...]:
        """Return streams as they are to be read: a vendor's file says all of them."""
        return tuple(streams)

    def ask(self, call: Call, *, lines: bool = False) -> Reply:
        """Send a request until it is answered well, and return the answer.

        Raises
        ------
        VendorError
            When the vendor refuses, or does not answer well in the time that there is.
        """
        headers = {**self._filled(self.vendor.headers), **call.headers}
        return self._ask(replace(call, headers=headers), signed=True, lines=lines)

    # ----------------------------------------------------------------------------------------------------- one request

    def _sign_in(self, call: Call) -> Any:
        return self._ask(call, signed=False, lines=False).body

    def _ask(self, call: Call, *, signed: bool, lines: bool) -> Reply:
        began, renewed = self.clock.ticks(), False
        verdict = Verdict(means=None)
        status: int | None = None
        for attempt in range(MOST_TRIES):
            self._limiter.wait(self.clock, self._sleep)
            self._steps()
            authorised = replace(call, headers={**call.headers, **self._credentials.headers()}) if signed else call
            seconds: float | None = None
            status, headers, body, why = self._send(authorised, signed=signed, lines=lines)
            if status is None:
                verdict = Verdict(means="again", code=why)
            else:
                verdict = judge(status, body, self.vendor.errors, self.vendor.retried)
                if why is not None and verdict.means in (None, "rows"):
                    verdict = Verdict(means="again", code=why)
                self._pause(body, headers)
                if verdict.means in (None, "rows", "gone"):
                    return Reply(status=status, headers=headers, body=body, is_partial=verdict.means == "rows",
                                 is_gone=verdict.means == "gone")  # fmt: skip
                seconds = self._retry_after(headers)
            if verdict.means == "auth" and signed and not renewed:
                renewed = True
                self._credentials.renew()
                continue
            if verdict.means in ("auth", "refused"):
                # A sign-in that is refused is about the secrets, whatever its status.
                verdict = verdict if signed else replace(verdict, means="auth")
                break
            seconds = self._wait(attempt) if seconds is None else seconds
            # A vendor that lets us wait for each answer uses patience up as well as one that says how long.
            if self.clock.ticks() - began + seconds > self._patience or attempt + 1 == MOST_TRIES:
                raise self._error(verdict, status, again=True, retry_after=seconds)
            if verdict.means == "limit":
                self._limiter.hold(self.clock, seconds)
            self._sleep(seconds)
        raise self._error(verdict, status, again=False)

    def _send(self, call: Call, *, signed: bool, lines: bool) -> tuple[int | None, dict[str, str], Any, str | None]:
        """Send once; returns the status (None without an answer), headers, body, and what went wrong in a word."""
        import httpx2

        if self._http is None:  # pragma: no cover - a client is used as a context
            raise AssertionError("The client is not open.")
        url = self._url(call.url, signed=signed)
        self.requests += 1
        most = MOST_BYTES_OF_LINES if lines else MOST_BYTES
        try:
            with self._http.stream(
                call.method, url, params=_params(call.params) or None, json=call.json,
                data=None if call.form is None else {key: str(value) for key, value in call.form.items()},
                headers={key: str(value) for key, value in call.headers.items()},
            ) as answer:  # fmt: skip
                content = bytearray()
                for part in answer.iter_bytes():
                    # A vendor that sends drop by drop must not hold up whoever stops the work.
                    self._steps()
                    content += part
                    if len(content) > most:
                        raise VendorError(
                            f"{self.vendor.title} sent an answer of more than {most >> 20} MB; it was not read.",
                            hint="Ask for fewer records at once, or for shorter windows.", again=False,
                        )  # fmt: skip
                headers = {name.lower(): value for name, value in answer.headers.items()}
                status = answer.status_code
        except httpx2.InvalidURL:
            raise VendorError(
                f"The address of {self.vendor.title} is none.", hint="Check the settings of this source.", again=False
            ) from None
        except (httpx2.HTTPError, httpx2.StreamError, UnicodeError) as error:
            return None, {}, None, type(error).__name__
        self.server_now = http_date(headers.get("date")) or self.server_now
        try:
            return status, headers, read_body(bytes(content), lines=lines and 200 <= status < 300), None
        except ValueError:
            return status, headers, None, "broken_json"

    def _url(self, url: str, *, signed: bool) -> str:
        """Return the whole address of a request; one of another host than the source's is refused."""
        base = self._base_url
        if signed and (given := self._credentials.base_url()) is not None:
            base = checked_base(given)
        if "://" not in url:
            if url.startswith("/"):
                return f"{base}{url}"
            return urljoin(f"{base}/", url) if url else base
        if signed and _origin(url) not in {_origin(base), _origin(self._base_url), *self._own_origins()}:
            raise VendorError(
                f"{self.vendor.title} names a next page at another address than the source's; it was not asked.",
                hint="A secret is sent to the address of the source alone.", again=False,
            )  # fmt: skip
        return checked_base(url, keep=True)

    def resolved(self, call: Call, link: str) -> str:
        """Return the whole address of a link in the answer to a request, as a browser would read it."""
        return urljoin(self._url(call.url, signed=True), link)

    def _own_origins(self) -> set[tuple[str, str | None, int | None]]:
        """Return where the source's own settings point: some vendors have an address for each kind of records."""
        settings = dict(self.values.get("settings", {}))
        filled = (templates.fill(value, self.values) for value in settings.values() if isinstance(value, str))
        return {_origin(value) for value in filled if isinstance(value, str) and "://" in value}

    # ------------------------------------------------------------------------------------------------------- patience

    def _wait(self, attempt: int) -> float:
        """Return how long to wait where nobody says: longer each time, and not in step with others."""
        longest: float = min(FIRST_WAIT * 2**attempt, LONGEST_WAIT)
        return longest * (0.5 + self.clock.chance.random() / 2)

    def _retry_after(self, headers: Mapping[str, str]) -> float | None:
        text = headers.get("retry-after", "").strip()
        if not text:
            return None
        try:
            return min(max(0.0, float(text)), MOST_ASKED)
        except ValueError:
            until = http_date(text)
            if until is None:
                return None
            # Both moments are the vendor's: whose clock is right does not matter.
            seconds = (until - (self.server_now or self.clock.now())).total_seconds()
            return min(max(0.0, seconds), MOST_ASKED)

    def _pause(self, body: Any, headers: Mapping[str, str]) -> None:
        if self.vendor.pause is not None:
            seconds = float(self.vendor.pause(body, headers) or 0)
            if seconds > 0:
                self._limiter.hold(self.clock, min(seconds, LONGEST_WAIT))

    def _sleep(self, seconds: float) -> None:
        """Wait, a second at a time: whoever stops the work need not wait as long."""
        left = seconds
        while left > 0:
            self._steps()
            self.clock.sleep(min(left, 1.0))
            left -= 1.0

    def _filled(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {key: str(value) for key, value in templates.fill(dict(headers), self.values).items()}

    # ---------------------------------------------------------------------------------------------------------- errors

    def _error(
        self, verdict: Verdict, status: int | None, *, again: bool, retry_after: float | None = None
    ) -> VendorError:
        name = self.vendor.title
        code = f" ({verdict.code})" if verdict.code else ""
        facts: dict[str, Any] = {"again": again, "status": status, "vendor_code": verdict.code}
        if again and retry_after is not None:
            facts["retry_after"] = int(retry_after) + 1
        if status is None:
            return VendorError(f"{name} cannot be reached{code}.", **facts,
                               hint="Check the address of the source and the network, and try again.")  # fmt: skip
        if verdict.code == "broken_json":
            return VendorError(f"{name} sends answers that end in the middle, or no JSON (status {status}).",
                               **facts, hint="Check the address; if it is right, try again later.")  # fmt: skip
        if verdict.means == "limit":
            return VendorError(f"{name} takes no more requests for now (status {status}{code}).", **facts,
                               hint="Try again later, or sync less often: the limit is the account's.")  # fmt: skip
        if verdict.means == "again":
            return VendorError(f"{name} does not answer well (status {status}{code}).", **facts,
                               hint="Try again later.")  # fmt: skip
        if verdict.means == "auth" or status in (401, 403):
            what = ", ".join(secret.variable for secret in self.vendor.secrets.values()) or "the secrets"
            return VendorError(f"{name} does not let us in (status {status}{code}).", **facts,
                               hint=f"Check {what}: whether it is right, holds still, and may read this.")  # fmt: skip
        return VendorError(f"{name} refuses the request (status {status}{code}).", **facts,
                           hint="Check the settings of the source: address, version, names of fields.")  # fmt: skip


def checked_base(url: str, *, keep: bool = False) -> str:
    """Return an address that secrets may be sent to, without the slash at its end.

    Raises
    ------
    VendorError
        When it is none, or others on the way could read what is sent.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not host or parts.scheme not in ("http", "https") or parts.username is not None:
        raise VendorError("The address of the source is none.", again=False,
                          hint="Write base_url as https://HOST, with a path if there is one.")  # fmt: skip
    if parts.scheme == "http" and not _is_here(host):
        raise VendorError("The address of the source is http://, where anybody on the way reads the secrets.",
                          again=False, hint="Write https://. Only this computer itself is asked without.")  # fmt: skip
    return url if keep else url.rstrip("/")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _params(params: Mapping[str, Any]) -> list[tuple[str, str | int | float | bool | None]]:
    """Return query parameters as pairs; a list repeats its name."""
    return [
        (key, ("true" if item else "false") if isinstance(item, bool) else str(item))
        for key, value in params.items()
        for item in (value if isinstance(value, list | tuple) else (value,))
        if item is not None
    ]


def _account(values: Mapping[str, Any]) -> str:
    """Return what tells accounts of one address apart: a digest of the secrets, which is kept in memory alone."""
    import hashlib

    secrets = "\x1f".join(str(value) for _, value in sorted(dict(values.get("secrets", {})).items()))
    return hashlib.sha256(secrets.encode()).hexdigest()[:16]
