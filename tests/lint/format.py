"""All our C is as clang-format leaves it."""

import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap
import sources


def complaints(arguments, code=None):
    """@return a complaint for each file clang-format would change."""
    done = subprocess.run(
        ["clang-format", "--dry-run", "-Werror", "--ferror-limit=1", *arguments],
        cwd=sources.ROOT, capture_output=True, text=True, input=code,
    )
    if done.returncode == 0:
        return []
    return [line for line in done.stderr.splitlines() if "error:" in line] or [done.stderr]


class Format(unittest.TestCase):
    def test_all_c_is_as_clang_format_leaves_it(self):
        files = list(sources.c_files())
        self.assertGreater(len(files), 20)
        sources.none(self, complaints(files))

    def test_a_misplaced_brace_is_caught(self):
        sin = "int f(void) {\n    return 1;\n}\n"
        good = "int f(void)\n{\n    return 1;\n}\n"
        self.assertNotEqual(complaints(["--assume-filename=cli/sin.c"], sin), [])
        self.assertEqual(complaints(["--assume-filename=cli/good.c"], good), [])


if __name__ == "__main__":
    tap.main()
