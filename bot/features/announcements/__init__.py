"""Operators write to the admins of all gates."""
