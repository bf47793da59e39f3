"""Every network that a scenario can need, by name, and its weights on disk."""

import hashlib
import os
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import keras
import numpy as np

from diffsem.link.errors import InputError
from diffsem.link.files import replace_file
from diffsem.link.plain_hdf5 import Content, check_plain, opened
from diffsem.models import (
    PictureEncoder,
    ReferenceClassifier,
    ReferenceEncoder,
    UNet,
    build_classifier,
    build_encoder,
    build_strong_classifier,
    mnist,
)
from diffsem.scenarios.attacks import ListedAttack, Target, listed_attacks
from diffsem.scenarios.record import recorded_sha256
from diffsem.scenarios.schema import Scenario
from diffsem.scenarios.sizes import DatasetName, Folder, Sizes, sizes_of

PRETRAINED = Path(__file__).parent / "weights"


def _encoder(scenario: Scenario, sizes: Sizes) -> keras.Model:
    return build_encoder(sizes.image_shape, sizes.feature_shape)


def _linear_encoder(scenario: Scenario, sizes: Sizes) -> keras.Model:
    # IBAL's public code is for MNIST; for colour images it has the encoder that all others have.
    return mnist.LinearEncoder() if scenario.dataset == "mnist" else _encoder(scenario, sizes)


def _classifier(scenario: Scenario, sizes: Sizes) -> keras.Model:
    return build_classifier(sizes.image_shape, sizes.feature_shape, sizes.classes)


def _denoiser(scenario: Scenario, sizes: Sizes) -> keras.Model:
    return UNet(sizes.feature_shape, scenario.denoising.channels)


