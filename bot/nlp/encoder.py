"""What turns texts into vectors, and what its users must expect of it."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]  # of shape (n, dim), or (n, width) when they are features


class Encoder(Protocol):
    """Texts in, vectors out: alike in meaning, close in cosine, which is their dot product.

    Every row has length 1. A text that is empty or only white space is a row of zeros, so that it is like
    nothing. The same text gives the same vector (within 1e-5), whatever is encoded beside it.
    """

    @property
    def dim(self) -> int:
        """Return the number of columns."""
        ...

    @property
    def name(self) -> str:
        """Return what vectors are kept under: those of different names must never be compared."""
        ...

    async def encode(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of `texts` in their order, shape (n, dim), float32; (0, dim) for none.

        Raises:
            EncoderBusy: too much is waiting already; try later or do without.
            EncoderUnavailable: it doesn't work now; the text says what to do.
        """
        ...

    async def close(self) -> None:
        """Give back what is held; whoever still waits gets EncoderUnavailable."""
        ...


@runtime_checkable
class FeatureEncoder(Encoder, Protocol):
    """An Encoder that also gives what heads trained on its model read."""

    @property
    def width(self) -> int:
        """Return the number of columns of the features, at least `dim`."""
        ...

    async def features(self, texts: Sequence[str]) -> Vectors:
        """Return the features of `texts` in their order, shape (n, width), float32; (0, width) for none.

        The first `dim` columns are those of `encode`; the others have no certain length. A blank text is a
        row of zeros.

        Raises:
            EncoderBusy: too much is waiting already; try later or do without.
            EncoderUnavailable: it doesn't work now; the text says what to do.
        """
        ...


class EncoderError(Exception):
    """A text could not be encoded; the message says the fix. Callers go on without the encoder."""


class EncoderBusy(EncoderError):  # noqa: N818 - a state that passes, not a fault
    """More texts are waiting than the queue holds."""


class EncoderUnavailable(EncoderError):  # noqa: N818
    """The model is not there, its process doesn't come up, or the answer took too long."""
