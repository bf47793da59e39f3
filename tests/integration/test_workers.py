"""Workers of any number and kind give the identical table, and may die on the way."""

import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from diffsem.link import InputError, read_results
from diffsem.scenarios import load_scenario, run_scenario

SMALL = [
    "timesteps=[180, 240]",
    "legitimate.snr_db=[0, 5, 15]",
    "legitimate.receivers=[classifier, one-step, e-diffsem, digital]",
    "eavesdropper.attacks=[inversion-mlp]",
    "monte_carlo={max_images: 256, batch_size: 64, target_errors: null, ci_half_width: null}",
]


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
    return len(read_results(path)) // 7 if path.exists() else 0


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


def test_a_worker_with_other_weights_refuses(scenario):
    from diffsem.scenarios.runner import sweep_points
    from diffsem.scenarios.workers import simulate_point

    with pytest.raises(InputError, match="not those that the sweep was started with"):
        simulate_point(scenario, "0" * 64, None, sweep_points(scenario)[0])


def test_a_second_run_is_kept_off_the_file_and_the_folder(scenario, tmp_path):
    from diffsem.scenarios.locking import only_run
    from diffsem.scenarios.training import train_scenario

    code = (
        "import sys, time; from pathlib import Path; from diffsem.scenarios.locking import only_run\n"
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


def test_dask_is_not_imported_unless_asked_for():
    code = (
        "import sys; from diffsem.scenarios import load_scenario, run_scenario\n"
        "run_scenario(load_scenario('mnist-quick', ['legitimate.snr_db=[15]', 'monte_carlo.max_images=32',"
        "'monte_carlo.batch_size=32', 'legitimate.receivers=[classifier]', 'eavesdropper.attacks=[]']))\n"
        "print(sorted({'dask', 'distributed'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
