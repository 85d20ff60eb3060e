"""`baton dev`, the cell in one command, and that nothing is left of it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap
from cell import EXAMPLES, PATIENCE, free_port, processes_with, program, wait_until
from natsclient import Client

FAILS = {"target": {"scope": "all"},
         "tasks": [{"backend": "test", "action": "fail", "params": {"message": "no"}}]}


class Dev(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="baton-dev-")
        self.port = free_port()

    def tearDown(self):
        left = processes_with(self.folder) | processes_with(f"127.0.0.1:{self.port}")
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.assertEqual(left, {}, "baton dev left processes behind")

    def dev(self, *argv):
        return [program("baton"), "dev", "--data", os.path.join(self.folder, "data"),
                "--port", str(self.port), *argv]

    def environment(self):
        clean = {key: value for key, value in os.environ.items()
                 if not key.startswith(("NATS_", "BATON_"))}
        return {**clean, "PATH": clean.get("PATH", "") + ":/usr/sbin", "NO_COLOR": "1",
                "HOME": self.folder}

    def run_dev(self, *argv):
        try:
            return subprocess.run(self.dev(*argv), capture_output=True, text=True, cwd=self.folder,
                                  stdin=subprocess.DEVNULL, timeout=40 * PATIENCE,
                                  env=self.environment())
        except subprocess.TimeoutExpired as late:
            self.fail(f"baton dev did not end\n{late.stdout}\n{late.stderr}\n{self.logs()}")

    def logs(self):
        """The ends of what the processes of the cell have logged."""
        text = ""
        for base, _, names in os.walk(self.folder):
            for name in names:
                if name.endswith(".log"):
                    with open(os.path.join(base, name), encoding="utf-8", errors="replace") as file:
                        text += f"--- {name}\n" + "".join(file.readlines()[-30:])
        return text

    def file(self, what):
        path = os.path.join(self.folder, "job.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(what, file)
        return path

    def test_with_a_job_file_it_runs_the_job_and_stops_everything(self):
        done = self.run_dev(os.path.join(EXAMPLES, "hello.yaml"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        text = done.stdout + done.stderr
        for node in ("node-1", "node-2", "node-3"):
            self.assertIn(node, text)
        self.assertIn("completed", text)

    def test_with_a_job_that_fails_it_exits_with_3(self):
        done = self.run_dev("--nodes", "2", self.file(FAILS))
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)

    def test_with_a_bad_job_file_it_exits_with_2(self):
        done = self.run_dev(self.file({"target": {"scope": "all"}, "taks": []}))
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("taks", done.stdout + done.stderr)

    def start(self, *argv):
        with open(self.output(), "wb") as output:
            return subprocess.Popen(self.dev(*argv), stdout=output, stderr=subprocess.STDOUT,
                                    cwd=self.folder, stdin=subprocess.DEVNULL,
                                    env=self.environment(), start_new_session=True)

    def output(self):
        return os.path.join(self.folder, "output")

    def said(self):
        with open(self.output(), encoding="utf-8") as file:
            return file.read()

    def ready(self, dev, nodes):
        """A client of the cell once all its nodes are ready."""
        client = None

        def check():
            nonlocal client
            self.assertIsNone(dev.poll(), "baton dev ended")
            try:
                client = client or Client(f"nats://127.0.0.1:{self.port}")
                listed = client.request("baton.api.node.list", b"{}", timeout=1).json()
            except Exception:  # not there yet, in one of many ways
                return False
            listed = listed if isinstance(listed, list) else listed["nodes"]
            return sum(node["state"] == "ready" for node in listed) == nodes
        wait_until("the cell is ready", check, 30)
        return client

    def test_without_a_job_file_it_stays_until_interrupted_and_prints_its_url(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number.name):
                dev = self.start("--nodes", "2", "--groups", "web,prod")
                client = self.ready(dev, 2)
                wait_until("it says so", lambda: self.said().count("\n") >= 1)
                self.assertRegex(self.said(), rf"nats://127\.0\.0\.1:{self.port}")
                node = client.request("baton.api.node.info", b'{"node":"node-2"}').json()
                self.assertEqual(node["groups"], ["web", "prod"])
                client.close()
                dev.send_signal(number)
                self.assertIn(dev.wait(20 * PATIENCE), (0, 130, 143), self.said())
                self.assertEqual(processes_with(f"127.0.0.1:{self.port}"), {})

    def test_a_stranger_publishes_hello_and_reads_the_job(self):
        dev = self.start("--nodes", "3", "--groups", "web,prod")
        client = self.ready(dev, 3)
        with open(os.path.join(EXAMPLES, "hello.yaml"), encoding="utf-8") as file:
            client.publish("baton.submit", file.read(), {"Baton-Job-Id": "from-a-stranger"})

        def ended():
            value = client.kv_get("baton_jobs", "from-a-stranger")
            return value if value and value["state"] in ("completed", "failed") else None
        value = wait_until("the job has ended", ended)
        self.assertEqual((value["state"], value["partial"]), ("completed", False))
        self.assertTrue({"id", "name", "owner", "epoch", "expected", "created_at", "started_at",
                         "finished_at"} <= set(value))
        client.close()
        dev.send_signal(signal.SIGINT)
        dev.wait(20 * PATIENCE)

    def test_its_children_die_with_it_when_it_is_killed(self):
        dev = self.start("--nodes", "2")
        self.ready(dev, 2).close()
        dev.kill()
        dev.wait()
        wait_until("all of the cell is gone",
                   lambda: not processes_with(self.folder)
                   and not processes_with(f"127.0.0.1:{self.port}"), 15)

    def test_quickstart_says_what_it_cannot_read(self):
        here = os.path.dirname(os.path.abspath(__file__))
        quickstart = os.path.join(here, "..", "..", "deploy", "quickstart")
        done = subprocess.run([quickstart, "no-such-job.yaml"], capture_output=True, text=True,
                              cwd=self.folder, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, re.escape("no-such-job.yaml"))


if __name__ == "__main__":
    tap.main()
