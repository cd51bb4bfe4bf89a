"""The part of the composition root for the HTTP server: the call screen, the Mini App, and what others call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from bot.crypto import derived_key
from bot.features.verification.call_buttons import PressCallButton
from bot.features.webhooks.events import RelayReport
from bot.telegram.init_data import InitDataVerifier
from bot.web.call_page import CallView, StaticFiles
from bot.web.console import ConsolePage
from bot.web.rate_limit import TRUSTED
from bot.web.sessions import Sessions
from bot.web.streams import Streams
from bot.wiring.base import Base
from bot.wiring.rules import Rules
from handlers.call_page import CallFiles, CallPages
from handlers.console import ConsolePages
from handlers.gateway import CallbackHandler
from handlers.http import Handler
from handlers.http_routes import build_http
from handlers.mini_app import AppPages
from handlers.monitoring import Probes


@dataclass(frozen=True, slots=True)
class CallScreens:
    """The parts that show call screens, in a browser and in the Mini App."""

    files: StaticFiles
    view: CallView
    streams: Streams


def build_call_screens(base: Base) -> CallScreens:
    """Build them; the streams then wake with the loops that send."""
    files = StaticFiles(base.settings.public_path)
    view = CallView(base.clock, base.texts, base.plan, files)
    streams = Streams(base.clock, base.database, view.event)
    base.metrics.watch_streams(streams.__len__)
    base.alarm.deliveries.append(streams.wake.set)
    return CallScreens(files, view, streams)


def build_mini_app(base: Base, call_screens: CallScreens, telegram_script: str, chat: Callable[[], str]) -> AppPages:
    """Build the Mini App's pages. `telegram_script` and `chat`: see `AppPages`."""
    settings, clock = base.settings, base.clock
    return AppPages(
        clock,
        base.database,
        base.texts,
        InitDataVerifier(settings.BOT_TOKEN.get_secret_value(), clock, base.texts),
        _sessions(base),
        call_screens.view,
        telegram_script,
        chat,
        base.alarm.wake_deliveries,
    )


def build_console(base: Base, rules: Rules, call_screens: CallScreens, telegram_script: str) -> ConsolePages:
    """Build the admin console's pages, which continue a session of the Mini App."""
    draw = ConsolePage(call_screens.files, telegram_script)
    return ConsolePages(
        base.clock,
        base.database,
        base.texts,
        _sessions(base),
        rules.desk,
        draw,
        telegram_script,
        base.alarm.wake_deliveries,
    )


def _sessions(base: Base) -> Sessions:
    return Sessions(derived_key(base.settings.SECRET_KEY.get_secret_value(), "mini app session"), base.clock)


def build_web(
    base: Base,
    rules: Rules,
    call_screens: CallScreens,
    mini_app: AppPages,
    console: ConsolePages,
    probes: Probes,
    metrics: Handler,
    telegram: Handler | None,
) -> web.Application:
    """Build the one HTTP server. `telegram` takes the webhook's updates; None if the bot polls."""
    return build_http(
        callback_path=base.gateway.settings.callback.path,
        callback=_callback(base, rules).handle,
        telegram=telegram,
        call=_call_pages(base, rules, call_screens),
        mini_app=mini_app,
        console=console,
        call_file=CallFiles(call_screens.files).handle,
        health=probes.live,
        ready=probes.ready,
        metrics=metrics,
        proxies=base.settings.TRUSTED_PROXIES or TRUSTED,
    )


def _callback(base: Base, rules: Rules) -> CallbackHandler:
    relay: RelayReport | None = None
    if base.gateway.settings.relay_url:
        relay = RelayReport(base.phone_cipher, base.token_generator)
    return CallbackHandler(
        base.gateway, base.database, rules.take_event, base.metrics, base.alarm.wake_deliveries, relay
    )


def _call_pages(base: Base, rules: Rules, call_screens: CallScreens) -> CallPages:
    return CallPages(
        base.clock,
        base.database,
        base.texts,
        call_screens.view,
        call_screens.streams,
        PressCallButton(rules.retry_verification),
        base.alarm.wake_deliveries,
    )
