"""Callgate: what the bot is, and how it speaks outward."""

VERSION = "0.1.0"
