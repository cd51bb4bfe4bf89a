"""Requests for deletion, by a person or by an operator, and the deletion itself."""

from __future__ import annotations

import re

from bot.domain.eligibility import DecisionReason
from bot.domain.gate_settings import EntryMode
from bot.domain.gates import Gate, GateMode, GrantKind
from bot.domain.journal import Event
from bot.domain.notifications import Notification, Notify, Toast
from bot.domain.outgoing import ScreenRow
from bot.domain.people import CARRIED_WITHIN, ERASURE_JOB, Deletion, DeletionScreen, Person
from bot.domain.screens import ScreenName
from bot.domain.tasks import DeclineJoin, DeleteMessage, Kick
from bot.features.access.links import end_link, live_links
from bot.features.operators.registry import OperatorNotifier, Operators
from storage.store import Store

BY_THEMSELVES, BY_OPERATOR = "self", "operator"
AT_ONCE = 10
"""Erasures that one sweep completes."""
TURNED_AWAY = (EntryMode.REQUEST, EntryMode.MUTE)
ENTRIES = {GrantKind.JOIN: EntryMode.REQUEST, GrantKind.UNMUTE: EntryMode.MUTE}


class ErasePerson:
    """Cancels a running attempt, withdraws requests, since nobody could remember them, and removes a muted newcomer,
    who may come again. Then deletes everything of theirs.

    What stays: the journal without names, so that statistics stay right; pseudonyms, so that their phone cannot verify
    a second account and blocks hold; and pending tasks for Telegram. They stay in groups that they are in. If they did
    it themselves, they get one last message. An added operator is removed; the others learn that it happened, but not
    who it was.
    """

    def __init__(self, operators: Operators) -> None:
        self._operators = operators
        self._notify_operators = OperatorNotifier(operators)

    async def __call__(self, store: Store, user_id: int, *, operator_id: int | None = None) -> bool:
        """Erase a person; return whether anything was stored about them. `operator_id`: the operator who did it for
        them."""
        now = store.now
        person = await store.people.lock(user_id)
        if not await store.erasures.knows(user_id):
            return False
        verification = await store.verifications.open_of(user_id)
        if verification is not None:
            await store.verifications.save(verification.cancel(now))
            store.journal.add(Event.CANCELLED, now, gate_id=verification.gate_id)
        entering = await not_in_yet(store, user_id)
        await self._resign(store, user_id)
        links = await live_links(store, user_id)
        message_id = await store.erasures.erase(user_id, now)
        for way, gate, query_id in entering:
            if gate.is_on and gate.switch is not GateMode.OFF:
                await _withdraw(store, user_id, way, gate, query_id)
        for gate_id, url in links:
            await end_link(store, gate_id, user_id, url, job=ERASURE_JOB)
        is_own = operator_id is None
        if is_own and person is not None:
            await _send_last_message(store, person, message_id)
        store.journal.add(Event.ERASED, now, code=BY_THEMSELVES if is_own else BY_OPERATOR, actor_id=operator_id)
        return True

    async def _resign(self, store: Store, user_id: int) -> None:
        is_removed = await store.operators.remove(user_id) is not None
        if is_removed and user_id not in self._operators.named:
            store.journal.add(Event.OPERATOR_REMOVED, store.now)
            await self._notify_operators(store, Notify(Notification.OPERATOR_ERASED))


async def finish_erasures(store: Store) -> None:
    """Delete what came back from calls that were in flight when a person was erased (a step of the sweep); of many,
    some at a time."""
    for user_id in await store.erasures.pending(store.now - CARRIED_WITHIN, AT_ONCE):
        await store.erasures.finish(user_id)


async def not_in_yet(store: Store, user_id: int) -> list[tuple[EntryMode, Gate, str | None]]:
    """Return the gates where the person waits or is about to be admitted, with the entry mode and the query of a guard
    join."""
    waiting = (await store.requests.waiting_of_many([user_id])).get(user_id, [])
    found = [(request.way, gate, request.query_id) for request, gate in waiting if request.way in TURNED_AWAY]
    for gate_id, kind in await store.erasures.entering(user_id):
        gate, request = await store.gates.get(gate_id), await store.requests.get(gate_id, user_id)
        if gate is not None:
            found.append((ENTRIES[kind], gate, request.query_id if request is not None else None))
    return found


async def _withdraw(store: Store, user_id: int, way: EntryMode, gate: Gate, query_id: str | None) -> None:
    work: Kick | DeclineJoin
    if way is EntryMode.MUTE:
        work = Kick(gate.chat_id, user_id, DecisionReason.ERASED)
    else:
        work = DeclineJoin(gate.chat_id, user_id, DecisionReason.ERASED, query_id)
    await store.tasks.add(work, gate.chat_id, store.now, user_id=user_id, job=ERASURE_JOB)


