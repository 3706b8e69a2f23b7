"""Reads a built site by the standard library: its pages, their links and words."""

import dataclasses
import html.parser
import posixpath
from collections import defaultdict
from urllib.parse import unquote, urlsplit

RESOURCES = {  # tags, and the attribute by which they have the browser fetch something
    **dict.fromkeys(["img", "script", "iframe", "source", "embed", "video"], "src"),
    "link": "href",
    "object": "data",
}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta"}
VOID |= {"source", "track", "wbr"}


@dataclasses.dataclass
class Page:
    """One page.

    Attributes:
        ids: Its anchors.
        links: Targets of its links, as they are written.
        resources: What the browser fetches to show it, as it is written.
        words: From an anchor to the text of what it stands on.
    """

    ids: set[str] = dataclasses.field(default_factory=set)
    links: list[str] = dataclasses.field(default_factory=list)
    resources: list[str] = dataclasses.field(default_factory=list)
    words: dict[str, str] = dataclasses.field(default_factory=lambda: defaultdict(str))


class _Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.page = Page()
        self.open = []  # tags, each with its anchor or None

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        anchor = found.get("id")
        if anchor:
            self.page.ids.add(anchor)
        if tag not in VOID:
            self.open.append((tag, anchor))
        if tag == "a" and found.get("href"):
            self.page.links.append(found["href"])
        fetched = found.get(RESOURCES.get(tag, ""))
        navigates = tag == "link" and found.get("rel") not in ("stylesheet", "icon")
        if fetched and not navigates:
            self.page.resources.append(fetched)

    def handle_endtag(self, tag):
        while self.open and tag in [name for name, _ in self.open]:
            if self.open.pop()[0] == tag:
                break

    def handle_data(self, data):
        for _, anchor in self.open:
            if anchor:
                self.page.words[anchor] += data


def read(text):
    """The page of this HTML."""
    reader = _Reader()
    reader.feed(text)
    return reader.page


def pages(folder):
    """Every page below a folder, by its path."""
    return {
        path.relative_to(folder).as_posix(): read(path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*.html"))
    }


def target(path, link):
    """(file, anchor) that a link of the page leads to; None if it leaves the site."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    file = posixpath.normpath(
        posixpath.join(posixpath.dirname(path), unquote(parts.path))
    )
    return (file if parts.path else path), unquote(parts.fragment)


def broken(site, folder):
    """Links and resources of pages that lead to no file, or to no anchor of it.

    Args:
        site: From path to page.
        folder: Where other files lie.
    """
    found = []
    for path, page in site.items():
        for link in [*page.links, *page.resources]:
            file, anchor = target(path, link) or (path, "")
            exists = file in site or (folder / file).is_file()
            named = file not in site or not anchor or anchor in site[file].ids
            if not (exists and named):
                found.append((path, link))
    return found


def clicks(site, start):
    """From page to the links by which one gets there first from the start page."""
    ways, edge = {start: []}, [start]
    for path in edge:
        for link in site[path].links:
            file, _ = target(path, link) or (None, "")
            if file in site and file not in ways:
                ways[file] = [*ways[path], link]
                edge.append(file)
    return ways
