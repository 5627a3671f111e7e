"""Starts workers: ``python -m mistral_sdk module:worker``."""

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mistral_sdk.settings import SettingError
from mistral_sdk.worker import Worker, run

_LEVELS = ("debug", "info", "warning", "error")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what the command line names until SIGTERM or Ctrl-C."""
    chosen = _parser().parse_args(arguments)
    logging.basicConfig(level=chosen.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # As it is for `python -m` of a module of the folder one is in.
    sys.path.insert(0, os.getcwd())
    try:
        workers = [_changed(worker, chosen) for name in chosen.worker for worker in found(name)]
        run(*workers)
    except (LookupError, SettingError) as error:
        sys.exit(f"mistral_sdk: {error.args[0]}")
    except Exception as error:
        logging.getLogger("mistral_sdk.worker").debug("the worker has failed", exc_info=error)
        sys.exit(f"mistral_sdk: {type(error).__name__}: {error}")


def found(name: str) -> list[Worker]:
    """Return the workers that ``module:attribute`` names; with ``module`` alone, all of it, or one of its actions.

    Raises:
        LookupError: If there is none.
    """
    module_name, _, attribute = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise LookupError(f"there is no module {error.name}") from None
    if attribute:
        return [_worker(_attribute(module, module_name, attribute), name)]
    workers = [value for value in vars(module).values() if isinstance(value, Worker)]
    try:
        return workers or [Worker(actions=[module])]
    except SettingError:
        raise
    except ValueError as error:
        raise LookupError(str(error)) from None


def _attribute(module: Any, module_name: str, attribute: str) -> Any:
    value = module
    for step in attribute.split("."):
        if not hasattr(value, step):
            raise LookupError(f"the module {module_name} has no {attribute}")
        value = getattr(value, step)
    return value


def _worker(value: Any, name: str) -> Worker:
    made = value() if callable(value) and not isinstance(value, Worker) else value
    if not isinstance(made, Worker):
        raise LookupError(f"{name} is no Worker, and no function that returns one")
    return made


def _changed(worker: Worker, chosen: argparse.Namespace) -> Worker:
    given = {name: getattr(chosen, name) for name in ("id", "slots") if getattr(chosen, name) is not None}
    worker.settings = replace(worker.settings, **given)
    if chosen.address is not None:
        worker.connection = replace(worker.connection, address=chosen.address)
    return worker


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mistral_sdk",
        description="Start workers. What is not said here is said by the code, or by variables MISTRAL_...",
    )
    parser.add_argument("worker", nargs="+", help="module:worker, module:function that makes one, or module")
    parser.add_argument("--address", help="of the gateway, host:port")
    parser.add_argument("--id", help="name of the worker, the same after a restart")
    parser.add_argument("--slots", type=int, help="most runs at once")
    parser.add_argument("--log-level", choices=_LEVELS, default=os.environ.get("MISTRAL_LOG_LEVEL", "info").lower())
    return parser


if __name__ == "__main__":
    main()
