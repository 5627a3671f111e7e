"""Whether the gateway may listen where it is told: not to strangers without asking who they are."""

from mistral_api_gateway.settings import GatewaySettings
from mistral_runtime.loopback import is_loopback
from mistral_runtime.settings import SettingError


def check_exposure(settings: GatewaySettings) -> None:
    """Refuse to be reached from elsewhere while authentication is off.

    Raises:
        SettingError: If an address is not loopback's.
    """
    if settings.access.on:
        return
    for address in (settings.http_listen, settings.service.listen):
        if not is_loopback(address.rpartition(":")[0]):
            expected = f"api-key, oidc or keystone, for {address} is reached from elsewhere; or listen on 127.0.0.1"
            raise SettingError("MISTRAL_AUTH", "none", expected)
