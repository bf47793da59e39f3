"""Workers of any number and kind give the identical table, and may die on the way."""

import json
import multiprocessing
import os
import platform
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from diffsem.link import InputError, read_results
from diffsem.scenarios import load_scenario, run_scenario
from diffsem.scenarios.schema.file import SHIPPED

SMALL = [
    "timesteps=[180, 240]",
    "legitimate.snr_db=[0, 5, 15]",
    "legitimate.receivers=[classifier, one-step, digital]",
    "eavesdropper.attacks=[inversion-mlp]",
    "monte_carlo={max_images: 256, batch_size: 64, target_errors: null, ci_half_width: null}",
]
# The least that two workers can share.
TINY = [
    "legitimate={snr_db: [0, 15], receivers: [classifier]}",
    "eavesdropper.attacks=[]",
    "monte_carlo={max_images: 32, batch_size: 32}",
]
# What a script does at its top, it does in every worker that it starts, too.
SCRIPT = """
import json, os, sys
import diffsem.link as link
from diffsem.link import InputError
from diffsem.scenarios import load_scenario, run_scenario

simulate = link.simulate_points

def told(*arguments):
    import tensorflow as tf
    config = tf.config.threading
    known = {key: os.environ.get(key) for key in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")}
    known |= {"intra": config.get_intra_op_parallelism_threads(), "inter": config.get_inter_op_parallelism_threads()}
    os.write(1, (json.dumps(known) + "\\n").encode())
    return simulate(*arguments)

link.simulate_points = told

def sweep():
    try:
        run_scenario(load_scenario("mnist-quick", OVERRIDES), workers=2)
    except InputError as error:
        sys.exit(f"diffsem: {error}")

"""
GUARDED = 'if __name__ == "__main__":\n    sweep()'


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("mnist-awgn", SMALL)


@pytest.fixture(scope="module")
def whole(scenario, tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "r.h5"
    run_scenario(scenario, path)
    return path


def when(condition, act, seconds=300):
    """Wait in the background until `condition`, then act."""

    def wait():
        deadline = time.time() + seconds
        while time.time() < deadline and not condition():
            time.sleep(0.05)
        act()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def finished_points(path):
    return len(read_results(path)) // 5 if path.exists() else 0


@pytest.mark.slow
def test_two_processes_give_the_identical_table_though_one_is_killed(scenario, whole, tmp_path, assert_same_table):
    path, killed = tmp_path / "r.h5", []

    def kill():
        (victim, *_) = sorted(
            (child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())),
            key=lambda child: child.create_time(),
        )
        killed.append(victim.pid)
        victim.kill()

    killer = when(lambda: finished_points(path) >= 1, kill)
    run_scenario(scenario, path, workers=2)
    killer.join()
    assert len(killed) == 1
    assert_same_table(path, whole)


@pytest.mark.slow
def test_a_run_with_workers_that_is_killed_leaves_no_process_behind_and_resumes(whole, tmp_path, assert_same_table):
    path = tmp_path / "r.h5"
    command = [sys.executable, "-m", "diffsem.scenarios.command_line", "run", "mnist-awgn", "--out", str(path)]
    for override in SMALL:
        command += ["--set", override]
    with subprocess.Popen([*command, "--workers", "2"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as run:
        when(lambda: finished_points(path) >= 1, lambda: None).join()
        workers = psutil.Process(run.pid).children(recursive=True)
        run.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert alive == []
    assert 1 <= finished_points(path) < 6
    subprocess.run(command, check=True, capture_output=True)
    assert_same_table(path, whole)


@pytest.mark.slow
def test_three_dask_workers_give_the_identical_table_though_one_is_killed(scenario, whole, tmp_path, assert_same_table):
    distributed = pytest.importorskip("distributed")
    path, killed = tmp_path / "r.h5", []
    with distributed.LocalCluster(n_workers=3, threads_per_worker=1, dashboard_address=None) as cluster:

        def kill():
            pid = next(iter(cluster.workers.values())).pid
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)

        killer = when(lambda: finished_points(path) >= 1, kill)
        run_scenario(scenario, path, scheduler=cluster.scheduler_address)
        killer.join()
    assert len(killed) == 1
    assert_same_table(path, whole)


def run_script(folder, top="", end=GUARDED, seconds=120):
    """What a script of a user says, to standard output and error, and its exit status."""
    script = folder / "sweep.py"
    script.write_text(f"{top}\nOVERRIDES = {TINY}\n{SCRIPT}{end}\n")
    return subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=seconds)


