"""Messages to the owner's own systems."""
