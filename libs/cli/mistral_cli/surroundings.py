"""What every command is given beside its own options: how to reach the mesh, how to print. Set once, read anywhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The shared options of a command line; None where nothing was said.

    Attributes:
        timeout: Seconds that a call, or waiting for an end, may take.
        fields: Names of fields to print, in that order; empty for the usual ones.
        utc: Whether times are absolute, in UTC.
    """

    grpc_address: str | None = None
    context: str | None = None
    api_key: str | None = None
    project: str | None = None
    timeout: float | None = None
    fields: tuple[str, ...] = ()
    utc: bool = False
    quiet: bool = False
    color: bool = True


_current: ContextVar[Surroundings] = ContextVar("surroundings", default=Surroundings())  # noqa: B039 - it is frozen


def current() -> Surroundings:
    return _current.get()


@contextmanager
def within(surroundings: Surroundings) -> Iterator[None]:
    token = _current.set(surroundings)
    try:
        yield
    finally:
        _current.reset(token)
