"""What storage raises when it stores nothing."""

from __future__ import annotations


class StorageUnavailableError(Exception):
    """A transaction could not be stored; trying again later may help."""


class LeadershipLostError(StorageUnavailableError):
    """Another process leads, so this one may not store its work as the leader."""
