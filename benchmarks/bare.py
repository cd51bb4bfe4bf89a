"""The yardstick: the least an aiogram bot can do. Each join request is answered with one message; nothing is kept."""

from __future__ import annotations

import os
import sys

import uvloop
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import ChatJoinRequest


async def answer(event: ChatJoinRequest, bot: Bot) -> None:
    """One message to who asks."""
    await bot.send_message(event.user_chat_id, "To enter, share your phone number and call the number you get.")


async def main() -> None:
    """Poll for ever, as aiogram does by default."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(os.environ["TELEGRAM_API_URL"]), limit=100)
    dispatcher = Dispatcher()
    dispatcher.chat_join_request.register(answer)
    await dispatcher.start_polling(Bot(os.environ["BOT_TOKEN"], session=session))


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
