"""The auditor looks at what Telegram, the gateway and people saw, and says what must not have been."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from bot.sandbox.trace import Entry
from bot.sandbox.world import World
from tests.installation import NUMBER, Installation
from tests.torture.crowd import Walker, newest
from tests.torture.plan import Act, Way

GETTING = "⏳ Getting a number"
NEAR_THE_END = 5.0
"""Seconds before and after the end of a window in which a call may count or not."""
MARK_BEFORE = 8.0
"""Seconds before a number is asked for in which a failure of the inbox may have kept the bot from reading it."""
DELAYED = 3.0
"""Seconds after which the gateway answers at last a request that it delays: see `tests.torture.plan`."""
OVERDUE = 15.0
"""Seconds after its end at which a screen must not show a number any more."""
UNDER_WAY = 40
"""Calls that the bot has under way at most: an answer to one of so many may be lost when it dies."""
REASONS = 2
"""Acts of a person, at most, that the bot may still answer with a message of its own each."""
BY_PEOPLE = ("message", "callback_query", "chat_join_request", "chat_member")


def is_in(walker: Walker) -> bool:
    """Whether somebody is in their group, and may write there."""
    return walker.group.allows(walker.person.account, "can_send_messages")


class Called(StrEnum):
    """How somebody's call to their number came to the bot."""

    NEVER = "never"
    UNSURE = "unsure"
    """Hardly in time; or no callback was acknowledged, and the inbox is not read, or could not be before the number was
    asked for: then none of its entries counts (docs/adr/0006-inbox-cursor-and-duplicates.md)."""
    SURELY = "surely"


def how_called(world: World, walker: Walker, window: float, *, reads_inbox: bool) -> Called:
    """What the gateway heard from their phone, and what the bot acknowledged of that."""
    phone = walker.person.phone.lstrip("+")
    taken = {sent.fields.get("id") for sent in world.smsc.callback.sent if sent.status == HTTPStatus.OK}
    found = Called.NEVER
    for heard in world.smsc.inbox:
        asked = [
            request.at.timestamp()
            for request in world.smsc.wait_calls
            if request.number == heard["to_phone"] and request.phone.lstrip("+") == phone == heard["phone"]
        ]
        # The bot may have died before it heard of a number that the gateway gave before.
        at = max((moment for moment in asked if moment <= heard["at"]), default=None)
        if at is None or heard["at"] > at + window + NEAR_THE_END:
            continue
        if heard["at"] < at + window - NEAR_THE_END and (
            str(heard["id"]) in taken or (reads_inbox and _has_mark(world, at))
        ):
            return Called.SURELY
        found = Called.UNSURE
    return found


def _has_mark(world: World, asked_at: float) -> bool:
    """Whether nothing kept the bot from reading the inbox before it asked for a number."""
    return not any(
        request.endpoint == "get" and request.fault and -DELAYED <= asked_at - request.at.timestamp() <= MARK_BEFORE
        for request in world.smsc.requests
    )


async def violations(
    world: World, bot: Installation, walkers: list[Walker], window: float, *, reads_inbox: bool
) -> list[str]:
    """What is wrong with how everybody stands now."""
    waiting = {
        (row["gate_id"], row["user_id"])
        for row in await bot.rows(
            "SELECT gate_id, user_id FROM join_requests WHERE state = 'waiting' AND deadline_at IS NOT NULL"
        )
    }
    found = []
    for walker in walkers:
        called = how_called(world, walker, window, reads_inbox=reads_inbox)
        wrong = _wrong_after_call(walker) if called is not Called.NEVER else ""
        if called is Called.NEVER or (called is Called.UNSURE and wrong):
            wrong = _wrong_without_call(world, walker, waiting)
        if wrong:
            found.append(f"{walker}: {wrong}")
    return found


def _wrong_after_call(walker: Walker) -> str:
    if walker.has_cancelled:
        return ""
    if not walker.has_withdrawn and not is_in(walker):
        return f"called in time and is not in\n{walker.person.transcript()}"
    screen = newest(walker.person)
    if not walker.has_blocked and (screen is None or "✅" not in (screen.text or "")):
        return f"is in and was not told so\n{walker.person.transcript()}"
    return ""


def _wrong_without_call(world: World, walker: Walker, waiting: set[tuple[int, int]]) -> str:
    if is_in(walker):
        return "is in without a call"
    if walker.has_blocked or walker.waited_in_vain:
        return ""
    screen = newest(walker.person)
    if screen is None:
        has_chat = walker.person.account.wrote_to_bot or walker.newcomer.way is not Way.MUTE
        return "was sent nothing" if has_chat else ""
    text = screen.text or ""
    if GETTING in text:
        return f"waits for a number for ever\n{walker.person.transcript()}"
    if "📞" in text and NUMBER.search(text):
        ends = [entity["unix_time"] for entity in screen.entities if entity["type"] == "date_time"]
        if not ends or max(ends) + OVERDUE < world.clock.timestamp():
            return f"is shown a number whose time is up\n{walker.person.transcript()}"
    is_asking = walker.person.id in walker.group.requests or walker.group.member(walker.person.account).inside
    if is_asking and (walker.group.id, walker.person.id) not in waiting:
        return f"waits without a deadline\n{walker.person.transcript()}"
    return ""


