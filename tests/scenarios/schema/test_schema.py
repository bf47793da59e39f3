import copy
from pathlib import Path

import h5py
import pytest
import yaml

from diffsem.link import InputError
from diffsem.scenarios import Scenario, load_scenario
from diffsem.scenarios.schema import parse_scenario, shipped_scenarios
from diffsem.scenarios.strict_yaml import read_yaml

MINIMAL = {"name": "mine", "dataset": "mnist", "timesteps": [240], "legitimate": {"snr_db": [10]}}


def write(path, content):
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


@pytest.mark.parametrize("name", shipped_scenarios())
def test_shipped_scenarios_are_valid_and_read_back_from_their_resolved_form(name, tmp_path):
    scenario = load_scenario(name)
    assert scenario.name == name
    assert load_scenario(write(tmp_path / "resolved.yaml", scenario.to_yaml())) == scenario


def test_a_minimal_file_gets_documented_defaults(tmp_path):
    scenario = load_scenario(write(tmp_path / "mine.yaml", MINIMAL))
    assert scenario.eavesdropper.snr_db == "same"
    assert scenario.denoising.step == "matched"
    assert scenario.monte_carlo.max_images == 10000


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["timestep=[240]"], ["timestep: unknown key", "did you mean timesteps?"]),
        (["legitimate.snr=[5]"], ["legitimate.snr: unknown key", "did you mean snr_db?"]),
        (["legitimate.channel={kind: awgn, taps: 3}"], ["taps", "unknown key", "allowed: coherence, kind"]),
        (["eavesdropper.snr_db={ofset: 3}"], ["eavesdropper.snr_db"]),
        (["legitimate.snr_db=[high]"], ["legitimate.snr_db", "'high'", "valid number"]),
        (["legitimate.snr_db=high"], ["legitimate.snr_db", "'high'"]),
        (["legitimate.snr_db=[]"], ["legitimate.snr_db", "at least 1"]),
        (["legitimate.snr_db=[.nan]"], ["legitimate.snr_db", "finite"]),
        (["timesteps=[501]"], ["timesteps", "501", "less than or equal to 500"]),
        (["timesteps=[-1]"], ["timesteps", "greater than or equal to 0"]),
        (["timesteps=[300, 240]"], ["timesteps", "ascending"]),
        (["timesteps=[240.5]"], ["timesteps", "240.5", "integer"]),
        (["legitimate.channel={kind: vacuum}"], ["legitimate.channel", "'awgn', 'rayleigh'"]),
        (["legitimate.receivers=[diffsem, diffsem]"], ["receivers", "once"]),
        (["legitimate.receivers=[magic]"], ["receivers", "'classifier'"]),
        (["eavesdropper.attacks=[inversion-mpl]"], ["attacks.0.attack", "did you mean inversion-mlp?", "module:NAME"]),
        (
            ["eavesdropper.attacks=[{attack: inversion-mlp, know_step: no}]"],
            ["attacks.0.know_step", "did you mean knows_step?"],
        ),
        (["eavesdropper.attacks=[linear-probe, linear-probe]"], ["attacks", "once"]),
        (["eavesdropper.attacks=[3]"], ["attacks.0", "3"]),
        (["eavesdropper.surrogate={images: cats}"], ["surrogate.images", "'digits'"]),
        (["eavesdropper.surrogate={share: 0}"], ["surrogate.share", "greater than 0"]),
        (["eavesdropper.looks=0"], ["eavesdropper.looks", "greater than or equal to 1"]),
        (["legitimate.transmit_antennas=2"], ["legitimate", "2 streams", "there are 1"]),
        (
            ["legitimate.transmit_antennas=2", "legitimate.receive_antennas=2", "legitimate.equalizer=mrc"],
            ["legitimate", "equalizer mrc", "allowed: zf, mmse"],
        ),
        (
            ["legitimate.channel.kind=rayleigh", "legitimate.transmit_antennas=2", "legitimate.receive_antennas=2"],
            ["eavesdropper", "cannot separate 2 streams", "allowed: mmse"],
        ),
        (
            ["legitimate.receivers=[null-space-noise]"],
            ["null-space-noise needs precoding beam", "there are 1, precoding streams"],
        ),
        (
            [
                "legitimate.receivers=[null-space-noise]",
                "legitimate.precoding=beam",
                "legitimate.transmit_antennas=4",
            ],
            ["null-space-noise needs channels that differ", "allowed: rayleigh, rician, tdl, cdl"],
        ),
        (
            ["legitimate.precoding=beam", "legitimate.receivers=[digital]"],
            ["digital links send streams", "allowed: precoding streams"],
        ),
        (
            ["legitimate.precoding=beam", "bit_error_rates=[{}]"],
            ["bit_error_rates", "allowed: legitimate.precoding streams"],
        ),
        (
            [
                "legitimate.precoding=beam",
                "legitimate.transmit_antennas=2",
                "legitimate.channel={kind: tdl}",
                "legitimate.csi={pilots: 1}",
            ],
            ["csi", "beams over tdl need it perfect"],
        ),
        (
            ["legitimate.receivers=[keyed-scramble]", "eavesdropper.known_keys=0.5"],
            ["known_keys", "allowed: 0 with keyed-scramble"],
        ),
        (
            ["legitimate.receivers=[keyed-self-noise]", "denoising.step=transmitter"],
            ["denoising.step transmitter", "allowed: matched, mean"],
        ),
        (["legitimate.key.generator=rot13"], ["legitimate.key.generator", "'chacha20' or 'weak'"]),
        (["legitimate.equalizer=dfe"], ["legitimate.equalizer", "'zf', 'mmse' or 'mrc'"]),
        (["legitimate.csi=good"], ["legitimate.csi", "'perfect', or keys: boost_db", "pilots"]),
        (["eavesdropper.snr_db=low"], ["eavesdropper.snr_db", "'same', or keys: offset"]),
        (["legitimate.csi={pilots: 0}"], ["legitimate.csi.pilots", "greater than or equal to 1"]),
        (["legitimate.csi={pilots: 1, estimator: guess}"], ["csi.estimator", "'ls' or 'lmmse'"]),
        (
            ["legitimate.channel={kind: rayleigh, coherence: 2}", "legitimate.csi={pilots: 2}"],
            ["channel.coherence 2", "no channel use for data", "allowed: more than 2"],
        ),
        (["legitimate.channel={kind: tdl, model: F}"], ["channel.tdl.model", "'A', 'B', 'C', 'D' or 'E'"]),
        (["legitimate.snr_estimate_error_db={deviation: -1}"], ["snr_estimate_error_db.deviation", "greater than"]),
        (
            ["legitimate.receivers=[digital]", "digital=[{code_rate: 0.95}]"],
            ["digital", "no LDPC code", "0.2 to 0.925"],
        ),
        (["digital=[{modulation: 8psk}]"], ["digital.0.modulation", "'256qam'"]),
        (
            ["bit_error_rates=[{code_rate: 0.5, information_bits: 9000}]"],
            ["bit_error_rates.0", "9000 information bits", "allowed: 12 to 8448"],
        ),
        (["bit_error_rates=[{}, {}]"], ["bit_error_rates", "once"]),
        (["legitimate.receivers=[]"], ["legitimate.receivers", "nothing to simulate"]),
        (["eavesdropper.snr_db={distance: 0}"], ["snr_db.distance", "greater than 0"]),
        (["eavesdropper.fading_correlation=1.5"], ["fading_correlation", "less than or equal to 1"]),
        (["eavesdropper.fading_correlation=0.5"], ["fading_correlation", "allowed: rayleigh, rician"]),
        (["denoising.step=best"], ["denoising.step", "'matched', 'mean' or 'transmitter'"]),
        (["monte_carlo.max_images=0"], ["monte_carlo.max_images", "greater than or equal to 1"]),
        (["dataset=imagenet"], ["dataset", "'mnist' or 'cifar10', or keys: compression, folder, image_size"]),
        (["dataset={foldr: images}"], ["dataset.folder", "missing"]),
        (["dataset={folder: images, image_size: 33}"], ["dataset.image_size", "multiple of 16"]),
        (["dataset={folder: images, compression: 0.07}"], ["dataset.compression", "multiple of 1/48"]),
        (["dataset=cifar10", "eavesdropper.surrogate={images: digits}"], ["surrogate.images digits", "mnist only"]),
        (
            ["dataset=cifar10", "eavesdropper.attacks=[{attack: inversion-mlp, surrogate: {images: digits}}]"],
            ["surrogate.images digits", "mnist only"],
        ),
        (["seed=one"], ["seed", "'one'"]),
        (["seed"], ["KEY=VALUE"]),
        (["seed=[1"], ["not valid YAML"]),
        (["seed.deep=1"], ["seed has no keys"]),
        (["legitimate.snr_db=[yes]"], ["legitimate.snr_db.0: True", "boolean", "allowed: a number"]),
        (["legitimate.snr_db=[-5, off]"], ["legitimate.snr_db.1: False", "boolean"]),
        (["legitimate.snr_db=[1:30]"], ["legitimate.snr_db.0", "'1:30'", "valid number"]),
        (["legitimate.snr_db=[1:30.5]"], ["legitimate.snr_db.0", "'1:30.5'", "valid number"]),
        (["timesteps=[true]"], ["timesteps.0: True", "boolean"]),
        (["timesteps=[1:30]"], ["timesteps.0", "'1:30'", "valid integer"]),
        (["seed=yes"], ["seed", "True", "boolean"]),
        (["eavesdropper.snr_db=[yes]"], ["eavesdropper.snr_db", "boolean"]),
        (["eavesdropper.snr_db={offset: yes}"], ["eavesdropper.snr_db.offset", "boolean"]),
        (["eavesdropper.snr_db={distance: yes}"], ["eavesdropper.snr_db.distance", "boolean"]),
        (["legitimate.snr_estimate_error_db=yes"], ["legitimate.snr_estimate_error_db", "boolean"]),
        (["legitimate.snr_estimate_error_db={deviation: yes}"], ["snr_estimate_error_db.deviation", "boolean"]),
        (["legitimate.channel={kind: rayleigh, coherence: yes}"], ["channel.rayleigh.coherence", "boolean"]),
        (["training.images=yes"], ["training.images", "boolean"]),
        (["training.snr_db=[no, yes]"], ["training.snr_db", "boolean"]),
        (["training.epochs.pair=yes"], ["training.epochs.pair", "boolean"]),
        (["digital=[{code_rate: yes}]"], ["digital.0.code_rate", "boolean"]),
        (["dataset={folder: images, compression: yes}"], ["dataset.compression", "boolean"]),
        (["legitimate={snr_db: [1], snr_db: [2]}"], ["--set legitimate=", "key snr_db is there twice"]),
        (["training.augmentation=[mirror, mirror]"], ["training.augmentation", "once"]),
        (["training.augmentation=[flip]"], ["training.augmentation.0", "'mirror' or 'shift'"]),
        (["name=" + "x" * 65], ["name", "at most 64 characters"]),
        (["name='" + "/" * 10_000 + "'"], ["name: '//", "...: string should have at most 64"]),
        (
            ["monte_carlo.batch_size=1000000000"],
            ["monte_carlo.batch_size", "1000000000", "less than or equal to 65536"],
        ),
        (["denoising.steps=501"], ["denoising.steps", "less than or equal to 500"]),
        (["legitimate.csi={pilots: 1000000000}"], ["csi.pilots", "less than or equal to 1024"]),
        (["denoising.channels=8000000000"], ["denoising.channels", "less than or equal to 1024"]),
        (["eavesdropper.snr_db={distance: 1e-30}"], ["eavesdropper.snr_db: 910 dB", "allowed: -200 to 200 dB"]),
        (["weights=" + "x" * 5000], ["weights: 'xxx", "..."]),
        (["weights=" + "x" * 300], ["weights", "longer than 255 bytes"]),
        (['weights="a\\0b"'], ["weights", "NUL"]),
        (['dataset={folder: "a\\0b"}'], ["dataset.folder", "NUL"]),
        (["weights=~"], ["weights: None", "valid string"]),
        (["eavesdropper.attacks=['a b:X']"], ["attacks.0.attack", "module:NAME"]),
        (["a..b=1"], ["--set a..b=1: an empty key"]),
        (["=1"], ["KEY=VALUE"]),
        (["timesteps=" + "9" * 10**6], ["--set timesteps=999", "...: ", "more than 256 KiB"]),
        (["legitimate.snr_db.0=1"], ["snr_db has no keys"]),
        ([".".join("a" * 1000) + "=1"], ["1000 keys deep; allowed: at most 32"]),
        (["legitimate.channel={kind: " + "x" * 1000 + "}"], ["channel", "...", "'awgn', 'rayleigh'"]),
        (["timesteps=[010]"], ["--set timesteps=[010]", "line 1: 010"]),
        (["values=1"], ["values: unknown key", "allowed: bit_error_rates"]),
        (["legitimate.csi={pilots: 1, keys: 2}"], ["legitimate.csi.keys: unknown key", "allowed: boost_db"]),
    ],
)
def test_bad_values_end_in_one_line_that_says_what_where_and_what_is_allowed(overrides, words, tmp_path):
    path = write(tmp_path / "mine.yaml", MINIMAL | {"seed": 1})
    with pytest.raises(InputError) as error:
        load_scenario(path, overrides)
    message = str(error.value)
    assert "\n" not in message
    assert len(message) < 1000
    for word in words:
        assert word in message, message


