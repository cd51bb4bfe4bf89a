"""What a person does on the page, one strict body for each kind of action."""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator, TypeAdapter

from bot.sandbox.actions import administering, membership, messages_and_calls

__all__ = ["PAGE_ACTION"]

AnyAction = Annotated[
    messages_and_calls.SendText
    | messages_and_calls.SendFile
    | messages_and_calls.PressButton
    | messages_and_calls.ShareContact
    | messages_and_calls.ShareContactOf
    | messages_and_calls.PickUser
    | messages_and_calls.Call
    | messages_and_calls.OpenApp
    | messages_and_calls.ChangeDevice
    | messages_and_calls.ChangeLanguage
    | messages_and_calls.SimpleAction
    | membership.JoinOrLeave
    | membership.OpenLink
    | membership.OpenDeepLink
    | membership.AddMember
    | membership.CreateGroup
    | administering.DecideRequest
    | administering.RestrictMember
    | administering.ChangeMember
    | administering.SetTag
    | administering.PromoteMember
    | administering.ChangeBotStatus
    | administering.ChangeBotRight
    | administering.AssignGuard
    | administering.ChangeSetting
    | administering.MakeLink
    | administering.OpenTopic
    | administering.UpgradeOrDelete,
    Discriminator("do", custom_error_type="unknown_action", custom_error_message="Nobody can do that here"),
]
PAGE_ACTION: TypeAdapter[AnyAction] = TypeAdapter(AnyAction)
"""Reads an action from JSON; its `perform` does it."""
