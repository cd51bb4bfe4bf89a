"""What all repositories share: tables, statements, rows that cannot be read, failures."""
