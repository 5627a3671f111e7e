"""Turn the public contracts into stubs that the SDK carries: a hatch build hook, and ``python generate.py`` in place.

The stubs live in a pool of their own, so an application may have other stubs of the same contracts loaded, of this
version or another. They are never committed. A source distribution brings them along and has nothing to generate from.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = Path(__file__).resolve().parent
STUBS = HERE / "mistral_sdk" / "stubs"
CONTRACTS = HERE.parent.parent.parent / "protos"
WANTED = (
    "mistral/v1/worker_service.proto",
    "mistral/v1/execution_service.proto",
    "mistral/v1/workflow_service.proto",
    "mistral/v1/action_execution_service.proto",
    "google/rpc/error_details.proto",
)
_IMPORT = re.compile(r'^import "([^"]+)";', re.MULTILINE)
_OPTION = re.compile(r"option \(google\.api\.http\) = \{.*?\};", re.DOTALL)
_ANNOTATIONS = 'import "google/api/annotations.proto";'


class GenerateStubs(BuildHookInterface):  # type: ignore[type-arg]
    """Generate before every build, so that no install path can carry stale stubs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if CONTRACTS.is_dir():
            generate()


def generate() -> None:
    """Replace every stub.

    Raises:
        subprocess.CalledProcessError: If a contract does not compile; protoc has said why.
    """
    with tempfile.TemporaryDirectory() as folder:
        sources, out = Path(folder, "in"), Path(folder, "out")
        out.mkdir()
        names = sorted(_collected(WANTED, sources, set()))
        arguments = (f"-I{sources}", f"-I{_standard_contracts()}", f"--python_out={out}", f"--pyi_out={out}")
        subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *arguments, *names], check=True)
        made = {stub.name: _moved(stub.read_text()) for stub in out.rglob("*_pb2.py*")}
    for stale in STUBS.glob("*_pb2.py*"):
        if stale.name not in made:
            stale.unlink()
    for name, text in made.items():
        # What is the same is left alone: somebody may be reading it.
        if not (STUBS / name).exists() or (STUBS / name).read_text() != text:
            (STUBS / name).write_text(text)


def _collected(names: tuple[str, ...], target: Path, seen: set[str]) -> set[str]:
    """Copy contracts and all they need, without the paths for HTTP, which a client over gRPC does not look at."""
    for name in names:
        if name in seen or name.startswith("google/protobuf/"):
            continue
        seen.add(name)
        text = _OPTION.sub("", _found(name).read_text()).replace(_ANNOTATIONS, "")
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(text)
        _collected(tuple(_IMPORT.findall(text)), target, seen)
    return seen


def _found(name: str) -> Path:
    for folder in (CONTRACTS, *map(Path, sys.path)):
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"{name} is not there: it comes with googleapis-common-protos")


def _standard_contracts() -> Path:
    found: Iterator[Path] = (Path(folder, "grpc_tools", "_proto") for folder in sys.path)
    return next(path for path in found if path.is_dir())


def _moved(text: str) -> str:
    """Let a stub import its neighbours from here, and put it into the pool of the SDK."""
    text = re.sub(r"^from (mistral\.v1|google\.rpc) import", "from mistral_sdk.stubs import", text, flags=re.MULTILINE)
    default = "from google.protobuf import descriptor_pool as _descriptor_pool\n"
    return text.replace(default, "from mistral_sdk.stubs import pool as _pool\n").replace(
        "_descriptor_pool.Default()", "_pool"
    )


if __name__ == "__main__":
    generate()