def _narrow_denoiser(scenario: Scenario, sizes: Sizes) -> keras.Model:
    # Half as wide, in groups of 8: a quarter of the time to train, next to a classifier that leaves little to gain.
    return UNet(sizes.feature_shape, max(8, scenario.denoising.channels // 16 * 8))


def _label_denoiser(scenario: Scenario, sizes: Sizes) -> keras.Model:
    return UNet(sizes.feature_shape, scenario.denoising.channels, sizes.classes)


def _strong_classifier(scenario: Scenario, sizes: Sizes) -> keras.Model:
    return build_strong_classifier(sizes.image_shape, sizes.classes)


NETWORKS: dict[str, Callable[[Scenario, Sizes], keras.Model]] = {
    "encoder": _encoder,
    "classifier": _classifier,
    "encoder-noise-aware-pair": _encoder,
    "classifier-noise-aware-pair": _classifier,
    "encoder-reference": lambda scenario, sizes: ReferenceEncoder(sizes.image_shape, sizes.feature_shape),
    "classifier-reference": lambda scenario, sizes: ReferenceClassifier(sizes.feature_shape, sizes.classes),
    "classifier-reference-one-step": lambda scenario, sizes: ReferenceClassifier(sizes.feature_shape, sizes.classes),
    "denoiser-reference": _narrow_denoiser,
    "denoiser": _denoiser,
    "denoiser-label": _label_denoiser,
    "denoiser-distilled": _denoiser,
    "denoiser-label-distilled": _label_denoiser,
    "classifier-noise-aware": _classifier,
    "classifier-one-step": _classifier,
    "classifier-diffsem": _classifier,
    "classifier-e-diffsem": _classifier,
    "encoder-ibal": _linear_encoder,
    "classifier-ibal": _classifier,
    "encoder-ibal-d": _linear_encoder,
    "classifier-ibal-d": _classifier,
    "encoder-direct": lambda scenario, sizes: PictureEncoder(sizes.image_shape),
    "encoder-permutation": lambda scenario, sizes: PictureEncoder(sizes.image_shape, permuted=True),
    "strong-classifier": _strong_classifier,
    "strong-classifier-clean": _strong_classifier,
}

DENOISERS = tuple(name for name in NETWORKS if name.startswith("denoiser"))
WEIGHTLESS = ("encoder-direct", "encoder-permutation")


# Defences of the reference pair, and what their key is for: (self-noise, scramble).
KEYED = {
    "keyed-self-noise": (True, False),
    "keyed-scramble": (False, True),
    "keyed-self-noise-scramble": (True, True),
}
# Where a listener without the key, or beside the beam, hears what it hears of another transmitter: the feature in
# Gaussian noise. Attacks are trained over all noise levels, so that one training serves all of these.
HEARD_LIKE = {
    "keyed-self-noise": "reference",
    "null-space-noise": "reference",
    "keyed-self-noise-scramble": "keyed-scramble",
}


def trained_on(transmitter: str, attack: ListedAttack, scenario: Scenario) -> str:
    """The transmitter on which an attack learns that is run against another one, or the same."""
    if attack.method.adaptive or _broken(transmitter, scenario):
        return transmitter
    return HEARD_LIKE.get(transmitter, transmitter)


def _broken(transmitter: str, scenario: Scenario) -> bool:
    return transmitter in KEYED and scenario.legitimate.key.generator != "chacha20"


def attack_network(transmitter: str, attack: ListedAttack, scenario: Scenario) -> str:
    """Name of an attack's network that was trained on a transmitter; a broken generator's is part of it."""
    generator = f"+{scenario.legitimate.key.generator}" if _broken(transmitter, scenario) else ""
    return f"{transmitter}{generator}.{attack.name}"


def target_of(transmitter: str, scenario: Scenario) -> Target:
    """What an eavesdropper knows of the systems behind a transmitter."""
    sizes = sizes_of(scenario.dataset)
    pictures = f"encoder-{transmitter}" in WEIGHTLESS
    shape = sizes.image_shape if pictures else sizes.feature_shape
    keyed, scrambled = KEYED.get(transmitter, (False, False))
    return Target(shape, sizes.image_shape, sizes.classes, sizes.pixel_rms, keyed, scrambled)


def build_network(scenario: Scenario, name: str) -> keras.Model:
    """A network by name, untrained: one of `NETWORKS`, or that of an attack of the scenario."""
    if name in NETWORKS:
        return NETWORKS[name](scenario, sizes_of(scenario.dataset))
    attacked, _, attack_name = name.partition(".")
    transmitter = attacked.partition("+")[0]
    listed = listed_attacks(scenario.eavesdropper)
    known = {attack.name: attack for each in listed for attack in (each, *each.before)}
    return known[attack_name].method.build(target_of(transmitter, scenario))


@contextmanager
def precision(policy: str) -> Iterator[None]:
    """Networks built meanwhile compute by this Keras dtype policy; their weights stay float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def weights_folder(scenario: Scenario) -> Path:
    """The folder that a scenario's weights come from: the shipped one of its data set, or the one it names."""
    return pretrained_folder(scenario) if scenario.weights == "pretrained" else Path(scenario.weights)


def has_shipped_weights(dataset: DatasetName | Folder) -> bool:
    """Whether weights ship for a data set."""
    return isinstance(dataset, str) and (PRETRAINED / dataset).is_dir()


def pretrained_folder(scenario: Scenario) -> Path:
    """The folder of the shipped weights of a scenario's data set. Raises InputError if none ship."""
    name = scenario.dataset if isinstance(scenario.dataset, str) else "folder"
    if not has_shipped_weights(scenario.dataset):
        shipped = sorted(path.name for path in PRETRAINED.iterdir() if path.is_dir())
        raise InputError(
            f"weights pretrained: none ship for dataset {name}, only for {', '.join(shipped)}; `diffsem train` makes "
            "some, and `weights:` names their folder"
        )
    return PRETRAINED / name


def weights_file(folder: Path, name: str) -> Path:
    return folder / f"{name}.weights.h5"


def existing_weights_file(folder: Path, name: str) -> Path:
    """The file of a network's weights. Raises InputError if there is none."""
    path = weights_file(folder, name)
    if not os.path.isfile(path):
        distill = " --distill" if name.endswith("-distilled") else ""
        raise InputError(
            f"weights {path}: no such file; `diffsem train SCENARIO{distill}` makes it, `--start pretrained` from the "
            "shipped ones, and `weights:` names its folder"
        )
    return path


def weights_digest(folder: Path, name: str) -> str:
    """SHA-256 of a network's file. Raises InputError if there is none, or it is not the one of the training record."""
    path = existing_weights_file(folder, name)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if recorded_sha256(folder).get(name, digest) != digest:
        raise InputError(
            f"weights {path}: not the file of the training record beside it (SHA-256); restore it, or train it anew"
        )
    return digest


def save_network(network: keras.Model, folder: Path, name: str) -> None:
    """Write a network's weights as they are, whole or not at all. Raises OSError if they cannot be written."""
    with TemporaryDirectory() as apart:
        exact = Path(apart) / f"{name}.weights.h5"
        network.save_weights(exact)
        _rewrite(exact, folder, name, lambda values: values)


def pack_weights(source: Path, folder: Path, name: str) -> None:
    """Write a network's weights into a folder in float16, large kernels on a grid that compresses well.

    A file that has been packed before is copied.

    Parameters
    ----------
    source, folder : Path
        Folders of weights; they may be the same.
    name : str
        Of the network.

    Raises
    ------
    InputError
        If there is no such network in `source`.
    OSError
        If the file cannot be written; what was there before is whole.
    """
    large, share = _grid(name)
    path = existing_weights_file(source, name)
    _check_weights(path)

    def rounded(values: np.ndarray) -> np.ndarray:
        # Seed states are integers.
        if values.dtype != np.float32:
            return values
        return (_on_grid(values, share) if values.size >= large else values).astype(np.float16)

    if _is_packed(path):
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(weights_file(folder, name), path.read_bytes())
    else:
        _rewrite(path, folder, name, rounded)


def _check_weights(path: Path) -> None:
    """Make sure that a file of weights leads to no other file. Raises InputError."""
    try:
        with opened(content := path.read_bytes()) as file:
            check_plain(file, Content(content))
    except (OSError, ValueError) as error:
        raise InputError(f"weights {path}: {error}; restore them, or train them anew") from error


def _is_packed(path: Path) -> bool:
    """Whether a file holds no weight in full precision."""
    kinds: set[str] = set()
    with h5py.File(path) as file:
        file.visititems(lambda name, node: kinds.add(node.dtype.name) if isinstance(node, h5py.Dataset) else None)
    return "float32" not in kinds


def _rewrite(source: Path, folder: Path, name: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Copy a file of weights into the compact format, each of its arrays changed."""
    with TemporaryDirectory() as apart:
        small = Path(apart) / "small.h5"
        with h5py.File(source) as file, _compact_file(small) as target:
            _copy(file, target, change)
        content = small.read_bytes()
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(weights_file(folder, name), content)


def _compact_file(path: Path) -> h5py.File:
    """A new file in the compact format of HDF5 1.10, without times: equal weights make equal files."""
    access, creation = h5py.h5p.create(h5py.h5p.FILE_ACCESS), h5py.h5p.create(h5py.h5p.FILE_CREATE)
    access.set_libver_bounds(h5py.h5f.LIBVER_V110, h5py.h5f.LIBVER_V110)
    creation.set_obj_track_times(False)
    return h5py.File(h5py.h5f.create(str(path).encode(), fcpl=creation, fapl=access))


def _make_group(file: h5py.File, path: str) -> None:
    creation = h5py.h5p.create(h5py.h5p.GROUP_CREATE)
    creation.set_obj_track_times(False)
    h5py.h5g.create(file.id, path.encode(), gcpl=creation)


def _grid(name: str) -> tuple[float, float]:
    """From which size on a network's kernels are stored on a grid, and how coarse it is in shares of their deviation.

    A half costs 3.5 bits a weight, a quarter 4.5, float16 15. Networks that are called again and again, or send what
    has to survive noise, are kept finer; encoders that others are trained behind as fine as can be. So is
    sorted-magnitudes, whose inputs hardly differ from each other: on half a deviation it lost 10 points at t = 0.
    """
    if name.startswith("denoiser") or name == "encoder-reference":
        return 20_000, 1 / 4
    if name.startswith("encoder") or name.endswith(".sorted-magnitudes"):
        return np.inf, 0
    return (20_000 if name.startswith("classifier") else 4_000), 1 / 2


def _copy(source: h5py.File, target: h5py.File, change: Callable[[np.ndarray], np.ndarray]) -> None:
    def copy(path, node):
        # Keras saves the optimiser of a compiled network with it: twice the weights again, of no use to a sweep.
        if "optimizer" in path.split("/"):
            return
        if isinstance(node, h5py.Dataset):
            _write_deflated(target, path, change(node[()]))
        else:
            _make_group(target, path)
        target[path].attrs.update(node.attrs)

    target.attrs.update(source.attrs)
    source.visititems(copy)


def _write_deflated(target: h5py.File, path: str, values: np.ndarray) -> None:
    """In the form of HDF5's own shuffle and gzip, which read it back, but a sixth smaller.

    A weight on a grid says nothing about the next: looking for long matches, as HDF5 has zlib do, costs more than it
    brings.
    """
    if not values.shape:
        target.create_dataset(path, data=values)
        return
    dataset = target.create_dataset(
        path, values.shape, values.dtype, chunks=values.shape, shuffle=True, compression="gzip", compression_opts=9
    )
    shuffled = np.frombuffer(values.tobytes(), np.uint8).reshape(-1, values.itemsize).T.tobytes()
    streams = []
    for strategy in (zlib.Z_DEFAULT_STRATEGY, zlib.Z_RLE):
        deflate = zlib.compressobj(9, strategy=strategy)
        streams.append(deflate.compress(shuffled) + deflate.flush())
    dataset.id.write_direct_chunk((0,) * values.ndim, min(streams, key=len))


def _on_grid(values: np.ndarray, share: float) -> np.ndarray:
    """A kernel on an even grid around 0; its step, a power of two, leaves few bits of a float16 to be stored."""
    deviation = values.std()
    if deviation == 0:
        return values
    step = 2.0 ** np.round(np.log2(share * deviation))
    return np.round(values / step) * step


def load_network(scenario: Scenario, folder: Path, name: str) -> keras.Model:
    """Build a network and load its weights.

    Raises
    ------
    InputError
        If the file is missing, broken, of another network, or not the one of the folder's training record.
    """
    if name in WEIGHTLESS:
        return build_network(scenario, name)
    path = existing_weights_file(folder, name)
    weights_digest(folder, name)
    _check_weights(path)
    with precision(scenario.execution.precision if name in DENOISERS else "float32"):
        network = build_network(scenario, name)
    try:
        with warnings.catch_warnings():
            # Keras only warns of layers that the file lacks and leaves them untrained.
            warnings.simplefilter("error", UserWarning)
            network.load_weights(path)
    except Exception as error:  # of a damaged file, Keras and h5py may raise anything
        raise InputError(
            f"weights {path}: do not fit the network {name} of this scenario; allowed: a file that `diffsem train` "
            f"wrote for it ({' '.join(str(error).split())[:120]})"
        ) from error
    network.trainable = False
    return network
