"""Flux Kustomizations and HelmReleases, reconciled through a Kubernetes MCP server.

A request is an annotation with a token, on the object and on what it is made from; Flux says in the
status of each which token it has handled. Nothing else is changed: Flux does what it would have
done by itself at its next interval, and prunes by the object's own `prune`.
"""

from collections.abc import Callable

import yaml
from pydantic import ValidationError

from bot.cluster_objects import ClusterObjects, ObjectRef, Tools, connect
from bot.flux import REQUESTED_AT, Chain, FluxObject, Reference, read_flux, standing
from handlers.errors import TransientError, UserError
from handlers.ports import ApplicationStatus, Wanted
from terraform.project import Application, ApplicationKind

SOURCES = "source.toolkit.fluxcd.io"
GROUPS = {
    "Kustomization": ("kustomize.toolkit.fluxcd.io", "v1", "kustomizations"),
    "HelmRelease": ("helm.toolkit.fluxcd.io", "v2", "helmreleases"),
    "GitRepository": (SOURCES, "v1", "gitrepositories"),
    "OCIRepository": (SOURCES, "v1", "ocirepositories"),
    "Bucket": (SOURCES, "v1", "buckets"),
    "HelmRepository": (SOURCES, "v1", "helmrepositories"),
    "HelmChart": (SOURCES, "v1", "helmcharts"),
}


class FluxClusters:
    """The port `Clusters` for Flux's kinds; without an address every use is refused."""

    def __init__(self, url: str | None, connect: Callable[[str], Tools] = connect) -> None:
        self._objects = ClusterObjects(url, connect)

    def sync(self, application: Application, wanted: Wanted) -> None:
        """Ask Flux to fetch the sources and to reconcile, unless this request is there already."""
        chain = self._chain(application)
        for found in (*chain.sources, chain.target):
            if found.suspended:
                raise UserError(
                    f"{_ref(found).title} is suspended. Resume it (`flux resume`), then say "
                    "`/sync`."
                )
        for found in (*chain.sources, chain.target):
            if found.asked != wanted.token:
                annotations = {"annotations": {REQUESTED_AT: wanted.token}}
                self._objects.apply(_ref(found), {"metadata": annotations})

    def status(self, application: Application, wanted: Wanted) -> ApplicationStatus:
        """What Flux says now of this request; raises UserError where there is no such object."""
        return standing(self._chain(application), wanted)

    def _chain(self, application: Application) -> Chain:
        target = self._read(application.kind, application.namespace, application.name)
        sources = [
            self._read(each.kind, each.namespace or application.namespace, each.name)
            for each in self._made_from(target)
            if each.kind in GROUPS
        ]
        return Chain(target, tuple(sources))

    def _made_from(self, target: FluxObject) -> tuple[Reference, ...]:
        spec = target.spec
        if spec is None:
            return ()
        if target.kind == ApplicationKind.KUSTOMIZATION:
            return (spec.source_ref,) if spec.source_ref else ()
        if spec.chart_ref is not None:
            return (spec.chart_ref,)
        namespace, _, name = target.status.helm_chart.partition("/")
        chart = (Reference(kind="HelmChart", name=name, namespace=namespace),) if name else ()
        return (*((spec.chart_source,) if spec.chart_source else ()), *chart)

    def _read(self, kind: str, namespace: str, name: str) -> FluxObject:
        ref = _place(kind, namespace, name)
        text = self._objects.read(ref)
        try:
            return read_flux(text, kind=kind, namespace=namespace, name=name)
        except (yaml.YAMLError, ValidationError, ValueError, RecursionError) as exc:
            raise TransientError(
                f"the Kubernetes MCP server answered with something that is no {kind}"
            ) from exc


def _ref(found: FluxObject) -> ObjectRef:
    return _place(found.kind, found.metadata.namespace, found.metadata.name)


def _place(kind: str, namespace: str, name: str) -> ObjectRef:
    group, version, plural = GROUPS[kind]
    return ObjectRef(
        api_version=f"{group}/{version}",
        kind=kind,
        namespace=namespace,
        name=name,
        owner="Flux",
        resource=f"{plural}.{group}",
    )
