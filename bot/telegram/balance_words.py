"""The balance of the gateway account, in words."""

from __future__ import annotations

from decimal import Decimal

from bot.domain.condition import BalanceReading, BalanceReport
from bot.telegram import numbers
from bot.telegram.reasons import GATEWAY_TROUBLES
from bot.telegram.texts import Words, shown


def balance_text(told: BalanceReport, words: Words) -> str:
    """Return the HTML of the message."""
    statement, now = told.statement, told.at
    lines = []
    if statement.reason is not None:
        lines += [_refused(statement, words), ""]
    if statement.money is not None:
        lines.append(_money(told, statement.money, words))
    lines += _spending(told, words)
    if told.low:
        lines.append(words("I sound the alarm below: {amount}", amount=_amount(told.low, told, words)))
    if statement.left_alone_until is not None and statement.left_alone_until > now:
        lines.append(
            words("Asked again at the earliest: {moment}", moment=words.moment(statement.left_alone_until, now))
        )
    if statement.asked_at is not None:
        lines.append(words("Asked: {moment}", moment=words.moment(statement.asked_at, now)))
    return "\n".join(lines).strip()


def _money(told: BalanceReport, money: Decimal, words: Words) -> str:
    amount = f"<b>{_amount(money, told, words)}</b>"
    if told.statement.reason is not None and told.statement.told_at is not None:
        before = words.moment(told.statement.told_at, told.at)
        return words("Money at the gateway when it last told: {amount}, {moment}", amount=amount, moment=before)
    return words("💰 Money at the gateway: {amount}", amount=amount)


def _spending(told: BalanceReport, words: Words) -> list[str]:
    if not told.has_price:
        return [words("Set SMSC_PRICE, and I tell what is spent and for how long the money lasts.")]
    if told.spending is None:
        return [words("What was spent is not known: the database gives no answer.")]
    today, week = (_amount(spent, told, words) for spent in (told.spending.today, told.spending.week))
    lines = [words("Spent on numbers: {today} today, {week} in 7 days", today=today, week=week)]
    if told.days is not None:
        days = numbers.day_count(told.days, words)
        lines.append(words("At this pace it lasts for: {days}", days=days))
    return lines


def _refused(statement: BalanceReading, words: Words) -> str:
    """Return why the gateway did not report a balance, and what to do."""
    code = "" if statement.code is None else " " + words("(code {code})", code=statement.code)
    if statement.reason not in GATEWAY_TROUBLES:
        return words("⚠️ The gateway tells nothing about the account.{code}", code=code)
    return words(GATEWAY_TROUBLES[statement.reason].advice, code=code)


def _amount(amount: Decimal, told: BalanceReport, words: Words) -> str:
    currency = shown(told.statement.currency) if told.statement.currency else ""
    return f"{numbers.money(amount, words.language)} {currency}".strip()
