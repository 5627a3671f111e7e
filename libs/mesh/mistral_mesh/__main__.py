"""The supervisor in a process of its own, as ``up_in_background`` starts it: takes a plan as JSON on standard input."""

import logging
import sys
from pathlib import Path

import msgspec

from mistral_mesh.errors import MeshError
from mistral_mesh.mesh import up
from mistral_mesh.plan import Plan
from mistral_mesh.program import write_whole


def main() -> None:
    """Run until stopped; what goes wrong ends as one sentence in the log."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan, dec_hook=lambda kind, value: Path(value))
    try:
        up(plan)
    except MeshError as error:
        write_whole(plan.folders.error, str(error))
        sys.exit(str(error))


main()
