"""An action with settings: of its own, and some of Mistral's that it expects to be there."""

from oslo_config import cfg

from mistral_lib import actions

cfg.CONF.register_opts([cfg.StrOpt("flag", default="white")], group="harbour")


class Signal(actions.Action):
    def run(self, context):
        return [cfg.CONF.harbour.flag, cfg.CONF.api.host, cfg.CONF.api.port, cfg.CONF.pecan.auth_enable]
