"""Delivery to the owner's own systems: events, and unrelated reports of the gateway."""
