"""The Mini App was opened."""

from __future__ import annotations

from dataclasses import dataclass

from bot.clock import Clock
from bot.domain.gate import OPEN_APP_PATIENCE
from bot.domain.journal import Event
from bot.domain.people import Claim
from bot.usecases.admit import decide
from storage.store import Store


@dataclass(frozen=True, slots=True)
class InitData:
    """One launch of the Mini App, as signed by Telegram.

    `digest` is the same for the same launch, however it is encoded. `language` is empty if Telegram does not report it;
    `query_id` is there when the app was opened for a guard join.
    """

    digest: str
    user_id: int
    language: str
    query_id: str | None


class OpenApp:
    """A launch serves one page, identified by its `nonce`; the same page may come again.

    A person with the app open counts as reached; while they are busy with a guard join the private message waits. A
    verified person who still waits at a gate comes in at once.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, store: Store, launch: InitData, nonce: str) -> Claim:
        """Claim the launch; do nothing else unless it is new."""
        now, user_id = self._clock.now(), launch.user_id
        claim = await store.used_init_data.claim(launch.digest, nonce, now)
        if claim is not Claim.NEW:
            return claim
        known = await store.people.lock(user_id)
        chat_id = known.chat_id if known else user_id
        language = launch.language or (known.language if known else "")
        await store.people.meet(user_id, chat_id, language, now, wrote=False)
        store.journal.add(Event.APP_OPENED, now, user_id=user_id)
        for gate_id, _ in await store.requests.reached([user_id], reached=True):
            store.journal.add(Event.JOIN_REACHED, now, user_id=user_id, gate_id=gate_id)
        for request, gate in (await store.requests.waiting_of_many([user_id])).get(user_id, []):
            if await decide(store, gate, request, now, told=False):
                continue
            if launch.query_id is not None and request.query_id == launch.query_id:
                await store.screens.postpone(user_id, request.requested_at + OPEN_APP_PATIENCE)
        return claim
