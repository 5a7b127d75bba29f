"""Which module a text asks for: names first, ranking second, an honest "none" otherwise."""

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rag.catalogue import Catalogue, Module
from rag.prose import WORD

# Services and clouds people ask for that the catalogue has no module for, and what comes nearest:
# naming one as the thing wanted means "outside", however well the other words fit ("Azure VM").
ELSEWHERE = (
    (
        "mysql|mariadb|mssql|sql server|oracle|aurora|redshift|timescale",
        ("rds-postgresql",),
    ),
    (
        "redis|memcached|elasticache|valkey|mongo(?:db)?|cassandra|documentdb|neptune|bigquery",
        ("dynamodb-table", "rds-postgresql"),
    ),
    (
        "eks|aks|gke|kubernetes|k8s|ecs|fargate|beanstalk|lightsail|batch|jenkins|gitlab",
        ("ec2-instance", "lambda-function"),
    ),
    (
        "kafka|msk|rabbitmq|activemq|kinesis|firehose|eventbridge|step functions?",
        ("sqs-queue", "sns-topic"),
    ),
    (
        "cloudfront|cdn|route ?53|dns|load balancer|[ane]lb|waf|vpn|direct connect|api gateway",
        ("vpc",),
    ),
    ("secrets? manager|vault|certificate|acm", ("kms-key",)),
    ("cognito|okta|active directory", ("iam-role",)),
    ("efs|fsx|athena|glue|emr|snowflake", ("s3-bucket",)),
    (
        "azure|gcp|google cloud|digitalocean|hetzner|openstack|sagemaker|bedrock|amplify",
        (),
    ),
    ("opensearch|elasticsearch|kibana|grafana|prometheus|datadog", ()),
)
FOREIGN = re.compile(rf"\b(?:{'|'.join(words for words, _ in ELSEWHERE)})\b", re.IGNORECASE)
# After one of these, a noun says what the thing is for or stands beside, not what is asked.
CONTEXT = re.compile(
    r"\b(?:for|to|from|by|with|of|in|into|behind|that|which|when|where|who|whose|on|via|using|access"
    r"|between|inside|like|connects?|reads?|writes?|sends?|triggered|instead|not|no|already|existing)\b",
    re.IGNORECASE,
)
JOINED = re.compile(
    r"(?:\band\b|\bplus\b|,|&|\+)\s*(?:also\s+)?(?:an?\s+|the\s+|one\s+)?(?:[\w-]+\s+){0,2}$",
    re.IGNORECASE,
)
# "our Lambda writes to ..." speaks of what is there already.
OWNED = re.compile(r"\b(?:our|my|their|the|this|existing)\s+(?:existing\s+)?$", re.IGNORECASE)
BREAK = re.compile(r"[.!?;\n]\s")
# BM25 alone decides only when the best is clearly ahead; measured on tests/fixtures/requests.yml.
LEAST_SCORE = 3.5
LEAST_LEAD = 1.6
NEAREST = 3
# Of two words this alike one is taken for a typing error of the other.
ALIKE = 0.82
SHORTEST_TYPO = 5


@dataclass(frozen=True, slots=True)
class Ranked:
    """A module and how well it fits; higher is better, 0 is no fit."""

    module: str
    score: float


@dataclass(frozen=True, slots=True)
class Mention:
    """A module's name or alias in a text; `context` when it is not what is asked for."""

    module: str
    start: int
    end: int
    context: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """One module when `modules` holds one; several fit when more; none when empty."""

    modules: tuple[str, ...]
    nearest: tuple[str, ...]


Rank = Callable[[str], Sequence[Ranked]]


def choose(text: str, catalogue: Catalogue, rank: Rank) -> Choice:
    """The module `text` asks for; `rank` is asked for the order of the rest."""
    ranked = [entry for entry in rank(text) if entry.module in catalogue]
    found = mentions(text, catalogue)
    nearest = _nearest(found, ranked)
    if _asks_elsewhere(text, found):
        return Choice((), _near_elsewhere(text, catalogue, nearest))
    wanted = tuple(dict.fromkeys(mention.module for mention in found if not mention.context))
    if wanted:
        return Choice(wanted, nearest)
    return Choice(_clear_winner(ranked), nearest)


