"""The pictures of the documentation, taken from the running demo: `make screenshots`."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from bot.features.statistics.chart import chart
from bot.i18n.texts import Texts
from tests.browser.demo import DESKTOP, PHONE, ROOT, Scheme, Walk, chromium, running_demo
from tests.telegram.summaries import summary

PICTURES = ROOT / "docs" / "pictures"
TITLES = {
    "en": ("Flat owners, 12 River Street", "Allotment gardens, lot 7", "Garage", "Chess on Sundays", "Lost cats"),
    "ru": ("Собственники, Речная 12", "Дачи у озера, участок 7", "Гараж", "Шахматы по воскресеньям", "Коты"),
}
"""Whose statistics the picture shows."""


def take(browser: Browser, url: str, folder: Path, scheme: Scheme) -> None:
    """Walk once as a Russian reader on a phone and once as an English one at a desk."""
    phone = Walk(browser, url, PHONE, scheme, "Anna")
    newcomers = {"light": ("Vera", "Wim"), "dark": ("Nina", "Joe")}[scheme]
    phone.add_person(newcomers[0], "ru")
    phone.ask_to_join()
    phone.page.get_by_test_id("banner").wait_for()
    phone.picture(folder / f"request-{scheme}.png")
    phone.open_bot()
    phone.page.get_by_test_id("share-contact").wait_for()
    phone.picture(folder / f"welcome-{scheme}.png")
    phone.share_contact()
    phone.expect_number()
    phone.picture(folder / f"number-{scheme}.png")
    phone.open_dialer()
    phone.picture(folder / f"dialer-{scheme}.png")
    phone.dial()
    phone.expect_text("Вы вошли")
    phone.page.get_by_test_id("dialer").wait_for(state="hidden")
    phone.picture(folder / f"verified-{scheme}.png")
    phone.close()

    desk = Walk(browser, url, DESKTOP, scheme, "Ben")
    desk.add_person(newcomers[1], "en")
    desk.ask_to_join()
    desk.open_bot()
    desk.share_contact()
    desk.expect_number()
    desk.picture(folder / f"demo-{scheme}.png")
    desk.page.locator("[data-testid=inline-button][data-kind=url]").click()
    desk.page.frame_locator("iframe").get_by_role("link").first.wait_for()
    desk.picture(folder / f"call-page-{scheme}.png")
    desk.close()


def take_guard_join(browser: Browser, url: str, folder: Path, scheme: Scheme) -> None:
    """Join a guarded chat without leaving it, on a phone in Russian and on a computer in English."""
    phone = Walk(browser, url, PHONE, scheme, "Anna")
    phone.add_person({"light": "Лев", "dark": "Ева"}[scheme], "ru")
    app = phone.join_guarded()
    app.locator("#share").wait_for()
    phone.picture(folder / f"app-contact-{scheme}.png")
    phone.share_in_app(app)
    phone.page.get_by_test_id("banner").wait_for(state="hidden")
    phone.picture(folder / f"app-number-{scheme}.png")
    app.locator("#call").click()
    phone.dial()
    # At once: the app closes soon after it has said so.
    phone.page.get_by_test_id("dial-done").click()
    expect(app.locator("#lead")).to_have_text("Вы вошли")
    phone.picture(folder / f"app-in-{scheme}.png")
    phone.close()

    desk = Walk(browser, url, DESKTOP, scheme, "Anna")
    desk.add_person({"light": "Ada", "dark": "Ida"}[scheme], "en")
    desk.page.get_by_test_id("device-desktop").click()
    app = desk.join_guarded()
    desk.share_in_app(app)
    desk.page.get_by_test_id("banner").wait_for(state="hidden")
    desk.picture(folder / f"app-computer-{scheme}.png")
    desk.close()


def take_operator(browser: Browser, url: str, folder: Path, scheme: Scheme) -> None:
    """What an operator sees of the installation, and of somebody who has just entered."""
    phone = Walk(browser, url, PHONE, scheme, "Oscar")
    phone.page.locator("[data-testid^=chat-item-]").filter(has_text="Callgate").first.click()
    phone.say("/recent")
    phone.expect_text("Recent")
    phone.page.get_by_test_id("inline-button").filter(has_text="1").first.click()
    phone.expect_text("What happened")
    phone.picture(folder / f"person-{scheme}.png")
    phone.say("/health")
    phone.expect_text("All is well")
    phone.page.get_by_test_id("message").last.evaluate("message => message.scrollIntoView({block: 'start'})")
    phone.picture(folder / f"health-{scheme}.png")
    phone.close()


def render_charts(folder: Path) -> None:
    """The picture of /stats, which looks the same in light and dark chats."""
    for language, titles in TITLES.items():
        told = summary("30d", gates={-place: title for place, title in enumerate(titles, 1)})
        (folder / f"stats-{language}.png").write_bytes(chart(told, Texts(language).in_language(language)))


def main() -> None:
    """Take them all, light and dark."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    render_charts(PICTURES)
    with running_demo() as url, chromium() as browser:
        schemes: tuple[Scheme, ...] = ("light", "dark")
        for scheme in schemes:
            take(browser, url, PICTURES, scheme)
            take_guard_join(browser, url, PICTURES, scheme)
            take_operator(browser, url, PICTURES, scheme)


if __name__ == "__main__":
    main()
