"""The demo's guide: a stranger does only what it says, and gets in; it plays scenes by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.demo import DESKTOP, PHONE, Walk, running_demo

NEXT = "#phone .is-next"
MOST_TAPS = 7


@pytest.fixture(scope="module")
def stage() -> Iterator[str]:
    """A demo whose people speak the language of the first browser that opens it."""
    with running_demo() as url:
        yield url


def opened(walker: Browser, url: str, width: dict[str, int], locale: str) -> Page:
    """The page as somebody sees it who has just opened the address."""
    context = walker.new_context(
        viewport=width,  # type: ignore[arg-type] # Playwright's TypedDict of the same two keys
        locale=locale,
        has_touch=width is PHONE,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url)
    expect(page.get_by_test_id("guide-text")).to_be_visible()
    return page


@pytest.mark.parametrize(
    ("width", "locale", "words"),
    [
        (PHONE, "ru-RU", ("Вы — Anna. Нажмите Подать заявку.", "Готово, Anna в группе", "Callgate пускает: Anna")),
        (DESKTOP, "en-GB", ("You are Anna. Tap Request to join.", "Anna is in", "Callgate let Anna in")),
    ],
    ids=["phone-russian", "desktop-english"],
)
def test_a_stranger_who_follows_only_the_guide_gets_in(
    walker: Browser, width: dict[str, int], locale: str, words: tuple[str, str, str]
) -> None:
    first, last, told = words
    with running_demo() as url:
        page = opened(walker, url, width, locale)
        expect(page.get_by_test_id("trace-entry")).to_have_count(0)
        text = page.get_by_test_id("guide-text")
        expect(text).to_have_text(first)
        taps = 0
        while not text.inner_text().startswith(last):
            marked = page.locator(NEXT)
            expect(marked.or_(text.filter(has_text=last)).first).to_be_visible()
            if marked.count():
                before = text.inner_text()
                marked.click()
                expect(text).not_to_have_text(before)
                taps += 1

        assert taps <= MOST_TAPS
        expect(page.get_by_test_id("story-line").last).to_contain_text(told)
        page.context.close()


def test_the_guide_plays_the_way_in_and_the_scene_of_the_wrong_sim(walker: Browser) -> None:
    with running_demo() as url:
        page = opened(walker, url, DESKTOP, "en-GB")
        page.get_by_test_id("guide-play").click()
        expect(page.get_by_test_id("guide-text")).to_contain_text("Anna is in")

        page.get_by_test_id("scene-wrong").click()
        expect(page.get_by_test_id("message").filter(has_text="another number")).to_be_visible()
        expect(page.locator("[data-testid^=role-][aria-pressed=true]")).not_to_contain_text("Anna")

        page.get_by_test_id("scene-known").click()
        expect(page.get_by_test_id("input")).to_be_visible()
        expect(page.locator("[data-testid^=role-][aria-pressed=true]")).to_contain_text("Clara")
        page.context.close()


def test_telegram_speaks_the_language_chosen_for_a_person(walker: Browser, stage: str) -> None:
    page = opened(walker, stage, DESKTOP, "en-GB")
    button = page.get_by_test_id("join-button")
    expect(button).to_be_visible()
    texts = ["Request to join", "Подать заявку"]
    texts.remove(button.inner_text())
    held = page.locator("li:has([data-testid^=role-][aria-pressed=true])")
    held.locator("[data-testid^=language-]").click()
    expect(button).to_have_text(texts[0])
    page.context.close()


def test_the_mini_app_and_the_call_page_follow_the_clock_of_the_demo(walker: Browser, demo: str) -> None:
    walk = Walk(walker, demo, DESKTOP, "light", "Ben")
    walk.add_person("Zoe", "en")
    app = walk.join_guarded()
    walk.share_in_app(app)
    expect(app.locator("#left")).to_contain_text("14:")
    walk.page.get_by_test_id("clock-jump-300").click()
    expect(app.locator("#left")).to_contain_text("9:")

    walk.page.get_by_test_id("app-close").click()
    walk.page.goto(f"{demo}/#as=")
    walk.choose_person("Zoe")
    walk.page.locator("[data-testid^=chat-item-]").filter(has_text="Callgate").first.click()
    walk.page.locator("[data-testid=inline-button][data-kind=url]").click()
    frame = walk.page.frame_locator("iframe")
    expect(frame.locator("#left")).to_contain_text("9:")
    expect(frame.locator("#call")).to_be_visible()
    walk.page.get_by_test_id("clock-jump-300").click()
    expect(frame.locator("#left")).to_contain_text("4:")
    walk.close()


def test_somebody_may_have_the_phone_of_another_or_an_anonymous_number(walker: Browser, demo: str) -> None:
    walk = Walk(walker, demo, DESKTOP, "light", "Ben")
    held = walk.page.locator("[data-testid^=role-][aria-pressed=true]")
    for phone, shown in (("Same phone as Ben", "+44 7400 123456"), ("Anonymous number: +88 804 561 234", "+88 8")):
        walk.page.get_by_test_id("new-person").click()
        walk.page.get_by_test_id("person-phone").select_option(label=phone)
        walk.page.get_by_test_id("person-name").fill(phone[:9])
        walk.page.get_by_test_id("person-add").click()
        expect(held).to_contain_text(phone[:9])
        expect(walk.page.locator("#stage-caption")).to_contain_text(shown[:4])
    walk.close()


def test_every_control_of_the_page_is_large_enough_for_a_finger(walker: Browser, stage: str) -> None:
    page = opened(walker, stage, PHONE, "ru-RU")
    for width in (390, 760, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.reload()
        expect(page.get_by_test_id("guide-text")).to_be_visible()
        small = page.eval_on_selector_all(
            "button",
            """nodes => nodes.filter(node => node.getClientRects().length
                && (node.getBoundingClientRect().height < 39.5 || node.getBoundingClientRect().width < 39.5))
                .map(node => node.dataset.testid || node.className)""",
        )
        assert not small, (width, small)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()
