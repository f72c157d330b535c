"""The recipe's file: round trips, overlays, paths, mistakes."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.errors import RecipeError
from studio.paths import PRESETS
from studio.recipe import Recipe, dumps, from_mapping, load, overlay, read_mapping, save
from studio.recipe.file import parse_change

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(
    _TEXT,
    st.lists(_TEXT, max_size=3),
    st.floats(1e-8, 1, exclude_min=True),
    st.dictionaries(
        st.sampled_from(["r", "target_modules", "use_rslora", "lora_dropout"]),
        st.one_of(st.integers(1, 64), st.booleans(), st.floats(0, 1), st.lists(_TEXT, max_size=2)),
    ),
)
def test_any_recipe_round_trips(
    name: str, files: list[str], rate: float, knobs: dict[str, object]
) -> None:
    """Whatever letters and numbers are in it."""
    recipe = from_mapping(
        {
            "data": {"files": files},
            "method": {"name": "lora", **knobs},
            "training": {"learning_rate": rate, "packing": False},
            "output": {"name": name},
        }
    )
    assert from_mapping(tomllib.loads(dumps(recipe))) == recipe


def test_file_names_only_what_differs(tmp_path: Path) -> None:
    """And the method, whose knobs stand below it."""
    recipe = Recipe()
    recipe.training.max_steps = 20
    recipe.method = from_mapping({"method": {"r": 4, "name": "lora"}}).method
    save(recipe, tmp_path / "r.toml")
    assert (tmp_path / "r.toml").read_text("utf-8") == (
        'format = 1\n\n[method]\nname = "lora"\nr = 4\n\n[training]\nmax_steps = 20\n'
    )
    assert load(tmp_path / "r.toml") == recipe


def test_changes_are_laid_over(tmp_path: Path) -> None:
    """Values are TOML; what is not TOML is a word."""
    save(Recipe(), tmp_path / "r.toml")
    recipe = load(
        tmp_path / "r.toml",
        ["training.max_steps=20", "method.r = 4", "model.source=org/name", 'data.files=["a"]'],
    )
    assert recipe.training.max_steps == 20
    assert recipe.method.knobs == {"r": 4}
    assert (recipe.model.source, recipe.data.files) == ("org/name", ["a"])


@pytest.mark.parametrize(
    ("change", "value"),
    [("output.name=2026-11-22", "2026-11-22"), ("output.name=a=b", "a=b"), ("output.name=", "")],
)
def test_odd_values_are_texts(change: str, value: str) -> None:
    """A date is no date here."""
    assert parse_change(change) == {"output": {"name": value}}


@pytest.mark.parametrize("change", ["nothing", "=3", ""])
def test_change_without_a_key(change: str) -> None:
    """The sentence shows how it is written."""
    with pytest.raises(RecipeError, match="is not KEY=VALUE"):
        parse_change(change)


def test_overlay_goes_table_by_table() -> None:
    """What is not named stays."""
    values = {"a": {"x": 1, "y": 2}, "b": 3}
    assert overlay(values, {"a": {"y": 5}, "b": {"z": 1}}) == {"a": {"x": 1, "y": 5}, "b": {"z": 1}}


def test_relative_paths_are_anchored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the recipe's folder first, then in the working folder; names of the hub stay."""
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    for file in (here / "both.csv", there / "both.csv", there / "only.csv"):
        file.write_text("x", "utf-8")
    monkeypatch.chdir(there)
    (here / "r.toml").write_text(
        '[model]\nsource = "org/name"\n[data]\nfiles = ["both.csv", "only.csv", "none.csv"]\n',
        "utf-8",
    )
    recipe = load(here / "r.toml")
    assert recipe.data.files == [str(here / "both.csv"), str(there / "only.csv"), "none.csv"]
    assert recipe.model.source == "org/name"


@pytest.mark.parametrize("between", [",", ", ", "\n"])
def test_the_adapters_of_a_mixture_are_anchored(tmp_path: Path, between: str) -> None:
    """So that a run's saved recipe finds them from anywhere; those that are not there stay."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    recipe = Recipe()
    recipe.method = from_mapping(
        {"method": {"name": "xlora", "adapters": between.join(["one", "./two", "none"])}}
    ).method
    save(recipe, tmp_path / "r.toml")
    found = load(tmp_path / "r.toml").method.knobs["adapters"]
    assert found == f"{tmp_path / 'one'}, {tmp_path / 'two'}, none"


def test_the_sample_is_never_a_folder(tmp_path: Path) -> None:
    """A folder of that name is written ./sample."""
    (tmp_path / "sample").mkdir()
    text = '[model]\nsource = "{}"\n[data]\nfiles = ["sample", "sample:held_out"]\n'
    (tmp_path / "a.toml").write_text(text.format("sample"), "utf-8")
    (tmp_path / "b.toml").write_text(text.format("./sample"), "utf-8")
    assert load(tmp_path / "a.toml").model.source == "sample"
    assert load(tmp_path / "a.toml").data.files == ["sample", "sample:held_out"]
    assert load(tmp_path / "b.toml").model.source == str(tmp_path / "sample")


def test_no_such_recipe(tmp_path: Path) -> None:
    """The sentence names it, the step a near one."""
    with pytest.raises(RecipeError, match="There is no recipe"):
        load(tmp_path / "nothing.toml")


@pytest.mark.parametrize("content", [b"format = ", b"\xff\xfe", b"[a]\n[a]\n"])
def test_broken_file(tmp_path: Path, content: bytes) -> None:
    """The sentence names the file."""
    (tmp_path / "r.toml").write_bytes(content)
    with pytest.raises(RecipeError, match=r"r\.toml is not a TOML file"):
        load(tmp_path / "r.toml")


def test_folder_instead_of_a_file(tmp_path: Path) -> None:
    """No traceback."""
    with pytest.raises(RecipeError, match="cannot be read"):
        load(tmp_path)


def test_byte_order_mark_is_no_matter(tmp_path: Path) -> None:
    """Windows' editors write one."""
    (tmp_path / "r.toml").write_bytes(b"\xef\xbb\xbf[training]\nseed = 1\n")
    assert load(tmp_path / "r.toml").training.seed == 1


@pytest.mark.parametrize("file", sorted((PRESETS / "recipes").glob("*.toml")), ids=lambda f: f.stem)
def test_presets_are_recipes(file: Path) -> None:
    """Each loads by its name and differs from the defaults in what it names."""
    assert load(file.stem) == load(file)
    assert from_mapping(read_mapping(file))
