"""The one queue to Telegram: selects, sends, and records the results."""