def test_an_eavesdropper_farther_away_hears_less_by_the_path_loss(tmp_path):
    path = write(tmp_path / "mine.yaml", MINIMAL | {"eavesdropper": {"snr_db": {"distance": 10}}})
    assert load_scenario(path).eavesdropper.snr_db.after(20.0) == pytest.approx(20 - 30)
    path = write(
        tmp_path / "mine.yaml", MINIMAL | {"eavesdropper": {"snr_db": {"distance": 0.5, "path_loss_exponent": 2}}}
    )
    assert load_scenario(path).eavesdropper.snr_db.after(20.0) == pytest.approx(26.02, abs=0.01)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("name: [", "not valid YAML"),
        ("- 1\n- 2\n", "must hold keys"),
        ("", "must hold keys"),
        ({"name": "x"}, "missing"),
        ("name: x\nseed: 1\ntimesteps: [0]\nseed: 2\n", "bad.yaml: line 4: key seed is there twice, first in line 2"),
        ("legitimate:\n  snr_db: [1]\n  'snr_db': [2]\n", "line 3: key snr_db is there twice, first in line 2"),
    ],
)
def test_bad_files_end_in_one_line(content, word, tmp_path):
    with pytest.raises(InputError, match=word) as error:
        load_scenario(write(tmp_path / "bad.yaml", content))
    assert "\n" not in str(error.value)


