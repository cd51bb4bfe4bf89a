"""How the bot speaks to Telegram: what it says, and how that gets there."""
