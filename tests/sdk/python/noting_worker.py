"""A worker that notes each run it begins: ``noting_worker.py FILE``. Settings come from the environment."""

import asyncio
import os
import sys

from mistral_sdk import Context, Worker, action


def _note(context: Context) -> None:
    descriptor = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(descriptor, f"{context.action} {context.idempotency_key}\n".encode())
    os.close(descriptor)


@action("noted.once")
async def once(context: Context, n: int) -> int:
    """Must not run twice."""
    _note(context)
    await asyncio.sleep(0.2)
    return n


@action("noted.again", safe_rerun=True)
async def again(context: Context, n: int) -> int:
    """May run twice."""
    _note(context)
    await asyncio.sleep(0.2)
    return n


if __name__ == "__main__":
    Worker(actions=[once, again]).run()
