"""The store: one database, SQLite or PostgreSQL, through the same code."""
