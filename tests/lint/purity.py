"""The pure archives hold no writable memory of their own and call nothing but a short list.

A core that reads a clock, keeps a counter or prints would not be the same machine twice; the
archive's symbols show all of that, whatever the sources look like. Meant for a build without
sanitizers, which add symbols. BATON_BUILD names the build directory.
"""

import glob
import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap
import sources

BUILD = os.environ.get("BATON_BUILD", os.path.join(sources.ROOT, "build"))

MEMORY_AND_TEXT = (
    "memcpy memmove memset memcmp memchr memrchr strlen strnlen strcmp strncmp strchr strrchr "
    "strstr strspn strcspn snprintf vsnprintf bsearch qsort "
    # What the compiler or the hardened C library puts in their place.
    "__memcpy_chk __memmove_chk __memset_chk __snprintf_chk __vsnprintf_chk __stack_chk_fail "
    "_GLOBAL_OFFSET_TABLE_ bcmp"
).split()
# The heap is no hidden input: it gives memory or it does not.
HEAP = "malloc calloc realloc free strdup strndup".split()
NUMBERS = "strtod strtoll strtoull strtoul strtol __errno_location __ctype_b_loc fmod floor".split()

# Archive: (patterns of symbols it may call, archives below it whose symbols it may call).
ALLOWED = {
    "libbaton-base.a": (MEMORY_AND_TEXT + HEAP + ["abort", "fprintf", "__fprintf_chk", "stderr"], []),
    "libbaton-spec.a": (
        MEMORY_AND_TEXT + HEAP + NUMBERS
        + [r"json_\w+", r"jansson_\w+", r"yaml_\w+", r"protobuf_c_\w+", r"crypto_hash_sha256\w*"],
        ["libbaton-base.a", "libbaton-wire.a", "libbaton-proto.a"],
    ),
    "libbaton-wire.a": (
        MEMORY_AND_TEXT + HEAP + NUMBERS + [r"json_\w+", r"jansson_\w+", r"protobuf_c_\w+"],
        ["libbaton-base.a", "libbaton-spec.a", "libbaton-proto.a"],
    ),
    "libbaton-controller-core.a": (
        MEMORY_AND_TEXT + HEAP, ["libbaton-base.a", "libbaton-spec.a", "libbaton-wire.a"],
    ),
    "libbaton-worker-core.a": (
        MEMORY_AND_TEXT + HEAP, ["libbaton-base.a", "libbaton-spec.a", "libbaton-wire.a"],
    ),
}
WRITABLE = re.compile(r"^\.(data|bss|tdata|tbss)(\.(?!rel\.ro)|$)")
SECTION = re.compile(r"^\s*\d+\s+(\.\S+)\s+([0-9a-f]+)\s")


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


def symbols(archive):
    """(defined, undefined as (object, symbol), common as (object, symbol))"""
    defined, undefined, common = set(), set(), set()
    for line in output("nm", "-A", "-g", archive).splitlines():
        where, rest = line.rsplit(":", 1) if ":" in line else ("", line)
        words = rest.split()
        kind, name = words[-2], words[-1]
        if kind in "Uvw":
            undefined.add((os.path.basename(where.rsplit(":", 1)[-1]), name))
        elif kind == "C":
            common.add((os.path.basename(where.rsplit(":", 1)[-1]), name))
        else:
            defined.add(name)
    return defined, undefined, common


def writable(archive):
    """(object, section) of every writable section that is not empty."""
    found, current = set(), ""
    for line in output("objdump", "-h", archive).splitlines():
        if ":" in line and "file format" in line:
            current = os.path.basename(line.split(":")[0])
        match = SECTION.match(line)
        if match and WRITABLE.match(match[1]) and int(match[2], 16) > 0:
            found.add((current, match[1]))
    return found


