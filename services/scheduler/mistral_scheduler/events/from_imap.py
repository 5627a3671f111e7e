"""Mails out of a mailbox over IMAP: looked at now and then, marked once they are stored."""

import asyncio
import imaplib
import re
import socket
import ssl
from typing import Any, Final

import msgspec

from mistral_core.event_triggers.checking import ImapSettings
from mistral_core.event_triggers.mail import mail
from mistral_runtime.egress import AddressDenied, Guard
from mistral_scheduler.events.intake import Intake
from mistral_scheduler.events.sources import SourceBroken

_PORTS: Final = {"tls": 993, "starttls": 143, "none": 143}
_SECONDS: Final = 30.0
_UID: Final = re.compile(rb"UID (\d+)")
_SIZE: Final = re.compile(rb"RFC822\.SIZE (\d+)")


class FromImap:
    """Listens to mailboxes. The library waits in a thread of its own, one look at a time."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def __call__(self, source: Any, intake: Intake) -> None:
        rule = msgspec.json.decode(source["settings"], type=ImapSettings)
        port = rule.port or _PORTS[rule.encryption]
        try:
            async with asyncio.timeout(_SECONDS):
                connection = await self._guard.connected(rule.host, port)
            box = await asyncio.to_thread(_signed_in, connection, rule, source["secret"])
        except AddressDenied as error:
            raise SourceBroken(str(error)) from None
        except (imaplib.IMAP4.error, ssl.SSLError) as error:
            raise SourceBroken(f"the mailbox cannot be opened: {_said(error)}") from None
        try:
            await intake.wrong("")
            while True:
                found = await asyncio.to_thread(box.new, intake.batch, intake.max_bytes)
                for uid in found.too_large:
                    await intake.refuse(f"the mail {uid} is larger than {intake.max_bytes} bytes")
                events = [(mail(body, event_id=uid), source["exchange"], source["topic"]) for uid, body in found.mails]
                await intake.take(events)
                await asyncio.to_thread(box.done, [*found.uids])
                if not found.uids:
                    await asyncio.sleep(rule.poll_seconds)
        except imaplib.IMAP4.error as error:
            raise SourceBroken(f"the mailbox: {_said(error)}") from None
        finally:
            # A look that is under way ends with its connection.
            box.leave()


class _Found(msgspec.Struct):
    """Mails that are new: by their ids as events, and the numbers to mark them by."""

    mails: list[tuple[str, bytes]]
    too_large: list[str]
    uids: list[str]


class _Box:
    """A mailbox that is open."""

    def __init__(self, session: imaplib.IMAP4, rule: ImapSettings) -> None:
        self._session = session
        self._rule = rule
        self._validity = ""

    def open(self) -> None:
        """Select the folder; ids of mails hold as long as its number stays."""
        _check(self._session.select(f'"{self._rule.folder}"'), "select")
        _, [validity] = self._session.response("UIDVALIDITY")
        self._validity = (validity or b"").decode()

    def new(self, most: int, max_bytes: int) -> _Found:
        """Return mails that nobody has seen, at most so many."""
        self._session.noop()
        uids = _check(self._session.uid("SEARCH", "UNSEEN"), "search")[0].split()[:most]
        found = _Found([], [], [])
        for uid in (one.decode() for one in uids):
            event_id = f"{self._rule.folder}/{self._validity}/{uid}"
            size = _SIZE.search(b" ".join(_flat(_check(self._session.uid("FETCH", uid, "(RFC822.SIZE)"), "fetch"))))
            found.uids.append(uid)
            if size is not None and int(size[1]) > max_bytes:
                found.too_large.append(event_id)
                continue
            parts = _check(self._session.uid("FETCH", uid, "(BODY.PEEK[])"), "fetch")
            body = next((part[1] for part in parts if isinstance(part, tuple)), None)
            # It may have been removed in between.
            if body is not None:
                found.mails.append((event_id, body))
        return found

    def done(self, uids: list[str]) -> None:
        """Mark mails as seen, or take them out of the folder."""
        if not uids:
            return
        numbers, after = ",".join(uids), self._rule.after
        if after.startswith("move:"):
            _check(self._session.uid("COPY", numbers, f'"{after.removeprefix("move:")}"'), "copy")
        gone = after != "seen"
        _check(self._session.uid("STORE", numbers, "+FLAGS", r"(\Seen \Deleted)" if gone else r"(\Seen)"), "store")
        if gone:
            self._session.expunge()

    def leave(self) -> None:
        """Close the connection."""
        self._session.shutdown()


class _Over(imaplib.IMAP4):
    """A session over a connection that is there."""

    def __init__(self, connection: socket.socket, host: str) -> None:
        self._connection = connection
        super().__init__(host, timeout=_SECONDS)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self._connection


def _signed_in(connection: socket.socket, rule: ImapSettings, password: str) -> _Box:
    connection.setblocking(True)
    connection.settimeout(_SECONDS)
    context = ssl.create_default_context()
    try:
        if rule.encryption == "tls":
            connection = context.wrap_socket(connection, server_hostname=rule.host)
        session = _Over(connection, rule.host)
        if rule.encryption == "starttls":
            session.starttls(context)
        session.login(rule.user, password)
        box = _Box(session, rule)
        box.open()
    except BaseException:
        connection.close()
        raise
    return box


def _check(answer: tuple[str, list[Any]], what: str) -> list[Any]:
    status, parts = answer
    if status != "OK":
        raise imaplib.IMAP4.error(f"the server refuses to {what}")
    return parts


def _flat(parts: list[Any]) -> list[bytes]:
    return [each for part in parts for each in (part if isinstance(part, tuple) else (part,)) if each is not None]


def _said(error: Exception) -> str:
    text = error.args[0] if error.args else type(error).__name__
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
