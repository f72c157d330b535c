"""The lines of a result's card load the result."""

import subprocess
import sys

import pytest
from bitsandbytes.nn import Linear4bit

from studio.methods.catalogue import methods
from studio.runs.folder import RunFolder
from tests.engine.conftest import run_here

OWN = ("adapter_houlsby", "adapter_pfeiffer", "bitfit", "mam_adapter", "unipelt")


def _code(folder: RunFolder, base: str = "") -> str:
    """Return the lines of a card, for where result and base are."""
    card = (folder.adapter / "README.md").read_text("utf-8")
    code = card.split("```python\n")[1].split("```")[0]
    placed = code.replace("path/to/this/folder", str(folder.adapter))
    return placed.replace('"tiny-llama"', f'"{base}"')


def _loaded(code: str) -> dict[str, object]:
    """Run the lines and return what they name."""
    found: dict[str, object] = {}
    exec(code, found)
    return found


def test_our_own_method_is_loaded_where_nothing_of_the_studio_is(make_run, family):
    folder = make_run(
        model={"source": str(family("gpt2"))},
        method={"name": "bitfit"},
        training={"max_steps": 1},
    )
    run_here(folder)
    code = _code(folder) + "\nprint(type(model).__name__)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert said.stdout.strip() == "PeftModelForCausalLM", said.stderr


@pytest.mark.parametrize("name", ["lora", *OWN])
def test_only_our_own_methods_ask_for_the_studio(make_run, family, name):
    source = family("gpt2" if name == "bitfit" else "llama")
    folder = make_run(
        model={"source": str(source)}, method={"name": name}, training={"max_steps": 1}
    )
    run_here(folder)
    assert ("import studio.engine.tuners" in _code(folder)) == (name in OWN)
    assert _loaded(_code(folder))["model"]


@pytest.mark.parametrize("task", ["causal_lm", "seq_cls"])
def test_loftq_is_loaded_on_a_base_in_four_bits(make_run, labels, task):
    data = {} if task == "causal_lm" else {"files": [str(labels)]}
    folder = make_run(
        data=data, task={"name": task}, method={"name": "loftq"}, training={"max_steps": 1}
    )
    run_here(folder)
    model = _loaded(_code(folder))["model"]
    assert any(isinstance(part, Linear4bit) for part in model.modules())


def test_a_mixture_is_loaded_by_the_studio(make_run, llama):
    first, second = make_run(), make_run(training={"seed": 1})
    run_here(first)
    run_here(second)
    folder = make_run(
        method={"name": "xlora", "adapters": f"{first.path},{second.path}"},
        training={"max_steps": 1},
    )
    run_here(folder)
    assert "Finetune Studio has to be installed" in _code(folder)
    assert _loaded(_code(folder, str(llama)))["model"]


def test_our_own_methods_are_these():
    ours = {"ADAPTER", "BITFIT", "MAM", "UNIPELT"}
    assert {key for key, one in methods().items() if one.peft in ours} == set(OWN)
