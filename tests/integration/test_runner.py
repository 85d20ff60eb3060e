"""baton-runner as a process: what becomes of a task, its output and its process tree."""

import json
import os
import signal
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap
import runner_client
from runner_client import Runner, order

# Leaves a grandchild that has left its parent, its session and its process group, and that
# ignores every polite signal. It writes its pid and then sleeps for ever.
ESCAPE = """
import os, signal, sys, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        os.write(1, b"pid %d\\n" % os.getpid())
        while True:
            time.sleep(60)
    os._exit(0)
if sys.argv[1] == "stay":
    while True:
        time.sleep(60)
time.sleep(0.2)
"""


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


class RunnerCase(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="baton-runner-")
        self.addCleanup(self.temporary.cleanup)
        self.runners = []
        self.addCleanup(self.stop)

    def stop(self):
        for runner in self.runners:
            if runner.process.poll() is None:
                runner.process.kill()
                runner.process.wait(runner_client.WAIT)
            runner.socket.close()

    def start(self, *argv, **settings):
        directory = os.path.join(self.temporary.name, str(len(self.runners)))
        os.mkdir(directory)
        runner = Runner(directory, order(directory, argv, **settings))
        self.runners.append(runner)
        return runner

    def run_task(self, *argv, **settings):
        runner = self.start(*argv, **settings)
        outcome = runner.outcome()
        self.assertTrue(outcome.tree_empty)
        self.assertEqual(runner.finish(), 0)
        return outcome

    def builtin(self, backend, action, **params):
        return self.run_task(backend=backend, action=action, params=json.dumps(params))

    def escaped_pid(self, runner):
        runner.wait_spool(b"pid ")
        return int(runner.spool()[1].split()[1])


class Ends(RunnerCase):
    def test_a_program_that_exits_with_0_succeeded(self):
        outcome = self.run_task("sh", "-c", "echo out; echo err >&2")
        self.assertEqual((outcome.state, outcome.code, outcome.exit_code), ("succeeded", "OK", 0))
        self.assertEqual((outcome.out, outcome.err, outcome.error), (b"out\n", b"err\n", ""))

    def test_an_exit_status_is_told(self):
        outcome = self.run_task("sh", "-c", "exit 3")
        self.assertEqual((outcome.state, outcome.code, outcome.exit_code), ("failed", "EXIT", 3))
        self.assertIn("3", outcome.error)

    def test_exit_127_of_the_program_itself_is_an_exit_status(self):
        self.assertEqual(self.run_task("sh", "-c", "exit 127").code, "EXIT")

    def test_a_signal_is_told_apart_from_an_exit_status(self):
        outcome = self.run_task("sh", "-c", "kill -SEGV $$")
        self.assertEqual((outcome.state, outcome.code), ("failed", "SIGNAL"))
        self.assertEqual((outcome.signal, outcome.exit_code), (signal.SIGSEGV, None))

    def test_a_program_that_does_not_exist_is_not_found(self):
        for name in ("no-such-program", "/no/such/program", "./no-such-program"):
            outcome = self.run_task(name)
            self.assertEqual((outcome.state, outcome.code, outcome.exit_code),
                             ("failed", "NOT_FOUND", 127))
            self.assertIn(name, outcome.error)

    def test_a_directory_that_does_not_exist_is_not_found(self):
        outcome = self.run_task("true", cwd="/no/such/directory")
        self.assertEqual((outcome.code, outcome.exit_code), ("NOT_FOUND", 127))
        self.assertIn("/no/such/directory", outcome.error)

    def test_a_file_that_is_no_program_is_denied_and_no_shell_is_tried(self):
        path = os.path.join(self.temporary.name, "script")
        with open(path, "w", encoding="utf-8") as file:
            file.write("echo a shell ran this\n")
        outcome = self.run_task(path)
        self.assertEqual((outcome.state, outcome.code, outcome.exit_code),
                         ("failed", "DENIED", 126))
        os.chmod(path, 0o755)
        outcome = self.run_task(path)
        self.assertEqual((outcome.code, outcome.exit_code, outcome.out), ("DENIED", 126, b""))

    def test_an_unknown_user_is_denied(self):
        self.assertEqual(self.run_task("true", user="no-such-user").code, "DENIED")

    @unittest.skipUnless(os.getuid() == 0, "needs root")
    def test_the_task_runs_as_the_user_with_that_users_home(self):
        outcome = self.run_task("sh", "-c", "id -un; echo $HOME; echo $LOGNAME", user="nobody")
        self.assertEqual(outcome.out, b"nobody\n/nonexistent\nnobody\n")

    @unittest.skipUnless(os.getuid() == 0, "needs root")
    def test_a_directory_the_user_may_not_enter_is_denied(self):
        self.assertEqual(self.run_task("true", user="nobody", cwd=self.temporary.name).code,
                         "DENIED")

    def test_no_new_privileges_are_possible(self):
        outcome = self.run_task("grep", "NoNewPrivs", "/proc/self/status")
        self.assertEqual(outcome.out.split(), [b"NoNewPrivs:", b"1"])

    def test_a_duration_is_told(self):
        self.assertGreaterEqual(self.run_task("sleep", "0.2").duration_ms, 200)

    def test_an_order_that_is_not_one_ends_the_runner(self):
        directory = os.path.join(self.temporary.name, "foreign")
        os.mkdir(directory)
        runner = Runner(directory, b"\xff\xff\xff\xff")
        self.runners.append(runner)
        self.assertEqual(runner.process.wait(runner_client.WAIT), 1)


