"""Kind `static-linear`: static embeddings of words, then logistic regression. It explains itself as exactly as
`text-linear`: a text's vector is a sum over its words, and so is each logit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ml_backend.calibration import Floats, Ints
from ml_backend.models.embedded import EmbeddedLinear
from ml_backend.models.embedder import Vectors
from ml_backend.models.reading import Spoke, slices
from ml_backend.models.static import Counted, StaticEmbeddings

_AROUND = re.compile(r"^\W+|\W+$")


class StaticLinear(EmbeddedLinear):
    """A trained text classifier."""

    embedder_kind = StaticEmbeddings

    def logits(self, texts: Sequence[str]) -> Floats:
        """See `Classifier.logits`."""
        return np.concatenate([np.empty((0, len(self.intercept))),
                               *(self.read(texts[part]).logits for part in slices(texts))])

    def read(self, texts: Sequence[str]) -> StaticReading:
        """See `Explaining.read`."""
        assert isinstance(self.embedder, StaticEmbeddings)
        counted = self.embedder.count(texts)
        vectors = self.embedder.pooled(counted)
        return StaticReading(counted, self.embedder.lengths(counted),
                             counted.vectors @ self.coefficients, self._of(vectors), self.intercept)


class StaticReading:
    """See `Reading`."""

    def __init__(
        self, counted: Counted, lengths: Floats, of_word: Vectors, logits: Floats, intercept: Vectors,
    ) -> None:
        """`lengths` (texts,) of the sums of each text's words; `of_word` (words, classes): what each adds to a sum."""
        self._counted, self._lengths, self._of_word, self._intercept = counted, lengths, of_word, intercept
        self.logits = logits
        """See `Reading.logits`."""

    def spoke(self, best: Ints, second: Ints) -> Spoke:
        """See `Reading.spoke`."""
        text, word = self._counted.text, self._counted.word
        lead = self._of_word[word, best[text]] - self._of_word[word, second[text]]
        each = np.divide(lead, self._lengths[text], out=np.zeros(len(text)), where=self._lengths[text] > 0)
        names: dict[str, int] = {}
        small = [one.lower() for one in self._counted.words]
        shown = np.array([names.setdefault(_AROUND.sub("", one) or one, len(names)) for one in small], dtype=np.int64)
        low = max(1, len(names)).bit_length()
        codes, first, group = np.unique((text << low) + shown[word], return_index=True, return_inverse=True)
        order = np.argsort(first)
        summed = np.bincount(group, weights=each, minlength=len(codes)).astype(np.float64)
        rest = np.asarray(self._intercept[best] - self._intercept[second], dtype=np.float64)
        return Spoke(codes[order] >> low, codes[order] & (1 << low) - 1, summed[order], tuple(names), rest)
