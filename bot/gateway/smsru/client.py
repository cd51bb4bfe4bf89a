"""Requests to sms.ru: a number to call, the status of a check, the balance.

Every request is a POST with a form body, so that the key never appears in a URL, and so in no access log.
(sms.ru documentation: https://sms.ru/api/callcheck)
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.domain.errors import LeadershipLostError
from bot.domain.gateway import AssignedNumber, Balance, EventKind, EventSource, GatewayEvent
from bot.domain.phone import Phone
from bot.gateway.requests import post, retried, unreadable_answer
from bot.gateway.smsru.errors import OK, refusal

MAX_BYTES = 64 * 1024
AT_ONCE = 10
"""Statuses asked for at one time. sms.ru names no limit."""

CONFIRMED = "401"
"""What a check is once its call came, in time (sms.ru documentation). 400 is one that waits, 402 one that is over."""
STATUSES = frozenset({"400", CONFIRMED, "402"})
CHECK_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_PHONE = re.compile(r"\+?([0-9]{5,15})")


class Answer(BaseModel):
    """An answer to any request. Programs have seen numbers both as numbers and in quotes."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    status_code: int
    check_id: str = ""
    call_phone: str = ""
    check_status: str = ""
    balance: str = ""


class SmsRuClient:
    """The HTTP client of sms.ru. Each call may take up to `patience` seconds, including waits and retries; see
    `bot.gateway.requests`."""

    def __init__(
        self, url: str, api_id: str, http: httpx.AsyncClient, *, patience: float, may_ask: Callable[[], bool]
    ) -> None:
        """`may_ask`: whether this process is certain to be the one that asks for numbers, which cost money."""
        self._url = url
        self._api_id = api_id
        self._http = http
        self._patience = patience
        self._may_ask = may_ask

    async def request_number(self, phone: Phone) -> AssignedNumber:
        """Return a number for `phone` to call within 5 minutes, with the check id. Raises GatewayError, and
        LeadershipLostError when another process may ask for the same."""

        def may_ask() -> None:
            if not self._may_ask():
                raise LeadershipLostError

        answer = await self._ask("callcheck/add", before=may_ask, phone=phone.e164.removeprefix("+"))
        number = _PHONE.fullmatch(answer.call_phone)
        if number is None or not CHECK_ID.fullmatch(answer.check_id):
            raise unreadable_answer()
        return AssignedNumber(f"+{number[1]}", (), answer.check_id)

    async def read_statuses(self, references: Sequence[str]) -> list[GatewayEvent]:
        """Return a call for each of these checks that is confirmed. Raises GatewayError."""
        events = []
        for first in range(0, len(references), AT_ONCE):
            part = references[first : first + AT_ONCE]
            answers = await asyncio.gather(*map(self._status, part), return_exceptions=True)
            for reference, answer in zip(part, answers, strict=True):
                if isinstance(answer, BaseException):
                    raise answer
                if answer == CONFIRMED:
                    events.append(_call(reference))
        return events

    async def balance(self) -> Balance:
        """Return the money left on the account. Raises GatewayError."""
        written = (await self._ask("my/balance")).balance.strip()
        try:
            amount = Decimal(written)
        except InvalidOperation:
            raise unreadable_answer() from None
        if not amount.is_finite():
            raise unreadable_answer()
        return Balance(written, "RUB")

    async def _status(self, check_id: str) -> str:
        status = (await self._ask("callcheck/status", check_id=check_id)).check_status
        if status not in STATUSES:
            raise unreadable_answer()
        return status

    async def _ask(self, method: str, *, before: Callable[[], None] = lambda: None, **form: str) -> Answer:
        form |= {"api_id": self._api_id, "json": "1"}

        async def ask(_attempt: int) -> Answer:
            before()
            text = await post(self._http, f"{self._url}/{method}", form, MAX_BYTES)
            try:
                answer = Answer.model_validate_json(text)
            except ValidationError:
                raise unreadable_answer() from None
            if answer.status_code != OK:
                raise refusal(answer.status_code)
            return answer

        return await retried(self._patience, ask)


def _call(check_id: str) -> GatewayEvent:
    return GatewayEvent(
        kind=EventKind.CALL,
        source=EventSource.INBOX,
        caller="",
        called="",
        placed_at=None,
        identity=f"smsru status:{check_id}",
        reference=check_id,
        note={"status": CONFIRMED},
    )
