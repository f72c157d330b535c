"""Tiny random models with real tokenizers, and data files for them, made in a second or two.

torch and transformers are imported inside the functions, so that a test of the window or of the
terminal can import this module without them.
"""

import json
from pathlib import Path
from typing import Any

CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
_COLOURS = ("red", "green", "blue", "white", "black", "brown", "yellow", "grey")
_THINGS = ("boat", "house", "road", "river", "lamp", "stone", "garden", "letter")


def sentences(n: int) -> list[str]:
    """Return n different short sentences."""
    return [f"The {_COLOURS[i % 8]} {_THINGS[i // 8 % 8]} is number {i}." for i in range(n)]


def tiny_llama(folder: Path, *, layers: int = 2, width: int = 64, template: bool = True) -> Path:
    """Save a random Llama with a byte-level BPE tokenizer and a ChatML template."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    tokenizer = chatml_tokenizer()
    tokenizer.chat_template = CHATML if template else None
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def chatml_tokenizer() -> Any:
    """Train a byte-level BPE on our own sentences and wrap it for transformers."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=512,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator([*sentences(64), "system user assistant"], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=raw,
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        unk_token="<|endoftext|>",
    )


def tiny_bert(folder: Path, *, layers: int = 2, width: int = 64) -> Path:
    """Save a random BERT encoder with a word tokenizer, as an encoder without a head is saved."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    tokenizer = _word_tokenizer()
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=4,
        max_position_embeddings=128,
        pad_token_id=tokenizer.pad_token_id,
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _word_tokenizer() -> Any:
    """Train a word-level tokenizer that lays [CLS] and [SEP] around a text."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    raw = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    raw.train_from_iterator(
        sentences(64), trainers.WordLevelTrainer(special_tokens=special, show_progress=False)
    )
    raw.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=raw,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


def chat_rows(file: Path, n: int) -> Path:
    """Write n conversations of one question and one answer as JSON lines."""
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"What is number {i}?"},
                {"role": "assistant", "content": sentence},
            ]
        }
        for i, sentence in enumerate(sentences(n))
    ]
    return _lines(file, rows)


def label_rows(file: Path, n: int) -> Path:
    """Write n texts, labelled by the colour they name: warm or cold."""
    warm = ("red", "brown", "yellow", "white")
    rows = [
        {"text": text, "label": "warm" if text.split()[1] in warm else "cold"}
        for text in sentences(n)
    ]
    return _lines(file, rows)


def _lines(file: Path, rows: list[dict[str, Any]]) -> Path:
    """Write rows as JSON lines."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    file.write_text(text, encoding="utf-8")
    return file
