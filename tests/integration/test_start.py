"""What a controller finds at its start: a server that is not ready for it yet, one that goes away
meanwhile, a stream that is not as it must be."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap
from cell import PATIENCE, Cell, wait_until


class Start(unittest.TestCase):
    def setUp(self):
        self.cell = Cell(bare=True)

    def tearDown(self):
        self.assertEqual(self.cell.stop(), [])

    def explain(self):
        return self.cell.explain()

    def wait_for_line(self, process, text):
        wait_until(f"{process.name} says {text}", lambda: text in process.said(), 20)

    def test_what_the_server_refuses_for_a_while_is_asked_again(self):
        self.cell.client.js("STREAM.CREATE.other", {"name": "other", "subjects": ["baton.log.>"]})
        controller = self.cell.start_controller("ctl-1")
        self.wait_for_line(controller, "cell.not_ready")
        self.cell.client.js("STREAM.DELETE.other")
        self.wait_for_line(controller, "controller.ready")

    def test_a_server_killed_while_many_controllers_start_finds_them_all_again(self):
        controllers = [self.cell.start_controller(f"ctl-{number}") for number in range(1, 7)]
        wait_until("the first stream is asked for",
                   lambda: self.cell.client.js("STREAM.NAMES")["streams"], 20)
        self.cell.processes["nats-server"].kill()
        self.cell.start_server(self.cell.port)
        for controller in controllers:
            self.wait_for_line(controller, "controller.ready")
            self.assertTrue(controller.running())

    def test_a_stream_that_is_not_as_it_must_be_is_named_and_ends_the_controller(self):
        self.cell.client.js("STREAM.CREATE.baton_log",
                            {"name": "baton_log", "subjects": ["baton.log.*"], "max_bytes": 4711})
        controller = self.cell.start_controller("ctl-1")
        self.assertEqual(controller.popen.wait(20 * PATIENCE), 1)
        self.wait_for_line(controller, "baton_log: the server's settings differ: ")
        del self.cell.processes["ctl-1"]
        controller.log.close()


if __name__ == "__main__":
    tap.main()
