"""The page and its JSON API: the sandbox's own side, of which the bot under test knows nothing."""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.sandbox.actions import PAGE_ACTION
from bot.sandbox.control_state import person_json, state
from bot.sandbox.emulator import Emulator
from bot.sandbox.faults import Kind, Where
from bot.sandbox.people import NotSeen
from bot.sandbox.raids import Size
from bot.sandbox.telegram.app_user import NotAllowed
from bot.sandbox.trace import Entry

Json = dict[str, Any]
PAGE = Path(__file__).parent / "page"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
FIRST_ENTRIES = 200
EVENTS_A_SECOND = 10
KEEP_ALIVE = 15.0


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ClockChange(_Body):
    """Another speed, or a jump."""

    rate: float | None = Field(default=None, ge=0, le=1000)
    advance: float | None = Field(default=None, ge=0, le=30 * 24 * 3600)


class FaultChange(_Body):
    """Add a fault, or clear all."""

    where: Where | None = None
    kind: Kind | None = None
    method: str | None = None
    times: int | None = Field(default=1, ge=1)
    seconds: float = Field(default=1.0, ge=0, le=24 * 3600)
    code: int | None = Field(default=None, ge=1, le=99)
    clear: bool = False


class RaidChange(_Body):
    """A raid on a group, or the end of the current one."""

    chat: int | None = None
    size: Size = 30
    stop: bool = False


class NewPerson(_Body):
    """Somebody new with a new phone."""

    name: str = Field(min_length=1, max_length=64)
    phone: str | None = Field(default=None, pattern=r"^\+\d{7,15}$")
    language: str = Field(default="ru", pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,8})?$")


