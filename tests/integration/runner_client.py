"""Talks to a baton-runner as a worker does: the order on descriptor 3, framed protobuf.

A codec of forty lines keeps the tests independent of generated code, and of our own.
"""

import os
import select
import socket
import struct
import subprocess
import time

BUILD = os.environ.get("BATON_BUILD", "build")
RUNNER = os.path.join(BUILD, "worker", "baton-runner")
WAIT = 30.0


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value) if value else b""
    if isinstance(value, list):
        return b"".join(field(number, item) or varint(number << 3 | 2) + b"\0" for item in value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value if value else b""


def read_varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def decode(data):
    """@return {field number: last value}, varints as int, the rest as bytes."""
    fields, at = {}, 0
    while at < len(data):
        key, at = read_varint(data, at)
        if key & 7 == 0:
            fields[key >> 3], at = read_varint(data, at)
        elif key & 7 == 2:
            length, at = read_varint(data, at)
            fields[key >> 3] = data[at:at + length]
            at += length
        else:
            raise ValueError(f"wire type {key & 7}")
    return fields


STATES = ["unset", "queued", "running", "succeeded", "failed", "timed_out", "cancelled", "lost",
          "unknown", "skipped"]


class Outcome:
    def __init__(self, data):
        fields = decode(data)
        self.state = STATES[fields.get(1, 0)]
        self.code = fields.get(2, b"").decode()
        self.exit_code = fields.get(3, 0) if fields.get(4, 0) else None
        self.signal = fields.get(5, 0)
        self.error = fields.get(6, b"").decode()
        self.duration_ms = fields.get(9, 0)
        self.out, self.out_tail, self.out_total = self.capture(fields.get(10, b""))
        self.err, self.err_tail, self.err_total = self.capture(fields.get(11, b""))
        self.tree_empty = bool(fields.get(13, 0))

    @staticmethod
    def capture(data):
        fields = decode(data)
        return fields.get(1, b""), fields.get(2, b""), fields.get(3, 0)


def order(directory, argv=(), backend="exec", action="run", params="{}", env=None, cwd="",
          stdin=b"", user="", timeout_ms=0, grace_ms=2000,
          idle_timeout_ms=0):
    env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin")} if env is None else env
    return (field(1, directory) + field(2, list(argv)) + field(3, cwd)
            + field(4, [f"{key}={value}" for key, value in env.items()]) + field(5, stdin)
            + field(6, user) + field(7, backend) + field(8, action) + field(9, params)
            + field(10, timeout_ms) + field(11, grace_ms) + field(12, idle_timeout_ms))


class Runner:
    """One running baton-runner."""

    def __init__(self, directory, message):
        self.directory = directory
        self.received = b""
        self.socket, theirs = socket.socketpair()

        def place():
            os.dup2(theirs.fileno(), 3)

        self.process = subprocess.Popen([RUNNER], preexec_fn=place, pass_fds=(3,),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        theirs.close()
        self.send(message)

    def send(self, message):
        self.socket.sendall(struct.pack(">I", len(message)) + message)

    def kill(self, grace_ms=2000):
        self.send(field(1, field(1, "test") + field(2, grace_ms)))

    def outcome(self):
        """Wait for the exit notice. @return (outcome, the pids alive in `watch` at that moment)."""
        until = time.monotonic() + WAIT
        while True:
            while len(self.received) >= 4:
                length = struct.unpack(">I", self.received[:4])[0]
                if len(self.received) < 4 + length:
                    break
                notice = decode(self.received[4:4 + length])
                self.received = self.received[4 + length:]
                if 2 in notice:
                    return Outcome(notice[2])
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                raise TimeoutError("no exit notice")
            data = self.socket.recv(1 << 20)
            if not data:
                raise EOFError("the runner closed its socket without an exit notice")
            self.received += data

    def wait_spool(self, needle):
        """Wait until the spool holds `needle` within one frame."""
        until = time.monotonic() + WAIT
        while needle not in self.spool()[1] + self.spool()[2]:
            if time.monotonic() > until:
                raise TimeoutError(f"{needle!r} was never written")
            select.select([self.socket], [], [], 0.02)

    def spool(self):
        """@return {1: stdout, 2: stderr} as the spool file has them, offsets checked."""
        streams = {1: b"", 2: b""}
        try:
            with open(os.path.join(self.directory, "spool"), "rb") as file:
                data = file.read()
        except FileNotFoundError:
            return streams
        at = 0
        while at + 32 <= len(data):
            magic, kind, length, offset, _ = struct.unpack(">4sB3xI4xQQ", data[at:at + 32])
            if at + 32 + length > len(data):
                break
            assert magic == b"BSP1" and 1 <= length <= 65536, "a damaged frame"
            assert offset == len(streams[kind]), "a gap in the spool"
            streams[kind] += data[at + 32:at + 32 + length]
            at += 32 + length
        return streams

    def finish(self):
        """Wait for the process. @return its exit status."""
        self.socket.close()
        return self.process.wait(WAIT)

    def record(self):
        with open(os.path.join(self.directory, "exit"), "rb") as file:
            return Outcome(file.read())
