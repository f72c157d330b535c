"""Start an engine process: `python -m studio.engine run <run folder>` or `... serve`."""

import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Run a training worker or the service; return the exit code."""
    match arguments:
        case ["run", folder]:
            from studio.engine.worker import run

            return run(Path(folder))
        case ["serve"]:
            from studio.engine.service import serve

            return serve()
    sys.stderr.write("usage: python -m studio.engine run FOLDER | serve\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
