"""The operators of this installation: who they are, and what they are notified of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta

from bot.crypto import PhoneCipher
from bot.domain.journal import Event
from bot.domain.notifications import Notification, Notify, NotifyIncident, SendBalance, SendHealth
from bot.domain.outgoing import PendingTask
from bot.domain.tasks import SendChart, SendExport, SendGateButtons
from storage.store import Store

IsOperator = Callable[[Store, int], Awaitable[bool]]


class Operators:
    """Operators from the configuration, and those added at runtime."""

    def __init__(self, named: Collection[int] = ()) -> None:
        self.named = tuple(dict.fromkeys(named))
        """Those of the configuration; they cannot be removed."""

    async def now(self, store: Store) -> list[int]:
        """Return their Telegram user ids."""
        added = [operator.user_id for operator in await store.operators.all()]
        return list(dict.fromkeys((*self.named, *added)))

    async def is_operator(self, store: Store, user_id: int) -> bool:
        """Return whether somebody is an operator."""
        return user_id in self.named or await store.operators.has(user_id)


def is_for_operators(task: PendingTask) -> bool:
    """Return whether the task's message is for operators only."""
    match task.work:
        case SendHealth() | SendBalance() | SendExport():
            return True
        case SendChart(together=together) | SendGateButtons(together=together):
            return together
    return False


class OperatorNotifier:
    """Writes to each operator in private. With a `key` each gets it once, however often it happens."""

    def __init__(self, operators: Operators) -> None:
        self._operators = operators

    async def __call__(
        self, store: Store, notice: Notify | NotifyIncident, key: str | None = None, but: Collection[int] = ()
    ) -> None:
        """Notify the operators. `but`: whom to skip."""
        about = notice.user_id if isinstance(notice, Notify) else None
        for operator in await self._operators.now(store):
            if operator in but:
                continue
            of_their_own = f"{key}:{operator}" if key is not None else None
            await store.tasks.add(notice, operator, store.now, key=of_their_own, user_id=about)


class ReportFailure:
    """Notifies the operators, once an hour per kind of failure, and the person it happened to, with the same id."""

    def __init__(self, notify_operators: OperatorNotifier) -> None:
        self._notify_operators = notify_operators

    async def __call__(self, store: Store, error_id: str, what: str, person_chat: int | None) -> None:
        """Report it. `what` names the failure without personal data; `person_chat` is the person's private chat."""
        now = store.now
        store.journal.add(Event.FAILURE, now, user_id=person_chat, code=error_id)
        notice = Notify(Notification.FAILURE, error=what, error_id=error_id)
        await self._notify_operators(store, notice, key=f"{Notification.FAILURE}:{what[:60]}:{now:%Y-%m-%dT%H}")
        if person_chat is not None:
            await store.tasks.add(
                Notify(Notification.FAILURE_FOR_PERSON, error_id=error_id),
                person_chat,
                now,
                expires_at=now + timedelta(minutes=10),
            )


async def find_by_username(store: Store, phone_cipher: PhoneCipher, username: str) -> int | None:
    """Return the person with this user name, in any case; rows of an earlier version count too."""
    name = username.lower()
    found = await store.people.by_username(phone_cipher.username_digest(name))
    return found if found is not None else await store.people.by_username(phone_cipher.earlier_digest(name))
