"""Kind `encoder-linear`: a sentence encoder, then logistic regression. The best from few labels; it tells scores only.
"""

from __future__ import annotations

from ml_backend.models.embedded import EmbeddedLinear
from ml_backend.models.sentence import SentenceEncoder


class EncoderLinear(EmbeddedLinear):
    """A trained text classifier."""

    embedder_kind = SentenceEncoder
