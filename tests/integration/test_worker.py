"""baton-worker on a real bus, with this test in the controller's place: orders, claims, outcomes,
output, cancels, and what becomes of them when the worker or the server dies."""

import base64
import json
import os
import signal
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap
from cell import Cell, wait_until
from runner_client import Outcome, decode, field

START, END, REVOKE = 1, 2, 3
NODE = "node-1"


class Record:
    """A ResultRecord."""

    def __init__(self, seq, data):
        fields = decode(data)
        self.seq, self.kind = seq, fields.get(2, 0)
        self.step, self.attempt = fields.get(5, 0), fields.get(6, 0)
        self.claim = fields.get(7, b"").decode()
        self.outcome = Outcome(fields[9]) if 9 in fields else None
        self.chunks = decode(fields[9]).get(12, 0) if 9 in fields else 0


def revoke(job, step=0, attempt=1):
    return (field(1, 1) + field(2, REVOKE) + field(3, job) + field(4, NODE) + field(5, step)
            + field(6, attempt))


class WorkerCase(unittest.TestCase):
    def setUp(self):
        self.cell = Cell(bare=True)
        self.addCleanup(self.stop)
        self.bus = self.cell.client
        self.create()
        self.worker = self.cell.start_worker(NODE, "web,prod", "--labels", "rack=r1",
                                             "--heartbeat", "300ms")

    def stop(self):
        self.cell.stop()

    def stream(self, name, subjects, retention="limits"):
        answer = self.bus.js(f"STREAM.CREATE.{name}", {
            "name": name, "subjects": subjects, "retention": retention, "storage": "file",
            "num_replicas": 1, "allow_direct": True})
        self.assertNotIn("error", answer)

    def create(self):
        self.stream("baton_tasks", ["baton.task.*"], "workqueue")
        self.stream("baton_results", ["baton.result.*.*", "baton.signal.*"])
        self.stream("baton_output", ["baton.output.*.*"])
        self.bus.js("STREAM.CREATE.KV_baton_workers", {
            "name": "KV_baton_workers", "subjects": ["$KV.baton_workers.>"],
            "max_msgs_per_subject": 1, "allow_rollup_hdrs": True, "deny_delete": True,
            "allow_direct": True, "discard": "new", "num_replicas": 1})

    def order(self, job, backend="ping", action="echo", params='{"message":"hi"}', step=0,
              attempt=1, expected=0, idempotent=True, timeout_ms=0, node=NODE):
        message = (field(1, 1) + field(2, job) + field(3, step) + field(4, attempt)
                   + field(5, node) + field(6, str(step)) + field(7, backend) + field(8, action)
                   + field(9, params) + field(10, timeout_ms) + field(11, int(idempotent))
                   + field(12, expected) + field(13, "ctl-1"))
        return self.bus.store(f"baton.task.{NODE}", message)["seq"]

    def shell(self, job, script, idempotent=False, **more):
        return self.order(job, "exec", "run", json.dumps({"command": ["sh", "-c", script]}),
                          idempotent=idempotent, **more)

    def last(self, job):
        found = self.bus.last("baton_results", f"baton.result.{job}.{NODE}")
        return Record(*found) if found else None

    def wait_last(self, job, kind, **wanted):
        def check():
            record = self.last(job)
            good = record and record.kind == kind
            good = good and all(getattr(record, key) == value for key, value in wanted.items())
            return record if good else None
        return wait_until(f"{job} has record {kind}", check)

    def wait_end(self, job, **wanted):
        return self.wait_last(job, END, **wanted)

    def orders_left(self):
        return self.bus.js("STREAM.INFO.baton_tasks")["state"]["messages"]

    def wait_acked(self):
        wait_until("every order is acknowledged", lambda: self.orders_left() == 0)

    def registration(self):
        return self.bus.kv_get("baton_workers", NODE)

    def wait_state(self, state):
        def check():
            value = self.registration()
            return value if value and value["state"] == state else None
        return wait_until(f"the worker is {state}", check)

    def output(self, job):
        """Every chunk of a job, as (index, kind, offset, data), in the stream's order."""
        chunks, seq = [], 1
        last = self.bus.js("STREAM.INFO.baton_output")["state"]["last_seq"]
        for seq in range(1, last + 1):
            message = self.bus.js("STREAM.MSG.GET.baton_output", {"seq": seq})["message"]
            if message["subject"] == f"baton.output.{job}.{NODE}":
                fields = decode(base64.b64decode(message["data"]))
                chunks.append((fields.get(6, 0), fields.get(7, 0), fields.get(8, 0),
                               fields.get(9, b"")))
        return chunks

    def cancel(self, job, step=0, attempt=1, grace_ms=500):
        self.bus.publish(f"baton.cancel.{NODE}", field(1, 1) + field(2, job) + field(3, step)
                         + field(4, attempt) + field(5, "test") + field(6, grace_ms))
        self.bus.flush()

    def wait_output(self, job, needle):
        wait_until(f"{job} has written {needle!r}",
                   lambda: any(needle in chunk[3] for chunk in self.output(job)))


