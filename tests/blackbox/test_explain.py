"""`sanctionctl explain`: what a reviewer reads of a decision, in both languages.

SPDX-License-Identifier: Apache-2.0
"""

import json
import pathlib
import re
import shutil
import tempfile
import unittest

import stories
from programs import ROOT, ProgramTest
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


class Kinds(ProgramTest):
    """What a reviewer needs to know of each kind of decision stands there, in both languages."""

    shared = None  # one run for all
    audit = []

    def setUp(self):
        super().setUp()
        if Kinds.shared is None:
            Kinds.shared = self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sanctiond-"))
            self.addClassCleanup(shutil.rmtree, Kinds.shared, ignore_errors=True)
            self.good(self.engine("data", stories.first_part()))
            step = next(value["decision_id"] for value in self.values("data", "restrictions")
                        if value["subject_id"] == "s-ladder")
            case = next(value["case_id"] for value in self.values("data", "review-requests")
                        if value["kind"] == "REPORTER_ABUSE")
            self.good(self.engine("data", stories.second_part(step, case)))
            Kinds.audit = self.values("data", "audit")
        self.folder = Kinds.shared

    def decision(self, subject, **wanted):
        found = [value for value in self.audit
                 if value["payload"]["subject_id"] == subject
                 and all(value[name] == wish for name, wish in wanted.items())]
        self.assertTrue(found, (subject, wanted))
        return found[0]

    def told(self, value, language="en"):
        return self.good(self.control("data", "explain", value["decision_id"], "--lang",
                                      language)).out

    def says(self, value, *lines, ko=()):
        """Whole lines."""
        for language, wanted in (("en", lines), ("ko", ko)):
            text = self.told(value, language)
            for line in wanted:
                self.assertIn("  %s\n" % line, text)

    def case_of(self, value):
        return next(one["value"] for one in value["payload"]["facts_params"]
                    if one["name"] == "CASE")

    def test_a_step_of_a_ladder(self):
        first = self.decision("s-ladder", stage_to=1, action="DECIDE")
        value = self.decision("s-ladder", stage_to=2, action="DECIDE")
        self.says(value, "Stage: 1 -> 2", "Message or post: la2", "Case: " + self.case_of(value),
                  "Weight counted: 2", "Basis: rests on what was reported",
                  "1. confirm.score (label score to confirm without a person): "
                  "value 950, limit 900 - met",
                  "2. confirm.reporters (reporters to confirm without a person): "
                  "value 2, limit 2 - met",
                  ko=["단계: 1 -> 2", "메시지·게시물: la2", "유효한 가중치의 합: 2",
                      "근거: 신고된 내용을 근거로 함"])
        self.assertIn(first["decision_id"], self.told(value))

    def test_one_strike_after_a_hold(self):
        hold = self.decision("s-fraud", measure="PROVISIONAL_HOLD")
        value = self.decision("s-fraud", measure="RESTRICT_PERM_ALL")
        self.says(hold, "Case: " + self.case_of(hold), "State: provisional (PROVISIONAL)",
                  "1. hold.score (label score to hold provisionally): value 870, limit 800 - met")
        self.says(value, "Takes the place of restriction: " + hold["decision_id"],
                  "Case: " + self.case_of(hold), "Reviewer: reviewer-1", "none: a person decided",
                  "Until: no end",
                  ko=["대체된 조치: " + hold["decision_id"], "검토자: reviewer-1",
                      "없음(사람이 판단함)", "종료 시각: 기한 없음"])

    def test_an_order_of_an_authority(self):
        value = self.decision("s-election", action="DECIDE")
        self.says(value, "Authority: National Election Commission (NEC)", "Message or post: post-2",
                  "Authority request: request-1", "Authority document: letter-1",
                  "Basis: rests on the document of an authority", "kr.election.82-4",
                  ko=["기관: 중앙선거관리위원회 (NEC)", "기관 요청: request-1", "기관 문서: letter-1",
                      "근거: 기관의 문서를 근거로 함"])
        court = self.decision("s-court", action="DECIDE")
        self.says(court, "kr.court.order", "Functions taken away: sending messages (SEND)",
                  "The functions are those that the authority ordered; the engine did not choose "
                  "them. (ordered)")

    def test_a_ban_that_a_proof_confirms(self):
        value = self.decision("s-phish", measure="RESTRICT_PERM_ALL")
        proof = self.decision("s-victim")["payload"]["proof_id"]
        self.assertIsNotNone(proof)
        self.says(value, "Proof: " + proof, "Basis: rests on the proof of the person concerned",
                  "Automation: partly automatic: a person confirmed it (PARTIAL)",
                  ko=["증빙: " + proof, "근거: 본인의 증빙을 근거로 함"])

    def test_content_first(self):
        value = self.decision("s-poster", measure="TEMPORARY_MEASURE")
        self.says(value, "Claim: claim-1", "Message or post: post-1", "kr.network.44-2",
                  "Basis: rests on a claim that customer service accepted",
                  ko=["권리침해 신고: claim-1", "메시지·게시물: post-1"])
        self.assertNotIn("Authority request", self.told(value))
        self.says(self.decision("s-poster", measure="CONTENT_REMOVE"),
                  "Takes the place of restriction: " + value["decision_id"],
                  "a timer, partition 3, due at 2026-04-01 00:00:00 UTC",
                  ko=["타이머, 파티션 3, 예정 시각 2026-04-01 09:00:00 KST"])

    def test_protection(self):
        value = self.decision("s-bot", action="DECIDE")
        self.says(value, "End told to the person: none (that it lifts by itself)",
                  "Basis: rests on behaviour, not on content",
                  "1. protection.friend-adds (friends added within the window): "
                  "value 100, limit 100 - met",
                  ko=["본인에게 알리는 종료 시각: 없음(저절로 해제된다고만 알림)",
                      "근거: 내용이 아닌 이용 행태를 근거로 함"])

    def test_a_dismissal_by_a_person(self):
        value = self.decision("s-clean")
        self.says(value, "Measure: none", "Reviewer: reviewer-1", "Message or post: cl1",
                  "Outcome: the report was found to be groundless (GROUNDLESS)",
                  "Case: " + self.case_of(value), "none: a person decided",
                  ko=["조치: 없음", "처리 결과: 근거가 없는 것으로 판단하였습니다 (GROUNDLESS)"])
        self.assertNotIn("in force", self.told(value))

    def test_a_case_that_waited_in_vain(self):
        value = self.decision("s-doubt")
        self.says(value, "Rule: e7.wait: the case closes: not enough came together while it waited",
                  "1. ask.score (label score to ask a person): value 200, limit 300 - not met",
                  "2. ask.reporters (reporters to ask a person): value 1, limit 2 - not met",
                  ko=["1. ask.score (사람의 검토를 요청하기 위한 라벨 점수): 값 200, 기준 300 - 미충족"])

    def test_a_reversal_on_appeal_and_what_follows(self):
        step = self.decision("s-ladder", stage_to=1, action="DECIDE")["decision_id"]
        rule = "Rule: appeal.overturn: the appeal is granted: the decision is reversed"
        self.says(self.decision("s-ladder", action="APPEAL", rule="i.16"),
                  "Changes or answers decision: " + step)
        self.says(self.decision("s-ladder", action="APPEAL", rule="appeal.overturn"), rule,
                  "Changes or answers decision: " + step, "Reviewer: reviewer-2",
                  ko=["이전 결정: " + step,
                      "규칙: appeal.overturn: 이의신청을 받아들여 결정을 취소함"])
        self.says(self.decision("s-ladder", action="END", rule="appeal.overturn"), rule,
                  "Restriction: " + step, "Message or post: la1", ko=["조치 번호: " + step])
        lifted = self.decision("s-ladder", rule="recomputed")
        self.says(lifted, "Weight counted: 1", ko=["유효한 가중치의 합: 1"])

    def test_a_warning_to_a_reporter(self):
        value = self.decision("s-crier", measure="WARNING")
        self.says(value, "Stage: 0 -> 1", "Reports: crier-report", "Case: " + self.case_of(value),
                  "1. reporter.groundless (groundless reports): value 10, limit 10 - met",
                  "2. reporter.permille (groundless per thousand decided reports): "
                  "value 1000, limit 500 - met",
                  ko=["1. reporter.groundless (근거 없는 신고의 수): 값 10, 기준 10 - 충족"])

    def test_a_room_and_its_owner(self):
        admin = self.decision("s-admin", action="DECIDE")
        room = self.decision("s-room", action="DECIDE")
        owner = self.decision("s-owner", action="DECIDE")
        basis = ("Basis: follows from a decision on another subject, which has the reports and "
                 "thresholds")
        self.says(room, "Follows from decision: " + admin["decision_id"], basis,
                  ko=["원인이 된 결정: " + admin["decision_id"]])
        self.says(owner, "Follows from decision: " + room["decision_id"], basis)


class Names(unittest.TestCase):
    """What the engine names has words, so that no rule is taken for one of the policy file."""

    # Literals of src/policy/ that name no rule, threshold or reason.
    OTHERS = {"appeal", "report", "restriction", "statement", "rj.", "none", "reports", "timer",
              "chat-events", "verdicts", "authority-requests", "appeals", "accounts", "signals"}

    def test_every_rule_threshold_and_reason_is_told(self):
        named = set()
        for path in sorted((ROOT / "src" / "policy").glob("*.c")):
            text = re.sub(r"^#include.*$", "", path.read_text(encoding="utf-8"), flags=re.M)
            named |= set(re.findall(r'"([a-z0-9]+[a-z0-9.-]*)"', text))
        words = (ROOT / "src" / "sanctionctl" / "explain_names.c").read_text(encoding="utf-8")
        told = set(re.findall(r'\{"([a-z0-9.-]+)"', words))
        self.assertEqual(named - told - self.OTHERS, set())


if __name__ == "__main__":
    unittest.main()
