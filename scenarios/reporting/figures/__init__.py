"""Figures from result tables, one a module; `save_figures` draws all that a table has the data for."""

from diffsem.scenarios.reporting.figures.accuracy import accuracy_figure
from diffsem.scenarios.reporting.figures.all_figures import figures_of, save_figures
from diffsem.scenarios.reporting.figures.attacks import attacks_figure
from diffsem.scenarios.reporting.figures.calls import accuracy_against_calls, calls_figure
from diffsem.scenarios.reporting.figures.channel import channel_figure
from diffsem.scenarios.reporting.figures.error_rates import error_rate_figure
from diffsem.scenarios.reporting.figures.front import front_figure
from diffsem.scenarios.reporting.figures.outage import outage_figure
from diffsem.scenarios.reporting.figures.quality import quality_figure
from diffsem.scenarios.reporting.figures.reconstructions import reconstruction_figure
from diffsem.scenarios.reporting.figures.schedule import schedule_figure
from diffsem.scenarios.reporting.figures.street_map import street_map_figure

__all__ = [
    "accuracy_against_calls",
    "accuracy_figure",
    "attacks_figure",
    "calls_figure",
    "channel_figure",
    "error_rate_figure",
    "figures_of",
    "front_figure",
    "outage_figure",
    "quality_figure",
    "reconstruction_figure",
    "save_figures",
    "schedule_figure",
    "street_map_figure",
]
