"""Callgate: what the bot is, and how it speaks outward."""
