"""Somebody comes: join requests, new members, members who leave, personal links."""
