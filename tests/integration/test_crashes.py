"""Whatever ends a run, what was finished is on the disk, and a resume gives the identical table."""

import multiprocessing
import random
import shutil
import subprocess
import sys
import time

import pytest

from diffsem.link import journal_of, read_results
from diffsem.scenarios import load_scenario, run_scenario

SMALL = [
    "timesteps=[30, 60, 90, 120, 150, 180, 210, 240]",
    "legitimate.snr_db=[-5, -2.5, 0, 2.5, 5, 7.5, 10, 12.5, 15, 17.5, 20]",
    "legitimate.receivers=[classifier]",
    "eavesdropper.attacks=[inversion-mlp]",
    "monte_carlo={max_images: 100, batch_size: 32, target_errors: null, ci_half_width: null}",
]
NODES = 2
DIFFSEM = [sys.executable, "-m", "diffsem.scenarios.command_line"]


def command(path):
    return [*DIFFSEM, "run", "mnist-awgn", "--out", str(path), *(word for key in SMALL for word in ("--set", key))]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "r.h5"
    run_scenario(load_scenario("mnist-awgn", SMALL), path)
    return path


@pytest.fixture(scope="module")
def imported():
    """Processes that begin where all is imported: nothing is written before, and most of a start is that."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tensorflow", "keras", "diffsem.scenarios.runs.sweep", "diffsem.link.results"])
    return context


AS_A_COMMAND = """
import sys
sys.argv = {arguments}
sys.stdout = sys.stderr = open("/dev/null", "w")
from diffsem.scenarios.command_line import main
main()
"""


@pytest.mark.slow
def test_fifty_kills_at_random_moments_cost_no_finished_point_and_change_no_row(
    whole, imported, tmp_path, assert_same_table
):
    """Every fifth comes at any moment of a run, its start included; the rest while it writes its points."""
    path, moments = tmp_path / "r.h5", random.Random(7)
    finished, grown = 0, 0

    def on_the_disk():
        """Another value as soon as a point is finished."""
        return [file.stat().st_size if file.exists() else 0 for file in (path, journal_of(path))]

    for i in range(50):
        before = on_the_disk()
        if i % 5 == 0:
            with subprocess.Popen(command(path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
                try:
                    run.wait(moments.uniform(0, 6))
                except subprocess.TimeoutExpired:
                    run.kill()
        else:
            run = imported.Process(target=exec, args=(AS_A_COMMAND.format(arguments=command(path)[2:]),))
            run.start()
            while run.is_alive() and on_the_disk() == before:
                time.sleep(0.02)
            run.join(moments.uniform(0, 0.5))
            run.kill()
            run.join()
        if path.exists():
            rows = read_results(path)
            assert len(rows) >= finished
            assert len(rows) % NODES == 0
            grown += len(rows) > finished
            finished = len(rows)
            # Nothing is left to kill in a complete table: begin anew.
            if rows.attrs["complete"]:
                assert_same_table(path, whole)
                path.unlink()
                finished = 0
    subprocess.run(command(path), check=True, capture_output=True)
    assert_same_table(path, whole)
    assert grown >= 25, "the kills came too early to say anything"


def on_a_small_disk(size, folder, arguments):
    """Run the command with `folder` on a disk of its own, of `size` bytes; what it holds is kept in `folder`-kept."""
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare, to mount a small disk")
    script = (
        'mount -t tmpfs -o size="$1" tmpfs "$2" || exit 77; folder="$2"; shift 2; "$@"; status=$?; '
        'cp -r "$folder" "$folder-kept"; exit $status'
    )
    shell = ["unshare", "--map-root-user", "--mount", "bash", "-c", script, "bash", str(size), str(folder)]
    done = subprocess.run([*shell, *arguments], capture_output=True, text=True, check=False)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("not allowed to mount a small disk")
    return done


@pytest.mark.slow
def test_a_full_disk_ends_a_run_in_one_line_and_the_resumed_table_is_identical(whole, tmp_path, assert_same_table):
    disk = tmp_path / "disk"
    disk.mkdir()
    # The table and its journal, or two tables, have to fit: room for half of it is too little at the end.
    size = int(0.5 * whole.stat().st_size)
    done = on_a_small_disk(size, disk, command(disk / "r.h5"))
    assert done.returncode == 2, done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("diffsem: ")
    assert "No space left on device" in last
    kept = tmp_path / "disk-kept" / "r.h5"
    assert 0 < len(read_results(kept)) < len(read_results(whole))
    assert not list(kept.parent.glob("*.partial"))
    subprocess.run(command(kept), check=True, capture_output=True)
    assert_same_table(kept, whole)


TOY = [
    "training.images=400",
    "training.epochs.pair=30",
    "legitimate.receivers=[classifier]",
    "eavesdropper.attacks=[]",
]


def train_command(folder):
    keys = (word for key in TOY for word in ("--set", key))
    return [*DIFFSEM, "train", "mnist-awgn", "--out", str(folder), *keys]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    subprocess.run(train_command(folder), check=True, capture_output=True)
    return folder


@pytest.mark.slow
def test_a_full_disk_ends_a_training_in_one_line_and_it_resumes_to_the_same_weights(trained, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    # One state of the pair with its optimiser takes 340 kB, and two stand side by side for a moment.
    done = on_a_small_disk(500_000, disk, train_command(disk))
    assert done.returncode == 2, done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("diffsem: weights folder")
    assert "cannot be written" in last
    kept = tmp_path / "disk-kept"
    subprocess.run(train_command(kept), check=True, capture_output=True)
    for name in ("encoder", "classifier"):
        left, right = (folder / f"{name}.weights.h5" for folder in (kept, trained))
        assert left.read_bytes() == right.read_bytes()


@pytest.mark.slow
def test_a_training_killed_at_random_moments_resumes_to_the_same_weights(trained, tmp_path):
    moments = random.Random(11)
    for _ in range(5):
        with subprocess.Popen(
            train_command(tmp_path / "cut"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as run:
            try:
                run.wait(moments.uniform(4, 9))
            except subprocess.TimeoutExpired:
                run.kill()
    subprocess.run(train_command(tmp_path / "cut"), check=True, capture_output=True)
    for name in ("encoder", "classifier"):
        left, right = (folder / f"{name}.weights.h5" for folder in (tmp_path / "cut", trained))
        assert left.read_bytes() == right.read_bytes()
