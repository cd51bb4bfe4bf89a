"""`make demo`, walked through in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.demo import DESKTOP, PHONE, Scheme, Walk


@pytest.mark.parametrize(
    ("name", "width", "scheme", "language"),
    [("Vera", PHONE, "light", "ru"), ("Wim", DESKTOP, "dark", "en")],
    ids=["phone", "desktop"],
)
def test_from_the_request_to_join_to_a_member_of_the_group(
    walker: Browser, demo: str, name: str, width: dict[str, int], scheme: Scheme, language: str
) -> None:
    words = {"en": ("Call this number", "You are in"), "ru": ("Позвоните на этот номер", "Вы вошли")}[language]
    walk = Walk(walker, demo, width, scheme, "Anna")
    problems: list[str] = []
    walk.page.on("pageerror", lambda error: problems.append(str(error)))
    walk.add_person(name, language)
    walk.ask_to_join()
    walk.open_bot()
    walk.share_contact()
    walk.expect_number()
    walk.expect_text(words[0])
    walk.open_dialer()
    walk.dial()
    walk.expect_text(words[1])
    expect(walk.page.get_by_test_id("message")).to_have_count(1)
    walk.press("12 River Street")
    expect(walk.page.get_by_test_id("input")).to_be_visible()
    assert problems == []
    walk.close()


def test_the_call_page_opens_from_the_chat_dials_and_leads_into_the_group(walker: Browser, demo: str) -> None:
    walk = Walk(walker, demo, DESKTOP, "light", "Anna")
    walk.add_person("Xenia", "en")
    walk.ask_to_join()
    walk.open_bot()
    walk.share_contact()
    walk.expect_number()
    walk.page.locator("[data-testid=inline-button][data-kind=url]").click()
    link = walk.page.frame_locator("iframe").get_by_role("link", name="Call", exact=False).first
    expect(link).to_have_attribute("href", expected := _tel(walk))
    assert expected.startswith("tel:+")

    walk.page.get_by_test_id("browser-dial").click()
    walk.dial()
    expect(walk.page.frame_locator("iframe").locator("#lead")).to_have_text("You are in", timeout=15_000)
    walk.page.get_by_test_id("browser-close").click()
    walk.press("12 River Street")
    expect(walk.page.get_by_test_id("input")).to_be_visible()
    walk.close()


def test_there_is_a_group_for_each_way_in_and_a_place_to_report_to_that_newcomers_do_not_find(
    walker: Browser, demo: str
) -> None:
    walk = Walk(walker, demo, DESKTOP, "light", "Anna")
    chats = walk.page.get_by_test_id("chat-list")
    expect(chats.get_by_text("12 River Street")).to_be_visible()
    expect(chats.get_by_text("Allotment gardens")).to_be_visible()
    expect(chats.get_by_text("Callgate log")).to_have_count(0)
    walk.open_group("Chess club")
    expect(walk.page.get_by_test_id("join-button")).to_have_text("Join group")

    walk.choose_person("Olga")
    expect(chats.get_by_text("Callgate log")).to_be_visible()
    walk.open_group("Chess club")
    walk.page.get_by_test_id("chat-info").click()
    for right in ("Invite users", "Restrict and remove members", "Manage tags", "Delete messages"):
        expect(walk.page.get_by_role("switch", name=right)).to_be_checked()
    walk.close()


def _tel(walk: Walk) -> str:
    return "tel:" + walk.page.get_by_test_id("phone-number").inner_text().strip()
