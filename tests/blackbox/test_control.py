"""sanctionctl on an embedded directory: topics, send, tail, standing.

SPDX-License-Identifier: Apache-2.0
"""

import json
import unittest

from programs import ROOT, ProgramTest
from records import DAY, HOUR, START, confirmed, report


class Control(ProgramTest):

    def test_topics_are_created_once_and_checked(self):
        self.good(self.control("data", "topics", "create"))
        self.good(self.control("data", "topics", "create"))
        self.good(self.control("data", "topics", "check"))

    def test_topics_check_reports_differences_with_exit_1(self):
        self.good(self.control("data", "topics", "create"))
        ended = self.control("data", "topics", "check", sets=["topics.partitions=7"])
        self.assertEqual(ended.code, 1, ended)
        self.assertIn("partitions", ended.out + ended.err)

    def as_json(self, *words, code=0, sets=()):
        ended = self.control("data", *words, "--json", sets=sets)
        self.assertEqual(ended.code, code, ended)
        return [json.loads(line) for line in ended.out.splitlines()]

    def test_all_that_print_can_print_json(self):
        count = self.as_json("topics", "create")[0]["topics"]
        self.assertGreater(count, 20)
        self.assertEqual(self.as_json("topics", "check"), [{"topics": count, "differences": 0}])
        *differences, last = self.as_json("topics", "check", code=1, sets=["topics.partitions=7"])
        self.assertEqual(last["differences"], len(differences))
        self.assertTrue(all("partitions" in row["difference"] for row in differences))
        shown = self.as_json("topology", "show")
        self.assertEqual([row["topology"] for row in shown], ["sanctions", "notices"])
        self.assertIn("reports", shown[0]["sources"])
        self.assertIn("restrictions", shown[0]["sinks"])
        self.assertEqual(shown[0]["changelog"], "sanctions-changelog")
        path = str(ROOT / "topologies" / "notices.yaml")
        self.assertEqual(self.as_json("topology", "check", path), [{"file": path, "topology": "notices"}])
        path = str(ROOT / "config" / "policies" / "default.yaml")
        checked, = self.as_json("policy", "check", path)
        self.assertEqual((checked["file"], checked["policy"], checked["version"]), (path, "default", 1))
        self.assertEqual(self.as_json("policy", "publish", path), [checked, {"published": True}])
        self.assertEqual(self.as_json("policy", "publish", path), [checked, {"published": False}])
        lines = self.file("in.jsonl", confirmed(START, "USER:u1", "m1"))
        self.assertEqual(self.as_json("send", lines), [{"sent": 2}])
        self.assertEqual(self.as_json("dlq", "redrive", "--reason", "NULL_KEY"), [{"put_back": 0, "gone": 0}])

    def test_what_is_sent_is_what_tail_shows(self):
        self.good(self.control("data", "topics", "create"))
        lines = confirmed(START, "USER:u1", "m1")
        self.good(self.control("data", "send", self.file("in.jsonl", lines)))
        shown = self.records("data", "reports")
        self.assertEqual(len(shown), 2)
        for sent, line in zip(lines, shown):
            self.assertEqual(line["topic"], "reports")
            self.assertEqual(line["type"], "Report")
            self.assertEqual(line["timestamp"], sent["timestamp"])
            self.assertEqual(line["key"], "USER:u1")
            for name, value in sent["value"].items():
                self.assertEqual(line["value"][name], value, name)

    def test_tail_output_is_input_again(self):
        self.good(self.engine("one", confirmed(START, "USER:u1", "m1")))
        shown = self.good(self.control("one", "tail", "reports", "--from-beginning")).out
        lines = []
        for text in shown.splitlines():
            line = json.loads(text)
            del line["offset"]
            lines.append(line)
        self.good(self.engine("two", lines))
        for topic in ("restrictions", "audit"):
            self.assertEqual(self.records("one", topic), self.records("two", topic))

    def test_send_reads_standard_input(self):
        self.good(self.control("data", "topics", "create"))
        text = json.dumps(report(START, "USER:u1")) + "\n"
        self.good(self.control("data", "send", stdin=text))
        self.good(self.control("data", "send", "-", stdin=text))
        self.assertEqual(len(self.records("data", "reports")), 2)

    def test_tail_stops_at_max(self):
        self.good(self.engine("data", confirmed(START, "USER:u1", "m1")))
        for count in (0, 1, 2):
            out = self.good(self.control("data", "tail", "notices", "--from-beginning", "--max",
                                         count)).out
            self.assertEqual(len(out.splitlines()), count)

    def test_tail_without_from_beginning_starts_at_the_end(self):
        self.good(self.engine("data", confirmed(START, "USER:u1", "m1")))
        self.assertEqual(self.good(self.control("data", "tail", "restrictions")).out, "")

    def test_tail_of_audit_shows_the_decoded_payload(self):
        self.good(self.engine("data", confirmed(START, "USER:u1", "m1")))
        decided = [value for value in self.values("data", "audit", action="DECIDE")
                   if value["op"] == "APPLY"]
        self.assertEqual(len(decided), 1)
        payload = decided[0]["payload"]
        self.assertEqual(payload["subject_id"], "u1")
        self.assertTrue(all(check["passed"] for check in payload["checks"]), payload["checks"])
        self.assertEqual(len(payload["report_ids"]), 2)

    def test_tail_refuses_a_topic_that_does_not_exist(self):
        ended = self.control("data", "tail", "rumours")
        self.assertEqual(ended.code, 2, ended)
        self.assertIn("rumours", ended.err)

    def test_standing_shows_what_is_in_force_and_what_comes_next(self):
        self.good(self.engine("data", confirmed(START, "USER:u1", "m1")))
        out = self.good(self.control("data", "standing", "USER:u1")).out
        for text in ("RESTRICT_TEMP", "OPEN_CHAT", "ABUSE_SLANDER", "2026-03-03"):
            self.assertIn(text, out)
        shown = json.loads(self.good(self.control("data", "standing", "USER:u1", "--json")).out)
        self.assertIn("RESTRICT_TEMP", json.dumps(shown))

    def test_standing_after_the_end_shows_the_strike_alone(self):
        self.good(self.engine("data", confirmed(START, "USER:u1", "m1") +
                              [{"advance": START + DAY + HOUR}]))
        out = self.good(self.control("data", "standing", "USER:u1")).out
        self.assertNotIn("RESTRICT_TEMP", out)
        self.assertIn("ABUSE_SLANDER", out)

    def test_standing_of_a_stranger_is_empty_and_good(self):
        self.good(self.engine("data", confirmed(START, "USER:u1", "m1")))
        self.good(self.control("data", "standing", "USER:nobody"))

    def test_standing_needs_a_subject(self):
        self.assertEqual(self.control("data", "standing").code, 2)
        self.assertEqual(self.control("data", "standing", "u1").code, 2)


if __name__ == "__main__":
    unittest.main()
