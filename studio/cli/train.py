"""Train, watch, stop and go on: everything that waits for a worker."""

from studio.cli.follow import Follower, conclude, tell_left
from studio.cli.options import Changes, RecipeName, RunName, Runs, runs_folder
from studio.cli.terminal import note, result
from studio.errors import RecipeError, RunError
from studio.runs import process
from studio.runs.folder import RunFolder, find
from studio.words import mark, tr


def train(name: RecipeName, changes: Changes = None, runs: Runs = None) -> int:
    """Check the recipe, start its worker and show it until it ends.

    Raises RecipeError with every problem, before anything is written.
    """
    from studio import recipe as recipes
    from studio.survey import survey

    folder = runs_folder(runs)
    asked = recipes.load(name, changes)
    problems = survey(asked, runs=folder).problems
    if problems:
        raise RecipeError(problems)
    return _follow(Follower(process.start(asked, folder)), stops=True)


def resume(run: RunName, runs: Runs = None) -> int:
    """Start the run's worker again; it goes on from the last checkpoint, or else anew."""
    follower = Follower(find(run, runs_folder(runs)))
    follower.begin_again()
    _refuse_finished(follower.folder)
    if not follower.folder.whole_checkpoints():
        note(tr("There is no checkpoint yet, so training begins anew."))
    process.start_worker(follower.folder)
    return _follow(follower, stops=True)


def watch(run: RunName, runs: Runs = None) -> int:
    """Show a run until it ends; Ctrl+C leaves it going."""
    follower = Follower(find(run, runs_folder(runs)))
    follower.catch_up()
    return _follow(follower, stops=False)


def stop(run: RunName, runs: Runs = None) -> int:
    """Ask a run to stop and wait until it has."""
    from studio.runs.requests import ask

    follower = Follower(find(run, runs_folder(runs)))
    if not process.alive(follower.folder):
        raise RunError(
            mark("The run {run} is not running."),
            mark("List the runs with: finetune-studio runs"),
            run=follower.folder.name,
        )
    follower.catch_up()
    ask(follower.folder.requests, "stop")
    note(tr("Stopping after this step."))
    return _follow(follower, stops=False)


def _refuse_finished(folder: RunFolder) -> None:
    """Refuse a run that has nothing left to do."""
    from studio.runs.state import read_state

    if read_state(folder).name == "finished":
        steps = folder.recipe().training.max_steps  # where it is set, epochs count for nothing
        raise RunError(
            mark("The run {run} is finished; there is nothing to go on with."),
            mark("Train it longer with: finetune-studio train {recipe} --set {setting}=…"),
            run=folder.name,
            recipe=folder.recipe_file,
            setting="training.max_steps" if steps else "training.epochs",
        )


def _follow(follower: Follower, *, stops: bool) -> int:
    """Show the run, tell how it ended, and print its folder as the last line."""
    ended = follower.follow(stops=stops)
    code = conclude(follower.folder, follower.state) if ended else 1
    if not ended:
        tell_left(follower.folder)
    result(str(follower.folder.path))
    return code
