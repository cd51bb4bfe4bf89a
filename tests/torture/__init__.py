"""`make torture`: the bot is killed, stopped and frozen while people verify, and an auditor looks from outside."""
