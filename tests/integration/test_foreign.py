"""Messages that are not ours, on everything a cell listens to: nothing stops, good jobs run on."""

import json
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap
from cell import CellTest, echo, nodes_of, rows, shell, spec
from natsclient import Client, NatsError


def varint(number):
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number, value):
    """One protobuf field: text, bytes or a whole number."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


ORDER = (field(1, 1) + field(2, "foreign") + field(3, 0) + field(4, 1) + field(5, "node-1")
         + field(6, "0") + field(7, "ping") + field(8, "echo") + field(9, '{"message":"x"}'))
RESULT = field(1, 1) + field(2, 2) + field(3, "foreign") + field(4, "node-1") + field(6, 1)
GARBAGE = [
    b"",
    b"\0",
    b"hello, I am not a protobuf",
    b"{}",
    b'{"version":1}',
    b"\xff" * 64,
    b"\x0a\xff\xff\xff\xff\x0f",           # a length far beyond the end
    ORDER[: len(ORDER) // 2],              # truncated
    RESULT[: len(RESULT) - 1],
    struct.pack(">I", 0xFFFFFFFF) * 100,
    field(1, 999999) + ORDER[2:],          # a version from the future
    field(2, "a.b.*>") + field(5, "../../etc"),
    os.urandom(100_000),
]


BUCKETS = ["baton_jobs", "baton_workers", "baton_controllers"]


class Foreign(CellTest):
    NODES = 2

    def assert_alive(self):
        for process in self.cell.processes.values():
            self.assertTrue(process.running(), f"{process.name} ended")
        job = self.run_to_end(spec(echo("still here")))
        self.assertEqual(job["state"], "completed")
        self.assertEqual(rows(job, "0")["node-2"]["output"], "still here\n")

    def everywhere(self, subject, stored):
        for data in GARBAGE:
            for headers in (None, {"Baton-Job-Id": "no.such*name>", "Nats-Msg-Id": "\tx"}):
                if headers and stored:
                    headers = {"Baton-Job-Id": headers["Baton-Job-Id"]}
                self.cell.client.publish(subject, data, headers)
        self.cell.client.flush()

    def test_on_the_submit_subject(self):
        self.everywhere("baton.submit", True)
        self.assert_alive()

    def test_on_the_task_subjects(self):
        for subject in ("baton.task.node-1", "baton.task.nobody"):
            self.everywhere(subject, True)
        self.assert_alive()

    def test_on_the_result_and_signal_subjects_of_unknown_jobs(self):
        for subject in ("baton.result.foreign.node-1", "baton.result.nojob.nonode",
                        "baton.signal.foreign"):
            self.everywhere(subject, True)
        self.assert_alive()

    def test_on_the_log_of_a_job_that_does_not_exist(self):
        self.everywhere("baton.log.foreign", True)
        self.everywhere("baton.output.foreign.node-1", True)
        self.assert_alive()
        self.cell.ask("job.get", {"id": "foreign"})
        self.assert_alive()

    def test_on_the_cancel_subject_of_a_worker(self):
        self.everywhere("baton.cancel.node-1", False)
        self.assert_alive()

    def test_on_every_api_subject(self):
        for verb in ("job.run", "job.get", "job.list", "job.cancel", "node.list", "node.info",
                     "status"):
            for data in GARBAGE:
                with self.subTest(verb=verb, data=data[:12]):
                    self.cell.ask(verb, data).json()  # always an answer, and always JSON
            self.cell.client.publish(f"baton.api.{verb}", b"no reply subject")
        self.cell.client.publish("baton.api.job.unheard.of", b"x")
        self.assert_alive()

    def test_as_values_of_the_buckets(self):
        self.addCleanup(self.forget_foreign_keys)
        for bucket in BUCKETS:
            for number, data in enumerate(GARBAGE):
                self.cell.client.kv_put(bucket, f"foreign-{number}", data)
            for data in (b"null", b"[]", b'{"id":1}', b'{"id":"x","state":7,"groups":"no"}',
                         b'{"id":"other","groups":[1,{}],"backends":[],"heartbeat_ms":-1}'):
                self.cell.client.kv_put(bucket, "foreign-json", data)
        self.assert_alive()
        nodes = [node["id"] for node in nodes_of(self.cell.api("node.list"))]
        self.assertEqual(sorted(nodes), self.nodes())
        self.assertEqual(len(self.cell.api("status")["controllers"]), 1)
        self.cell.api("job.list")

    def test_as_a_node_whose_value_is_of_the_wrong_types(self):
        self.addCleanup(self.forget_foreign_keys)
        self.cell.client.kv_put("baton_workers", "foreign-node", json.dumps({
            "id": "foreign-node", "groups": [1, {}, "web"], "backends": [], "labels": 7,
            "heartbeat_ms": -1, "state": [], "slots": "many"}))
        job = self.run_to_end(spec(echo(), scope="node", value=self.nodes()))
        self.assertEqual(job["state"], "completed")
        self.cell.ask("job.run", json.dumps(spec(echo(), scope="group", value="web"))).json()
        self.cell.api("node.list")
        self.cell.ask("node.info", {"node": "foreign-node"}).json()

    def forget_foreign_keys(self):
        for bucket in BUCKETS:
            for key in self.cell.client.kv_keys(bucket):
                if key.startswith("foreign"):
                    self.cell.client.store(f"$KV.{bucket}.{key}", b"", {"KV-Operation": "DEL"})

    def test_on_all_subjects_of_a_job_that_runs(self):
        go = self.path("go")
        job = self.cell.run(spec(
            shell(f"n=0; until [ -e {go} ]; do sleep 0.02; n=$((n+1)); [ $n -lt 1500 ] || exit 9; "
                  "done"), echo(), scope="node", value="node-1"))
        self.cell.wait_state(job, "0", "node-1", "running")
        for subject in (f"baton.output.{job}.node-1", f"baton.signal.{job}",
                        f"baton.evt.{job}.finished", "baton.cancel.node-1"):
            self.everywhere(subject, True)
        with open(go, "w", encoding="utf-8"):
            pass
        self.assertEqual(self.cell.wait(job)["state"], "completed")
        self.assert_alive()

    def test_an_order_for_a_job_nobody_owns_does_not_hold_the_worker(self):
        self.cell.client.store("baton.task.node-1", ORDER)
        self.assert_alive()

    def test_a_spec_of_two_mebibytes_is_refused_clearly(self):
        # The server refuses it by itself and hangs up; the cell does not notice.
        with Client(self.cell.url) as stranger:
            with self.assertRaises((NatsError, OSError)) as caught:
                stranger.publish("baton.submit", b" " * (2 << 20))
                stranger.flush()
                stranger.flush()
        if isinstance(caught.exception, NatsError):
            self.assertRegex(str(caught.exception), "Maximum Payload|closed")
        self.assert_alive()

    def test_a_job_id_that_is_no_name_is_refused(self):
        for name in ("a.b", "a b", "*", ">", "a" * 65, "../x", "ä"):
            with self.subTest(name):
                code, error = self.cell.refused("job.run", json.dumps(spec(echo())),
                                                {"Baton-Job-Id": name})
                self.assertEqual((code, error["code"]), (400, "BAD_REQUEST"))


if __name__ == "__main__":
    tap.main()
