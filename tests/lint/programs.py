"""What the built programs ask of their libraries. BATON_BUILD names the build directory."""

import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap
import sources

BUILD = os.environ.get("BATON_BUILD", os.path.join(sources.ROOT, "build"))
PROGRAMS = ["baton", "baton-controller", "baton-worker", "baton-runner"]

BANNED = re.compile(
    r"(uv_spawn|natsConnection_Flush|natsConnection_Request\w*|natsSubscription_NextMsg\w*"
    r"|js_[A-Z]\w*|kvStore_\w+|micro_\w+|system|popen)$"
)
# The runner runs beside untrusted programs: it knows no bus and no network library.
LIBRARIES_BANNED = {"baton-runner": re.compile(r"libnats|libssl|libcurl")}


def program_path(name):
    for base, _, names in os.walk(BUILD):
        if name in names and os.access(os.path.join(base, name), os.X_OK):
            return os.path.join(base, name)
    return None


def complaints_about_imports(name, symbols):
    return [f"{name}: imports {symbol}" for symbol in symbols if BANNED.match(symbol)]


def dynamic(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class Programs(unittest.TestCase):
    def test_no_program_imports_what_blocks_the_loop_or_forks_it(self):
        for name in PROGRAMS:
            path = program_path(name)
            self.assertIsNotNone(path, f"{name} is not in {BUILD}")
            rows = dynamic("nm", "-D", "--undefined-only", path).splitlines()
            symbols = [row.split()[-1].split("@")[0] for row in rows if row.split()]
            self.assertGreater(len(symbols), 5)
            sources.none(self, complaints_about_imports(name, symbols))

    def test_no_program_contains_the_text_uv_spawn(self):
        for name in PROGRAMS:
            path = program_path(name)
            self.assertIsNotNone(path, f"{name} is not in {BUILD}")
            with open(path, "rb") as file:
                self.assertNotIn(b"uv_spawn", file.read(), name)

    def test_the_runner_is_linked_with_no_bus(self):
        for name, banned in LIBRARIES_BANNED.items():
            path = program_path(name)
            self.assertIsNotNone(path, f"{name} is not in {BUILD}")
            needed = [row for row in dynamic("objdump", "-p", path).splitlines() if "NEEDED" in row]
            self.assertGreater(len(needed), 0)
            sources.none(self, [row for row in needed if banned.search(row)])

    def test_a_banned_import_is_caught(self):
        for symbol in ["uv_spawn", "natsConnection_Flush", "natsConnection_RequestMsg",
                       "js_Publish", "kvStore_Get", "natsSubscription_NextMsg", "system"]:
            with self.subTest(symbol):
                self.assertEqual(len(complaints_about_imports("x", [symbol])), 1)
        for symbol in ["natsConnection_FlushTimeout", "json_pack", "uv_run", "posix_spawn"]:
            with self.subTest(symbol):
                self.assertEqual(complaints_about_imports("x", [symbol]), [])


if __name__ == "__main__":
    tap.main()
