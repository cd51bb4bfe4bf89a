"""The rights of admins, navigation between the pages of the panel, and the log chat."""
