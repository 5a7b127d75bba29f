"""What Lockgate knows, as collections of texts: its modules, examples, rules and documentation.

Imports the ranking, so only the process that searches imports this.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.api.models import Collection
from policy.rule_texts import RuleText, rule_texts
from rag.catalogue import read_catalogue
from rag.module_texts import example_texts, module_texts
from rag.texts import Text, TextIndex, sections

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Indexed:
    """A collection with its index."""

    about: Collection
    index: TextIndex


def collections(catalogue: Path, root: Path = ROOT) -> Mapping[str, Indexed]:
    """Every collection that has texts here, by id; `root` holds README.md and docs/.

    Raises CatalogueError where the catalogue cannot be read.
    """
    modules = read_catalogue(catalogue)
    known = (
        _collection(
            "modules",
            "Modules",
            "The Terraform modules that requests are drafted from: cards, variables, READMEs.",
            module_texts(modules),
        ),
        _collection(
            "examples",
            "Examples",
            "Configurations that show how the modules are called.",
            example_texts(catalogue, modules),
        ),
        _collection(
            "policies",
            "Policies",
            "The rules a plan is checked against, and what to do about a finding.",
            map(_rule, rule_texts()),
        ),
        _collection(
            "documentation",
            "Documentation",
            "How Lockgate works, how it is set up, and how a repository is.",
            _documents(root),
        ),
    )
    return {each.about.id: each for each in known if each.about.documents}


def _collection(id_: str, title: str, description: str, texts: Iterator[Text]) -> Indexed:
    index = TextIndex(tuple(texts))
    about = Collection(id=id_, title=title, description=description, documents=len(index.texts))
    return Indexed(about, index)


def _rule(rule: RuleText) -> Text:
    body = (
        f"{rule.text}\nRemedy: {rule.remedy}\nWeight: {rule.severity}. Checked by: {rule.source}."
    )
    return Text(rule.rule, f"{rule.rule} {rule.text}", body, rule.guideline or None)


def _documents(root: Path) -> Iterator[Text]:
    for path in (root / "README.md", *sorted((root / "docs").rglob("*.md"))):
        if path.is_file():
            name = path.relative_to(root).as_posix()
            text = path.read_text(encoding="utf-8")
            title = text.partition("\n")[0].removeprefix("# ").strip() or name
            yield from sections(name, title, text)
