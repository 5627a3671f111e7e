"""The child that runs scripts, each in an engine of its own that is thrown away after it."""

import json
import sys
from typing import Any

import quickjs

from mistral_executor.sandbox.confinement import confine
from mistral_executor.sandbox.frames import serve
from mistral_executor.sandbox.limits import Limits

# The engine counts what it takes; the process may have some more for what is around it.
_AROUND_MB = 64
_MEBIBYTE = 1024 * 1024


def main() -> None:
    """Answer ``{"script", "context", "seconds"}`` by ``{"value"}`` or ``{"error"}``."""
    limits = Limits.of(sys.argv[1])
    confine(Limits(memory_mb=2 * limits.memory_mb + _AROUND_MB, open_files=limits.open_files))
    serve(lambda request: _answer(request, limits.memory_mb))


def _answer(request: bytes, memory_mb: int) -> bytes:
    asked = json.loads(request)
    try:
        # Already JSON, and as large as the engine let it become.
        return b'{"value":' + _ran(asked, memory_mb).encode() + b"}"
    except MemoryError:
        return json.dumps({"error": _too_large(memory_mb)}).encode()
    except (quickjs.JSException, UnicodeError) as error:
        return json.dumps({"error": _said(str(error), asked["seconds"], memory_mb)}).encode()


def _ran(asked: dict[str, Any], memory_mb: int) -> str:
    engine = quickjs.Context()
    engine.set_memory_limit(memory_mb * _MEBIBYTE)
    engine.set_time_limit(asked["seconds"])
    engine.set("$", engine.parse_json(json.dumps(asked["context"])))
    # In a list, so that whatever it is becomes JSON, and what has no form there becomes null.
    listed: str = engine.eval(f"function f() {{{asked['script']}\n}}\n;[f()]").json()
    return listed[1:-1]


def _said(message: str, seconds: float, memory_mb: int) -> str:
    first = message.strip().partition("\n    at ")[0]
    match first:
        case "InternalError: interrupted":
            return f"it took more than {seconds:g} seconds"
        case "InternalError: out of memory" | "":
            return _too_large(memory_mb)
        case _:
            place = message[len(first) :].strip().partition("\n")[0].strip()
            return f"{first.removesuffix('undefined').strip()}{f' ({place})' if place.startswith('at ') else ''}"


def _too_large(memory_mb: int) -> str:
    return f"it needs more than {memory_mb} MiB of memory"


if __name__ == "__main__":
    main()
