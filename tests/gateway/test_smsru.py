"""sms.ru as the rest of the bot sees it: its answers, its errors, its callbacks, and what an operator has set."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.clock import REAL_TIME, DateCheck
from bot.domain.errors import LeadershipLostError
from bot.domain.gateway import Balance, EventKind, EventSource, GatewayError, GatewayReason
from bot.gateway.api import BadCallback, BadSignature, CallbackRequest
from bot.gateway.smsru.callback import read_callback
from bot.gateway.smsru.gateway import SmsRuGateway
from bot.gateway.smsru.settings import SmsRuSettings
from bot.settings import ConfigurationError, load
from tests.gateway.conftest import PHONE

API_ID = "5A2D0B0C-7E11-4F3A-9C1D-5A4D424F5831"
TOKEN = "hidden-callback-token"
ENVIRONMENT = {
    "BOT_TOKEN": "42:TEST",
    "SECRET_KEY": "a secret key that only the tests know",
    "GATEWAYS": "smsru",
    "SMSRU_API_ID": API_ID,
    "SMSRU_CALLBACK_TOKEN": TOKEN,
}
ADDED = '{"status":"OK","status_code":100,"check_id":"201737-542","call_phone":"78005008275"}'
CONFIRMED = "callcheck_status\n201737-542\n401\n1700000000"


class Service:
    """sms.ru on real HTTP: it answers in turn, the last answer again and again."""

    def __init__(self) -> None:
        self.answers: list[str | int] = [ADDED]
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.url = ""
        self.may_ask = True

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append((request.path, {name: str(value) for name, value in (await request.post()).items()}))
        assert request.query_string == ""
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return web.Response(status=answer) if isinstance(answer, int) else web.Response(text=answer)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    the_service = Service()
    app = web.Application()
    app.router.add_post("/{area}/{method}", the_service.handle)
    async with TestServer(app) as server:
        the_service.url = str(server.make_url("")).rstrip("/")
        yield the_service


@pytest.fixture
async def gateway(service: Service) -> AsyncIterator[SmsRuGateway]:
    config = load(ENVIRONMENT | {"SMSRU_URL": service.url}, None)
    dates = DateCheck(REAL_TIME, lambda _: None)
    made = SmsRuGateway(config, dates=dates, patience=1, may_ask=lambda: service.may_ask)
    yield made
    await made.close()


async def test_a_number_is_requested_with_the_phone_as_sms_ru_writes_it(
    service: Service, gateway: SmsRuGateway
) -> None:
    number = await gateway.request_number(PHONE)

    assert (number.number, number.alternatives, number.reference) == ("+78005008275", (), "201737-542")
    form = {"phone": PHONE.e164.removeprefix("+"), "api_id": API_ID, "json": "1"}
    assert service.asked == [("/callcheck/add", form)]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        *((code, GatewayReason.CREDENTIALS) for code in (200, 300, 301, 302)),
        (201, GatewayReason.NO_MONEY),
        *((code, GatewayReason.NUMBER_UNUSABLE) for code in (202, 207, 230, 231, 232, 233)),
        *((code, GatewayReason.BLACKLISTED) for code in (209, 215)),
        (214, GatewayReason.COUNTRY_REFUSED),
        *((code, GatewayReason.ADDRESS_BLOCKED) for code in (505, 506, 507)),
        *((code, GatewayReason.UNAVAILABLE) for code in (206, 208, 999, -1)),
    ],
)
async def test_an_error_costs_one_request(
    service: Service, gateway: SmsRuGateway, code: int, reason: GatewayReason
) -> None:
    service.answers = [f'{{"status":"ERROR","status_code":{code},"status_text":"{API_ID}"}}']

    with pytest.raises(GatewayError) as error:
        await gateway.request_number(PHONE)

    assert (error.value.reason, error.value.code, len(service.asked)) == (reason, code, 1)
    assert API_ID not in str(error.value)


@pytest.mark.parametrize("failure", ['{"status_code":220}', '{"status_code":"500"}', 500, 429])
async def test_what_may_pass_is_tried_again(service: Service, gateway: SmsRuGateway, failure: str | int) -> None:
    service.answers = [failure, ADDED]

    assert (await gateway.request_number(PHONE)).reference == "201737-542"
    assert len(service.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "100",
        "<html>blocked</html>",
        "[]",
        "{}",
        '{"status_code":100}',
        '{"status_code":100,"check_id":"201737-542","call_phone":""}',
        '{"status_code":100,"check_id":"201737-542","call_phone":"call us"}',
        '{"status_code":100,"check_id":"","call_phone":"78005008275"}',
        '{"status_code":100,"check_id":"2\\n1","call_phone":"78005008275"}',
        '{"status_code":100,"check_id":{"a":1},"call_phone":"78005008275"}',
        "[" * 100_000,
        '{"status_code":100,"check_id":"' + "1" * 65 + '","call_phone":"78005008275"}',
    ],
)
async def test_an_answer_that_nobody_understands_gives_no_number(
    service: Service, gateway: SmsRuGateway, answer: str
) -> None:
    service.answers = [answer]

    with pytest.raises(GatewayError) as error:
        await gateway.request_number(PHONE)

    assert error.value.reason is GatewayReason.UNAVAILABLE


async def test_a_process_that_may_not_ask_requests_no_number(service: Service, gateway: SmsRuGateway) -> None:
    service.may_ask = False

    with pytest.raises(LeadershipLostError):
        await gateway.request_number(PHONE)

    assert service.asked == []


@pytest.mark.parametrize("written", ['"401"', "401"])
async def test_of_the_checks_asked_for_the_confirmed_ones_are_calls(
    service: Service, gateway: SmsRuGateway, written: str
) -> None:
    service.answers = [f'{{"status":"OK","status_code":100,"check_status":{written}}}']
    references = [f"201737-{number}" for number in range(25)]

    calls = await gateway.read_statuses(references)

    assert [call.reference for call in calls] == references
    assert {(call.kind, call.source, call.placed_at) for call in calls} == {(EventKind.CALL, EventSource.INBOX, None)}
    assert len({call.identity for call in calls}) == 25
    assert sorted(form["check_id"] for _, form in service.asked) == sorted(references)


@pytest.mark.parametrize("written", ["400", "402"])
async def test_a_check_that_waits_or_is_over_is_no_call(service: Service, gateway: SmsRuGateway, written: str) -> None:
    service.answers = [f'{{"status_code":100,"check_status":"{written}"}}']

    assert await gateway.read_statuses(["201737-1"]) == []


@pytest.mark.parametrize("answer", ['{"status_code":100}', '{"status_code":100,"check_status":"4010"}', "{}"])
async def test_a_status_that_is_unknown_is_no_call(service: Service, gateway: SmsRuGateway, answer: str) -> None:
    service.answers = [answer]

    with pytest.raises(GatewayError):
        await gateway.read_statuses(["201737-1"])


@pytest.mark.parametrize(("written", "amount"), [('"8953.20"', "8953.20"), ("12.5", "12.5"), ('"-0.50"', "-0.50")])
async def test_the_balance(service: Service, gateway: SmsRuGateway, written: str, amount: str) -> None:
    service.answers = [f'{{"status_code":100,"balance":{written}}}']

    assert await gateway.balance() == Balance(amount, "RUB")


@pytest.mark.parametrize("written", ['""', '"a lot"', '"NaN"', "null"])
async def test_a_balance_that_is_no_amount(service: Service, gateway: SmsRuGateway, written: str) -> None:
    service.answers = [f'{{"status_code":100,"balance":{written}}}']

    with pytest.raises(GatewayError):
        await gateway.balance()


def signed(*entries: str, names: list[str] | None = None, key: str = API_ID) -> CallbackRequest:
    """A callback with these entries, as a form."""
    digest = hashlib.sha256("".join([key, *entries]).encode()).hexdigest()
    fields = list(zip(names or [f"data[{number}]" for number in range(1, 1000)], entries, strict=False))
    body = urlencode([*fields, ("hash", digest)]).encode()
    return CallbackRequest("POST", "", "application/x-www-form-urlencoded", body)


@pytest.mark.parametrize("names", [["data[1]"], ["data[0]"], ["data[]"], ["data"]])
def test_a_confirmed_check_is_a_call(names: list[str]) -> None:
    (event,) = read_callback(signed(CONFIRMED, names=names), API_ID)

    assert (event.kind, event.source, event.reference) == (EventKind.CALL, EventSource.CALLBACK, "201737-542")
    assert (event.caller, event.called) == ("", "")
    assert event.placed_at == datetime.fromtimestamp(1_700_000_000, UTC)
    assert event.note == {"status": "401", "time": "1700000000"}


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        (CONFIRMED.replace("\n", "\r\n"), EventKind.CALL),
        (CONFIRMED + "\n", EventKind.CALL),
        (CONFIRMED.replace("401", "402"), EventKind.STATUS),
        (CONFIRMED.replace("401", "4010"), EventKind.STATUS),
        (CONFIRMED.replace("callcheck_status", "sms_status"), EventKind.UNKNOWN),
        (CONFIRMED.replace("1700000000", ""), EventKind.UNKNOWN),
        (CONFIRMED.replace("1700000000", "soon"), EventKind.UNKNOWN),
        (CONFIRMED.replace("1700000000", "1"), EventKind.UNKNOWN),
        (CONFIRMED.replace("201737-542", ""), EventKind.UNKNOWN),
        (CONFIRMED + "\nmore", EventKind.UNKNOWN),
        ("", EventKind.UNKNOWN),
    ],
)
def test_other_entries_are_no_calls(entry: str, kind: EventKind) -> None:
    assert [event.kind for event in read_callback(signed(entry), API_ID)] == [kind]


def test_a_callback_may_hold_a_hundred_entries() -> None:
    entries = [CONFIRMED.replace("542", str(number)) for number in range(100)]

    events = read_callback(signed(*entries), API_ID)

    assert [event.reference for event in events] == [f"201737-{number}" for number in range(100)]


@pytest.mark.parametrize(
    "request_",
    [
        signed(CONFIRMED, key="another key"),
        CallbackRequest("POST", "", "", urlencode({"data[1]": CONFIRMED}).encode()),
        CallbackRequest("POST", "", "", urlencode({"data[1]": CONFIRMED, "hash": ""}).encode()),
        CallbackRequest("POST", "", "", signed(CONFIRMED).body.replace(b"401", b"402")),
        CallbackRequest("POST", "", "", signed(CONFIRMED).body + b"&data[2]=more"),
        CallbackRequest("POST", "", "", signed(CONFIRMED).body + b"&hash=00"),
        CallbackRequest("POST", "", "", b""),
        CallbackRequest("GET", signed(CONFIRMED).body.decode(), "", b""),
        # MD5, which one public program expects.
        CallbackRequest(
            "POST",
            "",
            "",
            urlencode({"data[1]": CONFIRMED, "hash": hashlib.md5((API_ID + CONFIRMED).encode()).hexdigest()}).encode(),
        ),
    ],
)
def test_what_the_key_of_the_account_does_not_sign_is_refused(request_: CallbackRequest) -> None:
    with pytest.raises(BadSignature) as refusal:
        read_callback(request_, API_ID)

    assert API_ID not in str(refusal.value)


def test_a_body_that_is_cut_off_cannot_be_read() -> None:
    with pytest.raises(BadCallback):
        read_callback(CallbackRequest("POST", "", "multipart/form-data; boundary=x", b"--x\r\n"), API_ID)


async def test_what_an_operator_sets_for_it(gateway: SmsRuGateway) -> None:
    usual = gateway.settings
    assert (usual.name, usual.call_window, usual.poll_every) == (
        "sms.ru",
        timedelta(minutes=5),
        timedelta(seconds=10),
    )
    assert usual.callback.url("https://call.example") == f"https://call.example/smsru/{TOKEN}"
    assert TOKEN not in repr(usual)
    assert gateway.parse_callback(signed(CONFIRMED)).answer == "100"
    names = usual.variables
    named = {names.url, names.proxy, names.credentials, names.poll_seconds, names.price, usual.callback.variable}
    assert named <= SmsRuSettings.model_fields.keys()
    given = load(ENVIRONMENT | {"SMSRU_PRICE": "0.4", "SMSRU_LOW_BALANCE": "7"}, None)
    assert (Decimal("0.4"), 7) == (given.SMSRU_PRICE, given.SMSRU_LOW_BALANCE)


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ({"SMSRU_API_ID": ""}, "SMSRU_API_ID: missing; it is needed with GATEWAYS=smsru"),
        ({"SMSRU_CALLBACK_TOKEN": ""}, "SMSRU_CALLBACK_TOKEN: missing; it is needed with GATEWAYS=smsru"),
        ({"SMSRU_API_ID": "short # comment"}, "SMSRU_API_ID: must be the api_id of your account"),
        ({"SMSRU_CALLBACK_TOKEN": "1234567890123456"}, "SMSRU_CALLBACK_TOKEN: too easily guessed"),
        ({"GATEWAYS": "smsc,smsru"}, "GATEWAYS: must be smsc or smsru; one of them"),
        ({"GATEWAYS": ""}, "GATEWAYS: missing; SMSRU_API_ID has an effect only with GATEWAYS=smsru"),
        ({"GATEWAYS": "smsc"}, "SMSC_API_KEY: missing; set it, or SMSC_LOGIN and SMSC_PASSWORD"),
    ],
)
def test_a_wrong_configuration_names_the_variable(environment: dict[str, str], problem: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        load(ENVIRONMENT | environment, None)

    assert any(line.startswith(problem) for line in error.value.problems)


def test_sms_ru_needs_no_variable_of_smsc() -> None:
    assert load(ENVIRONMENT, None).GATEWAYS == "smsru"
