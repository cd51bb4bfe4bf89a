"""What an admin may do, what the bot may do for them, and the log chat."""
