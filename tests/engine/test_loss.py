"""The loss over trained tokens: its value, gradient, divisor and memory."""

from types import SimpleNamespace

import pytest
import torch
from torch.nn.functional import cross_entropy

from studio.engine import loss
from studio.engine.loss import IGNORED, token_loss

ROWS, LENGTH, VOCABULARY = 3, 7, 11


@pytest.fixture
def case() -> tuple[torch.Tensor, torch.Tensor]:
    """Random logits and labels, some of them not trained."""
    torch.manual_seed(0)
    labels = torch.randint(0, VOCABULARY, (ROWS, LENGTH))
    labels[:, :3] = IGNORED
    labels[1, 5] = IGNORED
    return torch.randn(ROWS, LENGTH, VOCABULARY, requires_grad=True), labels


def _reference(logits: torch.Tensor, labels: torch.Tensor, reduction: str) -> torch.Tensor:
    flat = logits[:, :-1].reshape(-1, VOCABULARY)
    return cross_entropy(flat, labels[:, 1:].reshape(-1), reduction=reduction)


def test_mean_without_count(case):
    logits, labels = case
    ours = token_loss(SimpleNamespace(logits=logits), labels)
    torch.testing.assert_close(ours, _reference(logits, labels, "mean"))


@pytest.mark.parametrize("count", [40, torch.tensor(40)])
def test_divides_by_the_accumulated_count(case, count):
    logits, labels = case
    ours = token_loss(SimpleNamespace(logits=logits), labels, num_items_in_batch=count)
    torch.testing.assert_close(ours, _reference(logits, labels, "sum") / 40)


@pytest.mark.parametrize("chunk", [1, 4 * VOCABULARY * 2, 2**20])
def test_gradient_for_any_chunk(case, chunk, monkeypatch):
    monkeypatch.setitem(loss._CHUNK_BYTES, "cpu", chunk)
    logits, labels = case
    (ours,) = torch.autograd.grad(3 * token_loss(SimpleNamespace(logits=logits), labels), logits)
    (theirs,) = torch.autograd.grad(3 * _reference(logits, labels, "mean"), logits)
    torch.testing.assert_close(ours, theirs)


def test_half_precision_gradient_is_scaled_in_float32(case):
    logits, labels = case
    half = logits.detach().bfloat16().requires_grad_()
    token_loss(SimpleNamespace(logits=half), labels, num_items_in_batch=411).backward()
    full = half.detach().float().requires_grad_()
    (_reference(full, labels, "sum") / 411).backward()
    assert half.grad.dtype == torch.bfloat16
    torch.testing.assert_close(half.grad.float(), full.grad, rtol=0.01, atol=1e-6)


def test_no_gradient_is_made_in_evaluation(case):
    logits, labels = case
    with torch.no_grad():
        ours = token_loss(SimpleNamespace(logits=logits), labels)
    assert not ours.requires_grad
    torch.testing.assert_close(ours, _reference(logits, labels, "mean").detach())


def test_a_second_backward_is_an_error(case):
    logits, labels = case
    ours = token_loss(SimpleNamespace(logits=logits), labels)
    ours.backward(retain_graph=True)
    with pytest.raises(AttributeError):
        ours.backward()


def test_huge_logits_stay_finite():
    logits = torch.tensor([[[1e4, -1e4], [0.0, 0.0]]], requires_grad=True)
    ours = token_loss(SimpleNamespace(logits=logits), torch.tensor([[0, 1]]))
    ours.backward()
    assert ours.item() == 2e4
    assert logits.grad.isfinite().all()
