"""The merged model in 16-bit safetensors: one folder that transformers and vLLM load."""

from studio.errors import Problem
from studio.exports.target import Exported, Job
from studio.words import mark


class Merged:
    """The base model with the adapter folded in."""

    name = "merged"
    title = mark("Merged model, 16-bit")
    summary = mark("Folder of safetensors for transformers and vLLM")
    compared = True

    def refusal(self, run: Exported) -> Problem | None:
        """Refuse methods whose result is not a change of weights."""
        if run.merges:
            return None
        return Problem(
            "to",
            mark("What this method learnt cannot be merged into the weights."),
            mark("Export the adapter instead."),
        )

    def bytes(self, run: Exported) -> int:
        """Return the size of the base model, which merging does not change."""
        return run.base_bytes or run.adapter_bytes

    def write(self, job: Job) -> None:
        """Merge tensor by tensor."""
        job.merge(job.out)


EXPORT = Merged()
