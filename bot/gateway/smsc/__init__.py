"""SMSC: asking for call numbers, and reading what it reports.

Only this package knows how SMSC words a request, an answer or a callback. `gateway.SmscGateway` is its
`bot.gateway.api.CallGateway`.
"""
