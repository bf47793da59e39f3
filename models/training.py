"""The training loop: Adam, ReduceLROnPlateau, and a state on disk after every epoch."""

import io
import json
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np


class BrokenStateError(Exception):
    """The state of a training that was cut off is not whole, or is that of another model.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import keras
    >>> from diffsem.models import BrokenStateError, TrainingPlan, train
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "history.json").write_text("cut off")
    ...     try:
    ...         train(model, "mse", lambda epoch: None, None, TrainingPlan(epochs=1), Path(folder))
    ...     except BrokenStateError as error:
    ...         print(str(error).split(": ")[1][:26])
    not a whole training state
    """


class NotFiniteError(Exception):
    """The loss of an epoch is NaN or infinite.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import keras
    >>> import numpy as np
    >>> from diffsem.models import TrainingPlan, train
    >>> model, samples = keras.Sequential([keras.layers.Dense(1)]), (np.ones((4, 1)), np.full((4, 1), np.nan))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     train(model, "mse", lambda epoch: samples, samples, TrainingPlan(epochs=1), Path(folder))
    Traceback (most recent call last):
        ...
    diffsem.models.training.NotFiniteError: epoch 1 of 1: loss is nan
    """


@dataclass(frozen=True)
class TrainingPlan:
    """How long and how fast one stage trains.

    Parameters
    ----------
    epochs : int
        At most, if `until_plateau`.
    batch_size : int
        Samples of a batch.
    learning_rate, min_learning_rate : float
        Adam starts at the first; ReduceLROnPlateau never goes under the second (paper: 1e-3 to 1e-5).
    factor : float
        Multiplies the learning rate on a plateau of the validation loss.
    patience : int
        Epochs without improvement that make a plateau.
    min_delta : float
        Validation loss must fall by more than this to count as an improvement.
    until_plateau : bool
        Stop before `epochs` are over once a plateau is met at the lowest learning rate.
    cosine : bool
        Let the learning rate fall along half a cosine over `epochs` instead, whatever the validation loss does
        (Loshchilov and Hutter, ICLR 2017): for a budget too short to wait for plateaus.

    Examples
    --------
    >>> from diffsem.models import TrainingPlan
    >>> plan = TrainingPlan(epochs=10, cosine=True)
    >>> [round(plan.annealed(epoch), 6) for epoch in (0, 5)]
    [0.001, 0.000505]
    """

    epochs: int
    batch_size: int = 256
    learning_rate: float = 1e-3
    min_learning_rate: float = 1e-5
    factor: float = 0.3
    patience: int = 1
    min_delta: float = 1e-4
    until_plateau: bool = False
    cosine: bool = False

    def annealed(self, epoch: int) -> float:
        """Learning rate of an epoch, counted from 0, along the cosine."""
        share = (1 + math.cos(math.pi * epoch / self.epochs)) / 2
        return self.min_learning_rate + (self.learning_rate - self.min_learning_rate) * share