def mentions(text: str, catalogue: Catalogue) -> tuple[Mention, ...]:
    """Every module named in `text`, in order; a longer alias hides the shorter ones inside it."""
    spans: list[tuple[int, int, str]] = []
    for module in catalogue.values():
        spans += [(*span, module.name) for span in _spans(text, names(module))]
    if not spans:
        spans = list(_typing_errors(text, catalogue))
    spans.sort(key=lambda span: (span[0], -span[1]))
    kept: list[Mention] = []
    asked: list[Mention] = []
    for start, end, module_name in spans:
        if kept and start < kept[-1].end:
            continue
        owned = OWNED.search(text[max(0, start - 40) : start]) is not None
        mention = Mention(module_name, start, end, owned or _in_context(text, start, asked))
        kept.append(mention)
        asked += [] if owned else [mention]
    return tuple(kept)


def names(module: Module) -> tuple[str, ...]:
    """What people call a module: its name, title and aliases."""
    return tuple(dict.fromkeys((module.name, module.title, *module.card.aliases)))


def _spans(text: str, aliases: Iterable[str]) -> list[tuple[int, int]]:
    either = "|".join(_loose(alias) for alias in sorted(aliases, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w-])(?:{either})(?:e?s)?(?![\w])", re.IGNORECASE)
    return [match.span() for match in pattern.finditer(text)]


def _loose(alias: str) -> str:
    """An alias with any white space or hyphen where it has one."""
    return r"[\s_-]*".join(re.escape(word) for word in re.split(r"[\s_-]+", alias))


def _typing_errors(text: str, catalogue: Catalogue) -> Iterable[tuple[int, int, str]]:
    known = {
        alias.lower(): module.name
        for module in catalogue.values()
        for alias in names(module)
        if len(alias) >= SHORTEST_TYPO and " " not in alias
    }
    for word in WORD.finditer(text[:5000]):
        if len(word.group()) < SHORTEST_TYPO:
            continue
        close = difflib.get_close_matches(word.group().lower(), known, n=1, cutoff=ALIKE)
        if close:
            yield word.start(), word.end(), known[close[0]]


def _in_context(text: str, start: int, before: Sequence[Mention]) -> bool:
    """True when an earlier mention is what is asked and this one only describes it."""
    if not before:
        return False
    between = text[before[-1].end : start]
    if JOINED.search(between) and not CONTEXT.search(between) and not before[-1].context:
        return False
    return True if before[-1].context else _described(between)


def _described(between: str) -> bool:
    # A later sentence tells more about the first wish; a second wish says so with "and".
    return (
        BREAK.search(between) is not None
        or CONTEXT.search(between) is not None
        or not between.strip(" ,/()-")
    )


def _asks_elsewhere(text: str, found: Sequence[Mention]) -> bool:
    """True when the first thing named is a service the catalogue does not have."""
    foreign = FOREIGN.search(text)
    if foreign is None:
        return False
    first = next((mention for mention in found if not mention.context), None)
    if first is None or foreign.start() < first.start:
        lead = text[max(0, foreign.start() - 40) : foreign.start()]
        return re.search(r"\b(?:not|instead of|no)\s+(?:\w+\s+)?$", lead, re.IGNORECASE) is None
    between = text[first.end : foreign.start()]
    # "a Postgres or MySQL database", "queue on RabbitMQ": the wish itself is qualified.
    return (
        re.fullmatch(r"\s*(?:(?:in|on|at|with|using|or)\s+)?(?:an?\s+|the\s+)?", between)
        is not None
    )


def _near_elsewhere(text: str, catalogue: Catalogue, nearest: tuple[str, ...]) -> tuple[str, ...]:
    """What comes nearest to a service the catalogue lacks; else what the text itself named."""
    named = FOREIGN.search(text)
    for words, modules in ELSEWHERE:
        if modules and named and re.fullmatch(words, named.group(), re.IGNORECASE):
            return tuple(module for module in modules if module in catalogue) or nearest
    return nearest


def _nearest(found: Sequence[Mention], ranked: Sequence[Ranked]) -> tuple[str, ...]:
    order = [mention.module for mention in found]
    order += [entry.module for entry in ranked if entry.score > 0]
    return tuple(dict.fromkeys(order))[:NEAREST]


def _clear_winner(ranked: Sequence[Ranked]) -> tuple[str, ...]:
    if not ranked or ranked[0].score < LEAST_SCORE:
        return ()
    second = ranked[1].score if len(ranked) > 1 else 0.0
    return (ranked[0].module,) if ranked[0].score >= second * LEAST_LEAD else ()
