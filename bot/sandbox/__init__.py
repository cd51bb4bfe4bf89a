"""The world outside Callgate, for the demo and the tests: Telegram, the gateway and a phone per person.

Everything here speaks real HTTP on loopback and refuses what the real services refuse. The bot under test knows nothing
of it: `World.url` is its Telegram and gateway address.
"""
