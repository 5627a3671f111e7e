"""The mesh on one machine: embedded Postgres and NATS, and every service as a supervised process.

Start with ``Plan.read`` and ``up``. Nothing here knows what the services do.
"""

from mistral_mesh.errors import MeshError
from mistral_mesh.first_key import first_key
from mistral_mesh.mesh import down, ephemeral, up, up_in_background
from mistral_mesh.plan import Plan
from mistral_mesh.status import MeshStatus, ProgramStatus, status

__all__ = [
    "MeshError",
    "MeshStatus",
    "Plan",
    "ProgramStatus",
    "down",
    "ephemeral",
    "first_key",
    "status",
    "up",
    "up_in_background",
]
