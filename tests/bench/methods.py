"""The list of methods and the guide's advice, beside a Python that imports what the terminal needs.

python tests/bench/methods.py [ROUNDS]: all are started in turn; the fastest of each counts, as
other work on the machine only ever adds. Prints one JSON line.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_LIMIT = 0.5  # seconds, for the list

_STARTS = {
    "list": ["-m", "studio", "methods"],
    "json": ["-m", "studio", "methods", "--json"],
    "guide": ["-m", "studio", "methods", "--guide", "--size", "7B", "--memory", "24"],
    "reference": ["-c", "import typer, pydantic"],
}
_HEAVY = """
import sys
from studio.cli.main import main
main(sys.argv[1:])
heavy = {"torch", "transformers", "peft", "PySide6", "numpy"} & set(sys.modules)
sys.exit(", ".join(sorted(heavy)) or 0)
"""


def seconds(arguments: list[str], environment: dict[str, str]) -> float:
    """Run a Python to its end and return how long that took."""
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - begun


def advice_seconds() -> float:
    """Return how long ranking all methods takes once the files are read."""
    sys.path.insert(0, str(ROOT))
    from studio.methods.guide import Situation, advise

    asked = Situation(task="causal_lm", parameters=3_000_000_000, rows=500)
    advise(asked)
    taken = []
    for _ in range(20):
        begun = time.perf_counter()
        advise(asked)
        taken.append(time.perf_counter() - begun)
    return min(taken)


def loaded(environment: dict[str, str]) -> str:
    """Return which heavy packages the list loads, "" for none."""
    command = [sys.executable, "-c", _HEAVY, "methods"]
    done = subprocess.run(command, env=environment, stdout=-1, stderr=-1, text=True, check=False)
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""


def main() -> None:
    """Measure all in turn and print the line."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "FINETUNE_STUDIO_HOME": home, "PYTHONPATH": str(ROOT)}
        taken: dict[str, list[float]] = {name: [] for name in _STARTS}
        for number in range(rounds + 1):
            for name, arguments in _STARTS.items():
                one = seconds(arguments, environment)
                if number:  # the first of each reads from a cold disk
                    taken[name].append(one)
        heavy = loaded(environment)
    best = {name: round(min(some), 3) for name, some in taken.items()}
    line = {
        "name": "methods",
        "figure": best["list"],
        "unit": "s from start to end of `methods` (fastest)",
        "json": best["json"],
        "guide": best["guide"],
        "advise_ms": round(1000 * advice_seconds(), 2),
        "reference": best["reference"],
        "reference_name": "python -c 'import typer, pydantic'",
        "ratio": round(best["list"] / best["reference"], 3),
        "limit": _LIMIT,
        "heavy": heavy,
    }
    print(json.dumps(line))
    if heavy or best["list"] > _LIMIT:
        sys.exit(f"too slow, or too much is loaded: {best['list']} s, {heavy or 'nothing heavy'}")


if __name__ == "__main__":
    main()
