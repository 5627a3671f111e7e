"""What callers hear while the database is away: UNAVAILABLE, so that they try again."""

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from mistral_core.errors import Unavailable
from mistral_persistence.outage import OUTAGE

_Servicer = TypeVar("_Servicer", bound=type)


def outages_told(servicer: _Servicer) -> _Servicer:
    """Have every call of a servicer raise ``Unavailable`` when the database was away."""
    for name, method in list(vars(servicer).items()):
        if name[0].isupper() and inspect.iscoroutinefunction(method):
            setattr(servicer, name, _telling(method))
    return servicer


def _telling(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(method)
    async def call(*arguments: Any) -> Any:
        try:
            return await method(*arguments)
        except OUTAGE as error:
            raise Unavailable(f"the database is away ({type(error).__name__}); try again") from error

    return call
