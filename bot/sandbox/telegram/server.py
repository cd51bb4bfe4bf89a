"""The Bot API over HTTP: `/bot{token}/{method}`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from aiogram import methods
from aiogram.methods import TelegramMethod
from aiohttp import web

from bot.sandbox.faults import Fault, Faults, hold_back, reset
from bot.sandbox.telegram import (
    ephemeral,
    methods_bot,
    methods_chats,
    methods_files,
    methods_members,
    methods_messages,
    methods_photos,
)
from bot.sandbox.telegram.api_errors import ApiError, bad_request, too_many_requests
from bot.sandbox.telegram.arguments import Upload, build, read_arguments
from bot.sandbox.telegram.bot_api import Telegram

Json = dict[str, Any]
Handler = Callable[[Telegram, Any], object]
SUPPORTED: dict[type[TelegramMethod[Any]], Handler] = {
    methods.GetMe: methods_bot.get_me,
    methods.SetWebhook: methods_bot.set_webhook,
    methods.DeleteWebhook: methods_bot.delete_webhook,
    methods.GetWebhookInfo: methods_bot.get_webhook_info,
    methods.SetMyCommands: methods_bot.set_my_commands,
    methods.GetMyCommands: methods_bot.get_my_commands,
    methods.DeleteMyCommands: methods_bot.delete_my_commands,
    methods.SetChatMenuButton: methods_bot.set_chat_menu_button,
    methods.SetMyDescription: methods_bot.set_my_description,
    methods.SetMyShortDescription: methods_bot.set_my_short_description,
    methods.SendMessage: methods_messages.send_message,
    methods.SendRichMessage: methods_messages.send_rich_message,
    methods.EditMessageText: methods_messages.edit_message_text,
    methods.EditMessageReplyMarkup: methods_messages.edit_message_reply_markup,
    methods.DeleteMessage: methods_messages.delete_message,
    methods.DeleteMessages: methods_messages.delete_messages,
    methods.EditEphemeralMessageText: methods_messages.edit_ephemeral_message_text,
    methods.DeleteEphemeralMessage: ephemeral.delete_ephemeral_message,
    methods.SendDocument: methods_files.send_document,
    methods.SendPhoto: methods_photos.send_photo,
    methods.EditMessageMedia: methods_photos.edit_message_media,
    methods.GetFile: methods_files.get_file,
    methods.AnswerCallbackQuery: methods_messages.answer_callback_query,
    methods.ApproveChatJoinRequest: methods_chats.approve_chat_join_request,
    methods.DeclineChatJoinRequest: methods_chats.decline_chat_join_request,
    methods.SendChatJoinRequestWebApp: methods_chats.send_chat_join_request_web_app,
    methods.AnswerChatJoinRequestQuery: methods_chats.answer_chat_join_request_query,
    methods.GetChat: methods_chats.get_chat,
    methods.GetChatMember: methods_chats.get_chat_member,
    methods.GetChatAdministrators: methods_chats.get_chat_administrators,
    methods.GetChatMemberCount: methods_chats.get_chat_member_count,
    methods.CreateChatInviteLink: methods_chats.create_chat_invite_link,
    methods.RevokeChatInviteLink: methods_chats.revoke_chat_invite_link,
    methods.RestrictChatMember: methods_members.restrict_chat_member,
    methods.BanChatMember: methods_members.ban_chat_member,
    methods.UnbanChatMember: methods_members.unban_chat_member,
    methods.SetChatMemberTag: methods_members.set_chat_member_tag,
}
BY_NAME: dict[str, tuple[str, type[TelegramMethod[Any]], Handler]] = {
    model.__api_method__.lower(): (model.__api_method__, model, handler) for model, handler in SUPPORTED.items()
}
NO_DETAIL: Json = {}


class TelegramServer:
    """Takes requests for one bot, has them carried out and traces them."""

    def __init__(self, tg: Telegram, faults: Faults) -> None:
        self._tg = tg
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        """Where it listens."""
        return [
            web.route("*", "/bot{token}/{method}", self.handle),
            web.get("/file/bot{token}/{path:.+}", self.serve_file),
        ]

    async def serve_file(self, request: web.Request) -> web.StreamResponse:
        """Hand out a file by the path `getFile` gave."""
        fault = self._faults.take("telegram", "file")
        await hold_back(fault)
        if fault is not None and fault.kind in ("reset_before", "reset_after"):
            return reset(request)
        if request.match_info["token"] != self._tg.token:
            return _answer(ApiError(401, "Unauthorized"))
        path = request.match_info["path"]
        document = next((document for document in self._tg.documents.values() if document.path == path), None)
        self._tg.trace.add("bot_api", f"file {path}", {"method": "file", "params": {"path": path}}, ok=bool(document))
        if document is None:
            return _answer(ApiError(404, "Not Found"))
        return web.Response(body=document.data, content_type="application/octet-stream")

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        if request.match_info["token"] != self._tg.token:
            return _answer(ApiError(401, "Unauthorized"))
        self._tg.flood.arrived()
        name = request.match_info["method"].lower()
        if name == "getupdates":
            return await self._get_updates(request)
        if name not in BY_NAME or request.method not in ("GET", "POST"):
            self._tg.trace.add("bot_api", f"{name}: no such method", {"method": name, "params": {}}, ok=False)
            return _answer(ApiError(404, "Not Found"))
        started = time.perf_counter()
        method, model, handler = BY_NAME[name]
        fault = self._faults.take("telegram", method)
        await hold_back(fault)
        if fault is not None and fault.kind == "reset_before":
            return reset(request)
        arguments: Json = NO_DETAIL
        consequences: Callable[[], None] | None = None
        outcome: object
        try:
            arguments, files = await read_arguments(request)
            self._check_logged_in()
            _fail(fault)
            call = build(model, arguments | self._received(arguments, files))
            self._tg.flood.check(arguments.get("chat_id"))
            self._tg.trace.hold()
            try:
                outcome = handler(self._tg, call)
            finally:
                consequences = self._tg.trace.release()
        except ApiError as refusal:
            outcome = refusal
        except ConnectionError:
            # The bot died in the middle of its request.
            return reset(request)
        self._record(method, arguments, outcome, started)
        if consequences is not None:
            consequences()
        if fault is not None and fault.kind == "reset_after":
            return reset(request)
        return _answer(outcome)

    def _received(self, arguments: Json, files: dict[str, Upload]) -> Json:
        """The parameters that are files sent along, by name or by `attach://`, as ids of stored files."""
        received: Json = {}
        for name, file in files.items():
            attached = f"attach://{name}"
            whole = next((key for key, value in arguments.items() if value == attached), None)
            # Within a structure, which travels as JSON, it is one of its texts.
            within = next((key for key, value in arguments.items() if f'"{attached}"' in str(value)), None)
            parameter = whole or within or name
            if parameter in ("photo", "media"):
                file_id = methods_photos.received(self._tg, file.data).file_id
            else:
                file_id = self._tg.add_document(file.name, file.data).file_id
            if within is not None:
                structure = str(received.get(within, arguments[within]))
                file_id = structure.replace(f'"{attached}"', f'"{file_id}"')
            received[parameter] = file_id
        return received

    async def _get_updates(self, request: web.Request) -> web.StreamResponse:
        fault = self._faults.take("telegram", "getUpdates")
        await hold_back(fault)
        if fault is not None and fault.kind == "reset_before":
            return reset(request)
        try:
            self._check_logged_in()
            _fail(fault)
            arguments, _ = await read_arguments(request)
            updates = await self._tg.delivery.get_updates(build(methods.GetUpdates, arguments))
        except ApiError as refusal:
            self._record("getUpdates", NO_DETAIL, refusal, time.perf_counter())
            return _answer(refusal)
        except ConnectionError:
            return reset(request)
        if (fault is not None and fault.kind == "reset_after") or self._faults.unreachable("telegram"):
            return reset(request)
        return _json(f'{{"ok":true,"result":{updates}}}', 200)

    def _check_logged_in(self) -> None:
        if self._tg.logged_out:
            raise ApiError(400, "Logged out")

    def _record(self, method: str, arguments: Json, outcome: object, started: float) -> None:
        ms = (time.perf_counter() - started) * 1000
        targets = [self._tg.name_of(arguments[name]) for name in ("user_id", "chat_id") if name in arguments]
        title = f"{method} → {' in '.join(targets)}" if targets else method
        detail: Json = {"method": method, "params": arguments}
        if isinstance(outcome, ApiError):
            self._tg.trace.add(
                "bot_api",
                f"{title}: {outcome.description}",
                detail | {"error": outcome.as_json()},
                ok=False,
                ms=ms,
            )
        else:
            self._tg.trace.add("bot_api", title, detail | {"result": outcome}, ms=ms)


def _fail(fault: Fault | None) -> None:
    if fault is not None and fault.kind == "429":
        raise too_many_requests(max(1, round(fault.seconds)))
    if fault is not None and fault.kind == "400":
        raise bad_request("the sandbox was asked to refuse this")
    if fault is not None and fault.kind == "500":
        raise ApiError(500, "Internal Server Error")


def _answer(outcome: object) -> web.Response:
    if isinstance(outcome, ApiError):
        return _json(json.dumps(outcome.as_json()), outcome.code)
    return _json(json.dumps({"ok": True, "result": outcome}, ensure_ascii=False), 200)


def _json(text: str, status: int) -> web.Response:
    return web.Response(
        body=text.encode("utf-8", "surrogatepass"),
        status=status,
        content_type="application/json",
        charset="utf-8",
    )
