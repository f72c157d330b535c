"""What is trained in a chat: the answers with their stop tokens, under real templates."""

import copy
from typing import Any

import pytest

from studio.rows import Message, Row, RowError
from studio.tasks.causal_lm import TASK
from studio.tasks.task import IGNORED, Setting
from studio.tasks.template import needs_template, prompt_text, render
from tests.helpers.facts import BERT, LLAMA_3B
from tests.helpers.tiny import CHATML, tiny_llama

LLAMA_3 = (
    "{{ bos_token }}{% for m in messages %}"
    "{{ '<|start_header_id|>' + m['role'] + '<|end_header_id|>\\n\\n' + m['content'] | trim"
    " + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
)
GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}{% set role = 'model' if m['role'] == 'assistant' else m['role'] %}"
    "{{ '<start_of_turn>' + role + '\\n' + m['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}"
)
MISTRAL = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if m['role'] == 'user' %}{{ '[INST] ' + m['content'] + ' [/INST]' }}"
    "{% else %}{{ ' ' + m['content'] + eos_token }}{% endif %}{% endfor %}"
)
# Like Qwen 3: only the last answer is shown with its (empty) thoughts.
THINKING = (
    "{% for m in messages %}{% if m['role'] == 'assistant' and loop.last %}"
    "{{ '<|im_start|>assistant\\n<think>\\n\\n</think>\\n\\n' + m['content'] + '<|im_end|>\\n' }}"
    "{% else %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}"
    "{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
BARE = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\\n' }}{% endfor %}"
_SPECIAL = [
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<start_of_turn>",
    "<end_of_turn>",
]
_CHAT = Row(
    messages=(
        Message("user", "What is red?"),
        Message("assistant", "The boat."),
        Message("user", "And blue?"),
        Message("assistant", "The river. 河"),
    )
)
_SETTING = Setting(512)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a real byte-level tokenizer that knows several families' special tokens."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_llama(tmp_path_factory.mktemp("llama")))
    tokenizer.add_special_tokens({"additional_special_tokens": _SPECIAL})
    return tokenizer


def _with(base: Any, template: str | None, **tokens: str) -> Any:
    """Return the tokenizer with another template and special tokens."""
    tokenizer = copy.deepcopy(base)
    tokenizer.chat_template = template
    for name, value in tokens.items():
        setattr(tokenizer, name, value)
    return tokenizer


def _trained(tokenizer: Any, row: Row = _CHAT, setting: Setting = _SETTING) -> str:
    """Return the text of the tokens that are trained."""
    (example,) = TASK.encode(row, tokenizer, setting)
    kept = example.ids[example.labels != IGNORED]
    assert (example.labels[example.labels != IGNORED] == kept).all()
    return str(tokenizer.decode(kept))


@pytest.mark.parametrize(
    ("template", "stop", "between"),
    [(CHATML, "<|im_end|>", ""), (LLAMA_3, "<|eot_id|>", ""), (GEMMA, "<end_of_turn>", ""),
     (MISTRAL, "<|im_end|>", " ")],
    ids=["chatml", "llama3", "gemma", "mistral"],
)  # fmt: skip
def test_answers_with_their_stop_tokens(base: Any, template: str, stop: str, between: str) -> None:
    """Every answer, each to its stop token, and nothing else."""
    said = f"{between}The boat.{stop}{between}The river. 河{stop}"
    assert _trained(_with(base, template)) == said


@pytest.mark.parametrize("template", [CHATML, LLAMA_3, GEMMA, MISTRAL, THINKING, BARE])
def test_prompt_is_what_stands_before_the_answer(base: Any, template: str) -> None:
    """What the model is asked with is what it was trained after."""
    tokenizer = _with(base, template)
    row = Row(messages=_CHAT.messages[:2])
    rendered = render(row, tokenizer)
    question = TASK.question(row)
    assert question is not None
    prompt = prompt_text(list(question.messages), tokenizer)
    assert rendered.text[: rendered.answers[-1][0]] == prompt
    assert (question.prompt, question.reference) == ("What is red?", "The boat.")


def test_template_that_rewrites_earlier_turns(base: Any) -> None:
    """Only the last answer can be told apart then, with what the template lays before it."""
    tokenizer = _with(base, THINKING)
    assert not render(_CHAT, tokenizer).whole
    assert _trained(tokenizer) == "<think>\n\n</think>\n\nThe river. 河<|im_end|>"


def test_template_without_a_stop_token(base: Any) -> None:
    """The last answer gets one, or answers would never end."""
    assert _trained(_with(base, BARE)).endswith("The river. 河<|im_end|>")


def test_every_token(base: Any) -> None:
    """When the person wants it so."""
    tokenizer = _with(base, CHATML)
    text = _trained(tokenizer, setting=Setting(512, "all"))
    assert text == render(_CHAT, tokenizer).text


def test_without_a_template(base: Any) -> None:
    """A question and its answer can be learnt by any model, a conversation cannot."""
    plain = _with(base, None)
    one = Row(messages=(Message("system", "S"), Message("user", "Q"), Message("assistant", "A")))
    assert _trained(plain, one) == "A<|im_end|>"
    assert render(one, plain).text == "S\n\nQ\n\nA<|im_end|>"
    with pytest.raises(RowError, match="no chat template"):
        TASK.encode(_CHAT, plain, _SETTING)


def test_without_a_template_the_start_token_is_kept(base: Any) -> None:
    """Where the tokenizer lays one before every text, answers are learnt after it too."""
    from tokenizers.processors import TemplateProcessing

    plain = _with(base, None)
    start = plain.convert_tokens_to_ids("<|endoftext|>")
    plain.bos_token = "<|endoftext|>"
    plain.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", start)]
    )
    asked = prompt_text([{"role": "user", "content": "Q"}], plain)
    assert asked == "<|endoftext|>Q\n\n"
    assert render(Row(messages=_CHAT.messages[:2]), plain).text.startswith("<|endoftext|>What")


