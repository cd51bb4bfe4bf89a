"""The gateway's dialect (SMSC): asking for call numbers, and reading what the gateway reports.

Nothing outside this package knows how SMSC words a request, an answer or a callback. What goes in and comes
out are the values of `bot.domain.gateway`.
"""
