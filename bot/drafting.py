"""Drafting for the worker that drafts: reads the catalogue, retrieves, drafts and verifies.

LlamaIndex is imported here at the first request; no other process pays for it.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from bot.policy_checks import PolicyChecks
from bot.settings import Settings
from bot.sources import Sources
from bot.terraform_runs import in_words
from handlers.configuration import Configuration
from handlers.errors import UserError
from handlers.events import Sha
from handlers.markdown import plain
from handlers.ports import Control, Issue, SourceTree, Verified
from policy.findings import Verdict, merged
from rag import answers
from rag.catalogue import Catalogue, read_catalogue
from rag.draft import Draft, draft
from rag.forms import FormError
from rag.placement import Placement, PlacementError
from rag.reading import understand
from rag.request import Outcome, Request
from terraform import hcl
from terraform.arguments import PlanArguments
from terraform.project import Network, Project
from terraform.runner import Request as TerraformRequest
from terraform.runner import Runner
from terraform.work_area import LOCK_FILE, WorkArea

OVERRIDE = "lockgate_draft_override.tf"
# The provider asks nobody who it is; these are no keys.
NO_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
EMPTY_STATE = 'terraform {\n  backend "local" {}\n}\n'
QUIET_PROVIDER = """
provider "aws" {{
  {alias}skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}}
"""


class Drafting:
    """The port of that name; everything it needs is read once, at the first draft."""

    def __init__(
        self, settings: Settings, sources: Sources, runner: Runner, checks: PolicyChecks
    ) -> None:
        self._folder = settings.catalogue_folder
        self._sources = sources
        self._runner = runner
        self._checks = checks

    @cached_property
    def _catalogue(self) -> Catalogue:
        return read_catalogue(self._folder)

    def understand(self, issue: Issue) -> Outcome:
        """The typed request, or what stands in its way."""
        from rag.retrieval import ModuleRetriever  # noqa: PLC0415 -- 4 s and 100 MB

        rank = ModuleRetriever(self._catalogue).rank
        try:
            return understand(issue.title, issue.body, self._catalogue, rank)
        except FormError as exc:
            raise UserError(answers.form_problem(str(exc))) from exc

    def answer(self, outcome: Outcome) -> str:
        """The one comment for an outcome that is no request."""
        assert not isinstance(outcome, Request), "a request is drafted"  # noqa: S101 -- types
        return answers.answer(outcome, self._catalogue)

    def draft(
        self, issue: Issue, request: Request, tree: SourceTree, configuration: Configuration
    ) -> Draft:
        """The files, branch and description for a request that was understood."""
        placement = Placement(directory=configuration.drafts.folder(request.name))
        near = (f"{placement.modules}/{request.module}/", f"{placement.directory}/")
        existing = {path: tree.read(path) or "" for path in tree.paths if path.startswith(near)}
        try:
            return draft(request, self._catalogue, placement, issue=issue.number, existing=existing)
        except PlacementError as exc:
            reason = plain(str(exc))
            raise UserError(f"The draft has no place in this repository: {reason}.") from exc

    def verify(
        self,
        issue: Issue,
        draft: Draft,
        base_sha: Sha,
        configuration: Configuration,
        control: Control,
    ) -> Verified:
        """Format-check, gate, validate and plan, with no credentials, network or state.

        The world is empty: only the drafted module is planned, into a local state. Raises
        UserError with Terraform's words where the draft does not plan.
        """
        with tempfile.TemporaryDirectory(prefix="lockgate-draft-") as folder:
            area = WorkArea(Path(folder, "checkout"), draft.directory, Path(folder, "data"))
            self._sources.check_out(issue.repo, base_sha, area.checkout)
            with in_words():
                self._write(area.checkout, draft.files)
            gate = self._checks.gate(area.checkout, draft.directory, configuration, base=None)
            if gate.verdict in {Verdict.BLOCK, Verdict.UNKNOWN}:
                return Verified({}, gate)
            document = self._plan(area, draft, control)
            project = _project(draft, configuration)
            policy = self._checks.judge(document, area.checkout, project, configuration)
            return Verified(document, merged((gate, policy)))

    def _write(self, checkout: Path, files: Mapping[str, str]) -> None:
        for path, text in files.items():
            if path.endswith(".tf") and self._runner.format(text) != text:
                raise ValueError(f"the drafted {path} is not formatted")
            target = checkout / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)

    def _plan(self, area: WorkArea, draft: Draft, control: Control) -> Mapping[str, object]:
        (area.root / OVERRIDE).write_text(_override(area))
        # The base branch's lock file may not know the draft's provider yet.
        (area.root / LOCK_FILE).unlink(missing_ok=True)
        request = TerraformRequest(
            area=area,
            network=Network.NONE,
            environment=NO_CREDENTIALS,
            should_stop=control.should_stop,
        )
        with in_words():
            if self._runner.mirror is None:
                # Fetching the providers that the gate allowed is all that reaches out.
                self._runner.init(replace(request, network=Network.OPEN))
            only = PlanArguments(targets=(draft.acceptance.module,))
            result = self._runner.plan(request, arguments=only)
        return result.document


def _project(draft: Draft, configuration: Configuration) -> Project:
    """The project that the draft belongs to: the one it was placed in, or one of its own."""
    listed = (each for each in configuration.projects if each.directory == draft.directory)
    return next(listed, Project("draft", draft.directory))


def _override(area: WorkArea) -> str:
    """Terraform's own way to replace the backend and quieten each AWS provider of the project."""
    texts = {
        path.name: path.read_text()
        for path in area.root.iterdir()
        if hcl.is_configuration(path.name)
    }
    providers = hcl.read_tree(texts).of("provider", "aws")
    aliases = {str(provider.value("alias") or "") for provider in providers}
    quiet = [
        QUIET_PROVIDER.format(alias=f'alias = "{alias}"\n  ' if alias else "")
        for alias in sorted(aliases)
    ]
    return EMPTY_STATE + "".join(quiet)
