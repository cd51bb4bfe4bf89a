"""The owner's own systems: how they are told what happened, and brought what is theirs."""
