"""Ray tracing by Sionna RT, in a process and an environment of its own: it imports no diffsem and no TensorFlow.

Mitsuba cannot be loaded behind TensorFlow, and `sionna-rt` writes over `sionna-no-rt`. So this file is run by another
Python, as `python tracer.py`: a question as JSON comes by standard input, and every answer is a line of JSON.
"""

import json
import sys
from pathlib import Path

import numpy as np

# Rays that are followed out of a closed surface: more crossings than any building has.
MOST_CROSSINGS = 64
# A ray goes on a little behind what it met, m.
BEHIND = 1e-3
# Receivers that are solved at a time. All share one buffer of paths, which must not fill up.
AT_A_TIME = 32
# Of a position's power, what the weakest paths may carry together that are left out.
LEFT_OUT = 1e-4
# By how much a position's gain may differ when it is traced again, beside others, dB.
TOLERANCE_DB = 0.2
MOST_TRIES = 5


def say(**answer) -> None:
    """One answer, at once."""
    print(json.dumps(answer), flush=True)


def refuse(message: str) -> None:
    """Say what is wrong with the question, and end."""
    say(refused=message)
    sys.exit(2)


def main() -> None:
    """Answer the question on standard input; `scenarios.streets.tracing` writes it."""
    asked = json.load(sys.stdin)
    try:
        import sionna.rt as rt
    except ImportError as error:
        refuse(f"sionna-rt or what it needs cannot be loaded ({error}); install libllvm19, or set DRJIT_LIBLLVM_PATH")
    scene = _scene(rt, asked)
    say(versions=_versions(), outline=_outline(scene, asked["height_m"]))
    for node in ("transmitter", "receiver"):
        if _inside(scene, np.array([asked[node]["position_m"]]))[0]:
            refuse(f"{node}.position_m: lies inside of a building or a car")
    grid = np.array(asked["grid_m"]).reshape(-1, 3)
    outside = np.flatnonzero(~_inside(scene, grid))
    say(positions=outside.tolist())
    done = set(asked["done"])
    _trace(rt, scene, asked, "receiver", {-1: asked["receiver"]["position_m"]} if -1 not in done else {})
    waiting = {int(place): grid[place].tolist() for place in outside if place not in done}
    _trace(rt, scene, asked, "eavesdropper", waiting)


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("sionna-rt", "mitsuba", "drjit", "numpy")}


def _scene(rt, asked):
    name = asked["scene"]
    shipped = [key for key in dir(rt.scene) if isinstance(getattr(rt.scene, key), str) and key[0].islower()]
    shipped = [key for key in shipped if getattr(rt.scene, key).endswith(".xml")]
    if name != "empty" and name not in shipped and not Path(name).is_file():
        refuse(
            f"scene: {name}: no file, and no scene of Sionna RT; allowed: a Mitsuba XML file, empty, "
            + ", ".join(sorted(shipped))
        )
    path = None if name == "empty" else getattr(rt.scene, name) if name in shipped else name
    try:
        # Each shape by itself: their outlines are drawn.
        scene = rt.load_scene(path, merge_shapes=False)
    except Exception as error:
        refuse(f"scene: {name}: not a scene ({str(error).strip().splitlines()[0][:200]})")
    scene.frequency = asked["carrier_hz"]
    scene.tx_array = _array(rt, asked["transmitter"]["array"])
    receiver = rt.Receiver("aim", asked["receiver"]["position_m"])
    transmitter = rt.Transmitter("transmitter", asked["transmitter"]["position_m"])
    transmitter.look_at(receiver)
    scene.add(transmitter)
    return scene


def _array(rt, words):
    return rt.PlanarArray(
        num_rows=words["rows"],
        num_cols=words["columns"],
        vertical_spacing=words["spacing"],
        horizontal_spacing=words["spacing"],
        pattern=words["pattern"],
        polarization=words["polarisation"],
    )


def _meshes(scene):
    """By object of the scene that is a mesh: vertices [V, 3] and triangles [T, 3]."""
    import mitsuba as mi

    for item in scene.objects.values():
        values = mi.traverse(item.mi_mesh)
        if "vertex_positions" not in values:
            continue
        yield (
            np.array(values["vertex_positions"]).reshape(-1, 3),
            np.array(values["faces"]).reshape(-1, 3).astype(int),
        )


def _outline(scene, height: float) -> list:
    """Where the scene's surfaces cut the plane of the eavesdroppers: segments [2, 2], m."""
    segments = []
    for vertices, triangles in _meshes(scene):
        for triangle in vertices[triangles]:
            cut = []
            for first, second in zip(triangle, np.roll(triangle, -1, axis=0), strict=True):
                below, above = sorted((first, second), key=lambda end: end[2])
                if below[2] <= height < above[2]:
                    share = (height - below[2]) / (above[2] - below[2])
                    cut.append((below + share * (above - below))[:2].round(3).tolist())
            if len(cut) == 2:
                segments.append(cut)
    return segments


