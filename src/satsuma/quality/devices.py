"""What a user agent says of the device: browser, system, kind of device, and whether a program is behind it.

The rules are those of uap-core, compiled once. A user agent is parsed once and remembered, so that a site with a
thousand visitors a second parses the few hundred user agents that they share.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from ua_parser.core import PartialResult
    from ua_parser.regex import Resolver

DeviceType = Literal["desktop", "mobile", "tablet", "tv", "console", "wearable", "bot", "other"]

#: A longer one is no user agent: nothing is read from it.
MOST_CHARACTERS = 2_000
#: How many are remembered.
REMEMBERED = 20_000

_MOBILE_SYSTEMS = frozenset(
    ("iOS", "Windows Phone", "BlackBerry OS", "Symbian OS", "Symbian^3", "Firefox OS", "KaiOS", "Windows Mobile",
     "Bada", "Maemo", "MeeGo", "webOS")
)  # fmt: skip
_DESKTOP_SYSTEMS = frozenset(
    ("Windows", "Mac OS X", "Mac OS", "Linux", "Ubuntu", "Fedora", "Debian", "Chrome OS", "FreeBSD", "OpenBSD",
     "NetBSD", "Solaris", "SUSE", "Red Hat", "CentOS", "Arch Linux", "Gentoo", "Kubuntu", "Linux Mint", "Mageia")
)  # fmt: skip
#: Words, in small letters, that tell a kind of device; looked for as they are, which is ten times as quick as a rule.
_KINDS: tuple[tuple[DeviceType, tuple[str, ...]], ...] = (
    ("tv", ("smart-tv", "smarttv", "appletv", "apple tv", "googletv", "hbbtv", "android tv", "crkey", "roku", "bravia",
            "netcast", "tvos", "aftb", "aftm", "aftt", "afts")),
    ("console", ("playstation", "xbox", "nintendo")),
    ("wearable", ("watchos", "apple watch", "wear os", "sm-r8", "sm-r9")),
    ("tablet", ("ipad", "tablet", "playbook", "kindle")),
)  # fmt: skip
#: Browsers whose versions are published with three parts; what the rules take for a fourth one is none.
_THREE_PARTS = frozenset(
    ("115 Browser", "AOL Shield Browser", "Atom Browser", "Avira", "Baidu Explorer", "CCleaner", "HeyTap Browser",
     "HiBrowser", "Honor Browser", "Norton", "Odin", "Sber Browser", "VivoBrowser")
)  # fmt: skip
_TABLET = re.compile(r"\b(Nexus (7|9|10)\b|SM-[TX]\d{3}|Silk(?!.*Mobile))")
#: What programs call themselves where the rules do not know them as spiders.
_PROGRAMS = ("crawl", "spider", "slurp", "headless", "phantomjs", "lighthouse", "pingdom", "uptime")
_LIBRARIES = (
    "curl/",
    "wget/",
    "python",
    "java/",
    "go-http",
    "axios",
    "node",
    "ruby",
    "libwww",
    "postman",
    "apache-http",
)


class Device(NamedTuple):
    """What a user agent says; what it does not say is None. (A tuple is made in a fifth of a dataclass's time.)"""

    browser: str | None
    browser_version: str | None
    os: str | None
    os_version: str | None
    device_type: DeviceType
    device_brand: str | None
    device_model: str | None

    @property
    def is_bot(self) -> bool:
        return self.device_type == "bot"

    def as_traits(self) -> dict[str, str]:
        """Return what is known, by the names of traits. A program behind a user agent describes nobody."""
        if self.device_type == "bot":
            return {}
        return {name: value for name, value in zip(TRAITS, self, strict=True) if value is not None}


#: The traits that a device gives, all technographic, with their titles.
TRAITS: Mapping[str, str] = {
    "browser": "Browser",
    "browser_version": "Browser version",
    "os": "Operating system",
    "os_version": "Operating system version",
    "device_type": "Kind of device",
    "device_brand": "Brand of device",
    "device_model": "Model of device",
}


@lru_cache(maxsize=REMEMBERED)
def device_of(user_agent: str) -> Device:
    """Return what a user agent says of the device behind it.

    Examples
    --------
    >>> device_of("Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0").device_type
    'desktop'
    """
    return read_device(user_agent)


def read_devices(user_agents: Iterable[str]) -> dict[str, Device]:
    """Return each distinct user agent with its device."""
    return {text: device_of(text) for text in dict.fromkeys(user_agents)}


def read_device(user_agent: str) -> Device:
    """Parse a user agent, without looking whether it is known."""
    text = user_agent[:MOST_CHARACTERS] if len(user_agent) > MOST_CHARACTERS else user_agent
    rules = _rules()
    browser, system, device = rules.ua.extract(text), rules.os.extract(text), rules.de.extract(text)
    family = system.family if system is not None else None
    brand = model = None
    is_spider = device is not None and device.family == "Spider"
    if device is not None and not is_spider and device.brand and not device.brand.startswith("Generic"):
        brand, model = device.brand, device.model
    small = text.lower()
    return Device(
        browser.family if browser is not None else None,
        browser.major if browser is not None else None,
        family,
        system.major if system is not None else None,
        "bot" if is_spider or _is_program(small) else _type(text, small, family),
        brand,
        model,
    )


def parse(user_agent: str) -> PartialResult:
    """Return all that the rules say of browser, system and device."""
    from ua_parser import Domain

    found = _rules()(user_agent, Domain.ALL)
    browser = found.user_agent
    if browser is not None and browser.family in _THREE_PARTS:
        found = replace(found, user_agent=replace(browser, patch_minor=None))
    return found


@cache
def _rules() -> Resolver:
    from ua_parser import load_lazy_builtins
    from ua_parser.regex import Resolver

    return Resolver(load_lazy_builtins())


def _is_program(small: str) -> bool:
    # A maker of telephones is called Cubot.
    is_bot = "bot" in small and "cubot" not in small
    if is_bot or small.startswith(_LIBRARIES):
        return True
    for word in _PROGRAMS:  # noqa: SIM110  a generator takes three times as long, twenty thousand times a second
        if word in small:
            return True
    return False


def _type(text: str, small: str, system: str | None) -> DeviceType:
    for kind, words in _KINDS:
        for word in words:
            if word in small:
                return kind
    if system == "Android":
        # Google asks browsers to say Mobile on telephones and to leave it out on tablets.
        if _TABLET.search(text):
            return "tablet"
        return "mobile" if any(word in small for word in ("mobile", "opera m", "dalvik", "okhttp")) else "tablet"
    if system in _MOBILE_SYSTEMS:
        return "mobile"
    if system in _DESKTOP_SYSTEMS:
        return "desktop"
    return "mobile" if any(word in small for word in ("mobile", "midp", "opera mini")) else "other"
