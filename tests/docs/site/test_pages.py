"""Links of the pages lead somewhere, and their lines can be read in any editor."""

import re

from generate import NOTEBOOKS, PAGES, REFERENCE, TUTORIALS

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^(`{3,}|~{3,}).*?^\1$", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"`[^`\n]*`")
LONGEST = 120
WHOLE = ("|", "![", "<!--")


def links(page):
    """Targets of links and pictures, those to the web left out."""
    text = INLINE_CODE.sub("``", FENCED.sub("", page.read_text()))
    found = [link or picture for link, picture in LINK.findall(text)]
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def anchors(page):
    """What headings of a page can be linked by, as GitHub and the site name them."""
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_links_lead_somewhere(page):
    for target in links(page):
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        if place.parent == REFERENCE:
            assert place.name in PAGES, target
            continue
        if place.parent == TUTORIALS and place.suffix == ".ipynb":
            place = NOTEBOOKS / place.name
        assert place.exists(), target
        assert not anchor or anchor in anchors(place), target


def test_lines_are_short(page):
    # What a program printed is shown as it was; a row of a table, a picture and a comment are one line each.
    text = re.sub(r"^```text$.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    long = [line for line in text.splitlines() if len(line) > LONGEST and not line.startswith(WHOLE)]
    assert long == []


def test_a_heading_is_found_by_its_anchor(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# What it `costs`, and why\n\n```\n# no heading\n```\n")
    assert anchors(page) == {"what-it-costs-and-why"}
