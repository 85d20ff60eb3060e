"""What the documents point at exists: links, and files named in backquotes.

A bare `b.c` behind `folder/a.c` on the same line means folder/b.c.
"""

import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap
import sources

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
QUOTED = re.compile(r"`([\w./-]+)`")
OURS = re.compile(r"^(common|controller|worker|sim|cli|tests|proto|specs|deploy|\.ci)/")
FILE = re.compile(r"^[\w-]+\.(c|h|py|sh|proto)$")


def check(path, text, exists):
    """@return complaints about one document; `exists` judges a path from the root."""
    complaints = []
    for number, line in enumerate(text.split("\n"), 1):
        for link in LINK.findall(line):
            if "://" in link:
                continue
            target = os.path.normpath(os.path.join(os.path.dirname(path), link))
            if not exists(target):
                complaints.append(f"{path}:{number}: links to {target}, which is not there")
        folder = None
        for name in QUOTED.findall(line):
            if OURS.match(name):
                folder = os.path.dirname(name)
                target = name
            elif FILE.match(name) and folder is not None:
                target = f"{folder}/{name}"
            else:
                continue
            if not exists(target.rstrip("/")):
                complaints.append(f"{path}:{number}: names {target}, which is not there")
    return complaints


def there(path):
    return os.path.exists(os.path.join(sources.ROOT, path))


class Paths(unittest.TestCase):
    def test_what_the_documents_point_at_is_there(self):
        documents = {path: text for path, text in sources.text_files().items()
                     if path.endswith(".md")}
        self.assertGreater(len(documents), 10)
        sources.none(self, [c for path, text in documents.items()
                            for c in check(path, text, there)])

    def test_a_dead_link_and_a_file_that_has_moved_are_caught(self):
        for text in ("[x](gone.md)", "`controller/core/gone.c`", "`controller/core/a.c`, `gone.c`"):
            with self.subTest(text):
                complaints = check("specs/map.md", text, lambda path: "gone" not in path)
                self.assertEqual(len(complaints), 1)

    def test_links_into_the_web_and_words_are_left_alone(self):
        text = "[x](https://example.org/gone) `main.c` `text/plain` [y](a.md#part)"
        self.assertEqual(check("specs/map.md", text, lambda path: path == "specs/a.md"), [])


if __name__ == "__main__":
    tap.main()
