"""Admins decide about people: admit, decline, block, revoke, appeals, mass declines."""
