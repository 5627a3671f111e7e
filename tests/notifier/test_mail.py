"""Mails about what happened, handed to a real SMTP server on loopback."""

import asyncio
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from mistral_mesh.ports import free_port
from mistral_notifier.mail import Mail
from mistral_notifier.publisher import DeliveryFailed
from tests.notifier.test_publishers import environment, notice


class Post:
    """What an SMTP server got; nobody@ is unknown to it, busy@ may try later."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address.startswith("nobody"):
            return "550 no such user"
        if address.startswith("busy"):
            return "450 later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.envelopes.append(envelope)
        return "250 taken"


@pytest.fixture
async def post() -> AsyncIterator[tuple[Post, str]]:
    found, loop = Post(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(found, hostname="localhost", loop=loop), "127.0.0.1", 0)
    async with server:
        yield found, f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_mail_says_what_happened(post):
    box, place = post
    told = notice(state="ERROR", state_info="disk full")

    await Mail(environment(MISTRAL_SMTP_SERVER=place)).publish(told, {"from": "mesh@a.example", "to": ["x@a.example"]})

    [envelope] = box.envelopes
    message = message_from_bytes(envelope.content, policy=default)
    assert envelope.rcpt_tos == ["x@a.example"]
    assert message["Subject"] == "WORKFLOW_FAILED: deploy"
    assert message["Message-ID"] == f"<{told.id}@mistral-mesh>"
    assert "state_info: disk full" in message.get_content()


@pytest.mark.parametrize(
    ("options", "permanent", "said"),
    [
        ({"to": "nobody@a.example"}, True, "for nobody"),
        ({"to": "busy@a.example"}, False, "for nobody"),
        ({"to": "no address"}, True, "to of the entry is no address"),
        ({"to": "x@a.example\r\nBcc: y@a.example"}, True, "to of the entry is no address"),
        ({"to": []}, True, "1 to 50 addresses"),
        ({"from": ""}, True, "no from"),
        ({"server": "127.0.0.1:x"}, True, "no host:port"),
        ({"server": "10.1.2.3"}, True, "blocked address"),
    ],
)
async def test_what_cannot_be_sent_fails_by_name(post, options, permanent, said):
    entry = {"from": "mesh@a.example", "to": "x@a.example", "server": post[1], **options}
    with pytest.raises(DeliveryFailed, match=said) as failed:
        await Mail(environment()).publish(notice(), entry)
    assert failed.value.permanent is permanent


async def test_a_mail_server_that_is_away_is_unreachable():
    entry = {"from": "mesh@a.example", "to": "x@a.example", "server": f"127.0.0.1:{free_port()}"}
    with pytest.raises(DeliveryFailed) as failed:
        await Mail(environment()).publish(notice(), entry)
    assert failed.value.unreachable
