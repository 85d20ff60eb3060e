"""A NATS client in a few lines over a plain socket: the program that is not ours.

It speaks the text protocol itself and shares no code with Baton, so what it can submit and read,
any client can. One thread, no callbacks: messages wait in their subscription until asked for.
"""

import base64
import collections
import itertools
import json
import os
import re
import socket
import time
from urllib.parse import urlparse


class NatsError(Exception):
    pass


class NoResponders(NatsError):
    pass


class Message:
    def __init__(self, subject, reply, head, data):
        self.subject, self.reply, self.data = subject, reply, data
        self.status, self.headers = "", {}
        if head:
            lines = head.decode("utf-8", "replace").split("\r\n")
            self.status = lines[0].removeprefix("NATS/1.0").strip()
            for line in lines[1:]:
                name, colon, value = line.partition(":")
                if colon:
                    self.headers.setdefault(name, value.strip())

    def json(self):
        return json.loads(self.data)


class Subscription:
    def __init__(self, client, number):
        self.client, self.number = client, number
        self.waiting = collections.deque()

    def next(self, timeout=5.0):
        """The next message; NatsError when none came in time."""
        deadline = time.monotonic() + timeout
        while not self.waiting:
            self.client.pump(deadline, "a message")
        return self.waiting.popleft()

    def end(self):
        self.client.subscriptions.pop(self.number, None)
        self.client.send(f"UNSUB {self.number}\r\n".encode())


class Client:
    def __init__(self, url):
        where = urlparse(url)
        self.sock = socket.create_connection((where.hostname, where.port), timeout=5)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.left = b""
        self.numbers = itertools.count(1)
        self.subscriptions = {}
        self.pongs = 0
        self.info = None
        deadline = time.monotonic() + 5
        while self.info is None:
            self.pump(deadline, "INFO")
        self.send(b"CONNECT " + json.dumps({
            "verbose": False, "pedantic": False, "headers": True, "no_responders": True,
            "name": "a stranger", "lang": "test", "version": "1", "protocol": 1,
        }).encode() + b"\r\n")
        self.inbox = f"_INBOX.{os.urandom(8).hex()}"
        self.replies = self.subscribe(f"{self.inbox}.*")
        self.flush()

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.sock.settimeout(10)
        self.sock.sendall(data)

    def pump(self, deadline, what):
        """Read once from the socket and sort what came."""
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise NatsError(f"{what} did not come in time")
        self.sock.settimeout(remaining)
        try:
            data = self.sock.recv(1 << 16)
        except TimeoutError:
            raise NatsError(f"{what} did not come in time") from None
        if not data:
            raise NatsError("the server closed the connection")
        self.left += data
        while self.take_one():
            pass

    def take_one(self):
        line, end, rest = self.left.partition(b"\r\n")
        if not end:
            return False
        verb, _, words = line.decode().partition(" ")
        if verb in ("MSG", "HMSG"):
            return self.take_message(verb, words.split(), rest)
        self.left = rest
        if verb == "PING":
            self.send(b"PONG\r\n")
        elif verb == "PONG":
            self.pongs += 1
        elif verb == "INFO":
            self.info = json.loads(words)
        elif verb == "-ERR":
            raise NatsError(words)
        return True

    def take_message(self, verb, words, rest):
        sizes = 2 if verb == "HMSG" else 1
        total = int(words[-1])
        head = int(words[-2]) if verb == "HMSG" else 0
        if len(rest) < total + 2:
            return False
        reply = words[2] if len(words) == 3 + sizes else None
        message = Message(words[0], reply, rest[:head], rest[head:total])
        self.left = rest[total + 2:]
        subscription = self.subscriptions.get(int(words[1]))
        if subscription is not None:
            subscription.waiting.append(message)
        return True

    def subscribe(self, subject, queue=None):
        number = next(self.numbers)
        subscription = self.subscriptions[number] = Subscription(self, number)
        self.send(f"SUB {subject} {queue + ' ' if queue else ''}{number}\r\n".encode())
        return subscription

    def publish(self, subject, data=b"", headers=None, reply=None):
        data = data.encode() if isinstance(data, str) else data
        answer = f" {reply}" if reply else ""
        if headers:
            head = "NATS/1.0\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n"
            head = head.encode()
            line = f"HPUB {subject}{answer} {len(head)} {len(head) + len(data)}\r\n"
            self.send(line.encode() + head + data + b"\r\n")
        else:
            self.send(f"PUB {subject}{answer} {len(data)}\r\n".encode() + data + b"\r\n")

    def flush(self, timeout=5.0):
        """Wait until the server has taken everything sent so far."""
        wanted = self.pongs + 1
        self.send(b"PING\r\n")
        deadline = time.monotonic() + timeout
        while self.pongs < wanted:
            self.pump(deadline, "PONG")

    def request(self, subject, data=b"", headers=None, timeout=5.0):
        reply = f"{self.inbox}.{next(self.numbers)}"
        self.publish(subject, data, headers, reply)
        deadline = time.monotonic() + timeout
        while True:  # answers of earlier requests that came too late are dropped
            message = self.replies.next(deadline - time.monotonic())
            if message.subject == reply:
                if message.status.startswith("503"):
                    raise NoResponders(subject)
                return message

    # --- JetStream: plain requests with JSON -------------------------------------------------

    def js(self, subject, body=None, timeout=5.0):
        data = json.dumps(body).encode() if body is not None else b""
        return self.request(f"$JS.API.{subject}", data, timeout=timeout).json()

    def store(self, subject, data, headers=None, timeout=5.0):
        """Publish into a stream and wait for the server's PubAck."""
        ack = self.request(subject, data, headers, timeout).json()
        if "error" in ack:
            raise NatsError(ack["error"].get("description", ack["error"]))
        return ack

    def last(self, stream, subject):
        """(sequence, data) of the last message on an exact subject, or None."""
        answer = self.js(f"STREAM.MSG.GET.{stream}", {"last_by_subj": subject})
        if "error" in answer:
            if answer["error"].get("code") == 404:
                return None
            raise NatsError(answer["error"])
        message = answer["message"]
        if "KV-Operation" in base64.b64decode(message.get("hdrs", "")).decode():
            return None
        return message["seq"], base64.b64decode(message.get("data", ""))

    def kv_get(self, bucket, key):
        """The JSON value of a key, or None."""
        found = self.last(f"KV_{bucket}", f"$KV.{bucket}.{key}")
        return json.loads(found[1]) if found else None

    def kv_put(self, bucket, key, data):
        return self.store(f"$KV.{bucket}.{key}", data)

    def subjects(self, stream, subject=">"):
        """{subject: number of messages} of a stream."""
        answer = self.js(f"STREAM.INFO.{stream}", {"subjects_filter": subject})
        if "error" in answer:
            raise NatsError(answer["error"])
        return answer["state"].get("subjects") or {}

    def kv_keys(self, bucket):
        prefix = f"$KV.{bucket}."
        return [name.removeprefix(prefix) for name in self.subjects(f"KV_{bucket}", prefix + ">")]


def server_version(text):
    """(2, 9, 10) of "2.9.10"."""
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])
