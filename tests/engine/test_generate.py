"""Answers to prompts that are longer than the model reads."""

import pytest
import torch

from studio.engine.adapt import apply_method
from studio.engine.completed import Given
from studio.engine.device import Device
from studio.engine.generate import _given, answer, answers
from studio.engine.load import load_model, load_processor
from studio.methods.catalogue import knobs_for, methods
from studio.recipe import from_mapping
from studio.tasks.shelf import task
from studio.tasks.task import Question
from tests.helpers.tiny import sentences

LONG = Question(" ".join(sentences(64)) + " The end.", "")
CPU = Device("cpu", torch.float32)


def _gpt2(family, name=""):
    """Load a GPT-2 of 256 positions, with a method where one is named."""
    chat, folder = task("causal_lm"), family("gpt2")
    tokenizer = load_processor(folder, chat)
    model = load_model(folder, chat, CPU, dtype=torch.float32)
    if name:
        knobs = knobs_for(from_mapping({"method": {"name": name}}), None)
        model = apply_method(model, methods()[name], knobs, chat, CPU, Given(8, tokenizer))
    return model, tokenizer


@pytest.mark.parametrize("name", ["", "prompt_tuning", "cpt", "prefix_tuning"])
def test_a_prompt_and_its_answer_fit_into_what_the_model_reads(family, name):
    model, tokenizer = _gpt2(family, name)
    assert len(answers(model, tokenizer, [LONG, Question("Short.", "")], 64)) == 2
    _text, count, _seconds = answer(model, tokenizer, LONG, longest=64)
    assert 0 < count <= 64


def test_a_prompt_keeps_its_end(family):
    model, tokenizer = _gpt2(family)
    given = _given(model, tokenizer, [LONG, Question("Short.", "")], 64)
    assert given["input_ids"].shape == given["attention_mask"].shape == (2, 256 - 64)
    long, short = tokenizer.batch_decode(given["input_ids"])
    assert "The end." in long and "Short." in short


def test_half_of_what_the_model_reads_is_left_to_the_prompt(family):
    model, tokenizer = _gpt2(family)
    _text, count, _seconds = answer(model, tokenizer, LONG, longest=1000)
    assert count <= 128
