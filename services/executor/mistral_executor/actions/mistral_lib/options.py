"""Settings of packages that read theirs by ``oslo.config``, and those that they expect Mistral to have set."""

from oslo_config import cfg

from mistral_runtime.settings import SettingError

# Where an action that calls Mistral itself finds it: Mistral registers these, packages only read them.
_MISTRALS = (
    ("pecan", cfg.BoolOpt("auth_enable", default=False, help="Whether calls to Mistral need a token.")),
    ("api", cfg.StrOpt("host", default="127.0.0.1", help="Host of Mistral's REST interface.")),
    ("api", cfg.PortOpt("port", default=8989, help="Port of Mistral's REST interface.")),
)


def read(config_file: str) -> None:
    """Read a file of settings, for options registered now or later; empty for none.

    Raises:
        SettingError: If there is no such file, or it is malformed.
    """
    if not config_file:
        return
    try:
        cfg.CONF([], project="mistral", default_config_files=[config_file], default_config_dirs=[])
    except (cfg.Error, OSError) as error:
        expected = f"a file of settings ({type(error).__name__})"
        raise SettingError("MISTRAL_EXECUTOR_MISTRAL_LIB_CONFIG", config_file, expected) from None


def complete() -> None:
    """Register what no package has registered by now."""
    for group, option in _MISTRALS:
        if not _known(group, option.name):
            cfg.CONF.register_opt(option, group=group)


def _known(group: str, name: str) -> bool:
    try:
        cfg.CONF[group][name]
    except cfg.NoSuchOptError:
        return False
    return True
