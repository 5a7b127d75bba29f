"""BM25 over the catalogue as a LlamaIndex retriever; imported by the worker that drafts, only."""

import re

import bm25s
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from rag.catalogue import Catalogue, Module
from rag.matching import Ranked
from rag.prose import stem

# A body may hold 60,000 characters; what is asked for stands at its beginning.
LONGEST_QUERY = 5_000
STOP_WORDS = """
    a an the and or of to for in on with is are be it this that we i our my you need needs want
    would like please have has can could should from at by as so some new no not every each all
    whose its any into per when who what which was will up give me us get create set make
"""
STOP = frozenset(STOP_WORDS.split())


class ModuleRetriever(BaseRetriever):
    """The modules of one catalogue, best first; the node's id is the module's name."""

    def __init__(self, catalogue: Catalogue) -> None:
        super().__init__()
        self._modules = tuple(catalogue.values())
        self._index = bm25s.BM25()  # type: ignore[no-untyped-call]  # the package ships no types
        self._index.index(
            [tokens(_document(module)) for module in self._modules], show_progress=False
        )

    def rank(self, text: str) -> tuple[Ranked, ...]:
        """Every module with its score, best first; ties in name order."""
        return tuple(
            Ranked(node.node.node_id, float(node.score or 0.0)) for node in self.retrieve(text)
        )

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        query = tokens(query_bundle.query_str[:LONGEST_QUERY])
        known = [word for word in query if word in self._index.vocab_dict]
        scores = self._index.get_scores(known) if known else [0.0] * len(self._modules)
        nodes = [
            NodeWithScore(node=_node(module), score=float(score))
            for module, score in zip(self._modules, scores, strict=True)
        ]
        return sorted(nodes, key=lambda node: (-(node.score or 0.0), node.node.node_id))


def tokens(text: str) -> list[str]:
    """The stems of a text's words, common words left out."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    return [stem(word) for word in words if word not in STOP]


def _node(module: Module) -> TextNode:
    return TextNode(id_=module.name, text=_document(module))


def _document(module: Module) -> str:
    """What is known of a module; its names count thrice, as a title does."""
    names = " ".join((module.name, module.title, *module.card.aliases))
    resources = " ".join(module.card.resources).replace("aws_", "").replace("_", " ")
    described = " ".join(variable.description for variable in module.variables)
    return f"{names} {names} {names} {module.card.summary} {resources} {described}"
