"""Settings of a service, read once at the edge from its environment; nothing deeper reads ``os.environ``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from mistral_runtime.setting_error import SettingError
from mistral_runtime.tls import Tls

__all__ = ["Environment", "ServiceSettings", "SettingError"]

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


class Environment:
    """Typed reading of variables. An empty value counts as not set; no default means required."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, name: str, default: str | None = None) -> str:
        value = self._values.get(name, "").strip()
        if value:
            return value
        if default is None:
            raise SettingError(name, None, "set")
        return default

    def optional(self, name: str) -> str | None:
        return self.text(name, "") or None

    def integer(
        self, name: str, default: int | None = None, *, minimum: int | None = None, maximum: int | None = None
    ) -> int:
        expected = "a whole number" + _bounds(minimum, maximum)
        raw = self._raw(name, default is None, expected)
        if raw is None:
            assert default is not None
            return default
        try:
            value = int(raw)
        except ValueError:
            raise SettingError(name, raw, expected) from None
        _check(name, raw, value, minimum, maximum, expected)
        return value

    def number(
        self, name: str, default: float | None = None, *, minimum: float | None = None, maximum: float | None = None
    ) -> float:
        expected = "a number" + _bounds(minimum, maximum)
        raw = self._raw(name, default is None, expected)
        if raw is None:
            assert default is not None
            return default
        try:
            value = float(raw)
        except ValueError:
            raise SettingError(name, raw, expected) from None
        _check(name, raw, value, minimum, maximum, expected)
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        expected = "one of true, false, 1, 0, yes, no, on, off"
        raw = self._raw(name, default is None, expected)
        if raw is None:
            assert default is not None
            return default
        word = raw.lower()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
        raise SettingError(name, raw, expected)

    def listing(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Comma-separated words; blanks around and empty ones are dropped."""
        raw = self.text(name, "")
        if not raw:
            return default
        return tuple(word for part in raw.split(",") if (word := part.strip()))

    def choice(self, name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise SettingError(name, value, "one of " + ", ".join(allowed))
        return value

    def address(self, name: str, default: str | None = None) -> str:
        """``host:port``; port 0 lets the system choose."""
        value = self.text(name, default)
        host, separator, port = value.rpartition(":")
        if not (host and separator and port.isdecimal() and int(port) < 65536):
            raise SettingError(name, value, "host:port")
        return value

    def _raw(self, name: str, required: bool, expected: str) -> str | None:
        value = self._values.get(name, "").strip()
        if value:
            return value
        if required:
            raise SettingError(name, None, expected)
        return None


def _bounds(minimum: float | None, maximum: float | None) -> str:
    low = "" if minimum is None else f" of at least {minimum}"
    high = "" if maximum is None else f" of at most {maximum}"
    return low + (" and" if low and high else "") + high


def _check(name: str, raw: str, value: float, minimum: float | None, maximum: float | None, expected: str) -> None:
    # Written so that "nan" fails too.
    if (minimum is not None and not value >= minimum) or (maximum is not None and not value <= maximum):
        raise SettingError(name, raw, expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """What every service has in common.

    Attributes:
        name: Stable over restarts of the same slot, such as ``engine-0``.
        listen: ``host:port`` of the gRPC server; port 0 lets the system choose.
        metrics_port: Port of ``/metrics``; 0 serves none.
        trace_ratio: Share of new traces that are recorded, 0.0 to 1.0.
        drain_seconds: How long running calls may take to finish when the service stops.
        tls: What it shows to other services, which must show theirs; None speaks in clear text.
    """

    name: str
    listen: str = "127.0.0.1:0"
    nats_url: str = "nats://127.0.0.1:4222"
    database_url: str | None = None
    metrics_port: int = 0
    log_level: str = "INFO"
    log_format: str = "json"
    trace_ratio: float = 0.01
    otlp_endpoint: str | None = None
    trace_file: str | None = None
    drain_seconds: float = 5.0
    tls: Tls | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str], service: str) -> Self:
        """Read the ``MISTRAL_`` variables; ``service`` is the kind, such as ``engine``.

        Raises:
            SettingError: If a variable is missing or malformed.
        """
        env = Environment(environ)
        return cls(
            name=env.text("MISTRAL_SERVICE_NAME", f"{service}-0"),
            listen=env.address("MISTRAL_LISTEN", "127.0.0.1:0"),
            nats_url=env.text("MISTRAL_NATS_URL", "nats://127.0.0.1:4222"),
            database_url=env.optional("MISTRAL_DATABASE_URL"),
            metrics_port=env.integer("MISTRAL_METRICS_PORT", 0, minimum=0, maximum=65535),
            log_level=env.choice("MISTRAL_LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO"),
            log_format=env.choice("MISTRAL_LOG_FORMAT", ("json", "text"), "json"),
            trace_ratio=env.number("MISTRAL_TRACE_RATIO", 0.01, minimum=0.0, maximum=1.0),
            otlp_endpoint=env.optional("MISTRAL_OTLP_ENDPOINT"),
            trace_file=env.optional("MISTRAL_TRACE_FILE"),
            drain_seconds=env.number("MISTRAL_DRAIN_SECONDS", 5.0, minimum=0.0),
            tls=Tls.between_services(environ),
        )
