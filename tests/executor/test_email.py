"""``std.email`` against a real SMTP server on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

PASSWORD = "correct horse"


@dataclass
class Post:
    """What the server got."""

    port: int = 0
    envelopes: list[Any] = field(default_factory=list)
    logins: list[bytes] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address.startswith("nobody"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.envelopes.append(envelope)
        self.encrypted.append(session.ssl is not None)
        return "250 taken"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        if mechanism not in ("LOGIN", "PLAIN"):
            return AuthResult(success=False, handled=False)
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login)
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)

    def message(self) -> EmailMessage:
        [envelope] = self.envelopes
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        return message


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[Post]:
    post = Post()
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(post, hostname="localhost", loop=loop, authenticator=post.authenticate, **options)

    server = await loop.create_server(protocol, "127.0.0.1", 0)
    async with server:
        post.port = server.sockets[0].getsockname()[1]
        yield post


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    async with serving() as it:
        yield it


@pytest.fixture
async def executor(start: Any) -> Any:
    return await start(egress_allowed=("127.0.0.0/8",))


def letter(post: Post, **more: Any) -> dict[str, Any]:
    return {
        "from_addr": "mesh@example.org",
        "to_addrs": ["ada@example.org"],
        "smtp_server": f"127.0.0.1:{post.port}",
        **more,
    }


@pytest.mark.usefixtures("executor")
async def test_everybody_gets_it_and_the_headers_say_to_whom(engine: Any, post: Post):
    given = letter(
        post,
        to_addrs=["Ada <ada@example.org>", "bob@example.org"],
        cc_addrs=["cc@example.org"],
        bcc_addrs=["secret@example.org"],
        reply_to=["answers@example.org"],
        subject="Grüße",
        body="wörds\nmore",
    )

    assert await engine.run("std.email", given) == ("SUCCESS", None)

    message = post.message()
    assert post.envelopes[0].mail_from == "mesh@example.org"
    assert post.envelopes[0].rcpt_tos == ["ada@example.org", "bob@example.org", "cc@example.org", "secret@example.org"]
    assert message["To"] == "Ada <ada@example.org>, bob@example.org"
    assert (message["Cc"], message["Bcc"], message["Reply-To"]) == ("cc@example.org", None, "answers@example.org")
    assert (message["From"], message["Subject"]) == ("mesh@example.org", "Grüße")
    assert message.get_content_type() == "text/plain"
    assert message.get_content().splitlines() == ["wörds", "more"]
    assert message["Date"]
    assert message["Message-ID"]


@pytest.mark.usefixtures("executor")
async def test_a_message_without_words_says_so(engine: Any, post: Post):
    await engine.run("std.email", letter(post))

    assert post.message()["Subject"] == "<No subject>"
    assert post.message().get_content().strip() == "<No body>"


@pytest.mark.usefixtures("executor")
async def test_html_comes_beside_the_text(engine: Any, post: Post):
    await engine.run("std.email", letter(post, body="plain", html_body="<b>bold</b>"))

    plain, html = post.message().iter_parts()
    assert post.message().get_content_type() == "multipart/alternative"
    assert (plain.get_content_type(), plain.get_content().strip()) == ("text/plain", "plain")
    assert (html.get_content_type(), html.get_content().strip()) == ("text/html", "<b>bold</b>")


@pytest.mark.usefixtures("executor")
async def test_addresses_may_come_as_one_text(engine: Any, post: Post):
    await engine.run("std.email", letter(post, to_addrs="ada@example.org, Bob <bob@example.org>"))

    assert post.envelopes[0].rcpt_tos == ["ada@example.org", "bob@example.org"]


@pytest.mark.usefixtures("executor")
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"to_addrs": []}, "nobody to send it to"),
        ({"to_addrs": {"a": 1}}, "'to_addrs' must be a list of addresses"),
        ({"to_addrs": [1]}, "'to_addrs' must be a list of addresses"),
        ({"from_addr": "a@b.c, d@e.f"}, "'from_addr' must be one address"),
        ({"subject": "x\nBcc: evil@example.org"}, "the header Subject"),
        ({"reply_to": "a@b.c\r\nX-Evil: 1"}, "'Reply-To' holds something that is no address"),
        ({"body": {"a": 1}}, "'body' must be a text"),
        ({"smtp_server": "127.0.0.1:99999"}, "'smtp_server' must have a port"),
        ({"smtp_server": "127.0.0.1:1"}, "onnect"),
        ({"to_addrs": ["nobody@example.org"]}, "550"),
    ],
)
async def test_a_message_that_cannot_be_sent(engine: Any, post: Post, wrong: dict[str, Any], says: str):
    outcome, error = await engine.run("std.email", letter(post, **wrong))

    assert outcome == "ERROR"
    assert "Failed to send an email message: " in error
    assert says in error
    assert post.envelopes == []


@pytest.mark.usefixtures("executor")
async def test_one_who_was_refused_is_named(engine: Any, post: Post):
    outcome, error = await engine.run("std.email", letter(post, to_addrs=["ada@example.org", "nobody@example.org"]))

    assert outcome == "ERROR"
    assert "refused for nobody@example.org; the others got it" in error
    assert post.envelopes[0].rcpt_tos == ["ada@example.org"]


async def test_loopback_is_blocked_by_default(engine: Any, start: Any, post: Post):
    await start()

    outcome, error = await engine.run("std.email", letter(post))

    assert outcome == "ERROR"
    assert "Failed to send an email message: host '127.0.0.1' resolves to a blocked address (127.0.0.1)" in error
    assert post.envelopes == []


@pytest.mark.usefixtures("executor")
async def test_a_password_is_never_sent_in_the_clear(engine: Any):
    async with serving(auth_require_tls=False) as post:
        outcome, error = await engine.run("std.email", letter(post, smtp_password=PASSWORD))

    assert outcome == "ERROR"
    assert "STARTTLS" in error
    assert (post.logins, post.envelopes) == ([], [])


@pytest.fixture
async def safe_post(certificate: Any) -> AsyncIterator[tuple[Post, Path]]:
    """A server that wants TLS and a login, and the certificate to trust."""
    async with serving(tls_context=certificate.context(), require_starttls=True, auth_required=True) as post:
        yield post, certificate.file


async def test_a_password_logs_in_over_tls(engine: Any, process: Callable[..., Any], safe_post: tuple[Post, Path]):
    post, trusted = safe_post
    process(engine.queue, SSL_CERT_FILE=str(trusted))

    assert await engine.run("std.email", letter(post, smtp_password=PASSWORD)) == ("SUCCESS", None)

    assert post.logins == [b"mesh@example.org"]
    assert post.encrypted == [True]


async def test_a_wrong_password_is_in_no_error(engine: Any, process: Any, safe_post: tuple[Post, Path], capfd: Any):
    post, trusted = safe_post
    process(engine.queue, SSL_CERT_FILE=str(trusted))

    outcome, error = await engine.run("std.email", letter(post, smtp_password="hunter2"))

    assert outcome == "ERROR"
    assert "the server refused the credentials (535)" in error
    assert "hunter2" not in error + "".join(capfd.readouterr())


@pytest.mark.usefixtures("executor")
async def test_a_certificate_nobody_vouches_for_gets_no_password(engine: Any, safe_post: tuple[Post, Path]):
    post, _ = safe_post

    outcome, error = await engine.run("std.email", letter(post, smtp_password=PASSWORD))

    assert outcome == "ERROR"
    assert "certificate" in error.lower()
    assert post.logins == []


@pytest.mark.usefixtures("executor")
async def test_a_server_that_hangs_up_is_an_error(engine: Any):
    with socket.create_server(("127.0.0.1", 0)) as rude:
        task = engine.task("std.email", letter(Post(port=rude.getsockname()[1])))
        await engine.give(task)
        connection, _ = await asyncio.get_running_loop().run_in_executor(None, rude.accept)
        with connection:
            pass
        outcome, _ = await engine.result(task)

    assert outcome == "ERROR"
