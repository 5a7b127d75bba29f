"""A network that is a list: from inside the sandbox, through the real proxy, to real servers."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import httpx
import pytest
from moto.server import ThreadedMotoServer

from terraform.allowed_hosts import HostRule, host_rule
from terraform.errors import TerraformError
from terraform.limits import Limits
from terraform.mirror import cli_configuration
from terraform.process import Finished, Invocation, supervise
from terraform.project import Network
from terraform.proxy import Proxy, Reach
from terraform.runner import Request, Runner
from terraform.sandbox import Sandbox, find_sandbox

MakeRequest: TypeAlias = Callable[[Mapping[str, str]], Request]

ASK = r"""
exec 3<>/dev/tcp/127.0.0.1/3128
printf '%b' 'REQUEST' >&3
cat <&3
"""
DIRECT = "exec 3<>/dev/tcp/127.0.0.1/PORT"


@dataclass
class Place:
    """A server of this machine that answers `hello`, and what the proxy knew and refused."""

    port: int
    sandbox: Sandbox
    heard: list[bytes] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def run(
        self, script: str, allowed: Iterable[str], inside: Iterable[str], *, address: str
    ) -> Finished:
        """Run a script in a sandbox whose network is this list; every name has this address."""

        def resolve(_host: str, _port: int) -> Iterable[str]:
            return (address,)

        reach = Reach(self._rules(allowed), self._rules(inside), resolve)
        limits = Limits(wall_seconds=30, interrupt_seconds=1, terminate_seconds=1)
        with Proxy(reach, self.refused.append) as proxy:
            argv = self.sandbox.command(
                ("/bin/bash", "-c", script.replace("PORT", str(self.port))),
                read_only=(),
                writable=(),
                network=Network.LISTED,
                cwd=Path("/"),
                limits=limits,
                proxy=proxy.socket,
            )
            invocation = Invocation(argv, {"PATH": "/usr/bin:/bin"}, Path("/"), self.sandbox.depth)
            return supervise(invocation, limits)

    def ask(
        self,
        request: str,
        *,
        allowed: Iterable[str] = ("ok.test:PORT",),
        inside: Iterable[str] = ("ok.test:PORT",),
        address: str = "127.0.0.1",
    ) -> str:
        """Say something to the proxy from inside; what came back."""
        script = ASK.replace("REQUEST", request)
        return self.run(script, allowed, inside, address=address).stdout.text()

    def _rules(self, texts: Iterable[str]) -> tuple[HostRule, ...]:
        return tuple(host_rule(text.replace("PORT", str(self.port))) for text in texts)


@pytest.fixture
def place() -> Iterator[Place]:
    """A listening server and a sandbox."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        made = Place(server.getsockname()[1], find_sandbox())

        def serve() -> None:
            with suppress(OSError):
                while True:
                    near, _ = server.accept()
                    with near:
                        near.settimeout(5)
                        made.heard.append(near.recv(65536))
                        near.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield made
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_listed_host_is_reached(place: Place) -> None:
    """A tunnel to it carries bytes both ways."""
    answer = place.ask(r"CONNECT ok.test:PORT HTTP/1.1\r\n\r\nping")

    assert answer.startswith("HTTP/1.1 200 ")
    assert answer.endswith("hello")
    assert place.heard == [b"ping"]
    assert place.refused == []


def test_plain_http_goes_to_the_host_it_names_alone(place: Place) -> None:
    """The request is passed on as a server expects it, and its connection carries no second one."""
    second = r"GET http://evil.test/ HTTP/1.1\r\n\r\n"

    answer = place.ask(
        r"GET http://ok.test:PORT/a?b=c HTTP/1.1\r\nHost: ok.test\r\nProxy-Connection: keep-alive"
        rf"\r\n\r\n{second}"
    )

    assert answer.endswith("hello")
    [heard] = place.heard
    head = heard.split(b"\r\n\r\n")[0]
    assert head == b"GET /a?b=c HTTP/1.1\r\nHost: ok.test\r\nConnection: close"


