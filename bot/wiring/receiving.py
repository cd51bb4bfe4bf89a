"""The part of the composition root for what Telegram brings: the dispatcher and the processor of updates."""

from __future__ import annotations

from aiogram import Bot, Dispatcher
from aiogram.types import Update

from bot.features.admins.navigation import CallPanel, OnPanelText
from bot.features.gates.lifecycle import FollowRights
from bot.features.joining.requests import OnJoinRequest
from bot.features.moderation.commands import CommandInGroup, CommandInPrivate, FollowLink
from bot.features.monitoring.actions import AskCondition
from bot.features.panel.actions import ChooseLogPlace
from bot.features.privacy.erase import ConfirmDeletion, ErasePerson
from bot.features.statistics.actions import AskStatistics
from bot.features.support.actions import OperatorDesk
from bot.features.support.operators import AppointOperators
from bot.features.support.search import FindPeople
from bot.features.verification.attempt import ShareContact
from bot.i18n.texts import LANGUAGES
from bot.telegram.keyboards import appeal_text
from bot.wiring.base import Base
from bot.wiring.rules import Rules
from handlers.middlewares import LoadPerson
from handlers.routes import build_dispatcher
from handlers.updates import UpdateProcessor
from storage.store import Store


def build_update_dispatcher(base: Base, rules: Rules) -> Dispatcher:
    """Build the dispatcher, with all that its handlers take."""
    texts, phone_cipher, operators = base.texts, base.phone_cipher, base.operators
    desk, ask_deletion, call_panel = rules.desk, rules.ask_deletion, CallPanel(rules.desk)
    return build_dispatcher(
        LoadPerson(texts, phone_cipher),
        {appeal_text(texts.in_language(language)) for language in LANGUAGES},
        # People.
        take_contact=ShareContact(base.plan, rules.start_verification),
        ask_number_again=rules.retry_verification,
        ask_deletion=ask_deletion,
        confirm_deletion=ConfirmDeletion(ErasePerson(operators), operators),
        # Chats.
        take_join_request=OnJoinRequest(has_app=base.settings.app_url is not None),
        follow_rights=FollowRights(base.notify_operators),
        # Admins.
        admin_desk=desk,
        command_in_group=CommandInGroup(desk, phone_cipher),
        command_in_private=CommandInPrivate(desk, phone_cipher),
        follow_link=FollowLink(desk),
        take_words=OnPanelText(desk),
        call_panel=call_panel,
        choose_log_place=ChooseLogPlace(desk, call_panel),
        ask_statistics=AskStatistics(desk),
        # Operators.
        operators=operators,
        operator_desk=OperatorDesk(FindPeople(base.plan, phone_cipher), ask_deletion),
        appoint=AppointOperators(operators, base.notify_operators),
        announce=rules.announce,
        ask_condition=AskCondition(),
    )


def build_update_processor(base: Base, bot: Bot, dispatcher: Dispatcher) -> UpdateProcessor:
    """Build what takes updates from the poller or from the webhook, and feeds the dispatcher."""

    async def dispatch(update: Update, store: Store) -> object:
        return await dispatcher.feed_update(bot, update, store=store)

    return UpdateProcessor(
        bot,
        base.database,
        dispatch,
        base.report_failure,
        base.token_generator,
        base.metrics,
        base.alarm.wake_deliveries,
    )
