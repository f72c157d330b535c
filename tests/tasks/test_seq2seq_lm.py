"""One text from another: what is read, what is written, how it is judged."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from studio.rows import Message, Row, RowError
from studio.tasks.seq2seq_lm import TASK, source
from studio.tasks.task import IGNORED, Example, Setting
from tests.helpers.facts import BERT, LLAMA_3B
from tests.tasks.conftest import Outputs

T5 = replace(
    BERT,
    model_type="t5",
    architecture="T5ForConditionalGeneration",
    config={"is_encoder_decoder": True},
)


def _row(*texts: str) -> Row:
    """Return a conversation of these turns."""
    roles = ("user", "assistant")
    return Row(tuple(Message(roles[i % 2], text) for i, text in enumerate(texts)))


def test_models() -> None:
    """Those with an encoder and a decoder."""
    assert TASK.fits_model(T5)
    pair = replace(BERT, model_type="encoder-decoder", architecture="EncoderDecoderModel")
    assert TASK.fits_model(pair)
    assert not TASK.fits_model(replace(T5, model_type="whisper"))
    for other in (BERT, LLAMA_3B):
        (problem,) = TASK.problems([_row("a", "b")], other)
        assert "no encoder and decoder" in problem.sentence()
        assert problem.step()


def test_encoding(t5: Any) -> None:
    """Both texts end, and both are cut at the longest length, their end kept."""
    row = _row("The red boat is number 3", "red boat")
    (whole,) = TASK.encode(row, t5, Setting(16))
    assert t5.decode(whole.ids) == "The red boat is number 3 [SEP]"
    assert t5.decode(whole.labels) == "red boat [SEP]"
    assert not whole.cut
    (cut,) = TASK.encode(row, t5, Setting(4))
    assert t5.decode(cut.ids) == "The red boat [SEP]"
    assert cut.cut
    (short,) = TASK.encode(_row("red", "The red boat is number 3"), t5, Setting(4))
    assert t5.decode(short.labels) == "The red boat [SEP]"
    assert short.cut


def test_an_encoder_that_begins_with_cls(bert: Any) -> None:
    """Two encoders made into one model: their separator ends what is written."""
    (found,) = TASK.encode(_row("The red boat", "red boat"), bert, Setting(16))
    assert found.labels[-1] == bert.sep_token_id
    assert found.labels.tolist().count(bert.sep_token_id) == 1


def test_rows_without_an_answer(t5: Any) -> None:
    """They are left out."""
    for row in (Row(), _row("a question"), Row(text="a text")):
        with pytest.raises(RowError):
            TASK.encode(row, t5, Setting(16))


def test_what_is_read() -> None:
    """One text as it is; in a conversation who said what."""
    assert source([{"role": "user", "content": "a text"}]) == "a text"
    told = [{"role": "system", "content": "Sum up."}, {"role": "user", "content": "a text"}]
    assert source(told) == "Sum up.\n\na text"
    turns = _row("one?", "two.", "three?").messages
    said = [{"role": turn.role, "content": turn.content} for turn in turns]
    assert source(said) == "User: one?\n\nAssistant: two.\n\nUser: three?"


def test_question() -> None:
    """The last answer is asked for."""
    found = TASK.question(_row("one?", "two.", "three?", "four."))
    assert found is not None
    assert (found.prompt, found.reference, len(found.messages)) == ("three?", "four.", 3)


def test_batches(t5: Any) -> None:
    """What is read is masked where it is padded, what is written is not trained there."""
    one = Example(np.array([5, 6, 7], np.int32), np.array([8, 3], np.int32))
    two = Example(np.array([5], np.int32), np.array([8, 9, 3], np.int32))
    batch = TASK.collator(t5)([one, two])
    assert batch["input_ids"].tolist() == [[5, 6, 7], [5, 0, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["labels"].tolist() == [[8, 3, IGNORED], [8, 9, 3]]


def test_loss() -> None:
    """The sum over what is written by the items; learnt tokens in front do not count."""
    import torch
    from torch.nn.functional import cross_entropy

    logits, labels = torch.randn(2, 3, 10), torch.tensor([[8, 3, IGNORED], [8, 9, 3]])
    wanted = cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum") / 5
    assert torch.allclose(TASK.loss(Outputs({"logits": logits}), labels, 5), wanted)
    longer = torch.cat([torch.randn(2, 4, 10), logits], dim=1)
    assert torch.allclose(TASK.loss(Outputs({"logits": longer}), labels, 5), wanted)


def test_judged() -> None:
    """ROUGE-L and BLEU, from 0 to 1, also in Chinese."""
    same = TASK.judge(["the red boat is here"], ["the red boat is here"])
    assert same == pytest.approx({"rouge_l": 1, "bleu": 1})
    # the common sequence has 3 of 3 and 3 of 4 words: F = 2 * 1 * 0.75 / 1.75
    part = TASK.judge(["the boat here"], ["the red boat here"])
    assert part["rouge_l"] == pytest.approx(6 / 7)
    assert TASK.judge(["a b"], ["c d"]) == {"rouge_l": 0.0, "bleu": 0.0}
    chinese = TASK.judge(["红色的船在这里"], ["红色的船在这里"])
    assert chinese == pytest.approx({"rouge_l": 1, "bleu": 1})
    assert 0 < TASK.judge(["红色的船在那边"], ["红色的船在这里"])["rouge_l"] < 1
