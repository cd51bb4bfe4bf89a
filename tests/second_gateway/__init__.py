"""A second gateway, of the shape of sms.ru: the proof that another gateway is one package and one line."""
