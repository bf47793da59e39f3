"""The page of `diffsem report` in a browser: it is drawn, sorts, filters, and neither fails nor fetches anything."""

import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from diffsem.link import read_table, write_table
from diffsem.scenarios import command_line
from diffsem.scenarios.reporting.statistics import leakage
from diffsem.scenarios.reporting.street.maps import street_map

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason=f"no browser is found: none of {', '.join(BROWSERS)} is on the path"),
]
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)
# The browser reads orders from file 3 and answers on file 4.
LAUNCHER = "import os, sys; a, b, *run = sys.argv[1:]; os.dup2(int(a), 3); os.dup2(int(b), 4); os.execv(run[0], run)"
COMPLAINTS = (
    "Runtime.exceptionThrown",
    "Runtime.consoleAPICalled",
    "Log.entryAdded",
    "Page.javascriptDialogOpening",
)
NAME = "<img src=x onerror=alert(1)>"


class Page:
    """A page in a headless browser, over the DevTools protocol."""

    def __init__(self, folder):
        orders, answers = os.pipe(), os.pipe()
        # Neither of them may be one of the two that the browser wants.
        there, back = (fcntl.fcntl(end, fcntl.F_DUPFD, 20) for end in (orders[0], answers[1]))
        run = [sys.executable, "-c", LAUNCHER, str(there), str(back), BROWSER, *FLAGS, f"--user-data-dir={folder}"]
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(run, stdout=log, stderr=log, pass_fds=(there, back))
        for end in (orders[0], answers[1], there, back):
            os.close(end)
        self._orders, self._answers = os.fdopen(orders[1], "wb", 0), os.fdopen(answers[0], "rb", 0)
        self._rest, self._last, self._session, self.events = b"", 0, None, []
        target = self.order("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.order("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.order(f"{domain}.enable")

    def order(self, method, **parameters):
        self._last += 1
        order = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            order["sessionId"] = self._session
        self._orders.write(json.dumps(order).encode() + b"\0")
        while (message := self._next()).get("id") != self._last:
            self.events.append(message)
        assert "error" not in message, message
        return message["result"]

    def _next(self):
        while b"\0" not in self._rest:
            # One that waits for an answer to a dialogue says nothing.
            assert select.select([self._answers], [], [], 60)[0], "the browser does not answer"
            read = self._answers.read(1 << 16)
            assert read, "the browser has ended"
            self._rest += read
        message, self._rest = self._rest.split(b"\0", 1)
        return json.loads(message)

    def open(self, path, width=1300):
        self.order("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.order("Page.navigate", url=path.resolve().as_uri())
        self.wait("document.readyState === 'complete'")

    def ask(self, expression):
        result = self.order("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait(self, expression, seconds=60):
        end = time.monotonic() + seconds
        while not self.ask(expression):
            assert time.monotonic() < end, expression
            time.sleep(0.05)

    def type(self, selector, text):
        self.ask(f"document.querySelector({json.dumps(selector)}).focus()")
        self.order("Input.insertText", text=text)

    def press(self, selector, key, code):
        self.ask(f"document.querySelector({json.dumps(selector)}).focus()")
        for kind in ("keyDown", "keyUp"):
            self.order(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, text=chr(code)
            )

    def click(self, selector):
        where = f"document.querySelector({json.dumps(selector)})"
        self.ask(f"{where}.scrollIntoView({{block: 'center', inline: 'center', behavior: 'instant'}})")
        box = self.ask(f"(() => {{ const b = {where}.getBoundingClientRect(); return [b.x + 8, b.y + 8]; }})()")
        for kind in ("mousePressed", "mouseReleased"):
            self.order("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def complaints(self):
        """Whatever it said on the console, threw, asked or was denied."""
        kinds = (
            "Runtime.exceptionThrown",
            "Runtime.consoleAPICalled",
            "Log.entryAdded",
            "Page.javascriptDialogOpening",
        )
        return [event for event in self.events if event.get("method") in kinds]

    def fetched(self):
        asked = [event for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        addresses = {event["params"]["request"]["url"] for event in asked}
        return {address for address in addresses if not address.startswith("data:")}

    def end(self):
        self._process.kill()
        self._process.wait()
        self._orders.close()
        self._answers.close()


@pytest.fixture
def page(tmp_path):
    (tmp_path / "browser").mkdir()
    opened = Page(tmp_path / "browser")
    yield opened
    opened.end()


def report(path, *results):
    assert command_line.run_program(command_line.app, ["report", *map(str, results), "--out", str(path)]) == 0
    return path


def column(page, grid, place):
    """What the rows that are shown are sorted by in a column, from the top."""
    rows = f"[...document.querySelectorAll('#{grid} tbody tr')].filter((row) => !row.hidden)"
    return page.ask(f"{rows}.map((row) => row.cells[{place}].dataset.value)")


def head(grid, place):
    return f"#{grid} thead th:nth-child({place + 1}) button"


def place_of(page, grid, title):
    titles = page.ask(f"[...document.querySelectorAll('#{grid} thead th')].map((one) => one.innerText.trim())")
    return titles.index(title)


def test_the_page_is_drawn_sorts_and_filters_without_an_error_or_a_request(page, tmp_path):
    source = NOTEBOOKS / "fig4-mnist.h5"
    path = report(tmp_path / "page.html", source)
    assert path.stat().st_size < 6e6
    page.open(path)
    lines = leakage(read_table(source).rows)
    grid = "table-1-receivers"
    gap = place_of(page, grid, "gap, points")
    assert [float(value) for value in column(page, grid, gap)] == lines["gap"].tolist()

    page.click(head(grid, gap))
    assert [float(value) for value in column(page, grid, gap)] == sorted(lines["gap"])
    assert page.ask(f"document.querySelectorAll('#{grid} thead th')[{gap}].ariaSort") == "ascending"
    # By the keyboard, too.
    page.press(head(grid, gap), "Enter", 13)
    assert [float(value) for value in column(page, grid, gap)] == sorted(lines["gap"], reverse=True)
    page.click(head(grid, 0))
    titles = column(page, grid, 0)
    assert titles == sorted(titles, key=str.lower)

    page.type(f"#{grid} input", "ibal task-classifier-wide")
    chosen = lines[lines["system"].str.startswith("ibal") & (lines["attack"] == "task-classifier-wide")]
    assert 0 < len(chosen) < len(lines)
    assert sorted(map(float, column(page, grid, gap))) == sorted(chosen["gap"])
    assert page.ask(f"document.querySelector('#{grid} output').innerText") == f"{len(chosen)} of {len(lines)} rows"
    place = place_of(page, grid, "t")
    choose = f"(() => {{ const one = document.querySelector('#{grid} select[data-column=\"{place}\"]');"
    page.ask(f"{choose} one.value = '240.0'; one.dispatchEvent(new Event('change')); }})()")
    assert set(column(page, grid, place)) == {"240.0"}

    page.wait("document.querySelectorAll('.plot .main-svg').length > 0")
    assert "E-DiffSem" in page.ask("document.querySelector('.plot').textContent")
    assert page.ask("document.querySelector('.plot').data.length") > 16
    assert page.complaints() == []
    assert page.fetched() == {path.resolve().as_uri()}


def test_another_axis_is_drawn_when_it_is_chosen(page, tmp_path):
    source = NOTEBOOKS / "mnist-awgn.h5"
    page.open(report(tmp_path / "page.html", source))
    lines = leakage(read_table(source).rows)
    page.wait("document.querySelector('.plot').data")
    chosen = "over SNR, at t = 240"
    options = page.ask("[...document.querySelector('.curves select').options].map((one) => one.text)")
    menu = "document.querySelector('.curves select')"
    page.ask(f"{menu}.selectedIndex = {options.index(chosen)}; {menu}.dispatchEvent(new Event('change'))")
    curves = "document.querySelector('.plot').data.filter((one) => one.name === 'DiffSem')"
    drawn = page.ask(f"{curves}.map((one) => one.y)[0]")
    expected = lines[(lines["system"] == "diffsem") & (lines["timestep"] == 240)].sort_values("receiver_snr_db")
    assert drawn == expected["receiver"].tolist()
    assert page.complaints() == []


@pytest.mark.parametrize("width", [1300, 400])
def test_nothing_sticks_out_of_a_narrow_page(width, page, tmp_path):
    page.open(report(tmp_path / "page.html", NOTEBOOKS / "mnist-awgn.h5", NOTEBOOKS / "channels" / "ber-mrc.h5"), width)
    page.wait("document.querySelectorAll('.plot .main-svg').length > 1")
    assert page.ask("document.documentElement.scrollWidth") <= width
    assert page.complaints() == []


def test_a_hostile_table_runs_nothing(page, tmp_path):
    table = read_table(NOTEBOOKS / "defences" / "null-space.h5")
    hostile = f"{NAME}</script><script>alert(2)</script><a href='javascript:alert(3)'>%{{y}}"
    rows = table.rows.assign(
        system=table.rows["system"].replace("diffsem", hostile),
        attack=table.rows["attack"].replace("linear-probe", hostile),
        transmitter=table.rows["transmitter"].replace("reference", hostile),
    )
    made = replace(table, rows=rows, attributes=dict(table.attributes) | {"created": NAME})
    write_table(tmp_path / "hostile.h5", made)
    page.open(report(tmp_path / "page.html", tmp_path / "hostile.h5"))
    page.wait("document.querySelectorAll('.plot .main-svg').length > 0")
    assert hostile in page.ask("document.querySelector('#table-1-receivers tbody').textContent")
    assert page.ask("document.querySelectorAll('img:not([src^=\"data:image/png;base64,\"]), svg a').length") == 0
    assert page.complaints() == []
    assert len(page.fetched()) == 1


def test_a_value_is_read_off_the_map_of_a_street(page, tmp_path):
    """By the mouse over one place: where it is, how loud, how much is read there."""
    source = NOTEBOOKS / "street" / "street-canyon.h5"
    path = report(tmp_path / "map.html", source)
    assert path.stat().st_size < 12e6
    page.open(path)
    page.wait("document.querySelectorAll('.plot .heatmaplayer').length > 0")
    lines = street_map(read_table(source).rows)
    first = lines[(lines["timestep"] == 240) & (lines["system"] == lines["system"].iloc[0])]
    place = first[(first["x_m"].abs() < 30) & (first["y_m"].abs() < 5)].iloc[7]
    where = (
        "(() => { const plot = document.querySelector('.plot'); const { xaxis, yaxis } = plot._fullLayout;"
        "plot.scrollIntoView({block: 'start', behavior: 'instant'}); const box = plot.getBoundingClientRect();"
        f"return [box.x + xaxis._offset + xaxis.l2p({place['x_m']}), "
        f"box.y + yaxis._offset + yaxis.l2p({place['y_m']})]; }})()"
    )
    x, y = page.ask(where)
    page.order("Input.dispatchMouseEvent", type="mouseMoved", x=x - 3, y=y - 3)
    page.order("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    shown = "document.querySelector('.hoverlayer').textContent.replaceAll('\u2212', '-')"
    here = f"x {place['x_m']:.4g} m, y {place['y_m']:.4g} m"
    page.wait(f"{shown}.includes({json.dumps(here)})", seconds=10)
    text = page.ask(shown)
    assert f"SNR {place['snr_db']:.1f} dB" in text
    assert f"read {place['accuracy']:.1%} [{place['ci_low']:.1%}, {place['ci_high']:.1%}]" in text
    assert page.complaints() == []
    assert page.fetched() == {path.resolve().as_uri()}
