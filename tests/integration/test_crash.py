"""kill -9 at bad moments: files the tasks write tell how often each really ran."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap
from cell import CellTest, echo, processes_with, rows, shell, spec, states, wait_until
from test_flow import lines


class Crash(CellTest):
    NODES = 2

    def test_a_controller_killed_while_a_task_runs_goes_on_without_running_anything_again(self):
        first, second, go = self.path("first"), self.path("second"), self.path("go")
        job = self.cell.run(spec(
            shell(f"echo $BATON_NODE >> {first}"),
            shell(f"echo $BATON_NODE >> {second}; n=0; until [ -e {go} ]; do sleep 0.02; "
                  "n=$((n+1)); [ $n -lt 1500 ] || exit 9; done"),
            echo()))
        wait_until("the second step runs on both nodes", lambda: len(lines(second)) == 2)
        self.cell.processes["ctl-1"].kill()
        with open(go, "w", encoding="utf-8"):
            pass  # both tasks end while nobody owns the job
        self.cell.restart("ctl-1")
        ended = self.cell.wait(job, 40)
        self.assertEqual(ended["state"], "completed")
        self.assertEqual(sorted(lines(first)), self.nodes())
        self.assertEqual(sorted(lines(second)), self.nodes())
        for path in ("0", "1", "2"):
            self.assertEqual({row["attempts"] for row in rows(ended, path).values()}, {1})

    def test_a_job_published_while_no_controller_lives_runs_when_one_comes(self):
        self.cell.processes["ctl-1"].kill()
        self.cell.submit(spec(echo()), "submitted-to-nobody")
        self.cell.restart("ctl-1")
        self.assertEqual(self.cell.wait("submitted-to-nobody", 40)["state"], "completed")

    def test_a_controller_killed_right_after_a_submit_runs_the_job_once(self):
        for round_ in range(3):
            counter = self.path(f"counter-{round_}")
            what = spec(shell(f"echo x >> {counter}"), scope="node", value="node-1")
            job = self.cell.submit(what, f"killed-early-{round_}")
            self.cell.client.flush()
            self.cell.processes["ctl-1"].kill()
            self.cell.restart("ctl-1")
            self.assertEqual(self.cell.wait(job, 40)["state"], "completed")
            self.assertEqual(lines(counter), ["x"])

    def test_a_finished_job_is_still_there_after_a_restart(self):
        job = self.run_to_end(spec(echo("kept")))
        self.cell.processes["ctl-1"].kill()
        self.cell.restart("ctl-1")
        wait_until("the API answers", lambda: self.cell.api_or_none("status"), 20)
        again = self.cell.get(job["id"])
        self.assertEqual(again["state"], "completed")
        self.assertEqual(rows(again, "0"), rows(job, "0"))

    def test_a_worker_killed_while_a_task_runs_never_runs_it_twice(self):
        counter = self.path("counter")
        job = self.cell.run(spec(
            shell(f"echo x >> {counter}; sleep 5"), scope="node", value="node-2"))
        wait_until("the task runs", lambda: lines(counter) == ["x"])
        self.cell.processes["node-2"].kill()
        self.cell.restart("node-2")
        ended = self.cell.wait(job, 60)
        self.assertEqual(lines(counter), ["x"])
        row = rows(ended, "0")["node-2"]
        self.assertEqual((ended["state"], row["state"], row["attempts"]), ("failed", "unknown", 1))
        self.assertEqual(row["code"], "UNKNOWN")
        # And the node works again.
        self.assertEqual(states(self.run_to_end(spec(echo(), scope="node", value="node-2"), 40)),
                         {"0": {"node-2": "succeeded"}})
        wait_until("nothing of the old task is left", lambda: not processes_with(counter), 20)

    def test_an_idempotent_task_is_run_again_by_the_worker_that_comes_back(self):
        counter, go = self.path("counter"), self.path("go")
        job = self.cell.run(spec(
            shell(f"echo x >> {counter}; until [ -e {go} ]; do sleep 0.02; done", idempotent=True),
            scope="node", value="node-2"))
        wait_until("the task runs", lambda: lines(counter) == ["x"])
        self.cell.processes["node-2"].kill()
        self.cell.restart("node-2")
        wait_until("the task runs again", lambda: lines(counter) == ["x", "x"], 60)
        with open(go, "w", encoding="utf-8"):
            pass
        ended = self.cell.wait(job, 40)
        self.assertEqual(ended["state"], "completed")
        self.assertEqual(lines(counter), ["x", "x"])

    def test_a_node_that_stays_away_is_lost_and_the_job_ends(self):
        counter = self.path("counter")
        job = self.cell.run(spec(shell(f"echo $BATON_NODE >> {counter}; sleep 2"),
                                 echo(), strategy="continue"))
        wait_until("the task runs on both", lambda: len(lines(counter)) == 2)
        self.cell.processes["node-2"].kill()
        ended = self.cell.wait(job, 60)
        self.cell.restart("node-2")
        self.assertEqual((ended["state"], ended["partial"]), ("completed", True))
        self.assertIn(states(ended)["0"]["node-2"], ("lost", "unknown"))
        self.assertEqual(states(ended)["1"], {"node-1": "succeeded", "node-2": "skipped"})
        self.assertEqual(len(lines(counter)), 2)
        wait_until("the node is ready again",
                   lambda: self.cell.api("node.info", {"node": "node-2"})["state"] == "ready", 20)

    def test_a_server_that_is_restarted_finds_everybody_again(self):
        counter = self.path("counter")
        job = self.cell.run(spec(shell(f"echo $BATON_NODE >> {counter}; sleep 1.5"), echo()))
        wait_until("the task runs on both", lambda: len(lines(counter)) == 2)
        self.cell.client.close()
        self.assertIsNone(self.cell.processes["nats-server"].stop())
        self.cell.start_server(self.cell.port)
        ended = self.cell.wait(job, 60)
        self.assertEqual(ended["state"], "completed")
        self.assertEqual(sorted(lines(counter)), self.nodes())


if __name__ == "__main__":
    tap.main()
