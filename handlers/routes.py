"""Which update goes where: one table, read top to bottom."""

from __future__ import annotations

from typing import Any

from aiogram import Dispatcher, F
from aiogram.filters import Command, CommandStart

from bot.telegram import commands
from bot.telegram.deep_links import Start
from bot.telegram.keyboards import PanelButton, PersonalAct, PersonalButton, PlaceButton, VerificationButton
from handlers import admin, membership, person, personal
from handlers.middlewares import MeetPerson
from handlers.personal import ByOperator

IN_PRIVATE = F.chat.type == "private"
WRITTEN = F.text | F.photo | F.sticker | F.voice | F.video | F.document | F.location | F.dice | F.animation


def build_dispatcher(meet_person: MeetPerson, **use_cases: Any) -> Dispatcher:  # noqa: ANN401 - of as many types as there are
    """A dispatcher with every route. `use_cases` reach the handlers by the names of their parameters."""
    dispatcher = Dispatcher(disable_fsm=True, **use_cases)
    for observer in (dispatcher.message, dispatcher.callback_query, dispatcher.chat_join_request):
        observer.middleware(meet_person)

    message = dispatcher.message.register
    message(person.contact, IN_PRIVATE, F.contact)
    message(person.ask_link, IN_PRIVATE, CommandStart(deep_link=True, magic=F.args.startswith(f"{Start.IN}_")))
    message(person.start, IN_PRIVATE, Command(commands.START.name))
    message(person.cancel, IN_PRIVATE, Command(commands.CANCEL.name))
    message(person.help_, IN_PRIVATE, Command(commands.HELP.name))
    message(person.privacy, IN_PRIVATE, Command(commands.PRIVACY.name))
    message(admin.gates, IN_PRIVATE, Command(commands.GATES.name))
    message(personal.my_data, IN_PRIVATE, Command(commands.MY_DATA.name))
    message(personal.delete_me, IN_PRIVATE, Command(commands.DELETE_ME.name))
    message(personal.export, IN_PRIVATE, Command(commands.EXPORT.name), ByOperator())
    message(personal.erase, IN_PRIVATE, Command(commands.ERASE.name), ByOperator())
    message(person.anything_else, IN_PRIVATE, WRITTEN)

    button = dispatcher.callback_query.register
    button(person.verification_button, VerificationButton.filter())
    button(person.place_button, PlaceButton.filter())
    button(admin.panel_button, PanelButton.filter())
    button(personal.delete_me_button, PersonalButton.filter(F.act == PersonalAct.DELETE_ME))
    button(personal.erase_button, PersonalButton.filter(F.act == PersonalAct.ERASE), ByOperator())
    button(person.unknown_button)

    dispatcher.chat_join_request.register(membership.join_request)
    dispatcher.my_chat_member.register(membership.blocked, IN_PRIVATE)
    dispatcher.my_chat_member.register(membership.own_rights)
    dispatcher.chat_member.register(membership.member)
    return dispatcher