class Surroundings(RunnerCase):
    def test_the_environment_is_the_orders(self):
        outcome = self.run_task("env", env={"PATH": "/usr/bin:/bin", "A": "b c", "HOME": "/h"})
        lines = outcome.out.decode().splitlines()
        self.assertIn("A=b c", lines)
        self.assertIn("HOME=/h", lines)
        names = {line.split("=")[0] for line in lines}
        self.assertEqual(names, {"PATH", "A", "HOME", "USER", "LOGNAME"})

    def test_the_program_is_looked_for_in_the_orders_path(self):
        self.assertEqual(self.run_task("true", env={"PATH": "/nowhere"}).code, "NOT_FOUND")

    def test_standard_input_may_hold_any_bytes(self):
        data = bytes(range(256)) * 5000
        outcome = self.run_task("cksum", stdin=data)
        self.assertEqual(outcome.out.split()[1], str(len(data)).encode())
        self.assertEqual(self.run_task("head", "-c", "256", stdin=data).out, data[:256])

    def test_without_standard_input_it_is_empty(self):
        self.assertEqual(self.run_task("cat").out, b"")

    def test_the_directory_is_the_orders(self):
        self.assertEqual(self.run_task("pwd", cwd="/usr").out, b"/usr\n")

    def test_arguments_reach_the_program_as_they_are(self):
        outcome = self.run_task("printf", "%s|", "a b", "", "$HOME", "*", "é")
        self.assertEqual(outcome.out.decode(), "a b||$HOME|*|é|")

    def test_a_task_inherits_no_descriptor_and_no_ignored_signal(self):
        outcome = self.run_task("sh", "-c", "ls /proc/$$/fd; grep SigIgn /proc/$$/status")
        lines = outcome.out.decode().split()
        self.assertEqual(lines[:3], ["0", "1", "2"])
        self.assertEqual(lines[-2:], ["SigIgn:", "0" * 16])
        self.assertNotIn("3", lines[3:-2])


