"""One lesson: from a notebook with its stored outputs to a part of a web page (nbconvert)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup
from jinja2 import pass_context
from latex2mathml.converter import convert
from nbconvert import HTMLExporter, TemplateExporter
from nbconvert.filters import Highlight2HTML
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter

from lenet_helpers import LessonError, Words

TEMPLATES = Path(__file__).parent / "templates"
# What stands instead of the sentence that a widget leaves in a notebook (language.sentence).
NOTES = {
    "lenet-language": Words(
        "本页的语言按钮在页面最上方。", "On this page the language buttons are at the very top."
    ),
    "lenet-interactive": Words(
        "这里的滑块和按钮要在运行着的笔记本里才能用。",
        "The sliders and buttons here work in the running notebook.",
    ),
}
LANGS = ("zh", "en")
TITLE = r"^# (.+)$"
MINUTES = Words("时间：约 ([0-9]+) 分钟", "Time: about ([0-9]+) minutes")
GOAL = re.compile(r"^- (.+)$", re.M)
TEXT_CELL = re.compile(r'<section class="text" id="([^"]+)">(.*?)</section>', re.S)
EMPTY_HEADING = re.compile(r"<th[^>]*>\s*</th>")  # a screen reader would announce it as a heading


class SiteError(LessonError):
    """A lesson holds something that the site cannot show."""


@dataclass(frozen=True)
class Lesson:
    """What the site needs to know about a notebook.

    ``title``, ``minutes`` and ``goals`` come from its first cell, where each lesson states them;
    ``body`` is the HTML of all cells; ``sections`` are its headings with their anchors;
    ``pictures`` are the files it shows, relative to the notebooks' folder.
    """

    stem: str
    title: Words
    minutes: int
    goals: tuple[Words, ...]
    body: str
    sections: tuple[tuple[str, Words], ...]
    pictures: tuple[str, ...]


def read_lesson(path: Path) -> Lesson:
    """Read a notebook and render it.

    Raises:
        SiteError: a formula cannot be set, or the first cell does not say title and minutes.
    """
    notebook = nbformat.read(path, as_version=4)
    first = Words(*re.split('<div lang="en">', notebook.cells[0].source, maxsplit=1))
    goals = zip(*map(GOAL.findall, first), strict=True)
    for cell in notebook.cells:
        _replace_widgets(cell)
    exporter = LessonExporter()
    body, _ = exporter.from_notebook_node(notebook)
    body = EMPTY_HEADING.sub("<td></td>", body)
    return Lesson(
        path.stem,
        Words(*(_find(TITLE, text, path) for text in first)),
        int(_find(MINUTES.zh, first.zh, path)),
        tuple(Words(*map(exporter.inline, goal)) for goal in goals),
        body,
        tuple(_sections(body)),
        tuple(sorted(set(exporter.pictures))),
    )


class LessonExporter(HTMLExporter):
    """nbconvert's HTML exporter with formulas as MathML and links from page to page."""

    def __init__(self) -> None:
        self.pictures: list[str] = []
        super().__init__(template_name="lesson", extra_template_basedirs=[str(TEMPLATES)])

    def from_notebook_node(self, nb, resources=None, **kw) -> tuple[str, dict]:
        """As nbconvert, which then parses the whole page again to add alternative texts: seconds.

        Every picture of a lesson has one.
        """
        self.register_filter("highlight_code", Highlight2HTML(pygments_lexer="python", parent=self))
        data = WidgetsDataTypeFilter(notebook_metadata={}, parent=self, resources=resources)
        self.register_filter("filter_data_type", data)
        return TemplateExporter.from_notebook_node(self, nb, resources, **kw)

    @pass_context
    def markdown2html(self, context, source: str) -> str:
        """The filter of this name in the template, for text cells."""
        return MarkdownWithMath(renderer=_Renderer(self.pictures)).render(source)

    def inline(self, source: str) -> str:
        """One line of Markdown as HTML without a paragraph around it."""
        html = MarkdownWithMath(renderer=_Renderer(self.pictures)).render(source)
        return html.strip().removeprefix("<p>").removesuffix("</p>")


class _Renderer(IPythonRenderer):
    """Markdown to HTML that needs no server and no network."""

    def __init__(self, pictures: list[str]) -> None:
        super().__init__(escape=False, exclude_anchor_links=True)
        self.pictures = pictures

    def link(self, text: str, url: str, title: str | None = None) -> str:
        page = re.sub(r"^(?:\.\./|glossary/)?([^/:]+)\.ipynb", r"\1.html", url)
        page = page.replace("#cell-id=", "#cell-")
        return super().link(text, page, title)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        self.pictures.append(url)
        return super().image(text, url.removeprefix("../"), title)

    def table(self, text: str) -> str:
        return f'<div class="scroll"><table>{text}</table></div>\n'

    def block_math(self, body: str) -> str:
        return f'<div class="scroll">{math(body, "block")}</div>'

    def inline_math(self, body: str) -> str:
        return math(body, "inline")


def math(formula: str, display: str) -> str:
    r"""A LaTeX formula as MathML, which browsers set by themselves.

    Raises:
        SiteError: a command in it is unknown to the converter, or a brace has no pair.
    """
    try:
        html = convert(formula.strip(), display=display)
    except Exception as error:
        raise _no_formula(formula) from error
    # The converter passes on commands that it does not know, and closes braces left open.
    braces = re.sub(r"\\[{}]", "", formula)
    if "\\" in html or braces.count("{") != braces.count("}"):
        raise _no_formula(formula)
    return html


def _no_formula(formula: str) -> SiteError:
    return SiteError(
        f"公式 {formula!r} 不能转换成 MathML。请检查花括号，只用 latex2mathml 认识的命令。",
        f"The formula {formula!r} cannot be turned into MathML. Check its braces and use "
        "only commands that latex2mathml knows.",
    )


def _replace_widgets(cell: nbformat.NotebookNode) -> None:
    """Put a note where a widget was; the still picture that a panel leaves follows on its own."""
    for output in cell.get("outputs", ()):
        html = output.get("data", {}).get("text/html", "")
        for css, note in NOTES.items():
            if html.startswith(f'<p class="{css}">'):
                output.data = nbformat.from_dict(
                    {"text/html": f'<p class="note">{note.html()}</p>'}
                )


def _find(pattern: str, text: str, path: Path) -> str:
    if found := re.search(pattern, text, re.M):
        return found[1]
    raise SiteError(
        f"{path.name} 的第一个单元格里没有 {pattern!r}。",
        f"The first cell of {path.name} does not have {pattern!r}.",
    )


def _sections(body: str):
    """Anchor and words of each section: its cell, and its heading in one language and the other."""
    for name, text in TEXT_CELL.findall(body):
        if "<h2" not in text:
            continue  # to parse it takes long
        cell = BeautifulSoup(text, "html.parser")
        headings = ([h.decode_contents() for h in cell.select(f"[lang={k}] > h2")] for k in LANGS)
        for words in zip(*headings, strict=True):
            yield name, Words(*words)
