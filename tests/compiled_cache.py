"""One cache of compiled statements for all engines of a test process: nearly every test opens one.

SQLAlchemy has a cache in each engine, whose entries count for that engine's dialect only. Here dialects of a kind are
equal, and their engines share one cache.
"""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.util import LRUCache

CACHE: LRUCache[object, object] = LRUCache(2000)


class _Shared(Dialect):
    """All of one kind compile alike: a test process sees one server of each kind."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=CACHE)


class SharedSqlite(_Shared, SQLiteDialect_aiosqlite):
    supports_statement_cache = True


class SharedPostgresql(_Shared, PGDialect_asyncpg):
    supports_statement_cache = True


def share() -> None:
    """Share the cache from now on, in this process."""
    registry.register("sqlite.aiosqlite", __name__, "SharedSqlite")
    registry.register("postgresql.asyncpg", __name__, "SharedPostgresql")
