"""Callgate: what the bot is, and how it speaks outward."""

import os
import re

VERSION = "0.1.0"

# What libraries read from the environment by themselves is not the bot's configuration: it changes how they connect
# (asyncpg: PG…), where they write (SSLKEYLOGFILE, prometheus_client), how they take memory (Pillow).
# Some read it when they are imported, hence here. Proxies are seen to where clients are made: see bot/proxies.py.
FOREIGN = re.compile(r"PG[A-Z]+|SSLKEYLOGFILE|PROMETHEUS_\w+|prometheus_multiproc_dir|PILLOW_\w+")

for _name in [name for name in os.environ if FOREIGN.fullmatch(name)]:
    del os.environ[_name]
