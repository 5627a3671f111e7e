"""Turn the contracts into Python stubs: a hatch build hook, and ``python generate.py`` for a change in place.

Stubs land beside the ``.proto`` they come from and are never committed.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PROTOS = Path(__file__).resolve().parent
STUBS = ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi")


class GenerateStubs(BuildHookInterface):  # type: ignore[type-arg]
    """Generate before every build, so that no install path can carry stale stubs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        generate()


def generate() -> None:
    """Replace every stub; one whose contract is gone goes too.

    Raises:
        subprocess.CalledProcessError: If a contract does not compile; protoc has said why.
    """
    contracts = sorted(str(path.relative_to(PROTOS)) for path in (PROTOS / "mistral").rglob("*.proto"))
    for stale in _stubs_without_contract():
        stale.unlink()
    if contracts:
        _protoc(
            *_plugins(),
            "--python_out=.",
            "--grpc_python_out=.",
            "--mypy_out=quiet:.",
            "--mypy_grpc_out=quiet:.",
            *contracts,
        )


def image(target: Path) -> None:
    """Write what ``buf lint`` reads: every contract with its comments and imports, as one descriptor set."""
    contracts = sorted(str(path.relative_to(PROTOS)) for path in (PROTOS / "mistral").rglob("*.proto"))
    _protoc("--include_imports", "--include_source_info", f"--descriptor_set_out={target}", *contracts)


def _protoc(*arguments: str) -> None:
    includes = [f"-I{folder}" for folder in (str(PROTOS), *_shared_contracts())]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *includes, *arguments], cwd=PROTOS, check=True)


def _shared_contracts() -> Iterator[str]:
    """Where ``google/protobuf`` (in grpcio-tools) and ``google/api``, ``google/rpc`` (in googleapis) are."""
    for folder in sys.path:
        for root in (Path(folder, "grpc_tools", "_proto"), Path(folder)):
            if any((root / "google" / known).exists() for known in ("protobuf/any.proto", "api/http.proto")):
                yield str(root)


def _plugins() -> Iterator[str]:
    places = os.pathsep.join((os.path.dirname(sys.executable), sysconfig.get_path("scripts"), os.environ["PATH"]))
    for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc"):
        found = shutil.which(name, path=places)
        if found is None:
            raise FileNotFoundError(f"{name} is not installed: it comes with mypy-protobuf")
        yield f"--plugin={name}={found}"


def _stubs_without_contract() -> Iterator[Path]:
    for suffix in STUBS:
        for stub in (PROTOS / "mistral").rglob(f"*{suffix}"):
            if not stub.with_name(stub.name.removesuffix(suffix) + ".proto").exists():
                yield stub


if __name__ == "__main__":
    if len(sys.argv) > 1:
        image(Path(sys.argv[1]).resolve())
    else:
        generate()
