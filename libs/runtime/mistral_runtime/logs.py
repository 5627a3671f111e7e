"""Logs: one JSON object per line, with trace ids, without secrets."""

import logging
import re
import sys
import time
from collections.abc import Mapping
from typing import Any

import msgspec
from opentelemetry import trace

MASK = "***"

_SECRET_KEY = re.compile(
    r"passw(or)?d|passphrase|token|secret|auth(?!or(?!iz))|api[-_ ]?key|credential|cookie|private[-_ ]?key",
    re.IGNORECASE,
)
# key=value, "key": "value" and Authorization: Bearer value within a text.
_SECRET_TEXT = re.compile(
    r"""(?P<key>["']?[\w.-]*(?:passw(?:or)?d|passphrase|token|secret|authorization|api[-_]?key|credential|cookie|private[-_]?key)[\w.-]*["']?
    \s*[=:]\s*)(?P<value>(?:bearer\s+|basic\s+)?(?:"[^"]*"|'[^']*'|[^\s,;&"'}\]]+))""",
    re.IGNORECASE | re.VERBOSE,
)
_URL_LOGIN = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^/\s@]+@", re.IGNORECASE)

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def configure(service: str, level: str = "INFO", format: str = "json") -> None:
    """Send all logs of the process to stderr; ``format`` is ``json`` or ``text``."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(service) if format == "json" else TextFormatter(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)


def masked(value: Any) -> Any:
    """Return the value with secrets replaced, at any depth of mappings and lists."""
    match value:
        case str():
            return masked_text(value)
        case Mapping():
            return {key: MASK if _SECRET_KEY.search(str(key)) else masked(inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [masked(inner) for inner in value]
        case _:
            return value


def masked_text(text: str) -> str:
    return _URL_LOGIN.sub(rf"\g<scheme>{MASK}@", _SECRET_TEXT.sub(rf"\g<key>{MASK}", text))


class JsonFormatter(logging.Formatter):
    """One object per line: time, level, service, logger, message, what was given as ``extra``, and the trace."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": _instant(record),
            "level": record.levelname,
            "service": self._service,
            "logger": record.name,
            "message": masked_text(record.getMessage()),
        }
        entry.update(masked({key: value for key, value in vars(record).items() if key not in _STANDARD}))
        current = trace.get_current_span().get_span_context()
        if current.is_valid:
            entry["trace_id"] = f"{current.trace_id:032x}"
            entry["span_id"] = f"{current.span_id:016x}"
        if record.exc_info:
            entry["exception"] = masked_text(self.formatException(record.exc_info))
        return msgspec.json.encode(entry, enc_hook=lambda value: masked_text(str(value))).decode()


class TextFormatter(logging.Formatter):
    """For people at a terminal."""

    def __init__(self, service: str) -> None:
        super().__init__(f"%(asctime)s {service} %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return masked_text(super().format(record))


def _instant(record: logging.LogRecord) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
