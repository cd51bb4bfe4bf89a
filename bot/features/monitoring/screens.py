"""Messages to operators about the health of the installation and the balance of the gateway account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from statistics import median

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest

from bot.domain.error_text import shortened
from bot.domain.gateway import CircuitBreaker
from bot.domain.incidents import Finding, Incident, IncidentKind
from bot.domain.monitoring import BalanceReport, HealthReport
from bot.domain.notifications import SendBalance, SendHealth
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingTask, Work
from bot.domain.webhooks import MOST_TRIES, Destination, DestinationStatus, RetryStats
from bot.features.monitoring.troubles import clock_difference, queue_name, variable_of, wrong
from bot.features.monitoring.words import balance_text
from bot.features.settings.states import SIGNS, state_name
from bot.i18n import formats
from bot.i18n.reasons import REASONS
from bot.i18n.texts import LONGEST_NAME, Texts, Words, shown
from bot.telegram.api_errors import NOTHING_CHANGED, UNREACHABLE, says
from bot.telegram.keyboards import Subject, refresh
from bot.telegram.methods import EditText, SendText
from bot.telegram.rendered import TaskRunner

MOST_TROUBLES = 10
A_MOMENT = timedelta(seconds=1)
STALE = 60
"""Seconds after which an incident that nobody sees any more appears to be over."""


def health_text(told: HealthReport, words: Words) -> str:
    """Return the HTML of the message."""
    sections = (_verdict, _process, _storage, _telegram, _gateway, _gates, _waiting, _own_systems, _foot)
    return "\n\n".join("\n".join(lines) for section in sections if (lines := section(told, words)))


def _verdict(told: HealthReport, words: Words) -> list[str]:
    incidents = told.kept.incidents if told.kept is not None else ()
    found = [
        *([words("the database does not answer")] if told.kept is None else []),
        *(_incident(incident, told.at, words) for incident in incidents),
        *(_finding(finding, words) for finding in told.unnoted),
    ]
    if not found:
        return ["✅ <b>" + words("All is well.") + "</b>"]
    more = len(found) - MOST_TROUBLES
    return [
        "🚨 <b>" + words.many("{count} trouble", "{count} troubles", len(found)) + "</b>",
        *(f"• {line}" for line in found[:MOST_TROUBLES]),
        *([words("… and {count} more", count=more)] if more > 0 else []),
    ]


def _incident(incident: Incident, now: datetime, words: Words) -> str:
    what = wrong(incident.trouble, {**incident.details, "subject": incident.subject}, words)
    since = words.moment(incident.since, now)
    if (now - incident.seen_at).total_seconds() > STALE:
        return words(
            "{what}; began {since}, last seen {seen}", what=what, since=since, seen=words.moment(incident.seen_at, now)
        )
    return words("{what}; began {since}", what=what, since=since)


def _finding(finding: Finding, words: Words) -> str:
    what = wrong(finding.trouble, {**finding.details, "subject": finding.subject}, words)
    return words("{what}; just now", what=what)


def _process(told: HealthReport, words: Words) -> list[str]:
    process = told.process
    lines = [
        f"<b>Callgate {process.version}</b>",
        words("Started: {moment}", moment=words.moment(process.since, told.at)),
    ]
    if process.leads_since is not None:
        lines.append(words("Leads since: {moment}", moment=words.moment(process.leads_since, told.at)))
    if ahead := told.readings.clock_ahead:
        compared = "; ".join(_clock(source, ahead, words) for source in ahead)
        lines.append(words("Clock: {difference}", difference=compared))
    return lines


def _clock(source: str, ahead: Mapping[str, float], words: Words) -> str:
    if round(ahead[source]):
        return clock_difference(source, round(ahead[source]), words)
    return words("agrees with Telegram's") if source == "telegram" else words("agrees with the gateway's")


def _storage(told: HealthReport, words: Words) -> list[str]:
    readings, language = told.readings, words.language
    kind = "SQLite" if told.process.is_alone else "PostgreSQL"
    size = f" · {formats.size(told.kept.size, language)}" if told.kept is not None else ""
    lines = ["<b>" + words("Storage") + f"</b> · {kind}{size}"]
    if readings.disk is not None:
        free, total = (formats.size(count, language) for count in (readings.disk.free, readings.disk.total))
        lines.append(words("Free on its disk: {free} of {total}", free=free, total=total))
    if told.ways.backs_up:
        made_at = told.process.backed_up_at
        lines.append(
            words("Last back-up: {when}", when=words.moment(made_at, told.at))
            if made_at is not None
            else words("No back-up yet")
        )
    if readings.transactions:
        lines.append(
            words(
                "Transactions in 5 min: {count}, half within {median}, slowest {slowest}",
                count=formats.count(len(readings.transactions), language),
                median=formats.took(median(readings.transactions), language),
                slowest=formats.took(max(readings.transactions), language),
            )
        )
    if readings.unkept:
        lines.append(words("Not saved in 5 min: {count}", count=formats.count(readings.unkept, language)))
    return lines


def _telegram(told: HealthReport, words: Words) -> list[str]:
    readings, now = told.readings, told.at
    way = words("by webhook") if told.ways.has_webhook else words("by polling")
    lines = ["<b>Telegram</b> · " + way]
    if readings.silent_since is not None:
        # The reader gets this message from Telegram, so that incident is over.
        lines.append(words("Has not answered since {moment}", moment=words.moment(readings.silent_since, now)))
    lines.append(words("Last answer: {moment}", moment=_when(readings.answered_at, now, words)))
    if readings.webhook_error_at is not None:
        lines.append(
            words(
                "Last failure of the webhook: {moment}, {error}",
                moment=words.moment(readings.webhook_error_at, now),
                error=shown(shortened(readings.webhook_error, LONGEST_NAME)),
            )
        )
    if readings.undelivered:
        lines.append(
            words.many(
                "Telegram holds {count} update and does not deliver it",
                "Telegram holds {count} updates and does not deliver them",
                readings.undelivered,
            )
        )
    left = formats.share(told.budget_left, words.language)
    lines.append(
        words(
            "“Too many requests” in 5 min: {count} · budget left: {left}",
            count=formats.count(readings.floods, words.language),
            left=left,
        )
    )
    return lines


def _gateway(told: HealthReport, words: Words) -> list[str]:
    readings, ways, kept, now = told.readings, told.ways, told.kept, told.at
    lines = ["<b>" + words("Gateway: {name}", name=ways.gateway.name) + "</b>"]
    if kept is not None:
        lines.append(_breaker(kept.breaker, now, words))
    if readings.asked_at is not None:
        what = words("number given") if readings.outcome == "given" else words(REASONS[readings.outcome].label)
        lines.append(words("Last request: {moment}, {what}", moment=words.moment(readings.asked_at, now), what=what))
    lines.append(_requests(readings.asked, readings.failed, words))
    if kept is not None:
        seen = _when(kept.called_back_at, now, words)
        if kept.called_back_at is None and not ways.has_callback:
            seen = words("never, PUBLIC_URL is not set")
        lines.append(words("Callback last seen: {moment}", moment=seen))
        read = _when(kept.inbox_read_at, now, words)
        if not ways.polls_inbox:
            read = words("never ({variable})", variable=ways.gateway.poll_seconds)
        lines.append(words("Calls last asked for: {moment}", moment=read))
    return lines


def _breaker(breaker: CircuitBreaker, now: datetime, words: Words) -> str:
    if breaker.reason is None:
        return words("Breaker: closed, requests pass")
    why = words(REASONS[breaker.reason].label)
    if breaker.retry_at is None or breaker.allows(now):
        return words("Breaker: open ({why}); the next request is a trial", why=why)
    return words("Breaker: open ({why}); next trial: {moment}", why=why, moment=words.moment(breaker.retry_at, now))


def _requests(asked: int, failed: int, words: Words) -> str:
    if not asked:
        return words("Requests in 15 min: none")
    return words(
        "Requests in 15 min: {asked}, of which failed: {failed} ({share})",
        asked=formats.count(asked, words.language),
        failed=formats.count(failed, words.language),
        share=formats.share(failed / asked, words.language),
    )


def _gates(told: HealthReport, words: Words) -> list[str]:
    if told.kept is None or not told.kept.gates:
        return []
    counts = [
        f"{SIGNS[state]} {state_name(state, words)}: {formats.count(told.kept.gates[state], words.language)}"
        for state in sorted(told.kept.gates)
    ]
    return ["<b>" + words("Groups") + "</b> · /gates", *counts]


def _waiting(told: HealthReport, words: Words) -> list[str]:
    if told.kept is None:
        return []
    lines = []
    for queue in told.kept.queues:
        if not queue.length:
            continue
        name, count = queue_name(queue.name, words), formats.count(queue.length, words.language)
        if (age := queue.age(told.at)) < A_MOMENT:
            lines.append(f"{name}: {count}")
            continue
        oldest = formats.span(age, words.language)
        lines.append(words("{queue}: {count}, the oldest for {age}", queue=name, count=count, age=oldest))
    if told.kept.notifications is not None:
        lines.append(
            words("Messages that failed: {retries}", retries=_retries(told.kept.notifications, None, told.at, words))
        )
    return ["<b>" + words("Waiting") + "</b>", *(lines or [words("Nothing.")])]


def _own_systems(told: HealthReport, words: Words) -> list[str]:
    if told.kept is None:
        return []
    gone = {incident.subject for incident in told.kept.incidents if incident.trouble is IncidentKind.OUTBOX_GONE}
    override = {outgoing.target: outgoing for outgoing in told.kept.outgoing}
    lines = [
        f"{variable_of(target)}: " + _outgoing(override.get(target), told.at, words, is_gone=target in gone)
        for target in Destination
        if target in told.ways.targets or (target in override and override[target].queued)
    ]
    return ["<b>" + words("Your own systems") + "</b>", *lines] if lines else []


def _outgoing(outgoing: DestinationStatus | None, now: datetime, words: Words, *, is_gone: bool) -> str:
    if outgoing is None:
        return words("nothing sent yet")
    if not outgoing.queued:
        return words("queue empty, last accepted: {moment}", moment=_when(outgoing.delivered_at, now, words))
    age = formats.span(now - outgoing.oldest, words.language) if outgoing.oldest is not None else ""
    waits = words("{count} wait, the oldest for {age}", count=formats.count(outgoing.queued, words.language), age=age)
    if is_gone:
        return f"{waits}. " + words("I try nothing until you restart me.")
    if outgoing.retries is None:
        return waits
    return f"{waits}. " + words("Failed: {retries}", retries=_retries(outgoing.retries, MOST_TRIES, now, words))


def _retries(retries: RetryStats, most: int | None, now: datetime, words: Words) -> str:
    """Return how many failed, the tries so far and at most, and when the next one is."""
    return words(
        "{count}, tries: {tries}, next: {moment}, error: {error}",
        count=formats.count(retries.count, words.language),
        tries=retries.tries if most is None else f"{retries.tries}/{most}",
        moment=words.moment(retries.next_at, now),
        error=shown(shortened(retries.error, LONGEST_NAME)),
    )


def _foot(told: HealthReport, words: Words) -> list[str]:
    process = told.process
    lines = [
        words(
            "Read: {moment}, by process {pid} on {host}.",
            moment=words.moment(told.at, told.at),
            pid=process.pid,
            host=shown(process.host),
        )
    ]
    if not process.is_alone:
        lines.append(
            words(
                "This is the leader. Transactions, Telegram and requests are its own; queues, "
                "problems, breaker, callback and inbox are shared by all replicas."
            )
        )
    return [f"<i>{line}</i>" for line in lines]


def _when(moment: datetime | None, now: datetime, words: Words) -> str:
    return words("never") if moment is None else words.moment(moment, now)


TIMEOUT = 15


class HealthSender:
    """Collects the answer when the task runs, so it is current however long the task waited."""

    def __init__(
        self,
        bot: Bot,
        texts: Texts,
        condition: Callable[[], Awaitable[HealthReport]],
        account: Callable[[], Awaitable[BalanceReport]],
    ) -> None:
        self._bot = bot
        self._texts = texts
        self._condition = condition
        self._account = account
        self.runners: Mapping[type[Work], TaskRunner] = {SendHealth: self.health, SendBalance: self.balance}
        """The methods that run each class of work."""

    async def health(self, task: PendingTask, work: SendHealth) -> DeliveryResult:
        """Edit the message, or send a new one if there is none. May raise what aiogram raises."""
        words = self._words(task)
        return await self._show(task, work, health_text(await self._condition(), words), Subject.HEALTH, words)

    async def balance(self, task: PendingTask, work: SendBalance) -> DeliveryResult:
        """Do the same for the balance of the gateway account."""
        words = self._words(task)
        return await self._show(task, work, balance_text(await self._account(), words), Subject.BALANCE, words)

    def _words(self, task: PendingTask) -> Words:
        return self._texts.in_language(task.language)

    async def _show(
        self, task: PendingTask, work: SendHealth | SendBalance, text: str, what: Subject, words: Words
    ) -> DeliveryResult:
        chat_id, keyboard = task.chat_id, refresh(what, words)
        if (message_id := work.message_id) is not None:
            edit = EditText(chat_id=chat_id, message_id=message_id, text=text, reply_markup=keyboard)
            if await self._edited(edit):
                return DeliveryResult(task, DeliveryStatus.DONE, message_id=message_id)
        new = SendText(chat_id=chat_id, text=text, reply_markup=keyboard)
        sent = await self._bot(new, request_timeout=TIMEOUT)
        return DeliveryResult(task, DeliveryStatus.DONE, message_id=sent.message_id)

    async def _edited(self, edit: EditText) -> bool:
        """Return whether the edit worked. The reason does not matter: the message is gone, or too old."""
        try:
            await self._bot(edit, request_timeout=TIMEOUT)
        except TelegramBadRequest as error:
            if says(error, UNREACHABLE):
                raise
            return says(error, NOTHING_CHANGED)
        return True
