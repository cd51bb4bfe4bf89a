"""The update processor: decodes updates one by one and handles them in one transaction; the caller acknowledges them
afterwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import structlog
from aiogram import Bot
from aiogram.types import Update
from aiogram.types.update import UpdateTypeLookupError
from pydantic import ValidationError

from bot.crypto import TokenGenerator
from bot.domain.errors import StorageUnavailableError
from bot.features.operators.registry import ReportFailure
from bot.i18n.texts import storable
from bot.metrics import Metrics
from storage.store import Store, Transactions

log = structlog.get_logger()

Dispatch = Callable[[Update, Store], Awaitable[object]]


class UpdateProcessor:
    """Processes raw updates, from polling or from the webhook.

    The updates of one call share a transaction. Repeats (by update id) and what cannot be decoded are skipped. If
    handling one fails, the others are handled again one by one; the bad one is reported under an error id that the
    person sees too.
    """

    def __init__(
        self,
        bot: Bot,
        transactions: Transactions,
        dispatch: Dispatch,
        report: ReportFailure,
        token_generator: TokenGenerator,
        metrics: Metrics,
        announce: Callable[[], None],
    ) -> None:
        self._bot = bot
        self._transactions = transactions
        self._dispatch = dispatch
        self._report = report
        self._token_generator = token_generator
        self._metrics = metrics
        self._announce = announce

    async def take(self, raw_updates: Sequence[Any]) -> None:
        """Return once everything is stored. Raises StorageUnavailableError when it is not: then call it again."""
        updates = [update for raw in raw_updates if (update := self._decoded(raw)) is not None]
        if not updates:
            return
        try:
            await self._keep(updates)
        except StorageUnavailableError:
            raise
        except Exception:  # noqa: BLE001 - found out, one by one, which of them it was
            for update in updates:
                await self._take_alone(update)
        self._announce()

    def _decoded(self, raw: Any) -> Update | None:  # noqa: ANN401 - whatever JSON arrived
        try:
            update = Update.model_validate(_storable(raw), context={"bot": self._bot})
            _ = update.event_type
        except (ValidationError, RecursionError):
            outcome = "undecodable"
        except UpdateTypeLookupError:
            outcome = "unknown"
        else:
            return update
        self._pass_over(outcome, raw if isinstance(raw, dict) else [])
        return None

    def _pass_over(self, why: str, fields: Iterable[str]) -> None:
        self._metrics.taken(why)
        log.warning("update_passed_over", why=why, fields=sorted(map(str, fields))[:10])

    async def _keep(self, updates: Sequence[Update]) -> None:
        async def handle(store: Store) -> int:
            new = await store.seen.mark([update.update_id for update in updates], store.now)
            for update in updates:
                # Discarding handles an id that is in the batch twice only once.
                if update.update_id in new:
                    new.discard(update.update_id)
                    await self._dispatch(update, store)
            return len(updates)

        self._metrics.taken("kept", await self._transactions.transact(handle))

    async def _take_alone(self, update: Update) -> None:
        try:
            await self._keep([update])
        except StorageUnavailableError:
            raise
        except Exception as error:
            if _is_too_big(update.model_dump()):
                self._pass_over("undecodable", update.model_fields_set)
                return
            error_id = self._token_generator.error_id()
            attempt = await self._attempt_of(_private_chat(update))
            log.exception("update_failed", error_id=error_id, kind=_kind(update), **attempt)
            what = f"{type(error).__name__} in {_kind(update)}"

            async def note(store: Store) -> None:
                if await store.seen.mark([update.update_id], store.now):
                    await self._report(store, error_id, what, _private_chat(update))

            try:
                await self._transactions.transact(note)
            except StorageUnavailableError:
                raise
            except Exception:
                # Not even the failure can be stored; the updates behind it matter more.
                log.exception("failure_not_kept", error_id=error_id)
            self._metrics.taken("failed")

    async def _attempt_of(self, person_id: int | None) -> dict[str, int]:
        """Return the verification that this person is in the middle of, for the log."""
        if person_id is None:
            return {}
        try:
            found = await self._transactions.transact(lambda store: store.verifications.open_of(person_id))
        except Exception:  # noqa: BLE001 - the failure that is to be logged matters more
            return {}
        return {} if found is None else {"verification": found.id}


def _storable(value: Any) -> Any:  # noqa: ANN401 - whatever JSON arrived
    """Return the value with every text in it storable. Raises RecursionError."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {name: _storable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_storable(inner) for inner in value]
    return value


def _is_too_big(value: Any) -> bool:  # noqa: ANN401 - whatever an update holds
    """Return whether it holds a number too big for any database; those of the Bot API have at most 64 bits."""
    if isinstance(value, dict):
        return any(map(_is_too_big, value.values()))
    if isinstance(value, list):
        return any(map(_is_too_big, value))
    return isinstance(value, int) and not -(2**63) <= value < 2**63


def _kind(update: Update) -> str:
    return next((name for name in update.model_fields_set if name != "update_id"), "unknown")


def _private_chat(update: Update) -> int | None:
    message = update.message or (update.callback_query.message if update.callback_query else None)
    return message.chat.id if message is not None and message.chat.type == "private" else None
