"""One module out of several: for a widget, a page opened from a folder, a Worker."""

import re
from pathlib import Path

IMPORT = re.compile(
    r'^import \{\s*\w+(?:,\s*\w+)*,?\s*\} from "(\.{1,2}/[\w./-]+)";\n', re.MULTILINE
)
EXPORT = re.compile(r"^export (?=(?:async )?function|const|let|class)", re.MULTILINE)
UNKNOWN = re.compile(r"^(?:import|export|var) .*", re.MULTILINE)


def inline(*entries: Path) -> str:
    """These JavaScript files and all they import, in order, as one module with one scope.

    Raises `ValueError`: an import or export of another form. What else can go wrong in one scope,
    two equal names or one that nobody exports, Node says in the tests.
    """
    sources: dict[Path, str] = {}
    for entry in entries:
        _collect(entry.resolve(), sources)
    text = EXPORT.sub("", IMPORT.sub("", "\n".join(sources.values())))
    if unknown := UNKNOWN.search(text):
        raise ValueError(f"a form that cannot be inlined: {unknown[0]}")
    return text


def _collect(path: Path, sources: dict[Path, str]) -> None:
    if path in sources:
        return
    source = path.read_text(encoding="utf-8")
    for file in IMPORT.findall(source):
        _collect((path.parent / file).resolve(), sources)
    sources[path] = source
