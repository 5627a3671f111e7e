"""``std.ssh`` and ``std.ssh_proxied``: a command on one host or on many at once."""

import asyncio
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from mistral_executor.actions.context import ActionContext
from mistral_executor.actions.declaration import action
from mistral_executor.actions.errors import ActionError, Unusable
from mistral_executor.actions.ssh_order import Order, ordered
from mistral_executor.actions.ssh_outcome import Failed, Ran
from mistral_runtime.egress import Guard

_MOST_CHARACTERS = 500


class CommandFailed(Exception):
    """The command did not do on every host what was asked; the message is the action's error."""


@action()
async def ssh(
    context: ActionContext,
    cmd: str,
    host: Any,
    username: str,
    password: str = "",
    private_key_filename: Any = None,
    private_key: Any = None,
    return_result_on_error: Any = False,
) -> Any:
    """Runs a command over SSH, on one host or on a list of them at the same time."""
    given = dict(locals())
    del given["context"]
    return await _performed(given, context)


@action()
async def ssh_proxied(
    context: ActionContext,
    cmd: str,
    host: Any,
    username: str,
    private_key_filename: Any,
    gateway_host: str,
    gateway_username: Any = None,
    password: Any = None,
    proxy_command: Any = None,
    private_key: Any = None,
    return_result_on_error: Any = False,
) -> Any:
    """Runs a command over SSH on hosts that only a gateway can reach, through a connection to it."""
    given = dict(locals())
    del given["context"]
    return await _performed(given, context)


async def _performed(given: Mapping[str, Any], context: ActionContext) -> Any:
    try:
        order = ordered(given, context.ssh)
    except Unusable as error:
        raise CommandFailed(f"Failed to execute ssh cmd: {error}") from None
    try:
        async with asyncio.timeout(context.ssh.seconds):
            outcomes = await _run(order, context)
    except Unusable as error:
        raise _failure(order, str(error)) from None
    except TimeoutError:
        raise _failure(order, f"not finished within {context.ssh.seconds:g} seconds") from None
    return _result(order, outcomes, keep=given["return_result_on_error"] is True)


async def _run(order: Order, context: ActionContext) -> Sequence[Ran | Failed]:
    # Loading the library takes half a second, and most executors never need it.
    await asyncio.to_thread(import_module, "mistral_executor.actions.ssh_session")
    from mistral_executor.actions.ssh_session import run

    return await run(order, Guard(context.egress), context.ssh)


def _result(order: Order, outcomes: Sequence[Ran | Failed], *, keep: bool) -> Any:
    """One entry for each host, in their order; a single host's stands alone.

    Args:
        keep: The entries are objects, and a command that fails is no error.
    """
    reasons = [
        f"{name}: {why}" for name, outcome in zip(order.names, outcomes, strict=True) if (why := outcome.why(keep))
    ]
    entries = [outcome.entry(keep) for outcome in outcomes]
    if reasons and keep and len(entries) > 1:
        raise ActionError(entries)
    if reasons:
        raise _failure(order, "; ".join(reasons))
    return entries if len(entries) > 1 else entries[0]


def _failure(order: Order, why: str) -> CommandFailed:
    cmd = order.cmd if len(order.cmd) <= _MOST_CHARACTERS else order.cmd[:_MOST_CHARACTERS] + "..."
    return CommandFailed(f"Failed to execute ssh cmd '{cmd}' on {list(order.names)}: {why}")