class Output(RunnerCase):
    def test_binary_output_comes_through_unchanged(self):
        data = bytes(range(256)) * 16
        runner = self.start("cat", stdin=data)
        self.assertEqual(runner.outcome().out, data)
        self.assertEqual(runner.spool()[1], data)

    def test_of_10_mib_the_head_the_tail_and_the_total_are_exact(self):
        size = 10 * 1024 * 1024
        script = ("import sys, random; r = random.Random(7); "
                  f"sys.stdout.buffer.write(r.randbytes({size}))")
        runner = self.start(sys.executable, "-c", script)
        outcome = runner.outcome()
        import random
        data = random.Random(7).randbytes(size)
        self.assertEqual(outcome.out_total, size)
        self.assertTrue(outcome.out == data[:65536] and outcome.out_tail == data[-65536:])
        self.assertTrue(runner.spool()[1] == data)

    def test_head_and_tail_do_not_overlap(self):
        for size in (65535, 65536, 65537, 100000, 131072, 131073):
            data = (b"%07d\n" * (size // 8 + 1)) % tuple(range(size // 8 + 1))
            outcome = self.run_task("cat", stdin=data[:size])
            self.assertEqual(outcome.out_total, size)
            self.assertEqual(outcome.out, data[:min(size, 65536)])
            self.assertEqual(outcome.out_tail, data[max(65536, size - 65536):size])

    def test_a_task_that_closes_its_output_goes_on(self):
        outcome = self.run_task("sh", "-c", "exec >&- 2>&-; sleep 0.2; exit 4")
        self.assertEqual(outcome.exit_code, 4)

    def test_a_worker_that_does_not_read_does_not_slow_the_task(self):
        runner = self.start("sh", "-c", "for i in 1 2 3; do seq 1 200000; done")
        self.assertTrue(wait_for(lambda: os.path.exists(runner.directory + "/exit")))
        self.assertEqual(runner.record().code, "OK")


def wait_for(condition, seconds=runner_client.WAIT):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


class Trees(RunnerCase):
    def test_a_timeout_ends_the_task(self):
        outcome = self.run_task("sleep", "60", timeout_ms=200)
        self.assertEqual((outcome.state, outcome.code), ("timed_out", "TIMEOUT"))
        self.assertEqual(outcome.signal, signal.SIGTERM)
        self.assertLess(outcome.duration_ms, 2000)

    def test_a_task_may_use_the_grace_to_clean_up(self):
        script = "trap 'echo bye; exit 5' TERM; echo on; while :; do sleep 0.05; done"
        outcome = self.run_task("sh", "-c", script, timeout_ms=300)
        self.assertEqual((outcome.code, outcome.exit_code, outcome.out),
                         ("TIMEOUT", 5, b"on\nbye\n"))

    def test_a_silent_task_ends_by_its_idle_timeout(self):
        outcome = self.run_task("sh", "-c", "echo once; exec sleep 60", idle_timeout_ms=200)
        self.assertEqual((outcome.state, outcome.code), ("timed_out", "IDLE_TIMEOUT"))
        self.assertIn("no output for 0.2 s", outcome.error)
        self.assertEqual(outcome.out, b"once\n")

    def test_output_on_either_stream_puts_the_idle_timeout_off(self):
        script = "for i in 1 2 3 4 5 6; do sleep 0.2; echo $i >&$((i % 2 + 1)); done"
        outcome = self.run_task("bash", "-c", script, idle_timeout_ms=1000)
        self.assertEqual(outcome.code, "OK")

    def test_a_timeout_leaves_no_descendant_that_fled_and_ignores_term(self):
        runner = self.start(sys.executable, "-c", ESCAPE, "stay", timeout_ms=700, grace_ms=100)
        pid = self.escaped_pid(runner)
        self.assertTrue(alive(pid))
        outcome = runner.outcome()
        self.assertFalse(alive(pid))
        self.assertEqual((outcome.state, outcome.code, outcome.signal),
                         ("timed_out", "TIMEOUT", signal.SIGKILL))
        self.assertTrue(outcome.tree_empty)

    def test_what_a_task_leaves_in_the_background_ends_with_it(self):
        runner = self.start(sys.executable, "-c", ESCAPE, "leave")
        pid = self.escaped_pid(runner)
        outcome = runner.outcome()
        self.assertFalse(alive(pid))
        self.assertEqual((outcome.state, outcome.exit_code), ("succeeded", 0))

    def test_a_background_child_that_holds_the_pipe_does_not_hold_the_end(self):
        outcome = self.run_task("sh", "-c", "sleep 600 & echo started")
        self.assertEqual((outcome.code, outcome.out), ("OK", b"started\n"))
        self.assertLess(outcome.duration_ms, 5000)

    def test_a_growing_tree_is_caught(self):
        grow = "import os\nfor i in range(6): os.fork()\nos.setsid() if os.fork() == 0 else 0\n" \
               "import time; os.write(1, b'.'); time.sleep(600)"
        runner = self.start(sys.executable, "-c", grow)
        self.assertTrue(wait_for(lambda: len(runner.spool()[1]) == 128))
        runner.kill(grace_ms=0)
        outcome = runner.outcome()
        self.assertEqual(outcome.state, "cancelled")
        self.assertTrue(outcome.tree_empty)

    def test_a_cancel_ends_the_task(self):
        runner = self.start("sh", "-c", "echo on; exec sleep 600")
        runner.wait_spool(b"on")
        runner.kill()
        outcome = runner.outcome()
        self.assertEqual((outcome.state, outcome.code), ("cancelled", "CANCELLED"))
        self.assertTrue(outcome.tree_empty)

    def test_a_cancel_that_comes_right_behind_the_order_is_obeyed(self):
        for _ in range(20):
            runner = self.start("sleep", "600")
            runner.kill(grace_ms=20000)  # long: TERM has to do it
            outcome = runner.outcome()
            self.assertEqual((outcome.state, outcome.code), ("cancelled", "CANCELLED"))
            self.assertLess(outcome.duration_ms, 10000)

    def test_a_stopped_task_can_be_cancelled_politely(self):
        runner = self.start("sh", "-c", "trap 'exit 9' TERM; echo on; kill -STOP $$; sleep 600")
        runner.wait_spool(b"on")
        runner.kill(grace_ms=20000)
        self.assertEqual(runner.outcome().code, "CANCELLED")

    def test_a_runner_whose_worker_died_goes_on_and_leaves_the_exit_record(self):
        runner = self.start("sh", "-c", "echo on; sleep 0.5; echo off; exit 6")
        runner.wait_spool(b"on")
        runner.socket.close()
        self.assertEqual(runner.process.wait(runner_client.WAIT), 0)
        record = runner.record()
        self.assertEqual((record.code, record.exit_code, record.out), ("EXIT", 6, b"on\noff\n"))
        self.assertTrue(record.tree_empty)

    def test_polite_signals_to_the_runner_do_not_end_the_task(self):
        runner = self.start("sh", "-c", "echo on; sleep 0.5")
        runner.wait_spool(b"on")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            runner.process.send_signal(number)
        self.assertEqual(runner.outcome().code, "OK")

    def test_a_task_does_not_outlive_a_killed_runner(self):
        runner = self.start("sh", "-c", "echo pid $$; exec sleep 600")
        pid = self.escaped_pid(runner)
        runner.process.kill()
        runner.process.wait(runner_client.WAIT)
        self.assertTrue(wait_for(lambda: not alive(pid)))

    def test_the_exit_record_says_what_the_notice_said(self):
        runner = self.start("sh", "-c", "echo x; exit 2")
        told = runner.outcome()
        runner.finish()
        self.assertEqual(vars(told), vars(runner.record()))


class Builtins(RunnerCase):
    def test_echo_prints_the_message_and_a_newline(self):
        self.assertEqual(self.builtin("ping", "echo", message="hi").out, b"hi\n")

    def test_hostname_prints_it(self):
        self.assertEqual(self.builtin("ping", "hostname").out.decode().strip(), os.uname().nodename)

    def test_sleep_sleeps(self):
        outcome = self.builtin("ping", "sleep", duration="150ms")
        self.assertGreaterEqual(outcome.duration_ms, 150)
        self.assertEqual(self.builtin("test", "sleep", duration="0s").code, "OK")

    def test_a_sleep_can_time_out(self):
        outcome = self.run_task(backend="test", action="sleep", params='{"duration":"1h"}',
                                timeout_ms=100)
        self.assertEqual(outcome.code, "TIMEOUT")

    def test_succeed_prints_a_message_if_there_is_one(self):
        self.assertEqual(self.builtin("test", "succeed").out, b"")
        self.assertEqual(self.builtin("test", "succeed", message="ok").out, b"ok\n")

    def test_fail_fails_with_its_message(self):
        outcome = self.builtin("test", "fail", message="no luck")
        self.assertEqual((outcome.state, outcome.code, outcome.exit_code, outcome.error),
                         ("failed", "FAILED", 1, "no luck"))
        self.assertEqual(outcome.err, b"no luck\n")

    def test_a_long_message_is_cut_between_characters(self):
        error = self.builtin("test", "fail", message="é" * 600).error
        self.assertTrue(200 < len(error) <= 256)
        self.assertEqual(set(error), {"é"})

    def test_flaky_keeps_to_0_and_100_percent(self):
        for _ in range(3):
            self.assertEqual(self.builtin("test", "flaky", rate=0).code, "OK")
            self.assertEqual(self.builtin("test", "flaky", rate=100).code, "FAILED")

    def test_output_writes_as_much_as_asked(self):
        self.assertEqual(self.builtin("test", "output", bytes=200000).out_total, 200000)
        outcome = self.builtin("test", "output", lines=3)
        self.assertEqual(outcome.out, b"line 1\nline 2\nline 3\n")

    def test_bad_parameters_are_told_apart(self):
        for action, params in (("echo", {"massage": "hi"}), ("sleep", {"duration": "soon"}),
                               ("sleep", {}), ("nap", {})):
            outcome = self.builtin("ping", action, **params)
            self.assertEqual((outcome.state, outcome.code), ("failed", "BAD_PARAMS"))
            self.assertNotEqual(outcome.error, "")


if __name__ == "__main__":
    tap.main()
