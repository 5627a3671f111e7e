"""Make an API key on the machine of the mesh: ``python -m mistral_api_gateway.access.first_key``.

It writes straight into the database, for the first administrator, whom no administrator can make. Whoever can read the
database URL could do so anyway.
"""

import argparse
import asyncio
import os
import sys
from datetime import datetime
from typing import Any

import msgspec

from mistral_api_gateway.access.api_keys import SCOPES
from mistral_api_gateway.operations.api_keys import make
from mistral_api_gateway.operations.caller import DEFAULT_PROJECT
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import WorkflowError
from mistral_persistence.database import connected, migrate
from mistral_runtime.settings import Environment, SettingError


def main() -> None:
    """Print the key with its secret as a line of JSON; exit code 1 with a sentence if that cannot be."""
    arguments = _parser().parse_args()
    try:
        url = Environment(os.environ).text("MISTRAL_DATABASE_URL")
        made = asyncio.run(_made(url, arguments))
    except (WorkflowError, SettingError, OSError) as error:
        sys.exit(f"error: {error}")
    print(msgspec.json.encode(made).decode())


async def _made(url: str, arguments: argparse.Namespace) -> dict[str, Any]:
    async with connected(url, size=1) as pool:
        await migrate(pool)
        row, secret = await make(
            Store(pool),
            arguments.name,
            project=arguments.project,
            roles=arguments.role,
            scopes=arguments.scope or ["admin"],
            expires_at=arguments.expires,
            created_by="",
        )
    return {**dict(row), "secret": secret.text}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="first_key", description="Make an API key in MISTRAL_DATABASE_URL.")
    parser.add_argument("--name", required=True, help="who is to hold it")
    parser.add_argument("--project", default=DEFAULT_PROJECT, help="project whose things its holder sees")
    parser.add_argument("--role", action="append", default=[], help="a role of its holder; may be repeated")
    parser.add_argument("--scope", action="append", choices=SCOPES, help="may be repeated; admin unless said")
    parser.add_argument("--expires", type=_moment, help="when it ends, such as 2030-01-31T12:00:00+00:00")
    return parser


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise argparse.ArgumentTypeError("the time needs its offset, such as +00:00")
    return found


if __name__ == "__main__":
    main()
