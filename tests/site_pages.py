"""The site, built once for all tests of a process, and read with an HTML parser."""

from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup


class Site:
    """A built site."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def pages(self) -> dict[str, BeautifulSoup]:
        return {
            path.stem: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
            for path in sorted(self.folder.glob("*.html"))
        }


def addresses(page: BeautifulSoup) -> list[str]:
    """Every address that a page loads or leads to, data inside the page left out."""
    names = ("href", "src", "srcset", "action", "poster", "data")
    found = [element[name] for name in names for element in page.find_all(attrs={name: True})]
    return [address for address in found if not address.startswith("data:")]


def dead_links(site: Site) -> list[str]:
    """Addresses within the site that lead to no file, or to no place on the page."""
    dead = []
    for name, page in site.pages.items():
        for address in addresses(page):
            parts = urlsplit(address)
            if parts.scheme:
                continue
            file, place = unquote(parts.path) or f"{name}.html", unquote(parts.fragment)
            there = (site.folder / file).is_file()
            if not there or place and not site.pages[Path(file).stem].find(id=place):
                dead.append(f"{name}: {address}")
    return dead
