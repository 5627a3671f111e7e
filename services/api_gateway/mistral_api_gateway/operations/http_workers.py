"""Applications that run actions and are called over HTTP. Executors call them; here they are only registered."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.etags import hold
from mistral_api_gateway.operations.finding import Finding
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import InvalidInput, NotFound
from mistral_core.http_workers import checked_actions, checked_headers, checked_labels, checked_url
from mistral_persistence import http_workers as rows
from mistral_persistence.listing import Page

_LONGEST_NAME: Final = 200
_LONGEST_QUEUE: Final = 255
_MOST_QUEUES: Final = 64
_SECRET: Final = (16, 1_000)
_RANGES: Final = {
    "concurrency": (1, 1_000),
    "timeout_seconds": (1, 3_600),
    "lease_seconds": (10, 604_800),
    "attempts": (1, 20),
}
_USUAL: Final = {"concurrency": 10, "timeout_seconds": 30, "lease_seconds": 300, "attempts": 5}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpWorkerRequest:
    """An application as it is sent; None, or empty for texts and JSON, for what is not sent.

    Attributes:
        actions: A JSON list.
        labels: A JSON object, as ``headers``.
        secret: Empty takes it away.
    """

    name: str
    description: str | None = None
    url: str = ""
    actions: bytes = b""
    queues: tuple[str, ...] | None = None
    labels: bytes = b""
    headers: bytes = b""
    secret: str | None = None
    concurrency: int | None = None
    timeout_seconds: int | None = None
    lease_seconds: int | None = None
    attempts: int | None = None
    enabled: bool | None = None


class HttpWorkers:
    """What can be done with applications that are called over HTTP."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, caller: Caller, wanted: HttpWorkerRequest) -> rows.Row:
        """Register an application.

        Raises:
            InvalidInput: If something is missing or cannot be; it names the field.
            Conflict: If the project has one of that name.
            Forbidden: If the caller may not publish actions, and one is public.
        """
        _check(caller, wanted)
        checked_url(wanted.url)
        checked_actions(wanted.actions)
        async with self._store.transaction() as connection:
            await rows.create(connection, str(uuid4()), caller.project, _merged(wanted, None))
            return await _FOUND.own(connection, caller, wanted.name)

    async def update(self, caller: Caller, wanted: HttpWorkerRequest, *, etag: str = "") -> rows.Row:
        """Replace what is sent of the application of that name.

        Raises:
            InvalidInput: As for ``create``.
            NotFound: If there is none of that name.
            EtagMismatch: If it has another etag by now.
        """
        _check(caller, wanted)
        async with self._store.transaction() as connection:
            known = await _FOUND.own(connection, caller, wanted.name)
            await hold(connection, "http_worker", known["id"], etag)
            await rows.update(connection, known["id"], _merged(wanted, known))
            return await _FOUND.own(connection, caller, wanted.name)

    async def get(self, caller: Caller, name: str) -> rows.Row:
        """Return an application. Raises NotFound if the project has none of that name."""
        return await self._store.read(_FOUND.visible, caller, name)

    async def page(self, caller: Caller, wanted: Page) -> list[rows.Row]:
        """Return a page of the applications that the caller sees."""
        return await self._store.page(rows.page, rows.HTTP_WORKERS, wanted, project=caller.scope)

    async def delete(self, caller: Caller, name: str, *, etag: str = "") -> None:
        """Remove an application. Raises NotFound if the project has none of that name."""
        async with self._store.transaction() as connection:
            known = await _FOUND.own(connection, caller, name)
            await hold(connection, "http_worker", known["id"], etag)
            await rows.delete(connection, known["id"])


def _check(caller: Caller, wanted: HttpWorkerRequest) -> None:
    """Check all that is sent."""
    if not wanted.name:
        raise InvalidInput("Name of the HTTP worker is not provided.", field="name")
    if len(wanted.name) > _LONGEST_NAME:
        raise InvalidInput(f"The name of an HTTP worker has at most {_LONGEST_NAME} characters", field="name")
    if wanted.url:
        checked_url(wanted.url)
    if wanted.actions and any(action.public for action in checked_actions(wanted.actions)):
        caller.demand("actions:publicize")
    if wanted.labels:
        checked_labels(wanted.labels)
    if wanted.headers:
        checked_headers(wanted.headers)
    _check_secret(wanted.secret)
    _check_queues(wanted.queues or ())
    for field, (least, most) in _RANGES.items():
        value = getattr(wanted, field)
        if value is not None and not least <= value <= most:
            raise InvalidInput(f"{field} must be from {least} to {most}; actual: {value}", field=field)


def _check_secret(secret: str | None) -> None:
    least, most = _SECRET
    if secret and not least <= len(secret) <= most:
        raise InvalidInput(f"A secret has {least} to {most} characters", field="secret")


def _check_queues(queues: tuple[str, ...]) -> None:
    if len(queues) > _MOST_QUEUES or any(not 0 < len(queue) <= _LONGEST_QUEUE for queue in queues):
        raise InvalidInput(
            f"There are at most {_MOST_QUEUES} queues, with names of 1 to {_LONGEST_QUEUE} characters", field="queues"
        )


def _merged(wanted: HttpWorkerRequest, known: rows.Row | None) -> rows.HttpWorker:
    """Return all of an application: what is sent, else what is known, else what is usual."""

    def kept(field: str, usual: Any) -> Any:
        return known[field] if known is not None else usual

    numbers = {
        field: kept(field, usual) if (value := getattr(wanted, field)) is None else value
        for field, usual in _USUAL.items()
    }
    return rows.HttpWorker(
        name=wanted.name,
        description=kept("description", None) if wanted.description is None else wanted.description,
        url=wanted.url or kept("url", ""),
        actions=wanted.actions.decode() or kept("actions", ""),
        queues=kept("queues", ()) if wanted.queues is None else wanted.queues,
        labels=wanted.labels.decode() or kept("labels", "{}"),
        headers=wanted.headers.decode() or None,
        secret=wanted.secret,
        enabled=kept("enabled", True) if wanted.enabled is None else wanted.enabled,
        **numbers,
    )


def _unknown(name: str) -> NotFound:
    return NotFound(f"HTTP worker not found [name={name}]")


_FOUND: Final = Finding(rows.find, "HTTP worker", _unknown)