def check(archive, patterns, below):
    """@return complaints about one archive."""
    defined, undefined, common = symbols(archive)
    known = set(defined)
    for lower in below:
        known |= symbols(lower)[0]
    allowed = re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
    name = os.path.basename(archive)
    complaints = [
        f"{name}({obj}): calls {symbol}"
        for obj, symbol in sorted(undefined)
        if symbol not in known and not allowed.fullmatch(symbol)
    ]
    complaints += [f"{name}({obj}): a shared variable, {symbol}" for obj, symbol in sorted(common)]
    complaints += [
        f"{name}({obj}): writable memory in {section}" for obj, section in sorted(writable(archive))
    ]
    return complaints


def archives():
    """{name: path} of the archives of this build."""
    found = glob.glob(os.path.join(BUILD, "**", "libbaton-*.a"), recursive=True)
    return {os.path.basename(path): path for path in found}


class Purity(unittest.TestCase):
    def archive_is_pure(self, name):
        there = archives()
        self.assertIn(name, there, f"no such archive in {BUILD}")
        patterns, below = ALLOWED[name]
        sources.none(self, check(there[name], patterns, [there[low] for low in below]))

    def test_the_core_of_the_controller_is_pure(self):
        self.archive_is_pure("libbaton-controller-core.a")

    def test_the_core_of_the_worker_is_pure(self):
        self.archive_is_pure("libbaton-worker-core.a")

    def test_the_base_layer_is_pure(self):
        self.archive_is_pure("libbaton-base.a")

    def test_the_spec_layer_is_pure(self):
        self.archive_is_pure("libbaton-spec.a")

    def test_the_wire_layer_is_pure(self):
        self.archive_is_pure("libbaton-wire.a")

    def complaints_about(self, code):
        with tempfile.TemporaryDirectory() as folder:
            source = os.path.join(folder, "sin.c")
            with open(source, "w", encoding="utf-8") as file:
                file.write(code)
            output("cc", "-O1", "-fPIC", "-c", source, "-o", os.path.join(folder, "sin.o"))
            archive = os.path.join(folder, "libsin.a")
            output("ar", "rcs", archive, os.path.join(folder, "sin.o"))
            return check(archive, MEMORY_AND_TEXT, [])

    def caught(self, code, text):
        complaints = self.complaints_about(code)
        self.assertTrue(any(text in complaint for complaint in complaints), complaints)

    def test_a_static_counter_is_caught(self):
        self.caught("int next(void); int next(void) { static int n; return ++n; }", ".bss")
        self.caught("int next(void); int next(void) { static int n = 7; return ++n; }", ".data")

    def test_a_read_of_the_clock_is_caught(self):
        self.caught("#include <time.h>\nlong now(void); long now(void) { return time(0); }",
                    "calls time")

    def test_a_shared_int_is_caught(self):
        self.caught("int shared;", ".bss")
        self.caught("int shared = 3;", ".data")
        self.caught("int shared __attribute__((common));", "shared variable")

    def test_a_thread_local_is_caught(self):
        self.caught("__thread int mine; int *f(void); int *f(void) { return &mine; }", ".tbss")

    def test_a_writable_pointer_table_is_caught(self):
        self.caught("int puts_(void); int (*table[])(void) = {puts_};\n"
                    "int puts_(void) { return 1; }", ".data")

    def test_input_output_is_caught(self):
        self.caught("#include <stdio.h>\nvoid f(void); void f(void) { puts(\"x\"); }", "calls puts")
        self.caught("#include <stdlib.h>\nchar *f(void); char *f(void) { return getenv(\"x\"); }",
                    "calls getenv")

    def test_constant_tables_and_memory_functions_pass(self):
        self.assertEqual(self.complaints_about(
            "#include <string.h>\n"
            "static const char *const names[] = {\"a\", \"b\"};\n"
            "int f(int i, const char *t); int f(int i, const char *t)"
            " { return strcmp(names[i], t); }"), [])


if __name__ == "__main__":
    tap.main()
