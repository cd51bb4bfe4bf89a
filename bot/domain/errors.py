"""What storage raises when it keeps nothing."""

from __future__ import annotations


class StorageUnavailableError(Exception):
    """A transaction could not be kept; trying again later may help."""


class LeadershipLostError(StorageUnavailableError):
    """Another process leads: what this one would have kept as the leader is the other's to do."""
