"""Tokens of runs: signed by the key that the web process shows, exchanged by a cloud."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError, ExpiredTokenError
from joserfc.jwk import KeySet, RSAKey
from moto.server import ThreadedMotoServer
from starlette.applications import Starlette

from bot.credentials import Credentials, Phase
from bot.database import Database
from bot.run_tokens import SIGNS, RunTokens, TokenKeys
from bot.sealing import Sealer, new_key
from bot.token_pages import public_keys, token_routes
from handlers.events import RepoName, Sha
from handlers.ports import Work
from terraform.project import Project

ISSUER = "https://lockgate.example"
NOW = datetime.now(UTC)
PROJECT = Project("live", "live", environment="prod")
WORK = Work(RepoName("acme/infra"), 7, Sha("c0ffee"), Sha("ba5e"), PROJECT, run_id="run-1")
SUBJECT = "repo:acme/infra:environment:prod:phase:apply"


@pytest.fixture
def sealer() -> Sealer:
    """What keeps the private keys at rest."""
    return Sealer([new_key()])


def tokens(database: Database, sealer: Sealer, now: datetime = NOW) -> RunTokens:
    """The signer of one worker at a time."""
    return RunTokens(ISSUER, TokenKeys(database, sealer, lambda: now), lambda: now)


def shown(database: Database, path: str) -> dict[str, Any]:
    """What the web process answers."""
    app = Starlette(routes=[*token_routes(ISSUER, partial(public_keys, database))])

    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as client:
            return await client.get(path)

    answer = asyncio.run(get())
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def verified(token: str, keys: dict[str, Any], *, at: datetime = NOW) -> dict[str, Any]:
    """The claims, after another library than ours checked signature and times."""
    read = jwt.decode(
        token, KeySet([RSAKey.import_key(key) for key in keys["keys"]]), algorithms=["RS256"]
    )
    claims = jwt.JWTClaimsRegistry(
        now=int(at.timestamp()),
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": "sts.amazonaws.com"},
    )
    claims.validate(read.claims)
    return dict(read.claims)


def test_a_token_is_verified_by_what_is_shown(database: Database, sealer: Sealer) -> None:
    """Discovery leads to the key; the claims say repository, environment, phase and run."""
    token = tokens(database, sealer).mint(WORK, Phase.APPLY, "sts.amazonaws.com")

    described = shown(database, "/.well-known/openid-configuration")
    keys = shown(database, described["jwks_uri"].removeprefix(ISSUER))
    claims = verified(token, keys)

    assert described["issuer"] == ISSUER
    assert claims["sub"] == SUBJECT
    assert (claims["project"], claims["run"], claims["phase"]) == ("live", "run-1", "apply")
    assert claims["exp"] - claims["iat"] == 15 * 60
    assert all(set(key) == {"kty", "n", "e", "kid", "alg", "use"} for key in keys["keys"])


def test_a_token_is_short_lived_and_of_one_phase(database: Database, sealer: Sealer) -> None:
    """Past its time it is refused; a plan's subject is another than an apply's."""
    minted = tokens(database, sealer)
    keys_of = partial(shown, database, "/.well-known/jwks.json")

    plan = minted.mint(WORK, Phase.PLAN, "sts.amazonaws.com")

    assert verified(plan, keys_of())["sub"] == SUBJECT.replace("apply", "plan")
    with pytest.raises(ExpiredTokenError):
        verified(plan, keys_of(), at=NOW + timedelta(minutes=16))


def test_every_worker_signs_with_the_same_key(database: Database, sealer: Sealer) -> None:
    """There is one key for a month, then another; the old one is shown for another month."""
    first = TokenKeys(database, sealer, lambda: NOW).signing()
    again = TokenKeys(database, sealer, lambda: NOW + timedelta(days=1)).signing()
    later = TokenKeys(database, sealer, lambda: NOW + SIGNS + timedelta(days=1)).signing()

    assert first == again
    assert later[0] != first[0]
    assert {key["kid"] for key in public_keys(database)} == {first[0], later[0]}


def test_another_installation_s_token_is_refused(database: Database, sealer: Sealer) -> None:
    """A key that is not shown signs nothing that counts."""
    tokens(database, sealer).mint(WORK, Phase.PLAN, "sts.amazonaws.com")
    keys = shown(database, "/.well-known/jwks.json")
    with database.transaction() as connection:
        connection.execute(b"DELETE FROM token_keys")
    stranger = tokens(database, sealer).mint(WORK, Phase.PLAN, "sts.amazonaws.com")
    # Even where it names the key of another.
    keys["keys"][0]["kid"] = shown(database, "/.well-known/jwks.json")["keys"][0]["kid"]

    with pytest.raises(BadSignatureError):
        verified(stranger, keys)


def test_the_private_key_is_not_readable_in_the_database(
    database: Database, sealer: Sealer
) -> None:
    """Whoever reads a backup can sign nothing."""
    TokenKeys(database, sealer, lambda: NOW).signing()

    with database.transaction() as connection:
        rows = connection.execute(b"SELECT sealed, public::text FROM token_keys").fetchall()
    assert len(rows) == 1
    assert b"PRIVATE" not in rows[0][0]
    assert '"d"' not in rows[0][1]


def test_a_cloud_exchanges_the_token(database: Database, sealer: Sealer, tmp_path: Path) -> None:
    """AssumeRoleWithWebIdentity of the file that Terraform gets answers with a session."""
    file = tmp_path / "apply.env"
    file.write_text(
        "AWS_WEB_IDENTITY_TOKEN_FILE=lockgate-token:sts.amazonaws.com\n"
        "AWS_ROLE_ARN=arn:aws:iam::123456789012:role/lockgate-apply\n"
    )
    file.chmod(0o600)
    credentials = Credentials(apply_file=file, tokens=tokens(database, sealer))
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        client = boto3.client(  # type: ignore[no-untyped-call]  # it ships no types
            "sts",
            region_name="eu-west-1",
            endpoint_url=f"http://{host}:{port}",
            aws_access_key_id="none",
            aws_secret_access_key="none",
        )
        with credentials.given(WORK, Phase.APPLY, tmp_path) as environment:
            session = client.assume_role_with_web_identity(
                RoleArn=environment["AWS_ROLE_ARN"],
                RoleSessionName="lockgate",
                WebIdentityToken=Path(environment["AWS_WEB_IDENTITY_TOKEN_FILE"]).read_text(),
            )
    finally:
        server.stop()

    assert session["Credentials"]["SessionToken"]
    assert session["AssumedRoleUser"]["Arn"].endswith("lockgate-apply/lockgate")
