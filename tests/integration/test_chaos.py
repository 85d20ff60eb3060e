"""Processes killed at random under load: every job ends, and the files that the tasks write agree
with what Baton says about each row. The seed is printed; BATON_SEED gives one back."""

import os
import random
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap
from cell import PATIENCE, Cell, shell, spec, wait_until
from natsclient import NatsError
from test_flow import lines

SEED = int(os.environ.get("BATON_SEED", random.randrange(10 ** 6)))
ROUNDS = 8
JOBS_A_ROUND = 3
STEPS = 4


class Chaos(unittest.TestCase):
    def setUp(self):
        print(f"# seed {SEED}", flush=True)
        self.chance = random.Random(f"{SEED} {self._testMethodName}")
        self.cell = Cell(nodes=4, controllers=3)
        self.jobs = []

    def tearDown(self):
        complaints = self.cell.stop()
        self.assertEqual(complaints, [])

    def explain(self):
        return self.cell.explain()

    def ledger(self, job, step):
        return os.path.join(self.cell.folder, f"ledger-{job}-{step}")

    def step(self, job, number):
        pause = self.chance.randrange(10) / 100
        return shell(f"echo $BATON_NODE >> {self.ledger(job, number)}; sleep {pause}")

    def submit_some(self):
        for _ in range(JOBS_A_ROUND):
            job = f"chaos-{len(self.jobs)}"
            what = spec(self.step(job, 0), {"tasks": [self.step(job, 1), self.step(job, 2)]},
                        self.step(job, 3), strategy="continue")
            # A stored submit is what counts as told; anything less is said again, under the same id.
            for _ in range(int(100 * PATIENCE)):
                try:
                    self.cell.api("job.run", what, {"Baton-Job-Id": job})
                    break
                except (AssertionError, NatsError, OSError) as refused:
                    if "CONFLICT" in str(refused):
                        break
                    time.sleep(0.1)
            self.jobs.append(job)

    def kill_one_and_restart(self, names):
        name = self.chance.choice(names)
        time.sleep(self.chance.random() * 0.3)
        self.cell.processes[name].kill()
        time.sleep(self.chance.choice([0, 0.05, 0.5]))
        if name == "nats-server":
            self.cell.start_server(self.cell.port)
        else:
            self.cell.restart(name)

    def check_ledgers(self):
        counts = {}
        wait_until("a controller answers", lambda: self.cell.api_or_none("status"), 20)
        for job in self.jobs:
            whole = self.cell.wait(job, 60)
            self.assertEqual(len(whole["steps"]), STEPS)
            for step in whole["steps"]:
                ran = lines(self.ledger(job, step["step"]))
                for node, row in step["nodes"].items():
                    where = f"{job} step {step['step']} on {node}: {row}"
                    counts[row["state"]] = counts.get(row["state"], 0) + 1
                    self.assertLessEqual(ran.count(node), 1, where)
                    if row["state"] == "succeeded":
                        self.assertEqual(ran.count(node), 1, where)
                    else:
                        self.assertIn(row["state"], ("unknown", "skipped"), where)
                    if row["state"] == "skipped":
                        self.assertEqual(ran.count(node), 0, where)
        print(f"# {len(self.jobs)} jobs, {ROUNDS} kills: {counts}", flush=True)
        return counts

    def run_rounds(self, names):
        for _ in range(ROUNDS):
            self.submit_some()
            self.kill_one_and_restart(names)
        return self.check_ledgers()

    def test_killed_controllers_change_nothing(self):
        counts = self.run_rounds(["ctl-1", "ctl-2", "ctl-3"])
        self.assertEqual(set(counts), {"succeeded"})

    def test_a_killed_server_loses_nothing(self):
        counts = self.run_rounds(["nats-server"])
        self.assertEqual(set(counts), {"succeeded"})

    def test_whoever_is_killed_no_step_runs_twice_and_no_row_lies(self):
        counts = self.run_rounds([f"ctl-{n}" for n in range(1, 4)] +
                                 [f"node-{n}" for n in range(1, 5)])
        self.assertGreater(counts["succeeded"], 0)


if __name__ == "__main__":
    tap.main()
