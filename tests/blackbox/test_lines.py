"""Input lines that no record can be made of: all are listed as FILE:LINE: field: reason, nothing is
appended, exit 2.

SPDX-License-Identifier: Apache-2.0
"""

import copy
import json
import re
import unittest

from programs import OUTPUTS, ProgramTest
from records import START, report


def without(line, name):
    line = copy.deepcopy(line)
    del line["value"][name]
    return line


def changed(**value):
    line = report(START, "USER:u1")
    line["value"].update(value)
    return line


def outer(**fields):
    return {**report(START, "USER:u1"), **fields}


# What is wrong, the line, and the field that the problem names.
BAD = [
    ("no JSON", "{", "line"),
    ("no object", "[1]", "line"),
    ("a name twice", '{"advance": 1800000000000, "advance": 1800000000000}', "line"),
    ("no topic", {"type": "Report", "timestamp": START, "value": {}}, "topic"),
    ("a topic that does not exist", outer(topic="nowhere"), "topic"),
    ("an output topic", outer(topic="restrictions"), "topic"),
    ("an internal topic", outer(topic="audit-keys"), "topic"),
    ("no type", {k: v for k, v in outer().items() if k != "type"}, "type"),
    ("a record that does not exist", outer(type="Rumour"), "type"),
    ("no timestamp", {k: v for k, v in outer().items() if k != "timestamp"}, "timestamp"),
    ("a timestamp that is text", outer(timestamp="now"), "timestamp"),
    ("an unknown field of the line", outer(colour="red"), "colour"),
    ("a key that is a number", outer(key=7), "key"),
    ("a partition that is not there", outer(partition=4), "partition"),
    ("no value", {k: v for k, v in outer().items() if k != "value"}, "value"),
    ("raw beside a value", outer(raw="00", key="USER:u1"), "raw"),
    ("raw without a key", {"topic": "reports", "timestamp": START, "raw": "00"}, "key"),
    ("raw that is no hex", {"topic": "reports", "timestamp": START, "key": "USER:u1", "raw": "0g"},
     "raw"),
    ("an advance that is text", {"advance": "tomorrow"}, "advance"),
    ("an advance with more", {"advance": START, "topic": "reports"}, "topic"),
    ("a policy file that is not there", {"publish_policy": "absent.yaml", "timestamp": START},
     "absent.yaml"),
    ("a needed field left out", without(report(START, "USER:u1"), "source_kind"), "source_kind"),
    ("an unknown field of the value", changed(body="hello"), "body"),
    ("a text where a number belongs", changed(act_at="yesterday"), "act_at"),
    ("a number where a text belongs", changed(reporter_id=7), "reporter_id"),
    ("a number where a flag belongs", changed(good_faith=1), "good_faith"),
    ("a number that is no integer", changed(act_at=1.5), "act_at"),
    ("an unknown symbol", changed(area="MOON"), "area"),
    ("a symbol in lower case", changed(area="open_chat_room"), "area"),
    ("an id with a blank", changed(reporter_id="u 2"), "reporter_id"),
    ("an empty id", changed(reporter_id=""), "reporter_id"),
    ("an id of 65 bytes", changed(reporter_id="x" * 65), "reporter_id"),
    ("a null that is not allowed", changed(subject_id=None), "subject_id"),
    ("a fixed that is too short", changed(sketch="00" * 31), "sketch"),
    ("a fixed that is too long", changed(sketch="00" * 33), "sketch"),
    ("a fixed that is no hex", changed(sketch="zz" * 32), "sketch"),
    ("an array that is too long",
     changed(labels=[{"category": "SPAM_AD", "score": 1, "labeller": "x"}] * 9), "labels"),
    ("a bad field inside an array", changed(labels=[{"category": "SPAM_AD", "labeller": "x"}]),
     "labels"),
    ("an int beyond 32 bits",
     changed(labels=[{"category": "SPAM_AD", "score": 2 ** 31, "labeller": "x"}]), "labels"),
]


class BadLines(ProgramTest):

    def nothing_was_appended(self):
        self.good(self.control("data", "topics", "create"))
        self.assertEqual(self.records("data", "reports", "verdicts", *OUTPUTS), [])

    def test_each_kind_of_bad_line_names_file_line_and_field(self):
        for what, line, field in BAD:
            with self.subTest(what):
                ended = self.engine("data", [report(START, "USER:u1"), line])
                self.assertEqual(ended.code, 2, ended)
                places = [text for text in ended.problems()
                          if re.match(r".*input-data-0\.jsonl:2: \S+: .+|.*absent\.yaml", text)]
                self.assertTrue(places, ended)
                self.assertIn(field, " ".join(places))
                self.assertFalse([text for text in ended.problems() if ".jsonl:1:" in text], ended)
        self.nothing_was_appended()

    def test_all_bad_lines_of_all_files_are_listed_at_once(self):
        lines = [line for _, line, _ in BAD]
        ended = self.engine("data", lines, [report(START, "USER:u1"), *lines])
        self.assertEqual(ended.code, 2, ended)
        for file, first in (("input-data-0", 1), ("input-data-1", 2)):
            for number in range(first, first + len(lines)):
                if "publish_policy" not in lines[number - first]:
                    self.assertIn("%s.jsonl:%d: " % (file, number), ended.err)
        self.nothing_was_appended()

    def test_one_line_may_have_several_problems(self):
        ended = self.engine("data", [changed(area="MOON", act_at="x", body=1)])
        self.assertEqual(len([text for text in ended.problems() if ".jsonl:1: " in text]), 3, ended)

    def test_standard_input_is_named_by_a_dash(self):
        ended = self.engine("data", more=["--input", "-"], stdin=json.dumps(changed(body=1)) + "\n")
        self.assertEqual(ended.code, 2, ended)
        self.assertIn("-:1: ", ended.err)

    def test_send_checks_the_same_way(self):
        self.good(self.control("data", "topics", "create"))
        path = self.file("bad.jsonl", [report(START, "USER:u1"), changed(body=1), changed(area=3)])
        ended = self.control("data", "send", path)
        self.assertEqual(ended.code, 2, ended)
        self.assertIn("bad.jsonl:2: ", ended.err)
        self.assertIn("bad.jsonl:3: ", ended.err)
        self.nothing_was_appended()

    def test_blank_lines_and_a_missing_last_newline_are_no_problem(self):
        path = self.folder / "input.jsonl"
        path.write_text("\n  \n" + json.dumps(report(START, "USER:u1")), encoding="utf-8")
        self.good(self.engine("data", more=["--input", path]))
        self.assertEqual(len(self.records("data", "reports")), 1)

    def test_a_left_out_field_takes_the_default_of_its_schema(self):
        line = report(START, "USER:u1")
        del line["value"]["area"]
        self.good(self.engine("data", [line]))
        value, = self.values("data", "reports")
        self.assertEqual(value["area"], "OTHER_AREA")
        self.assertEqual(value["sketch"], None)
        self.assertEqual(value["reporter_class"], "NORMAL")


if __name__ == "__main__":
    unittest.main()
