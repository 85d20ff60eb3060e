"""Which files are ours, and C text with its comments and literals blanked out."""

import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
C_FOLDERS = ["common", "controller", "worker", "cli", "sim", "tests"]
TEXT_FOLDERS = C_FOLDERS + ["proto", "deploy", "specs", ".ci"]
TEXT_ENDINGS = (".c", ".h", ".py", ".sh", ".md", ".proto", ".build", ".yaml", ".json", ".txt")


def walk(folders, wanted):
    """Yield (path from the root, text) of the files whose name `wanted` accepts."""
    for folder in folders:
        for base, folders_here, names in os.walk(os.path.join(ROOT, folder)):
            folders_here[:] = sorted(f for f in folders_here if not f.startswith("__"))
            for name in sorted(names):
                if wanted(name):
                    full = os.path.join(base, name)
                    with open(full, encoding="utf-8", errors="replace") as file:
                        yield os.path.relpath(full, ROOT), file.read()


def c_files(folders=None):
    """{path: text} of our C; generated code lives in build directories, which are not walked."""
    return dict(walk(folders or C_FOLDERS, lambda name: name.endswith((".c", ".h"))))


def text_files():
    found = dict(walk(TEXT_FOLDERS, lambda name: name.endswith(TEXT_ENDINGS) or "." not in name))
    found = {path: text for path, text in found.items() if "/corpus/" not in path}  # any bytes
    for name in sorted(os.listdir(ROOT)):
        if name.endswith((".md", ".build")):
            with open(os.path.join(ROOT, name), encoding="utf-8") as file:
                found[name] = file.read()
    return found


TOKEN = re.compile(
    r"""/\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'""", re.S | re.X
)


def blank(match):
    """The same number of lines and columns, without what was written there."""
    text = match[0]
    if text.startswith("//"):
        return "//" + " " * (len(text) - 2)  # kept, so that it can be complained about
    return re.sub(r"[^\n]", " ", text)


def code_only(text):
    return TOKEN.sub(blank, text)


def none(test, complaints):
    """Fail the test with one complaint a line, if there is one."""
    if complaints:
        test.fail("\n" + "\n".join(complaints))
