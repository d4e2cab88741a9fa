"""The story of the demo is true: what each chapter says is what the engine decides.

SPDX-License-Identifier: Apache-2.0
"""

import json
import subprocess
import sys
import unittest

from programs import ROOT, ProgramTest
from records import DEMO, demo

TELL = ROOT / "tools" / "demo.d" / "tell.py"


class Story(ProgramTest):

    def tell(self, *words):
        return subprocess.run([sys.executable, "-B", str(TELL), *map(str, words)], check=True,
                              capture_output=True, text=True).stdout

    def run_demo(self, data):
        """Both runs of tools/demo; what they put out, and the story."""
        first, second = self.folder / (data + ".1"), self.folder / (data + ".2")
        self.good(self.engine(data, demo(), output=first))
        last = self.tell("resolve", first, sorted(DEMO.glob("*.jsonl"))[-1])
        self.good(self.engine(data, last.splitlines(), output=second))
        both = self.folder / (data + ".both")
        both.write_bytes(first.read_bytes() + second.read_bytes())
        return both, self.tell("story", DEMO / "story.json", both)

    def setUp(self):
        super().setUp()
        path, self.story = self.run_demo("data")
        self.lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        self.bytes = path.read_bytes()

    def history(self, subject):
        """Operations on the restrictions of a subject, in order."""
        return [(value["op"], value["measure"], value["stage"], value["end_reason"])
                for value in self.of("restrictions") if "%(subject_kind)s:%(subject_id)s" % value == subject]

    def of(self, topic, **wanted):
        return [line["value"] for line in self.lines if line["topic"] == topic and line["value"] and
                all(line["value"][name] == value for name, value in wanted.items())]

    def test_every_chapter_is_true(self):
        self.assertEqual(len(demo()), 77)
        for chapter in (self.private_chat, self.ladder, self.one_strike, self.children,
                        self.impersonation, self.spam, self.doubt, self.law, self.room,
                        self.bad_records, self.farewell, self.appeal):
            with self.subTest(chapter.__name__):
                chapter()

    def test_run_again_it_gives_the_same_bytes(self):
        path, story = self.run_demo("again")
        self.assertTrue(path.read_bytes() == self.bytes, "records differ")
        self.assertEqual(story, self.story)

    def test_the_story_names_every_chapter(self):
        for number, chapter in enumerate(json.loads((DEMO / "story.json").read_text()), 1):
            self.assertIn("=== %d. %s ===" % (number, chapter["title"]), self.story)
        self.assertNotIn("not-implemented", self.story)

    # --- what the chapters say ------------------------------------------------------------------

    def private_chat(self):
        self.assertEqual(self.history("USER:u-1001"), [])
        self.assertEqual(len(self.of("notices", subject_id="u-2001", kind="REPORT_INADMISSIBLE")), 1)
        warning, = self.of("audit", measure="WARNING")
        self.assertEqual((warning["stage_to"], warning["ledger"]), (1, "CHAT"))
        self.assertEqual(len(self.of("notices", subject_id="u-1001", kind="EDUCATION_TIP")), 1)

    def ladder(self):
        self.assertEqual(self.history("USER:u-1002"), [
            (op, "RESTRICT_TEMP", stage, reason) for stage in (1, 2, 3)
            for op, reason in (("APPLY", None), ("LIFT", "EXPIRED"))])
        lifted = self.of("notices", subject_id="u-1002", kind="RESTRICTION_LIFTED")
        self.assertEqual([value["channels"] for value in lifted], [["IN_APP"]] * 3)
        self.assertEqual({value["language"] for value in lifted}, {"EN"})
        self.assertEqual(len(self.of("notices", subject_id="u-2003", kind="REPORT_RECEIPT")), 1)

    def one_strike(self):
        self.assertEqual(self.history("USER:u-1003")[:2], [
            ("APPLY", "PROVISIONAL_HOLD", 0, None), ("APPLY", "RESTRICT_PERM_ALL", 0, None)])
        self.assertEqual(self.history("USER:u-1004"), [
            ("APPLY", "PROVISIONAL_HOLD", 0, None),
            ("LIFT", "PROVISIONAL_HOLD", 0, "NOT_ESTABLISHED")])
        self.assertEqual(self.history("USER:u-1005"), [
            ("APPLY", "PROVISIONAL_HOLD", 0, None), ("LIFT", "PROVISIONAL_HOLD", 0, "HOLD_EXPIRED")])
        self.assertEqual(self.of("review-requests", subject_id="u-1005", action="CLOSE"), [])

    def children(self):
        opened, = self.of("review-requests", subject_id="u-1006", action="OPEN")
        self.assertEqual(opened["priority"], 0)
        self.assertEqual(self.history("USER:u-1006"), [("APPLY", "RESTRICT_PERM_ALL", 0, None)])
        told, = self.of("authority-reports", kind="CHILD_SAFETY")
        self.assertEqual(told["authority"], "POLICE")
        self.assertEqual(self.history("USER:u-1007")[0], ("APPLY", "RESTRICT_TEMP", 2, None))

    def impersonation(self):
        self.assertEqual(self.history("USER:u-1008"), [
            ("APPLY", "PROVISIONAL_HOLD", 0, None), ("APPLY", "RESTRICT_PERM_ALL", 0, None)])
        told, = self.of("authority-reports", kind="PHISHING")
        self.assertEqual(told["authority"], "KISA")
        self.assertEqual(self.history("USER:u-1009"), [
            ("APPLY", "PROVISIONAL_HOLD", 0, None), ("LIFT", "PROVISIONAL_HOLD", 0, "PROOF_MISSING")])

    def spam(self):
        self.assertEqual(self.history("USER:u-1010")[0], ("APPLY", "RESTRICT_TEMP", 2, None))
        decided, = [value for value in self.of("audit", action="DECIDE", op="APPLY")
                    if value["payload"]["subject_id"] == "u-1010"]
        self.assertEqual(decided["category"], "SPAM_REPEAT_MULTIROOM")
        self.assertEqual([entry[0] for entry in self.history("USER:u-1013")],
                         ["APPLY", "EXTEND", "SHORTEN", "LIFT"])
        self.assertTrue(all(value["end_disclosed"] is False
                            for value in self.of("restrictions", measure="USER_PROTECTION")))

    def doubt(self):
        for user, kind in (("u-1014", "OTHER_POLICY"), ("u-1015", "UNKNOWN_AREA"),
                           ("u-1016", "HUMAN_ONLY")):
            self.assertEqual([value["kind"] for value in
                              self.of("review-requests", subject_id=user, action="OPEN")], [kind])
            self.assertEqual(self.history("USER:" + user), [])
        self.assertEqual(self.history("USER:u-1017"), [
            ("APPLY", "RESTRICT_TEMP", 0, None), ("LIFT", "RESTRICT_TEMP", 0, "EXPIRED")])

    def law(self):
        self.assertEqual([entry[:2] for entry in self.history("USER:u-1018")][:2], [
            ("APPLY", "TEMPORARY_MEASURE"), ("APPLY", "CONTENT_REMOVE")])
        self.assertEqual(self.history("USER:u-1019"), [
            ("APPLY", "TEMPORARY_MEASURE", 0, None),
            ("LIFT", "TEMPORARY_MEASURE", 0, "CLAIM_WITHDRAWN")])
        self.assertEqual(self.history("USER:u-1020"), [
            ("APPLY", "AUTHORITY_ACTION", 0, None), ("LIFT", "AUTHORITY_ACTION", 0, "EXPIRED")])
        self.assertEqual(len(self.of("notices", subject_id="u-3012", kind="THIRD_PARTY_REFUSED")), 1)

    def room(self):
        self.assertIn(("APPLY", "ROOM_BLOCK", 1, None), self.history("ROOM:r-320"))
        self.assertIn(("APPLY", "OWNER_RESTRICT", 1, None), self.history("USER:u-1021"))
        self.assertIn(("APPLY", "RESTRICT_TEMP", 1, None), self.history("USER:u-1022"))
        self.assertEqual(len(self.of("notices", subject_id="u-1021", kind="OWNER_LIABILITY")), 1)

    def bad_records(self):
        reasons = sorted(value["reason"] for value in self.of("dead-letters"))
        self.assertEqual(reasons, sorted([
            "UNDECODABLE", "UNKNOWN_SCHEMA", "NULL_KEY", "KEY_MISMATCH", "WRONG_PARTITION",
            "BAD_FIELD", "BAD_FIELD", "BAD_FIELD", "NO_REPORT", "TIMESTAMP_OUT_OF_BOUNDS"]))
        self.assertEqual(len(self.of("review-requests", subject_id="u-1030", action="OPEN")), 1)

    def farewell(self):
        self.assertEqual(self.history("USER:u-1003")[-1][3], "ERASED")
        self.assertEqual([entry[:2] for entry in self.history("USER:u-1032")],
                         [("APPLY", "RESTRICT_PERM_ALL")])
        last = [line for line in self.lines if line["topic"] == "standings" and
                line["key"] == "USER:u-1003"][-1]
        self.assertIsNone(last["value"])
        memorial, = [value for value in self.of("standings", subject_id="u-1018")
                     if value["account_state"] == "MEMORIAL"][-1:]
        self.assertEqual(memorial["restrictions"], [])

    def appeal(self):
        self.assertEqual(self.history("USER:u-1022")[-1], ("REVERSE", "RESTRICT_TEMP", 1, "APPEAL"))
        self.assertEqual(self.history("ROOM:r-320")[-1][:2], ("REVERSE", "ROOM_BLOCK"))
        self.assertEqual(self.history("USER:u-1021")[-1][:2], ("REVERSE", "OWNER_RESTRICT"))
        result, = self.of("notices", subject_id="u-1022", kind="APPEAL_RESULT")
        self.assertIn("NO_VIOLATION", [param["value"] for param in result["params"]])


if __name__ == "__main__":
    unittest.main()
