"""The decorator that says about an action what its signature cannot."""

from collections.abc import Callable
from typing import Any, TypeVar

FLAGS = "__mistral_action__"

_Declared = TypeVar("_Declared", bound=Callable[..., Any])


def action(
    *, idempotent: bool = False, synchronous: bool = True, quick: bool = False
) -> Callable[[_Declared], _Declared]:
    """Declare how an action may be run; an action without this decorator has the defaults.

    Args:
        idempotent: A second run does no harm, so one that was lost with its executor is simply run again.
        synchronous: It is done when it returns. Otherwise its result is ignored, and somebody completes it by its id.
        quick: A plain function that never waits: it is called in the event loop rather than in a thread. It may
            return a coroutine when it has to wait after all.
    """

    def declare(declared: _Declared) -> _Declared:
        setattr(declared, FLAGS, {"idempotent": idempotent, "synchronous": synchronous, "quick": quick})
        return declared

    return declare
