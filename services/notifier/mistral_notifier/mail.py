"""The publisher that sends each notice as a mail.

Options of an entry: ``server`` (``host:port``, else that of the service), ``from``, ``to`` (one or several addresses),
``user`` and ``password`` (then the connection is encrypted first), ``subject``.
"""

import asyncio
import json
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, parseaddr
from functools import cache
from typing import Any, Final

import aiosmtplib

from mistral_notifier.options import text
from mistral_notifier.publisher import DeliveryFailed, Notice
from mistral_runtime.egress import SETTING, AddressDenied, Allowed, Guard, allowed_entries
from mistral_runtime.settings import Environment

TOTAL_SECONDS: Final = 10.0
_PORT: Final = 25
# By agreement everything is encrypted there from the first byte.
_TLS_PORT: Final = 465
_MOST_RECIPIENTS: Final = 50
_FOR_GOOD: Final = 500
_POLICY: Final = SMTP.clone(cte_type="7bit")
_TOLD: Final = ("event", "state", "state_info", "name", "workflow_name", "id", "workflow_execution_id", "updated_at")


class Mail:
    """Delivered is what the server has taken for all recipients."""

    def __init__(self, environment: Environment) -> None:
        self._server = environment.text("MISTRAL_SMTP_SERVER", "")
        self._guard = Guard(Allowed(allowed_entries(environment)))

    async def publish(self, notice: Notice, options: Mapping[str, Any]) -> None:
        host, port = _place(text(options, "server", self._server or None))
        sender, recipients = _address(text(options, "from"), "from"), _recipients(options)
        message = _message(notice, options, recipients)
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                await self._sent(message, host, port, sender, recipients, options)
        except AddressDenied as error:
            raise DeliveryFailed(f"{error} that is not in {SETTING}", permanent=True) from None
        except TimeoutError:
            raise DeliveryFailed(f"no answer within {TOTAL_SECONDS:g} s", unreachable=True) from None
        except aiosmtplib.SMTPAuthenticationError as error:
            # A server's words on this may hold what it was told.
            raise DeliveryFailed(f"the server refused the credentials ({error.code})") from None
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            raise DeliveryFailed(
                f"the server takes it for nobody ({', '.join(map(str, codes))})", permanent=min(codes) >= _FOR_GOOD
            ) from None
        except aiosmtplib.SMTPResponseException as error:
            raise DeliveryFailed(f"the server refused it ({error.code})", permanent=error.code >= _FOR_GOOD) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise DeliveryFailed(f"the server cannot be used: {type(error).__name__}", unreachable=True) from None

    async def close(self) -> None:
        """There is nothing to let go of."""

    async def _sent(
        self,
        message: EmailMessage,
        host: str,
        port: int,
        sender: str,
        recipients: list[str],
        options: Mapping[str, Any],
    ) -> None:
        encrypted = port == _TLS_PORT
        smtp = aiosmtplib.SMTP(
            hostname=host,
            sock=await self._guard.connected(host, port),
            use_tls=encrypted,
            start_tls=False,
            tls_context=_tls() if encrypted else None,
            timeout=TOTAL_SECONDS,
        )
        try:
            await smtp.connect()
            if options.get("password") is not None:
                if not encrypted:
                    await smtp.starttls(server_hostname=host, tls_context=_tls())
                await smtp.login(text(options, "user", sender), text(options, "password"))
            await smtp.send_message(message, sender=sender, recipients=recipients)
        finally:
            smtp.close()


def _message(notice: Notice, options: Mapping[str, Any], recipients: list[str]) -> EmailMessage:
    told = json.loads(notice.payload)
    message = EmailMessage(_POLICY)
    subject = text(options, "subject", f"{notice.event}: {told.get('name') or notice.execution_id}")
    message["Subject"] = " ".join(subject.split())
    message["From"] = text(options, "from")
    message["To"] = ", ".join(recipients)
    message["Date"] = formatdate(notice.created_at.timestamp(), localtime=False)
    # The same at every attempt, so that a second copy is known as one.
    message["Message-ID"] = f"<{notice.id}@mistral-mesh>"
    message["X-Mistral-Event"] = notice.event
    lines = [f"{name}: {told[name]}" for name in _TOLD if told.get(name) not in (None, "")]
    message.set_content("\n".join([*lines, "", json.dumps(told, indent=2, ensure_ascii=False), ""]))
    return message


def _recipients(options: Mapping[str, Any]) -> list[str]:
    given = options.get("to")
    several = given if isinstance(given, list) else [given]
    if not 0 < len(several) <= _MOST_RECIPIENTS:
        raise DeliveryFailed(f"to of the entry is 1 to {_MOST_RECIPIENTS} addresses", permanent=True)
    return [_address(each, "to") for each in several]


def _address(given: Any, name: str) -> str:
    address = parseaddr(given)[1] if isinstance(given, str) and not set(given) & set("\r\n\0") else ""
    if "@" not in address or any(sign.isspace() or not sign.isprintable() for sign in address):
        raise DeliveryFailed(f"{name} of the entry is no address", permanent=True)
    return address


def _place(given: str) -> tuple[str, int]:
    host, colon, port = given.strip().rpartition(":")
    if not colon:
        return given.strip(), _PORT
    if not host or not port.isdecimal() or not 0 < int(port[:6]) < 65536:
        raise DeliveryFailed("server of the entry is no host:port", permanent=True)
    return host.strip("[]"), int(port)


@cache
def _tls() -> ssl.SSLContext:
    # Reading the certificates takes some 20 ms.
    return ssl.create_default_context()
