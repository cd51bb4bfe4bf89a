"""Everything about Telegram: what the bot says, how it sends it, and how it receives updates."""
