"""Submitting and reading jobs as any NATS client does: plain publishes, KV values, API requests."""

import glob
import json
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap
from cell import CellTest, EXAMPLES, ROOT, echo, nodes_of, rows, shell, spec, states, wait_until

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
JOB_FIELDS = {"id", "name", "state", "partial", "owner", "epoch", "expected", "created_at",
              "started_at", "finished_at"}
ROW_FIELDS = {"state", "attempts", "started_at", "finished_at", "duration_ms", "exit_code",
              "output", "error"}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def expected(path, data):
    """The messages a rejected spec names in its own comments, or in a file beside it."""
    beside = os.path.splitext(path)[0] + ".expect"
    if path.endswith(".json") and os.path.exists(beside):
        return [line.removeprefix("# expect: ") for line in read(beside).splitlines()]
    text = data.decode("utf-8", "replace")
    return [line.removeprefix("# expect: ") for line in text.splitlines()
            if line.startswith("# expect: ")]


class Submit(CellTest):
    def test_a_plain_publish_of_hello_runs_and_its_kv_value_is_json(self):
        before = set(self.cell.client.kv_keys("baton_jobs"))
        self.cell.client.publish("baton.submit", read(os.path.join(EXAMPLES, "hello.yaml")))
        found = wait_until("the job is in baton_jobs", lambda: set(
            self.cell.client.kv_keys("baton_jobs")) - before)
        job = found.pop()
        whole = self.cell.wait(job)
        self.assertEqual(whole["state"], "completed", whole)
        value = self.cell.kv_job(job)
        self.assertLessEqual(JOB_FIELDS, set(value))
        self.assertEqual(value["id"], job)
        self.assertEqual(value["state"], "completed")
        self.assertIs(value["partial"], False)
        self.assertEqual(value["owner"], "ctl-1")
        self.assertEqual(value["epoch"], 1)
        self.assertEqual(value["expected"], self.nodes())
        for field in ("created_at", "started_at", "finished_at"):
            self.assertRegex(value[field], TIME)

    def test_a_request_to_the_submit_subject_gets_the_puback_of_jetstream(self):
        ack = self.cell.client.store("baton.submit", json.dumps(spec(echo())),
                                     {"Baton-Job-Id": "with-an-ack"})
        self.assertEqual(ack["stream"], "baton_submit")
        self.assertEqual(self.cell.wait("with-an-ack")["state"], "completed")

    def test_every_example_is_accepted_and_ends(self):
        examples = sorted(glob.glob(os.path.join(EXAMPLES, "*.yaml")) +
                          glob.glob(os.path.join(EXAMPLES, "*.json")))
        self.assertGreater(len(examples), 0)
        jobs = {}
        for path in examples:
            with self.subTest(os.path.basename(path)):
                message = self.cell.ask("job.run", read(path))
                # An example may target groups or nodes which this cell does not have.
                if message.headers.get("Nats-Service-Error-Code") == "422":
                    continue
                self.assertNotIn("Nats-Service-Error-Code", message.headers, message.data)
                jobs[path] = message.json()["id"]
        for path, job in jobs.items():
            with self.subTest(os.path.basename(path)):
                self.assertIn(self.cell.wait(job, 60)["state"], ("completed", "failed"))

    def test_a_job_read_by_the_api_has_every_field_of_the_interface(self):
        job = self.run_to_end(spec(echo("hello"), name="fields"))
        self.assertLessEqual(JOB_FIELDS | {"steps"}, set(job))
        self.assertEqual(job["name"], "fields")
        (step,) = job["steps"]
        self.assertEqual((step["step"], step["path"], step["backend"], step["action"]),
                         (0, "0", "ping", "echo"))
        self.assertEqual(set(step["nodes"]), set(self.nodes()))
        for row in step["nodes"].values():
            self.assertLessEqual(ROW_FIELDS, set(row))
            self.assertEqual(row["state"], "succeeded")
            self.assertEqual(row["attempts"], 1)
            self.assertEqual(row["output"], "hello\n")
            self.assertIsNone(row["error"])
            self.assertRegex(row["started_at"], TIME)
            self.assertGreaterEqual(row["duration_ms"], 0)

    def test_json_and_yaml_are_the_same_schema(self):
        text = "target: {scope: all}\ntasks:\n  - {backend: ping, action: echo, params: {message: y}}\n"
        yaml = self.run_to_end(text)
        as_json = self.run_to_end(spec(echo("y")))
        self.assertEqual(states(yaml), states(as_json))
        self.assertEqual(rows(yaml, "0")["node-1"]["output"], rows(as_json, "0")["node-1"]["output"])

    def test_a_group_target_reaches_its_members_and_a_node_target_one(self):
        job = self.run_to_end(spec(echo(), scope="node", value="node-2"))
        self.assertEqual(states(job), {"0": {"node-2": "succeeded"}})
        job = self.run_to_end(spec(echo(), scope="node", value=["node-1", "node-3"]))
        self.assertEqual(states(job), {"0": {"node-1": "succeeded", "node-3": "succeeded"}})
        job = self.run_to_end(spec(echo(), scope="group", value="web"))
        self.assertEqual(states(job), {"0": self.on_all("succeeded")})

    def test_a_target_nobody_is_in_is_refused(self):
        code, error = self.cell.refused("job.run", json.dumps(spec(echo(), scope="group", value="none")))
        self.assertEqual((code, error["code"]), (422, "NO_TARGET"))
        code, error = self.cell.refused("job.run", json.dumps(spec(echo(), scope="node", value="ghost")))
        self.assertEqual((code, error["code"]), (422, "NO_TARGET"))

    # --- once and only once --------------------------------------------------------------------

    def test_a_job_id_published_twice_runs_once(self):
        counter = self.path("counter")
        what = spec(shell(f"echo x >> {counter}"), scope="node", value="node-1")
        for _ in range(3):
            self.cell.submit(what, "twice")
        self.assertEqual(self.cell.wait("twice")["state"], "completed")
        self.run_to_end(what)  # behind the repeats in the queue
        self.assertEqual(read(counter), "x\nx\n")

    def test_a_message_id_published_twice_runs_once(self):
        counter = self.path("counter")
        what = json.dumps(spec(shell(f"echo x >> {counter}"), scope="node", value="node-1"))
        before = set(self.cell.client.kv_keys("baton_jobs"))
        first = self.cell.client.store("baton.submit", what, {"Nats-Msg-Id": "one-message"})
        second = self.cell.client.store("baton.submit", what, {"Nats-Msg-Id": "one-message"})
        self.assertTrue(second.get("duplicate"))
        self.assertEqual(first["seq"], second["seq"])
        found = wait_until("the job is there", lambda: set(
            self.cell.client.kv_keys("baton_jobs")) - before)
        self.assertEqual(len(found), 1)
        self.cell.wait(found.pop())
        self.assertEqual(read(counter), "x\n")

    def test_an_id_that_is_taken_is_a_conflict_for_the_api(self):
        self.cell.run(spec(echo()), {"Baton-Job-Id": "mine"})
        code, error = self.cell.refused("job.run", json.dumps(spec(echo())), {"Baton-Job-Id": "mine"})
        self.assertEqual((code, error["code"]), (409, "CONFLICT"))

    def test_an_idempotency_key_gives_the_same_job_again(self):
        key = {"Baton-Idempotency-Key": "k-1"}
        first = self.cell.api("job.run", json.dumps(spec(echo())), key)
        again = self.cell.api("job.run", json.dumps(spec(echo())), key)
        other = self.cell.api("job.run", json.dumps(spec(echo())), {"Baton-Idempotency-Key": "k-2"})
        self.assertEqual(first["id"], again["id"])
        self.assertEqual((first["existing"], again["existing"]), (False, True))
        self.assertNotEqual(first["id"], other["id"])

    # --- what is refused -----------------------------------------------------------------------

    def test_a_bad_spec_on_the_bus_becomes_a_failed_job_with_the_error(self):
        self.cell.submit("target: {scope: all}\ntaks: []\n", "bad-spec")
        job = self.cell.wait("bad-spec")
        self.assertEqual(job["state"], "failed")
        self.assertIn("taks", job["error"])
        self.assertIn("tasks", job["error"])
        value = self.cell.kv_job("bad-spec")
        self.assertEqual(value["state"], "failed")

    def test_every_rejected_spec_is_refused_by_the_api_and_fails_on_the_bus(self):
        rejected = [path for path in sorted(glob.glob(os.path.join(ROOT, "specs", "rejected", "*")))
                    if path.endswith((".yaml", ".json"))]
        self.assertGreaterEqual(len(rejected), 30)
        jobs = {}
        for number, path in enumerate(rejected):
            with open(path, "rb") as file:
                data = file.read()
            with self.subTest(os.path.basename(path)):
                name = os.path.basename(path)
                code, error = self.cell.refused("job.run", data, {"Baton-Spec-File": name})
                self.assertEqual((code, error["code"]), (400, "INVALID_SPEC"), error)
                self.assertEqual(error["message"].splitlines(), expected(path, data))
                jobs[path] = f"rejected-{number}"
                self.cell.submit(data, jobs[path])
        for path, job in jobs.items():
            with self.subTest(os.path.basename(path)):
                ended = self.cell.wait(job)
                self.assertEqual(ended["state"], "failed")
                self.assertTrue(ended["error"])
                self.assertEqual(ended["steps"], [])

    def test_the_message_of_an_invalid_spec_names_file_line_and_column(self):
        code, error = self.cell.refused(
            "job.run", "target: {scope: all}\ntasks:\n  - {backend: ping, acton: echo}\n",
            {"Baton-Spec-File": "deploy.yaml"})
        self.assertEqual((code, error["code"]), (400, "INVALID_SPEC"))
        self.assertRegex(error["message"], r"deploy\.yaml:3:\d+: tasks\[?\.?0\]?.*acton.*did you mean")

    def test_an_unknown_backend_is_refused_with_its_place(self):
        _, error = self.cell.refused("job.run", json.dumps(
            spec({"backend": "pong", "action": "echo"})))
        self.assertIn("pong", error["message"])

    def test_a_spec_over_a_mebibyte_is_refused_clearly(self):
        # NATS itself takes at most 1 MiB by default, so one just below comes through and is judged.
        limit = self.cell.client.info["max_payload"]
        text = json.dumps(spec(echo())) + " " * (limit - 4096)
        self.assertEqual(self.run_to_end(text)["state"], "completed")

    # --- the rest of the API -------------------------------------------------------------------

    def test_a_unique_prefix_of_an_id_is_enough_and_an_ambiguous_one_is_not(self):
        self.cell.run(spec(echo()), {"Baton-Job-Id": "prefix-alpha"})
        self.cell.run(spec(echo()), {"Baton-Job-Id": "prefix-beta"})
        self.cell.wait("prefix-alpha")
        self.assertEqual(self.cell.api("job.get", {"id": "prefix-a"})["id"], "prefix-alpha")
        code, error = self.cell.refused("job.get", {"id": "prefix-"})
        self.assertIn(error["code"], ("BAD_REQUEST", "CONFLICT", "NOT_FOUND"))
        code, error = self.cell.refused("job.get", {"id": "nowhere"})
        self.assertEqual((code, error["code"]), (404, "NOT_FOUND"))

    def test_the_list_shows_the_newest_first_and_filters_by_state(self):
        first = self.cell.run(spec(echo()))
        self.cell.wait(first)
        time.sleep(0.002)  # ids sort by the millisecond
        second = self.cell.run(spec(echo()))
        self.cell.wait(second)
        ids = [job["id"] for job in self.cell.api("job.list")["jobs"]]
        self.assertLess(ids.index(second), ids.index(first))
        listed = self.cell.api("job.list", {"state": "completed", "limit": 1})["jobs"]
        self.assertEqual(len(listed), 1)
        self.assertEqual(listed[0]["state"], "completed")
        self.assertLessEqual(JOB_FIELDS, set(listed[0]))

    def test_requests_that_are_no_requests_are_refused(self):
        for verb in ("job.get", "job.cancel", "node.info"):
            for body in (b"", b"{", b"[]", b"\xff\xfe", b'{"id":7}', b'{"id":""}', b"null",
                         b'{"id":"' + b"a" * 70000 + b'"}'):
                with self.subTest(verb=verb, body=body[:20]):
                    code, error = self.cell.refused(verb, body)
                    self.assertIn(code, (400, 404))
                    self.assertIn(error["code"], ("BAD_REQUEST", "NOT_FOUND"))

    def test_nodes_are_listed_with_groups_backends_and_state(self):
        listed = {node["id"]: node for node in nodes_of(self.cell.api("node.list"))}
        self.assertEqual(set(listed), set(self.nodes()))
        node = listed["node-1"]
        self.assertEqual((node["state"], node["groups"]), ("ready", ["web"]))
        self.assertLessEqual({"ping", "test", "exec"}, set(node["backends"]))
        for field in ("hostname", "pools", "labels", "slots", "version", "heartbeat_at"):
            self.assertIn(field, node)
        one = self.cell.api("node.info", {"node": "node-1"})
        self.assertEqual(one["id"], "node-1")
        code, error = self.cell.refused("node.info", {"node": "ghost"})
        self.assertEqual((code, error["code"]), (404, "NOT_FOUND"))

    def test_the_worker_and_controller_values_are_json_in_their_buckets(self):
        worker = self.cell.client.kv_get("baton_workers", "node-1")
        for field in ("id", "hostname", "groups", "pools", "labels", "slots", "backends", "version",
                      "state", "heartbeat_at"):
            self.assertIn(field, worker)
        controller = self.cell.client.kv_get("baton_controllers", "ctl-1")
        for field in ("id", "version", "started_at", "heartbeat_at", "jobs"):
            self.assertIn(field, controller)

    def test_the_status_names_the_controller_the_server_and_the_nodes(self):
        status = self.cell.api("status")
        self.assertEqual(status["cell"], "baton")
        self.assertEqual(status["nodes"]["ready"], 3)
        self.assertIn(status["bus"], ("relaxed", "durable"))
        self.assertEqual(status["server"]["version"], self.cell.client.info["version"])

    def test_the_controller_answers_as_a_nats_service(self):
        answer = self.cell.client.request("$SRV.PING").json()
        self.assertEqual(answer["name"], "baton-controller")
        info = self.cell.client.request("$SRV.INFO.baton-controller").json()
        subjects = json.dumps(info)
        for verb in ("job.run", "job.get", "job.list", "job.cancel", "node.list", "status"):
            self.assertIn(f"baton.api.{verb}", subjects)
        self.cell.client.request("$SRV.STATS.baton-controller").json()

    def test_followers_get_json_events_of_a_job(self):
        events = self.cell.client.subscribe("baton.evt.>")
        self.cell.client.flush()
        job = self.cell.run(spec(echo(), scope="node", value="node-1"))
        kinds = []
        while "finished" not in kinds:
            message = events.next(10)
            event = message.json()
            if event["job"] == job:
                self.assertEqual(message.subject, f"baton.evt.{job}.{event['kind']}")
                self.assertRegex(event["at"], TIME)
                kinds.append(event["kind"])
        events.end()
        self.assertIn("attempt", kinds)
        self.assertEqual(kinds[-1], "finished")


if __name__ == "__main__":
    tap.main()
