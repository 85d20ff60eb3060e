"""A real cell for a test: nats-server, controllers and workers as processes, on free ports and in
a folder of their own, and nothing left of them afterwards.

BATON_BUILD names the build directory. Every wait has a bound, and says what it waited for.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from natsclient import Client, NatsError

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("BATON_BUILD", os.path.join(ROOT, "build")))
EXAMPLES = os.path.join(ROOT, "specs", "examples")
TERMINAL = {"completed", "failed", "cancelled"}
# Sanitizers and a busy machine make everything slower, never wronger.
PATIENCE = float(os.environ.get("BATON_PATIENCE", "1"))


def wait_until(what, check, timeout=15.0, pause=0.03):
    """Call `check` until it gives something true, and give that back."""
    deadline = time.monotonic() + timeout * PATIENCE
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() >= deadline:
            raise AssertionError(f"waited {timeout * PATIENCE:.0f} s in vain until {what}")
        time.sleep(pause)


def program(name):
    for folder in ("cli", "controller", "worker", "worker/runner", "."):
        path = os.path.join(BUILD, folder, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    raise AssertionError(f"{name} is not built in {BUILD}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def processes_with(text):
    """{pid: command line} of the living processes that have `text` on their command line."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                line = file.read().replace(b"\0", b" ").decode("utf-8", "replace")
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                state = file.read().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if text in line and state not in "ZX":
            found[int(entry)] = line.strip()
    return found


