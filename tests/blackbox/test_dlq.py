"""`sanctionctl dlq`: what was set aside is shown, and goes back when what was wrong is mended.

SPDX-License-Identifier: Apache-2.0
"""

import json
import unittest

from programs import ProgramTest
from records import MINUTE, START, report

SUBJECT = "USER:u1"
SMALL = "records.bytes_max=1KiB"


class Dlq(ProgramTest):

    def large(self, name):
        """A report that is good, but larger than 1 KiB."""
        line = report(START, SUBJECT, name, message=name)
        line["value"].update({field: name.ljust(64, ".") for field in (
            "event_id", "reporter_id", "evidence_ref", "room_id", "author_id", "sketch_key")})
        line["value"]["sketch"] = "00" * 32
        line["value"]["labels"] = [
            {"category": "ABUSE_SLANDER", "score": 10, "labeller": str(i).rjust(64, ".")} for i in range(8)]
        return line

    def told(self):
        """Reports that were received."""
        return sorted(value["subject_id"].rstrip(".")
                      for value in self.values("data", "notices", kind="REPORT_RECEIPT"))

    def setUp(self):
        super().setUp()
        good = report(START + MINUTE, SUBJECT, "small", message="small")
        raw = {"topic": "reports", "timestamp": START, "key": SUBJECT, "raw": "00ffee"}
        self.good(self.engine("data", [self.large("r1"), raw, self.large("r2"), good], sets=[SMALL]))
        self.letters = [line["key"] for line in self.records("data", "dead-letters")]
        self.assertEqual(len(self.letters), 3)
        self.assertEqual(self.told(), ["small"])

    def test_list_names_each_with_its_reason(self):
        shown = self.good(self.control("data", "dlq", "list")).out.splitlines()
        for letter, reason, line in zip(self.letters, ("TOO_LARGE", "UNKNOWN_SCHEMA", "TOO_LARGE"),
                                        shown):
            self.assertEqual(line.split()[:2], [letter, reason])
        self.assertEqual(shown[3:], ["UNKNOWN_SCHEMA 1", "TOO_LARGE 2", "3 dead letters"])

    def test_list_of_a_reason_and_of_a_name(self):
        ended = self.good(self.control("data", "dlq", "list", "--reason", "TOO_LARGE", "--json"))
        lines = [json.loads(line) for line in ended.out.splitlines()]
        self.assertEqual([line["value"]["reason"] for line in lines], ["TOO_LARGE"] * 2)
        ended = self.good(self.control("data", "dlq", "list", self.letters[1]))
        self.assertEqual(ended.out.splitlines()[-1], "1 dead letters")

    def test_redrive_judges_what_is_good_now_and_once(self):
        ended = self.good(self.control("data", "dlq", "redrive", "--reason", "TOO_LARGE"))
        self.assertEqual(ended.out, "2 put back, 0 no longer in their topics\n")
        self.good(self.engine("data"))
        self.assertEqual(self.told(), ["r1", "r2", "small"])
        # Once more: the same events, so nothing is counted or told again.
        self.good(self.control("data", "dlq", "redrive", self.letters[0]))
        self.good(self.engine("data"))
        self.assertEqual(self.told(), ["r1", "r2", "small"])
        self.assertEqual(len(self.records("data", "dead-letters")), 3)

    def test_redrive_of_what_is_still_wrong_is_a_dead_letter_again(self):
        self.good(self.control("data", "dlq", "redrive", self.letters[1]))
        self.good(self.engine("data"))
        reasons = [line["value"]["reason"] for line in self.records("data", "dead-letters")]
        self.assertEqual(sorted(reasons), ["TOO_LARGE"] * 2 + ["UNKNOWN_SCHEMA"] * 2)

    def test_a_record_on_a_wrong_partition_goes_to_its_own(self):
        own = self.records("data", "reports")[0]["partition"]
        wrong = report(START, SUBJECT, "lost", message="lost")
        wrong["partition"] = (own + 1) % 4
        self.good(self.engine("data", [wrong]))
        self.good(self.control("data", "dlq", "redrive", "--reason", "WRONG_PARTITION"))
        self.good(self.engine("data"))
        self.assertEqual(self.told(), ["lost", "small"])

    def test_wrong_words(self):
        for words, text in [(["redrive"], "needs dead letters"),
                            (["list", "--reason", "BAD"], "--reason needs a reason"),
                            (["list", "nonsense"], "TOPIC:PARTITION:OFFSET"),
                            (["redrive", self.letters[0], "reports:0:999"], "no dead letter 'reports:0:999'")]:
            with self.subTest(words):
                ended = self.control("data", "dlq", *words)
                self.assertEqual(ended.code, 2, ended)
                self.assertIn(text, ended.err)
        self.good(self.engine("data"))
        self.assertEqual(self.told(), ["small"])


if __name__ == "__main__":
    unittest.main()
