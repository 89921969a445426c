"""Vendor files, whole: from YAML, with every mistake named by line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from satsuma.connectors import templates
from satsuma.connectors.reading_streams import StreamReader
from satsuma.connectors.reading_values import Where, texts_of
from satsuma.connectors.vendor import MEANINGS, Auth, ErrorRule, Limit, Secret, Setting, Vendor
from satsuma.errors import nearest

VENDOR_KEYS = ("vendor", "title", "about", "docs", "settings", "secrets", "auth", "headers", "limits", "errors",
               "retry", "pause", "person", "test", "streams")  # fmt: skip
_CONDITION_KEYS = ("path", "equals", "not", "exists")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,100}")


class VendorReader(StreamReader):
    """Reads a vendor file, or the parts of one that a source file carries itself."""

    # ------------------------------------------------------------------------------------------------------ the whole

    def vendor(self) -> Vendor | None:
        """Read a whole vendor file."""
        top = self.mapping(self.document.value, ())
        if top is None:
            return None
        self.keys(top, VENDOR_KEYS, ())
        name = self.text(top, "vendor", (), needed=True) or ""
        self.functions = _functions(name)
        return self.made(name, top)

    def made(self, name: str, top: dict[str, Any]) -> Vendor | None:
        """Make a vendor of the parts of a file."""
        settings = self.settings(top.get("settings"), ("settings",))
        vendor = Vendor(
            name=name,
            title=self.text(top, "title", ()) or name,
            about=self.text(top, "about", ()) or "",
            docs=self.text(top, "docs", ()),
            settings=settings,
            secrets=self.secrets(top.get("secrets"), ("secrets",)),
            auth=self.auth(top.get("auth"), ("auth",)),
            headers=self.texts(top.get("headers"), ("headers",)),
            limits=self.limits(top.get("limits"), ("limits",)),
            errors=self.errors(top.get("errors"), ("errors",)),
            retried=tuple(self.numbers(top.get("retry"), ("retry",))),
            pause=self.function(top.get("pause"), ("pause",)),
            person=self.text(top, "person", ()) or "email",
            test=self.request(top["test"], ("test",)) if top.get("test") is not None else None,
            streams=self.streams(top.get("streams"), ("streams",)),
        )
        if "base_url" not in settings:
            self.problem(("settings",), "A setting 'base_url' is needed: the address that is asked.")
        if not vendor.streams:
            self.problem(("streams",), "At least one stream is needed.")
        self.check_names(vendor)
        return vendor

    def check_names(self, vendor: Vendor) -> None:
        """Report streams and settings that are named and not there."""
        for stream in vendor.streams.values():
            at: Where = ("streams", stream.name)
            named = [stream.deletes, stream.erases, stream.each_stream]
            named += [rows.person.of for rows in stream.rows if rows.person is not None]
            named += [rows.person.becomes_of for rows in stream.rows if rows.person is not None]
            for other in named:
                if other is not None and other not in vendor.streams:
                    self.problem(at, f"There is no stream '{other}'.", nearest(other, vendor.streams))
            if stream.each_setting is not None and stream.each_setting not in vendor.settings:
                self.problem((*at, "each"), f"There is no setting '{stream.each_setting}'.")
        for at, text in texts_of(self.document.value, ()):
            for place, _ in templates.places(text):
                first, _, name = place.partition(".")
                known: Mapping[str, Any] | None = {"settings": vendor.settings, "secrets": vendor.secrets}.get(first)
                if known is not None and name not in known:
                    self.problem(at, f"'{name}' is not among the {first}.", nearest(name, known))
        if vendor.auth.kind == "login":
            return
        for at, text in texts_of(self.document.value, ()):
            if any(place == "token" for place, _ in templates.places(text)):
                self.problem(at, "'token' is what a login gives; the auth is none.")

    def settings(self, given: Any, at: Where) -> dict[str, Setting]:
        found = {}
        for name, entry in (self.mapping(given, at) or {}).items():
            here = (*at, name)
            if _NAME.fullmatch(name) is None:
                self.problem(here, "A setting's name is small letters, digits and _.")
            if not isinstance(entry, dict):
                entry = {"default": entry}
            self.keys(entry, ("about", "default", "required", "several"), here)
            default = entry.get("default")
            self.places(default, (*here, "default"))
            found[name] = Setting(
                name=name, about=self.text(entry, "about", here) or "", default=default,
                required=self.flag(entry, "required", here), several=self.flag(entry, "several", here),
            )  # fmt: skip
        return found

    def secrets(self, given: Any, at: Where) -> dict[str, Secret]:
        found = {}
        for name, entry in (self.mapping(given, at) or {}).items():
            here = (*at, name)
            entry = self.mapping(entry, here)
            if entry is None:
                continue
            self.keys(entry, ("about", "variable", "required"), here)
            variable = self.text(entry, "variable", here, needed=True) or ""
            if variable and _VARIABLE.fullmatch(variable) is None:
                self.problem((*here, "variable"), "An environment variable is written in capitals, digits and _.")
            required = self.flag(entry, "required", here) if "required" in entry else True
            found[name] = Secret(
                name=name, about=self.text(entry, "about", here) or "", variable=variable, required=required
            )
        return found

    def auth(self, given: Any, at: Where) -> Auth:
        if given is None:
            return Auth()
        entry = self.mapping(given, at)
        if entry is None:
            return Auth()
        self.keys(entry, ("kind", "name", "value", "token", "user", "password", "request", "url", "expires",
                          "base_url"), at)  # fmt: skip
        kind = self.choice(entry, "kind", ("none", "bearer", "header", "basic", "login"), at)
        if kind is None:
            self.problem((*at, "kind"), "'kind' is needed: none, bearer, header, basic or login.")
            return Auth()
        for key in ("value", "user", "password", "url"):
            self.places(entry.get(key), (*at, key))
        name = self.text(entry, "name", at) or "Authorization"
        if kind == "bearer":
            return Auth(kind="header", name=name, value=f"Bearer {self.text(entry, 'token', at, needed=True)}")
        if kind == "header":
            return Auth(kind="header", name=name, value=self.text(entry, "value", at, needed=True) or "")
        if kind == "basic":
            user, password = (self.text(entry, key, at) or "" for key in ("user", "password"))
            return Auth(kind="basic", user=user, password=password)
        if kind == "none":
            return Auth()
        expires = entry.get("expires")
        return Auth(
            kind="login",
            name=name,
            value=self.text(entry, "value", at) or "Bearer ${token}",
            request=self.request(entry.get("request") or {}, (*at, "request")),
            url=self.text(entry, "url", at),
            token=self.path(entry.get("token", "access_token"), (*at, "token")),
            expires="jwt" if expires == "jwt" else self.path_or_none(expires, (*at, "expires")),
            base_url=self.path_or_none(entry.get("base_url"), (*at, "base_url")),
        )

    def limits(self, given: Any, at: Where) -> tuple[Limit, ...]:
        found = []
        for number, entry in enumerate(self.items(given, at)):
            here = (*at, number)
            entry = self.mapping(entry, here)
            if entry is None:
                continue
            self.keys(entry, ("requests", "seconds"), here)
            requests, seconds = self.number(entry, "requests", here, 1), self.number(entry, "seconds", here, 0)
            if requests is not None and seconds is not None:
                found.append(Limit(requests=int(requests), seconds=float(seconds)))
        return tuple(found)

    def errors(self, given: Any, at: Where) -> tuple[ErrorRule, ...]:
        found = []
        for number, entry in enumerate(self.items(given, at)):
            here = (*at, number)
            entry = self.mapping(entry, here)
            if entry is None:
                continue
            self.keys(entry, ("status", "means", "code", *_CONDITION_KEYS), here)
            means = self.choice(entry, "means", MEANINGS, here)
            if means is None:
                self.problem(here, f"'means' is needed: {', '.join(MEANINGS)}.")
                continue
            status = entry.get("status")
            when = self.condition(entry, here) if "path" in entry else None
            if status is None and when is None:
                self.problem(here, "A rule needs a 'status', or a 'path' with what stands there.")
            statuses = self.numbers(status if isinstance(status, list) or status is None else [status], here)
            code = self.path_or_none(entry.get("code"), (*here, "code"))
            found.append(ErrorRule(means=means, statuses=tuple(statuses), when=when, code=code))
        return tuple(found)


def _functions(vendor: str) -> Any:
    """Return the module beside a vendor's file, if there is one."""
    name = f"satsuma.connectors.vendors.{vendor}"
    if re.fullmatch(r"[a-z][a-z0-9_]*", vendor) is None or find_spec(name) is None:
        return None
    return import_module(name)
