"""House style that a program can check: banned calls, sizes, names, first lines of headers."""

import fnmatch
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap
import sources

COLUMNS_MAX = 100
FUNCTION_LINES_MAX = 80
FILE_LINES_MAX = 900
NAMES_BANNED = re.compile(r"(^|[_-])(utils?|misc|helpers?|common_stuff)\.[a-z]+$")
LEFTOVER = re.compile(r"\b(FIXME|TODO|XXX)\b")
HERE = os.path.dirname(os.path.abspath(__file__))


def banned_rules():
    rules = []
    with open(os.path.join(HERE, "banned.txt"), encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                parts = [part.strip() for part in re.split(r"\s\|\s", line.rstrip("\n"))]
                places = parts[2].split() if len(parts) > 2 else []
                rules.append((re.compile(parts[0]), parts[1], places))
    return rules


RULES = banned_rules()


def check_functions(path, code):
    """Our brace style puts a function's braces, and nothing else, alone into the first column."""
    begin = None
    for number, line in enumerate(code.split("\n"), 1):
        if line == "{":
            begin = number
        elif line.startswith("}") and begin is not None:
            lines = number - begin - 1
            if lines > FUNCTION_LINES_MAX:
                yield f"{path}:{begin}: a function of {lines} lines (at most {FUNCTION_LINES_MAX})"
            begin = None


def check_c(path, text):
    code = sources.code_only(text)
    for pattern, instead, places in RULES:
        if any(fnmatch.fnmatch(path, place) for place in places):
            continue
        for match in pattern.finditer(code):
            line = code.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: {match[0].strip()}: instead: {instead}"
    for number, line in enumerate(code.split("\n"), 1):
        if "//" in line:
            yield f"{path}:{number}: a // comment; /* */ is for what stays"
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > COLUMNS_MAX:
            yield f"{path}:{number}: {len(line)} columns (at most {COLUMNS_MAX})"
    lines = text.count("\n")
    if lines > FILE_LINES_MAX:
        yield f"{path}: {lines} lines (at most {FILE_LINES_MAX})"
    yield from check_functions(path, code)
    if path.endswith(".h"):
        yield from check_header(path, text)


def check_header(path, text):
    name = os.path.basename(path)
    if not re.match(rf"/\* {re.escape(name)} - \S", text):
        yield f"{path}:1: a header starts with /* {name} - what it is for. */"
    if not re.search(r"^#ifndef BATON_\w+_H\n#define BATON_\w+_H$", text, re.M):
        yield f"{path}: no include guard BATON_..._H"


def check_text(path, text):
    if NAMES_BANNED.search(os.path.basename(path)):
        yield f"{path}: a name that says nothing"
    if not path.startswith("tests/lint/"):
        for match in LEFTOVER.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: {match[0]}: finish it or file it"
    if "\r" in text:
        yield f"{path}: carriage returns"
    if text and not text.endswith("\n"):
        yield f"{path}: no newline at the end"
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip(" \t") and not path.endswith(".md"):
            yield f"{path}:{number}: blanks at the end of the line"


class Tidy(unittest.TestCase):
    def test_our_c_files_are_tidy(self):
        files = sources.c_files()
        self.assertGreater(len(files), 20)
        sources.none(self, [c for path, text in files.items() for c in check_c(path, text)])

    def test_our_text_files_are_tidy(self):
        files = sources.text_files()
        sources.none(self, [c for path, text in files.items() for c in check_text(path, text)])

    def caught(self, code, text, path="controller/shell/a.c"):
        complaints = list(check_c(path, code))
        self.assertEqual(len(complaints), 1, (code, complaints))
        self.assertIn(text, complaints[0])

    def test_each_banned_call_is_caught(self):
        for call in ["strcpy(a, b)", "sprintf(a, b)", "strtok(a, b)", "atoi(a)", "system(a)",
                     "time(NULL)", "uv_spawn(l, p, o)", "natsConnection_Flush(c)",
                     "natsConnection_FlushTimeout(c, 1)", "natsConnection_RequestMsg(m, c)",
                     "natsSubscription_NextMsg(m, s, 1)", "js_Publish(a, b)", "kvStore_Get(e, k)"]:
            with self.subTest(call):
                self.caught(f"void f(void)\n{{\n    {call};\n}}\n", "instead")

    def test_what_only_looks_like_a_banned_call_passes(self):
        code = ('/* strcpy(a, b) and // here */\nconst char *a = "time(x) // \\"system(1)";\n'
                "int b = runtime(1) + my_atoi(c) + js_value(d);\n")
        self.assertEqual(list(check_c("common/bus/a.c", code)), [])

    def test_a_clock_may_read_the_time_and_the_bus_may_flush_with_a_bound(self):
        self.assertEqual(list(check_c("common/sys/clock.c", "x = time(NULL);\n")), [])
        self.assertEqual(
            list(check_c("common/bus/a.c", "natsConnection_FlushTimeout(c, 100);\n")), [])

    def test_a_double_slash_comment_is_caught(self):
        self.caught("int a; // why\n", "//")

    def test_a_long_line_is_caught(self):
        self.caught("/* " + "x" * 100 + " */\n", "columns")

    def test_a_long_function_is_caught_and_one_at_the_limit_is_not(self):
        self.assertEqual(list(check_c("cli/a.c", "void f(void)\n{\n" + "    a();\n" * 80 + "}\n")),
                         [])
        self.caught("void f(void)\n{\n" + "    a();\n" * 81 + "}\n", "81 lines")

    def test_a_long_file_is_caught(self):
        self.caught("int a;\n" * 901, "901 lines")

    def test_a_header_without_its_sentence_or_guard_is_caught(self):
        self.caught("#ifndef BATON_A_H\n#define BATON_A_H\n#endif\n", "starts with", "cli/a.h")
        self.caught("/* a.h - things. */\nint a;\n", "guard", "cli/a.h")

    def test_leftovers_and_empty_names_are_caught(self):
        for path, text in [("cli/a.c", "/* TODO */\n"), ("cli/a.c", "/* FIXME */\n"),
                           ("cli/util.c", ""), ("cli/job_helpers.h", ""), ("cli/misc.c", ""),
                           ("cli/a.c", "int a; \n"), ("cli/a.c", "int a;"), ("a.md", "a\r\n")]:
            with self.subTest(path=path, text=text):
                self.assertEqual(len(list(check_text(path, text))), 1)


if __name__ == "__main__":
    tap.main()
