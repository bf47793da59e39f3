"""Which stages a training needs, ordered by what they start from."""

from collections.abc import Iterable, Mapping, Sequence
from graphlib import TopologicalSorter

from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.contracts.stage import Stage


def stages_for(networks: Iterable[NetworkSpec], known: Iterable[Stage]) -> tuple[Stage, ...]:
    """The stages that make these networks, and all that those start from.

    Parameters
    ----------
    networks : iterable of NetworkSpec
    known : iterable of Stage
        The first that writes a network is the one that makes it.

    Returns
    -------
    tuple of Stage
        Each behind those that make what it needs, and else as they were listed. A network that no stage makes has no
        weights, or is to be there.
    """
    makers: dict[str, Stage] = {}
    for stage in known:
        for network in stage.writes:
            makers.setdefault(network.name, stage)
    stages = {stage.name: stage for stage in makers.values()}
    graph: dict[str, list[str]] = {}
    waiting = [makers[network.name].name for network in networks if network.name in makers]
    while waiting:
        name = waiting.pop(0)
        if name not in graph:
            graph[name] = [makers[need.name].name for need in stages[name].needs if need.name in makers]
            waiting += graph[name]
    return tuple(stages[name] for name in _in_order(graph, list(stages)))


def _in_order(graph: Mapping[str, Iterable[str]], listed: Sequence[str]) -> list[str]:
    """The nodes of a graph behind what they need; of those that could come next the one that is listed first."""
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    order: list[str] = []
    ready: list[str] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()], key=listed.index)
        order.append(ready.pop(0))
        sorter.done(order[-1])
    return order
