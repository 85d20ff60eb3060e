"""Run clang-tidy with the checks of .clang-tidy over all our C, two files at a time.

    ninja -C build tidy

Slow (the analyzer walks every path), so it is no everyday test; `tests/run --long` includes it.
"""

import concurrent.futures
import json
import os
import subprocess
import sys

import sources


def main():
    build = os.environ.get("BATON_BUILD", os.path.join(sources.ROOT, "build"))
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        known = [os.path.normpath(os.path.join(row["directory"], row["file"]))
                 for row in json.load(file)]
    ours = sorted({path for path in known
                   if path.startswith(sources.ROOT + os.sep) and not path.startswith(build)})

    def run(path):
        return path, subprocess.run(
            ["clang-tidy", "--quiet", "-p", build, path], capture_output=True, text=True)

    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for path, done in pool.map(run, ours):
            if done.returncode != 0:
                bad += 1
                print(os.path.relpath(path, sources.ROOT), done.stdout, sep="\n", flush=True)
    print(f"clang-tidy: {len(ours)} files, {bad} with complaints")
    sys.exit(1 if bad or not ours else 0)


if __name__ == "__main__":
    main()
