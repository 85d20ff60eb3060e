"""The rules of a job's walk, seen from outside: rows, order in time, processes and files."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap
from cell import (CellTest, EXAMPLES, PATIENCE, echo, processes_with, rows, shell, spec, states, task,
                  wait_until)


def lines(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().split()
    except FileNotFoundError:
        return []


class Flow(CellTest):
    def states_of(self, *tasks, **more):
        job = self.run_to_end(spec(*tasks, **more))
        return job, states(job)

    # --- barriers and pipelines ----------------------------------------------------------------

    def test_no_node_starts_a_phase_before_every_node_has_finished_the_one_before(self):
        order = self.path("order")
        slow = f"case $BATON_NODE in node-2) sleep 0.5;; esac; echo a >> {order}"
        job, found = self.states_of(shell(slow), shell(f"echo b >> {order}"))
        self.assertEqual(found, {"0": self.on_all("succeeded"), "1": self.on_all("succeeded")})
        self.assertEqual(lines(order), ["a"] * 3 + ["b"] * 3)

    def test_in_a_pipeline_each_node_goes_at_its_own_pace(self):
        fast = self.path("fast")
        # node-1 may finish only after node-2 has done all of its steps: with a barrier between
        # the steps neither ever would.
        wait = (f"case $BATON_NODE in node-1) n=0; until [ -e {fast} ]; do sleep 0.02; "
                "n=$((n+1)); [ $n -lt 500 ] || exit 9; done;; esac")
        mark = f"case $BATON_NODE in node-2) touch {fast};; esac"
        _, found = self.states_of({"tasks": [shell(wait), shell(mark)]}, echo())
        self.assertEqual(found, {"0.0": self.on_all("succeeded"), "0.1": self.on_all("succeeded"),
                                 "1": self.on_all("succeeded")})

    def test_a_pipeline_runs_its_steps_in_order_on_every_node(self):
        order = self.path("order")
        tasks = [shell(f"echo $BATON_NODE:{n} >> {order}") for n in range(4)]
        nested = {"tasks": [tasks[0], {"tasks": [tasks[1], tasks[2]]}, tasks[3]]}
        _, found = self.states_of(nested)
        self.assertEqual(set(found), {"0.0", "0.1.0", "0.1.1", "0.2"})
        for node in self.nodes():
            mine = [line for line in lines(order) if line.startswith(node + ":")]
            self.assertEqual(mine, [f"{node}:{n}" for n in range(4)])

    # --- strategies and conditions -------------------------------------------------------------

    def test_fail_fast_stops_the_job_and_skips_what_has_not_started(self):
        job, found = self.states_of(task("test", "fail", params={"message": "no"}), echo())
        self.assertEqual(job["state"], "failed")
        self.assertIs(job["partial"], False)
        self.assertEqual(set(found["0"].values()) - {"failed", "skipped", "cancelled"}, set())
        self.assertIn("failed", found["0"].values())
        self.assertEqual(found["1"], self.on_all("skipped"))
        self.assertTrue(job["error"])

    def test_after_a_fail_fast_stop_only_always_and_on_failure_steps_run(self):
        job, found = self.states_of(
            task("test", "fail", params={"message": "no"}),
            echo("plain"), echo("s", condition="on_success"), echo("f", condition="on_failure"),
            echo("a", condition="always"))
        self.assertEqual(job["state"], "failed")
        self.assertEqual(found["1"], self.on_all("skipped"))
        self.assertEqual(found["2"], self.on_all("skipped"))
        self.assertEqual(found["3"], self.on_all("succeeded"))
        self.assertEqual(found["4"], self.on_all("succeeded"))

    def test_conditions_after_success(self):
        job, found = self.states_of(
            echo(), echo(condition="on_success"), echo(condition="on_failure"),
            echo(condition="always"))
        self.assertEqual(job["state"], "completed")
        self.assertEqual(found["1"], self.on_all("succeeded"))
        self.assertEqual(found["2"], self.on_all("skipped"))
        self.assertEqual(found["3"], self.on_all("succeeded"))

    def test_continue_excludes_the_failed_node_and_goes_on_with_the_others(self):
        job, found = self.states_of(
            shell("[ $BATON_NODE != node-2 ]"), echo(), strategy="continue")
        self.assertEqual(job["state"], "completed")
        self.assertIs(job["partial"], True)
        self.assertEqual(found["0"], {"node-1": "succeeded", "node-2": "failed",
                                      "node-3": "succeeded"})
        self.assertEqual(found["1"], {"node-1": "succeeded", "node-2": "skipped",
                                      "node-3": "succeeded"})

    # --- the examples, which say in their comments what becomes of each step ------------------------

    def example(self, name):
        with open(os.path.join(EXAMPLES, f"{name}.yaml"), encoding="utf-8") as file:
            job = self.run_to_end(file.read())
        return job, states(job)

    def test_example_conditional_always(self):
        job, found = self.example("conditional-always")
        self.assertEqual(job["state"], "failed")
        self.assertEqual(found["0"], self.on_all("succeeded"))
        self.assertEqual(set(found["1"].values()) | {"skipped"}, {"failed", "skipped"})
        self.assertEqual(found["2"], self.on_all("skipped"))
        self.assertEqual(found["3"], self.on_all("succeeded"))

    def test_example_conditional_on_failure(self):
        job, found = self.example("conditional-on-failure")
        self.assertEqual(job["state"], "failed")
        self.assertEqual(found["0"], self.on_all("succeeded"))
        self.assertEqual(found["1"], self.on_all("skipped"))
        self.assertEqual(set(found["2"].values()) | {"skipped"}, {"failed", "skipped"})
        self.assertEqual(found["3"], self.on_all("skipped"))
        self.assertEqual(found["4"], self.on_all("succeeded"))

    def test_example_conditional_on_success(self):
        job, found = self.example("conditional-on-success")
        lucky = {node: state == "succeeded" for node, state in found["0"].items()}
        where = {node: "succeeded" if lucky[node] else "skipped" for node in self.nodes()}
        self.assertEqual(found["1"], where)
        self.assertEqual(found["2"], self.on_all("succeeded"))
        self.assertEqual(found["3"], where)
        self.assertEqual(job["state"], "completed")
        self.assertEqual(job["partial"], not all(lucky.values()))

    def test_example_continue(self):
        job, found = self.example("continue")
        where = {node: "succeeded" if state == "succeeded" else "skipped"
                 for node, state in found["0"].items()}
        self.assertEqual((found["1.0"], found["1.1"]), (where, where))
        self.assertEqual(found["2"], self.on_all("succeeded"))
        self.assertEqual((job["state"], job["partial"]),
                         ("completed", "skipped" in where.values()))

    def test_example_pipeline_with_conditions(self):
        job, found = self.example("pipeline-with-conditions")
        expected = {"0.0": "succeeded", "0.1": "failed", "0.2": "skipped", "0.3": "succeeded",
                    "1.0": "succeeded", "1.1": "succeeded", "1.2": "succeeded",
                    "1.3.0": "succeeded", "2.0": "skipped", "2.1": "skipped"}
        self.assertEqual(found, {path: self.on_all(state) for path, state in expected.items()})
        self.assertEqual((job["state"], job["partial"]), ("completed", True))

    def test_example_timeout(self):
        job, found = self.example("timeout")
        self.assertEqual(job["state"], "failed")
        self.assertEqual(found["0"], self.on_all("succeeded"))
        self.assertEqual(set(found["1"].values()) | {"skipped"}, {"timed_out", "skipped"})
        self.assertEqual(found["2"], self.on_all("skipped"))

    # --- how a task ends -----------------------------------------------------------------------

    def test_an_exit_code_and_both_outputs_are_in_the_row(self):
        job = self.run_to_end(spec(shell("echo out; echo err >&2; exit 3"), scope="node",
                                   value="node-1"))
        row = rows(job, "0")["node-1"]
        self.assertEqual((row["state"], row["exit_code"]), ("failed", 3))
        self.assertEqual((row["output"], row["stderr"]), ("out\n", "err\n"))
        self.assertEqual(row["code"], "EXIT")

    def test_a_signal_is_told_apart_from_an_exit_code(self):
        job = self.run_to_end(spec(shell("kill -9 $$"), scope="node", value="node-1"))
        row = rows(job, "0")["node-1"]
        self.assertEqual((row["state"], row["code"], row["exit_code"]), ("failed", "SIGNAL", None))

    def test_a_program_that_is_not_there_fails_with_its_name(self):
        job = self.run_to_end(spec(task("exec", "run", params={"command": ["/no/such/program"]}),
                                   scope="node", value="node-1"))
        row = rows(job, "0")["node-1"]
        self.assertEqual(row["state"], "failed")
        self.assertIn("/no/such/program", row["error"])

    def test_output_that_is_no_text_does_not_break_the_row(self):
        job = self.run_to_end(spec(shell(r"printf 'a\377\000b'"), scope="node", value="node-1"))
        self.assertEqual(rows(job, "0")["node-1"]["state"], "succeeded")
        self.assertTrue(rows(job, "0")["node-1"]["output"].startswith("a"))

    def test_a_retry_runs_again_until_it_succeeds(self):
        counter = self.path("counter")
        job = self.run_to_end(spec(
            shell(f"echo x >> {counter}; [ $(wc -l < {counter}) -ge 3 ]",
                  retry={"max": 4, "initial": "50ms", "factor": 1, "cap": "1s", "jitter": 0}),
            scope="node", value="node-1"))
        row = rows(job, "0")["node-1"]
        self.assertEqual((job["state"], row["state"], row["attempts"]),
                         ("completed", "succeeded", 3))
        self.assertEqual(lines(counter), ["x"] * 3)

    def test_retries_that_are_used_up_fail_the_step(self):
        job = self.run_to_end(spec(
            task("test", "fail", params={"message": "again"},
                 retry={"max": 2, "initial": "50ms"}), scope="node", value="node-1"))
        row = rows(job, "0")["node-1"]
        self.assertEqual((job["state"], row["state"], row["attempts"]), ("failed", "failed", 3))

    def test_a_retry_runs_again_only_where_it_failed(self):
        job = self.run_to_end(spec(
            shell(f"[ $BATON_NODE != node-2 ] || [ -e {self.path('seen')} ] || "
                  f"{{ touch {self.path('seen')}; exit 1; }}",
                  retry={"max": 2, "initial": "50ms"})))
        attempts = {node: row["attempts"] for node, row in rows(job, "0").items()}
        self.assertEqual(attempts, {"node-1": 1, "node-2": 2, "node-3": 1})
        self.assertEqual(job["state"], "completed")

    # --- time-outs and cancel --------------------------------------------------------------------

    # Ignores TERM and leaves a grandchild in a session of its own: the worst kind of task.
    STUBBORN = "trap '' TERM; setsid sleep {mark} & sleep {mark} & while :; do sleep {mark}; done"

    def mark(self):
        """A number of seconds no one else sleeps, to find the processes by."""
        return f"77{os.getpid()}{time.monotonic_ns() % 1000000}"

    def assert_gone(self, mark):
        self.assertEqual(processes_with(mark), {})

    def test_a_task_that_runs_too_long_ends_with_nothing_left(self):
        mark = self.mark()
        job = self.run_to_end(spec(shell(self.STUBBORN.format(mark=mark), timeout="700ms"),
                                   scope="node", value="node-1"), 40)
        self.assert_gone(mark)
        row = rows(job, "0")["node-1"]
        self.assertEqual((job["state"], row["state"], row["code"]),
                         ("failed", "timed_out", "TIMEOUT"))

    def test_a_job_that_runs_too_long_fails_and_stops_its_tasks(self):
        mark = self.mark()
        began = time.monotonic()
        job = self.run_to_end(spec(shell(f"sleep {mark}"), echo(), timeout="1s"), 40)
        self.assertLess(time.monotonic() - began, 20 * PATIENCE)
        self.assert_gone(mark)
        self.assertEqual(job["state"], "failed")
        self.assertEqual(states(job)["1"], self.on_all("skipped"))
        self.assertEqual(set(states(job)["0"].values()) - {"cancelled", "timed_out"}, set())

    def test_a_running_job_that_is_cancelled_leaves_no_process(self):
        mark = self.mark()
        job = self.cell.run(spec(shell(self.STUBBORN.format(mark=mark)), echo()))
        wait_until("the task runs on all nodes", lambda: len(
            [line for line in processes_with(mark).values() if line.startswith("sleep")]) >= 6)
        answer = self.cell.api("job.cancel", {"id": job, "reason": "enough"})
        self.assertEqual(answer, {"id": job, "state": "cancelling"})
        wait_until("the job is cancelled",
                   lambda: self.cell.kv_job(job)["state"] == "cancelled", 40)
        self.assert_gone(mark)
        found = states(self.cell.get(job))
        self.assertEqual(found, {"0": self.on_all("cancelled"), "1": self.on_all("skipped")})
        code, error = self.cell.refused("job.cancel", {"id": job, "reason": "again"})
        self.assertEqual((code, error["code"]), (409, "CONFLICT"))

    def test_a_job_cancelled_while_its_tasks_are_queued_never_runs_them(self):
        blocker_mark, counter = self.mark(), self.path("counter")
        blocker = self.cell.run(spec(shell(f"sleep {blocker_mark}"), scope="node", value="node-1"))
        self.cell.wait_state(blocker, "0", "node-1", "running")
        queued = self.cell.run(spec(shell(f"echo x >> {counter}"), scope="node", value="node-1"))
        self.cell.wait_state(queued, "0", "node-1", "queued")
        self.cell.api("job.cancel", {"id": queued, "reason": "not needed"})
        self.assertEqual(self.cell.wait(queued)["state"], "cancelled")
        self.cell.api("job.cancel", {"id": blocker, "reason": "done"})
        self.assertEqual(self.cell.wait(blocker)["state"], "cancelled")
        self.assert_gone(blocker_mark)
        # The node is free again, and what was cancelled has not run on it.
        self.assertEqual(self.run_to_end(spec(echo(), scope="node", value="node-1"))["state"],
                         "completed")
        self.assertEqual(lines(counter), [])

    def test_an_always_step_runs_also_after_a_cancel(self):
        cleaned = self.path("cleaned")
        job = self.cell.run(spec(shell("sleep 60"), shell(f"echo x >> {cleaned}",
                                                          condition="always")))
        self.cell.wait_state(job, "0", "node-1", "running")
        self.cell.api("job.cancel", {"id": job, "reason": "enough"})
        self.assertEqual(self.cell.wait(job)["state"], "cancelled")
        self.assertEqual(lines(cleaned), ["x"] * 3)


if __name__ == "__main__":
    tap.main()
