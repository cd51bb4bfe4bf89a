"""Gateways of calls. `api` is what the bot asks of one; each gateway has a package of its own beside it."""
