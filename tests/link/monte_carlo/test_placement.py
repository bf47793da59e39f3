"""What a GPU needs of the programs, shown without one: nothing is pinned to the host, and a pool is one transfer."""

import cProfile
import pstats
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from diffsem.channels import BlockFadingChannel
from diffsem.link import (
    Attack,
    DigitalLink,
    DigitalSystem,
    EDiffSemReceiver,
    Experiment,
    NetworkAttack,
    Point,
    Programs,
    RandomBits,
    Reception,
    StoppingRule,
    System,
    Transmitter,
    WiretapLink,
    simulate_points,
)
from diffsem.link.monte_carlo.outcome import Job
from diffsem.link.monte_carlo.part import parts_of
from diffsem.models import Denoise, NoiseSchedule, UNet, mnist

BATCH = 8
# By which something goes to a device, is run there, or comes back.
CROSSINGS = ("TFE_Py_Execute", "TFE_Py_FastPathExecute", "convert_to_eager_tensor", "asarray", "_numpy_internal")


def built():
    """Every kind of program: transmitter, receiver with rounds, attack with judges, digital link."""
    rng, schedule = np.random.default_rng(0), NoiseSchedule()
    node = Reception(BlockFadingChannel(), schedule)
    receiver = EDiffSemReceiver(mnist.Classifier(), Denoise(UNet(channels=8, context=10), grid=2), batch_size=BATCH)
    sent = DigitalLink(BlockFadingChannel(), "zf", "qpsk", None, information_bits=8)
    return Experiment(
        links={"pair": WiretapLink(Transmitter(mnist.Encoder(), schedule), node, node)},
        systems=[System("rounds", "pair", receiver)],
        attacks=[Attack("inversion", "pair", NetworkAttack(mnist.InversionMLP()))],
        judge=mnist.StrongClassifier(),
        clean_judge=mnist.StrongClassifier(),
        images=rng.random((64, 28, 28, 1), np.float32),
        labels=rng.integers(0, 10, 64),
        schedule=schedule,
        stopping=StoppingRule(max_images=4 * BATCH),
        batch_size=BATCH,
        seed=1,
        channels={"receiver": "rayleigh", "adversary": "rayleigh"},
        digital=[DigitalSystem("bits", sent, RandomBits(8))],
    )


@pytest.fixture(scope="module")
def programs():
    return Programs(built())


def point(snr_db):
    return Point(240, snr_db, (snr_db,))


def pool(*jobs):
    """The same jobs for all parts."""
    return dict.fromkeys(parts_of(built()), jobs)


def crossings(programs, jobs):
    """How often each of `CROSSINGS` is called for a pool."""
    profile = cProfile.Profile()
    profile.runcall(programs.run, pool(*jobs))
    counts = Counter()
    for (_, _, name), (_, calls, *_) in pstats.Stats(profile).stats.items():
        counts += Counter({known: calls for known in CROSSINGS if known in name})
    return counts


@pytest.mark.slow
def test_a_pool_crosses_to_the_device_and_back_equally_often_whatever_it_holds(programs):
    programs.run(pool(Job(point(0.0), 0)))
    one = crossings(programs, [Job(point(0.0), 0)])
    assert one["TFE_Py_Execute"] > 0
    assert 0 < one["asarray"] < 50
    for jobs in (
        [Job(point(0.0), batch) for batch in range(6)],
        [Job(point(snr_db), batch) for snr_db in (0.0, 5.0, 10.0) for batch in range(4)],
    ):
        assert crossings(programs, jobs) == one


def test_a_sweep_of_many_points_is_one_trace_a_program(programs):
    results = list(simulate_points(built(), programs, [point(snr_db) for snr_db in (-5.0, 0.0, 5.0, 10.0)]))
    assert len(results) == 4
    assert programs.traces() == {"pair": 1, "rounds": 1, "inversion on pair": 1, "bits": 1}


def test_no_operation_is_pinned_to_a_device(programs):
    every = {**programs._transmit, **programs._receive, **programs._digital, "attack": programs._attack[0]}
    for name, program in every.items():
        graph = program.get_concrete_function().graph.as_graph_def()
        nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
        assert len(nodes) > 50, name
        pinned = {node.name: node.device for node in nodes if node.device}
        assert not pinned, name
        # These run Python on the host, whatever device there is.
        assert not [node.name for node in nodes if "PyFunc" in node.op], name


PLACED = """
import sys
sys.path.insert(0, sys.argv[1])
import tensorflow as tf
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import test_placement
from diffsem.link import Programs
from diffsem.link.monte_carlo.outcome import Job
tf.config.set_soft_device_placement(False)
made = []
with tf.device("CPU:1"):
    programs = Programs(test_placement.built())
    for name in ("_transmit", "_receive", "_digital"):
        own = getattr(programs, name)
        for key, program in own.items():
            own[key] = lambda *given, program=program: made.append(program(*given)) or made[-1]
    run = programs._attack[0]
    programs._attack[0] = lambda *given: made.append(run(*given)) or made[-1]
    programs.run(test_placement.pool(Job(test_placement.point(0.0), 0)))
devices = {tensor.device[-5:] for each in made for tensor in each}
print(len(made), devices)
"""


@pytest.mark.slow
def test_all_results_lie_on_the_device_that_the_programs_were_given():
    """Two logical CPUs: nothing may fall back on the first, as on a host."""
    folder = __file__.rpartition("/")[0]
    done = subprocess.run([sys.executable, "-c", PLACED, folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "4 {'CPU:1'}"
