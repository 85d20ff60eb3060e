"""Run the unittest classes of a script and report in TAP, one line per test.

    if __name__ == "__main__":
        tap.main()

`script.py [NAME ...]` runs only the tests whose name contains one of NAME.
"""

import sys
import time
import unittest


class Report(unittest.TestResult):
    """Prints as tests end; a failed subTest fails its test once, with every text."""

    def __init__(self, out):
        super().__init__()
        self.out = out
        self.number = 0
        self.bad = []
        self.began = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.bad = []
        self.skipped_why = None
        self.began = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        self.line(test._testMethodName, time.monotonic() - self.began)

    def line(self, name, seconds):
        self.number += 1
        name = name.removeprefix("test_").replace("_", " ")
        verdict = "not ok" if self.bad else "ok"
        skip = f" # SKIP {self.skipped_why}" if self.skipped_why and not self.bad else ""
        print(f"{verdict} {self.number} - {name}{skip}", file=self.out)
        for text in self.bad:
            for row in text.rstrip().splitlines():
                print(f"# {row}", file=self.out)
        if seconds > 1:
            print(f"# took {seconds:.1f} s", file=self.out)
        self.out.flush()

    def note(self, test, err):
        self.bad.append(self._exc_info_to_string(err, test))  # without unittest's own frames
        explain = getattr(test, "explain", None)
        if explain is not None and len(self.bad) == 1:
            self.bad.append(explain())

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.outside(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self.outside(test, err)

    def outside(self, test, err):
        self.note(test, err)
        if not isinstance(test, unittest.TestCase):  # setUpClass or tearDownClass
            self.skipped_why = None
            self.line(str(test), 0)
            self.bad = []

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.bad.append(str(subtest))
            self.note(test, err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.skipped_why = reason
        if not isinstance(test, unittest.TestCase):
            self.bad = []
            self.line(str(test), 0)


def flat(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flat(test)
        else:
            yield test


def main():
    tests = list(flat(unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])))
    wanted = sys.argv[1:]
    if wanted:
        tests = [test for test in tests if any(word in test.id() for word in wanted)]
    report = Report(sys.stdout)
    unittest.TestSuite(tests).run(report)
    print(f"1..{report.number}", flush=True)
    sys.exit(0 if report.wasSuccessful() and report.number > 0 else 1)
