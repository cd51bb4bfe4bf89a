"""Gates have settings, and admins decide about one person or many."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

MAKE_PHONES = """
CREATE TABLE verified_phones (
    user_id BIGINT NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    mask VARCHAR(32) NOT NULL,
    region VARCHAR(3) NOT NULL,
    kind VARCHAR(16) NOT NULL,
    rank INTEGER NOT NULL,
    verification_id BIGINT NOT NULL,
    verified_at BIGINT NOT NULL,
    CONSTRAINT pk_verified_phones PRIMARY KEY (user_id)
)
"""
MAKE_PHONES_BEFORE = """
CREATE TABLE verified_phones (
    fingerprint VARCHAR(64) NOT NULL,
    user_id BIGINT NOT NULL,
    mask VARCHAR(32) NOT NULL,
    region VARCHAR(3) NOT NULL,
    verification_id BIGINT NOT NULL,
    verified_at BIGINT NOT NULL,
    CONSTRAINT pk_verified_phones PRIMARY KEY (fingerprint),
    CONSTRAINT uq_verified_phones_user_id UNIQUE (user_id)
)
"""


def upgrade() -> None:
    """Apply."""
    _phones_by_person()
    op.add_column(
        "verifications", sa.Column("kind", sa.String(16), nullable=False, server_default=sa.text("'unknown'"))
    )
    op.add_column("people", sa.Column("username_digest", sa.String(64)))
    op.create_index("ix_people_username_digest", "people", ["username_digest"])

    op.add_column("gates", sa.Column("switch", sa.String(8), nullable=False, server_default=sa.text("'on'")))
    op.add_column("gates", sa.Column("settings", sa.JSON()))
    op.add_column("gates", sa.Column("health", sa.JSON()))
    op.add_column("gates", sa.Column("raid", sa.JSON()))
    op.add_column("gates", sa.Column("request_link", sa.Text()))
    for name in ("strict_until", "prompt_message_id", "prompt_at", "raid_at"):
        op.add_column("gates", sa.Column(name, sa.BigInteger()))

    op.add_column("join_requests", sa.Column("way", sa.String(8), nullable=False, server_default=sa.text("'request'")))
    op.add_column("join_requests", sa.Column("name", sa.String(64), nullable=False, server_default=sa.text("''")))
    op.add_column("join_requests", sa.Column("hindrance", sa.String(16)))
    op.create_index("ix_join_requests_gate", "join_requests", ["gate_id", "requested_at"])
    _index_where("ix_join_requests_named", "join_requests", ["decided_at"], "name <> ''")

    op.drop_index("ix_screens_due", table_name="screens")
    op.add_column("screens", sa.Column("turn", sa.Integer(), nullable=False, server_default=sa.text("1")))
    op.execute("UPDATE screens SET turn = 0 WHERE has_acted")
    op.drop_column("screens", "has_acted")
    _index_where("ix_screens_due", "screens", ["turn", "due_at"], "revision > shown_revision")

    op.add_column("grants", sa.Column("detail", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.add_column("errands", sa.Column("user_id", sa.BigInteger()))
    op.add_column("errands", sa.Column("job", sa.String(32)))
    op.create_index("ix_errands_job", "errands", ["job"])
    _index_where("ix_errands_about", "errands", ["user_id"], "done_at IS NULL")
    op.add_column("journal", sa.Column("actor_id", sa.BigInteger()))
    _index_where("ix_journal_came", "journal", ["gate_id", "at"], "event = 'member_came'")

    op.create_table(
        "mass_declines",
        sa.Column("job", sa.String(32), nullable=False),
        sa.Column("gate_id", sa.BigInteger(), nullable=False),
        sa.Column("admin_id", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(16), nullable=False),
        sa.Column("since", sa.BigInteger()),
        sa.Column("before", sa.BigInteger(), nullable=False),
        sa.Column("chosen_at", sa.BigInteger()),
        sa.Column("over_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_mass_declines")),
    )
    op.create_index("ix_mass_declines_gate", "mass_declines", ["gate_id"])
    of_people: dict[str, tuple[sa.Column[Any], ...]] = {
        "standings": (
            sa.Column("standing", sa.String(16), nullable=False),
            sa.Column("at", sa.BigInteger(), nullable=False),
            sa.Column("admin_id", sa.BigInteger(), nullable=False),
        ),
        "appeals": (
            sa.Column("asked_at", sa.BigInteger(), nullable=False),
            sa.Column("decided_at", sa.BigInteger()),
            sa.Column("outcome", sa.String(16)),
            sa.Column("decided_by", sa.BigInteger()),
            sa.Column("messages", sa.JSON()),
        ),
        "admins": (
            sa.Column("is_admin", sa.Boolean(), nullable=False),
            sa.Column("checked_at", sa.BigInteger(), nullable=False),
            sa.Column("told_at", sa.BigInteger()),
        ),
    }
    for name, columns in of_people.items():
        op.create_table(
            name,
            sa.Column("gate_id", sa.BigInteger(), autoincrement=False, nullable=False),
            sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
            *columns,
            sa.PrimaryKeyConstraint("gate_id", "user_id", name=op.f(f"pk_{name}")),
            sa.ForeignKeyConstraint(["gate_id"], ["gates.chat_id"], name=op.f(f"fk_{name}_gate_id")),
        )
        op.create_index(f"ix_{name}_user", name, ["user_id"])


def downgrade() -> None:
    """Undo. Of the accounts that share a phone only the first stays verified."""
    for name in ("admins", "appeals", "standings", "mass_declines"):
        op.drop_table(name)
    op.drop_index("ix_journal_came", table_name="journal")
    op.drop_column("journal", "actor_id")
    op.drop_index("ix_errands_about", table_name="errands")
    op.drop_index("ix_errands_job", table_name="errands")
    op.drop_column("errands", "job")
    op.drop_column("errands", "user_id")
    op.drop_column("grants", "detail")
    op.drop_index("ix_screens_due", table_name="screens")
    op.add_column("screens", sa.Column("has_acted", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE screens SET has_acted = (turn = 0)")
    op.drop_column("screens", "turn")
    _index_where("ix_screens_due", "screens", ["has_acted", "due_at"], "revision > shown_revision")
    op.drop_index("ix_join_requests_named", table_name="join_requests")
    op.drop_index("ix_join_requests_gate", table_name="join_requests")
    for column in ("hindrance", "name", "way"):
        op.drop_column("join_requests", column)
    for column in (
        "raid",
        "raid_at",
        "prompt_at",
        "prompt_message_id",
        "strict_until",
        "request_link",
        "health",
        "settings",
        "switch",
    ):
        op.drop_column("gates", column)
    op.drop_index("ix_people_username_digest", table_name="people")
    op.drop_column("people", "username_digest")
    op.drop_column("verifications", "kind")
    _phones_by_fingerprint()


def _phones_by_person() -> None:
    """The key becomes the person: a phone may have verified several accounts. SQLite changes no key in place."""
    op.execute("CREATE TABLE moved_phones AS SELECT * FROM verified_phones")
    op.drop_table("verified_phones")
    op.execute(MAKE_PHONES)
    op.execute(
        "INSERT INTO verified_phones"
        " SELECT user_id, fingerprint, mask, region, 'unknown', 1, verification_id, verified_at FROM moved_phones"
    )
    op.drop_table("moved_phones")
    op.create_index("uq_verified_phones_rank", "verified_phones", ["fingerprint", "rank"], unique=True)


def _phones_by_fingerprint() -> None:
    op.execute("CREATE TABLE moved_phones AS SELECT * FROM verified_phones")
    op.drop_table("verified_phones")
    op.execute(MAKE_PHONES_BEFORE)
    op.execute(
        "INSERT INTO verified_phones"
        " SELECT fingerprint, user_id, mask, region, verification_id, verified_at FROM moved_phones p"
        " WHERE rank = (SELECT min(rank) FROM moved_phones m WHERE m.fingerprint = p.fingerprint)"
    )
    op.drop_table("moved_phones")


def _index_where(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
