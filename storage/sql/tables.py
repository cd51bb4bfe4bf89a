"""The tables. Moments are microseconds since 1970 in UTC, so that both databases order them alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
    text,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
FIRST = (datetime(2, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND
LAST = (datetime(9998, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND
"""Far enough from the limits of Python's dates that something can be added."""


class Moment(TypeDecorator[datetime]):
    """An aware datetime, stored as an integer."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """To the database."""
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002, ANN401 - SQLAlchemy's signature
        """From the database. A moment beyond the calendar becomes its first or last one."""
        return None if value is None else EPOCH + min(max(value, FIRST), LAST) * MICROSECOND


def index_where(condition: str, name: str, *columns: str, unique: bool = False) -> Index:
    """A partial index, in the dialect of either database."""
    where = text(condition)
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


# The partial indexes and the statements must match word for word, or the databases do not use the index.
IS_OPEN = text("state = 'open'")
MAY_BE_CALLED = text("state IN ('open', 'expired')")
IS_WAITING = text("state = 'waiting'")
IS_WAITING_VERIFIED = text("state = 'waiting' AND is_verified IS TRUE AND ineligibility IS NULL")
IS_WAITING_MUTED = text("state = 'waiting' AND way = 'mute'")
IS_CALL = text("kind = 'call'")
IS_FOREIGN = text("kind <> 'call'")
IS_UNDELIVERED = text("delivered_at IS NULL AND given_up_at IS NULL")
IS_FAILING = text("delivered_at IS NULL AND given_up_at IS NULL AND attempts > 0")

# SQLite generates ids only for INTEGER keys; PostgreSQL needs 64 bits.
RowId = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

people = Table(
    "people",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("chat_id", BigInteger, nullable=False),
    Column("language", String(16), nullable=False),
    Column("can_be_written", Boolean, nullable=False),
    Column("met_at", Moment, nullable=False),
    Column("username_digest", String(64)),
    Index("ix_people_username_digest", "username_digest"),
)

verified_phones = Table(
    "verified_phones",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("fingerprint", String(64), nullable=False),
    Column("mask", String(32), nullable=False),
    Column("region", String(3), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("rank", Integer, nullable=False),
    Column("verification_id", BigInteger, nullable=False),
    Column("verified_at", Moment, nullable=False),
    # Two accounts that one phone verifies at the same moment do not get the same rank.
    Index("uq_verified_phones_rank", "fingerprint", "rank", unique=True),
)

erased_phones = Table(
    "erased_phones",
    metadata,
    # Pseudonyms of erased people's phones: they show that a phone is used, and by how many, but not by whom.
    Column("owner_mark", String(64), primary_key=True),
    Column("phone_mark", String(64), nullable=False),
    Column("rank", Integer, nullable=False),
    Index("ix_erased_phones_phone", "phone_mark"),
)

erasures = Table(
    "erasures",
    metadata,
    # People erased just now, until nothing in flight can bring anything of theirs back.
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
)

verifications = Table(
    "verifications",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("token", String(64), nullable=False, unique=True),
    Column("user_id", BigInteger, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("mask", String(32), nullable=False),
    Column("region", String(3), nullable=False),
    Column("kind", String(16), nullable=False, server_default=text("'unknown'")),
    Column("encrypted", LargeBinary),
    Column("state", String(16), nullable=False),
    Column("reason", String(32)),
    Column("gate_id", BigInteger),
    Column("opened_at", Moment, nullable=False),
    Column("ended_at", Moment),
    # When the last window of its numbers closes; None while it has none.
    Column("window_ends_at", Moment),
    Index("ix_verifications_user", "user_id", "id"),
    Index("ix_verifications_phone", "fingerprint", "opened_at"),
    Index("ix_verifications_ended", "ended_at"),
    # One open verification per person, and one per phone.
    index_where("state = 'open'", "uq_verifications_open_user", "user_id", unique=True),
    index_where("state = 'open'", "uq_verifications_open_phone", "fingerprint", unique=True),
    index_where("state = 'open'", "ix_verifications_open", "id"),
    index_where(IS_OPEN.text, "ix_verifications_open_window", "window_ends_at"),
    index_where(MAY_BE_CALLED.text, "ix_verifications_window", "window_ends_at"),
    index_where("encrypted IS NOT NULL", "ix_verifications_sealed", "ended_at"),
)

numbers = Table(
    "numbers",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("verification_id", BigInteger, ForeignKey("verifications.id"), nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("number", String(32)),
    Column("alternatives", JSON),
    Column("window_ends_at", Moment),
    Column("inbox_after", BigInteger),
    Column("reason", String(32)),
    # The gateway's own id of this number, in gateways that report a call only by it.
    Column("reference", String(64)),
    Index("ix_numbers_verification", "verification_id"),
    Index("ix_numbers_user", "user_id", "asked_at"),
    Index("ix_numbers_phone", "fingerprint", "asked_at"),
    index_where("state = 'asked'", "ix_numbers_asked", "asked_at"),
    index_where("reference IS NOT NULL", "ix_numbers_reference", "reference"),
)

gates = Table(
    "gates",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("title", Text, nullable=False),
    Column("username", String(64)),
    Column("is_channel", Boolean, nullable=False),
    Column("is_on", Boolean, nullable=False),
    Column("added_by", BigInteger),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("switch", String(8), nullable=False, server_default=text("'on'")),
    Column("settings", JSON(none_as_null=True)),
    Column("strict_until", Moment),
    Column("health", JSON(none_as_null=True)),
    Column("request_link", Text),
    Column("prompt_message_id", BigInteger),
    Column("prompt_at", Moment),
    Column("raid_at", Moment),
    Column("raid", JSON(none_as_null=True)),
    # Evidence of whether the gate keeps people out: see `bot.domain.gates.Gate`.
    Column("request_seen_at", Moment),
    Column("tested_at", Moment),
    Column("bypassed_at", Moment),
    # Which id the chat had before it became a supergroup.
    Column("moved_from", BigInteger),
)

join_requests = Table(
    "join_requests",
    metadata,
    Column("gate_id", BigInteger, ForeignKey("gates.chat_id"), primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False),
    Column("reach", String(16), nullable=False),
    Column("requested_at", Moment, nullable=False),
    Column("deadline_at", Moment, nullable=False),
    Column("decided_at", Moment),
    Column("query_id", Text),
    Column("way", String(8), nullable=False, server_default=text("'request'")),
    Column("name", String(64), nullable=False, server_default=text("''")),
    Column("ineligibility", String(16)),
    # A copy of whether `verified_phones` has their phone, so that an index finds those who may be admitted.
    Column("is_verified", Boolean, nullable=False, server_default=false()),
    Index("ix_join_requests_user", "user_id"),
    Index("ix_join_requests_gate", "gate_id", "requested_at"),
    index_where("name <> ''", "ix_join_requests_named", "decided_at"),
    index_where("state IN ('declined', 'gone')", "ix_join_requests_over", "decided_at"),
    index_where(IS_WAITING.text, "ix_join_requests_waiting", "gate_id", "requested_at"),
    index_where(IS_WAITING.text, "ix_join_requests_deadline", "gate_id", "deadline_at", "user_id"),
    index_where(IS_WAITING_VERIFIED.text, "ix_join_requests_verified", "gate_id", "requested_at"),
    index_where(IS_WAITING_MUTED.text, "ix_join_requests_muted", "gate_id", "reach", "requested_at"),
)

grants = Table(
    "grants",
    metadata,
    Column("gate_id", BigInteger, ForeignKey("gates.chat_id"), primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), primary_key=True),
    Column("verification_id", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("is_told", Boolean, nullable=False),
    Column("requested_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Column("due_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    Column("detail", Text, nullable=False, server_default=text("''")),
    Column("how", String(8)),
    Index("ix_grants_user", "user_id", "requested_at"),
    index_where("state = 'gone'", "ix_grants_gone", "requested_at"),
    index_where("state = 'due'", "ix_grants_due", "due_at"),
    index_where("state = 'failed'", "ix_grants_failed", "gate_id"),
)

access_overrides = Table(
    "access_overrides",
    metadata,
    Column("gate_id", BigInteger, ForeignKey("gates.chat_id"), primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("override", String(16), nullable=False),
    Column("at", Moment, nullable=False),
    Column("admin_id", BigInteger, nullable=False),
    Index("ix_access_overrides_user", "user_id"),
    Index("ix_access_overrides_admin", "admin_id"),
)

appeals = Table(
    "appeals",
    metadata,
    Column("gate_id", BigInteger, ForeignKey("gates.chat_id"), primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("asked_at", Moment, nullable=False),
    Column("decided_at", Moment),
    Column("outcome", String(16)),
    Column("decided_by", BigInteger),
    # The admins' messages about it, until one of them has decided: chat and message of each.
    Column("messages", JSON(none_as_null=True)),
    Index("ix_appeals_user", "user_id"),
    Index("ix_appeals_asked", "asked_at"),
    index_where("decided_by IS NOT NULL", "ix_appeals_decided_by", "decided_by"),
    index_where("messages IS NOT NULL", "ix_appeals_told", "gate_id"),
)

mass_declines = Table(
    "mass_declines",
    metadata,
    Column("job", String(32), primary_key=True),
    Column("gate_id", BigInteger, nullable=False),
    Column("admin_id", BigInteger, nullable=False),
    Column("why", String(16), nullable=False),
    Column("since", Moment),
    Column("before", Moment, nullable=False),
    # When the last of them was selected; NULL while some may be left.
    Column("chosen_at", Moment),
    # When Telegram had all the declines.
    Column("over_at", Moment),
    Index("ix_mass_declines_gate", "gate_id"),
)

admins = Table(
    "admins",
    metadata,
    Column("gate_id", BigInteger, ForeignKey("gates.chat_id"), primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("is_admin", Boolean, nullable=False),
    # Their names in the Bot API, separated by spaces; NULL for an admin whose rights Telegram has not sent.
    Column("rights", String(128)),
    # When Telegram last said so, and when it last did unasked.
    Column("checked_at", Moment, nullable=False),
    Column("told_at", Moment),
    Index("ix_admins_user", "user_id"),
)

extra_chats = Table(
    "extra_chats",
    metadata,
    Column("gate_id", BigInteger, ForeignKey("gates.chat_id"), primary_key=True, autoincrement=False),
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    # The admin of both chats who had the gate give links into the extra chat.
    Column("user_id", BigInteger, nullable=False),
    Index("ix_extra_chats_user", "user_id"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("rank", Integer, nullable=False),
    Column("chat_id", BigInteger, nullable=False),
    Column("details", JSON, nullable=False),
    Column("unique_key", String(200), unique=True),
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("done_at", Moment),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    # Whom it is about, and whom its details also name.
    Column("user_id", BigInteger),
    Column("other_id", BigInteger),
    Column("job", String(32)),
    index_where("done_at IS NOT NULL", "ix_tasks_done", "done_at"),
    Index("ix_tasks_job", "job"),
    Index("ix_tasks_chat", "chat_id"),
    index_where("user_id IS NOT NULL", "ix_tasks_about", "user_id"),
    index_where("other_id IS NOT NULL", "ix_tasks_other", "other_id"),
    index_where("done_at IS NULL", "ix_tasks_due", "rank", "due_at"),
    index_where("done_at IS NULL", "ix_tasks_undone", "chat_id"),
    index_where("done_at IS NULL AND expires_at IS NOT NULL", "ix_tasks_expiring", "expires_at"),
)

OF_OTHERS = text("face IN ('erase', 'gate', 'gates', 'installation', 'operator')")
"""Screens that may show somebody else; word for word as in the queries, so that they use the index."""

screens = Table(
    "screens",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("chat_id", BigInteger, nullable=False),
    Column("face", String(16), nullable=False),
    Column("details", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("shown_revision", Integer, nullable=False),
    Column("shown_digest", String(64)),
    Column("message_id", BigInteger),
    Column("is_editable", Boolean, nullable=False),
    Column("fresh_revision", Integer, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("refresh_at", Moment),
    Column("reach_until", Moment),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("turn", Integer, nullable=False, server_default=text("1")),
    # In the order of showing, so that in a flood only the rows of the current turn are read.
    index_where("revision > shown_revision", "ix_screens_due", "turn", "due_at"),
    index_where("refresh_at IS NOT NULL AND revision <= shown_revision", "ix_screens_refresh", "refresh_at"),
    Index("ix_screens_of_others", "face", sqlite_where=OF_OTHERS, postgresql_where=OF_OTHERS),
)

gateway_events = Table(
    "gateway_events",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("source", String(16), nullable=False),
    Column("fingerprint", String(64)),
    Column("mask", String(32), nullable=False),
    Column("called", String(32), nullable=False),
    Column("placed_at", Moment),
    Column("received_at", Moment, nullable=False),
    Column("note", JSON, nullable=False),
    Column("verification_id", BigInteger),
    Column("duplicate_id", BigInteger),
    Column("reference", String(64)),
    Index("ix_gateway_events_phone", "fingerprint", "received_at"),
    index_where(IS_CALL.text, "ix_gateway_events_calls", "received_at"),
    Index("ix_gateway_events_source", "source", "kind", "received_at"),
    index_where(IS_FOREIGN.text, "ix_gateway_events_foreign", "received_at"),
    index_where("reference IS NOT NULL", "ix_gateway_events_reference", "reference"),
)

gateway_state = Table(
    "gateway_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("breaker_reason", String(32)),
    Column("breaker_retry_at", Moment),
    Column("breaker_trips", Integer, nullable=False, server_default="0"),
    Column("inbox_cursor", BigInteger),
    Column("inbox_read_at", Moment),
    Column("alive_at", Moment),
)

leadership = Table(
    "leadership",
    metadata,
    # One row: the number of the current term of leadership.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("term", BigInteger, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("event", String(32), nullable=False),
    Column("user_id", BigInteger),
    Column("gate_id", BigInteger),
    Column("verification_id", BigInteger),
    Column("code", String(64), nullable=False),
    Column("actor_id", BigInteger),
    Column("region", String(3), nullable=False, server_default=text("''")),
    Column("took_ms", Integer),
    Index("ix_journal_at", "at"),
    Index("ix_journal_user", "user_id", "at"),
    index_where("event = 'member_came'", "ix_journal_came", "gate_id", "at"),
    index_where("actor_id IS NOT NULL", "ix_journal_actor", "actor_id"),
)

OF_FUNNEL = text("dimension IN ('total', 'code')")
"""The rollups of the funnel; word for word as in `storage.statistics`, so that it uses the index."""

sums = Table(
    "sums",
    metadata,
    Column("gate_id", BigInteger, primary_key=True, autoincrement=False),
    Column("grain", String(8), primary_key=True),
    Column("span", Integer, primary_key=True, autoincrement=False),
    Column("dimension", String(8), primary_key=True),
    Column("key", String(32), primary_key=True),
    Column("event", String(32), primary_key=True),
    Column("count", BigInteger, nullable=False),
    # What the list of all gates shows of each: a small part of the rows.
    Index(
        "ix_sums_funnel",
        "grain",
        "span",
        "gate_id",
        "dimension",
        "key",
        "event",
        "count",
        sqlite_where=OF_FUNNEL,
        postgresql_where=OF_FUNNEL,
    ),
)

cursors = Table(
    "cursors",
    metadata,
    # How far a job has got.
    Column("name", String(32), primary_key=True),
    Column("at", Moment, nullable=False),
)

incidents = Table(
    "incidents",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("trouble", String(32), nullable=False),
    Column("subject", String(32), nullable=False),
    Column("variant", String(32), nullable=False),
    Column("details", JSON, nullable=False),
    Column("since", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("told_at", Moment, nullable=False),
    Column("cleared_at", Moment),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("target", String(16), nullable=False),
    Column("message_id", String(64), nullable=False, unique=True),
    Column("type", String(32), nullable=False),
    # Encrypted for an unrelated report; NULL once it was delivered or given up.
    Column("body", LargeBinary),
    # Whom it is about, and who decided that, as long as its body says so.
    Column("user_id", BigInteger),
    Column("admin_id", BigInteger),
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("delivered_at", Moment),
    Column("given_up_at", Moment),
    Column("error", Text),
    Index("ix_outbox_user", "user_id"),
    index_where("admin_id IS NOT NULL", "ix_outbox_admin", "admin_id"),
    Index("ix_outbox_delivered", "target", "delivered_at"),
    Index("ix_outbox_created", "created_at"),
    index_where(IS_UNDELIVERED.text, "ix_outbox_owed", "created_at"),
    index_where(IS_FAILING.text, "ix_outbox_failing", "target", "created_at"),
    Index(
        "ix_outbox_due",
        "target",
        "due_at",
        sqlite_where=IS_UNDELIVERED,
        postgresql_where=IS_UNDELIVERED,
    ),
)

operators = Table(
    "operators",
    metadata,
    # Those who were added at run time.
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String(64), nullable=False),
    Column("added_by", BigInteger, nullable=False),
    Column("added_at", Moment, nullable=False),
)

announcements = Table(
    "announcements",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("author_id", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("written_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("sent_by", BigInteger),
    Column("over_at", Moment),
    # When its sender saw the result, or was sent it.
    Column("reported_at", Moment),
    # How many recipients there are, how many got it, and how many could not be reached.
    Column("total", Integer, nullable=False, server_default="0"),
    Column("sent", Integer, nullable=False, server_default="0"),
    Column("missed", Integer, nullable=False, server_default="0"),
)

used_init_data = Table(
    "used_init_data",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("nonce", String(64), nullable=False),
    Column("used_at", Moment, nullable=False),
    Index("ix_used_init_data_used_at", "used_at"),
)

seen_updates = Table(
    "seen_updates",
    metadata,
    Column("update_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seen_at", Moment, nullable=False),
    Index("ix_seen_updates_at", "seen_at"),
)
