"""The admins' pages: opening them, and moving between them."""