def test_a_scenario_that_is_nowhere_names_the_shipped_ones(tmp_path):
    with pytest.raises(InputError, match="mnist-awgn"):
        load_scenario("mnist-agwn")
    with pytest.raises(InputError, match="no such file"):
        load_scenario(tmp_path / "none.yaml")


def test_overrides_reach_nested_keys_and_keep_the_rest(tmp_path):
    scenario = load_scenario("mnist-awgn", ["legitimate.snr_db=[15]", "monte_carlo.max_images=100", "timesteps=[240]"])
    assert scenario.legitimate.snr_db == (15.0,)
    assert scenario.monte_carlo.max_images == 100
    assert scenario.legitimate.receivers == load_scenario("mnist-awgn").legitimate.receivers


def test_numbers_may_be_whole_or_in_powers_of_ten_and_booleans_stay_where_they_belong():
    scenario = load_scenario(
        "mnist-awgn",
        [
            "legitimate.snr_db=[-5, 1.5, 1e1]",
            "training.ibal.beta=1e-3",
            "training.images=null",
            "execution.xla=yes",
            "eavesdropper.attacks=[{attack: linear-probe, knows_step: no}]",
        ],
    )
    assert scenario.legitimate.snr_db == (-5.0, 1.5, 10.0)
    assert scenario.training.ibal.beta == 0.001
    assert scenario.training.images is None
    assert scenario.execution.xla is True
    assert scenario.eavesdropper.attacks[0].knows_step is False


