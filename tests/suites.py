"""Build and run all suites; called by tests/run.

Three builds: build/ (gcc, what users run), build-asan/ (gcc with the address and undefined
behaviour sanitizers) and build-clang/ (clang, compiled only: its warnings are errors too). A
build directory is used again by the next run.

What counts as one test is one line `ok` or `not ok` of a program's TAP output, read from meson's
record of the run. A program which fails without such a line (a crash, a time-out, a plan not
fulfilled) counts as one failure more, and so does a build that breaks. The last line is
`N passed, N failed`, with `, N skipped` behind it if any were; exit 1 if anything failed or
nothing ran.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SUITES = ["unit", "contract", "golden", "sim", "fuzz", "lint", "integration"]
# The lints read sources and the archives of the plain build: nothing new to see in another build.
SANITIZED = [suite for suite in SUITES if suite != "lint"]
BUILDS = {
    "build": ([], {}),
    # Sanitizers make gcc warn of what cannot be; the other two builds judge the warnings.
    "build-asan": (["-Db_sanitize=address,undefined", "-Db_lundef=false", "-Doptimization=1",
                    "-Dwerror=false"], {}),
    "build-clang": ([], {"CC": "clang"}),
}
SANITIZER_ENV = {
    "ASAN_OPTIONS": "abort_on_error=1:detect_leaks=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "halt_on_error=1:abort_on_error=1:print_stacktrace=1",
}
PASSED = {"OK", "EXPECTEDFAIL", "SKIP"}
TAP_LINE = re.compile(r"^(ok|not ok)\b[ \d]*(?:- )?(.*)$")


class Totals:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def say(text):
    print(text, flush=True)


def quiet(command, env):
    """Run; on failure show what it said."""
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **env}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, errors="replace",
    )
    if done.returncode != 0:
        say("".join(done.stdout.splitlines(keepends=True)[-200:]))
    return done.returncode == 0


def build(name):
    """@return a Totals: empty when all is well, one failure when it did not build."""
    totals = Totals()
    options, env = BUILDS[name]
    began = time.monotonic()
    if env.get("CC") and shutil.which(env["CC"]) is None:
        say(f"{name}: {env['CC']} is not installed")
        totals.failed = 1
        return totals
    good = True
    if not os.path.exists(os.path.join(ROOT, name, "build.ninja")):
        good = quiet(["meson", "setup", name, *options], env)
    elif not listed(name):  # configured before there was a cmocka, by deploy/quickstart
        good = quiet(["meson", "setup", "--reconfigure", name], env)
    good = good and quiet(["ninja", "-C", name], env)
    say(f"{name}: {'built' if good else 'DOES NOT BUILD'} ({time.monotonic() - began:.0f} s)")
    totals.failed = 0 if good else 1
    return totals


def count(record):
    """Totals of one program."""
    totals = Totals()
    for line in record.get("stdout", "").splitlines():
        match = TAP_LINE.match(line)
        if match is None:
            continue
        if re.search(r"# SKIP\b", match[2], re.IGNORECASE):  # cmocka has it behind `not ok`
            totals.skipped += 1
        elif match[1] == "not ok":
            totals.failed += 1
        else:
            totals.passed += 1
    if totals.failed == 0 and not went_well(record, totals):
        totals.failed = 1
    if record["result"] == "SKIP" and totals.passed + totals.failed + totals.skipped == 0:
        totals.skipped = 1
    return totals


def went_well(record, totals):
    """meson takes cmocka's skipped tests for failed ones; the exit code knows better."""
    return record["result"] in PASSED or (totals.skipped > 0 and record.get("returncode") == 0)


def listed(name):
    """The suites that have tests in this build."""
    done = subprocess.run(
        ["meson", "introspect", "--tests", name], cwd=ROOT, capture_output=True, text=True,
    )
    tests = json.loads(done.stdout) if done.returncode == 0 else []
    return {suite.split(":")[-1] for test in tests for suite in test["suite"]}


def run_suite(name, suite, env):
    log = os.path.join(ROOT, name, "meson-logs", f"{suite}.json")
    if os.path.exists(log):
        os.unlink(log)
    began = time.monotonic()
    done = subprocess.run(
        ["meson", "test", "-C", name, "--no-rebuild", "--suite", suite, "--logbase", suite,
         *(["--timeout-multiplier", "3"] if "asan" in name else [])],
        cwd=ROOT, env={**os.environ, **env}, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, errors="replace",
    )
    totals = Totals()
    records = []
    if os.path.exists(log):
        with open(log, encoding="utf-8", errors="replace") as lines:
            records = [json.loads(line) for line in lines]
    for record in records:
        one = count(record)
        totals.add(one)
        if one.failed:
            say(f"--- {name}, {suite}: {record['name']}: {record['result']}")
            say(record.get("stdout", ""))
            if record.get("stderr"):
                say(record["stderr"])
    if done.returncode != 0 and totals.failed == 0 and totals.skipped == 0:
        say(done.stdout + done.stderr)
        totals.failed = 1
    say(f"{name}, {suite}: {totals} ({time.monotonic() - began:.0f} s)")
    return totals


def run_build(name, suites, env):
    totals = build(name)
    if totals.failed:
        return totals
    there = listed(name)
    for suite in suites:
        if suite in there:
            totals.add(run_suite(name, suite, env))
    return totals


def main():
    parser = argparse.ArgumentParser(prog="tests/run")
    parser.add_argument("--long", action="store_true", help="longer fuzzing and more seeds")
    parser.add_argument("--suite", action="append", choices=SUITES, metavar="NAME",
                        help=f"only this one, in the plain build: {' '.join(SUITES)}")
    asked = parser.parse_args()
    began = time.monotonic()
    env = {"BATON_LONG": "1"} if asked.long else {}
    totals = Totals()
    totals.add(run_build("build", asked.suite or SUITES, env))
    if not asked.suite:
        totals.add(run_build("build-asan", SANITIZED, {**env, **SANITIZER_ENV}))
        totals.add(build("build-clang"))
    if asked.long and not asked.suite:
        totals.failed += 0 if quiet(["ninja", "-C", "build", "tidy"], env) else 1
    say(f"all in {time.monotonic() - began:.0f} s")
    say(str(totals))
    sys.exit(0 if totals.passed > 0 and totals.failed == 0 else 1)


if __name__ == "__main__":
    main()
