"""Which update goes where: one table, read top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from aiogram import Dispatcher, F
from aiogram.filters import Command, CommandStart

from bot.domain.installation import OperatorAction
from bot.telegram import commands
from bot.telegram.deep_links import Start
from bot.telegram.installation_buttons import InstallationButton
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
from bot.telegram.operator_buttons import OperatorButton
from bot.telegram.stats_buttons import StatsButton
from handlers import (
    admin,
    group_commands,
    health,
    installation,
    membership,
    operators,
    person,
    personal,
    stats,
)
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
    dispatcher.chat_join_request.register(membership.join_request)
    dispatcher.my_chat_member.register(membership.blocked, IN_PRIVATE)
    dispatcher.my_chat_member.register(membership.own_rights)
    dispatcher.chat_member.register(membership.member)
    return dispatcher


def _messages(message: Callable[..., Any], appeals: Collection[str]) -> None:
    """A command of operators that somebody else sends falls through to the routes below, and is any text."""
    message(person.contact, IN_PRIVATE, F.contact)
    message(person.ask_link, IN_PRIVATE, CommandStart(deep_link=True, magic=F.args.startswith(f"{Start.IN}_")))
    message(admin.open_gate, IN_PRIVATE, CommandStart(deep_link=True, magic=F.args.startswith(f"{Start.GATE}_")))
    for start, link in ((Start.PENDING, group_commands.pending_link), (Start.WHO, group_commands.who_link)):
        message(link, IN_PRIVATE, CommandStart(deep_link=True, magic=F.args.startswith(f"{start}_")))
    message(person.start, IN_PRIVATE, Command(commands.START.name))
    message(person.cancel, IN_PRIVATE, Command(commands.CANCEL.name))
    message(person.help_, IN_PRIVATE, Command(commands.HELP.name))
    message(person.privacy, IN_PRIVATE, Command(commands.PRIVACY.name))
    message(installation.gates, IN_PRIVATE, Command(commands.ALL_GATES.name), IsOperator())
    message(admin.gates, IN_PRIVATE, Command(commands.GATES.name))
    message(personal.my_data, IN_PRIVATE, Command(commands.MY_DATA.name))
    message(personal.delete_me, IN_PRIVATE, Command(commands.DELETE_ME.name))
    message(personal.export, IN_PRIVATE, Command(commands.EXPORT.name), IsOperator())
    message(personal.erase, IN_PRIVATE, Command(commands.ERASE.name), IsOperator())
    message(stats.all_stats, IN_PRIVATE, Command(commands.STATS.name), IsOperator())
    message(stats.own_stats, IN_PRIVATE, Command(commands.STATS.name), IsAdmin())
    message(operators.recent, IN_PRIVATE, Command(commands.RECENT.name), IsOperator())
    message(operators.look_up, IN_PRIVATE, Command(commands.FIND.name, commands.PERSON.name), IsOperator())
    message(health.health, IN_PRIVATE, Command(commands.HEALTH.name), IsOperator())
    message(health.balance, IN_PRIVATE, Command(commands.BALANCE.name), IsOperator())
    message(installation.operators, IN_PRIVATE, Command(commands.OPERATORS.name), IsOperator())
    message(installation.announce, IN_PRIVATE, Command(commands.ANNOUNCE.name), IsOperator())
    message(installation.picked, IN_PRIVATE, F.users_shared, IsOperator())
    message(person.anything_else, IN_PRIVATE, Command(*(command.name for command in commands.OPERATOR_COMMANDS)))
    about_people = Command(commands.PENDING.name, *(command.name for command in commands.PEOPLE_COMMANDS))
    message(group_commands.in_private, IN_PRIVATE, about_people)
    message(group_commands.in_group, IN_GROUP, about_people)
    message(person.ask_admins, IN_PRIVATE, F.text.in_(appeals))
    is_text = F.text & ~F.text.startswith("/")
    message(installation.announcement, IN_PRIVATE, is_text, IsOperator(), WritesAnnouncement())
    message(admin.written, IN_PRIVATE, is_text)
    message(installation.not_announceable, IN_PRIVATE, F.document | NO_TEXT, IsOperator(), WritesAnnouncement())
    message(admin.document, IN_PRIVATE, F.document)
    message(person.anything_else, IN_PRIVATE, F.text | NO_TEXT | F.users_shared)
    message(membership.line, IN_GROUP, F.new_chat_members | F.left_chat_member | F.community_chat_joined)
    message(membership.upgrade, IN_GROUP, F.migrate_to_chat_id)

    message(admin.gate, IN_GROUP, Command(commands.GATE.name))
    message(admin.log_link, IN_GROUP, CommandStart(deep_link=True, magic=F.args.startswith(f"{Start.LOG}_")))
    message(admin.log, IN_GROUP, Command(commands.LOG.name))


def _buttons(button: Callable[..., Any]) -> None:
    """A button of operators that somebody else presses is unknown."""
    button(person.cancel_button, VerificationButton.filter(F.step == VerificationAction.CANCEL))
    again = (VerificationAction.ANOTHER, VerificationAction.AGAIN)
    button(person.again_button, VerificationButton.filter(F.step.in_(again)))
    button(person.screen_button, PlaceButton.filter(F.place.in_(person.FACES)))
    button(person.enter_button, PlaceButton.filter(F.place == Place.ENTER))
    button(person.link_button, PlaceButton.filter(F.place == Place.LINK))
    button(person.appeal_button, PlaceButton.filter(F.place == Place.APPEAL))
    button(person.gates_button, PlaceButton.filter(F.place == Place.GATES))
    button(admin.panel_button, PanelButton.filter())
    button(stats.all_stats_button, StatsButton.filter(), IsOperator())
    button(stats.own_stats_button, StatsButton.filter())
    button(operators.operator_button, OperatorButton.filter(), IsOperator())
    button(personal.delete_me_button, PersonalButton.filter(F.act == PersonalAct.DELETE_ME))
    button(personal.erase_button, PersonalButton.filter(F.act == PersonalAct.ERASE), IsOperator())
    button(health.refresh, RefreshButton.filter(), IsOperator())
    wants = InstallationButton.filter
    button(installation.page_button, wants(F.want.in_(installation.PAGES)), IsOperator())
    button(installation.remove_button, wants(F.want == OperatorAction.REMOVE), IsOperator())
    button(installation.check_button, wants(F.want == OperatorAction.CHECK), IsOperator())
    button(installation.stats_button, wants(F.want == OperatorAction.STATS), IsOperator())
    button(installation.send_button, wants(F.want == OperatorAction.SEND), IsOperator())
    button(installation.drop_button, wants(F.want == OperatorAction.DROP), IsOperator())
    button(installation.lost_button, InstallationButton.filter())
    button(person.unknown_button)
