"""Identity: the settings of who may come in, and of the certificate that the hub shows."""

from typing import Annotated, Literal

from hub.settings.named import named
from hub.settings.secret import Secret

Auth = Annotated[
    Literal["off", "required"] | None,
    named(
        "AUTH",
        "off (everybody on this machine, only on loopback; the default there without credentials) "
        "or required (the default else)",
    ),
]
ApiKey = Annotated[
    Secret | None,
    named(
        "API_KEY",
        "Static keys for small set-ups, at least 20 characters; two, comma-separated, while one is "
        "changed",
    ),
]
ApiKeyRoles = Annotated[
    str, named("HUB_API_KEY_ROLES", "What whoever shows API_KEY may do: roles, comma-separated")
]
JwtSecret = Annotated[
    Secret | None,
    named("JWT_SECRET", "Signs JWTs by HS256: at least 32 random bytes, taken as they stand"),
]
JwtSecretPrevious = Annotated[
    Secret | None,
    named("JWT_SECRET_PREVIOUS", "The one before, good until it is removed: for rotation"),
]
JwtPublicKey = Annotated[
    Secret | None,
    named("JWT_PUBLIC_KEY", "Public keys of JWTs as PEM, one or more: RSA (RS256), P-256 (ES256)"),
]
JwksUrl = Annotated[
    str,
    named("JWKS_URL", "Where the public keys of JWTs are: https://, or http:// on this machine"),
]
JwtIssuer = Annotated[str, named("JWT_ISSUER", "What `iss` of a JWT must be")]
JwtAudience = Annotated[
    str, named("JWT_AUDIENCE", "What `aud` of a JWT must hold; unset, a JWT must have none")
]
AllowedHosts = Annotated[
    str,
    named(
        "HUB_ALLOWED_HOSTS",
        "Names by which the hub may be called where AUTH=required, comma-separated, without ports; "
        "unset: any",
    ),
]
TrustedProxies = Annotated[
    str,
    named(
        "HUB_TRUSTED_PROXIES",
        "Addresses or networks of proxies whose X-Forwarded-For is believed, comma-separated",
    ),
]
SslCertfile = Annotated[
    str, named("HUB_SSL_CERTFILE", "Certificate and those between it and its root, as PEM: https")
]
SslKeyfile = Annotated[
    str, named("HUB_SSL_KEYFILE", "Its private key, as PEM; unset: in HUB_SSL_CERTFILE")
]
SslKeyfilePassword = Annotated[
    Secret | None, named("HUB_SSL_KEYFILE_PASSWORD", "What the private key is encrypted with")
]
SslCaCerts = Annotated[
    str,
    named(
        "HUB_SSL_CA_CERTS",
        "Roots as PEM: clients must then show a certificate of one of these, beside their token",
    ),
]
SslCiphers = Annotated[
    str, named("HUB_SSL_CIPHERS", "Ciphers of TLS 1.2, as OpenSSL names them; unset: its own")
]
EnvFile = Annotated[
    str,
    named(
        "HUB_ENV_FILE",
        "File with a line NAME=value a setting, read again at SIGHUP; the environment wins over it",
    ),
]
