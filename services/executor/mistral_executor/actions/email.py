"""``std.email``: a message handed to an SMTP server."""

import asyncio
import ssl
from contextlib import suppress
from functools import cache
from typing import Any

import aiosmtplib

from mistral_executor.actions.context import ActionContext
from mistral_executor.actions.declaration import action
from mistral_executor.actions.email_message import Letter, letter
from mistral_executor.actions.endpoint import Endpoint, endpoint, text_of
from mistral_executor.actions.errors import Unusable
from mistral_runtime.egress import AddressDenied, Guard

CONNECT_SECONDS = 10.0
TOTAL_SECONDS = 60.0

_PORT = 25
# By agreement everything is encrypted there from the first byte.
_TLS_PORT = 465


class SendingFailed(Exception):
    """The message was not sent, or not to everybody; the message is the action's error."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Failed to send an email message: {reason}")


@action()
async def email(
    context: ActionContext,
    from_addr: str,
    to_addrs: Any,
    smtp_server: str,
    reply_to: Any = None,
    cc_addrs: Any = None,
    bcc_addrs: Any = None,
    smtp_password: Any = None,
    subject: Any = None,
    body: Any = None,
    html_body: Any = None,
) -> None:
    """Sends an email through an SMTP server, encrypted and logged in when there is a password."""
    try:
        server = endpoint(smtp_server, "smtp_server", port=_PORT)
        password = None if smtp_password is None else text_of(smtp_password, "smtp_password")
        what = letter(
            from_addr=from_addr,
            to_addrs=to_addrs,
            reply_to=reply_to,
            cc_addrs=cc_addrs,
            bcc_addrs=bcc_addrs,
            subject=subject,
            body=body,
            html_body=html_body,
            message_id=context.action_id,
        )
        async with asyncio.timeout(TOTAL_SECONDS):
            refused = await _sent(what, server, password, Guard(context.egress))
    except aiosmtplib.SMTPAuthenticationError as error:
        # A server's words on this may hold what it was told.
        raise SendingFailed(f"the server refused the credentials ({error.code})") from None
    except aiosmtplib.SMTPConnectError as error:
        raise SendingFailed(f"no SMTP server at {server.host} port {server.port}: {_cause(error)}") from None
    except TimeoutError:
        raise SendingFailed("the server did not answer in time") from None
    except (aiosmtplib.SMTPException, AddressDenied, OSError, Unusable) as error:
        raise SendingFailed(str(error) or type(error).__name__) from None
    if refused:
        raise SendingFailed(f"refused for {', '.join(refused)}; the others got it")


async def _sent(what: Letter, server: Endpoint, password: str | None, guard: Guard) -> list[str]:
    """Send it and return the recipients that were refused, when not all were."""
    async with asyncio.timeout(CONNECT_SECONDS):
        connection = await guard.connected(server.host, server.port)
    encrypted = server.port == _TLS_PORT
    smtp = aiosmtplib.SMTP(
        hostname=server.host,
        sock=connection,
        use_tls=encrypted,
        start_tls=False,
        tls_context=_tls() if encrypted else None,
        timeout=TOTAL_SECONDS,
    )
    try:
        await smtp.connect()
        if password is not None:
            if not encrypted:
                await smtp.starttls(server_hostname=server.host, tls_context=_tls())
            await smtp.login(what.sender, password)
        refused, _ = await smtp.send_message(what.message, sender=what.sender, recipients=what.recipients)
        with suppress(aiosmtplib.SMTPException):
            # It has the message; how it says goodbye changes nothing.
            await smtp.quit()
    finally:
        smtp.close()
    return sorted(refused)


def _cause(error: aiosmtplib.SMTPConnectError) -> str:
    # The library's own words name a port of None, as it was handed a connection.
    return str(error.__cause__) if error.__cause__ else str(error)


@cache
def _tls() -> ssl.SSLContext:
    # Reading the certificates takes some 20 ms.
    return ssl.create_default_context()
