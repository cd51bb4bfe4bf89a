"""sms.ru: its callcheck gives a number and a check id, and reports only that id.

Only this package knows how sms.ru words a request, an answer or a callback. `gateway.SmsRuGateway` is its
`bot.gateway.api.CallGateway`.
"""
