"""One module out of several: for a widget, a page opened from a folder, a Worker."""

import re
from pathlib import Path

IMPORT = re.compile(r'^import\s*\{([^}]*)\}\s*from "(\.{1,2}/[\w./-]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?function|const|let|class)", re.MULTILINE)
DEFINED = re.compile(r"^(export )?(?:(?:async )?function\*?|class) (\w+)", re.MULTILINE)
DECLARED = re.compile(r"^(export )?(?:const|let) ([^;]*);", re.MULTILINE)
FIRST_WORDS = re.compile(r"(?:^|,)\s*(\w+)")
QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"|`[^`]*`|//.*')  # and comments
BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}")
UNKNOWN = re.compile(r"^(?:import|export|var|(?:const|let) [{\[]).*", re.MULTILINE)


def inline(*entries: Path) -> str:
    """These JavaScript files and all they import as one module, one scope; or a `ValueError`."""
    sources: dict[Path, str] = {}
    for entry in entries:
        _collect(entry.resolve(), (), sources)
    names = [name for source in sources.values() for _, name in _names(source)]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"more than one file or line defines {sorted(twice)}")
    text = EXPORT.sub("", IMPORT.sub("", "\n".join(sources.values())))
    if unknown := UNKNOWN.search(text):
        raise ValueError(f"a form that cannot be inlined: {unknown[0]}")
    return text


def _collect(path: Path, above: tuple[Path, ...], sources: dict[Path, str]) -> None:
    if path in above:
        raise ValueError(f"{path.name} imports itself through {[file.name for file in above]}")
    source = path.read_text(encoding="utf-8")
    for names, file in () if path in sources else IMPORT.findall(source):
        imported = (path.parent / file).resolve()
        _collect(imported, (*above, path), sources)
        known = {name for export, name in _names(sources[imported]) if export}
        if missing := set(re.findall(r"[^\s,]+", names)) - known:
            raise ValueError(
                f"{imported.name} exports no {sorted(missing)}, which {path.name} imports"
            )
    sources.setdefault(path, source)


def _names(source: str) -> list[tuple[str, str]]:
    """What a file defines outside all brackets, each with ``"export "`` or ``""`` before it."""
    source = QUOTED.sub("", source)
    while (flat := BRACKETS.sub("", source)) != source:
        source = flat
    lists = [(export, FIRST_WORDS.findall(names)) for export, names in DECLARED.findall(source)]
    return [
        *DEFINED.findall(source),
        *((export, name) for export, names in lists for name in names),
    ]