@pytest.mark.slow
@pytest.mark.parametrize("top", ["import tensorflow as tf", "import tensorflow as tf; tf.zeros(1)"])
def test_workers_share_the_cores_though_the_script_has_loaded_tensorflow(top, tmp_path):
    done = run_script(tmp_path, top)
    assert done.returncode == 0, done.stderr
    workers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(workers) == 2
    cores = len(os.sched_getaffinity(0))
    for told in workers:
        assert told["TF_NUM_INTRAOP_THREADS"] == told["TF_NUM_INTEROP_THREADS"]
        share = int(told["TF_NUM_INTRAOP_THREADS"])
        # A TensorFlow that runs already says 0, and obeys the environment.
        assert {told["intra"], told["inter"]} <= {share, *([0] if "zeros" in top else [])}
    assert sum(int(told["TF_NUM_INTRAOP_THREADS"]) for told in workers) == max(2, cores)


@pytest.mark.slow
def test_workers_that_cannot_keep_to_their_share_end_in_one_line(tmp_path):
    top = "import tensorflow as tf; tf.config.threading.set_intra_op_parallelism_threads(97); tf.zeros(1)"
    done = run_script(tmp_path, top)
    assert done.returncode == 1
    line = done.stderr.splitlines()[-1]
    assert line.startswith("diffsem: --workers: the calling script sets TensorFlow up itself (97 intra-op threads)")


@pytest.mark.parametrize(
    ("named", "usable", "expected"),
    [
        (None, [0, 1, 2], ["0", "1", "2", "0"]),
        ("7,GPU-5e,3", [0, 1, 2], ["7", "GPU-5e", "3", "7"]),
        ("7,GPU-5e,3", [1, 2], ["GPU-5e", "3", "GPU-5e", "3"]),
        ("7,GPU-5e,3", [], ["-1"] * 4),
    ],
)
def test_every_worker_has_one_of_the_gpus_that_its_parent_may_use(named, usable, expected, monkeypatch):
    import tensorflow as tf

    from diffsem.scenarios.runs.parallel.shares import share_of

    gpus = ["first", "second", "third"]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus)
    monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: [gpus[index] for index in usable])
    if named is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert [share_of(place, 4)["CUDA_VISIBLE_DEVICES"] for place in range(4)] == expected


@pytest.mark.slow
def test_a_script_without_a_guard_is_told_so_at_once(tmp_path):
    started = time.perf_counter()
    done = run_script(tmp_path, end="sweep()")
    assert time.perf_counter() - started < 60
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith(("WARNING", "I0", "E0", "W0"))]
    assert line.startswith("diffsem: --workers 2: ")
    assert line.endswith('put that call under if __name__ == "__main__":')


@pytest.mark.slow
def test_a_point_that_ends_one_worker_after_the_other_ends_the_run(tmp_path):
    done = run_script(tmp_path, end=f"link.simulate_points = lambda *_: os._exit(7)\n{GUARDED}")
    assert done.returncode == 1
    assert "ended 3 worker processes (out of memory?)" in done.stderr.splitlines()[-1]


def variant_of(scenario, points=None):
    """What a worker is told of all points of a scenario, or of others."""
    from diffsem.scenarios.datasets.splitting import load_dataset
    from diffsem.scenarios.runs.assembly import origin_of
    from diffsem.scenarios.runs.parallel.variant import Variant
    from diffsem.scenarios.runs.resolving import plan
    from diffsem.scenarios.runs.sweep import sweep_points

    planned = plan(scenario)
    own = sweep_points(scenario) if points is None else points
    return Variant(scenario, origin_of(planned, load_dataset(planned.source)), tuple(own))


@pytest.mark.slow
def test_processes_of_the_caller_outlive_the_workers():
    from diffsem.scenarios.runs.parallel.processes import Crew

    results = Crew(2, None).simulate([variant_of(load_scenario("mnist-quick", TINY))], lambda images: None)
    assert next(results).images == 32
    before = set(multiprocessing.active_children())
    own = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(600,))
    own.start()
    try:
        results.close()
        assert own.is_alive()
        assert not any(process.is_alive() for process in before)
    finally:
        own.kill()
        own.join()


