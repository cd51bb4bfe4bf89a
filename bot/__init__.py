"""Callgate. Clears what libraries would read from the environment."""

import os
import re

VERSION = "0.1.0"

# What libraries themselves read from the environment is not the bot's configuration: it changes how they connect
# (asyncpg: PG…), where they write (SSLKEYLOGFILE, prometheus_client), how they allocate memory (Pillow). Some read it
# when they are imported, hence here. Clients handle proxies: see bot/proxies.py.
FOREIGN = re.compile(r"PG[A-Z]+|SSLKEYLOGFILE|PROMETHEUS_\w+|prometheus_multiproc_dir|PILLOW_\w+")

for _name in [name for name in os.environ if FOREIGN.fullmatch(name)]:
    del os.environ[_name]