def test_refused_by_the_template(base: Any) -> None:
    """With the template's own words."""
    row = Row(messages=(Message("system", "S"), *_CHAT.messages))
    with pytest.raises(RowError) as found:
        TASK.encode(row, _with(base, GEMMA), _SETTING)
    assert found.value.values == {"reason": "System role not supported"}


def test_too_long(base: Any) -> None:
    """Cut where the answer has begun, refused where it has not."""
    tokenizer = _with(base, CHATML)
    row = Row(messages=(Message("user", "Q"), Message("assistant", "The boat. " * 50)))
    (example,) = TASK.encode(row, tokenizer, Setting(32))
    assert (len(example.ids), len(example.labels), example.cut) == (32, 32, True)
    late = Row(messages=(Message("user", "word " * 100), Message("assistant", "A")))
    with pytest.raises(RowError, match="begins after"):
        TASK.encode(late, tokenizer, Setting(32))


def test_no_answer_in_the_row(base: Any) -> None:
    """Nothing would be trained, which is said."""
    with pytest.raises(RowError):
        TASK.encode(Row(messages=(Message("user", "Q"),)), _with(base, CHATML), _SETTING)


def test_running_text_fills_pieces(base: Any) -> None:
    """No token is lost, the last piece ends the text."""
    text = "The red boat is number 7. " * 20
    examples = TASK.encode(Row(text=text), base, Setting(50))
    ids = [int(token) for example in examples for token in example.ids]
    assert base.decode(ids) == text + base.eos_token
    assert {len(example.ids) for example in examples[:-1]} == {50}
    assert all((example.ids == example.labels).all() for example in examples)


def test_problems_of_model_and_rows() -> None:
    """A model that does not write; a conversation without a template."""
    from dataclasses import replace

    (problem,) = TASK.problems([_CHAT], BERT)
    assert problem.field == "task.name"
    base = replace(LLAMA_3B, chat_template=False)
    assert TASK.problems([Row(messages=_CHAT.messages[:2])], base) == []
    assert TASK.problems([_CHAT], base)[0].field == "model.source"


def test_needs_template() -> None:
    """More than one answer, or one that is not the end."""
    assert needs_template(_CHAT)
    assert needs_template(Row(messages=_CHAT.messages[:3]))
    assert not needs_template(Row(messages=_CHAT.messages[:2]))
    assert not needs_template(Row(text="x"))


def test_nothing_to_ask() -> None:
    """Running text, and a conversation that begins with its only answer."""
    assert TASK.question(Row(text="x")) is None
    assert TASK.question(Row(messages=(Message("assistant", "A"),))) is None
