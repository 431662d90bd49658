"""A bundle read far enough to judge by: catalogue and policy, without any data. The same bytes are read once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from governance.access.policy import Policy
from governance.bundle.loading import Bundle, load_bundle
from governance.bundle.trees import Tree, laid_out, read_tree
from governance.errors import BundleError
from governance.inforce import catalogue_of, policy_of
from governance.metrics.catalogue import Catalogue

KEPT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One bundle as it would be judged by."""

    tree: Tree
    bundle: Bundle
    catalogue: Catalogue
    policy: Policy

    @property
    def version(self) -> str:
        return self.tree.version


def candidate_in(folder: Path, tree: Tree | None = None) -> Candidate:
    """Read the bundle in `folder`, or raise BundleError."""
    bundle = load_bundle(folder)
    catalogue = catalogue_of(bundle)
    return Candidate(tree=tree or read_tree(folder), bundle=bundle, catalogue=catalogue, policy=policy_of(bundle, catalogue))


class Candidates:
    """Reads candidates, keeping the last few by content hash. Safe for threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Candidate | BundleError] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, tree: Tree) -> Candidate:
        """Return the tree as a candidate, or raise BundleError."""
        with self._lock:
            found = self._kept.get(tree.version)
        if found is None:
            with laid_out(tree) as folder:
                try:
                    found = candidate_in(folder, tree)
                except BundleError as error:
                    found = error
            with self._lock:
                self._kept[tree.version] = found
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        if isinstance(found, BundleError):
            raise found
        return found
