"""BM25 over the catalogue as a LlamaIndex retriever; imported by the worker that drafts, only."""

from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from rag.bm25 import Bm25, tokens
from rag.catalogue import Catalogue, Module
from rag.matching import Ranked

# A body may hold 60,000 characters; what is asked for stands at its beginning.
LONGEST_QUERY = 5_000


class ModuleRetriever(BaseRetriever):
    """The modules of one catalogue, best first; the node's id is the module's name."""

    def __init__(self, catalogue: Catalogue) -> None:
        super().__init__()
        self._modules = tuple(catalogue.values())
        self._index = Bm25([tokens(_document(module)) for module in self._modules])

    def rank(self, text: str) -> tuple[Ranked, ...]:
        """Every module with its score, best first; ties in name order."""
        return tuple(
            Ranked(node.node.node_id, float(node.score or 0.0)) for node in self.retrieve(text)
        )

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        scores = self._index.scores(query_bundle.query_str[:LONGEST_QUERY])
        nodes = [
            NodeWithScore(node=_node(module), score=score)
            for module, score in zip(self._modules, scores, strict=True)
        ]
        return sorted(nodes, key=lambda node: (-(node.score or 0.0), node.node.node_id))


def _node(module: Module) -> TextNode:
    return TextNode(id_=module.name, text=_document(module))


def _document(module: Module) -> str:
    """What is known of a module; its names count thrice, as a title does."""
    names = " ".join((module.name, module.title, *module.card.aliases))
    resources = " ".join(module.card.resources).replace("aws_", "").replace("_", " ")
    described = " ".join(variable.description for variable in module.variables)
    return f"{names} {names} {names} {module.card.summary} {resources} {described}"
