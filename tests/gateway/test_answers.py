"""Every shape of SMSC's answers, and every way in which an answer can be unreadable."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.gateway import AssignedNumber, Balance, GatewayError, GatewayReason
from bot.gateway.smsc.answers import balance_of, inbox_of, offer_of

ONE, TWO = "+74951112233", "+74951112244"

OFFERS = {
    "fmt 0": f"phone = {ONE}, all_phones = {ONE},{TWO}",
    "fmt 0 with spaces and lines": f"\n phone={ONE} , all_phones={ONE}, {TWO}\n",
    "fmt 0 over two lines": f"phone = {ONE}, all_phones = {ONE}\n{TWO}",
    "fmt 0 in capitals": f"PHONE = {ONE}, ALL_PHONES = {ONE},{TWO}",
    "fmt 1": f"{ONE},{TWO}",
    "fmt 1 without plus": "74951112233,74951112244",
    "fmt 1 by semicolons": f"{ONE};{TWO}",
    "fmt 1 by lines": f"{ONE}\n{TWO}",
    "fmt 2": f"<result><phone>{ONE}</phone><all_phones><phone>{ONE}</phone><phone>{TWO}</phone></all_phones></result>",
    "fmt 2 with a declaration": '<?xml version="1.0" encoding="windows-1251"?>'
    f"<result>\n<phone>{ONE}</phone>\n<all_phones><phone>{ONE}</phone><phone>{TWO}</phone></all_phones></result>",
    "fmt 2 with separated text": f"<result><phone>{ONE}</phone><all_phones>{ONE},{TWO}</all_phones></result>",
    "fmt 3": json.dumps({"phone": ONE, "all_phones": [ONE, TWO]}),
    "fmt 3 with numbers": json.dumps({"phone": 74951112233, "all_phones": [74951112233, 74951112244]}),
    "fmt 3 with text": json.dumps({"phone": ONE, "all_phones": f"{ONE}, {TWO}"}),
    "fmt 3 with an object for a list": json.dumps({"phone": ONE, "all_phones": {"0": ONE, "2": TWO}}),
    "fmt 3 without phone": json.dumps({"all_phones": [ONE, TWO]}),
    "fmt 3 with phone null": json.dumps({"phone": None, "all_phones": [ONE, TWO]}),
    "fmt 3 with phone empty": json.dumps({"phone": "", "all_phones": [ONE, TWO]}),
    "fmt 3 with a written number": json.dumps({"phone": "+7 (495) 111-22-33", "all_phones": [ONE, TWO]}),
    "fmt 3 with other dashes": json.dumps({"phone": "+7\u2011495\u2013111\u221222-33", "all_phones": [ONE, TWO]}),
    "fmt 3 with dots": json.dumps({"phone": "+7.495.111.22.33", "all_phones": [ONE, TWO]}),
    "fmt 3 with marks of direction": json.dumps({"phone": f"\u202a{ONE}\u202c", "all_phones": [ONE, TWO]}),
    "fmt 3 with an empty error": json.dumps({"phone": ONE, "all_phones": [ONE, TWO], "error": "", "error_code": 0}),
    "fmt 3 with no error": json.dumps({"phone": ONE, "all_phones": [ONE, TWO], "error": None}),
    "fmt 3 with a repeated number": json.dumps({"phone": ONE, "all_phones": [ONE, ONE, TWO, 74951112244]}),
    "fmt 3 with what is no number": json.dumps(
        {"phone": ONE, "all_phones": ["", None, True, 1.5, [ONE], "x", "12", "1234", ONE, TWO, "1" * 16]}
    ),
}


@pytest.mark.parametrize("answer", OFFERS.values(), ids=OFFERS.keys())
def test_each_shape_of_success_gives_the_same_offer(answer: str) -> None:
    assert offer_of(answer) == AssignedNumber(ONE, (ONE, TWO))


def test_the_number_to_call_is_phone_even_when_it_is_not_among_all() -> None:
    for answer in (json.dumps({"phone": TWO, "all_phones": [ONE]}), f"phone = {TWO}, all_phones = {ONE}"):
        offer = offer_of(answer)
        assert offer == AssignedNumber(TWO, (ONE,))
        assert ONE in offer
        assert TWO in offer


def test_a_phone_alone_is_an_offer_without_alternatives() -> None:
    assert offer_of(json.dumps({"phone": ONE})) == AssignedNumber(ONE, ())


@pytest.mark.parametrize("digits", ["12345", "1" * 15])
def test_numbers_of_5_to_15_digits_are_numbers(digits: str) -> None:
    assert offer_of(json.dumps({"phone": digits})).number == f"+{digits}"


def errors(code: int) -> dict[str, str]:
    """An error in each of the four formats, and in their likely variations."""
    return {
        "fmt 0": f"ERROR = {code} (some words)",
        "fmt 0 bare": f"error={code}",
        "fmt 1": f"0,-{code}",
        "fmt 1 with spaces": f" 0 , - {code}\n",
        "fmt 2": f"<result><error>some words</error><error_code>{code}</error_code></result>",
        "fmt 3": json.dumps({"error": "some words", "error_code": code}),
        "fmt 3 with text": json.dumps({"error": "some words", "error_code": f" {code} "}),
        "fmt 3 negative": json.dumps({"error": "some words", "error_code": -code}),
        "fmt 3 without words": json.dumps({"error_code": code, "phone": ONE}),
    }


REASONS = {
    1: GatewayReason.NUMBER_UNUSABLE,
    2: GatewayReason.CREDENTIALS,
    3: GatewayReason.NO_MONEY,
    4: GatewayReason.ADDRESS_BLOCKED,
    5: GatewayReason.BLACKLISTED,
    6: GatewayReason.COUNTRY_REFUSED,
    7: GatewayReason.UNAVAILABLE,
    9: GatewayReason.UNAVAILABLE,
    0: GatewayReason.UNAVAILABLE,
    1234: GatewayReason.UNAVAILABLE,
}


@pytest.mark.parametrize("shape", errors(0).keys())
@pytest.mark.parametrize(("code", "reason"), REASONS.items())
def test_each_shape_of_each_error_gives_its_reason(code: int, reason: GatewayReason, shape: str) -> None:
    with pytest.raises(GatewayError) as caught:
        offer_of(errors(code)[shape])
    assert (caught.value.reason, caught.value.code) == (reason, code)
    assert "some words" not in f"{caught.value!r} {caught.value}"


@pytest.mark.parametrize(
    "answer",
    [
        '{"error": "some words"}',
        '{"error": "some words", "error_code": null}',
        '{"error": "some words", "error_code": true}',
        '{"error": "some words", "error_code": 12345}',
        '{"error": "some words", "error_code": [2]}',
        '{"error": "some words", "error_code": "2x"}',
        "<result><error>some words</error></result>",
        "<result><error_code/></result>",
    ],
)
def test_an_error_without_a_readable_code_is_unavailable(answer: str) -> None:
    with pytest.raises(GatewayError) as caught:
        offer_of(answer)
    assert caught.value.detail == "the gateway named no error number"
    assert (caught.value.reason, caught.value.code) == (GatewayReason.UNAVAILABLE, None)


NO_ANSWERS = [
    "",
    "   ",
    "OK",
    "0",
    "ERROR",
    "ERROR = x",
    "<html><body>502 Bad Gateway</body></html>",
    "<result/>",
    "<result><phone>",
    '<!DOCTYPE r [<!ENTITY a "1">]><result><phone>&a;</phone></result>',
    '<!DOCTYPE r SYSTEM "http://127.0.0.1/x"><result><phone>+74951112233</phone></result>',
    "<a>" * 100_000,
    "{",
    "{}",
    "[]",
    '["+74951112233"]',
    '{"phone": NaN}',
    '{"phone": Infinity, "all_phones": []}',
    '{"phone": "x", "all_phones": "y"}',
    '{"phone": {}, "all_phones": [{}]}',
    '{"phone": "＋７４９５１１１２２３３"}',
    '{"phone": "٧٤٩٥١١١٢٢٣٣"}',
    "[" * 100_000,
    '{"phone": ' * 100_000,
    '{"phone": ' + "9" * 10_000 + "}",
    "phone = , all_phones = ",
    "x phone = +74951112233, all_phones = +74951112233",
    "1234",
]


@pytest.mark.parametrize("answer", NO_ANSWERS, ids=range(len(NO_ANSWERS)))
def test_anything_else_is_an_answer_nobody_understands(answer: str) -> None:
    with pytest.raises(GatewayError) as caught:
        offer_of(answer)
    assert caught.value.detail == "an answer nobody understands"
    assert (caught.value.reason, caught.value.code) == (GatewayReason.UNAVAILABLE, None)


@pytest.mark.parametrize(
    ("answer", "balance"),
    [
        ('{"balance": "100.25", "currency": "RUR"}', Balance("100.25", "RUR")),
        ('{"balance": 100.250, "currency": "RUR"}', Balance("100.250", "RUR")),
        ('{"balance": -3}', Balance("-3", "")),
        ('{"balance": " 0 ", "currency": null}', Balance("0", "")),
    ],
)
def test_a_balance_keeps_the_digits_it_came_with(answer: str, balance: Balance) -> None:
    assert balance_of(answer) == balance


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("1 234,56 руб.", "1234.56"),
        ("1\u00a0234,56\u00a0₽", "1234.56"),
        ("1\u2009234.56", "1234.56"),
        ("1\u202f234", "1234"),
        ("1'234.50", "1234.50"),
        ("1,234.56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("1.234.567", "1234567"),
        ("10,000", "10000"),
        ("10.000", "10.000"),
        ("0,500", "0.500"),
        ("1234.56 RUB", "1234.56"),
        ("RUB -5.10", "-5.10"),
        ("+100.00", "100.00"),
        ("\u22125", "-5"),
        ("- 5", "-5"),
        ("12 000.-", "12000"),
        ("12 000,\u2014", "12000"),
        ("\ufeff12.50\u200e", "12.50"),
        ('"12.50"', "12.50"),
        (".50", "0.50"),
        ("-0.00", "0.00"),
        ("US$ 5", "5"),
        ("5 CA$", "5"),
    ],
)
def test_a_balance_is_read_as_people_write_it(written: str, amount: str) -> None:
    assert balance_of(json.dumps({"balance": written})).amount == amount


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "100",
        "[]",
        "{}",
        '{"balance": "much"}',
        '{"balance": "1,5 тыс."}',
        '{"balance": "2 млн руб"}',
        '{"balance": "500 коп."}',
        '{"balance": "3 K"}',
        '{"balance": "500 cents"}',
        '{"balance": null}',
        '{"balance": 1e3}',
        '{"balance": "1."}',
        '{"balance": "inf"}',
        '{"balance": "NaN"}',
        '{"balance": "руб."}',
        '{"balance": "1 23"}',
        '{"balance": "1,2,3"}',
        '{"balance": "5 6 7"}',
        '{"balance": "(5.00)"}',
        '{"balance": "5-"}',
        '{"balance": "\u0661\u0662"}',
        '{"balance": "100 руб 50 коп"}',
        json.dumps({"balance": "RUB" + " " * 60_000 + "!"}),
    ],
)
def test_a_balance_that_is_no_amount_is_not_understood(answer: str) -> None:
    with pytest.raises(GatewayError, match="nobody understands"):
        balance_of(answer)


@pytest.mark.parametrize("code", [1, 5, 6])
def test_codes_about_a_number_say_nothing_where_no_number_was_asked_for(code: int) -> None:
    for read in (balance_of, inbox_of):
        with pytest.raises(GatewayError) as caught:
            read(errors(code)["fmt 3"])
        assert (caught.value.reason, caught.value.code) == (GatewayReason.UNAVAILABLE, code)


@pytest.mark.parametrize("code", [2, 4])
def test_codes_about_the_account_mean_the_same_everywhere(code: int) -> None:
    for read in (balance_of, inbox_of):
        with pytest.raises(GatewayError) as caught:
            read(errors(code)["fmt 3"])
        assert (caught.value.reason, caught.value.code) == (REASONS[code], code)


def test_code_3_is_no_money_for_the_balance() -> None:
    with pytest.raises(GatewayError) as caught:
        balance_of(errors(3)["fmt 0"])
    assert caught.value.reason is GatewayReason.NO_MONEY


@pytest.mark.parametrize("shape", errors(3).keys())
def test_code_3_is_an_empty_inbox(shape: str) -> None:
    assert inbox_of(errors(3)[shape]) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["phone", "id", "error"]) | st.text(), inner),
)
KNOWN = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(["phone", "all_phones", "error", "error_code", "balance", "currency"], JSON)
)
TEXTS = (
    st.text()
    | (JSON | KNOWN | st.lists(KNOWN)).map(json.dumps)
    | st.text(alphabet="<>/phone result&;!=\"'0 +{}[],")
    | st.from_regex(r"(ERROR|phone|0|<result>|\+7)[ =,-]*.{0,40}")
)


@given(TEXTS)
def test_no_answer_raises_anything_but_a_gateway_error(answer: str) -> None:
    for read in (offer_of, balance_of, inbox_of):
        with contextlib.suppress(GatewayError):
            read(answer)