async def _send_last_message(store: Store, person: Person, message_id: int | None) -> None:
    """Send the last message, in place of the screen; it must look nothing up, since everything is deleted."""
    user_id, chat_id = person.user_id, person.chat_id
    if message_id is not None:
        await store.tasks.add(DeleteMessage(message_id), chat_id, store.now, user_id=user_id, job=ERASURE_JOB)
    last = Notify(Notification.ERASED, language=person.language)
    await store.tasks.add(last, chat_id, store.now, user_id=user_id, job=ERASURE_JOB)


LARGEST_ID = 2**52
"""Ids of Telegram's users have at most 52 significant bits (Bot API, `User.id`)."""


class AskDeletion:
    """Shows what would be deleted, and asks for confirmation."""

    def __init__(self, operators: Operators) -> None:
        self._operators = operators

    async def own(self, store: Store, person: Person) -> None:
        """Ask about the person's own data."""
        await store.screens.show(person.user_id, person.chat_id, ScreenName.DELETE_ME, store.now, fresh=True)

    async def of(self, store: Store, operator: Person, written: str, *, fresh: bool = True) -> None:
        """Ask about the person whose id an operator gave. `fresh`: in a new message."""
        user_id = int(written) if re.fullmatch(r"\d{1,16}", written, re.ASCII) else 0
        user_id = user_id if user_id < LARGEST_ID else 0
        details: dict[str, str | int] = {"person": user_id, "deletion": Deletion.ASKED if user_id else Deletion.UNCLEAR}
        if await self._operators.is_operator(store, user_id):
            details["deletion"] = Deletion.OPERATOR
        await store.screens.show(
            operator.user_id, operator.chat_id, ScreenName.ERASE, store.now, details=details, fresh=fresh
        )


class ConfirmDeletion:
    """Deletes after confirmation. Nobody else can erase an operator: they are removed from the operators first, or do
    it themselves."""

    def __init__(self, erase: ErasePerson, operators: Operators) -> None:
        self._erase = erase
        self._operators = operators

    async def own(self, store: Store, person: Person) -> Toast:
        """Delete the person's own data."""
        await self._erase(store, person.user_id)
        return Toast.DONE

    async def of(self, store: Store, operator: Person, user_id: int) -> Toast:
        """Delete somebody else's data. The operator's screen then confirms it without naming the person."""
        deletion = Deletion.OPERATOR
        if not await self._operators.is_operator(store, user_id):
            is_erased = await self._erase(store, user_id, operator_id=operator.user_id)
            deletion = Deletion.DONE if is_erased else Deletion.NOBODY
        details: dict[str, str | int] = {"person": 0, "deletion": deletion}
        await store.screens.show(operator.user_id, operator.chat_id, ScreenName.ERASE, store.now, details=details)
        return Toast.DONE if deletion is Deletion.DONE else Toast.OVER


class ErasureViews:
    """The view in which an operator confirms an erasure; None for anyone who is not an operator."""

    def __init__(self, operators: Operators) -> None:
        self._operators = operators

    async def __call__(self, store: Store, row: ScreenRow) -> DeletionScreen | None:
        """Raises KeyError or ValueError for a state that this version does not know."""
        # They may have ceased to be one since the page was opened.
        if not await self._operators.is_operator(store, row.user_id):
            return None
        return await deletion_view(store, row)


async def deletion_view(store: Store, row: ScreenRow) -> DeletionScreen:
    """Build the screen from the current state. Raises ValueError for a state that this version does not know."""
    is_own = row.face is ScreenName.DELETE_ME
    user_id = row.user_id if is_own else int(row.details["person"])
    deletion = Deletion.ASKED if is_own else Deletion(str(row.details["deletion"]))
    if deletion is not Deletion.ASKED:
        return DeletionScreen(deletion)
    if not await store.erasures.knows(user_id):
        return DeletionScreen(Deletion.NOBODY)
    gates = await not_in_yet(store, user_id)
    return DeletionScreen(
        deletion,
        0 if is_own else user_id,
        is_verified=await store.phones.of(user_id) is not None,
        is_calling=await store.verifications.open_of(user_id) is not None,
        waiting=tuple(gate.title for way, gate, _ in gates if way is EntryMode.REQUEST),
        muted=tuple(gate.title for way, gate, _ in gates if way is EntryMode.MUTE),
        is_operator=await store.operators.has(user_id),
    )