class Registration(WorkerCase):
    def test_a_worker_says_what_it_is(self):
        value = self.wait_state("ready")
        self.assertEqual((value["id"], value["groups"], value["labels"], value["slots"]),
                         (NODE, ["web", "prod"], {"rack": "r1"}, 1))
        self.assertEqual(value["backends"]["exec"], {"run": {"idempotent": False}})
        self.assertEqual(set(value["backends"]["ping"]), {"echo", "hostname", "sleep"})
        self.assertEqual(set(value["backends"]["test"]),
                         {"succeed", "fail", "flaky", "output", "sleep"})
        self.assertEqual((value["pools"], value["heartbeat_ms"]), ([], 300))
        for key in ("hostname", "version", "started_at"):
            self.assertTrue(value[key])
        self.assertRegex(value["heartbeat_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    def test_heartbeats_go_on_and_a_clean_stop_is_told(self):
        first = self.wait_state("ready")["heartbeat_at"]
        wait_until("a heartbeat follows", lambda: self.registration()["heartbeat_at"] > first)
        self.assertIsNone(self.worker.stop())
        value = self.registration()
        self.assertEqual((value["state"], value["groups"]), ("offline", ["web", "prod"]))

    def test_a_second_worker_on_the_same_data_is_refused(self):
        self.wait_state("ready")
        twin = self.cell.start("twin", self.worker.argv)
        self.assertEqual(twin.popen.wait(10), 1)
        self.assertIn("another worker uses", twin.tail())
        twin.killed = True


class Orders(WorkerCase):
    def test_a_task_is_claimed_run_reported_and_acknowledged(self):
        self.order("j1")
        end = self.wait_end("j1")
        self.assertEqual((end.outcome.state, end.outcome.code, end.outcome.out),
                         ("succeeded", "OK", b"hi\n"))
        self.assertTrue(end.outcome.tree_empty)
        first = self.bus.js("STREAM.MSG.GET.baton_results", {"seq": end.seq - 1})["message"]
        start = Record(end.seq - 1, base64.b64decode(first["data"]))
        self.assertEqual((start.kind, start.claim), (START, end.claim))
        self.assertEqual(len(start.claim), 32)
        self.assertEqual(self.output("j1"), [(0, 1, 0, b"hi\n")])
        self.assertEqual(end.chunks, 1)
        self.wait_acked()

    def test_a_tasks_directory_is_gone_when_it_is_settled(self):
        self.order("j1")
        self.wait_end("j1")
        runs = os.path.join(self.cell.folder, f"{NODE}.data", "runs")
        wait_until("the directory is removed", lambda: os.listdir(runs) == [])

    def test_many_orders_run_one_after_the_other(self):
        expected = 0
        for step in range(20):
            self.order("j1", step=step, expected=expected)
            expected = self.wait_end("j1", step=step).seq
        self.wait_acked()

    def test_an_order_published_twice_runs_once(self):
        for _ in range(3):
            self.shell("j1", "echo ran")
        self.wait_end("j1")
        self.wait_acked()
        self.assertEqual(b"".join(chunk[3] for chunk in self.output("j1")), b"ran\n")

    def test_the_task_knows_who_it_is(self):
        self.shell("j1", "echo $BATON_JOB $BATON_STEP $BATON_NODE $BATON_ATTEMPT", step=4, attempt=2)
        self.assertEqual(self.wait_end("j1").outcome.out, b"j1 4 node-1 2\n")

    def test_a_failing_task_tells_its_exit_status(self):
        self.shell("j1", "echo oops >&2; exit 7")
        outcome = self.wait_end("j1").outcome
        self.assertEqual((outcome.state, outcome.code, outcome.exit_code, outcome.err),
                         ("failed", "EXIT", 7, b"oops\n"))

    def test_a_task_that_takes_too_long_times_out(self):
        self.shell("j1", "sleep 60", timeout_ms=200)
        self.assertEqual(self.wait_end("j1").outcome.code, "TIMEOUT")

    def test_what_can_not_be_run_ends_with_bad_params(self):
        for job, backend, action, params in (
                ("j1", "nope", "run", "{}"), ("j2", "exec", "walk", "{}"),
                ("j3", "exec", "run", '{"command":"ls"}'), ("j4", "ping", "echo", "{"),
                ("j5", "exec", "run", '{"command":["ls"],"shell":true}')):
            self.order(job, backend, action, params)
            outcome = self.wait_end(job).outcome
            self.assertEqual((outcome.state, outcome.code), ("failed", "BAD_PARAMS"), job)
            self.assertNotEqual(outcome.error, "")
        self.wait_acked()

    def test_foreign_messages_are_dropped_and_the_worker_goes_on(self):
        self.wait_state("ready")
        whole = field(1, 1) + field(2, "j9") + field(4, 1) + field(5, NODE)
        for data in (b"", b"\xff" * 40, b"hello", b"{}", whole[:-3], field(1, 9) + whole[2:],
                     field(1, 1) + field(2, "a.b") + field(4, 1) + field(5, NODE),
                     field(1, 1) + field(2, "j9") + field(4, 1) + field(5, "other")):
            self.bus.store(f"baton.task.{NODE}", data)
            self.bus.publish(f"baton.cancel.{NODE}", data)
        self.wait_acked()
        self.order("j1")
        self.assertEqual(self.wait_end("j1").outcome.code, "OK")
        self.assertTrue(self.worker.running())

    def test_all_output_is_stored_in_order_before_the_end(self):
        size = 5 * 1024 * 1024
        self.order("j1", "test", "output", f'{{"bytes":{size}}}')
        end = self.wait_end("j1")
        chunks = self.output("j1")
        self.assertEqual([chunk[0] for chunk in chunks], list(range(end.chunks)))
        self.assertEqual(sum(len(chunk[3]) for chunk in chunks), size)
        self.assertEqual(end.outcome.out_total, size)
        offset = 0
        for _, kind, at, data in chunks:
            self.assertEqual((kind, at), (1, offset))
            offset += len(data)

    def test_output_can_be_read_while_the_task_runs(self):
        self.shell("j1", "echo early; sleep 60")
        self.wait_output("j1", b"early")
        self.assertEqual(self.last("j1").kind, START)
        self.cancel("j1")
        self.wait_end("j1")


class Records(WorkerCase):
    def test_a_revoked_order_never_starts(self):
        self.bus.store("baton.result.j1." + NODE, revoke("j1"))
        self.shell("j1", "echo ran")
        self.wait_acked()
        self.assertEqual(self.last("j1").kind, REVOKE)
        self.assertEqual(self.output("j1"), [])

    def test_an_outcome_after_a_revoke_is_dropped(self):
        self.shell("j1", "echo on; sleep 1")
        self.wait_output("j1", b"on")
        self.bus.store("baton.result.j1." + NODE, revoke("j1"))
        self.wait_acked()
        self.assertEqual(self.last("j1").kind, REVOKE)

    def test_an_order_the_server_has_forgotten_the_past_of_is_put_off(self):
        self.order("j1", expected=99)
        wait_until("it is said", lambda: "server.forgot_records" in self.worker.tail(200))
        self.assertIsNone(self.last("j1"))
        self.assertEqual(self.orders_left(), 1)

    def test_a_foreign_record_on_the_result_subject_makes_the_order_stale(self):
        self.bus.store("baton.result.j1." + NODE, b"\xff\xff\xff")
        self.order("j1")
        self.wait_acked()
        self.assertEqual(self.bus.last("baton_results", f"baton.result.j1.{NODE}")[1],
                         b"\xff\xff\xff")


class Cancels(WorkerCase):
    def test_a_cancel_ends_the_running_attempt(self):
        self.shell("j1", "echo on; sleep 60")
        self.wait_output("j1", b"on")
        self.cancel("j1", attempt=2)
        self.cancel("j1", step=1)
        self.cancel("other")
        for _ in range(3):
            self.cancel("j1")
        outcome = self.wait_end("j1").outcome
        self.assertEqual((outcome.state, outcome.code), ("cancelled", "CANCELLED"))
        self.assertTrue(outcome.tree_empty)
        self.wait_acked()

    def test_sigterm_lets_the_task_finish_and_takes_nothing_new(self):
        self.shell("j1", "echo on; sleep 1; echo off")
        self.wait_output("j1", b"on")
        self.worker.send(signal.SIGTERM)
        self.wait_state("draining")
        self.order("j2")
        self.assertEqual(self.worker.popen.wait(15), 0)
        self.assertEqual(self.last("j1").outcome.out, b"on\noff\n")
        self.assertIsNone(self.last("j2"))
        self.assertEqual(self.registration()["state"], "offline")
        self.worker = self.cell.restart(NODE)
        self.assertEqual(self.wait_end("j2").outcome.code, "OK")

    def test_a_second_sigterm_kills_the_task(self):
        self.shell("j1", "echo on; sleep 60")
        self.wait_output("j1", b"on")
        self.worker.send(signal.SIGTERM)
        self.wait_state("draining")
        self.worker.send(signal.SIGTERM)
        self.assertEqual(self.worker.popen.wait(15), 0)
        self.assertEqual(self.last("j1").outcome.code, "CANCELLED")


class Deaths(WorkerCase):
    def kill_while_running(self, idempotent):
        self.shell("j1", "echo on; sleep 2", idempotent=idempotent)
        self.wait_output("j1", b"on")
        start = self.last("j1")
        self.worker.kill()
        self.worker = self.cell.restart(NODE)
        return start

    def test_what_may_run_twice_is_run_again_by_the_next_life(self):
        start = self.kill_while_running(idempotent=True)
        end = self.wait_end("j1")
        self.assertEqual((end.seq, end.outcome.code), (start.seq + 1, "OK"))
        self.wait_acked()

    def test_what_may_not_run_twice_ends_unknown(self):
        self.kill_while_running(idempotent=False)
        outcome = self.wait_end("j1").outcome
        self.assertEqual((outcome.state, outcome.code, outcome.tree_empty),
                         ("unknown", "UNKNOWN", False))
        self.wait_acked()

    def test_a_new_owners_order_behind_the_start_does_not_run_it_twice(self):
        start = self.kill_while_running(idempotent=False)
        self.shell("j1", "echo again", expected=start.seq)
        self.assertEqual(self.wait_end("j1").outcome.code, "UNKNOWN")
        self.wait_acked()

    def test_a_task_outlives_the_server_and_is_reported_to_the_next(self):
        self.shell("j1", "echo on; sleep 1.5; echo off")
        self.wait_output("j1", b"on")
        server = self.cell.processes["nats-server"]
        server.kill()
        wait_until("the worker has noticed", lambda: "bus.lost" in self.worker.tail(200))
        self.cell.start_server(self.cell.port)
        self.bus = self.cell.client
        outcome = self.wait_end("j1").outcome
        self.assertEqual((outcome.code, outcome.out), ("OK", b"on\noff\n"))
        self.wait_acked()
        self.assertEqual(b"".join(chunk[3] for chunk in self.output("j1")), b"on\noff\n")
        self.wait_state("ready")

    def test_a_runner_that_is_killed_is_told_as_a_fault(self):
        self.shell("j1", "echo on; sleep 60")
        self.wait_output("j1", b"on")
        runner = next(int(pid) for pid in os.listdir("/proc") if pid.isdigit()
                      and is_runner_of(int(pid), self.worker.pid))
        os.kill(runner, signal.SIGKILL)
        outcome = self.wait_end("j1").outcome
        self.assertEqual((outcome.state, outcome.code, outcome.tree_empty),
                         ("failed", "INTERNAL", False))


def is_runner_of(pid, parent):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            name, _, rest = file.read().partition("(")[2].rpartition(")")
        return name == "baton-runner" and int(rest.split()[1]) == parent
    except (FileNotFoundError, ProcessLookupError):
        return False


class Wire(threading.Thread):
    """A stretch of network between a worker and its server, which can be cut."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.target, self.ends = port, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            self.ends += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=(one, other), daemon=True).start()

    @staticmethod
    def carry(one, other):
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass

    def cut(self):
        ends, self.ends = self.ends, []
        for end in ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def close(self):
        self.listener.close()
        self.cut()


class Cuts(WorkerCase):
    def setUp(self):
        super().setUp()
        self.worker.stop()
        self.wire = Wire(self.cell.port)
        self.addCleanup(self.wire.close)
        url = f"nats://127.0.0.1:{self.wire.port}"
        argv = [url if flag == self.cell.url else flag for flag in self.worker.argv]
        self.worker = self.cell.start("node-1-wired", argv)
        self.wait_state("ready")

    def test_a_cut_connection_does_not_touch_the_task_nor_hold_up_the_next(self):
        self.shell("j1", "echo on; sleep 1; echo off")
        self.wait_output("j1", b"on")
        self.wire.cut()
        self.order("j2")
        self.assertEqual(self.wait_end("j1").outcome.out, b"on\noff\n")
        self.assertEqual(self.wait_end("j2").outcome.code, "OK")
        self.wait_acked()
        self.assertEqual(b"".join(chunk[3] for chunk in self.output("j1")), b"on\noff\n")

    def test_output_survives_cuts_whole_and_in_one_copy(self):
        self.shell("j1", "for i in 1 2 3 4 5 6 7 8; do seq $i 8 80000; sleep 0.1; done")
        for _ in range(4):
            time.sleep(0.15)
            self.wire.cut()
        end = self.wait_end("j1")
        chunks = sorted(self.output("j1"))
        self.assertEqual([chunk[0] for chunk in chunks], list(range(end.chunks)))
        self.assertEqual(sum(len(chunk[3]) for chunk in chunks), end.outcome.out_total)


class Beginnings(WorkerCase):
    def create(self):
        pass

    def test_a_worker_waits_until_the_cell_exists(self):
        wait_until("it says so", lambda: "worker.waits_for_cell" in self.worker.tail(200))
        super().create()
        self.order("j1")
        self.assertEqual(self.wait_end("j1").outcome.code, "OK")
        self.wait_state("ready")


if __name__ == "__main__":
    tap.main()
