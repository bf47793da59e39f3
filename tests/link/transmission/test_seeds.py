"""One seed for each role, by its name."""

import pytest

from diffsem.link import Seeds


def test_roles_keep_their_names_when_there_are_more_looks():
    assert Seeds.roles(1) == ("legitimate", "self-noise", "eavesdropper")
    assert Seeds.roles(3)[:3] == Seeds.roles(1)
    assert len(set(Seeds.roles(9))) == 19


@pytest.mark.parametrize("looks", [1, 2, 5])
def test_each_number_goes_to_its_role(looks):
    roles = Seeds.roles(looks)
    seeds = Seeds.unpack(range(100, 100 + len(roles)))
    given = {"legitimate": seeds.legitimate}
    for look in range(looks):
        suffix = f" {look}" if look else ""
        given[f"self-noise{suffix}"] = seeds.self_noise[look]
        given[f"eavesdropper{suffix}"] = seeds.eavesdropper[look]
    assert given == {role: 100 + place for place, role in enumerate(roles)}
    assert seeds.looks == looks