class Process:
    """One process of a cell and its log file."""

    def __init__(self, name, argv, folder, env=None):
        self.name, self.argv = name, argv
        self.log_path = os.path.join(folder, f"{name}.log")
        self.log = open(self.log_path, "ab")
        self.killed = False
        self.popen = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd=folder,
            env={**os.environ, **(env or {})}, start_new_session=True,
        )

    @property
    def pid(self):
        return self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def send(self, number):
        if self.running():
            self.popen.send_signal(number)

    def kill(self):
        """SIGKILL, and wait until it is gone."""
        self.killed = True
        self.send(signal.SIGKILL)
        self.popen.wait(10)

    def stop(self, timeout=10.0):
        """SIGTERM. @return a complaint, or None when it ended by itself and well."""
        self.send(signal.SIGTERM)
        try:
            code = self.popen.wait(timeout * PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            return f"{self.name} did not stop on SIGTERM within {timeout * PATIENCE:.0f} s"
        finally:
            self.log.close()
        if code != 0 and not self.killed and self.name != "nats-server":  # which ends with 1
            return f"{self.name} ended with {code}"
        return None

    def tail(self, lines=25):
        return "".join(self.said().splitlines(keepends=True)[-lines:])

    def said(self):
        """All of its log so far."""
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()


class Cell:
    def __init__(self, nodes=3, controllers=1, groups="web", name="baton", bare=False):
        self.name = name
        self.folder = tempfile.mkdtemp(prefix="baton-cell-")
        self.processes = {}
        self.flags = {}
        self.client = None
        try:
            self.start_server()
            if bare:  # only the server
                return
            for number in range(1, controllers + 1):
                self.start_controller(f"ctl-{number}")
            self.ready(0)  # a worker that finds no cell tries again only after a while
            for number in range(1, nodes + 1):
                self.start_worker(f"node-{number}", groups)
            self.ready(nodes)
        except BaseException:
            print(self.explain(), file=sys.stderr)
            self.stop()
            raise

    # --- parts -------------------------------------------------------------------------------

    def start(self, name, argv):
        process = self.processes[name] = Process(name, argv, self.folder)
        return process

    def start_server(self, port=None):
        server = shutil.which("nats-server", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if server is None:
            raise AssertionError("nats-server is not installed")
        for _ in range(5):  # the port may be taken between the look and the use
            self.port = port or free_port()
            process = self.start("nats-server", [
                server, "-a", "127.0.0.1", "-p", str(self.port), "-js",
                "-sd", os.path.join(self.folder, "jetstream"),
            ])
            try:
                self.client = wait_until("nats-server answers",
                                         lambda p=process: self.connect_or_none(p), 10)
                return
            except AssertionError:
                if process.running() or port:
                    raise
        raise AssertionError("nats-server found no free port")

    def connect_or_none(self, process):
        if not process.running():
            raise AssertionError("nats-server ended")
        try:
            client = Client(self.url)
            client.js("INFO")
            return client
        except (OSError, NatsError):
            return None

    @property
    def url(self):
        return f"nats://127.0.0.1:{self.port}"

    def common_flags(self, name):
        return ["--id", name, "--server", self.url, "--cell", self.name, "--log-level", "debug"]

    def start_controller(self, name):
        return self.start(name, [program("baton-controller"), *self.common_flags(name)])

    def start_worker(self, name, groups="", *more):
        flags = self.flags.setdefault(name, (groups, more))
        return self.start(name, [
            program("baton-worker"), *self.common_flags(name),
            *(["--groups", flags[0]] if flags[0] else []),
            "--data", os.path.join(self.folder, f"{name}.data"), *flags[1],
        ])

    def restart(self, name):
        """After a kill: the same process with the same flags and data."""
        old = self.processes[name]
        if old.running():
            raise AssertionError(f"{name} still runs")
        return self.start(name, old.argv)

    def ready(self, nodes):
        def check():
            for process in self.processes.values():
                if not process.running():
                    raise AssertionError(f"{process.name} ended with {process.popen.returncode}")
            listed = self.api_or_none("node.list")
            return listed is not None and nodes <= sum(
                node["state"] == "ready" for node in nodes_of(listed))
        wait_until(f"{nodes} nodes are ready", check, 20)

    # --- asking ------------------------------------------------------------------------------

    def subject(self, rest):
        return f"{self.name}.{rest}"

    def ask(self, verb, body=None, headers=None, timeout=10.0):
        """One API request; the raw message back. `body` may be bytes, text or an object."""
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body if body is not None else {})
        return self.client.request(self.subject(f"api.{verb}"), body, headers, timeout * PATIENCE)

    def api(self, verb, body=None, headers=None):
        """One API request that must succeed; the decoded answer."""
        message = self.ask(verb, body, headers)
        if "Nats-Service-Error-Code" in message.headers:
            raise AssertionError(f"{verb}: {message.headers} {message.data!r}")
        return message.json()

    def api_or_none(self, verb, body=None):
        try:
            message = self.ask(verb, body, timeout=2)
        except NatsError:
            return None
        return None if "Nats-Service-Error-Code" in message.headers else message.json()

    def refused(self, verb, body=None, headers=None):
        """One API request that must be refused: (code of the header, error object)."""
        message = self.ask(verb, body, headers)
        if "Nats-Service-Error-Code" not in message.headers:
            raise AssertionError(f"{verb} was not refused: {message.data!r}")
        return int(message.headers["Nats-Service-Error-Code"]), message.json()["error"]

    def kv_job(self, job):
        return self.client.kv_get(f"{self.name}_jobs", job)

    def run(self, spec, headers=None):
        """Submit through the API; the id."""
        if isinstance(spec, dict):
            spec = json.dumps(spec)
        return self.api("job.run", spec, headers)["id"]

    def submit(self, spec, job):
        """Submit by a plain publish, as any program could; the id."""
        if isinstance(spec, dict):
            spec = json.dumps(spec)
        self.client.publish(self.subject("submit"), spec, {"Baton-Job-Id": job})
        return job

    def get(self, job):
        """The whole job, its pages merged."""
        whole = page = self.api("job.get", {"id": job})
        while page.get("next_page") is not None:
            page = self.api("job.get", {"id": job, "page": page["next_page"]})
            rows = {step["step"]: step for step in whole["steps"]}
            for step in page["steps"]:
                if step["step"] in rows:
                    rows[step["step"]]["nodes"].update(step["nodes"])
                else:
                    whole["steps"].append(step)
        return whole

    def wait(self, job, timeout=30.0):
        """Until the job has ended; the whole job."""
        def ended():
            value = self.kv_job(job)
            return value and value["state"] in TERMINAL
        try:
            wait_until(f"job {job} has ended", ended, timeout)
        except AssertionError as late:
            raise AssertionError(f"{late}; it is {self.kv_job(job)}") from None
        return self.get(job)

    def wait_state(self, job, step, node, state, timeout=15.0):
        """Until the row of a step on a node shows the state."""
        def check():
            whole = self.api_or_none("job.get", {"id": job})
            return whole and states(whole).get(step, {}).get(node) == state
        wait_until(f"step {step} of {job} on {node} is {state}", check, timeout)

    # --- the end -----------------------------------------------------------------------------

    def explain(self):
        """The ends of all logs."""
        return "".join(f"--- {process.name} (pid {process.pid}, "
                       f"{'running' if process.running() else process.popen.returncode})\n"
                       f"{process.tail()}" for process in self.processes.values())

    def stop(self):
        """Stop all. @return complaints about processes that did not end well or were left."""
        complaints = []
        if self.client is not None:
            self.client.close()
        order = sorted(self.processes.values(), key=lambda p: (
            p.name == "nats-server", not p.name.startswith("node")))
        for process in order:
            if not process.running() and not process.killed:
                complaints.append(f"{process.name} had ended with {process.popen.returncode}")
            complaint = process.stop()
            if complaint:
                complaints.append(complaint)
        if not complaints:
            left = processes_with(self.folder)
            complaints += [f"left running: {pid} {line}" for pid, line in left.items()]
        for pid in processes_with(self.folder):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for process in order:
            text = process.tail(10 ** 6)
            if "Sanitizer" in text or "runtime error:" in text or "check failed" in text:
                complaints.append(f"{process.name}: {text[-6000:]}")
        shutil.rmtree(self.folder, ignore_errors=True)
        return complaints


def nodes_of(answer):
    """node.list may be a list or an object that holds one."""
    return answer if isinstance(answer, list) else answer.get("nodes", [])


def states(job):
    """{path: {node: state}} of a job."""
    return {step["path"]: {node: row["state"] for node, row in step["nodes"].items()}
            for step in job["steps"]}


def rows(job, path):
    """{node: row} of one step."""
    return next(step["nodes"] for step in job["steps"] if step["path"] == path)


def spec(*tasks, scope="all", value=None, **more):
    target = {"scope": scope}
    if value is not None:
        target["value"] = value
    return {"target": target, "tasks": list(tasks), **more}


def task(backend, action, **more):
    """A leaf; params as `params={...}`."""
    return {"backend": backend, "action": action, **more}


def echo(message="hi", **more):
    return task("ping", "echo", params={"message": message}, **more)


def shell(script, **more):
    return task("exec", "run", params={"command": ["/bin/sh", "-c", script]}, **more)


class CellTest(unittest.TestCase):
    """Tests that share one cell; each submits jobs of its own."""

    NODES = 3
    CONTROLLERS = 1
    GROUPS = "web"
    cell = None

    @classmethod
    def setUpClass(cls):
        cls.cell = Cell(cls.NODES, cls.CONTROLLERS, cls.GROUPS)

    @classmethod
    def tearDownClass(cls):
        complaints = cls.cell.stop()
        if complaints:
            raise AssertionError("\n".join(complaints))

    def explain(self):
        """What the logs say; shown when the test fails."""
        return self.cell.explain() if self.cell else ""

    def run_to_end(self, what, timeout=30.0):
        return self.cell.wait(self.cell.run(what), timeout)

    def nodes(self):
        return [f"node-{number}" for number in range(1, self.NODES + 1)]

    def on_all(self, state):
        return {node: state for node in self.nodes()}

    def path(self, name):
        """A file of this test, in the cell's folder."""
        return os.path.join(self.cell.folder, f"{self._testMethodName}-{name}")
