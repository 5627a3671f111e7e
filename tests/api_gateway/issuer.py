"""A small OpenID Connect issuer on loopback: discovery, keys that change, and tokens that it signs."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

_MAKERS: Mapping[str, Any] = {
    "RS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "PS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


@dataclass
class Issuer:
    """What the server answers, to be changed by tests while it runs."""

    server: str
    keys: dict[str, tuple[str, Any]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    ill: bool = False

    @property
    def url(self) -> str:
        return f"{self.server}/realms/red"

    def new_key(self, kid: str, algorithm: str = "ES256") -> Any:
        """Have one more key, and return its private half."""
        self.keys[kid] = algorithm, _MAKERS[algorithm]()
        return self.keys[kid][1]

    def token(
        self, kid: str, *, without: tuple[str, ...] = (), header: Mapping[str, Any] | None = None, **more: Any
    ) -> str:
        """Sign a token as Keycloak would."""
        algorithm, key = self.keys[kid]
        claims = {
            "iss": self.url,
            "aud": "mistral",
            "sub": "u-1",
            "exp": int(time.time()) + 3600,
            "realm_access": {"roles": ["member", "offline_access"]},
            **more,
        }
        kept = {name: value for name, value in claims.items() if name not in without}
        head = {name: value for name, value in {"kid": kid, **(header or {})}.items() if value is not None}
        return jwt.encode(kept, key, algorithm, headers=head)

    def document(self, path: str) -> Any | None:
        realm, _, rest = path.removeprefix("/realms/").partition("/")
        if rest == ".well-known/openid-configuration":
            return {"issuer": f"{self.server}/realms/{realm}", "jwks_uri": f"{self.server}/realms/{realm}/certs"}
        return {"keys": [public(kid, *key) for kid, key in self.keys.items()]} if rest == "certs" else None


def public(kid: str, algorithm: str, key: Any) -> dict[str, Any]:
    """The public half as issuers publish it."""
    kind = jwt.get_algorithm_by_name(algorithm)
    return {**kind.to_jwk(key.public_key(), as_dict=True), "kid": kid, "alg": algorithm, "use": "sig"}


@contextmanager
def issuer() -> Iterator[Issuer]:
    """Serve one inside the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked[self.path] += 1
            document = found.document(self.path)
            status = 503 if found.ill else 404 if document is None else 200
            body = msgspec.json.encode(document)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Issuer(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
