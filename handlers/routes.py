"""Which update goes where: one table, read top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from aiogram import Dispatcher, F
from aiogram.filters import Command, CommandStart

from bot.domain.operators import OperatorAction
from bot.features.statistics.screens import StatsButton
from bot.features.support.installation import InstallationButton
from bot.features.support.screens import OperatorButton
from bot.telegram import commands
from bot.telegram.deep_links import Start
from bot.telegram.keyboards import (
    PanelButton,
    PersonalAct,
    PersonalButton,
    Place,
    PlaceButton,
    RefreshButton,
    VerificationAction,
    VerificationButton,
)
from handlers import joining, moderation, monitoring, operators, panel, privacy, statistics, support, verification
from handlers.filters import IsAdmin, IsOperator, WritesAnnouncement
from handlers.middlewares import LoadPerson, NamedGate

IN_PRIVATE = F.chat.type == "private"
IN_GROUP = F.chat.type.in_({"group", "supergroup"})
NO_TEXT = F.photo | F.sticker | F.voice | F.video | F.location | F.dice | F.animation


def build_dispatcher(
    meet_person: LoadPerson,
    appeals: Collection[str],
    **use_cases: Any,  # noqa: ANN401 - of as many types as there are
) -> Dispatcher:
    """A dispatcher with every route. The handlers receive `use_cases` by the names of their parameters;
    tests/test_routes.py compares the two.

    `appeals`: the button that asks the admins, in each language.
    """
    dispatcher = Dispatcher(disable_fsm=True, **use_cases)
    for observer in (dispatcher.message, dispatcher.callback_query, dispatcher.chat_join_request):
        observer.middleware(meet_person)
    for observer in (dispatcher.message, dispatcher.callback_query):
        observer.middleware(NamedGate())
    _messages(dispatcher.message.register, appeals)
    _buttons(dispatcher.callback_query.register)
    dispatcher.chat_join_request.register(joining.join_request)
    dispatcher.my_chat_member.register(joining.blocked, IN_PRIVATE)
    dispatcher.my_chat_member.register(joining.own_rights)
    dispatcher.chat_member.register(joining.member)
    return dispatcher


def _messages(message: Callable[..., Any], appeals: Collection[str]) -> None:
    """A command of operators that somebody else sends falls through to the routes below, and is any text."""
    message(verification.contact, IN_PRIVATE, F.contact)
    message(
        verification.start_for_link, IN_PRIVATE, CommandStart(deep_link=True, magic=F.args.startswith(f"{Start.IN}_"))
    )
    message(panel.open_gate, IN_PRIVATE, CommandStart(deep_link=True, magic=F.args.startswith(f"{Start.GATE}_")))
    for start, link in ((Start.PENDING, moderation.pending_link), (Start.WHO, moderation.who_link)):
        message(link, IN_PRIVATE, CommandStart(deep_link=True, magic=F.args.startswith(f"{start}_")))
    message(verification.start, IN_PRIVATE, Command(commands.START.name))
    message(verification.cancel, IN_PRIVATE, Command(commands.CANCEL.name))
    message(verification.help_, IN_PRIVATE, Command(commands.HELP.name))
    message(verification.privacy, IN_PRIVATE, Command(commands.PRIVACY.name))
    message(operators.gates, IN_PRIVATE, Command(commands.ALL_GATES.name), IsOperator())
    message(panel.gates, IN_PRIVATE, Command(commands.GATES.name))
    message(privacy.my_data, IN_PRIVATE, Command(commands.MY_DATA.name))
    message(privacy.delete_me, IN_PRIVATE, Command(commands.DELETE_ME.name))
    message(privacy.export, IN_PRIVATE, Command(commands.EXPORT.name), IsOperator())
    message(privacy.erase, IN_PRIVATE, Command(commands.ERASE.name), IsOperator())
    message(statistics.all_stats, IN_PRIVATE, Command(commands.STATS.name), IsOperator())
    message(statistics.own_stats, IN_PRIVATE, Command(commands.STATS.name), IsAdmin())
    message(support.recent, IN_PRIVATE, Command(commands.RECENT.name), IsOperator())
    message(support.look_up, IN_PRIVATE, Command(commands.FIND.name, commands.PERSON.name), IsOperator())
    message(monitoring.health, IN_PRIVATE, Command(commands.HEALTH.name), IsOperator())
    message(monitoring.balance, IN_PRIVATE, Command(commands.BALANCE.name), IsOperator())
    message(operators.operators, IN_PRIVATE, Command(commands.OPERATORS.name), IsOperator())
    message(operators.announce, IN_PRIVATE, Command(commands.ANNOUNCE.name), IsOperator())
    message(operators.picked, IN_PRIVATE, F.users_shared, IsOperator())
    message(verification.anything_else, IN_PRIVATE, Command(*(command.name for command in commands.OPERATOR_COMMANDS)))
    about_people = Command(commands.PENDING.name, *(command.name for command in commands.PEOPLE_COMMANDS))
    message(moderation.in_private, IN_PRIVATE, about_people)
    message(moderation.in_group, IN_GROUP, about_people)
    message(verification.appeal, IN_PRIVATE, F.text.in_(appeals))
    is_text = F.text & ~F.text.startswith("/")
    message(operators.announcement, IN_PRIVATE, is_text, IsOperator(), WritesAnnouncement())
    message(panel.written, IN_PRIVATE, is_text)
    message(operators.not_announceable, IN_PRIVATE, F.document | NO_TEXT, IsOperator(), WritesAnnouncement())
    message(panel.document, IN_PRIVATE, F.document)
    message(verification.anything_else, IN_PRIVATE, F.text | NO_TEXT | F.users_shared)
    message(joining.line, IN_GROUP, F.new_chat_members | F.left_chat_member | F.community_chat_joined)
    message(joining.upgrade, IN_GROUP, F.migrate_to_chat_id)

    message(panel.gate, IN_GROUP, Command(commands.GATE.name))
    message(panel.log_link, IN_GROUP, CommandStart(deep_link=True, magic=F.args.startswith(f"{Start.LOG}_")))
    message(panel.log, IN_GROUP, Command(commands.LOG.name))


def _buttons(button: Callable[..., Any]) -> None:
    """A button of operators that somebody else presses is unknown."""
    button(verification.cancel_button, VerificationButton.filter(F.step == VerificationAction.CANCEL))
    again = (VerificationAction.ANOTHER, VerificationAction.AGAIN)
    button(verification.again_button, VerificationButton.filter(F.step.in_(again)))
    button(verification.screen_button, PlaceButton.filter(F.place.in_(verification.PLACES)))
    button(verification.enter_button, PlaceButton.filter(F.place == Place.ENTER))
    button(verification.link_button, PlaceButton.filter(F.place == Place.LINK))
    button(verification.appeal_button, PlaceButton.filter(F.place == Place.APPEAL))
    button(verification.gates_button, PlaceButton.filter(F.place == Place.GATES))
    button(panel.panel_button, PanelButton.filter())
    button(statistics.all_stats_button, StatsButton.filter(), IsOperator())
    button(statistics.own_stats_button, StatsButton.filter())
    button(support.operator_button, OperatorButton.filter(), IsOperator())
    button(privacy.delete_me_button, PersonalButton.filter(F.act == PersonalAct.DELETE_ME))
    button(privacy.erase_button, PersonalButton.filter(F.act == PersonalAct.ERASE), IsOperator())
    button(monitoring.refresh, RefreshButton.filter(), IsOperator())
    wants = InstallationButton.filter
    button(operators.page_button, wants(F.want.in_(operators.PAGES)), IsOperator())
    button(operators.remove_button, wants(F.want == OperatorAction.REMOVE), IsOperator())
    button(operators.check_button, wants(F.want == OperatorAction.CHECK), IsOperator())
    button(operators.stats_button, wants(F.want == OperatorAction.STATS), IsOperator())
    button(operators.send_button, wants(F.want == OperatorAction.SEND), IsOperator())
    button(operators.drop_button, wants(F.want == OperatorAction.DROP), IsOperator())
    button(operators.lost_button, InstallationButton.filter())
    button(verification.unknown_button)
