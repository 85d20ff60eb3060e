"""The layer law: who may include whom. Run as a test; `python3 layers.py` works as well.

    base <- spec, wire, expr <- controller/core, worker/core <- bus, sys, shells <- main.c

The simulator links the cores and no shell. Only common/bus includes nats.h. Only bus, sys, the shells, the CLI and the runner include uv.h.
Controller and worker never include each other. No two headers include each other in a circle.
"""

import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap
import sources

PURE_STANDARD = {
    "assert.h", "ctype.h", "errno.h", "float.h", "inttypes.h", "limits.h", "math.h", "stdalign.h",
    "stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h",
}
CODECS = {"jansson.h", "yaml.h", "protobuf-c/protobuf-c.h", "sodium.h"}
PURE = ["common/base", "common/spec", "common/wire", "common/expr"]

# Folder: (folders of ours it may include besides itself, outside headers; None: any but the two
# below). The longest matching folder counts.
LAW = {
    "common/base": ([], PURE_STANDARD),
    "common/spec": (PURE, PURE_STANDARD | CODECS),
    "common/wire": (PURE, PURE_STANDARD | CODECS),
    "common/expr": (PURE, PURE_STANDARD),
    "common/bus": (PURE, None),
    "common/sys": (PURE + ["common/bus"], None),
    "controller/core": (PURE, PURE_STANDARD),
    "controller": (PURE + ["common/bus", "common/sys", "controller"], None),
    "worker/core": (PURE, PURE_STANDARD),
    "worker/runner": (PURE, None),
    "worker": (PURE + ["common/bus", "common/sys", "worker"], None),
    # The oracles judge the cores and share no code with them.
    "sim/oracle": (PURE + ["sim"], PURE_STANDARD | CODECS),
    "sim": (PURE + ["controller/core", "worker/core", "sim"], PURE_STANDARD | CODECS),
    "cli": (PURE + ["common/bus", "common/sys", "cli", "sim"], None),
}
OUTSIDE_ONLY_IN = {
    "nats.h": ["common/bus"],
    "nats/nats.h": ["common/bus"],
    "uv.h": ["common/bus", "common/sys", "controller", "worker", "cli"],
}
# Generated headers carry the wire formats: for the layers that speak them, not for a core.
PROTO_ONLY_IN = ["common/spec", "common/wire", "controller/api", "controller/shell", "worker/runner",
                 "worker/shell", "cli"]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def within(path, folder):
    return path.startswith(folder + "/")


def law_of(path):
    folders = [folder for folder in LAW if within(path, folder)]
    return max(folders, key=len, default=None)


def resolve(path, name, files):
    """The file of ours an include means: beside it, or from the include roots."""
    top = path.split("/")[0]
    roots = ["common", top, ".", "worker"] if top == "sim" else ["common", top, "."]
    for candidate in (os.path.join(os.path.dirname(path), name),
                      *(f"{root}/{name}" for root in roots)):
        candidate = os.path.normpath(candidate)
        if candidate in files:
            return candidate
    return None


def check_include(path, quote, name, files):
    folder = law_of(path)
    allowed, outside = LAW[folder]
    if name.endswith(".pb-c.h"):
        if any(within(path, proto) for proto in PROTO_ONLY_IN):
            return None
        return f"{name}: generated wire formats do not belong into {folder}"
    ours = resolve(path, name, files)
    if ours is None:
        if quote == '"' and name not in OUTSIDE_ONLY_IN:
            return f'"{name}": not a file of ours; outside headers are written <{name}>'
        for header, folders in OUTSIDE_ONLY_IN.items():
            if name == header and not any(within(path, place) for place in folders):
                return f"<{name}> may be included only in {', '.join(folders)}"
        if outside is not None and name not in outside:
            return f"<{name}> is not for {folder}, which is pure"
        return None
    if any(within(ours, place) for place in allowed + [folder]):
        return None
    return f'"{name}": {folder} may not include {os.path.dirname(ours)}'


def circles(graph):
    """Each include circle once, as a path."""
    found, done = [], set()

    def visit(path, trail):
        if path in trail:
            found.append(" -> ".join(trail[trail.index(path):] + [path]))
            return
        if path in done:
            return
        for further in graph.get(path, []):
            visit(further, trail + [path])
        done.add(path)

    for path in sorted(graph):
        visit(path, [])
    return found