def train(
    model: keras.Model,
    loss,
    draw_epoch: Callable,
    validation: tuple,
    plan: TrainingPlan,
    folder: Path,
    metrics: Sequence = (),
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> list[dict]:
    """Train `model` to the end of its plan, from where a former call was cut off.

    After every epoch weights, optimiser and history are on disk under `folder`; the learning rate's plateau
    counter is rebuilt from the history, so that a resumed training equals an uninterrupted one.

    Parameters
    ----------
    model : keras.Model
    loss, metrics
        As for `keras.Model.compile`.
    draw_epoch : callable
        (epoch, from 0) -> (inputs, targets): that epoch's samples in the order of training. Must depend on the
        epoch alone.
    validation : (inputs, targets)
        Held-out samples, the same after every epoch.
    plan : TrainingPlan
    folder : Path
        Where the states go; made if missing.
    callbacks : sequence of keras.callbacks.Callback
        For progress bars; they get `on_epoch_begin`, `on_train_batch_end` and `on_epoch_end`.

    Returns
    -------
    list of dict
        One record an epoch: epoch, seconds, learning_rate and every loss and metric.

    Raises
    ------
    OSError
        If a state cannot be written; the one before it is whole.
    BrokenStateError
        If the state of the former call is not whole, or is that of another model.
    NotFiniteError
        If the loss of an epoch, in training or validation, is NaN or infinite; the state before that epoch stays.

    Examples
    --------
    A second call finds the epoch on disk.

    >>> import tempfile
    >>> from pathlib import Path
    >>> import keras
    >>> import numpy as np
    >>> from diffsem.models import TrainingPlan, train
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> samples, plan = (np.ones((4, 1)), np.ones((4, 1))), TrainingPlan(epochs=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     first = train(model, "mse", lambda epoch: samples, samples, plan, Path(folder))
    ...     second = train(model, "mse", lambda epoch: samples, samples, plan, Path(folder))
    >>> len(first), first == second
    (1, True)
    """
    folder.mkdir(parents=True, exist_ok=True)
    model.compile(optimizer=keras.optimizers.Adam(plan.learning_rate), loss=loss, metrics=list(metrics))
    if model.built:
        # Variables that a first step makes have TensorFlow trace it twice, which of a U-Net takes seconds.
        model.optimizer.build(model.trainable_variables)
    history = _load_state(model, folder)
    model.optimizer.learning_rate = plan.learning_rate
    plateau = _plateau(model, plan)
    for record in history:
        plateau.on_epoch_end(record["epoch"], {"val_loss": record["val_loss"]})

    for epoch in range(len(history), plan.epochs):
        if plan.until_plateau and plateau.wait >= plan.patience:
            break  # Keras lowers the rate and starts to wait anew, unless it is at its lowest
        started = time.perf_counter()
        if plan.cosine:
            model.optimizer.learning_rate = plan.annealed(epoch)
        learning_rate = float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
        scores = _fit_epoch(model, epoch, draw_epoch(epoch), validation, plan, callbacks)
        plateau.on_epoch_end(epoch, dict(scores))
        seconds = round(time.perf_counter() - started, 1)
        history.append({"epoch": epoch, "seconds": seconds, "learning_rate": learning_rate} | scores)
        _save_state(model, folder, history)
    return history


def _plateau(model: keras.Model, plan: TrainingPlan) -> keras.callbacks.ReduceLROnPlateau:
    """What lowers the learning rate of a compiled model, on which no training has begun."""
    plateau = keras.callbacks.ReduceLROnPlateau(
        monitor="val_loss",
        factor=plan.factor,
        patience=plan.patience,
        min_delta=plan.min_delta,
        min_lr=plan.min_learning_rate,
    )
    plateau.set_model(model)
    plateau.on_train_begin()
    return plateau


def _fit_epoch(model: keras.Model, epoch: int, samples: tuple, validation: tuple, plan: TrainingPlan, callbacks):
    """Every loss and metric of one epoch. Raises NotFiniteError if a loss is not finite."""
    inputs, targets = samples
    fit = model.fit(
        inputs,
        targets,
        batch_size=plan.batch_size,
        epochs=epoch + 1,
        initial_epoch=epoch,
        validation_data=validation,
        validation_batch_size=plan.batch_size,
        shuffle=False,
        verbose=0,
        callbacks=list(callbacks),
    )
    scores = {key: float(values[-1]) for key, values in fit.history.items()}
    for name in ("loss", "val_loss"):
        if not math.isfinite(scores[name]):
            raise NotFiniteError(f"epoch {epoch + 1} of {plan.epochs}: {name} is {scores[name]}")
    return scores


def _state_file(folder: Path, epochs: int) -> Path:
    return folder / f"epoch-{epochs:04d}.npz"


def _state_of(model: keras.Model) -> list:
    return [*model.weights, *model.optimizer.variables]


def _load_state(model: keras.Model, folder: Path) -> list[dict]:
    """The history of a former call, its weights and optimiser loaded; empty if there was none."""
    history_file = folder / "history.json"
    if not history_file.exists():
        return []
    try:
        history = json.loads(history_file.read_text())
        numbers = [record[key] for record in history for key in ("epoch", "seconds", "learning_rate", "val_loss")]
        if not all(isinstance(number, int | float) for number in numbers):
            raise ValueError("the history holds what is no number")
        with np.load(_state_file(folder, len(history)), allow_pickle=False) as stored:
            values = [stored[name] for name in stored.files]
        model.optimizer.build(model.trainable_variables)
        for variable, value in zip(_state_of(model), values, strict=True):
            variable.assign(value)
    except Exception as error:  # of a damaged file, NumPy, zipfile and zlib may raise anything
        what = " ".join(f"{type(error).__name__} {error}".split())[:120]
        raise BrokenStateError(f"{folder}: not a whole training state ({what})") from error
    return history


def _save_state(model: keras.Model, folder: Path, history: list[dict]) -> None:
    """The history names the last whole state: it is replaced only once weights and optimiser are on disk."""
    content = io.BytesIO()
    # Not HDF5, whose library does not survive a disk that fills up half-way.
    np.savez(content, *(keras.ops.convert_to_numpy(variable) for variable in _state_of(model)))
    state, partial = _state_file(folder, len(history)), folder / "history.partial"
    try:
        _write(state, content.getvalue())
        _write(partial, json.dumps(history, indent=1).encode())
        os.replace(partial, folder / "history.json")
    except OSError:
        state.unlink(missing_ok=True)
        raise
    _state_file(folder, len(history) - 1).unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
