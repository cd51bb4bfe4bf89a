"""Joining a guarded chat in `make demo`, walked through in a real browser: from the tap to a member in the Mini App."""

from __future__ import annotations

import re

import pytest
import zxingcpp
from playwright.sync_api import Browser, expect

from tests.browser.demo import DESKTOP, PHONE, Scheme, Walk
from tests.browser.test_call_screen import PIXELS

CONTACT = {"en": "Share my phone number", "ru": "Поделиться моим номером"}
IN = {"en": "You are in", "ru": "Вы вошли"}


def expect_member(walk: Walk) -> None:
    expect(walk.page.get_by_test_id("app")).to_be_hidden()
    expect(walk.page.get_by_test_id("input")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "width", "scheme", "language"),
    [("Lev", PHONE, "light", "ru"), ("Ada", DESKTOP, "dark", "en")],
    ids=["phone", "desktop"],
)
def test_from_the_tap_to_a_member_without_leaving_the_mini_app(
    walker: Browser, demo: str, name: str, width: dict[str, int], scheme: Scheme, language: str
) -> None:
    walk = Walk(walker, demo, width, scheme, "Anna")
    walk.add_person(name, language)

    app = walk.join_guarded()
    expect(app.locator("#share")).to_have_text(re.compile(CONTACT[language]))
    walk.share_in_app(app)
    app.locator("#call").click()
    walk.dial()

    expect(app.locator("#lead")).to_contain_text(IN[language])
    expect_member(walk)
    walk.close()


def test_closed_and_reopened_it_goes_on_where_it_was(walker: Browser, demo: str) -> None:
    walk = Walk(walker, demo, PHONE, "light", "Anna")
    walk.add_person("Hal", "en")
    app = walk.join_guarded()
    walk.share_in_app(app)

    walk.page.get_by_test_id("app-close").click()
    walk.open_bot()
    walk.expect_text("Call this number")
    walk.page.get_by_test_id("input").fill("/help")
    walk.page.get_by_test_id("send").click()
    walk.press("call screen")

    app = walk.app()
    expect(app.locator("#screen")).to_have_attribute("data-state", "waiting")
    app.locator("#call").click()
    walk.dial()
    expect(app.locator("#lead")).to_contain_text("You are in")
    walk.close()


def test_a_computer_shows_a_code_that_a_phone_dials(walker: Browser, demo: str) -> None:
    walk = Walk(walker, demo, DESKTOP, "light", "Anna")
    walk.add_person("Ida", "en")
    walk.page.get_by_test_id("device-desktop").click()
    app = walk.join_guarded()
    walk.share_in_app(app)

    expect(app.locator("#qr")).to_be_visible()
    pixels = walk.page.evaluate(PIXELS, list(app.locator("#qr").screenshot()))
    grey = memoryview(bytes(pixels["grey"])).cast("B", (pixels["height"], pixels["width"]))
    (read,) = zxingcpp.read_barcodes(grey)
    digits = "".join(re.findall(r"\d", app.locator("#number").inner_text()))
    assert read.text == f"tel:+{digits}"

    walk.page.get_by_test_id("pick-up-phone").click()
    assert re.sub(r"\D", "", walk.page.get_by_test_id("dial-shown").inner_text()) == digits
    walk.dial()
    expect(app.locator("#lead")).to_contain_text("You are in")
    walk.close()
