"""What is said of a device, and of what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collecting_world import IPHONE
from satsuma.quality.devices import TRAITS, device_of, read_device, read_devices

ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0"


IPAD = "Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) Version/17.0 Mobile/1 Safari/604.1"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
CHROMEBOOK = "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("text", "kind", "os", "browser"),
    [
        (IPHONE, "mobile", "iOS", "Mobile Safari"),
        (f"{ANDROID} Mobile Safari/537.36", "mobile", "Android", "Chrome Mobile"),
        (f"{ANDROID} Safari/537.36", "tablet", "Android", "Chrome"),
        (IPAD, "tablet", "iOS", "Mobile Safari"),
        (WINDOWS, "desktop", "Windows", "Firefox"),
        (CHROMEBOOK, "desktop", "Chrome OS", "Chrome"),
        ("Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 SamsungBrowser/2.2", "tv", "Tizen", None),
        ("Mozilla/5.0 (PlayStation 5 3.03) AppleWebKit/605.1.15", "console", None, None),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "bot", None, "Googlebot"),
        ("curl/8.5.0", "bot", None, None),
        ("python-requests/2.31", "bot", None, None),
        ("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/130.0.0.0 Safari/537.36", "bot", "Linux", None),
        (f"{ANDROID.replace('Pixel 8', 'CUBOT X30')} Mobile Safari/537.36", "mobile", "Android", None),
        ("", "other", None, None),
        ("what ever", "other", None, None),
    ],
)  # fmt: skip
def test_kinds_of_devices(text: str, kind: str, os: str | None, browser: str | None) -> None:
    device = device_of(text)
    assert device.device_type == kind
    if os is not None:
        assert device.os == os
    if browser is not None:
        assert device.browser == browser


def test_a_program_describes_nobody() -> None:
    assert device_of("curl/8.5.0").as_traits() == {}
    assert device_of(IPHONE).as_traits() == {
        "browser": "Mobile Safari", "browser_version": "17", "os": "iOS", "os_version": "17", "device_type": "mobile",
        "device_brand": "Apple", "device_model": "iPhone",
    }  # fmt: skip


@given(st.text(max_size=300) | st.just("x" * 100_000))
def test_any_text_is_read(text: str) -> None:
    device = read_device(text)
    assert device.as_traits().keys() <= TRAITS.keys()
    assert read_devices([text, text]) == {text: device}
