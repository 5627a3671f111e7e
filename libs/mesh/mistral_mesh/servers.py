"""The database and the bus of a mesh: embedded ones, or the user's own, which must be new enough."""

import asyncio
import json
import socket
from urllib.parse import urlsplit

import asyncpg

from mistral_mesh.embedded.nats import nats
from mistral_mesh.embedded.postgres import postgres
from mistral_mesh.errors import MeshError
from mistral_mesh.plan import Plan
from mistral_mesh.program import Program

OLDEST_POSTGRES = 15
OLDEST_NATS = (2, 12)
_SECONDS = 5.0


def servers(plan: Plan) -> tuple[list[Program], str, str]:
    """Return the embedded servers that the plan needs, the database URL and the NATS URL.

    Raises:
        MeshError: If the user's own server does not answer or is too old.
    """
    programs = []
    if plan.database_url is None:
        program, database_url = postgres(plan.folders)
        programs.append(program)
    else:
        database_url = plan.database_url
        asyncio.run(check_postgres(database_url))
    if plan.nats_url is None:
        program, nats_url = nats(plan.folders)
        programs.append(program)
    else:
        nats_url = plan.nats_url
        check_nats(nats_url)
    return programs, database_url, nats_url


async def check_postgres(url: str) -> None:
    """Refuse a Postgres that does not answer or is older than 15; the URL, which may hold a password, is not shown."""
    try:
        connection = await asyncpg.connect(url, timeout=_SECONDS)
    except ValueError:
        raise MeshError("MISTRAL_DATABASE_URL is malformed: postgresql://USER:PASSWORD@HOST:PORT/DATABASE") from None
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        why = str(error) or type(error).__name__
        raise MeshError(f"the Postgres of MISTRAL_DATABASE_URL does not answer: {why}") from None
    try:
        version = connection.get_server_version()
    finally:
        await connection.close()
    if version.major < OLDEST_POSTGRES:
        raise MeshError(
            f"the Postgres of MISTRAL_DATABASE_URL is version {version.major}.{version.minor};"
            f" {OLDEST_POSTGRES} or newer is needed. Unset the variable to use the embedded one."
        )


def check_nats(url: str) -> None:
    """Refuse a NATS that does not answer, is older than 2.12 or has no JetStream, by its greeting."""
    greeting = _greeting(url)
    version = str(greeting.get("version", "0"))
    numbers = tuple(int(part) for part in version.split("-")[0].split(".")[:2] if part.isdecimal())
    if numbers < OLDEST_NATS:
        raise MeshError(
            f"the NATS of MISTRAL_NATS_URL is version {version}; {OLDEST_NATS[0]}.{OLDEST_NATS[1]} or newer is needed."
            " Unset the variable to use the embedded one."
        )
    if not greeting.get("jetstream"):
        raise MeshError("the NATS of MISTRAL_NATS_URL runs without JetStream; enable it there (`jetstream {}`)")


def _greeting(urls: str) -> dict[str, object]:
    """Return what the first server that answers says of itself before any authentication."""
    problem: Exception | None = None
    for url in urls.split(","):
        place = urlsplit(url if "//" in url else f"nats://{url}")
        try:
            with socket.create_connection((place.hostname or "127.0.0.1", place.port or 4222), _SECONDS) as connection:
                line = connection.makefile("rb").readline()
            verb, _, body = line.partition(b" ")
            if verb != b"INFO":
                raise ValueError("something there is not NATS")
            greeting = json.loads(body)
            assert isinstance(greeting, dict)
            return greeting
        except (OSError, ValueError) as error:
            problem = error
    raise MeshError(f"the NATS of MISTRAL_NATS_URL does not answer: {problem}")
