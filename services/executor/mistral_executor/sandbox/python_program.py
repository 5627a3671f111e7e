"""The child that runs one action of uploaded code: a class with a method ``run``, as written for ``mistral_lib``.

The library is not needed unless the code asks for it.
"""

import asyncio
import importlib
import inspect
import json
import sys
from collections.abc import Mapping
from types import ModuleType, SimpleNamespace
from typing import Any

from mistral_executor.sandbox.confinement import confine
from mistral_executor.sandbox.forks import serve_in_forks
from mistral_executor.sandbox.limits import Limits

_LIBRARY = "mistral_lib"


class _Refused(Exception):
    """The action cannot be run; the message says why."""


def main() -> None:
    """Answer the code, class, input and context of an action by how it ended."""
    limits = Limits.of(sys.argv[1])
    _import_library()
    serve_in_forks(lambda: confine(limits), lambda request: _encoded(_answer(json.loads(request))))


def _import_library() -> None:
    """Have ready what most code asks for, and what takes longest to load."""
    try:
        importlib.import_module("mistral_lib.actions")
        importlib.import_module("mistral_lib.utils")
    except ImportError:
        # Whoever needs it is told.
        return


def _answer(asked: Mapping[str, Any]) -> dict[str, Any]:
    try:
        action = _made(_loaded(asked), asked)
        result = _run(action, asked["context"])
        return _ending(action, result)
    except _Refused as refusal:
        return {"refused": str(refusal)}
    except MemoryError:
        return {"error": "it needs more memory than it may have"}
    except BaseException as error:  # whatever it raises is its answer
        return {"error": str(error) or type(error).__name__}


def _loaded(asked: Mapping[str, Any]) -> type:
    source, name = asked["source"], asked["class_name"]
    module = sys.modules[source] = ModuleType(source)
    try:
        exec(compile(asked["code"], f"<code source {source}>", "exec"), vars(module))
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == _LIBRARY:
            raise _Refused(
                f"The code source {source!r} needs mistral_lib, which is not installed beside the executor"
                " (mistral-executor[mistral-lib])"
            ) from None
        raise _Refused(f"The code source {source!r} cannot be loaded: {error}") from None
    except MemoryError:
        raise
    except BaseException as error:
        raise _Refused(f"The code source {source!r} cannot be loaded: {type(error).__name__}: {error}") from None
    found = getattr(module, name, None)
    if not inspect.isclass(found) or not callable(getattr(found, "run", None)):
        raise _Refused(f"The code source {source!r} has no class {name!r} with a method run")
    return found


def _made(target: type, asked: Mapping[str, Any]) -> Any:
    try:
        return target(**asked["input"])
    except Exception as error:
        said = str(error) or type(error).__name__
        told = f"name={asked['action']}, class={asked['class_name']}, msg='{said}'"
        raise _Refused(f"Failed to instantiate an action [{told}]") from None


def _run(action: Any, known: Mapping[str, Any]) -> Any:
    takes_context = bool(inspect.signature(action.run).parameters)
    result = action.run(_context(known)) if takes_context else action.run()
    return asyncio.run(result) if inspect.iscoroutine(result) else result


def _context(known: Mapping[str, Any]) -> Any:
    project = known["project_id"]
    execution = {name: value for name, value in known.items() if name != "project_id"}
    library = sys.modules.get("mistral_lib.actions.context")
    if library is not None:
        return library.ActionContext(library.SecurityContext(project_id=project), library.ExecutionContext(**execution))
    return SimpleNamespace(security=SimpleNamespace(project_id=project), execution=SimpleNamespace(**execution))


def _ending(action: Any, result: Any) -> dict[str, Any]:
    library = sys.modules.get("mistral_lib.actions")
    if library is not None and isinstance(result, library.Result):
        if result.is_error():
            return {"payload": result.error}
        cancelled, result = result.is_cancel(), result.data
    else:
        cancelled = False
    if hasattr(action, "is_sync") and not action.is_sync():
        return {"deferred": True}
    return {"cancelled": True} if cancelled else {"value": result}


def _encoded(answer: Mapping[str, Any]) -> bytes:
    library = sys.modules.get("mistral_lib.utils")
    try:
        return (json.dumps(answer) if library is None else str(library.to_json_str(answer))).encode()
    except MemoryError:
        return json.dumps({"error": "its result needs more memory than it may have"}).encode()
    except (TypeError, ValueError, RecursionError) as error:
        return json.dumps({"error": f"the result is not JSON: {error}"}).encode()


if __name__ == "__main__":
    main()