@pytest.mark.parametrize(
    ("request_", "refused"),
    [
        pytest.param(r"CONNECT evil.test:PORT HTTP/1.1\r\n\r\n", "evil.test:PORT", id="host"),
        pytest.param(r"CONNECT ok.test:22 HTTP/1.1\r\n\r\n", "ok.test:22", id="port"),
        pytest.param(r"CONNECT 127.0.0.1:PORT HTTP/1.1\r\n\r\n", "127.0.0.1:PORT", id="address"),
        pytest.param(
            r"CONNECT 169.254.169.254:80 HTTP/1.1\r\n\r\n", "169.254.169.254:80", id="metadata"
        ),
        pytest.param(r"CONNECT ok.test.evil.test:PORT HTTP/1.1\r\n\r\n", "evil.test", id="suffix"),
        pytest.param(r"GET http://evil.test/x HTTP/1.1\r\n\r\n", "evil.test:80", id="plain"),
        pytest.param(
            r"GET http://ok.test:PORT@evil.test/ HTTP/1.1\r\n\r\n", "evil.test:80", id="userinfo"
        ),
    ],
)
def test_nothing_else_is_reached(place: Place, request_: str, refused: str) -> None:
    """What is not on the list is refused with words, told once, and never looked up."""
    answer = place.ask(request_)

    assert answer.startswith("HTTP/1.1 403 ")
    [told] = place.refused
    assert refused.replace("PORT", str(place.port)) in told
    assert "not on the project's list" in told
    assert place.heard == []


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1", "::ffff:127.0.0.1", "0.0.0.0"],  # noqa: S104 -- an address to refuse
)
def test_a_listed_name_does_not_lead_inside(place: Place, address: str) -> None:
    """Where a name leads is looked at, and only the operator can open the inside by name."""
    answer = place.ask(r"CONNECT ok.test:PORT HTTP/1.1\r\n\r\n", inside=(), address=address)

    assert answer.startswith("HTTP/1.1 403 ")
    assert "inside the operator's network" in place.refused[0]
    assert place.heard == []


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(r"HELLO\r\n\r\n", id="words"),
        pytest.param(r"CONNECT ok.test HTTP/1.1\r\n\r\n", id="no-port"),
        pytest.param(r"CONNECT o\\x00k.test:443 HTTP/1.1\r\n\r\n", id="nul"),
        pytest.param(r"GET https://ok.test/ HTTP/1.1\r\n\r\n", id="scheme"),
        pytest.param(r"GET / HTTP/1.1\r\nHost: ok.test\r\n\r\n", id="origin-form"),
    ],
)
def test_what_is_no_request_gets_no_connection(place: Place, request_: str) -> None:
    """Only the two forms of a proxy's request are understood."""
    assert place.ask(request_).startswith("HTTP/1.1 400 ")
    assert place.heard == []


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(DIRECT, id="loopback-of-the-host"),
        pytest.param("exec 3<>/dev/tcp/1.1.1.1/443", id="internet"),
        pytest.param("exec 3<>/dev/udp/8.8.8.8/53 && echo x >&3", id="udp"),
        pytest.param("getent hosts example.com", id="names"),
        pytest.param("! grep -v -e lo: -e '|' /proc/net/dev && false", id="interfaces"),
    ],
)
def test_there_is_no_other_way_out(place: Place, script: str) -> None:
    """Without asking the proxy there is no network at all but an empty loopback."""
    finished = place.run(script, ("ok.test:PORT",), ("ok.test:PORT",), address="127.0.0.1")

    assert finished.exit_code != 0
    assert place.heard == []


def test_a_run_that_ends_leaves_no_connection(place: Place) -> None:
    """When the proxy closes, what was open through it ends, and its socket is gone."""
    rule = host_rule(f"ok.test:{place.port}")
    reach = Reach((rule,), (rule,), lambda _host, _port: ("127.0.0.1",))
    with Proxy(reach, place.refused.append) as proxy, socket.socket(socket.AF_UNIX) as near:
        path = proxy.socket
        near.connect(str(path))
        near.sendall(f"CONNECT ok.test:{place.port} HTTP/1.1\r\n\r\n".encode())
        assert near.recv(64).startswith(b"HTTP/1.1 200 ")
        proxy.__exit__()

        assert near.recv(1) == b""
    assert not path.exists()


def test_a_refusal_comes_out_of_terraform(
    program_runner: Runner, make_request: MakeRequest
) -> None:
    """A module from a host that is not listed is refused, and its name is told."""
    text = 'module "m" {\n  source = "https://evil.example/m.zip"\n}\n'
    request = replace(
        make_request({"live/main.tf": text}),
        network=Network.LISTED,
        allowed_hosts=(host_rule("ok.example"),),
    )

    with pytest.raises(TerraformError) as error:
        program_runner.init(request)

    assert error.value.refused == ("evil.example:443, which is not on the project's list of hosts",)


AWS = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region                      = "eu-west-1"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  endpoints {
    sts = "ENDPOINT"
  }
}
data "aws_caller_identity" "me" {}
output "me" {
  value = data.aws_caller_identity.me.arn
}
"""


@contextmanager
def moto() -> Iterator[int]:
    """A cloud on loopback."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield server.get_host_and_port()[1]
    finally:
        server.stop()


@pytest.mark.timeout(300)
def test_the_aws_provider_exchanges_a_token_through_the_list(
    program_runner: Runner, make_request: MakeRequest, mirror: Path | None, tmp_path: Path
) -> None:
    """With a listed network and no key at all, the provider assumes the role of its token."""
    if mirror is None:
        pytest.fail("no mirror with the AWS provider; set LOCKGATE_PROVIDER_MIRROR to one")
    with moto() as port:
        httpx.get(f"http://127.0.0.1:{port}/moto-api/")
        rule = host_rule(f"sts.cloud.test:{port}")
        base = make_request({"live/main.tf": AWS.replace("ENDPOINT", f"http://{rule.host}:{port}")})
        base.area.prepare()
        token = base.area.control / "token"
        token.write_text("header.claims.signature")
        request = replace(
            base,
            network=Network.LISTED,
            allowed_hosts=(rule,),
            environment={
                "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/lockgate-plan",
                "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
                "AWS_EC2_METADATA_DISABLED": "true",
            },
        )
        runner = replace(
            program_runner,
            cli_configuration=cli_configuration(mirror),
            mirror=mirror,
            limits=Limits(wall_seconds=240),
            reach=Reach(inside=(rule,), resolve=lambda _host, _port: ("127.0.0.1",)),
        )

        planned = runner.plan(request)

    arn = planned.document["planned_values"]["outputs"]["me"]["value"]
    assert ":assumed-role/lockgate-plan/" in arn
    assert planned.refused == ()
