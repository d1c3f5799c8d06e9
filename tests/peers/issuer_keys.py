"""Keys of the test issuer: what it signs with, what it publishes and what it mints."""

import secrets
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

ALGORITHMS = ("ES256", "RS256")


class SigningKey:
    """One key pair with its name in the key set."""

    def __init__(self, algorithm: str):
        self.algorithm = algorithm
        self.kid = f"{algorithm.lower()}-{secrets.token_hex(4)}"
        if algorithm == "ES256":
            self.private = ec.generate_private_key(ec.SECP256R1())
        else:
            self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def public_jwk(self) -> dict:
        kind = jwt.get_algorithm_by_name(self.algorithm)
        jwk = kind.to_jwk(self.private.public_key(), as_dict=True)
        jwk.pop("key_ops", None)
        return jwk | {"kid": self.kid, "use": "sig", "alg": self.algorithm}


class KeySet:
    """The keys in use, and a set of strangers whose signatures nobody should accept."""

    def __init__(self):
        self.current = {name: SigningKey(name) for name in ALGORITHMS}
        self.strangers = {name: SigningKey(name) for name in ALGORITHMS}

    def rotate(self) -> None:
        """Replaces every key; tokens of the old ones no longer verify."""
        self.current = {name: SigningKey(name) for name in ALGORITHMS}

    def jwks(self) -> dict:
        return {"keys": [key.public_jwk() for key in self.current.values()]}

    def mint(self, claims: dict, algorithm="ES256", lifetime_s=300, headers=None, stranger=False) -> str:
        """A signed token. Claims given win over the times set here; a claim of None is left out."""
        key = (self.strangers if stranger else self.current)[algorithm]
        now = int(time.time())
        times = {"iat": now, "nbf": now, "exp": now + lifetime_s, "jti": secrets.token_urlsafe(12)}
        kept = {name: value for name, value in (times | claims).items() if value is not None}
        kid = (self.current[algorithm] if stranger else key).kid
        head = {"kid": kid, "typ": "at+jwt"} | (headers or {})
        return jwt.encode(kept, key.private, algorithm=algorithm, headers=head)

    def verify(self, token: str, issuer: str, audience: str) -> dict | None:
        """The claims of a token that a current key signed for this audience, else nothing."""
        try:
            key = next(k for k in self.current.values() if k.kid == jwt.get_unverified_header(token).get("kid"))
            return jwt.decode(
                token,
                key.private.public_key(),
                algorithms=[key.algorithm],
                audience=audience,
                issuer=issuer,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (jwt.InvalidTokenError, StopIteration):
            return None