def check(files):
    """@return complaints about {path: text}."""
    complaints, graph = [], {}
    for path, text in files.items():
        if law_of(path) is None:
            if not within(path, "tests"):
                complaints.append(f"{path}: no layer; add its folder to the law")
            continue
        for match in INCLUDE.finditer(text):
            line = text.count("\n", 0, match.start(2)) + 1
            complaint = check_include(path, match[1], match[2], files)
            if complaint:
                complaints.append(f"{path}:{line}: {complaint}")
            ours = resolve(path, match[2], files)
            if ours is not None:
                graph.setdefault(path, []).append(ours)
    return complaints + [f"include circle: {circle}" for circle in circles(graph)]


class Layers(unittest.TestCase):
    def test_the_sources_keep_the_layer_law(self):
        files = sources.c_files()
        self.assertGreater(len(files), 20)
        sources.none(self, check(files))

    def caught(self, path, include, text):
        others = {"common/base/x.h": "", "common/bus/bus.h": "", "controller/core/c.h": "",
                  "controller/shell/s.h": "", "worker/core/w.h": "", "common/spec/plan.h": ""}
        complaints = check({**others, path: f"#include {include}\n"})
        self.assertEqual(len(complaints), 1, complaints)
        self.assertIn(text, complaints[0])

    def test_a_core_that_includes_the_bus_is_caught(self):
        self.caught("controller/core/a.c", '"bus/bus.h"', "may not include common/bus")

    def test_a_core_that_includes_its_shell_is_caught(self):
        self.caught("controller/core/a.c", '"shell/s.h"', "may not include controller/shell")
        self.caught("controller/core/a.c", '"../shell/s.h"', "may not include controller/shell")

    def test_a_core_that_includes_uv_or_a_clock_is_caught(self):
        self.caught("worker/core/a.c", "<uv.h>", "pure")
        self.caught("worker/core/a.c", "<time.h>", "pure")
        self.caught("worker/core/a.c", "<unistd.h>", "pure")

    def test_nats_outside_the_bus_is_caught(self):
        self.caught("controller/shell/a.c", "<nats/nats.h>", "only in common/bus")
        self.caught("cli/a.c", "<nats.h>", "only in common/bus")

    def test_a_controller_that_includes_the_worker_is_caught(self):
        self.caught("controller/shell/a.c", '"../../worker/core/w.h"', "may not include worker")

    def test_a_base_that_includes_the_spec_is_caught(self):
        self.caught("common/base/a.c", '"spec/plan.h"', "may not include common/spec")

    def test_a_core_that_includes_a_wire_format_is_caught(self):
        self.caught("controller/core/a.c", '"log.pb-c.h"', "generated")

    def test_a_runner_that_includes_the_bus_is_caught(self):
        self.caught("worker/runner/a.c", '"bus/bus.h"', "may not include common/bus")

    def test_a_folder_outside_the_law_is_caught(self):
        self.assertIn("no layer", check({"common/odd/a.c": ""})[0])

    def test_an_oracle_that_includes_what_it_judges_is_caught(self):
        self.caught("sim/oracle/a.c", '"controller/core/c.h"', "may not include controller/core")

    def test_a_simulator_that_includes_a_shell_is_caught(self):
        self.caught("sim/a.c", '"controller/shell/s.h"', "may not include controller/shell")
        self.caught("sim/a.c", "<uv.h>", "only in")

    def test_an_include_circle_is_caught(self):
        files = {"common/base/a.h": '#include "b.h"\n', "common/base/b.h": '#include "base/a.h"\n'}
        self.assertIn("include circle", check(files)[0])

    def test_what_the_law_allows_passes(self):
        files = {"common/base/x.h": "", "common/spec/plan.h": '#include "base/x.h"\n',
                 "controller/core/c.h": '#include "spec/plan.h"\n#include <stdint.h>\n',
                 "controller/shell/s.c": '#include "core/c.h"\n#include <uv.h>\n#include <time.h>\n'}
        self.assertEqual(check(files), [])


if __name__ == "__main__":
    tap.main()