@pytest.mark.slow
def test_an_error_in_a_worker_reaches_the_caller_with_its_traceback():
    from diffsem.link import Point
    from diffsem.scenarios.runs.parallel.processes import Crew

    nonsense = variant_of(load_scenario("mnist-quick", TINY), [Point(240, "loud", (0.0,))])
    with pytest.raises(RuntimeError, match="in simulate_points"):
        next(Crew(1, None).simulate([nonsense], lambda images: None))


# Parts of one's own, beside the scenario that names them: a channel, and a receiver that turns features around.
OWN = """
import multiprocessing

import numpy as np
import tensorflow as tf
from sionna.phy import config

from diffsem.channels import BlockFadingChannel
from diffsem.link import BypassReceiver
from diffsem.scenarios import BlockFadingKeys, ChannelKind, System
from diffsem.scenarios.systems import clean_pair


class Keys(BlockFadingKeys):
    levels: int = 2


class UpsideDown(BypassReceiver):
    def call(self, inputs):
        received, step = inputs
        return super().call([tf.reverse(received, [1]), step])


def receiver(setup, load):
    return UpsideDown(load(clean_pair.CLASSIFIER), setup.schedule.steps, setup.scenario.monte_carlo.batch_size)


def build(keys, antennas, csi):
    def draw(count, receive, transmit):
        shape = [count, receive, transmit]
        level = tf.floor(keys.levels * config.tf_rng.uniform(shape)) + 0.5
        phase = config.tf_rng.uniform(shape, maxval=2 * np.pi)
        gain = level / tf.sqrt(tf.reduce_mean((tf.range(float(keys.levels)) + 0.5) ** 2))
        return tf.complex(gain * tf.cos(phase), gain * tf.sin(phase))

    return BlockFadingChannel(coherence=keys.coherence, csi=csi, draw_gains=draw)


SYSTEM = System(
    "upside-down", "upside down", "#112233", clean_pair.TRANSMITTER, lambda setup: {clean_pair.CLASSIFIER: 1}, receiver,
    stages=(clean_pair.TRAIN,),
)
CHANNEL = ChannelKind("levels", Keys, build)
"""
OWN_PARTS = [
    "timesteps=[180, 240]",
    "legitimate={snr_db: [0, 15], receivers: [classifier, 'own_parts:SYSTEM'], "
    "channel: {kind: 'own_parts:CHANNEL', levels: 3, coherence: 16}}",
    "eavesdropper={attacks: [linear-probe], channel: {kind: 'own_parts:CHANNEL'}}",
    "monte_carlo={max_images: 64, batch_size: 32, target_errors: null, ci_half_width: null}",
]


def run_own_parts(folder, out, *options, module=OWN):
    """`diffsem run` of a scenario with parts of one's own beside it, from another folder, as a user types it."""
    (folder / "own_parts.py").write_text(module)
    (folder / "own.yaml").write_bytes((SHIPPED / "mnist-quick.yaml").read_bytes())
    (folder / "elsewhere").mkdir(exist_ok=True)
    command = [sys.executable, "-P", "-m", "diffsem.scenarios.command_line", "run", folder / "own.yaml", "--out", out]
    command += [*(word for key in OWN_PARTS for word in ("--set", key)), *options]
    return subprocess.run(command, cwd=folder / "elsewhere", capture_output=True, text=True)


@pytest.mark.slow
def test_parts_of_ones_own_give_the_identical_table_on_two_processes(tmp_path, assert_same_table):
    for name, options in (("one.h5", []), ("two.h5", ["--workers", "2"])):
        done = run_own_parts(tmp_path, tmp_path / name, *options)
        assert done.returncode == 0, done.stderr
    assert_same_table(tmp_path / "two.h5", tmp_path / "one.h5")
    rows = read_results(tmp_path / "two.h5")
    assert set(rows["channel"]) == {"levels"}
    receivers = rows[rows["node"] == "receiver"]
    assert set(receivers["system"]) == {"classifier", "upside-down"}
    accuracy = receivers.groupby("system")["accuracy"].mean()
    assert accuracy["upside-down"] < accuracy["classifier"] - 0.2
    assert (receivers["total"] == 64).all()


