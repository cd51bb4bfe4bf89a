"""A strict emulation of Telegram: the Bot API on one side, the people's apps on the other."""
