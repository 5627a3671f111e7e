"""Settings of the policy and of the audit log, and the gate made of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from mistral_api_gateway.access.audit import Audit
from mistral_api_gateway.access.gate import Gate
from mistral_api_gateway.access.policy import Policy
from mistral_runtime.settings import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """What the gate needs to know.

    Attributes:
        identified: Whether callers are asked who they are.
        policy_file: File of rules; empty for the default ones, which count only while callers are asked who they are.
        audit: Whether calls that change something are written down.
        audit_file: File for that; empty for the log of the service.
    """

    identified: bool = False
    policy_file: str = ""
    audit: bool = False
    audit_file: str = ""

    @classmethod
    def read(cls, environ: Mapping[str, str], *, identified: bool) -> Self:
        """Read the ``MISTRAL_POLICY`` and ``MISTRAL_AUDIT`` variables.

        Raises:
            SettingError: If one is malformed.
        """
        env = Environment(environ)
        return cls(
            identified=identified,
            policy_file=env.text("MISTRAL_POLICY_FILE", ""),
            audit=env.flag("MISTRAL_AUDIT", identified),
            audit_file=env.text("MISTRAL_AUDIT_FILE", ""),
        )

    def gate(self) -> Gate:
        """Return the gate.

        Raises:
            SettingError: If the policy file cannot be read or understood.
        """
        asked = self.identified or bool(self.policy_file)
        return Gate(
            policy=Policy.read(self.policy_file) if asked else None,
            audit=Audit() if self.audit else None,
            identified=self.identified,
        )