@pytest.mark.slow
def test_a_process_that_cannot_import_a_part_says_so_in_one_line(tmp_path):
    here_only = 'if multiprocessing.parent_process() is not None:\n    raise OSError("no licence\\non this machine")\n'
    done = run_own_parts(tmp_path, tmp_path / "r.h5", "--workers", "2", module=f"{OWN}{here_only}")
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("diffsem: ")]
    assert line.startswith(f"diffsem: worker on {platform.node()}: ")
    assert "own_parts:" in line
    assert "OSError: no licence on this machine" in line


@pytest.mark.parametrize(
    ("key", "override"),
    [
        ("legitimate.receivers", "legitimate.receivers=['{part}']"),
        ("legitimate.channel", "legitimate.channel={{kind: '{part}'}}"),
        ("eavesdropper.channel", "eavesdropper.channel={{kind: '{part}'}}"),
        ("eavesdropper.attacks", "eavesdropper.attacks=['{part}']"),
        ("eavesdropper.judge", "eavesdropper.judge={part}"),
        ("dataset", "dataset={part}"),
    ],
)
def test_a_worker_that_lacks_a_module_says_so(key, override):
    """Another machine: a process whose path does not hold the folder of the scenario."""
    from diffsem.scenarios.runs.parallel.variant import Variant
    from diffsem.scenarios.runs.parallel.worker import simulate_group
    from diffsem.scenarios.runs.sweep import sweep_points

    part = "not_on_this_machine:PART"
    scenario = load_scenario("mnist-quick", [override.format(part=part)])
    with pytest.raises(InputError) as error:
        list(simulate_group(Variant(scenario, "", ()), None, sweep_points(scenario)[:1]))
    told = f"worker on {platform.node()}: {key}: {part}: ModuleNotFoundError: No module named 'not_on_this_machine'; "
    assert str(error.value).startswith(told)
    assert str(error.value).endswith("where Python finds it, on every worker's machine")


def test_a_worker_with_other_code_of_a_part_refuses(tmp_path, monkeypatch):
    from diffsem.scenarios.runs.parallel.worker import simulate_group

    (tmp_path / "own_parts.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    variant = variant_of(load_scenario("mnist-quick", OWN_PARTS))
    (tmp_path / "own_parts.py").write_text(f"{OWN}# another day\n")
    with pytest.raises(InputError, match="not those that the sweep was started with"):
        list(simulate_group(variant, None, variant.points[:1]))
    sys.modules.pop("own_parts")


def test_a_worker_with_other_weights_refuses(scenario):
    from diffsem.scenarios.runs.parallel.variant import Variant
    from diffsem.scenarios.runs.parallel.worker import simulate_group
    from diffsem.scenarios.runs.sweep import sweep_points

    with pytest.raises(InputError, match="not those that the sweep was started with"):
        list(simulate_group(Variant(scenario, "0" * 64, ()), None, sweep_points(scenario)[:1]))


def test_a_second_run_is_kept_off_the_file_and_the_folder(scenario, tmp_path):
    from diffsem.scenarios import train_scenario
    from diffsem.scenarios.runs.locking import only_run

    code = (
        "import sys, time; from pathlib import Path; from diffsem.scenarios.runs.locking import only_run\n"
        "with only_run(Path(sys.argv[1]), ''), only_run(Path(sys.argv[2]), ''):\n    print('held', flush=True)\n"
        "    time.sleep(600)"
    )
    locks = [str(tmp_path / ".r.h5.lock"), str(tmp_path / "w" / ".lock")]
    with subprocess.Popen([sys.executable, "-c", code, *locks], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(InputError, match="another diffsem is writing it"):
            run_scenario(scenario, tmp_path / "r.h5")
        with pytest.raises(InputError, match="another diffsem is writing it"):
            train_scenario(scenario, tmp_path / "w")
        other.kill()
    with only_run(tmp_path / ".r.h5.lock", "result file"):
        assert not (tmp_path / "r.h5").exists()


@pytest.mark.slow
def test_dask_is_not_imported_unless_asked_for():
    code = (
        "import sys; from diffsem.scenarios import load_scenario, run_scenario\n"
        "run_scenario(load_scenario('mnist-quick', ['legitimate.snr_db=[15]', 'monte_carlo.max_images=32',"
        "'monte_carlo.batch_size=32', 'legitimate.receivers=[classifier]', 'eavesdropper.attacks=[]']))\n"
        "print(sorted({'dask', 'distributed'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
