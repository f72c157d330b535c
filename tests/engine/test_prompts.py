"""What is written with learnt tokens in front is what the model says, token by token."""

from pathlib import Path

import pytest
import torch

from studio.engine.adapt import apply_method
from studio.engine.completed import Given
from studio.engine.device import Device
from studio.engine.generate import answers
from studio.engine.load import load_model, load_processor
from studio.methods.catalogue import knobs_for, methods
from studio.recipe import from_mapping
from studio.tasks.shelf import task
from studio.tasks.task import Question
from tests.helpers.greedy import written

_PROMPTS = [name for name, one in methods().items() if one.family == "prompt"]
_QUESTIONS = [Question("The red boat", ""), Question("Which of the small brown birds sings?", "")]


@pytest.mark.parametrize("name", _PROMPTS)
def test_answers_are_the_models_own(llama: Path, name: str) -> None:
    torch.manual_seed(0)
    chat, device = task("causal_lm"), Device("cpu", torch.float32)
    tokenizer = load_processor(llama, chat)
    base = load_model(llama, chat, device, dtype=torch.float32)
    for weight in base.parameters():  # as it is made it says the same to everything
        torch.nn.init.normal_(weight, std=0.3)
    plain = answers(base, tokenizer, _QUESTIONS, 8)
    knobs = knobs_for(from_mapping({"method": {"name": name}}), None)
    tuned = apply_method(base, methods()[name], knobs, chat, device, Given(8, tokenizer))
    for learnt in (one for one in tuned.parameters() if one.requires_grad):
        torch.nn.init.normal_(learnt)
    told = answers(tuned, tokenizer, _QUESTIONS, 8)
    assert told == [written(tuned, tokenizer, question, 8) for question in _QUESTIONS]
    assert told != plain