def test_keys_that_are_merged_may_be_set_anew(tmp_path):
    text = """
    name: mine
    dataset: mnist
    timesteps: [240]
    legitimate: {snr_db: [10], channel: &fading {kind: rician, k_factor_db: 3}}
    eavesdropper: {channel: {<<: *fading, k_factor_db: 9}}
    """
    path = write(tmp_path / "mine.yaml", text)
    assert load_scenario(path).eavesdropper.channel.k_factor_db == 9
    assert load_scenario(path).legitimate.channel.k_factor_db == 3


def test_every_leaf_of_the_json_schema_is_described():
    schema = Scenario.model_json_schema()
    undescribed = [
        f"{title}.{key}"
        for title, model in {"Scenario": schema, **schema["$defs"]}.items()
        for key, leaf in model.get("properties", {}).items()
        if "description" not in leaf and "$ref" not in leaf and "const" not in leaf
    ]
    assert [name for name in undescribed if not name.endswith(".kind")] == []


# A place, a key that is nearly known there, and the known one.
@pytest.mark.parametrize(
    ("place", "near", "known"),
    [
        ({}, "sed", "seed"),
        ({"legitimate": {}}, "equaliser", "equalizer"),
        ({"legitimate": {"channel": {"kind": "rayleigh"}}}, "coherance", "coherence"),
        ({"legitimate": {"channel": {"kind": "tdl"}}}, "speed", "speed_mps"),
        ({"legitimate": {"csi": {"pilots": 1}}}, "estimate", "estimator"),
        ({"legitimate": {"snr_estimate_error_db": {"deviation": 1}}}, "means", "mean"),
        ({"legitimate": {"key": {}}}, "generatr", "generator"),
        ({"eavesdropper": {"snr_db": {"offset": 1}}}, "offst", "offset"),
        ({"eavesdropper": {"snr_db": {"distance": 1}}}, "path_loss", "path_loss_exponent"),
        ({"eavesdropper": {"surrogate": {}}}, "shares", "share"),
        ({"eavesdropper": {"attacks": [{"attack": "linear-probe"}]}}, "know_step", "knows_step"),
        ({"eavesdropper": {"attacks": [{"attack": "linear-probe", "surrogate": {}}]}}, "image", "images"),
        ({"dataset": {"folder": "x"}}, "imagesize", "image_size"),
        ({"digital": [{}, {}]}, "rate", "code_rate"),
        ({"bit_error_rates": [{}]}, "information", "information_bits"),
        ({"monte_carlo": {}}, "batchsize", "batch_size"),
        ({"training": {"epochs": {}}}, "denoisr", "denoiser"),
        ({"training": {"ibal": {}}}, "betta", "beta"),
    ],
)
@pytest.mark.parametrize("unknown", [None, "values", "kind2", "x" * 10_000])
def test_an_unknown_key_is_answered_by_known_ones_wherever_it_stands(place, near, known, unknown):
    content = MINIMAL | copy.deepcopy(place)
    if "legitimate" in place:
        content["legitimate"]["snr_db"] = [10]
    _innermost(content, place)[unknown or near] = 1
    with pytest.raises(InputError) as error:
        parse_scenario(content, "mine")
    message = str(error.value)
    if unknown is None:
        assert message.endswith(f"{near}: unknown key; did you mean {known}?")
    else:
        assert unknown[:70] in message
        assert known in message or "did you mean " in message
        assert len(message) < 600


