"""The stranger's client itself, against a nats-server without Baton."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap
from cell import Cell
from natsclient import Client, NatsError, NoResponders


class NatsClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cell = Cell(nodes=0, controllers=0, bare=True)
        cls.client = cls.cell.client

    @classmethod
    def tearDownClass(cls):
        assert cls.cell.stop() == []

    def test_a_publish_with_headers_reaches_a_subscriber(self):
        mine = self.client.subscribe("a.*")
        self.client.publish("a.b", "text", {"K": "v", "L": "w"}, reply="r")
        message = mine.next()
        self.assertEqual((message.subject, message.reply, message.data), ("a.b", "r", b"text"))
        self.assertEqual(message.headers, {"K": "v", "L": "w"})

    def test_a_request_nobody_hears_is_refused_at_once(self):
        with self.assertRaises(NoResponders):
            self.client.request("nobody.there")

    def test_a_request_is_answered(self):
        with Client(self.cell.url) as other:
            asked = other.subscribe("ask")
            other.flush()
            self.client.publish("ask", b"\0\xff", reply=f"{self.client.inbox}.x")
            question = asked.next()
            other.publish(question.reply, question.data * 2)
            other.flush()
        self.assertEqual(self.client.replies.next().data, b"\0\xff\0\xff")

    def test_a_message_of_many_packets_comes_whole(self):
        mine = self.client.subscribe("big")
        data = os.urandom(900_000)
        self.client.publish("big", data)
        self.assertEqual(mine.next().data, data)

    def test_silence_is_an_error_after_its_bound(self):
        with self.assertRaises(NatsError):
            self.client.subscribe("silence").next(0.05)

    def test_a_kv_value_is_read_back(self):
        self.client.js("STREAM.CREATE.KV_b", {
            "name": "KV_b", "subjects": ["$KV.b.>"], "max_msgs_per_subject": 1})
        self.assertIsNone(self.client.kv_get("b", "k"))
        self.client.kv_put("b", "k", b'{"a": 1}')
        self.assertEqual(self.client.kv_get("b", "k"), {"a": 1})
        self.assertEqual(self.client.kv_keys("b"), ["k"])


if __name__ == "__main__":
    tap.main()
