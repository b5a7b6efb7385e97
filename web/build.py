"""``python -m web.build [FOLDER]`` writes the web copy of all lessons, by default into `_site/`.

The copy opens from its folder: no server, no network, no data set. It shows the notebooks with
the outputs stored in them and runs none of their code.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import nbformat
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from pygments.formatters import HtmlFormatter

from lenet_helpers import Words
from web import fields, glossary, living
from web.lessons import TEMPLATES, Lesson, LessonExporter, SiteError, read_lesson

ROOT = Path(__file__).parents[1]
STATIC = Path(__file__).parent / "static"
LIGHT, DARK = "default", "github-dark"  # Pygments' styles for code


def build(target: Path, notebooks: Path = ROOT / "notebooks") -> list[Path]:
    """Write the site into ``target``, a folder of its own, and return the pages.

    Raises:
        SiteError: a lesson holds something that the site cannot show, or ``target`` something else.
        FileNotFoundError: a picture of a lesson is not there.
    """
    _require_own(target)
    lessons = [read_lesson(path) for path in sorted(notebooks.glob("*.ipynb"))]
    shutil.rmtree(target, ignore_errors=True)
    (target / "imgs").mkdir(parents=True)
    for file in STATIC.iterdir():
        shutil.copy(file, target)
    shutil.copy(living.VIEW / "view.css", target / "network_view.css")
    shutil.copy(fields.VIEW / "field.css", target)
    with open(target / "site.css", "a", encoding="utf-8") as css:
        css.write(code_colors())
    for picture in {"../imgs/lenet.png", *(name for lesson in lessons for name in lesson.pictures)}:
        shutil.copy(notebooks / picture, target / "imgs")
    pages = dict(render_pages(lessons))
    for name, html in pages.items():
        (target / name).write_text(html, encoding="utf-8")
    return [target / name for name in pages]


def _require_own(target: Path) -> None:
    """Only a new folder, or an earlier copy of the site, is written over."""
    if target.exists() and any(target.iterdir()) and not (target / "language.js").is_file():
        raise SiteError(
            f"文件夹 {target} 里有别的东西，不会被清空。请换一个新的文件夹。",
            f"The folder {target} holds something else and is left alone. Name a new folder.",
        )


def render_pages(lessons: list[Lesson]):
    """File name and HTML of every page."""
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=False
    )
    templates.globals["words"] = lambda zh, en: Markup(Words(zh, en).html())

    def page(template: str, title: Words, **content) -> str:
        return templates.get_template(template).render(title=f"{title.zh} · {title.en}", **content)

    yield "index.html", page("index.html.j2", Words("LeNet 课程", "LeNet course"), lessons=lessons)
    for lesson in lessons:
        yield f"{lesson.stem}.html", page("lesson.html.j2", lesson.title, lesson=lesson)
    body, _ = LessonExporter().from_notebook_node(nbformat.read(glossary.NOTEBOOK, as_version=4))
    yield "glossary.html", page("lesson.html.j2", glossary.TITLE, lesson={"body": body})
    for name, title, content in (
        ("try_it", Words("试一试", "Try it"), living.try_it),
        ("watch_it", Words("看它学", "Watch it learn"), living.watch_it),
        ("train_it", Words("训练它", "Train it"), living.train_it),
        ("read_field", Words("读邮政编码", "Read a zip code"), fields.read_field),
    ):
        yield f"{name}.html", page(f"{name}.html.j2", title, **content())


def code_colors() -> str:
    """The style rules for highlighted code, in light and in dark."""
    light, dark = (
        "\n".join(HtmlFormatter(style=style).get_style_defs(".highlight").splitlines()[5:])
        for style in (LIGHT, DARK)
    )
    return f"\n{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


if __name__ == "__main__":
    pages = build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "_site")
    print(f"{len(pages)} pages; open {pages[0]}")
