"""Texts and structures that hold expressions: which language, checked how, evaluated how.

What is compiled is kept by text. ``configure`` and ``install`` belong at the
start of a process: what a caller compiled before keeps the settings of then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any

from mistral_core.errors import ExpressionFailed, InvalidDefinition
from mistral_core.expressions import jinja_language, yaql_language
from mistral_core.expressions.functions import BUILTIN, Function
from mistral_core.expressions.limits import Limits
from mistral_core.expressions.scope import Scope

Program = Callable[[Scope], Any]

# Jinja goes first, as it did before: it wins where a text at run time holds both.
LANGUAGES = ("jinja", "yaql")

# Compiled texts are kept, but for long ones: whoever evaluates those often should hold ``compiled_render``.
_KEPT_TEXTS = 4096
_KEPT_CHARS = 4096


class _Settings:
    """Limits, languages and functions in force, and what follows from them."""

    def __init__(self) -> None:
        self.limits = Limits()
        self.languages: frozenset[str] = frozenset(LANGUAGES)
        self.functions: dict[str, Function] = dict(BUILTIN)

    def renew(self) -> None:
        for kept in (_yaql, _jinja, _kept_program):
            kept.cache_clear()


_settings = _Settings()


@lru_cache(maxsize=1)
def _yaql() -> yaql_language.YaqlLanguage:
    return yaql_language.YaqlLanguage(_settings.limits, _settings.functions)


@lru_cache(maxsize=1)
def _jinja() -> jinja_language.JinjaLanguage:
    return jinja_language.JinjaLanguage(_settings.limits, _settings.functions)


def configure(*, limits: Limits | None = None, languages: Collection[str] | None = None) -> None:
    """Set the limits and which languages are allowed; what is not given stays.

    Raises:
        ValueError: If a language is neither ``yaql`` nor ``jinja``.
    """
    unknown = set(languages or ()) - set(LANGUAGES)
    if unknown:
        raise ValueError(f"unknown expression languages: {', '.join(sorted(unknown))}")
    before = _settings.limits, _settings.languages
    if limits is not None:
        _settings.limits = limits
    if languages is not None:
        _settings.languages = frozenset(languages)
    if before != (_settings.limits, _settings.languages):
        _settings.renew()


def install(functions: Mapping[str, Function]) -> None:
    """Add functions to both languages; each is called with the scope first, then plain JSON values.

    Raises:
        ValueError: If a name belongs to a function of the language itself.
    """
    taken = sorted(set(functions) & set(BUILTIN))
    if taken:
        raise ValueError(f"functions of the language cannot be replaced: {', '.join(taken)}")
    if any(_settings.functions.get(name) is not function for name, function in functions.items()):
        _settings.functions.update(functions)
        _settings.renew()


def is_expression(text: str) -> bool:
    """Tell whether a text holds an expression of either language."""
    return _has_jinja(text) or _has_yaql(text)


def check(text: str, *, path: str = "") -> None:
    """Check the grammar of the expressions in a text; functions may be unknown until run time.

    Raises:
        InvalidDefinition: If there is a fault; ``path`` is its place.
    """
    jinja, yaql = _has_jinja(text), _has_yaql(text)
    if not (jinja or yaql):
        return
    if len(text) > _settings.limits.text_chars:
        raise InvalidDefinition(
            f"A text with expressions has more than {_settings.limits.text_chars} characters", path=path
        )
    if jinja and yaql:
        raise InvalidDefinition("YAQL and Jinja cannot be mixed in one text", path=path)
    language = "jinja" if jinja else "yaql"
    if language not in _settings.languages:
        raise InvalidDefinition(_not_allowed(language), path=path)
    fault = _jinja().check(text) if jinja else _yaql().check(text)
    if fault is not None:
        name = jinja_language.NAME if jinja else yaql_language.NAME
        raise InvalidDefinition(f"{name} expression cannot be parsed: {fault}", path=path)


def failure_of(text: str, error: str) -> ExpressionFailed:
    """Return the failure of a text that could not be evaluated for a reason."""
    if _has_jinja(text):
        whole = text.startswith("{{") and text.find("}}") == len(text) - 2
        return ExpressionFailed(jinja_language.NAME, text[2:-2].strip() if whole else text, error)
    whole = text.startswith("<%") and text.find("%>") == len(text) - 2
    return ExpressionFailed(yaql_language.NAME, text[2:-2].strip() if whole else text, error)


def evaluate(text: str, scope: Scope) -> Any:
    """Return what a text stands for: the value of its one expression, or the text with all of them filled in.

    Raises:
        ExpressionFailed: If an expression has a fault or cannot be evaluated.
    """
    return _program(text)(scope) if _may_be_expression(text) else text


def render(data: Any, scope: Scope) -> Any:
    """Return the structure with all texts in it evaluated; keys of dicts stay as they are.

    Raises:
        ExpressionFailed: If an expression in it fails.
    """
    kind = type(data)
    if kind is str:
        return _program(data)(scope) if _may_be_expression(data) else data
    if kind is dict:
        return {key: render(value, scope) for key, value in data.items()}
    if kind is list:
        return [render(item, scope) for item in data]
    return data


def compiled_render(data: Any) -> Program:
    """Return ``render`` of this structure, analysed once.

    Faults of grammar surface when it is called. Parts without expressions are
    returned as they are, not copied.
    """
    return _compiled(data) or (lambda scope: data)


def _compiled(data: Any) -> Program | None:
    """Return a program, or None if the data holds no expression."""
    match data:
        case str():
            return _deferred(data) if is_expression(data) else None
        case dict():
            return _compiled_dict(data)
        case list():
            return _compiled_list(data)
    return None


def _deferred(text: str) -> Program:
    try:
        return _program(text)
    except ExpressionFailed as failure:
        language, expression, error = failure.language, failure.expression, failure.error

    def fail(scope: Scope) -> Any:
        raise ExpressionFailed(language, expression, error)

    return fail


def _compiled_dict(data: dict[str, Any]) -> Program | None:
    programs = [(key, program) for key, value in data.items() if (program := _compiled(value)) is not None]
    if not programs:
        return None

    def build(scope: Scope) -> dict[str, Any]:
        # Copying first keeps the order of the keys.
        result = data.copy()
        for key, program in programs:
            result[key] = program(scope)
        return result

    return build


def _compiled_list(data: list[Any]) -> Program | None:
    programs = [(index, program) for index, item in enumerate(data) if (program := _compiled(item)) is not None]
    if not programs:
        return None

    def build(scope: Scope) -> list[Any]:
        result = data.copy()
        for index, program in programs:
            result[index] = program(scope)
        return result

    return build


def _may_be_expression(text: str) -> bool:
    # Spares plain texts the cache and the patterns.
    return "<%" in text or "{{" in text or "{%" in text


def _has_yaql(text: str) -> bool:
    return "<%" in text and yaql_language.PATTERN.search(text) is not None


def _has_jinja(text: str) -> bool:
    return ("{{" in text or "{%" in text) and jinja_language.PATTERN.search(text) is not None


def _not_allowed(language: str) -> str:
    return f"Expressions in {language} are not allowed here"


def _program(text: str) -> Program:
    return _kept_program(text) if len(text) <= _KEPT_CHARS else _new_program(text)


def _new_program(text: str) -> Program:
    jinja = _has_jinja(text)
    if not jinja and not _has_yaql(text):
        return lambda scope: text
    language, name = ("jinja", jinja_language.NAME) if jinja else ("yaql", yaql_language.NAME)
    if len(text) > _settings.limits.text_chars:
        raise ExpressionFailed(name, text, f"the text has more than {_settings.limits.text_chars} characters")
    if language not in _settings.languages:
        raise ExpressionFailed(name, text, _not_allowed(language))
    return _jinja().compile(text) if jinja else _yaql().compile(text)


_kept_program = lru_cache(maxsize=_KEPT_TEXTS)(_new_program)