def _innermost(content, place):
    """The mapping of a content where the way through a place, which holds one way only, ends."""
    while place:
        step = len(place) - 1 if isinstance(place, list) else next(reversed(place))
        if not isinstance(place[step], dict | list):
            break
        content, place = content[step], place[step]
    return content


@pytest.mark.parametrize(
    "content",
    [None, 3, "text", [], [1], {}, {1: 2}, {None: 1}, {"seed": 10**5000}, {"timesteps": [[[]] * 1000] * 1000}],
    ids=lambda content: repr(content)[:9] if not isinstance(content, dict) else type(content).__name__,
)
def test_content_of_any_kind_ends_in_one_line(content):
    with pytest.raises(InputError) as error:
        parse_scenario(content, "mine")
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 600


def test_content_that_holds_itself_ends_in_one_line():
    content = dict(MINIMAL)
    content["training"] = content
    with pytest.raises(InputError):
        parse_scenario(content, "mine")


def test_an_override_changes_nothing_beside_an_alias(tmp_path):
    text = """
    name: mine
    dataset: mnist
    timesteps: [240]
    legitimate: {snr_db: [10], channel: &fading {kind: rician}}
    eavesdropper: {channel: *fading}
    """
    scenario = load_scenario(write(tmp_path / "mine.yaml", text), ["legitimate.channel.k_factor_db=9"])
    assert scenario.legitimate.channel.k_factor_db == 9
    assert scenario.eavesdropper.channel.k_factor_db == 6


