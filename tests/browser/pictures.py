"""The pictures of the documentation, taken from the running demo in both languages: `make screenshots`."""

from __future__ import annotations

import io
import time
from itertools import pairwise
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, expect

from bot.features.statistics.chart import chart
from bot.i18n.texts import Texts
from tests.browser.demo import DESKTOP, PHONE, ROOT, Language, Scheme, Walk, chromium, running_demo
from tests.telegram.summaries import summary

PICTURES = ROOT / "docs" / "pictures"
TITLES = {
    "en": ("Flat owners, 12 River Street", "Allotment gardens, lot 7", "Garage", "Chess on Sundays", "Lost cats"),
    "ru": ("Собственники, Речная 12", "Дачи у озера, участок 7", "Гараж", "Шахматы по воскресеньям", "Коты"),
}
"""Whose statistics the picture shows."""
WORDS: dict[Language, dict[str, str]] = {
    "en": {"in": "You are in", "lately": "Recent", "happened": "What happened", "well": "All is well"},
    "ru": {"in": "Вы вошли", "lately": "🕘 Последнее", "happened": "Что было", "well": "Всё в порядке"},
}
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
LANGUAGES: tuple[Language, ...] = ("en", "ru")
BETWEEN_FRAMES, FIRST_FRAME, LAST_FRAME = 400, 2500, 6000
"""Milliseconds."""


def take(browser: Browser, url: str, scheme: Scheme, language: Language) -> None:
    """Walk into the group in the chat."""
    phone = Walk(browser, url, PHONE, scheme, "Anna", language)
    phone.add_person({"light": "Vera", "dark": "Nina"}[scheme], language)
    phone.ask_to_join()
    phone.open_bot()
    phone.share_contact()
    phone.expect_number()
    phone.picture(PICTURES / f"number-{scheme}-{language}.png")
    phone.open_dialer()
    phone.dial()
    phone.expect_text(WORDS[language]["in"])
    phone.close()


def take_guard_join(browser: Browser, url: str, scheme: Scheme, language: Language) -> None:
    """Join a guarded chat without leaving it, on a phone and on a computer."""
    phone = Walk(browser, url, PHONE, scheme, "Anna", language)
    phone.add_person({"light": "Leo", "dark": "Eva"}[scheme], language)
    app = phone.join_guarded()
    phone.share_in_app(app)
    phone.page.get_by_test_id("banner").wait_for(state="hidden")
    phone.picture(PICTURES / f"app-number-{scheme}-{language}.png")
    app.locator("#call").click()
    phone.dial()
    # At once: the app closes soon after it has said so.
    phone.page.get_by_test_id("dial-done").click()
    expect(app.locator("#lead")).to_have_text(WORDS[language]["in"])
    phone.picture(PICTURES / f"app-in-{scheme}-{language}.png")
    phone.close()

    desk = Walk(browser, url, DESKTOP, scheme, "Anna", language)
    desk.add_person({"light": "Ada", "dark": "Ida"}[scheme], language)
    desk.page.get_by_test_id("device-desktop").click()
    app = desk.join_guarded()
    desk.share_in_app(app)
    desk.page.get_by_test_id("banner").wait_for(state="visible")
    desk.page.get_by_test_id("banner").wait_for(state="hidden")
    desk.picture(PICTURES / f"app-computer-{scheme}-{language}.png")
    desk.close()


def take_operator(browser: Browser, url: str, scheme: Scheme, language: Language) -> None:
    """What an operator sees of the installation, and of somebody who has just entered."""
    words = WORDS[language]
    phone = Walk(browser, url, PHONE, scheme, "Oscar", language)
    phone.page.locator("[data-testid^=chat-item-]").filter(has_text="Callgate").first.click()
    phone.say("/recent")
    phone.expect_text(words["lately"])
    phone.page.get_by_test_id("inline-button").filter(has_text="1").first.click()
    phone.expect_text(words["happened"])
    phone.picture(PICTURES / f"person-{scheme}-{language}.png")
    phone.say("/health")
    phone.expect_text(words["well"])
    # The chat first scrolls to its newest message by itself.
    phone.page.wait_for_timeout(600)
    message = phone.page.get_by_test_id("message").filter(has_text=words["well"]).last
    message.evaluate("message => message.scrollIntoView({block: 'start'})")
    phone.picture(PICTURES / f"health-{scheme}-{language}.png")
    phone.close()


def record(browser: Browser, url: str, language: Language) -> None:
    """The moving picture: the guide plays the way in, from the request to the member."""
    context = browser.new_context(
        viewport=PHONE,  # type: ignore[arg-type] # Playwright's TypedDict of the same two keys
        locale=language,
        color_scheme="light",
    )
    page = context.new_page()
    page.goto(url)
    text = page.get_by_test_id("guide-text")
    expect(text).to_be_visible()
    page.wait_for_timeout(BETWEEN_FRAMES)
    frames: list[tuple[float, bytes]] = [(time.monotonic() - FIRST_FRAME / 1000, page.screenshot())]
    page.get_by_test_id("guide-play").click()
    playing = page.get_by_test_id("guide-stop")
    expect(playing).to_be_visible()
    while playing.count():
        frames.append((time.monotonic(), page.screenshot()))
        page.wait_for_timeout(BETWEEN_FRAMES)
    frames.append((time.monotonic(), page.screenshot()))
    context.close()
    starts = [start for start, _ in frames]
    lasting = [round((after - start) * 1000) for start, after in pairwise(starts)]
    images = [Image.open(io.BytesIO(data)).convert("RGB") for _, data in frames]
    images[0].save(
        PICTURES / f"walk-{language}.webp",
        save_all=True,
        append_images=images[1:],
        duration=[*lasting, LAST_FRAME],
        loop=0,
        quality=70,
        method=4,
    )


def render_charts(folder: Path) -> None:
    """The picture of /stats, which looks the same in light and dark chats."""
    for language, titles in TITLES.items():
        told = summary("30d", gates={-place: title for place, title in enumerate(titles, 1)})
        (folder / f"stats-{language}.png").write_bytes(chart(told, Texts(language).in_language(language)))


def main() -> None:
    """Take them all, in both languages, light and dark."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    render_charts(PICTURES)
    with chromium() as browser:
        for language in LANGUAGES:
            with running_demo() as url:
                record(browser, url, language)
                for scheme in SCHEMES:
                    take(browser, url, scheme, language)
                    take_guard_join(browser, url, scheme, language)
                    take_operator(browser, url, scheme, language)


if __name__ == "__main__":
    main()
