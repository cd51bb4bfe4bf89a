"""The parameters of a Bot API call: from the request into aiogram's own method model."""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin
from urllib.parse import parse_qsl

from aiogram.client.default import Default
from aiogram.methods import SetWebhook, TelegramMethod
from aiohttp import web
from pydantic import BaseModel, ValidationError

from bot.sandbox.telegram.api_errors import ApiError, bad_request

Json = dict[str, Any]
Method = TelegramMethod[Any]
M = TypeVar("M", bound=Method)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a call."""

    name: str
    data: bytes


async def read_arguments(request: web.Request) -> tuple[Json, dict[str, Upload]]:
    """The parameters as sent, and the files sent along, by the names of their parts.

    Query, JSON, urlencoded or multipart; text must be UTF-8.
    """
    arguments: Json = dict(request.query)
    if request.method != "POST":
        return arguments, {}
    try:
        if request.content_type == "multipart/form-data":
            parts = dict(await request.post())
            arguments |= {name: value for name, value in parts.items() if isinstance(value, str)}
            return arguments, _files(parts)
        return arguments | await _read_body(request), {}
    except web.HTTPRequestEntityTooLarge as error:
        raise ApiError(413, "Request Entity Too Large") from error


def _files(parts: Mapping[str, object]) -> dict[str, Upload]:
    return {
        name: Upload(value.filename, value.file.read())
        for name, value in parts.items()
        if isinstance(value, web.FileField)
    }


async def _read_body(request: web.Request) -> Json:
    kind = request.content_type
    body = await request.read()
    if kind == "application/json":
        return _json(body)
    if kind == "application/x-www-form-urlencoded":
        try:
            return dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
        except ValueError as error:
            raise bad_request("strings must be encoded in UTF-8") from error
    if body:
        raise bad_request("unsupported content type")
    return {}


def _json(body: bytes) -> Json:
    if not body:
        return {}
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise bad_request("can't parse JSON object") from error
    if not isinstance(parsed, dict):
        raise bad_request("expected an Object")
    return {name: value for name, value in parsed.items() if value is not None}


def build(model: type[M], arguments: Json) -> M:
    """The method with its parameters; refuses what the model does not know or accept."""
    structured = _structured(model)
    if model is SetWebhook:
        # Clients omit empty parameters, and an empty URL is how a webhook is removed.
        arguments.setdefault("url", "")
    for name, value in arguments.items():
        if name not in model.model_fields:
            raise bad_request(f'unknown parameter "{name}" of {model.__name__}')
        if name in structured and isinstance(value, str):
            try:
                arguments[name] = json.loads(value)
            except (ValueError, RecursionError) as error:
                raise bad_request(f"can't parse {name} JSON object") from error
    try:
        return model.model_validate(arguments)
    except ValidationError as error:
        raise _refusal(error) from error


def _refusal(error: ValidationError) -> ApiError:
    first = error.errors(include_url=False, include_context=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "missing":
        return bad_request(
            {"text": "message text is empty", "chat_id": "chat_id is empty"}.get(
                name, f'parameter "{name}" is required'
            )
        )
    where = ".".join(str(part) for part in first["loc"])
    return bad_request(f'invalid parameter "{where}": {first["msg"]}')


def given(value: object) -> Any:  # noqa: ANN401 - whatever the model holds there
    """The value that was sent; None for aiogram's placeholder of its own default."""
    return None if isinstance(value, Default) else value


def moment(when: datetime | timedelta | int | None, now: int) -> int | None:
    """A moment of a call in unix seconds."""
    if isinstance(when, timedelta):
        return now + int(when.total_seconds())
    if isinstance(when, datetime):
        return int(when.replace(tzinfo=when.tzinfo or UTC).timestamp())
    return when


@cache
def _structured(model: type[Method]) -> frozenset[str]:
    """The parameters that travel as JSON text inside a form."""
    return frozenset(name for name, field in model.model_fields.items() if _holds_structure(field.annotation))


def _holds_structure(annotation: object) -> bool:
    if get_origin(annotation) in (Union, types.UnionType) or hasattr(annotation, "__metadata__"):
        return any(_holds_structure(part) for part in get_args(annotation))
    if get_origin(annotation) is list:
        return True
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
