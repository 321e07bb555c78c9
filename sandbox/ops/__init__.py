"""What a test or the control API can ask for: every operation takes and returns JSON."""

from sandbox.ops import interacting, looking, making, meddling, moderating, paging, talking
from sandbox.ops.registry import OPERATIONS, OperationError, perform

__all__ = [
    "OPERATIONS",
    "OperationError",
    "interacting",
    "looking",
    "making",
    "meddling",
    "moderating",
    "paging",
    "perform",
    "talking",
]
