"""Fine-tunes a transformer: AdamW (Loshchilov and Hutter 2019), with early stopping on texts that it does not learn.

What it begins with, the linear layer on the frozen encoder, competes with every epoch: it gets no worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cueloop import logs
from cueloop.errors import ModelError
from ml_backend.calibration import Floats, Ints, nll, softmax
from ml_backend.folds import deal
from ml_backend.models import logistic
from ml_backend.models.embedded import INVERSE_REGULARISATION, MAX_ITERATIONS
from ml_backend.models.transformer import libraries

if TYPE_CHECKING:
    from ml_backend.models.transformer import Transformer

EPOCHS, PATIENCE, BETTER = 8, 2, 0.99
"""Passes over the texts at most; how many in a row may be no better before it stops; log loss that is better, as a
share of the best one."""
BATCH = 16
"""Texts of a step."""
RATE, HEAD_RATE = 5e-5, 1e-2
"""Learning rates of the encoder and of the last layer, at their highest."""
WARM = 0.1
"""Share of all steps in which the rate rises."""
WATCHED = 6
"""One text in so many is watched for when to stop, and not learned."""

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class _Texts:
    """Texts as they are learned."""

    pieces: list[list[int]]
    truth: Ints
    weights: Floats


def finetune(model: Transformer, texts: Sequence[str], truth: Ints, weights: Floats, seed: int) -> None:
    """Train a model in place. Its random numbers are torch's, seeded by the caller; the order of texts is of `seed`."""
    watched = _watched(texts, truth, seed)
    pieces = model.pieces(texts)
    learned, judged = (_Texts([pieces[row] for row in np.flatnonzero(some)], truth[some], weights[some])
                       for some in (~watched, watched))
    _begin(model, learned)
    best, state, waited = _loss(model, judged), _state(model), 0
    torch, rng = libraries(), np.random.default_rng(seed)
    encoder = list(model.model.encoder.parameters())
    optimizer = torch.optim.AdamW([{"params": encoder, "lr": RATE},
                                   {"params": model.model.head.parameters(), "lr": HEAD_RATE}])
    steps = EPOCHS * -(-len(learned.truth) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / max(1.0, WARM * steps), (steps - step) / steps))
    for epoch in range(EPOCHS):
        _pass(model, learned, rng.permutation(len(learned.truth)), optimizer, schedule)
        loss = _loss(model, judged)
        log.info("fine-tuning", epoch=epoch + 1, epochs=EPOCHS, log_loss=round(loss, 4), best=round(best, 4))
        if loss < BETTER * best:
            best, state, waited = loss, _state(model), 0
        elif (waited := waited + 1) >= PATIENCE:
            break
    model.model.load_state_dict(state)
    model.model.eval()


def _watched(texts: Sequence[str], truth: Ints, seed: int) -> NDArray[np.bool_]:
    """(n,): texts that are not learned, the same text never on both sides, and none that is the last of its class."""
    distinct = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    same = np.array([distinct[text] for text in texts])
    first = np.unique(same, return_index=True)[1]
    found: NDArray[np.bool_] = (deal(truth[first], WATCHED, seed) == 0)[same]
    left = np.bincount(truth[~found], minlength=int(truth.max()) + 1)
    found &= left[truth] > 0
    if not found.any():
        raise ModelError(f"{len(first)} texts are too few to fine-tune with: some must be left to tell when to stop. "
                         "Label more, or train another kind.")
    return found


def _begin(model: Transformer, learned: _Texts) -> None:
    """The last layer as logistic regression on what the encoder says as it is."""
    torch = libraries()
    with torch.inference_mode():
        vectors = np.concatenate([model.model.vectors(*model.batch(learned.pieces[at:at + BATCH])).numpy()
                                  for at in range(0, len(learned.pieces), BATCH)])
    each = np.zeros((len(learned.truth), model.model.head.out_features), dtype=np.float32)
    each[np.arange(len(each)), learned.truth] = learned.weights
    found = logistic.fit(vectors, each, inverse_regularisation=INVERSE_REGULARISATION, most=MAX_ITERATIONS)
    with torch.no_grad():
        model.model.head.weight.copy_(torch.from_numpy(found.coefficients[:-1].T.copy()))
        model.model.head.bias.copy_(torch.from_numpy(found.coefficients[-1].copy()))


def _pass(model: Transformer, learned: _Texts, order: NDArray[np.int64], optimizer: Any, schedule: Any) -> None:
    """Once over the texts."""
    torch = libraries()
    model.model.train()
    for start in range(0, len(order), BATCH):
        rows = order[start:start + BATCH]
        told = model.model(*model.batch([learned.pieces[row] for row in rows]))
        losses = torch.nn.functional.cross_entropy(told, torch.from_numpy(learned.truth[rows]), reduction="none")
        weight = torch.from_numpy(learned.weights[rows].astype(np.float32))
        optimizer.zero_grad()
        ((losses * weight).sum() / weight.sum()).backward()
        torch.nn.utils.clip_grad_norm_(model.model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    model.model.eval()


def _loss(model: Transformer, judged: _Texts) -> float:
    """Log loss of texts that are not learned."""
    torch = libraries()
    model.model.eval()
    with torch.inference_mode():
        told = np.concatenate([model.model(*model.batch(judged.pieces[at:at + BATCH])).numpy()
                               for at in range(0, len(judged.pieces), BATCH)])
    return nll(softmax(told.astype(np.float64)), judged.truth, judged.weights)


def _state(model: Transformer) -> dict[str, Any]:
    return {name: tensor.clone() for name, tensor in model.model.state_dict().items()}
