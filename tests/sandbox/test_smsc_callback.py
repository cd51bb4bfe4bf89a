"""Reported calls: shapes, methods, bodies, charsets, signatures, and failures."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import pytest
from aiohttp import web
from defusedxml.ElementTree import fromstring

from bot.sandbox.people import Person
from bot.sandbox.world import World

CALL = "+74951234567"


@dataclass
class Heard:
    method: str
    query: dict[str, str]
    body: bytes
    content_type: str

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))


@dataclass
class Handler:
    base: str = ""
    status: int = 200
    heard: list[Heard] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.heard.append(Heard(request.method, dict(request.query), await request.read(), request.content_type))
        return web.Response(status=self.status, text="OK")


@pytest.fixture
async def handler(world: World) -> AsyncIterator[Handler]:
    handler = Handler()
    app = web.Application()
    app.router.add_route("*", "/smsc/token", handler.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    handler.base = f"http://127.0.0.1:{runner.addresses[0][1]}/smsc/token"
    world.smsc.callback.url = handler.base
    yield handler
    await runner.cleanup()


async def report(world: World, handler: Handler, anna: Person) -> Heard:
    before = len(handler.heard)
    await anna.calls(CALL)
    await world.wait_until(lambda: len(handler.heard) > before)
    return handler.heard[-1]


async def test_a_call_is_reported_as_a_message(world: World, handler: Handler, anna: Person) -> None:
    heard = await report(world, handler, anna)
    assert (heard.method, heard.content_type) == ("POST", "application/x-www-form-urlencoded")
    form = heard.form
    assert (form["phone"], form["mes"], form["to"]) == ("79991234512", "[waitcall]", "74951234567")
    assert abs(int(form["ts"]) - world.clock.timestamp()) < 5
    assert form["id"] == form["sms_id"]
    assert set(form) == {"id", "sms_id", "phone", "mes", "to", "time", "ts"}


async def test_a_call_is_reported_in_the_short_shape(world: World, handler: Handler, anna: Person) -> None:
    world.smsc.callback.shape = "waitcall"
    form = (await report(world, handler, anna)).form
    assert set(form) == {"waitcall", "phone", "ts"}
    assert form["waitcall"] == "1"


async def test_by_get_the_fields_join_the_options_of_the_url(world: World, handler: Handler, anna: Person) -> None:
    world.smsc.callback.url = f"{handler.base}?charset=utf-8"
    world.smsc.callback.method = "GET"
    heard = await report(world, handler, anna)
    assert heard.method == "GET"
    assert (heard.query["charset"], heard.query["phone"]) == ("utf-8", "79991234512")


async def test_json_and_xml_bodies_by_setting_or_by_url(world: World, handler: Handler, anna: Person) -> None:
    world.smsc.callback.fmt = "json"
    heard = await report(world, handler, anna)
    assert heard.content_type == "application/json"
    assert b'"mes": "[waitcall]"' in heard.body
    world.smsc.callback.url = f"{handler.base}?fmt=2"
    heard = await report(world, handler, anna)
    assert heard.content_type == "text/xml"
    assert b"windows-1251" in heard.body
    assert fromstring(heard.body).findtext("phone") == "79991234512"


@pytest.mark.parametrize("algorithm", ["md5", "sha1"])
async def test_signatures_of_every_event(world: World, handler: Handler, anna: Person, algorithm: str) -> None:
    def digest(*parts: str) -> str:
        return hashlib.new(algorithm, ":".join(parts).encode()).hexdigest()

    world.smsc.callback.url = f"{handler.base}?charset=utf-8&{algorithm}"
    assert algorithm not in (await report(world, handler, anna)).form, "no secret, no signature"
    world.smsc.callback.secret = "тайна"
    form = (await report(world, handler, anna)).form
    assert form[algorithm] == digest(form["phone"], "[waitcall]", form["to"], "тайна")
    world.smsc.callback.shape = "waitcall"
    form = (await report(world, handler, anna)).form
    assert form[algorithm] == digest(form["phone"], form["ts"], "тайна")
    assert await world.smsc.sends_event(id=5, phone="79990000000", status=1) == 200
    assert handler.heard[-1].form[algorithm] == digest("5", "79990000000", "1", "тайна")


async def test_texts_travel_in_the_handlers_charset(world: World, handler: Handler) -> None:
    await world.smsc.sends_event(id=1, phone="79990000000", mes="Привет", to="74951234567")
    assert dict(parse_qsl(handler.heard[-1].body.decode(), encoding="windows-1251"))["mes"] == "Привет"
    world.smsc.callback.url = f"{handler.base}?charset=utf-8"
    await world.smsc.sends_event(id=1, phone="79990000000", mes="Привет", to="74951234567")
    assert handler.heard[-1].form["mes"] == "Привет"


async def test_the_last_callback_can_be_sent_again(world: World, handler: Handler, anna: Person) -> None:
    first = await report(world, handler, anna)
    handler.status = 503
    assert await world.smsc.repeat_last_callback() == 503
    assert handler.heard[-1] == first
    assert world.trace.of("callback")[-1].ok is False


async def test_callbacks_get_lost_doubled_and_late(world: World, handler: Handler, anna: Person) -> None:
    world.faults.add(where="callback", kind="lost")
    await anna.calls(CALL)
    await asyncio.sleep(0.1)
    assert handler.heard == []
    assert len(world.smsc.inbox) == 1
    world.faults.add(where="callback", kind="doubled")
    await anna.calls(CALL)
    await world.wait_until(lambda: len(handler.heard) == 2)
    assert handler.heard[0] == handler.heard[1]
    world.faults.add(where="callback", kind="late", seconds=600)
    called_at = int(world.clock.timestamp())
    await anna.calls(CALL)
    await asyncio.sleep(0.1)
    assert len(handler.heard) == 2
    world.clock.advance(601)
    await world.wait_until(lambda: len(handler.heard) == 3)
    assert int(handler.heard[-1].form["ts"]) - called_at <= 1


async def test_other_and_hidden_callers(world: World, handler: Handler, anna: Person) -> None:
    await anna.calls(CALL, from_number="+79990001122")
    await world.wait_until(lambda: len(handler.heard) == 1)
    assert handler.heard[-1].form["phone"] == "79990001122"
    await anna.calls(CALL, hidden=True)
    await world.wait_until(lambda: len(handler.heard) == 2)
    assert "phone=&" in handler.heard[-1].body.decode()


async def test_what_the_phone_hears(world: World, handler: Handler, anna: Person) -> None:
    assert await anna.calls(CALL) == "dropped"
    assert await anna.calls("+7 (495) 123-45-68") == "number unavailable"
    assert await anna.calls("84951234567") == "dropped"
    assert await anna.calls("+79991112233") == "no such number"
    foreigner = world.person("Oksana", phone="+380501234567")
    assert await foreigner.calls(CALL) == "dropped"
    await world.wait_until(lambda: len(handler.heard) == 4)
    assert world.trace.of("phone")[-1].title == "Oksana (+380 ••• ••• 45-67) calls +74951234567: dropped"


async def test_nobody_at_home_is_no_accident(world: World, anna: Person) -> None:
    world.smsc.callback.url = "http://127.0.0.1:9/smsc/token"
    await anna.calls(CALL)
    await world.wait_until(lambda: world.smsc.callback.sent)
    assert world.smsc.callback.sent[-1].status is None
