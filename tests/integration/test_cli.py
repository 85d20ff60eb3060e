"""A session with `baton` as a user has it: what it prints, where, and with which exit code."""

import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap
from cell import (CellTest, EXAMPLES, PATIENCE, echo, free_port, program, shell, spec, task,
                  wait_until)


class Cli(CellTest):
    GROUPS = "web,prod"

    def baton(self, *argv, stdin="", env=None, timeout=60):
        """Run baton; the finished process, with text output."""
        clean = {key: value for key, value in os.environ.items()
                 if not key.startswith(("NATS_", "BATON_"))}
        return subprocess.run(
            [program("baton"), *argv], input=stdin, capture_output=True, text=True,
            timeout=timeout * PATIENCE, cwd=self.cell.folder,
            env={**clean, "NATS_URL": self.cell.url, "HOME": self.cell.folder, "NO_COLOR": "1",
                 **(env or {})})

    def expect(self, code, *argv, **more):
        done = self.baton(*argv, **more)
        self.assertEqual(done.returncode, code, f"baton {' '.join(argv)}\n{done.stdout}\n{done.stderr}")
        return done

    def write(self, name, what):
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(what if isinstance(what, str) else json.dumps(what))
        return path

    # --- exit codes ------------------------------------------------------------------------------

    def test_0_a_job_that_completes(self):
        done = self.expect(0, "job", "run", "-f", os.path.join(EXAMPLES, "hello.yaml"), "--wait")
        self.assertRegex(done.stdout, r"[0-9a-z]{26}")

    def test_0_without_wait_only_the_id_is_printed(self):
        done = self.expect(0, "job", "run", "-t", "all", "ping", "echo", "message=hi")
        self.assertRegex(done.stdout, r"^[0-9a-z]{26}\n$")
        self.cell.wait(done.stdout.strip())

    def test_2_usage(self):
        for argv in (["job", "fly"], ["job", "run", "--no-such-flag"], ["nonsense"], ["job", "get"],
                     ["job", "run"], ["job", "list", "-o", "xml"]):
            with self.subTest(argv):
                done = self.expect(2, *argv)
                self.assertEqual(done.stdout, "")
                self.assertTrue(done.stderr.strip())

    def test_2_a_spec_that_does_not_validate(self):
        path = self.write("bad.yaml", "target: {scope: all}\ntasks:\n  - {backend: ping, acton: echo}\n")
        for argv in (["job", "run", "-f", path], ["job", "validate", path]):
            with self.subTest(argv):
                done = self.expect(2, *argv)
                self.assertRegex(done.stderr + done.stdout,
                                 re.escape(os.path.basename(path)) + r":3:\d+: .*acton")
        self.expect(2, "job", "run", "-f", self.path("not-there.yaml"))

    def test_0_a_spec_that_validates_needs_no_bus(self):
        path = self.write("good.json", spec(echo()))
        self.expect(0, "job", "validate", path, env={"NATS_URL": "nats://127.0.0.1:1"})

    def test_3_a_job_that_fails_or_completes_partly(self):
        path = self.write("fail.json", spec(task("test", "fail", params={"message": "no"})))
        self.expect(3, "job", "run", "-f", path, "--wait")
        path = self.write("part.json", spec(
            task("test", "fail", params={"message": "no"}), strategy="continue"))
        self.expect(3, "job", "run", "-f", path, "--wait")

    def test_4_not_found(self):
        self.expect(4, "job", "get", "nosuchjob")
        self.expect(4, "job", "cancel", "nosuchjob")
        self.expect(4, "job", "logs", "nosuchjob")
        self.expect(4, "node", "info", "nosuchnode")

    def test_5_conflict(self):
        path = self.write("echo.json", spec(echo()))
        self.expect(0, "job", "run", "-f", path, "--id", "cli-mine", "--wait")
        self.expect(5, "job", "run", "-f", path, "--id", "cli-mine")
        self.expect(5, "job", "cancel", "cli-mine")

    def test_7_no_bus(self):
        for argv in (["job", "list"], ["status"], ["node", "list"],
                     ["job", "run", "-t", "all", "ping", "hostname"]):
            with self.subTest(argv):
                done = self.expect(7, *argv, "--server", f"nats://127.0.0.1:{free_port()}")
                self.assertEqual(done.stdout, "")

    def test_7_no_controller(self):
        self.expect(7, "job", "list", "--cell", "nobody-here")

    def test_8_the_timeout_passes_and_the_job_goes_on(self):
        path = self.write("slow.json", spec(task("ping", "sleep", params={"duration": "4s"})))
        began = time.monotonic()
        self.expect(8, "job", "run", "-f", path, "--id", "cli-slow", "--wait", "--timeout", "500ms")
        self.assertLess(time.monotonic() - began, 3.5 * PATIENCE)
        self.assertIn(self.cell.kv_job("cli-slow")["state"], ("pending", "running"))
        self.assertEqual(self.cell.wait("cli-slow")["state"], "completed")

    def test_9_no_target(self):
        self.expect(9, "job", "run", "-t", "group:nobody", "ping", "hostname")

    def test_10_a_job_that_is_cancelled(self):
        path = self.write("long.json", spec(shell("sleep 60")))
        with subprocess.Popen(
                [program("baton"), "job", "run", "-f", path, "--id", "cli-long", "--wait"],
                env={**os.environ, "NATS_URL": self.cell.url}, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as waiting:
            self.cell_has("cli-long", "running")
            self.expect(0, "job", "cancel", "cli-long")
            self.assertEqual(waiting.wait(30 * PATIENCE), 10, waiting.stderr.read())

    def cell_has(self, job, state):
        def check():
            value = self.cell.kv_job(job)
            return value and value["state"] == state
        wait_until(f"{job} is {state}", check)

    # --- what it shows -----------------------------------------------------------------------------

    def test_get_as_json_is_what_the_api_says(self):
        path = self.write("echo.json", spec(echo("shown"), name="shown"))
        self.expect(0, "job", "run", "-f", path, "--id", "cli-shown", "--wait")
        done = self.expect(0, "job", "get", "cli-shown", "-o", "json")
        job = json.loads(done.stdout)
        self.assertEqual(job, self.cell.get("cli-shown"))
        self.assertEqual(job["steps"][0]["nodes"]["node-3"]["output"], "shown\n")
        table = self.expect(0, "job", "get", "cli-shown").stdout
        for text in ("cli-shown", "completed", "node-1", "node-2", "node-3", "succeeded"):
            self.assertIn(text, table)
        self.expect(0, "job", "get", "cli-sho")

    def test_lists_come_in_every_format(self):
        self.expect(0, "job", "run", "-t", "node:node-1", "ping", "hostname", "--wait",
                    "--id", "cli-listed")
        self.assertIn("cli-listed", self.expect(0, "job", "list").stdout)
        names = self.expect(0, "job", "list", "-o", "name").stdout.split()
        self.assertIn("cli-listed", names)
        listed = json.loads(self.expect(0, "job", "list", "-o", "json").stdout)
        listed = listed if isinstance(listed, list) else listed["jobs"]
        self.assertIn("cli-listed", [job["id"] for job in listed])
        rows = self.expect(0, "job", "list", "-o", "jsonl").stdout.splitlines()
        self.assertIn("cli-listed", [json.loads(row)["id"] for row in rows])
        one = self.expect(0, "job", "list", "--state", "completed", "--limit", "1", "-o", "name")
        self.assertEqual(len(one.stdout.split()), 1)

    def test_nodes_and_status_and_version(self):
        table = self.expect(0, "node", "list").stdout
        for text in ("node-1", "node-2", "node-3", "ready", "web"):
            self.assertIn(text, table)
        node = json.loads(self.expect(0, "node", "info", "node-1", "-o", "json").stdout)
        self.assertEqual((node["id"], node["groups"]), ("node-1", ["web", "prod"]))
        status = json.loads(self.expect(0, "status", "-o", "json").stdout)
        self.assertEqual(status["nodes"]["ready"], 3)
        self.assertRegex(self.expect(0, "version").stdout, r"\d+\.\d+\.\d+")

    def test_logs_show_the_output_of_a_step_and_a_node(self):
        path = self.write("logs.json", spec(shell("echo to-out; echo to-err >&2"), echo("second")))
        self.expect(0, "job", "run", "-f", path, "--id", "cli-logs", "--wait")
        text = self.expect(0, "job", "logs", "cli-logs").stdout
        self.assertEqual(text.count("to-out"), 3)
        self.assertEqual(text.count("to-err"), 3)
        self.assertEqual(text.count("second"), 3)
        text = self.expect(0, "job", "logs", "cli-logs", "--step", "0", "--node", "node-2").stdout
        self.assertEqual((text.count("to-out"), text.count("second")), (1, 0))

    def test_follow_shows_the_output_live_and_ends_with_the_job(self):
        path = self.write("follow.json", spec(shell("echo one; sleep 0.3; echo two")))
        done = self.expect(0, "job", "run", "-f", path, "--follow")
        self.assertEqual((done.stdout + done.stderr).count("two"), 3)
        for node in self.nodes():
            self.assertIn(node, done.stdout + done.stderr)

    def test_a_spec_may_come_from_standard_input(self):
        done = self.expect(0, "job", "run", "-f", "-", "--wait", stdin=json.dumps(spec(echo())))
        self.assertRegex(done.stdout, r"[0-9a-z]{26}")

    def test_an_idempotency_key_gives_the_same_id(self):
        argv = ["job", "run", "-t", "all", "ping", "hostname", "--idempotency-key", "cli-key"]
        self.assertEqual(self.expect(0, *argv).stdout, self.expect(0, *argv).stdout)

    def test_130_an_interrupt_leaves_the_job_running(self):
        path = self.write("long.json", spec(task("ping", "sleep", params={"duration": "3s"})))
        with subprocess.Popen(
                [program("baton"), "job", "run", "-f", path, "--id", "cli-interrupted", "--wait"],
                env={**os.environ, "NATS_URL": self.cell.url}, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as waiting:
            self.cell_has("cli-interrupted", "running")
            waiting.send_signal(2)
            self.assertEqual(waiting.wait(10 * PATIENCE), 130)
        self.assertEqual(self.cell.wait("cli-interrupted")["state"], "completed")


if __name__ == "__main__":
    tap.main()
