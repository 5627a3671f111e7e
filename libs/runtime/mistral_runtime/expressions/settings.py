"""Settings of expressions, the same for every service that reads or evaluates them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from mistral_core import expressions
from mistral_core.expressions import Limits
from mistral_runtime.expressions.plugins import added_functions
from mistral_runtime.settings import Environment, SettingError

LANGUAGES = ("yaql", "jinja")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionSettings:
    """What a person may set about expressions.

    Attributes:
        languages: Which are allowed; definitions that use another are refused.
        seconds: How long one text may take to evaluate.
        memory: Mebibytes that one evaluation may take besides what its process has anyway.
        iterations: Items of any one collection, and passes of all loops of a Jinja text together.
        output: Bytes of a result, roughly as JSON text.
        processes: Most processes of one service that evaluate.
    """

    languages: tuple[str, ...] = LANGUAGES
    seconds: float = 5.0
    memory: int = 256
    iterations: int = 100_000
    output: int = 8 * 1024 * 1024
    processes: int = 2

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the ``MISTRAL_EXPRESSION_`` variables.

        Raises:
            SettingError: If one is malformed.
        """
        env = Environment(environ)
        return cls(
            languages=_languages(env),
            seconds=env.number("MISTRAL_EXPRESSION_SECONDS", 5.0, minimum=0.1, maximum=60),
            memory=env.integer("MISTRAL_EXPRESSION_MEMORY_MB", 256, minimum=32, maximum=16_384),
            iterations=env.integer("MISTRAL_EXPRESSION_ITERATIONS", 100_000, minimum=100),
            output=env.integer("MISTRAL_EXPRESSION_OUTPUT_BYTES", 8 * 1024 * 1024, minimum=1024),
            processes=env.integer("MISTRAL_EXPRESSION_PROCESSES", 2, minimum=1, maximum=64),
        )

    @property
    def limits(self) -> Limits:
        """The limits that the core itself keeps."""
        return Limits(iterations=self.iterations, output_bytes=self.output)


def applied(settings: ExpressionSettings) -> None:
    """Put the settings and all added functions into force in this process."""
    expressions.configure(limits=settings.limits, languages=settings.languages)
    expressions.install(added_functions())


def _languages(env: Environment) -> tuple[str, ...]:
    name = "MISTRAL_EXPRESSION_LANGUAGES"
    languages = env.listing(name, LANGUAGES)
    if set(languages) - set(LANGUAGES):
        raise SettingError(name, ",".join(languages), "a list of yaql and jinja, with commas between")
    return languages
