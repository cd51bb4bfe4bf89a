"""Who runs this installation, and what they are notified of."""
