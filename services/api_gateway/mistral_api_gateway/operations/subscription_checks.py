"""What a subscription may ask for and whom it may tell, as far as that shows before the first delivery."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from mistral_api_gateway.operations.json_text import text_of
from mistral_core.errors import InvalidDefinition, InvalidInput
from mistral_core.expressions import check, is_expression
from mistral_core.machine.state import State
from mistral_core.subscribing import KNOWN, any_of

_LONGEST_NAME: Final = 255
_MOST_ENTRIES: Final = 100
_MOST_BYTES: Final = 64 * 1024
_MOST_REDIRECTS: Final = 5
_FORMATS: Final = ("plain", "cloudevents", "cloudevents-binary")
_OPEN: Final = frozenset({"type", "format", "ordered"})
_SECRET: Final = frozenset({"secret", "password"})
# Settings that say where things go.
_PLACES: Final = ("type", "url", "server", "host", "port")
_STATES: Final = frozenset(state.value for state in State)


def checked_name(name: str) -> str:
    """Return a name. Raises InvalidInput if it is empty or too long."""
    if not name or len(name) > _LONGEST_NAME:
        raise InvalidInput(f"The name of a subscription has 1 to {_LONGEST_NAME} characters", field="name")
    return name


def checked_globs(globs: Sequence[str], field: str) -> list[str]:
    """Return a list of globs or words. Raises InvalidInput if there are too many, or one is empty or too long."""
    if len(globs) > _MOST_ENTRIES:
        raise InvalidInput(f"{field} has at most {_MOST_ENTRIES} entries", field=field)
    for glob in globs:
        if not glob or len(glob) > _LONGEST_NAME:
            raise InvalidInput(f"An entry of {field} has 1 to {_LONGEST_NAME} characters", field=field)
    return list(globs)


def checked_types(globs: Sequence[str]) -> list[str]:
    """Return globs of event types. Raises InvalidInput if one fits no event that there is."""
    for glob in checked_globs(globs, "event_types"):
        if not any(map(any_of([glob]), KNOWN)):
            raise InvalidInput(f"No event is called {glob!r}; there are: {', '.join(KNOWN)}", field="event_types")
    return list(globs)


def checked_states(states: Sequence[str]) -> list[str]:
    """Return names of states. Raises InvalidInput if there is none of that name."""
    for state in checked_globs(states, "states"):
        if state not in _STATES:
            raise InvalidInput(f"There is no state {state!r}; there are: {', '.join(sorted(_STATES))}", field="states")
    return list(states)


def checked_condition(text: str) -> str:
    """Return a condition. Raises InvalidInput if it is no expression, or a faulty one."""
    if not text:
        return ""
    if not is_expression(text):
        raise InvalidInput("The condition is no expression, such as <% $.state = 'ERROR' %>", field="condition")
    try:
        check(text, path="condition")
    except InvalidDefinition as error:
        raise InvalidInput(str(error), field="condition") from None
    return text


def check_publisher(publisher: Mapping[str, Any], secrets: Mapping[str, Any], kept: Collection[str] = ()) -> None:
    """Check a publisher with its secret settings; those in ``kept`` are stored already, and were checked then.

    Raises:
        InvalidInput: If it cannot work.
    """
    if len(text_of(publisher)) + len(text_of(secrets)) > _MOST_BYTES:
        raise InvalidInput(f"Publisher and secrets have at most {_MOST_BYTES} bytes together", field="publisher")
    kind = publisher.get("type")
    if not isinstance(kind, str) or not 0 < len(kind) <= _LONGEST_NAME:
        raise InvalidInput("The publisher needs a type, such as webhook", field="publisher")
    _check_names(publisher, {*secrets, *kept})
    if publisher.get("format", _FORMATS[0]) not in _FORMATS:
        raise InvalidInput(f"The format is one of {', '.join(_FORMATS)}", field="publisher")
    if not isinstance(publisher.get("ordered", True), bool):
        raise InvalidInput("ordered is true or false", field="publisher")
    whole = {**publisher, **secrets}
    if kind == "webhook":
        _check_webhook(whole, url="url" not in kept)


def check_place(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Check that secrets that are kept do not come to another place than they were given for.

    Raises:
        InvalidInput: If they do.
    """
    if [before.get(name) for name in _PLACES] != [after.get(name) for name in _PLACES]:
        raise InvalidInput("The publisher tells another place now: send its secrets anew", field="secrets")


def _check_names(publisher: Mapping[str, Any], secrets: Collection[str]) -> None:
    if twice := sorted(set(publisher) & set(secrets)):
        raise InvalidInput(f"Both publisher and secrets have: {', '.join(twice)}", field="secrets")
    if open_ones := sorted(_OPEN & set(secrets)):
        raise InvalidInput(f"No secrets are: {', '.join(open_ones)}", field="secrets")
    if bare := sorted(_SECRET & set(publisher)):
        raise InvalidInput(f"Among the secrets, which are never shown, belong: {', '.join(bare)}", field="publisher")


def _check_webhook(options: Mapping[str, Any], *, url: bool) -> None:
    if url:
        _check_url(options.get("url"))
    headers = options.get("headers")
    if headers is not None and not (
        isinstance(headers, Mapping) and all(isinstance(value, str) for value in headers.values())
    ):
        raise InvalidInput("headers are names with texts", field="publisher")
    hops = options.get("redirects", 0)
    if isinstance(hops, bool) or not isinstance(hops, int) or not 0 <= hops <= _MOST_REDIRECTS:
        raise InvalidInput(f"redirects are 0 to {_MOST_REDIRECTS}", field="publisher")


def _check_url(url: Any) -> None:
    try:
        parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
        host, password = parts.hostname, parts.password
    except ValueError:
        raise InvalidInput("The url is malformed", field="publisher") from None
    if not host or parts.scheme not in ("http", "https"):
        raise InvalidInput("A webhook needs a url of http or https, with a host", field="publisher")
    if password:
        raise InvalidInput("A url holds no password: put a header among the secrets", field="publisher")
