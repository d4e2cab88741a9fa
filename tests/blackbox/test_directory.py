"""The embedded directory: durable, owned by one process, left in order when told to stop.

SPDX-License-Identifier: Apache-2.0
"""

import json
import signal
import unittest

from programs import OUTPUTS, ProgramTest, end, essence
from records import DAY, START, confirmed


class Directory(ProgramTest):

    def test_a_drained_run_ends_by_itself(self):
        self.good(self.engine("data", confirmed(START, "USER:u1", "m1")))
        self.assertEqual(len(self.values("data", "restrictions", op="APPLY")), 1)

    def test_an_empty_run_puts_out_nothing(self):
        self.good(self.engine("data"))
        self.assertEqual(self.records("data", *OUTPUTS), [])

    def test_a_directory_in_use_is_refused(self):
        process = self.start("data")
        self.wait_for(process, "task_assigned")
        for ended in (self.engine("data"), self.control("data", "standing", "USER:u1"),
                      self.control("data", "tail", "restrictions", "--from-beginning")):
            self.assertEqual(ended.code, 1, ended)
            last = ended.err.splitlines()[-1]
            self.assertIn(str(self.folder / "data"), last)
        self.assertEqual(end(process), 0)
        self.good(self.engine("data"))

    def test_sigterm_and_sigint_drain_and_exit_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number.name):
                process = self.start("data-" + number.name)
                self.wait_for(process, "task_assigned")
                self.assertEqual(end(process, number, 10), 0)

    def test_what_was_taken_in_before_sigterm_is_decided_after_a_new_start(self):
        path = self.file("input.jsonl", confirmed(START, "USER:u1", "m1"))
        process = self.start("data", "--input", path)
        self.wait_for(process, "task_assigned")
        self.assertEqual(end(process), 0)
        self.good(self.engine("data"))
        self.assertEqual(len(self.values("data", "restrictions", op="APPLY")), 1)

    def test_memory_keeps_nothing(self):
        output = self.folder / "out.jsonl"
        self.good(self.engine(":memory:", confirmed(START, "USER:u1", "m1"), output=output))
        lines = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
        self.assertEqual([line["value"]["op"] for line in lines if line["topic"] == "restrictions"],
                         ["APPLY"])
        self.assertFalse((self.folder / ":memory:").exists())

    def test_output_goes_to_standard_output_with_a_dash(self):
        ended = self.good(self.engine("data", confirmed(START, "USER:u1", "m1"), output="-"))
        topics = {json.loads(line)["topic"] for line in ended.out.splitlines()}
        self.assertIn("restrictions", topics)
        self.assertFalse(topics - set(OUTPUTS), "internal topics need --output-internal")

    def test_internal_topics_are_put_out_on_request(self):
        ended = self.good(self.engine("data", confirmed(START, "USER:u1", "m1"), output="-",
                                      more=["--output-internal"]))
        topics = {json.loads(line)["topic"] for line in ended.out.splitlines()}
        self.assertLessEqual({"receipts", "notice-requests", "audit-keys"}, topics)

    def test_output_holds_what_the_topics_hold(self):
        output = self.folder / "out.jsonl"
        self.good(self.engine("data", confirmed(START, "USER:u1", "m1"), output=output))
        lines = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
        self.same(essence(lines), essence(self.records("data", *OUTPUTS)))

    def test_output_of_a_second_run_holds_only_what_it_adds(self):
        self.good(self.engine("data", confirmed(START, "USER:u1", "m1")))
        ended = self.good(self.engine("data", [{"advance": START + 2 * DAY}], output="-"))
        lines = [json.loads(line)["value"] for line in ended.out.splitlines()]
        self.assertEqual([value["op"] for value in lines if value and "op" in value and
                          "restriction_id" in value], ["LIFT"])

    def test_an_output_that_cannot_be_written_is_refused(self):
        ended = self.engine("data", output=self.folder / "absent" / "out.jsonl")
        self.assertNotIn(ended.code, (0, -6, -11), ended)
        self.assertIn("absent", ended.err)

    def test_topics_keep_their_partitions_when_the_setting_changes(self):
        # The setting is for topics that are created; state that is there is never split.
        first, second = confirmed(START, "USER:u1", "m1")
        self.good(self.engine("data", [first]))
        self.good(self.engine("data", [second], sets=["topics.partitions=3"]))
        self.assertEqual(len(self.values("data", "restrictions", op="APPLY")), 1)
        self.assertEqual(len({line["partition"] for line in self.records("data", "reports")}), 1)


if __name__ == "__main__":
    unittest.main()
