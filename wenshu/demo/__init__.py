"""The invented company 康衡医药 (Kangheng), written as the raw exports of its channels.

Nothing here knows the rest of Wenshu: the extracts go through the same ingest that a real company's files go through.
"""

from wenshu.demo.build import build

__all__ = ["build"]
