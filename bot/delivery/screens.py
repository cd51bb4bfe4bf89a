"""Renders each state as text and buttons."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from bot.domain.admin_actions import (
    GateCard,
    GateList,
    ImportPage,
    LinkTestPage,
    NoAdmin,
    PresetsPage,
    SettingPage,
    SettingsPage,
)
from bot.domain.operator_pages import Confirmation, Found, GatesToActAt, NoResults, PersonCard, Recent
from bot.domain.operators import (
    AddingOperator,
    AllGates,
    AnnouncementAsked,
    AnnouncementDropped,
    AnnouncementPreview,
    AnnouncementProgress,
    GateForOperators,
    OperatorList,
    RemovingOperator,
)
from bot.domain.people import DeletionScreen
from bot.domain.people_pages import DeclineChoice, GateChoice, MemberCard, PendingList, UnknownTarget
from bot.domain.screens import (
    Asking,
    DeadlinePassed,
    Decided,
    Ended,
    Help,
    Limited,
    NumberShown,
    Privacy,
    Refused,
    Verified,
    View,
    Welcome,
)
from bot.features.access.screens import render_decided
from bot.features.moderation.screens import (
    render_decline_choice,
    render_gate_choice,
    render_member,
    render_pending_list,
    render_unknown_target,
)
from bot.features.panel.screens import (
    render_card,
    render_gate_list,
    render_no_admin,
    render_presets,
    render_settings,
)
from bot.features.privacy.screens import render_deletion, render_privacy
from bot.features.settings.screens import render_import, render_link_test
from bot.features.settings.words import render_page
from bot.features.support.installation import (
    render_adding_operator,
    render_all_gates,
    render_announcement_asked,
    render_announcement_dropped,
    render_announcement_preview,
    render_announcement_progress,
    render_gate,
    render_operators,
    render_removing_operator,
)
from bot.features.support.screens import (
    render_confirmation,
    render_found,
    render_gates_to_act_at,
    render_no_results,
    render_person,
    render_recent,
)
from bot.features.verification.screens import (
    render_asking,
    render_deadline,
    render_ended,
    render_help,
    render_limited,
    render_number,
    render_refused,
    render_verified,
    render_welcome,
)
from bot.i18n.texts import Words
from bot.telegram.rendered import RenderedMessage

V = TypeVar("V", bound=View)
Screens = dict[type, Callable[[Any, Words, datetime], RenderedMessage]]
"""The renderer of each kind of view."""
Row = tuple[type, Callable[[Any, Words, datetime], RenderedMessage]]


def timed(view: type[V], render: Callable[[V, Words, datetime], RenderedMessage]) -> Row:
    """A row of the table; `render` needs the time."""
    return view, render


def screen(view: type[V], render: Callable[[V, Words], RenderedMessage]) -> Row:
    """A row of the table."""
    return view, lambda shown, words, _: render(shown, words)


class ScreenRenderer:
    """Renders views. `public_url`: where the call screen lives. `app_url`: the Mini App. None where there is none."""

    def __init__(
        self,
        public_url: str | None,
        app_url: str | None = None,
        *,
        rich: bool = False,
        takes_link: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """`takes_link`: whether Telegram accepts buttons that lead there, as far as is known."""
        self._public_url = public_url
        self._app_url = app_url
        self._takes_link = takes_link
        self.is_rich = rich
        """Whether to render numbers for rich messages too; switched off once Telegram rejects those."""
        self.chat_url = ""
        """The private chat with the bot, once Telegram has given the bot's username."""
        self._screens: Screens = SCREENS | dict(
            (
                timed(NumberShown, self._render_number),
                screen(Help, lambda view, words: render_help(view, words, self._app_url, self.chat_url)),
                screen(GateList, lambda view, words: render_gate_list(view, words, self._app_url, self.chat_url)),
                screen(GateCard, lambda view, words: render_card(view, words, self.chat_url)),
                screen(SettingPage, lambda view, words: render_page(view, words, self.chat_url)),
            )
        )

    def draw(self, view: View, words: Words, now: datetime) -> RenderedMessage:
        """Return the view in these words."""
        return self._screens[type(view)](view, words, now)

    def _render_number(self, view: NumberShown, words: Words, now: datetime) -> RenderedMessage:
        public_url = self._public_url
        if public_url is not None and not self._takes_link(public_url):
            public_url = None
        return render_number(view, words, now, public_url=public_url, is_rich=self.is_rich)


SCREENS: Screens = dict(
    (
        # What a person sees.
        screen(Welcome, render_welcome),
        screen(Asking, render_asking),
        screen(Verified, render_verified),
        screen(Ended, render_ended),
        screen(Refused, render_refused),
        timed(Limited, render_limited),
        screen(DeadlinePassed, render_deadline),
        screen(Decided, render_decided),
        screen(Privacy, render_privacy),
        screen(DeletionScreen, render_deletion),
        # Panel.
        screen(LinkTestPage, render_link_test),
        screen(SettingsPage, render_settings),
        screen(PresetsPage, render_presets),
        screen(ImportPage, render_import),
        screen(NoAdmin, render_no_admin),
        timed(PendingList, render_pending_list),
        screen(DeclineChoice, render_decline_choice),
        timed(MemberCard, render_member),
        screen(UnknownTarget, render_unknown_target),
        screen(GateChoice, render_gate_choice),
        # Operators: people.
        timed(Recent, render_recent),
        timed(Found, render_found),
        screen(NoResults, render_no_results),
        timed(PersonCard, render_person),
        screen(GatesToActAt, render_gates_to_act_at),
        screen(Confirmation, render_confirmation),
        # Operators: the installation.
        timed(OperatorList, render_operators),
        screen(AddingOperator, render_adding_operator),
        screen(RemovingOperator, render_removing_operator),
        timed(AllGates, render_all_gates),
        timed(GateForOperators, render_gate),
        screen(AnnouncementAsked, render_announcement_asked),
        screen(AnnouncementPreview, render_announcement_preview),
        screen(AnnouncementProgress, render_announcement_progress),
        screen(AnnouncementDropped, render_announcement_dropped),
    )
)
"""The screens that need nothing of this installation; a renderer adds the others."""
