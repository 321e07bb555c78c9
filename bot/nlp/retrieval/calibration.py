"""From what speaks for an answer to the probability that it fits: a logistic function."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

MOST: Final = 0.98  # the score of anything but an exact match at most


@dataclass(frozen=True, slots=True)
class Calibration:
    """Coefficients for one kind of vectors, and from which probability on an answer is given.

    More support never lowers a score. The number of phrasings moves the scores of a whole knowledge base:
    where each answer has many, as much support means less.

    Raises:
        ValueError: the coefficient of the support is not above 0, or the threshold not from 0 to 1.
    """

    support: float
    phrasings: float
    bias: float
    threshold: float = 0.7

    def __post_init__(self) -> None:
        if not self.support > 0:
            raise ValueError("the coefficient of the support must be above 0")
        if not 0 <= self.threshold <= 1:
            raise ValueError("the threshold must be from 0 to 1")

    def probabilities(self, support: Floats, phrasings: float) -> Floats:
        """Return the probability for each of `support`, shape (a,), 0 to `MOST`.

        `phrasings` is the mean number of entries an answer has, 1 or more.
        """
        shift = self.phrasings * np.log(phrasings) + self.bias
        chances: Floats = 1 / (1 + np.exp(-np.clip(self.support * support + shift, -30, 30)))
        return np.minimum(chances, MOST).astype(np.float32)


# Fitted by retrieval/fitting.py on clinc (CC-BY-3.0) and banking (CC-BY-4.0), 14,547 questions.
DENSE: Final = Calibration(9.466, -0.858, -3.608)  # for all-MiniLM-L6-v2
HASHED: Final = Calibration(11.119, -0.622, -3.649)  # for the hashed encoder
