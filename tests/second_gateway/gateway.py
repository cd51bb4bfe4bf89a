"""A gateway that gives a check id with the number, and reports only that id; its reports expect the answer `100`."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from urllib.parse import parse_qsl

import httpx
from pydantic import BaseModel, ValidationError

from bot import proxies
from bot.clock import DateCheck
from bot.domain.errors import LeadershipLostError
from bot.domain.gateway import (
    AssignedNumber,
    Balance,
    EventKind,
    EventSource,
    GatewayError,
    GatewayEvent,
    GatewayReason,
)
from bot.domain.phone import Phone
from bot.gateway.api import (
    TOKEN,
    BadCallback,
    BadSignature,
    CallbackAddress,
    CallbackRequest,
    GatewaySettings,
    ParsedCallback,
    ReadInbox,
    VariableNames,
)
from bot.settings import Settings
from bot.wiring.clients import BuildGateway

CALLBACK_TOKEN = "second-callback-token-of-the-tests"
OK, CONFIRMED = 100, "401"
REASONS = {
    **dict.fromkeys((200, 300, 301, 302), GatewayReason.CREDENTIALS),
    201: GatewayReason.NO_MONEY,
    202: GatewayReason.NUMBER_UNUSABLE,
}
ENTRY = re.compile(r"callcheck_status\n([0-9]{1,20}-[0-9]{1,20})\n([0-9]{3})\n([0-9]{1,11})")


class Answer(BaseModel):
    """An answer to any request."""

    status_code: int
    check_id: str = ""
    call_phone: str = ""
    balance: str = ""


class SecondGateway:
    """A `CallGateway` without an inbox."""

    read_inbox: ReadInbox | None = None

    def __init__(
        self, url: str, api_id: str, *, dates: DateCheck, patience: float, may_ask: Callable[[], bool] = lambda: True
    ) -> None:
        self._url = url
        self._api_id = api_id
        self._may_ask = may_ask
        self._http = proxies.client(None, dates, timeout=patience)
        self.close = self._http.aclose
        self.settings = GatewaySettings(
            callback=CallbackAddress(f"/second/{TOKEN}", CALLBACK_TOKEN, "SECOND_CALLBACK_TOKEN"),
            call_window=timedelta(minutes=5),
            poll_every=timedelta(0),
            relay_url=None,
            price=None,
            low_balance=0,
            urls=(url,),
            proxy=None,
            variables=VariableNames("SECOND_URL", "SECOND_PROXY", "SECOND_API_ID"),
        )

    async def request_number(self, phone: Phone) -> AssignedNumber:
        if not self._may_ask():
            raise LeadershipLostError
        answer = await self._ask("callcheck/add", phone=phone.e164.lstrip("+"))
        return AssignedNumber(f"+{answer.call_phone}", (), answer.check_id)

    async def balance(self) -> Balance:
        return Balance((await self._ask("my/balance")).balance, "RUB")

    def parse_callback(self, request: CallbackRequest) -> ParsedCallback:
        fields = _fields(request)
        entries = [text for name, text in fields if re.fullmatch(r"data(\[\d*\])?", name)]
        given = dict(fields).get("hash", "")
        signed = hashlib.sha256("".join([self._api_id, *entries]).encode()).hexdigest()
        if not hmac.compare_digest(given.encode(), signed.encode()):
            raise BadSignature("The callback is not signed with the key of the account.")
        return ParsedCallback([_event(entry) for entry in entries], "100")

    async def _ask(self, method: str, **form: str) -> Answer:
        try:
            form |= {"api_id": self._api_id, "json": "1"}
            response = await self._http.post(f"{self._url}/{method}", data=form)
            answer = Answer.model_validate_json(response.content)
        except (httpx.HTTPError, ValidationError) as failure:
            raise GatewayError(GatewayReason.UNAVAILABLE, detail=type(failure).__name__) from None
        if answer.status_code != OK:
            raise GatewayError(REASONS.get(answer.status_code, GatewayReason.UNAVAILABLE), answer.status_code)
        return answer


def second_gateway(url: str, api_id: str) -> BuildGateway:
    """What the one line names: a maker of the gateway. Its settings come from the test instead of the environment."""

    def build(
        _: Settings, *, dates: DateCheck, patience: float, may_ask: Callable[[], bool] = lambda: True
    ) -> SecondGateway:
        return SecondGateway(url, api_id, dates=dates, patience=patience, may_ask=may_ask)

    return build


def _fields(request: CallbackRequest) -> list[tuple[str, str]]:
    try:
        if not request.content_type.lower().startswith("multipart/"):
            return parse_qsl(request.body.decode(), keep_blank_values=True)
        message = message_from_bytes(f"Content-Type: {request.content_type}\r\n\r\n".encode() + request.body)
        parts = [
            (part.get_param("name", header="content-disposition"), part.get_payload(decode=True))
            for part in message.walk()
        ]
        return [(str(name), value.decode()) for name, value in parts if isinstance(value, bytes)]
    except UnicodeError:
        raise BadCallback("The callback is not text.") from None


def _event(entry: str) -> GatewayEvent:
    found = ENTRY.fullmatch(entry.strip())
    if found is None:
        return GatewayEvent(EventKind.UNKNOWN, EventSource.CALLBACK, "", "", None, None)
    check_id, status, seconds = found.groups()
    note: Mapping[str, str] = {"status": status, "time": seconds}
    return GatewayEvent(
        kind=EventKind.CALL if status == CONFIRMED else EventKind.STATUS,
        source=EventSource.CALLBACK,
        caller="",
        called="",
        placed_at=datetime.fromtimestamp(int(seconds), UTC),
        identity=f"{check_id} {status} {seconds}",
        reference=check_id,
        note=note,
    )
