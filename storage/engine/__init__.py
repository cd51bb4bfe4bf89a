"""The database itself: opening, migrating, copying and locking it, and who leads."""