def _inside(scene, positions):
    """[N, 3] -> [N], whether a ray straight up leaves a closed surface once more than it enters one."""
    import drjit as dr
    import mitsuba as mi

    if not scene.objects or not len(positions):
        return np.zeros(len(positions), bool)
    crossings = np.zeros(len(positions), int)
    at, alive = positions.astype(np.float32).copy(), np.ones(len(positions), bool)
    for _ in range(MOST_CROSSINGS):
        rays = mi.Ray3f(mi.Point3f(*at.T), mi.Vector3f(0, 0, 1))
        met = scene.mi_scene.ray_intersect_preliminary(rays)
        hit = np.array(met.is_valid()) & alive
        if not hit.any():
            break
        crossings += hit
        at[hit, 2] += np.array(met.t)[hit] + BEHIND
        alive &= hit
    dr.sync_thread()
    return crossings % 2 == 1


def _trace(rt, scene, asked, node: str, waiting: dict) -> None:
    """Trace positions in small batches, each into a file of its own, and say so."""
    scene.rx_array = _array(rt, asked[node]["array"])
    places = sorted(waiting)
    for first in range(0, len(places), AT_A_TIME):
        batch = places[first : first + AT_A_TIME]
        found = _confirmed(rt, scene, asked, [waiting[place] for place in batch])
        for place, paths in zip(batch, found, strict=True):
            whole = Path(asked["folder"]) / node / f"{place}.npz"
            partial = whole.with_suffix(".partial")
            with partial.open("wb") as file:
                np.savez(file, **paths)
            partial.replace(whole)
        say(traced=len(batch))


def _confirmed(rt, scene, asked, positions):
    """The paths of each position, traced until two tracings agree: beside others, paths can get lost or be made up."""
    kept = [None] * len(positions)
    open_, last = list(range(len(positions))), [None] * len(positions)
    for attempt in range(MOST_TRIES):
        # In another order and, at last, alone: a position's neighbours in the buffer are others each time.
        order = open_ if attempt % 2 == 0 else open_[::-1]
        groups = [order] if attempt < 2 else [[place] for place in order]
        for group in groups:
            for place, paths in zip(
                group, _solve(rt, scene, asked, [positions[place] for place in group]), strict=True
            ):
                if last[place] is not None and _agree(last[place], paths):
                    kept[place] = last[place]
                last[place] = paths
        open_ = [place for place in open_ if kept[place] is None]
        if not open_:
            return kept
    refuse(f"position {positions[open_[0]]}: {MOST_TRIES} tracings disagree; allowed: more samples, or less depth")
    return kept


def _agree(first, second) -> bool:
    one, other = (float(np.sum(np.abs(paths["gains"]) ** 2)) for paths in (first, second))
    if not np.isfinite([one, other]).all():
        return False
    if min(one, other) == 0:
        return one == other
    return abs(10 * np.log10(one / other)) < TOLERANCE_DB


def _solve(rt, scene, asked, positions):
    for name in list(scene.receivers):
        scene.remove(name)
    for count, position in enumerate(positions):
        scene.add(rt.Receiver(f"receiver-{count}", position))
    solver = rt.PathSolver()
    paths = solver(
        scene,
        max_depth=asked["depth"],
        samples_per_src=asked["samples"],
        synthetic_array=True,
        los=True,
        specular_reflection=True,
        diffuse_reflection=False,
        refraction=asked["refraction"],
        diffraction=asked["diffraction"],
        seed=asked["seed"],
    )
    gains, delays = paths.cir(normalize_delays=False, out_type="numpy")
    gains, delays = gains[:, :, 0, :, :, 0], delays[:, 0]  # [rx, rx ant, tx ant, path], [rx, path]
    interactions = np.array(paths.interactions.numpy())[:, :, 0]  # [depth, rx, path]
    direct = (interactions == 0).all(axis=0) if len(interactions) else np.ones(delays.shape, bool)
    return [_of_one(*each) for each in zip(gains, delays, direct, strict=True)]


def _of_one(gains, delays, direct):
    """A position's paths, strongest first, without those that are not there and those that carry nothing."""
    power = np.sum(np.abs(gains) ** 2, axis=(0, 1))
    order = np.argsort(-power, kind="stable")
    order = order[power[order] > 0]
    behind = np.cumsum(power[order][::-1])[::-1]
    order = order[behind > LEFT_OUT * power.sum()]
    return {
        "gains": gains[:, :, order].astype(np.complex64),
        "delays": delays[order].astype(np.float32),
        "line_of_sight": np.array(bool((direct & (power > 0)).any())),
    }


if __name__ == "__main__":
    main()
