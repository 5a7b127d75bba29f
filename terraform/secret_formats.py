"""Secrets known by their form alone: the tokens of services, keys, passwords beside their names.

Also tells random strings from names, paths, digests and other ids that only look long.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

from ahocorasick_rs import AhoCorasick, MatchKind

Span: TypeAlias = tuple[int, int]

_NAMES = (
    r"pass(?:word|wd|phrase)|pwd|secret_?(?:access_?)?key|api_?key|(?:auth|access|refresh|bearer)_?token"
    r"|client_?secret|(?:private|account)_?key|connection_?string"
)
# Each form beside texts of which at least one stands in it; most texts hold none of them.
_FORMS: Sequence[tuple[Sequence[str], str]] = (
    (("AKIA", "ASIA", "ABIA", "ACCA"), r"(?<![A-Za-z0-9])A(?:KI|SI|BI|CC)A[A-Z2-7]{16}(?![\w])"),
    (
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9_.\-]{20,}|github_pat_[A-Za-z0-9_]{20,})",
    ),
    (("glpat-", "gldt-", "glrt-"), r"(?<![A-Za-z0-9])gl(?:pat|dt|rt)-[\w.-]{20,}"),
    (("xox", "xapp-"), r"(?<![A-Za-z0-9])(?:xox[a-z]|xapp)-[A-Za-z0-9-]{10,}"),
    (("hooks.slack.com/",), r"(?<=hooks\.slack\.com/)(?:services|workflows)/[\w/+-]{20,}"),
    (("eyJ",), r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*"),
    (
        ("PRIVATE KEY",),
        (
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?:(?!-----END)[\s\S])*"
            r"(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z)"
        ),
    ),
    (("AIza",), r"(?<![A-Za-z0-9])AIza[\w-]{35}"),
    (("ya29.", "GOCSPX-"), r"(?<![A-Za-z0-9])(?:ya29\.|GOCSPX-)[\w-]{20,}"),
    (("Q~",), r"(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,34}"),
    (("sig=",), r"(?<=[?&;]sig=)[A-Za-z0-9%+/=_-]{30,}"),
    (
        ("sk_live_", "sk_test_", "rk_live_", "rk_test_"),
        r"(?<![A-Za-z0-9])[sr]k_(?:live|test)_\w{16,}",
    ),
    (("npm_",), r"(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}(?!\w)"),
    (("pypi-",), r"(?<![A-Za-z0-9])pypi-[\w-]{50,}"),
    (("hvs.", "hvb.", "hvr."), r"(?<![A-Za-z0-9])hv[sbr]\.[\w-]{24,}"),
    ((".atlasv1.",), r"(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,}"),
    (("SG.",), r"(?<![A-Za-z0-9])SG\.[\w-]{16,}\.[\w-]{16,}"),
    (("sk-ant-", "sk-proj-"), r"(?<![A-Za-z0-9])sk-(?:ant|proj)-[\w-]{20,}"),
    (("dop_v1_", "doo_v1_", "dor_v1_"), r"(?<![A-Za-z0-9])do[opr]_v1_[a-f0-9]{64}"),
    (("AGE-SECRET-KEY-",), r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    # A key of our own API.
    (("lgk_",), r"(?<![A-Za-z0-9])lgk_\w{12}_[\w-]{43}"),
    (("://",), r"(?<=://)[^\s:/@\"'`\\]*:(?P<password>[^\s/@\"'`\\]+)(?=@)"),
    (
        ("earer ", "asic ", "oken "),
        (
            r"(?i:\b(?:authorization[\"']?\s*[:=]\s*[\"']?(?:bearer|basic|token)|bearer)\s+)"
            r"(?P<header>[\w.~+/=-]{16,})"
        ),
    ),
    # Pairs of a connection: `Server=db;Password=x;AccountKey=y`.
    (
        ("assword", "ASSWORD", "Pwd", "pwd", "PWD", "ccount", "haredAccess", "haredaccess"),
        (
            r"(?i:\b(?:password|pwd|accountkey|sharedaccesskey|sharedaccesssignature)\s*=\s*)"
            r"(?P<pair>(?!known|[\"'\s$])[^\s;\"'&,]+(?=[;\"'&,\s]|\Z))"
        ),
    ),
    # Lines of an environment or of a shell: `export DB_PASSWORD="x"`.
    (
        ("_PASS", "PASSW", "PASSPHRASE", "PWD", "SECRET", "TOKEN", "KEY"),
        (
            r"(?:_PASS|PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|TOKEN|API_?KEY"
            r"|(?:ACCESS|PRIVATE|ACCOUNT)_?KEY)\s?[=:]\s?[\"']?(?P<line>(?!\$)[^\s;\"'&,]{4,})"
        ),
    ),
    # Members of JSON, YAML or HCL whose value is a quoted text: `"password": "x"`.
    (
        ("ass", "PASS", "wd", "PWD", "ecret", "SECRET", "oken", "TOKEN", "ey", "KEY", "tring"),
        (
            rf"(?i:(?:(?:{_NAMES})[\"']?\s*[:=]|(?:secret|token)[\"']\s*:)\s*)"
            r"\"(?P<member>(?:[^\"\\\n]|\\.){4,})\""
        ),
    ),
)
_PATTERNS = tuple(re.compile(pattern) for _, pattern in _FORMS)
_TELLING = tuple(
    (text, _PATTERNS[index]) for index, (texts, _) in enumerate(_FORMS) for text in texts
)
_TRIGGERS = AhoCorasick([text for text, _ in _TELLING], matchkind=MatchKind.Standard)
# Names of settings that hold a secret in the clear where a provider does not say so.
_SECRET_NAME = re.compile(
    rf"(?:.*[_.-])?(?:{_NAMES})"
    r"|(?i:.*(?:password|secretkey|apikey|accesstoken|clientsecret|privatekey))"
    r"|(?:[A-Z0-9]+_)*(?:PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY"
    r"|(?:SECRET_)?ACCESS_KEY|SECRET_KEY|CREDENTIALS?|CONNECTION_STRING)"
)
# What such a setting holds where it only says where the secret is.
_REFERENCE = re.compile(
    r"arn:\S+|\$\{.*|\{\{.*|[a-z][a-z0-9+.-]*://[^@\s]*|(?:/[\w.-]+)+|(?i:true|false|null|none|)"
    r"|\(.*\)|projects/\S+|[*.x]+|<[^<>]*>|\(\S*",
    re.DOTALL,
)
# What stands without quotes beside such a name in code: `var.password`, `file("key.pem")`.
_CODE = re.compile(
    r"(?:var|local|data|module|each|self|ephemeral|[a-z]\w*_\w+)\.[\w.\[*]+|[\w.]+\(.*"
)
# Settings whose values are random and public.
_ORDINARY_NAME = re.compile(
    r"(?i:(?:.*_)?(?:id|ids|arns?|etag|digest|nonce|serial|b64_std|b64_url|self_link|unique_id"
    r"|version_id|revision|dkim_tokens|zone_id|signature_version)"
    r"|.*(?:hash|sha\d|md5|checksum|crc32|fingerprint|thumbprint|certificate|public_?key|public_pem"
    r"|ca_bundle|ca_data|x509|pubkey|host_?key|known_hosts).*)"
)
LEAST_RANDOM = 20
LEAST_STEP = 4
AWS_SECRET_LENGTH = 40
_RUN = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{20,}+={0,2}")
_PIECE = re.compile(r"[A-Za-z0-9+]+={0,2}")
# `h1:`, `zh:`, `sha256:`, `sha256-`, `ssh-ed25519 `: what follows is public.
_PUBLIC_BEFORE = re.compile(r"(?:\bh1:|\bzh:|\bsha\d+[:-]|\bssh-\w+ |\becdsa-[\w-]+ |\bp=)\Z")
_PUBLIC_START = ("AAAAB3NzaC", "AAAAC3NzaC", "AAAAE2VjZH", "sha256-", "sha384-", "sha512-")
_PUBLIC_BLOCK = re.compile(
    r"-----BEGIN [A-Z0-9 ]*(?:CERTIFICATE|PUBLIC KEY|SIGNATURE)[A-Z ]*-----[\s\S]*?(?:-----END|\Z)"
)
# Random letters and digits change their kind at 3 of 5 steps, names in camel case at 1 of 5.
_LEAST_CHANGES = 0.4
_LEAST_VARIETY = 0.55
# A longer text repeats its letters however random it is.
MOST_VARIED = 40


def known_formats(text: str) -> Iterator[Span]:
    """Where secrets of a known format stand in a text; of a pair or a URL the secret alone."""
    found = _TRIGGERS.find_matches_as_indexes(text, overlapping=True)
    for pattern in dict.fromkeys(_TELLING[index][1] for index, _, _ in found):
        for match in pattern.finditer(text):
            named = match.lastgroup
            if named is None:
                yield match.span()
            elif not is_reference(match[named]) and not _is_code(named, match[named]):
                yield match.span(named)


def random_strings(text: str) -> Iterator[Span]:
    """Where strings stand that are random, and neither digests nor public keys."""
    public: list[Span] | None = None
    for found in _RUN.finditer(text):
        if not _is_random_run(found[0]) or found[0].startswith(_PUBLIC_START):
            continue
        if public is None:
            public = [block.span() for block in _PUBLIC_BLOCK.finditer(text)]
        start = found.start()
        if any(begin <= start < end for begin, end in public):
            continue
        if not _PUBLIC_BEFORE.search(text, max(0, start - 40), start):
            yield found.span()


@lru_cache(maxsize=10_000)
def is_secret_name(name: str) -> bool:
    """True for the name of a setting that holds a secret by custom."""
    return _SECRET_NAME.fullmatch(name) is not None


def is_reference(value: str) -> bool:
    """True for a value that says where a secret is, and is none."""
    return _REFERENCE.fullmatch(value) is not None


@lru_cache(maxsize=10_000)
def is_ordinary_name(name: str) -> bool:
    """True for the name of a setting whose value may be random and public."""
    return _ORDINARY_NAME.fullmatch(name) is not None


def _is_code(named: str, value: str) -> bool:
    return named in {"pair", "line"} and _CODE.fullmatch(value) is not None


def _is_random_run(run: str) -> bool:
    """Judge a run by its longest parts, and as a whole unless it is a path of words or digests."""
    if not _has_all_kinds(run):
        return False
    pieces = [piece for piece in _PIECE.findall(run) if len(piece) >= LEAST_RANDOM]
    if any(map(_is_random, pieces)):
        return True
    if any(map(_is_step, run.split("/"))):
        return False
    return _is_random(run) or (len(run) == AWS_SECRET_LENGTH and "/" in run)


def _is_step(part: str) -> bool:
    """True for a part of a path: a word, a number, a digest."""
    word = part.islower() or part.isdigit() or (part.isalpha() and part.isupper())
    return word and len(part) >= LEAST_STEP


def _is_random(text: str) -> bool:
    """Tell letters and digits without a pattern from words, paths and numbers put together."""
    if not _has_all_kinds(text):
        return False
    kinds = [_KINDS[char] for char in text if char in _KINDS]
    changes = sum(a != b for a, b in pairwise(kinds))
    variety = len(set(text)) / min(len(text), MOST_VARIED)
    return changes >= _LEAST_CHANGES * (len(kinds) - 1) and variety >= _LEAST_VARIETY


def _has_all_kinds(text: str) -> bool:
    """A small and a capital letter and a digit; a digest in hex has but two of them."""
    return not (text.islower() or text.isupper()) and any(map(str.isdigit, text))


_KINDS: Mapping[str, int] = {
    **dict.fromkeys("abcdefghijklmnopqrstuvwxyz", 0),
    **dict.fromkeys("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 1),
    **dict.fromkeys("0123456789", 2),
}
