"""Loading a company's extracts: mapped, linked, pseudonymized, checked, published whole.

`ingest` orders the wings: `documents` say what is what, `identity` links and keeps persons apart in the vault, `warehouse` swaps the new
file in. Nothing else writes the warehouse.
"""

from governance.ingest.pipeline import Places
from governance.ingest.report import ExtractReport, LoadReport
from governance.ingest.run import ingest

__all__ = ["ExtractReport", "LoadReport", "Places", "ingest"]
