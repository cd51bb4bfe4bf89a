"""What is kept. One database, SQLite or PostgreSQL, through one code."""
