"""Tables have the names of the field: tasks, incidents, access overrides, cursors, erased phones, used init data."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0015"
down_revision = "0014"

TABLES = {
    "errands": "tasks",
    "alarms": "incidents",
    "standings": "access_overrides",
    "marks": "cursors",
    "forgotten_phones": "erased_phones",
    "launches": "used_init_data",
}
INDEXES = (
    ("errands", "done", ("done_at",), "done_at IS NOT NULL"),
    ("errands", "job", ("job",), None),
    ("errands", "chat", ("chat_id",), None),
    ("errands", "about", ("user_id",), "user_id IS NOT NULL"),
    ("errands", "other", ("other_id",), "other_id IS NOT NULL"),
    ("errands", "due", ("rank", "due_at"), "done_at IS NULL"),
    ("errands", "undone", ("chat_id",), "done_at IS NULL"),
    ("errands", "expiring", ("expires_at",), "done_at IS NULL AND expires_at IS NOT NULL"),
    ("standings", "user", ("user_id",), None),
    ("standings", "admin", ("admin_id",), None),
    ("forgotten_phones", "phone", ("phone_mark",), None),
    ("launches", "used_at", ("used_at",), None),
)
"""Table, the rest of the index's name, columns, rows. SQLite cannot rename an index."""
UNIQUE = "errands"
"""The table with a unique constraint, which SQLite cannot rename either."""


def upgrade() -> None:
    """Apply."""
    _rename(TABLES)
    op.alter_column("access_overrides", "standing", new_column_name="override")
    _rename_queues("errands_", "tasks_")


def downgrade() -> None:
    """Undo."""
    _rename_queues("tasks_", "errands_")
    op.alter_column("access_overrides", "override", new_column_name="standing")
    _rename({new: old for old, new in TABLES.items()})


def _rename_queues(before: str, after: str) -> None:
    op.execute(
        text(
            "UPDATE incidents SET name = REPLACE(name, :before, :after), variant = REPLACE(variant, :before, :after)"
        ).bindparams(before=before, after=after)
    )


def _rename(tables: dict[str, str]) -> None:
    for before, after in tables.items():
        op.rename_table(before, after)
        if op.get_bind().dialect.name == "postgresql":
            _rename_constraints(before, after)
        elif UNIQUE in (before, after):
            with op.batch_alter_table(after) as batch:
                batch.drop_constraint(f"uq_{before}_unique_key", type_="unique")
                batch.create_unique_constraint(f"uq_{after}_unique_key", ["unique_key"])
        for table, name, columns, rows in INDEXES:
            if table in (before, after):
                op.drop_index(f"ix_{before}_{name}", table_name=after)
                where = text(rows) if rows is not None else None
                op.create_index(f"ix_{after}_{name}", after, columns, sqlite_where=where, postgresql_where=where)


def _rename_constraints(before: str, after: str) -> None:
    found = op.get_bind().execute(
        text("SELECT conname FROM pg_constraint WHERE conrelid = CAST(:table AS regclass)"), {"table": after}
    )
    for (name,) in found.all():
        if f"_{before}" in name:
            op.execute(f'ALTER TABLE {after} RENAME CONSTRAINT "{name}" TO "{name.replace(before, after)}"')
