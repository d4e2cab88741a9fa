"""`sanctionctl explain`: what a reviewer reads of a decision, in both languages.

SPDX-License-Identifier: Apache-2.0
"""

import json
import re
import unittest

from programs import ProgramTest
from records import demo

HANGUL = re.compile("[가-힣]")
SECTIONS = {
    "en": ["What was decided", "On whom", "Rule", "Facts", "Thresholds compared, in order",
           "Strikes looked at", "Why not a smaller scope", "Legal references", "Who took part",
           "Record that led to it"],
    "ko": ["무엇을 결정했는가", "대상", "적용한 규칙", "사실", "비교한 기준값(순서대로)", "살펴본 위반",
           "더 작은 범위로 하지 않은 이유", "법적 근거", "누가 관여했는가", "계기가 된 기록"],
}


def sections(text):
    """Title -> its lines."""
    found, title = {}, None
    for line in text.splitlines():
        if line.startswith("  "):
            found[title].append(line.strip())
        elif line:
            title = line
            found[title] = []
    return found


class Explain(ProgramTest):

    def setUp(self):
        super().setUp()
        self.good(self.engine("data", demo()))
        self.lines = self.records("data", "audit")
        self.audit = [line["value"] for line in self.lines]

    def explain(self, decision, *words, sets=()):
        return self.control("data", "explain", decision, *words, sets=sets)

    def first(self, **wanted):
        """The first decision whose payload is open and that is as wanted, in either part."""
        for value in self.audit:
            if isinstance(value["payload"], dict):
                both = {**value["payload"], **value}
                if all(both[name] == wish for name, wish in wanted.items()):
                    return value
        self.fail("the demo has no decision with %s" % wanted)

    def test_a_step_of_the_ladder_is_told_whole(self):
        value = self.first(smaller_scope="active-strikes", op="APPLY")
        told = sections(self.good(self.explain(value["decision_id"])).out)
        payload = value["payload"]
        self.assertEqual(list(told)[1:], SECTIONS["en"])
        decided = told["What was decided"]
        self.assertIn("Measure: restriction of use (RESTRICT_TEMP)", decided)
        self.assertIn("Stage: %d -> %d" % (value["stage_from"], value["stage_to"]), decided)
        self.assertTrue(any(line.startswith("Until: 2026-") for line in decided), decided)
        self.assertIn("SEND", "".join(decided))
        self.assertEqual(told["On whom"], ["USER:%s (user)" % payload["subject_id"]])
        self.assertIn("Policy hash (SHA-256): " + value["policy_hash"], told["Rule"])
        self.assertIn("Policy: default version 1", told["Rule"])
        self.assertTrue(told["Rule"][0].startswith("Rule: %s: " % value["rule"]))
        self.assertIn("Reports: " + ", ".join(payload["report_ids"]), told["Facts"])
        self.assertIn("Evidence: " + ", ".join(payload["evidence_refs"]), told["Facts"])
        checks = told["Thresholds compared, in order"]
        self.assertEqual(len(checks), len(payload["checks"]))
        for number, (line, check) in enumerate(zip(checks, payload["checks"]), 1):
            self.assertTrue(line.startswith("%d. %s (" % (number, check["name"])), line)
            self.assertTrue(line.endswith("value %d, limit %d - %s" % (
                check["value"], check["limit"], "met" if check["passed"] else "not met")), line)
        strikes = "\n".join(told["Strikes looked at"])
        for strike in payload["strikes"]:
            self.assertIn(strike["decision_id"], strikes)
        counted = sum(strike["weight"] for strike in payload["strikes"] if strike["counted"])
        self.assertIn("Weight counted: %d" % counted, strikes)
        self.assertIn("(active-strikes)", told["Why not a smaller scope"][0])
        self.assertEqual(told["Legal references"], payload["legal_refs"])
        self.assertIn("topic %(trigger_topic)s, partition %(trigger_partition)d, "
                      "offset %(trigger_offset)d" % payload, told["Record that led to it"][0])

    def test_every_decision_has_its_words_in_both_languages(self):
        for value in self.audit:
            if not isinstance(value["payload"], dict):
                continue
            for language, titles in SECTIONS.items():
                with self.subTest(decision=value["decision_id"], language=language):
                    text = self.good(self.explain(value["decision_id"], "--lang", language)).out
                    told = sections(text)
                    self.assertEqual(list(told)[1:], titles)
                    # A reason without words would stand there bare.
                    reason = told[titles[6]][0]
                    self.assertTrue(reason.endswith("(%s)" % value["payload"]["smaller_scope"]),
                                    reason)
                    for line, check in zip(told[titles[4]], value["payload"]["checks"]):
                        self.assertIn(check["name"] + " (", line)
                    if language == "en":
                        self.assertIsNone(HANGUL.search(text))
                    else:
                        self.assertTrue(all(HANGUL.search(line) for line in told[titles[0]]
                                            if "->" not in line), text)

    def test_an_ended_measure_does_not_read_as_one_in_force(self):
        value = self.first(op="LIFT", measure="RESTRICT_TEMP")
        decided = sections(self.good(self.explain(value["decision_id"])).out)["What was decided"]
        self.assertIn("What happened to it: lifted (LIFT)", decided)
        self.assertTrue(any(line.startswith("Was to end at: ") for line in decided), decided)
        self.assertFalse(any(line.startswith(("Until: ", "Functions taken away: "))
                             for line in decided), decided)

    def test_korean_times_are_korean(self):
        value = self.first(measure="PROVISIONAL_HOLD", op="APPLY")
        utc = self.good(self.explain(value["decision_id"])).out
        kst = self.good(self.explain(value["decision_id"], "--lang", "ko")).out
        self.assertRegex(utc, r"Decided at: [0-9-]+ 02:00:00 UTC")
        self.assertRegex(kst, r"결정 시각: [0-9-]+ 11:00:00 KST")

    def test_json_is_the_line_that_tail_shows(self):
        line = next(line for line in self.lines if isinstance(line["value"]["payload"], dict))
        ended = self.good(self.explain(line["value"]["decision_id"], "--json"))
        self.assertEqual(json.loads(ended.out), line)
        self.assertEqual(ended.out.count("\n"), 1)

    def test_an_erased_decision_shows_its_clear_part_alone(self):
        erased = [value for value in self.audit if value["action"] == "ERASE"]
        self.assertTrue(erased)
        for value in erased:
            self.assertIsInstance(value["payload"], str)  # tail opens it no more either
            for language, says in (("en", "was erased"), ("ko", "삭제되었습니다")):
                ended = self.good(self.explain(value["decision_id"], "--lang", language))
                self.assertIn(says, ended.out)
                self.assertNotIn("u-1003", ended.out)
                self.assertIn(value["policy_hash"], ended.out)
                self.assertNotIn(SECTIONS[language][1] + "\n", ended.out)

    def test_another_key_file_is_not_called_erased(self):
        value = self.first(op="APPLY")
        ended = self.good(self.explain(value["decision_id"], sets=["audit.seed=" + "77" * 32]))
        self.assertIn("locked by another key file", ended.out)
        self.assertNotIn("erased", ended.out)
        self.assertNotIn("u-1", ended.out)

    def test_an_id_in_upper_case_is_found(self):
        value = self.first(op="APPLY")
        self.assertEqual(self.good(self.explain(value["decision_id"].upper())).out,
                         self.good(self.explain(value["decision_id"])).out)

    def test_an_unknown_decision_is_refused_with_a_sentence(self):
        ended = self.explain("0" * 32)
        self.assertEqual((ended.code, ended.out), (1, ""), ended)
        self.assertIn("no decision '%s' in the audit" % ("0" * 32), ended.problems()[-1])

    def test_what_is_no_decision_id_is_a_bad_command_line(self):
        for words in (["abc"], ["g" * 32], ["0" * 31], [], ["0" * 32, "1" * 32],
                      ["0" * 32, "--lang", "fr"], ["0" * 32, "--lang"]):
            with self.subTest(words=words):
                ended = self.control("data", "explain", *words)
                self.assertEqual((ended.code, ended.out), (2, ""), ended)
                self.assertEqual(ended.problems()[-1], "1 problem, nothing done")


if __name__ == "__main__":
    unittest.main()
