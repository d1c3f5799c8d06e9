"""A small OAuth authorization server, with a protected MCP server beside it, for tests only.

It knows nothing of the gateway. Consent is automatic: whoever asks is the user of `--subject`. It serves
both discovery documents, a key set, authorization code with PKCE, refresh tokens that rotate, dynamic
registration and client ID metadata documents, and mints tokens with any claims a test wants. `--fault`
makes it misbehave in one way. README.md lists the endpoints. Prints its base URL when it is ready.
"""

import argparse
import base64
import hashlib
import secrets
from urllib.parse import urlencode, urlsplit

import anyio
import httpx2
from issuer_keys import KeySet
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from modern_server import build, listen, serve
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

FAULTS = ("none", "deny", "no-pkce", "wrong-iss", "no-iss", "wrong-state", "wrong-issuer", "no-refresh")
SCOPE = "mcp"


class Refused(Exception):
    """An OAuth error answer: its code and what was wrong."""

    def __init__(self, error: str, description: str):
        super().__init__(description)
        self.answer = JSONResponse({"error": error, "error_description": description}, status_code=400)


def s256(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def same_redirect(registered: str, asked: str) -> bool:
    """Exact, but for the port of a loopback address (RFC 8252 section 7.3)."""
    one, other = urlsplit(registered), urlsplit(asked)
    if one.hostname in ("127.0.0.1", "::1", "localhost"):
        return (one.scheme, one.hostname, one.path, one.query) == (
            other.scheme, other.hostname, other.path, other.query)  # fmt: skip
    return registered == asked


class Issuer:
    """The authorization server's state: keys, clients, codes, refresh tokens and a log of requests."""

    def __init__(self, base: str, options: argparse.Namespace):
        self.base = base
        self.options = options
        self.keys = KeySet()
        self.clients: dict[str, dict] = {}
        self.codes: dict[str, dict] = {}
        self.refresh: dict[str, dict] = {}
        self.documents: dict[str, dict] = {}
        self.log: list[dict] = []

    async def metadata(self, _request) -> Response:
        fault = self.options.fault
        facts = {
            "issuer": f"{self.base}/other" if fault == "wrong-issuer" else self.base,
            "authorization_endpoint": f"{self.base}/authorize",
            "token_endpoint": f"{self.base}/token",
            "jwks_uri": f"{self.base}/jwks",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
            "scopes_supported": [SCOPE, "offline_access"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "RS256"],
            "authorization_response_iss_parameter_supported": fault != "no-iss",
        }
        if fault != "no-pkce":
            facts["code_challenge_methods_supported"] = ["S256"]
        if not self.options.no_dcr:
            facts["registration_endpoint"] = f"{self.base}/register"
        if not self.options.no_cimd:
            facts["client_id_metadata_document_supported"] = True
        return JSONResponse(facts)

    async def jwks(self, _request) -> Response:
        return JSONResponse(self.keys.jwks())

    async def register(self, request) -> Response:
        """Dynamic registration (RFC 7591) of a public or confidential client."""
        if self.options.no_dcr:
            return Response(status_code=404)
        document = await request.json()
        self.log.append({"endpoint": "register", "document": document})
        client = document | {"client_id": f"dcr-{secrets.token_hex(6)}"}
        if document.get("token_endpoint_auth_method", "client_secret_basic") != "none":
            client["client_secret"] = secrets.token_urlsafe(24)
        self.clients[client["client_id"]] = client
        return JSONResponse(client, status_code=201)

    async def client(self, client_id: str) -> dict:
        """A registered client, or one whose id is the address of its metadata document."""
        if client_id in self.clients:
            return self.clients[client_id]
        if self.options.no_cimd or not client_id.startswith(("https://", "http://127.0.0.1:")):
            raise Refused("invalid_client", "unknown client")
        async with httpx2.AsyncClient(timeout=5) as fetcher:
            document = (await fetcher.get(client_id)).json()
        self.log.append({"endpoint": "client_document", "document": document})
        if document.get("client_id") != client_id:
            raise Refused("invalid_client", "the document names another client")
        return document

    async def authorize(self, request) -> Response:
        asked = dict(request.query_params)
        self.log.append({"endpoint": "authorize", **asked})
        client = await self.client(asked.get("client_id", ""))
        redirect = asked.get("redirect_uri", "")
        if not any(same_redirect(known, redirect) for known in client.get("redirect_uris", [])):
            raise Refused("invalid_request", "redirect_uri is not registered")
        if asked.get("response_type") != "code" or asked.get("code_challenge_method") != "S256":
            raise Refused("invalid_request", "only code with PKCE S256")
        answer = self.verdict(asked)
        return RedirectResponse(f"{redirect}{'&' if '?' in redirect else '?'}{urlencode(answer)}", status_code=302)

    def verdict(self, asked: dict) -> dict:
        """What the redirect carries back: a code or a refusal, state and issuer (RFC 9207)."""
        fault = self.options.fault
        answer = {"state": "not-yours" if fault == "wrong-state" else asked.get("state", "")}
        if fault != "no-iss":
            answer["iss"] = f"{self.base}/other" if fault == "wrong-iss" else self.base
        if fault == "deny":
            return answer | {"error": "access_denied"}
        code = secrets.token_urlsafe(24)
        self.codes[code] = asked
        return answer | {"code": code}

    async def token(self, request) -> Response:
        form = dict(await request.form())
        secret_fields = ("code", "code_verifier", "refresh_token", "client_secret")
        shown = {name: "given" if name in secret_fields else value for name, value in form.items()}
        self.log.append({"endpoint": "token", **shown})
        grants = {"authorization_code": self.from_code, "refresh_token": self.from_refresh}
        if form.get("grant_type") not in grants:
            raise Refused("unsupported_grant_type", "authorization_code or refresh_token")
        return self.issue(grants[form["grant_type"]](form))

    def from_code(self, form: dict) -> dict:
        """A code is good once, for who asked for it and with the verifier of its challenge."""
        grant = self.codes.pop(form.get("code", ""), None)
        if grant is None:
            raise Refused("invalid_grant", "unknown or used code")
        if s256(form.get("code_verifier", "")) != grant.get("code_challenge"):
            raise Refused("invalid_grant", "the verifier does not fit the challenge")
        if form.get("redirect_uri") != grant.get("redirect_uri"):
            raise Refused("invalid_grant", "another redirect_uri")
        if form.get("resource") != grant.get("resource"):
            raise Refused("invalid_target", "another resource than was authorized")
        return grant

    def from_refresh(self, form: dict) -> dict:
        grant = self.refresh.pop(form.get("refresh_token", ""), None)
        if grant is None:
            raise Refused("invalid_grant", "unknown or used refresh token")
        return grant

    def issue(self, grant: dict) -> Response:
        """An access token for the resource asked for, and the next refresh token."""
        scope = grant.get("scope") or SCOPE
        claims = {"iss": self.base, "sub": self.options.subject, "aud": grant.get("resource"), "scope": scope}
        claims["client_id"] = grant["client_id"]
        lifetime = self.options.token_lifetime
        answer = {"access_token": self.keys.mint(claims, lifetime_s=lifetime), "token_type": "Bearer"}
        answer |= {"expires_in": lifetime, "scope": scope}
        if self.options.fault != "no-refresh":
            answer["refresh_token"] = secrets.token_urlsafe(24)
            self.refresh[answer["refresh_token"]] = grant
        return JSONResponse(answer, headers={"cache-control": "no-store"})

    async def mint(self, request) -> Response:
        """Any token: {"claims", "algorithm"?, "lifetime_s"?, "headers"?, "stranger"?}; `iss` is ours if absent."""
        wish = await request.json()
        wish["claims"] = {"iss": self.base} | wish.get("claims", {})
        return JSONResponse({"token": self.keys.mint(**wish)})

    async def rotate(self, _request) -> Response:
        self.keys.rotate()
        return JSONResponse({"kids": [key.kid for key in self.keys.current.values()]})

    async def document(self, request) -> Response:
        """Keeps (PUT) and serves (GET) client metadata documents; the address becomes the client id."""
        url = f"{self.base}{request.url.path}"
        if request.method == "PUT":
            self.documents[url] = {"client_id": url} | await request.json()
        return JSONResponse(self.documents[url]) if url in self.documents else Response(status_code=404)

    async def requests(self, _request) -> Response:
        return JSONResponse(self.log)

    async def verify_token(self, token: str) -> AccessToken | None:
        """What the MCP server beside us asks about each bearer token."""
        claims = self.keys.verify(token, self.base, f"{self.base}/mcp")
        if claims is None:
            return None
        scopes = claims.get("scope", "").split()
        facts = {"client_id": claims.get("client_id", ""), "scopes": scopes, "subject": claims["sub"]}
        return AccessToken(token=token, expires_at=claims["exp"], resource=claims["aud"], **facts)

    def routes(self) -> list[Route]:
        return [
            Route("/.well-known/oauth-authorization-server", self.metadata),
            Route("/.well-known/openid-configuration", self.metadata),
            Route("/jwks", self.jwks),
            Route("/authorize", self.authorize),
            Route("/token", self.token, methods=["POST"]),
            Route("/register", self.register, methods=["POST"]),
            Route("/clients/{name}", self.document, methods=["GET", "PUT"]),
            Route("/test/mint", self.mint, methods=["POST"]),
            Route("/test/rotate", self.rotate, methods=["POST"]),
            Route("/test/requests", self.requests),
        ]


def command_line() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--subject", default="ada@example.test", help="who every token is for")
    parser.add_argument("--token-lifetime", type=int, default=300, help="of access tokens, in seconds")
    parser.add_argument("--no-dcr", action="store_true", help="refuse dynamic registration")
    parser.add_argument("--no-cimd", action="store_true", help="refuse client ID metadata documents")
    parser.add_argument("--fault", choices=FAULTS, default="none")
    return parser.parse_args()


async def refused(_request, error: Refused) -> Response:
    return error.answer


def main() -> None:
    options = command_line()
    bound = listen(options.port)
    base = f"http://127.0.0.1:{bound.getsockname()[1]}"
    issuer = Issuer(base, options)
    auth = AuthSettings(
        issuer_url=base, resource_server_url=f"{base}/mcp", required_scopes=[SCOPE], validate_token_resource=True
    )
    app = build(auth=auth, token_verifier=issuer).streamable_http_app()
    app.router.routes.extend(issuer.routes())
    app.add_exception_handler(Refused, refused)
    anyio.run(serve, app, bound, base)


if __name__ == "__main__":
    main()
