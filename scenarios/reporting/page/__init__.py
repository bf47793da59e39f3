"""Result tables as one page of HTML that needs nothing else."""

from diffsem.scenarios.reporting.page.page import report_page

__all__ = ["report_page"]