@pytest.mark.parametrize("name", ["010", "08", "0o10", "1e3", "2026-01-01", "1", "null", "yes", "1.5", "0x1F"])
def test_names_that_look_like_numbers_read_back(name, tmp_path):
    scenario = parse_scenario(MINIMAL | {"name": name, "weights": name}, "mine")
    assert load_scenario(write(tmp_path / "resolved.yaml", scenario.to_yaml())) == scenario


def test_every_number_text_and_list_of_the_json_schema_is_bounded():
    needed = {
        "integer": {"maximum", "exclusiveMaximum"},
        "number": {"maximum", "exclusiveMaximum"},
        "string": {"maxLength", "enum", "const"},
        "array": {"maxItems"},
    }

    def unbounded(node, where):
        if isinstance(node, list):
            for place, entry in enumerate(node):
                yield from unbounded(entry, f"{where}.{place}")
        if isinstance(node, dict):
            if isinstance(node.get("type"), str) and not needed.get(node["type"], set(node)) & set(node):
                yield where
            for key, entry in node.items():
                yield from unbounded(entry, f"{where}.{key}")

    found = list(unbounded(Scenario.model_json_schema(), ""))
    # A list of different words, and the bare name of an attack, which is one of a list or short.
    assert [place for place in found if "augmentation" not in place and "ChosenAttack" not in place] == []


@pytest.mark.parametrize("folder", ["channels", "defences", "solvers"])
def test_scenarios_in_tables_of_earlier_versions_are_valid(folder):
    tables = sorted((Path(__file__).parents[2] / "notebooks" / folder).glob("*.h5"))
    assert tables
    for path in tables:
        with h5py.File(path) as file:
            text = str(file.attrs["scenario"])
        assert read_yaml(text) == yaml.safe_load(text)
        assert parse_scenario(read_yaml(text), str(path)).name