class _Stream:
    """One open page."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries: deque[Entry] = deque(entries, maxlen=1000)
        self.changed = True
        self.wake = asyncio.Event()
        self.wake.set()


class Control:
    """Serves the page, sends it changes and does what people press on it. Loopback only."""

    def __init__(self, world: Emulator) -> None:
        self._world = world
        self._streams: set[_Stream] = set()
        self._stopped = False
        world.trace.listeners.append(self._travelled)
        world.telegram.listeners.append(self.changed)

    def routes(self) -> list[web.AbstractRouteDef]:
        """Where it listens."""
        return [
            web.get("/", self._local(self._index)),
            web.get("/sandbox/state", self._local(self._state)),
            web.get("/sandbox/events", self._local(self._events)),
            web.get("/sandbox/photo/{file_id}", self._local(self._photo)),
            web.post("/sandbox/act", self._local(self._act)),
            web.post("/sandbox/clock", self._local(self._clock)),
            web.post("/sandbox/faults", self._local(self._faults)),
            web.post("/sandbox/raid", self._local(self._raid)),
            web.post("/sandbox/person", self._local(self._person)),
            web.get("/sandbox/file/{file}", self._local(self._file)),
            web.get("/js/telegram-web-app.js", self._local(self._web_app_script)),
            web.static("/static", PAGE),
        ]

    def start(self) -> None:
        """Let pages stay open from now on."""
        self._stopped = False

    def stop(self) -> None:
        """Let the open pages go."""
        self._stopped = True
        for stream in self._streams:
            stream.wake.set()

    def changed(self) -> None:
        """Notify the open pages of a change."""
        for stream in self._streams:
            stream.changed = True
            stream.wake.set()

    def _travelled(self, entry: Entry) -> None:
        for stream in self._streams:
            stream.entries.append(entry)
        self.changed()

    def _local(
        self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Serve loopback names only, so that no web site can reach the sandbox through a name of its own."""

        async def checked(request: web.Request) -> web.StreamResponse:
            origin = request.headers.get("Origin")
            if _host(f"//{request.host}") not in LOOPBACK or (origin and _host(origin) not in LOOPBACK):
                return _error_answer("The sandbox is served on loopback only.", 403)
            try:
                return await handler(request)
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                where = ".".join(str(part) for part in first["loc"])
                return _error_answer(f"{where}: {first['msg']}." if where else f"{first['msg']}.")
            except (NotAllowed, ValueError) as error:
                return _error_answer(str(error))

        return checked

    async def _index(self, request: web.Request) -> web.StreamResponse:
        if not self._world.opened.is_set():
            self._world.browser_languages = request.headers.get("Accept-Language", "")
            self._world.opened.set()
        return web.FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-store"})

    async def _web_app_script(self, _: web.Request) -> web.StreamResponse:
        """The script that telegram.org serves to pages of Mini Apps, whatever their origin."""
        headers = {"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"}
        return web.FileResponse(PAGE / "telegram-web-app.js", headers=headers)

    async def _state(self, request: web.Request) -> web.StreamResponse:
        """The world as one phone shows it; with `info`, also the sheet of a group."""
        people = self._world.people
        asked = request.query.get("as")
        me = next(iter(people.values())) if asked is None and people else self._world.find(_number(asked))
        return _json_answer(state(self._world, me, _number(request.query.get("info"))))

    async def _file(self, request: web.Request) -> web.StreamResponse:
        """A document, always as a download and never as a page of this address."""
        document = self._world.telegram.documents.get(request.match_info["file"])
        if document is None:
            return _error_answer("There is no such file.", 404)
        headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=document.data, content_type="application/octet-stream", headers=headers)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await answer.prepare(request)
        stream = _Stream(self._world.trace.last(FIRST_ENTRIES))
        self._streams.add(stream)
        try:
            while not self._stopped:
                await self._send(stream, answer)
        except ConnectionError:
            pass
        finally:
            self._streams.discard(stream)
        return answer

    async def _send(self, stream: _Stream, answer: web.StreamResponse) -> None:
        try:
            async with asyncio.timeout(KEEP_ALIVE):
                await stream.wake.wait()
        except TimeoutError:
            await answer.write(b": still here\n\n")
            return
        stream.wake.clear()
        parts = [f"event: trace\ndata: {_dumps(entry.as_json())}\n\n" for entry in stream.entries]
        stream.entries.clear()
        if stream.changed:
            parts.append("event: changed\ndata: {}\n\n")
            stream.changed = False
        if parts:
            await answer.write("".join(parts).encode())
            await asyncio.sleep(1 / EVENTS_A_SECOND)

    async def _photo(self, request: web.Request) -> web.StreamResponse:
        photo = self._world.telegram.photos.get(request.match_info["file_id"])
        if photo is None:
            return _error_answer("There is no such picture.", 404)
        return web.Response(body=photo.data, content_type="image/png")

    async def _act(self, request: web.Request) -> web.StreamResponse:
        action = PAGE_ACTION.validate_json(await _body(request))
        me = self._world.find(action.who)
        try:
            outcome = await action.perform(self._world, me)
        except NotSeen:
            return _error_answer("The bot did not answer.")
        return _json_answer({"ok": True, "answer": None, "hears": None} | outcome)

    async def _clock(self, request: web.Request) -> web.StreamResponse:
        change = ClockChange.model_validate_json(await _body(request))
        if change.rate is not None:
            self._world.clock.set_rate(change.rate)
        if change.advance is not None:
            self._world.clock.advance(change.advance)
        self.changed()
        return _json_answer({"ok": True})

    async def _faults(self, request: web.Request) -> web.StreamResponse:
        change = FaultChange.model_validate_json(await _body(request))
        if change.clear:
            self._world.faults.clear()
        elif change.where is None or change.kind is None:
            raise NotAllowed("A fault needs a place and a kind.")
        else:
            self._world.faults.add(
                where=change.where,
                kind=change.kind,
                # Error codes are about call numbers unless stated; the inbox has its own codes.
                method=change.method or ("wait_call" if change.kind == "code" else None),
                times=change.times,
                seconds=change.seconds,
                code=change.code,
            )
        self.changed()
        return _json_answer({"ok": True})

    async def _raid(self, request: web.Request) -> web.StreamResponse:
        change = RaidChange.model_validate_json(await _body(request))
        if change.stop:
            self._world.raids.stop()
        else:
            group = self._world.telegram.groups.get(change.chat or 0)
            if group is None:
                raise NotAllowed("A raid needs a group to come to.")
            self._world.raids.start(group, change.size)
        self.changed()
        return _json_answer({"ok": True})

    async def _person(self, request: web.Request) -> web.StreamResponse:
        new = NewPerson.model_validate_json(await _body(request))
        return _json_answer(person_json(self._world.person(new.name, new.phone, new.language)))


async def _body(request: web.Request) -> bytes:
    """The JSON of a request; a foreign page could send a form without permission, but not JSON."""
    if request.content_type != "application/json":
        raise NotAllowed("The body must be JSON.")
    return await request.read()


def _number(text: str | None) -> int:
    """An id in an address; 0, which nobody has, for anything else."""
    return int(text) if text is not None and re.fullmatch(r"-?[0-9]{1,16}", text) else 0


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _dumps(thing: Json) -> str:
    return json.dumps(thing, ensure_ascii=False, default=str)


def _json_answer(thing: Json) -> web.Response:
    return web.Response(text=_dumps(thing), content_type="application/json", headers={"Cache-Control": "no-store"})


def _error_answer(sentence: str, status: int = 400) -> web.Response:
    return web.Response(text=_dumps({"ok": False, "error": sentence}), status=status, content_type="application/json")
