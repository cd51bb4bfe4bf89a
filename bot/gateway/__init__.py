"""SMSC, the gateway: asking for call numbers, and reading what it reports.

Only this package knows how SMSC words a request, an answer or a callback. Its inputs and outputs are the values of
`bot.domain.gateway`.
"""
