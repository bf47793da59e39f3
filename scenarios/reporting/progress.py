"""Progress bars: on standard error, or under the cell of a notebook."""

import io
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

# Seconds between two looks of a notebook.
PAUSE = 0.5


def somebody_watches() -> bool:
    """Whether standard error is a terminal, or this runs in a notebook."""
    return in_notebook() or bool(sys.stderr and sys.stderr.isatty())


def in_notebook() -> bool:
    """Whether this runs in a Jupyter kernel."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell is not None and hasattr(shell, "kernel")


class _NotebookProgress(Progress):
    """Bars as text that the output of a notebook's cell shows in one place; needs no widgets."""

    def __init__(self, *columns, **options):
        console = Console(file=io.StringIO(), force_jupyter=False, width=100)
        super().__init__(*columns, **options | {"console": console, "auto_refresh": False})
        self._handle: Any = None
        self._drawn = 0.0

    def start(self) -> None:
        from IPython.display import display

        super().start()
        self._handle = display(self._shown(), raw=True, display_id=True)

    def update(self, *arguments, **options) -> None:
        super().update(*arguments, **options)
        if self._handle is not None and time.monotonic() > self._drawn + PAUSE:
            self._draw()

    def advance(self, *arguments, **options) -> None:
        super().advance(*arguments, **options)
        if self._handle is not None and time.monotonic() > self._drawn + PAUSE:
            self._draw()

    def stop(self) -> None:
        super().stop()
        if self._handle is not None:
            self._draw()

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        self._handle.update(self._shown(), raw=True)

    def _shown(self) -> dict[str, str]:
        with self.console.capture() as text:
            self.console.print(self.get_renderable())
        return {"text/plain": text.get().rstrip()}


@contextmanager
def _bars() -> Iterator[Progress]:
    """Bars that show once `start` is called: bad input found before then is told in one line, without them."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    bars = _NotebookProgress(*columns) if in_notebook() else Progress(*columns, console=Console(file=sys.stderr))
    try:
        yield bars
    finally:
        if bars.live.is_started:
            bars.stop()


@contextmanager
def sweep_progress(max_images: int) -> Iterator[tuple[Callable[[int, int], None], Callable[[int], None]]]:
    """Bars for a sweep: gives `on_points` and `on_images` for `run_scenario`."""
    with _bars() as bars:
        points = bars.add_task("points", total=None, note="")
        images = bars.add_task("images", total=None, note="")

        def on_points(done: int, total: int) -> None:
            if not bars.live.is_started:
                bars.start()
                bars.update(images, total=(total - done) * max_images, note="at most")
            bars.update(points, completed=done, total=total)

        yield on_points, lambda counted: bars.advance(images, counted)


@contextmanager
def one_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that shows from the first call of what it gives on: (done, in all)."""
    with _bars() as bars:
        task = bars.add_task(what, total=None, note="")

        def on_progress(done: int, total: int) -> None:
            if not bars.live.is_started:
                bars.start()
            bars.update(task, completed=done, total=total)

        yield on_progress


@contextmanager
def training_progress() -> Iterator[Callable[[str, int], Sequence[keras.callbacks.Callback]]]:
    """One bar a stage: gives `callbacks` for `train_scenario`. Off a terminal, one line an epoch instead."""
    with _bars() as bars:
        yield lambda stage, epochs: [_EpochBar(bars, stage, epochs)]


class _EpochBar(keras.callbacks.Callback):
    def __init__(self, bars: Progress, stage: str, epochs: int):
        super().__init__()
        self._bars, self._stage, self._epochs = bars, stage, epochs
        self._task = bars.add_task(stage, total=epochs, note="")
        bars.start()

    def on_epoch_begin(self, epoch, logs=None):
        self._bars.update(self._task, completed=epoch)

    def on_train_batch_end(self, batch, logs=None):
        if batch % 10 == 0 and self._bars.console.is_terminal:
            self._bars.update(self._task, note=f"batch {batch}, loss {float(logs['loss']):.4f}")

    def on_epoch_end(self, epoch, logs=None):
        note = ", ".join(f"{name} {float(value):.4f}" for name, value in (logs or {}).items())
        self._bars.update(self._task, completed=epoch + 1, note=note)
        if not self._bars.console.is_terminal:
            self._bars.console.print(
                f"{self._stage} {epoch + 1}/{self._epochs}: {note}", highlight=False, soft_wrap=True
            )
