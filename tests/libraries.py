"""A pytest plugin that imports the large libraries, loaded before coverage starts.

Coverage would follow their imports call by call only to pass them over, and every test process would take twice as long
to start.
"""

from importlib import import_module

for library in (
    "aiogram.methods",
    "aiogram.types",
    "aiohttp.web",
    "alembic.command",
    "asyncpg",
    "babel.messages.pofile",
    "cryptography.fernet",
    "httpx",
    "phonenumbers",
    "playwright.async_api",
    "prometheus_client",
    "sqlalchemy.ext.asyncio",
):
    import_module(library)
