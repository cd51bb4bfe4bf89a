"""Incident messages for operators: what is wrong, what it means, what to do; and that it is resolved."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from html import escape

from bot.domain.error_text import shortened
from bot.domain.incidents import EPHEMERAL, IncidentKind
from bot.domain.monitoring import BalanceReport
from bot.features.monitoring.troubles import Details, clock_difference, right, token_use, variable_of
from bot.i18n import formats
from bot.i18n.reasons import GATEWAY_TROUBLES
from bot.i18n.texts import LONGEST_NAME, Words, shown


def incident(trouble: IncidentKind, details: Details, words: Words, callback_url: str | None) -> str:
    """Return the HTML of the message about an incident."""
    match trouble:
        case (
            IncidentKind.MONEY_SHORT
            | IncidentKind.GATEWAY_ERRORS
            | IncidentKind.CALLBACK_SILENT
            | IncidentKind.CALLS_UNMATCHED
        ):
            return _of_gateway(trouble, details, words, callback_url)
        case (
            IncidentKind.FLOODS
            | IncidentKind.WEBHOOK
            | IncidentKind.SECOND_PROGRAM
            | IncidentKind.PART_REFUSED
            | IncidentKind.GATE_LACKS
        ):
            return _of_telegram(trouble, details, words)
        case IncidentKind.OUTBOX_FAILING | IncidentKind.OUTBOX_GONE:
            return _of_outbox(trouble, details, words)
        case _:
            return _of_our_own(trouble, details, words)


def all_clear(trouble: IncidentKind, details: Details, words: Words) -> str:
    """Return the HTML of the message that the incident is resolved."""
    lasted = formats.rounded_span(timedelta(seconds=int(details.get("seconds_lasted", 0))), words)
    match trouble:
        case IncidentKind.TELEGRAM_SILENT:
            return words("✅ Telegram answers again after {lasted}; I am catching up.", lasted=lasted)
        case IncidentKind.TELEGRAM_REFUSES:
            return words(
                "✅ Telegram accepts my calls again, after {lasted} of refusing: {error}",
                lasted=lasted,
                error=shown(shortened(str(details.get("error", "")), LONGEST_NAME)),
            )
        case IncidentKind.GATE_OFF:
            gate = f"<b>{shown(str(details.get('title', '')))}</b>"
            return words("✅ {gate}: I can let people in again, after {lasted}.", gate=gate, lasted=lasted)
        case _:
            return words(
                "✅ Resolved: {what} (after {lasted}).",
                what=_what(trouble, details, words),
                lasted=lasted,
            )


def _of_gateway(trouble: IncidentKind, details: Details, words: Words, callback_url: str | None) -> str:
    match trouble:
        case IncidentKind.MONEY_SHORT if "days" in details:
            return words(
                "💰 The gateway account has {amount} {currency} left, enough for about {days}. Top it "
                "up: without money nobody gets a number.",
                amount=details["amount"],
                currency=shown(str(details["currency"])),
                days=words.many("{count} day", "{count} days", int(details["days"])),
            )
        case IncidentKind.MONEY_SHORT:
            return words(
                "💰 The gateway account has only {amount} {currency} left. Top it up: without money "
                "nobody gets a number.",
                amount=details["amount"],
                currency=shown(str(details["currency"])),
            )
        case IncidentKind.GATEWAY_ERRORS:
            return words(
                "⚠️ The gateway failed {failed} of the last {asked} requests for a number. I asked "
                "those people to try again later. If it goes on, look at the gateway's news, and run "
                "“python -m bot doctor”.",
                failed=details["failed"],
                asked=details["asked"],
            )
        case IncidentKind.CALLS_UNMATCHED:
            return words.many(
                "⚠️ {count} call was reported within an hour that matches nobody, while people wait in vain. Check the "
                "clock of this machine with “python -m bot doctor”, and whether the gateway account reports calls of "
                "other programs, or phones in another form.",
                "⚠️ {count} calls were reported within an hour that match nobody, while people wait in vain. Check the "
                "clock of this machine with “python -m bot doctor”, and whether the gateway account reports calls of "
                "other programs, or phones in another form.",
                int(details["count"]),
            )
        case _:
            return words(
                "⚠️ Your callback URL does not reach me: I found the last {count} calls only in the "
                "gateway's inbox, which takes longer. In the gateway account's settings, enter "
                "exactly this as the handler's address:\n"
                "<code>{url}</code>",
                count=details["count"],
                url=escape(callback_url or "", quote=False),
            )


def _of_telegram(trouble: IncidentKind, details: Details, words: Words) -> str:
    match trouble:
        case IncidentKind.FLOODS:
            return words(
                "⚠️ Telegram asked me to slow down {count} times within five minutes. Nothing is "
                "lost, but people wait longer. If it happens again, lower TELEGRAM_RATE.",
                count=details["count"],
            )
        case IncidentKind.PART_REFUSED if details["subject"] == EPHEMERAL:
            return words(
                "⚠️ The Bot API server does not know messages that only one person sees: it showed "
                "one to the whole group, and I deleted it. I now show muted newcomers one message "
                "for all. Update your Bot API server (10.2 or newer). I try again after a restart, "
                "or once a day."
            )
        case IncidentKind.PART_REFUSED:
            return words(
                "⚠️ Telegram refuses a part of my messages, which go out without it: {part}. For an address, set "
                "PUBLIC_URL to https with a full host name; for a tag or a button, update your Bot API server. Then "
                "restart me.",
                part=shown(str(details["subject"])),
            )
        case IncidentKind.SECOND_PROGRAM:
            return words(
                "🚨 Two programs use this bot's token: {what}. While both run, some people get no "
                "answer. Stop the other one. If it is not yours, revoke the token at @BotFather and "
                "put the new one into BOT_TOKEN.",
                what=token_use(details, words),
            )
        case IncidentKind.WEBHOOK if "undelivered" in details:
            return words.many(
                "⚠️ Telegram holds {count} update and does not deliver it. Check that PUBLIC_URL leads here.",
                "⚠️ Telegram holds {count} updates and does not deliver them. Check that PUBLIC_URL leads here.",
                int(details["undelivered"]),
            )
        case IncidentKind.WEBHOOK:
            return words(
                "⚠️ Telegram cannot deliver updates to the webhook: {error}. Until it can, people "
                "get no answers. Check that PUBLIC_URL is reachable from outside and its certificate "
                "is valid.",
                error=shown(shortened(str(details["error"]), LONGEST_NAME)),
            )
        case _:
            missing = ", ".join(right(name, words) for name in str(details["missing"]).split())
            return words(
                "⚠️ I lack rights in {gate}: {missing}. Ask its owner to grant them in the group's settings.",
                gate=f"<b>{shown(str(details['title']))}</b>",
                missing=missing,
            )


def _of_outbox(trouble: IncidentKind, details: Details, words: Words) -> str:
    name = variable_of(str(details["subject"]))
    if trouble is IncidentKind.OUTBOX_GONE:
        return words(
            "⚠️ {name} answered 410, so I stopped sending there. I keep the unsent events for a "
            "week. Correct the address, then restart me.",
            name=name,
        )
    return words(
        "⚠️ {name} has accepted nothing for an hour. I keep trying for three days. “python -m bot "
        "doctor” shows whether I can reach the address.",
        name=name,
    )


def _of_our_own(trouble: IncidentKind, details: Details, words: Words) -> str:
    match trouble:
        case IncidentKind.STORAGE_SLOW:
            return words(
                "⚠️ The database is slow: half of the transactions take longer than {seconds} "
                "seconds, and people wait as long. Check the disk, and what else runs on that "
                "machine.",
                seconds=details["seconds"],
            )
        case IncidentKind.STORAGE_FAILING:
            return words(
                "🚨 The database failed {count} times within five minutes. I lose nothing I "
                "acknowledged, but people get no answers meanwhile. Check its disk and its log.",
                count=details["count"],
            )
        case IncidentKind.QUEUE_STUCK:
            return words(
                "⚠️ I am falling behind: {length} tasks are due ({queue}), the oldest for {age}. If "
                "it does not pass, look for “delivery_failed” in the log.",
                length=details["length"],
                queue=shown(str(details["subject"])),
                age=formats.rounded_span(timedelta(seconds=int(details["seconds"])), words),
            )
        case IncidentKind.DISK_SHORT:
            return words(
                "🚨 The disk with the database is nearly full: {free} MiB ({percent} %) free. Once it "
                "is full, nobody gets in. Free some space.",
                free=details["free"],
                percent=details["percent"],
            )
        case IncidentKind.CLOCK:
            what = clock_difference(str(details["subject"]), int(details["ahead"]), words)
            if details["subject"] == "telegram":
                return words(
                    "🚨 The clock of this machine is wrong: {what}. Calls may not be recognised, and deadlines end at "
                    "the wrong time. Switch on time synchronisation (NTP).",
                    what=what,
                )
            return words(
                "⚠️ Two clocks differ: {what}, while mine agrees with Telegram's, or Telegram's is not known. Calls may "
                "not be recognised. Check the time synchronisation (NTP) of this machine; if it is right, tell the "
                "gateway.",
                what=what,
            )
        case _:
            return words("⚠️ Something is wrong: {what}.", what=trouble)


def _what(trouble: IncidentKind, details: Details, words: Words) -> str:  # noqa: C901 - one line a trouble
    """Return the incident in a few words."""
    match trouble:
        case IncidentKind.GATEWAY:
            return words("the gateway gives numbers again")
        case IncidentKind.GATEWAY_ERRORS:
            return words("the gateway answers properly again")
        case IncidentKind.MONEY_SHORT:
            return words("the gateway account has money again")
        case IncidentKind.CALLBACK_SILENT:
            return words("call reports reach the callback URL again")
        case IncidentKind.FLOODS:
            return words("Telegram lets me send at full speed again")
        case IncidentKind.PART_REFUSED if details.get("subject") == EPHEMERAL:
            return words("the Bot API server sends messages that one person alone sees")
        case IncidentKind.PART_REFUSED:
            return words("messages go out whole again ({part})", part=shown(str(details.get("subject", ""))))
        case IncidentKind.SECOND_PROGRAM:
            return words("no other program uses my token")
        case IncidentKind.WEBHOOK:
            return words("Telegram delivers updates to the webhook again")
        case IncidentKind.GATE_LACKS:
            return words("I have all rights in {gate} again", gate=f"<b>{shown(str(details.get('title', '')))}</b>")
        case IncidentKind.STORAGE_SLOW:
            return words("the database is fast enough again")
        case IncidentKind.STORAGE_FAILING:
            return words("the database keeps everything again")
        case IncidentKind.QUEUE_STUCK:
            return words("I have caught up again ({queue})", queue=shown(str(details.get("subject", ""))))
        case IncidentKind.DISK_SHORT:
            return words("there is room on the disk again")
        case IncidentKind.CLOCK:
            return words("the clocks agree again")
        case IncidentKind.CALLS_UNMATCHED:
            return words("calls match those who wait again")
        case IncidentKind.OUTBOX_FAILING | IncidentKind.OUTBOX_GONE:
            return words("{name} accepts events again", name=variable_of(str(details.get("subject", ""))))
        case IncidentKind.TELEGRAM_SILENT | IncidentKind.TELEGRAM_REFUSES | IncidentKind.GATE_OFF:
            return trouble


def balance_text(told: BalanceReport, words: Words) -> str:
    """Return the HTML of the message."""
    statement, now = told.statement, told.at
    lines = []
    if statement.reason is not None:
        lines += [_refused(told, words), ""]
    if statement.money is not None:
        lines.append(_money(told, statement.money, words))
    lines += _spending(told, words)
    if told.low:
        lines.append(words("I warn you below: {amount}", amount=_amount(told.low, told, words)))
    if statement.left_alone_until is not None and statement.left_alone_until > now:
        lines.append(
            words("Next check at the earliest: {moment}", moment=words.moment(statement.left_alone_until, now))
        )
    if statement.asked_at is not None:
        lines.append(words("Checked: {moment}", moment=words.moment(statement.asked_at, now)))
    return "\n".join(lines).strip()


def _money(told: BalanceReport, money: Decimal, words: Words) -> str:
    amount = f"<b>{_amount(money, told, words)}</b>"
    if told.statement.reason is not None and told.statement.told_at is not None:
        before = words.moment(told.statement.told_at, told.at)
        return words("Last known balance: {amount}, {moment}", amount=amount, moment=before)
    return words("💰 Balance at {gateway}: {amount}", gateway=told.gateway.name, amount=amount)


def _spending(told: BalanceReport, words: Words) -> list[str]:
    if not told.has_price:
        return [words("Set {variable} to see the spending and how long the money lasts.", variable=told.gateway.price)]
    if told.spending is None:
        return [words("I do not know the spending: the database does not answer.")]
    today, week = (_amount(spent, told, words) for spent in (told.spending.today, told.spending.week))
    lines = [words("Spent on numbers: {today} today, {week} in 7 days", today=today, week=week)]
    if told.days is not None:
        days = formats.day_count(told.days, words)
        lines.append(words("At this pace it lasts for: {days}", days=days))
    return lines


def _refused(told: BalanceReport, words: Words) -> str:
    """Return why the gateway did not report a balance, and what to do."""
    statement = told.statement
    code = "" if statement.code is None else " " + words("(code {code})", code=statement.code)
    if statement.reason not in GATEWAY_TROUBLES:
        return words("⚠️ The gateway says nothing about the account.{code}", code=code)
    return words(GATEWAY_TROUBLES[statement.reason].advice, code=code, credentials=told.gateway.credentials)


def _amount(amount: Decimal, told: BalanceReport, words: Words) -> str:
    currency = shown(told.statement.currency) if told.statement.currency else ""
    return f"{formats.money(amount, words.language)} {currency}".strip()
