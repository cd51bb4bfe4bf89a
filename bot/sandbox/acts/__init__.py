"""What a person does on the page, one strict body for each kind of action."""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator, TypeAdapter

from bot.sandbox.acts import alone, belonging, running
from bot.sandbox.acts.deed import Deed

__all__ = ["ACT", "Deed"]

Act = Annotated[
    alone.Say
    | alone.SendFile
    | alone.Press
    | alone.ShareContact
    | alone.ShareContactOf
    | alone.PickUser
    | alone.Dial
    | alone.OpenApp
    | alone.Device
    | alone.Simple
    | belonging.Come
    | belonging.OpenLink
    | belonging.OpenDeepLink
    | belonging.Add
    | belonging.Found
    | running.Decide
    | running.Restrict
    | running.Treat
    | running.Tag
    | running.Promote
    | running.BotPlace
    | running.BotRight
    | running.Guard
    | running.Setting
    | running.MakeLink
    | running.OpenTopic
    | running.End,
    Discriminator("do", custom_error_type="unknown_deed", custom_error_message="Nobody can do that here"),
]
ACT: TypeAdapter[Act] = TypeAdapter(Act)
"""Reads an action from JSON; its `done` does it."""