@dataclass(slots=True)
class _Chat:
    """What the bot sent to one person in one chat, and how often they gave it a reason to that it has not used."""

    reasons: int = 0
    last: dict[str, int] = field(default_factory=dict)
    """The place in the trace of each text sent."""


class Watch:
    """Sees everything while it travels: who got in before they called, what was sent twice."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._walkers: list[Walker] = []
        self._chats: dict[tuple[int, int], _Chat] = defaultdict(_Chat)
        self._calls: list[int] = []
        self._deaths: list[int] = []
        self._lost: list[int] = []
        self._called: set[str] = set()
        self._muted: set[int] = set()
        self._noted: list[str] = []
        self._lines: list[str] = []
        self.sent_twice = 0
        """How often a message was sent again because the bot cannot have known of the first."""
        world.trace.listeners.append(self._look)

    def begin(self, walkers: list[Walker]) -> None:
        """These are watched."""
        self._walkers = walkers

    def struck(self, act: Act) -> None:
        """A process was killed or stopped just now. One that is asked to end finishes what is under way."""
        self._lines.append(f"--- {act}")
        if act != "terminate":
            self._deaths.append(self._seq())

    def note(self, wrong: str) -> None:
        """Something is wrong."""
        if wrong not in self._noted:
            self._noted.append(wrong)

    def found(self, walkers: list[Walker]) -> list[str]:
        """All that was wrong on the way."""
        wrong = list(self._noted)
        if self._world.telegram.flood.too_many:
            wrong.append(f"the bot provoked {self._world.telegram.flood.too_many} × 429")
        return wrong + [f"{walker}: {what}" for walker in walkers for what in walker.waited_in_vain]

    def of_logs(self, logs: list[str], walkers: list[Walker]) -> list[str]:
        """What the logs of the processes must not hold."""
        wrong = []
        for log in logs:
            if "Traceback" in log:
                at = log.index("Traceback")
                wrong.append(f"a traceback in the log:\n{log[max(0, at - 500) : at + 3000]}")
            digits = re.sub(r"[ ()-]", "", log)
            wrong += [f"the phone of {walker} is in the log" for walker in walkers if walker.person.phone[2:] in digits]
        return wrong

    def story(self) -> str:
        """All that travelled, with the blows in between."""
        return "\n".join(self._lines)

    # While it travels

    def _look(self, entry: Entry) -> None:
        match entry.kind:
            case "update":
                self._count_act(entry.detail)
            case "phone":
                self._called.add(str(entry.detail["from"]))
            case "fault" if entry.detail["where"] == "telegram" and entry.detail["kind"] == "reset_after":
                self._lost.append(entry.seq)
            case "bot_api":
                self._calls.append(entry.seq)
                if entry.ok and entry.detail["method"] in ("sendMessage", "sendRichMessage"):
                    self._count_sent(entry)
                self._look_who_is_in()
            case _:
                pass
        self._lines.append(f"{entry.seq} {entry.timestamp:.2f} {entry.kind} {entry.title}")

    def _count_act(self, update: dict[str, Any]) -> None:
        content = next((update[kind] for kind in BY_PEOPLE if kind in update), None)
        if content is not None:
            # Where somebody else acts, such as the bot, it is about the one who was let in or muted.
            about = content.get("new_chat_member", {}).get("user", content["from"])
            chat = self._chats[about["id"], about["id"]]
            chat.reasons = min(chat.reasons + 1, REASONS)

    def _count_sent(self, entry: Entry) -> None:
        params, result = entry.detail["params"], entry.detail["result"]
        to = int(params["chat_id"])
        receiver = result.get("receiver_user", {}).get("id", to)
        text = result.get("text") or ""
        chat = self._chats[receiver, to]
        before = chat.last.get(text)
        chat.last[text] = entry.seq
        if chat.reasons > 0:
            chat.reasons -= 1
        elif before is not None:
            if self._may_be_unnoted(before, entry.seq):
                self.sent_twice += 1
            else:
                name = self._world.telegram.name_of(receiver)
                self.note(f"{name} was sent the same twice ({before} and {entry.seq}): {text[:60]!r}")

    def _may_be_unnoted(self, sent: int, again: int) -> bool:
        """Whether the bot may not have heard of what it sent: its answer was lost, or a process died after it."""
        if any(sent - UNDER_WAY <= lost <= sent for lost in self._lost):
            return True
        return any(
            sent <= death < again and sum(sent < call <= death for call in self._calls) <= UNDER_WAY
            for death in self._deaths
        )

    def _look_who_is_in(self) -> None:
        for walker in self._walkers:
            member = walker.group.member(walker.person.account)
            if walker.newcomer.way is Way.MUTE and member.status == "restricted":
                self._muted.add(walker.person.id)
            may = member.inside if walker.newcomer.way is not Way.MUTE else walker.person.id in self._muted
            if may and is_in(walker) and walker.person.phone not in self._called:
                self.note(f"{walker} got in before any call")

    def _seq(self) -> int:
        return self._calls[-1] if self._calls else 0
