"""Settings are read from the environment, and a wrong one is named with what was expected."""

import pytest

from mistral_runtime.settings import Environment, ServiceSettings, SettingError


def test_all_settings_have_defaults_that_work_on_one_machine():
    settings = ServiceSettings.read({}, service="engine")

    assert (settings.name, settings.listen, settings.trace_ratio) == ("engine-0", "127.0.0.1:0", 0.01)
    assert settings.database_url is None


def test_settings_are_read():
    settings = ServiceSettings.read(
        {
            "MISTRAL_SERVICE_NAME": "engine-3",
            "MISTRAL_LISTEN": "127.0.0.1:7000",
            "MISTRAL_NATS_URL": "nats://t@h:1",
            "MISTRAL_DATABASE_URL": "postgres://x",
            "MISTRAL_METRICS_PORT": "9100",
            "MISTRAL_LOG_LEVEL": "DEBUG",
            "MISTRAL_LOG_FORMAT": "text",
            "MISTRAL_TRACE_RATIO": "0.5",
            "MISTRAL_OTLP_ENDPOINT": "http://127.0.0.1:4317",
        },
        service="engine",
    )

    assert settings == ServiceSettings(
        name="engine-3",
        listen="127.0.0.1:7000",
        nats_url="nats://t@h:1",
        database_url="postgres://x",
        metrics_port=9100,
        log_level="DEBUG",
        log_format="text",
        trace_ratio=0.5,
        otlp_endpoint="http://127.0.0.1:4317",
    )


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("MISTRAL_METRICS_PORT", "many", "a whole number"),
        ("MISTRAL_METRICS_PORT", "70000", "at most 65535"),
        ("MISTRAL_TRACE_RATIO", "2", "at most 1"),
        ("MISTRAL_TRACE_RATIO", "nan", "a number"),
        ("MISTRAL_LISTEN", "7000", "host:port"),
        ("MISTRAL_LISTEN", "127.0.0.1:port", "host:port"),
        ("MISTRAL_LOG_LEVEL", "LOUD", "one of DEBUG, INFO, WARNING, ERROR"),
        ("MISTRAL_LOG_FORMAT", "xml", "one of json, text"),
        ("MISTRAL_DRAIN_SECONDS", "-1", "at least 0"),
    ],
)
def test_a_wrong_setting_names_variable_value_and_what_was_expected(variable, value, expected):
    with pytest.raises(SettingError) as raised:
        ServiceSettings.read({variable: value}, service="engine")

    assert variable in str(raised.value)
    assert repr(value) in str(raised.value)
    assert expected in str(raised.value)


def test_a_missing_setting_without_default_is_named():
    with pytest.raises(SettingError, match="MISTRAL_X must be set; it is not set"):
        Environment({"MISTRAL_X": "  "}).text("MISTRAL_X")


@pytest.mark.parametrize(("text", "value"), [("true", True), ("1", True), ("Yes", True), ("off", False), ("0", False)])
def test_flags(text, value):
    assert Environment({"F": text}).flag("F") is value


def test_a_flag_that_is_neither_is_refused():
    with pytest.raises(SettingError, match="one of true, false"):
        Environment({"F": "maybe"}).flag("F")


def test_listings_are_split_at_commas():
    env = Environment({"L": " a:1 ,, b:2,"})

    assert env.listing("L") == ("a:1", "b:2")
    assert env.listing("M", ("c",)) == ("c",)
