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
        initializer_range=0.1,  # at 0.02 so small a model tells no two texts apart
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_gpt2(folder: Path, *, layers: int = 2, width: int = 64) -> Path:
    """Save a random GPT-2, whose layers have biases and Conv1D weights."""
    from transformers import GPT2Config, GPT2LMHeadModel

    def config(tokenizer: Any) -> Any:
        return GPT2Config(
            vocab_size=len(tokenizer),
            n_embd=width,
            n_layer=layers,
            n_head=4,
            n_positions=256,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )

    return _causal(folder, GPT2LMHeadModel, config)


def tiny_qwen2(folder: Path, *, layers: int = 2, width: int = 64) -> Path:
    """Save a random Qwen2, whose queries, keys and values have biases."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    def config(tokenizer: Any) -> Any:
        return Qwen2Config(
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

    return _causal(folder, Qwen2ForCausalLM, config)


def _causal(folder: Path, kind: Any, config: Any) -> Path:
    """Save a random causal model of a class with the ChatML tokenizer."""
    import torch

    torch.manual_seed(0)
    tokenizer = chatml_tokenizer()
    tokenizer.chat_template = CHATML
    kind(config(tokenizer)).to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_t5(folder: Path, *, layers: int = 2, width: int = 64) -> Path:
    """Save a random T5 with a word tokenizer that ends each text with [SEP]."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(0)
    tokenizer = _word_tokenizer(pair=False)
    tokenizer.eos_token = "[SEP]"
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=width,
        d_kv=width // 4,
        d_ff=2 * width,
        num_layers=layers,
        num_heads=4,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.sep_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
    )
    T5ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_vit(folder: Path, *, layers: int = 2, width: int = 64) -> Path:
    """Save a random ViT that reads pictures of 16 × 16, with its image processor."""
    import torch
    from transformers import ViTConfig, ViTModel

    torch.manual_seed(0)
    config = ViTConfig(
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=4,
        image_size=16,
        patch_size=4,
    )
    ViTModel(config).save_pretrained(folder)
    return _image_processor(folder)


def _image_processor(folder: Path) -> Path:
    """Write the settings of an image processor for pictures of 16 × 16."""
    settings = {
        "image_processor_type": "ViTImageProcessor",
        "size": {"height": 16, "width": 16},
        "do_resize": True,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(settings), "utf-8")
    return folder


def _word_tokenizer(pair: bool = True) -> Any:
    """Train a word-level tokenizer that lays [CLS] and [SEP] around a text.

    Without `pair` it only ends a text with [SEP], as encoder-decoders do.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    raw = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    raw.train_from_iterator(
        [*sentences(64), "What is it"],
        trainers.WordLevelTrainer(special_tokens=special, show_progress=False),
    )
    raw.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]" if pair else "$A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1" if pair else "$A $B [SEP]",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
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


def summary_rows(file: Path, n: int) -> Path:
    """Write n sentences, each with its colour and thing as a summary."""
    rows = [{"document": text, "summary": " ".join(text.split()[1:3])} for text in sentences(n)]
    return _lines(file, rows)


def tag_rows(file: Path, n: int) -> Path:
    """Write n tagged sentences: colours and things have tags, the rest has none."""
    rows = []
    for text in sentences(n):
        words = text.rstrip(".").split()
        tags = ["O", "B-COLOUR", "B-THING", *["O"] * (len(words) - 3)]
        rows.append({"tokens": words, "tags": tags})
    return _lines(file, rows)


def span_rows(file: Path, n: int) -> Path:
    """Write n questions with a passage and the place of the answer; each fifth has none."""
    rows = []
    for i, text in enumerate(sentences(n)):
        thing = text.split()[2]
        asked = {"question": "What is it", "context": text}
        found = {"text": [thing], "answer_start": [text.index(thing)]}
        rows.append({**asked, "answers": {"text": [], "answer_start": []} if i % 5 == 4 else found})
    return _lines(file, rows)


def pair_rows(file: Path, n: int) -> Path:
    """Write n pairs of texts that belong together."""
    rows = []
    for text in sentences(n):
        _the, colour, thing, *_rest = text.split()
        rows.append({"anchor": f"{colour} {thing}", "positive": text})
    return _lines(file, rows)


def image_rows(folder: Path, n: int) -> Path:
    """Write n pictures in one folder a class: dark ones and bright ones."""
    from PIL import Image

    for i in range(n):
        name, level = (("dark", 20), ("bright", 220))[i % 2]
        place = folder / name / f"{i}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 24), (level, level + i % 7, level)).save(place)
    return folder


def _lines(file: Path, rows: list[dict[str, Any]]) -> Path:
    """Write rows as JSON lines."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    file.write_text(text, encoding="utf-8")
    return file
