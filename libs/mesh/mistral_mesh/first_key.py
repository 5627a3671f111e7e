"""An API key made on the machine of the mesh, straight into its database: for the first administrator."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from mistral_mesh.embedded.postgres import dsn
from mistral_mesh.errors import MeshError
from mistral_mesh.plan import Plan
from mistral_mesh.status import status


def first_key(plan: Plan, arguments: Sequence[str]) -> Mapping[str, Any]:
    """Have the gateway's own program make a key, and return it with its secret.

    Args:
        arguments: Those of ``python -m mistral_api_gateway.access.first_key``.

    Raises:
        MeshError: If there is no database to be reached, or the key cannot be; in the words of that program.
    """
    url = plan.database_url
    if url is None:
        if status(plan.home) is None:
            raise MeshError(f"no mesh runs in {plan.home}; start one with `mistralctl up`, its database is needed")
        url = dsn(plan.folders)
    done = subprocess.run(
        [sys.executable, "-m", "mistral_api_gateway.access.first_key", *arguments],
        env={**plan.environment, "MISTRAL_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = done.stderr.strip().rpartition("\n")[2]
        raise MeshError(last.removeprefix("error: ") or "the key could not be made")
    made: Mapping[str, Any] = msgspec.json.decode(done.stdout)
    return made
