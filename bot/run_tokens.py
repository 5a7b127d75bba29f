"""Tokens that a cloud exchanges for credentials of its own: signed by a key the web process shows.

The keys lie sealed in the database, so that every worker signs with the same one.
"""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from psycopg.types.json import Jsonb

from bot.credentials import Phase
from bot.database import Database
from bot.sealing import Sealer
from handlers.ports import Work

ALGORITHM = "RS256"
KEY_BITS = 2048
# Terraform exchanges a token when it starts; each command gets a new one.
LIFETIME = timedelta(minutes=15)
# A key signs for a month and is shown for twice as long, so that no token outlives it.
SIGNS = timedelta(days=30)

SERIALISE = "SELECT pg_advisory_xact_lock(hashtextextended('token keys', 0))"
NEWEST = "SELECT id, sealed FROM token_keys WHERE created_at > %s ORDER BY created_at DESC LIMIT 1"
ADD = "INSERT INTO token_keys (id, sealed, public, created_at) VALUES (%s, %s, %s, %s)"
FORGET = "DELETE FROM token_keys WHERE created_at < %s"


class TokenKeys:
    """The signing keys, in Postgres; made where there is none that may still sign."""

    def __init__(self, database: Database, sealer: Sealer, now: Callable[[], datetime]) -> None:
        self._database = database
        self._sealer = sealer
        self._now = now

    def signing(self) -> tuple[str, str]:
        """The id of the key that signs now, and the key in PEM."""
        now = self._now()
        with self._database.transaction() as connection:
            connection.execute(SERIALISE)
            row = connection.execute(NEWEST, (now - SIGNS,)).fetchone()
            if row is not None:
                return str(row[0]), self._sealer.open(row[1]).decode()
            connection.execute(FORGET, (now - 2 * SIGNS,))
            key_id, private, public = _new_key()
            sealed = self._sealer.seal(private.encode())
            connection.execute(ADD, (key_id, sealed, Jsonb(public), now))
            return key_id, private


def _new_key() -> tuple[str, str, dict[str, str]]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    key_id = uuid.uuid4().hex
    public = json.loads(RSAAlgorithm.to_jwk(key.public_key()))
    shown = {"kty": public["kty"], "n": public["n"], "e": public["e"]}
    return key_id, pem.decode(), {**shown, "kid": key_id, "alg": ALGORITHM, "use": "sig"}


@dataclass(frozen=True, slots=True)
class RunTokens:
    """The port `Tokens`; `issuer` is this installation's public address."""

    issuer: str
    keys: TokenKeys
    now: Callable[[], datetime]

    def mint(self, work: Work, phase: Phase, audience: str) -> str:
        """A token that says which run of which project and phase asks, for 15 minutes."""
        key_id, private = self.keys.signing()
        now = self.now()
        project = work.project
        claims = {
            "iss": self.issuer,
            "sub": subject(work, phase),
            "aud": audience,
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME,
            "jti": uuid.uuid4().hex,
            "repository": work.repo,
            "pull_request": work.number,
            "head_sha": work.head_sha,
            "project": project.name,
            "environment": project.environment,
            "workspace": project.workspace,
            "phase": phase.value,
            "run": work.run_id,
        }
        return jwt.encode(claims, private, algorithm=ALGORITHM, headers={"kid": key_id})


def subject(work: Work, phase: Phase) -> str:
    """What a cloud's trust policy is written against; `-` stands for no environment."""
    environment = work.project.environment or "-"
    return f"repo:{work.repo}:environment:{environment}:phase:{phase}"
