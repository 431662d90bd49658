"""Definitions that come from elsewhere and go elsewhere: import of MetricFlow and Ossie, export of Ossie, each with a report of what was lost.

Above the wings, like `ingest`: it reads foreign formats, writes bundles of ours, and holds what it wrote against the catalogue before anyone sees it.
"""

from governance.interchange.importing import Imported, import_project
from governance.interchange.report import Note, Report

__all__ = ["Imported", "Note", "Report", "import_project"]
