"""The adapter as it is, in PEFT's own format: small, needs the base model beside it."""

from studio.errors import Problem
from studio.exports.target import Exported, Job
from studio.words import mark


class Adapter:
    """A copy of the run's adapter folder."""

    name = "adapter"
    title = mark("Adapter")
    summary = mark("PEFT folder: small, needs the base model beside it")
    compared = False

    def refusal(self, run: Exported) -> Problem | None:
        """Refuse a full fine-tuning, which has no adapter."""
        if not run.whole_model:
            return None
        return Problem(
            "to",
            mark("A full fine-tuning has no adapter."),
            mark("Export the merged model instead."),
        )

    def bytes(self, run: Exported) -> int:
        """Return the adapter's own size."""
        return run.adapter_bytes

    def write(self, job: Job) -> None:
        """Copy the folder."""
        job.copy_adapter(job.out)


EXPORT = Adapter()
