"""Every source of a pure layer has its unit test: common/base/name.c has
tests/unit/common/base/test_name.c, or a line in twins.txt that says why not."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap
import sources

PURE = ["common/base", "common/spec", "common/wire", "controller/core", "worker/core"]
HERE = os.path.dirname(os.path.abspath(__file__))


def excused():
    with open(os.path.join(HERE, "twins.txt"), encoding="utf-8") as file:
        rows = [line.split("|") for line in file if line.strip() and not line.startswith("#")]
    return {row[0].strip(): row[1].strip() for row in rows}


def check(sources_c, tests, excuses):
    """@return complaints about lists of paths and {path: reason}."""
    complaints = []
    for path in sources_c:
        folder, name = os.path.split(path)
        twin = f"tests/unit/{folder}/test_{name}"
        if twin not in tests and path not in excuses:
            complaints.append(f"{path}: no {twin}, and no reason in tests/lint/twins.txt")
        if twin in tests and path in excuses:
            complaints.append(f"{path}: has a test; its line in tests/lint/twins.txt can go")
    complaints += [f"tests/lint/twins.txt: there is no {path}" for path in excuses
                   if path not in sources_c]
    complaints += [f"tests/lint/twins.txt: {path}: no reason" for path, why in excuses.items()
                   if len(why) < 10]
    return complaints


class Twins(unittest.TestCase):
    def test_every_source_of_a_pure_layer_has_its_unit_test(self):
        ours = [path for path in sources.c_files(PURE) if path.endswith(".c")]
        self.assertGreater(len(ours), 10)
        sources.none(self, check(ours, set(sources.c_files(["tests"])), excused()))

    def test_a_missing_twin_is_caught(self):
        self.assertIn("no tests/unit/common/base/test_a.c", check(["common/base/a.c"], set(), {})[0])

    def test_an_excuse_without_need_reason_or_source_is_caught(self):
        tests = {"tests/unit/common/base/test_a.c"}
        self.assertEqual(len(check(["common/base/a.c"], tests, {"common/base/a.c": "x" * 10})), 1)
        self.assertEqual(len(check(["common/base/a.c"], set(), {"common/base/a.c": "x"})), 1)
        self.assertEqual(len(check([], set(), {"common/base/a.c": "x" * 10})), 1)
        self.assertEqual(check(["common/base/a.c"], tests, {}), [])


if __name__ == "__main__":
    tap.main()
