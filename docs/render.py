"""Render the result pages from the tables that ship: `python docs/render.py [NAME ...] [--figures]`."""

import argparse
import sys

from rendering.claims import PageError
from rendering.pages import names, render

from diffsem.link import InputError


def main() -> int:
    """Write docs/results/NAME.md of every template, or of those named; with --figures draw what they show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"a page; default: all ({', '.join(names())})")
    parser.add_argument("--figures", action="store_true", help="draw the figures of these pages too")
    words = parser.parse_args()
    try:
        # All of them first: a claim that fails leaves every page as it was.
        pages = [render(name) for name in words.names or names()]
        for page in pages:
            page.path.parent.mkdir(parents=True, exist_ok=True)
            page.path.write_text(page.text)
            print(page.path)
            for figure in page.figures if words.figures else []:
                figure.path.parent.mkdir(parents=True, exist_ok=True)
                figure.path.write_bytes(figure.draw())
                print(f"{figure.path}, {figure.path.stat().st_size // 1000} kB")
    except (PageError, InputError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
