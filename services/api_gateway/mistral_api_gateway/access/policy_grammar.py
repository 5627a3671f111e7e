"""The language of policy files: ``role:admin or (rule:owner and not role:reader)`` made into a function.

It is the part of OpenStack's policy language that asks only about who sends a request: what would ask another
server, or about the thing that is meant, is refused. Which rules there are is known elsewhere.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from mistral_api_gateway.operations.caller import Caller

Check: TypeAlias = Callable[[Caller], bool]

Named: TypeAlias = Callable[[str], Check]
"""Gives the check of a rule by its name. Raises PolicyFault if there is none."""

_TOKEN: Final = re.compile(r"\s*(\(|\)|[^\s():]+:'[^']*'|[^\s():]+:\"[^\"]*\"|(?:%\([^)]*\)s|[^\s()])+)")
_WORDS: Final = frozenset({"and", "or", "not", "(", ")"})
_ATTRIBUTES: Final[Mapping[str, Callable[[Caller], str]]] = {
    "project_id": lambda caller: caller.project,
    "tenant": lambda caller: caller.project,
    "user_id": lambda caller: caller.user,
    "user": lambda caller: caller.user,
}
# The thing that a rule is asked about is always one of the caller's own project, made or read by the caller.
_OWN: Final[Mapping[str, Callable[[Caller], str]]] = {
    **_ATTRIBUTES,
    "tenant_id": lambda caller: caller.project,
    "target.project.id": lambda caller: caller.project,
    "target.user.id": lambda caller: caller.user,
}


class PolicyFault(ValueError):
    """A rule cannot be understood."""


def check_of(text: Any, named: Named) -> Check:
    """Return the check that a rule's text means; an empty text allows everybody.

    Args:
        text: The text, or the old form: a list of alternatives, each a list of what must all hold.

    Raises:
        PolicyFault: If it cannot be understood; the message names the part.
    """
    match text:
        case str():
            return _of_text(text, named)
        case [*alternatives]:
            return _any([_all([_of_text(each, named) for each in _texts(one)]) for one in alternatives] or [_everybody])
        case None:
            return _everybody
        case _:
            raise PolicyFault(f"a rule is a text such as 'role:admin', not {text!r}")


def _texts(one: Any) -> list[str]:
    texts = [one] if isinstance(one, str) else one
    if not isinstance(texts, list) or not all(isinstance(each, str) for each in texts):
        raise PolicyFault(f"a rule is a text or a list of lists of texts, not {one!r}")
    return texts


def _of_text(text: str, named: Named) -> Check:
    if not text.strip():
        return _everybody
    tokens = _Tokens(list(_split(text)))
    check = _alternatives(tokens, named)
    if tokens.next is not None:
        raise PolicyFault(f"{tokens.next!r} is not expected where it stands")
    return check


def _split(text: str) -> Iterator[str]:
    place = 0
    while place < len(text.rstrip()):
        found = _TOKEN.match(text, place)
        if found is None:
            raise PolicyFault(f"what begins with {text[place : place + 20]!r} cannot be read")
        yield found[1]
        place = found.end()


@dataclass(slots=True)
class _Tokens:
    tokens: list[str]
    place: int = 0

    @property
    def next(self) -> str | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    @property
    def word(self) -> str | None:
        """The next token if it is a word of the language, in small letters."""
        token = (self.next or "").lower()
        return token if token in _WORDS else None

    def take(self) -> str:
        if self.next is None:
            raise PolicyFault("it ends where a check such as 'role:admin' is expected")
        self.place += 1
        return self.tokens[self.place - 1]


def _alternatives(tokens: _Tokens, named: Named) -> Check:
    found = [_together(tokens, named)]
    while tokens.word == "or":
        tokens.take()
        found.append(_together(tokens, named))
    return _any(found)


def _together(tokens: _Tokens, named: Named) -> Check:
    found = [_one(tokens, named)]
    while tokens.word == "and":
        tokens.take()
        found.append(_one(tokens, named))
    return _all(found)


def _one(tokens: _Tokens, named: Named) -> Check:
    match tokens.word:
        case "not":
            tokens.take()
            denied = _one(tokens, named)
            return lambda caller: not denied(caller)
        case "(":
            tokens.take()
            inner = _alternatives(tokens, named)
            if tokens.next != ")":
                raise PolicyFault("a bracket is not closed")
            tokens.take()
            return inner
        case None:
            return _leaf(tokens.take(), named)
        case word:
            raise PolicyFault(f"a check such as 'role:admin' is expected before {word!r}")


def _leaf(token: str, named: Named) -> Check:
    if token == "@":
        return _everybody
    if token == "!":
        return _nobody
    kind, colon, value = token.partition(":")
    if not colon or not value:
        raise PolicyFault(f"{token!r} is no check; checks look like 'role:admin', '@' and '!'")
    value = value[1:-1] if value[0] in "'\"" and value[-1] == value[0] else value
    match kind:
        case "rule":
            return named(value)
        case "role":
            return _role(value.lower())
        case "is_admin":
            return _is_admin(value)
        case "http" | "https":
            raise PolicyFault("checks that ask another server (http:, https:) are not supported")
        case _:
            return _same(kind, value)


def _role(wanted: str) -> Check:
    return lambda caller: any(role.lower() == wanted for role in caller.roles)


def _is_admin(value: str) -> Check:
    if value.lower() not in ("true", "false", "1", "0"):
        raise PolicyFault(f"is_admin: is followed by True or False, not {value!r}")
    wanted = value.lower() in ("true", "1")
    return lambda caller: caller.admin is wanted


def _same(kind: str, value: str) -> Check:
    """Return the check that an attribute of the caller is what it should be."""
    attribute = _ATTRIBUTES.get(kind)
    if attribute is None:
        raise PolicyFault(f"there is no check {kind!r}; there are rule, role, is_admin, {', '.join(_ATTRIBUTES)}")
    if not value.startswith("%("):
        return lambda caller: attribute(caller) == value
    of_thing = _OWN.get(value[2:].removesuffix(")s"))
    if of_thing is None or not value.endswith(")s"):
        raise PolicyFault(f"{value!r} is not known of the things that rules are about; {', '.join(_OWN)} are")
    return lambda caller: attribute(caller) == of_thing(caller)


def _any(checks: list[Check]) -> Check:
    return checks[0] if len(checks) == 1 else lambda caller: any(check(caller) for check in checks)


def _all(checks: list[Check]) -> Check:
    return checks[0] if len(checks) == 1 else lambda caller: all(check(caller) for check in checks)


def _everybody(caller: Caller) -> bool:
    return True


def _nobody(caller: Caller) -> bool:
    return False
