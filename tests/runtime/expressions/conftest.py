"""Expressions under guard, and as they were before afterwards."""

from collections.abc import AsyncIterator, Iterator

import pytest

from mistral_core.expressions import Limits, configure, evaluator
from mistral_runtime.expressions import (
    Evaluators,
)
from tests.runtime.expressions.guarded import evaluators


@pytest.fixture
async def outside() -> AsyncIterator[Evaluators]:
    async with evaluators() as found:
        yield found


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    functions = dict(evaluator._settings.functions)
    yield
    configure(limits=Limits(), languages=["yaql", "jinja"])
    evaluator._settings.functions = functions
    evaluator._settings.renew()
