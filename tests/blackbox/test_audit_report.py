"""`sanctionctl audit report` and `audit export`: what was late, what each rule did, what leaves the house.

SPDX-License-Identifier: Apache-2.0
"""

import json
import shutil
import tempfile
import unittest

from programs import ProgramTest
from records import DAY, HOUR, START, confirmed, demo, record, report, verdict

OWNER, ADMIN, ROOM = "USER:owner", "USER:admin", "ROOM:room"


def owner_of_the_room(time):
    return record("chat-events", "ChatEvent", time, ROOM, kind="ROOM_CREATED", area="OPEN_CHAT_ROOM",
                  room_id="room", member_id="owner", role="OWNER", count=1)


def advertisement(time):
    """Of an admin, confirmed: the owner is restricted for a day from then on."""
    ad = report(time, ADMIN, category="SPAM_AD", room_id="room", actor_role="ADMIN", score=700)
    return [ad, verdict(time + HOUR, ADMIN, "CONFIRM", [ad["value"]["event_id"]], category="SPAM_AD")]


def harm(subject):
    return record("appeals", "HarmReport", START + 4 * DAY, subject, incident_ref="fire-1",
                  origin="HARM_LIST", window_from=START + DAY, window_to=START + 2 * DAY,
                  notice="INCIDENT", external_case_ref="center365-7")


class MadeOnce(ProgramTest):
    """The directory `data` is made by the first test and copied for the others."""

    made = None

    def setUp(self):
        super().setUp()
        kind = type(self)
        if kind.made is None:
            kind.made = tempfile.mkdtemp(prefix="sanctiond-")
            kind.addClassCleanup(shutil.rmtree, kind.made, ignore_errors=True)
            self.make()
            shutil.copytree(self.place("data"), kind.made, dirs_exist_ok=True)
        else:
            shutil.copytree(kind.made, self.place("data"))


class AuditReport(MadeOnce):

    def make(self):
        """The owner's partition was ahead by three days when the signal came that restricts him: his lift, and
        the word of it, come late. So was that of the notices of the admin, who appeals and is heard."""
        self.good(self.engine("data", [owner_of_the_room(START),
                                       report(START + 3 * DAY, OWNER, "admin")]))
        self.good(self.engine("data", advertisement(START + HOUR)))
        decided = self.values("data", "restrictions", subject_id="admin", op="APPLY")[0]
        self.good(self.engine("data", [
            record("appeals", "Appeal", START + 3 * HOUR, ADMIN, appeal_id="ap-1", kind="APPEAL",
                   target_decision_id=decided["decision_id"], appellant_id="admin",
                   requested_by="SELF", verified_subject=True, external_case_ref="center365-8"),
            record("appeals", "Dispute", START + 5 * HOUR, ADMIN, dispute_id="di-1", state="OPENED",
                   authority="TDMC", external_case_ref="center365-9"),
            verdict(START + 4 * HOUR, ADMIN, "APPEAL_OVERTURN", [], category="SPAM_AD",
                    target_decision_id=decided["decision_id"], reviewer_ref="reviewer-2"),
            harm(OWNER)]))
        partitions = {line["key"]: line["partition"] for topic in ("reports", "chat-events")
                      for line in self.records("data", topic)}
        self.assertNotIn(partitions[OWNER], (partitions[ADMIN], partitions[ROOM]))

    def report(self, *words):
        """What is late, and the sums by what they are of."""
        ended = self.good(self.control("data", "audit", "report", "--json", *words))
        lines = [json.loads(line) for line in ended.out.splitlines()]
        return ([line for line in lines if "effect" in line],
                {line[word]: line for line in lines for word in ("incident", "day", "in")
                 if word in line})

    def test_a_late_lift_and_its_notice_are_listed_with_their_incident(self):
        late, _ = self.report()
        due = START + 2 * HOUR + DAY
        by = START + 3 * DAY - due
        lift = next(item for item in late if item["effect"] == "LIFT")
        self.assertEqual(lift, {"subject": OWNER, "effect": "LIFT", "notice": None,
                                "decision_id": lift["decision_id"], "due_at": due, "late_ms": by,
                                "incidents": ["fire-1"]})
        told = [item for item in late if item["decision_id"] == lift["decision_id"]][1:]
        self.assertEqual(told, [dict(lift, effect="NOTICE", notice="RESTRICTION_LIFTED")])

    def test_late_answers_to_an_appeal_are_told_from_other_notices(self):
        late, _ = self.report()
        answers = {item["notice"]: item for item in late if item["effect"] == "APPEAL_ANSWER"}
        self.assertEqual(sorted(answers), ["APPEAL_RECEIPT", "APPEAL_RESULT", "DISPUTE_STATUS"])
        self.assertEqual(answers["APPEAL_RESULT"]["subject"], ADMIN)
        # When the appeal came the admin's partition was as far as the owner's lift.
        self.assertEqual(answers["APPEAL_RESULT"]["due_at"], START + 26 * HOUR)
        self.assertEqual(answers["APPEAL_RESULT"]["late_ms"], 3 * DAY - 26 * HOUR)

    def test_the_number_of_an_outside_case_stays_on_the_record(self):
        numbers = {line["type"]: line["value"]["external_case_ref"]
                   for line in self.records("data", "appeals")}
        self.assertEqual(numbers, {"HarmReport": "center365-7", "Appeal": "center365-8",
                                   "Dispute": "center365-9"})

    def test_sums_by_incident_and_by_day(self):
        late, sums = self.report()
        self.assertEqual(sums["fire-1"], {"incident": "fire-1", "users": 2, "effects": 8,
                                          "late_ms_max": 2 * DAY - 2 * HOUR})
        days = [line for line in sums.values() if "day" in line]
        self.assertEqual(sum(day["effects"] for day in days), len(late))
        self.assertEqual([day["day"] for day in days][:2], ["2026-03-02", "2026-03-03"])
        self.assertEqual(sums["all"]["effects"], len(late))
        self.assertEqual(sums["all"]["users"], len({item["subject"] for item in late}))

    def test_a_period_and_a_threshold(self):
        whole, _ = self.report()
        self.assertEqual(self.report("--to", "2026-03-03")[0], whole[:1])
        self.assertEqual(self.report("--from", "2026-03-03", "--to", "2026-03-03T02:00:01Z")[0],
                         whole[1:])
        self.assertEqual(self.report("--from", "2026-03-03T02:00:01Z")[0], [])
        late, _ = self.report("--late", "60h")
        self.assertEqual(late, [item for item in whole if item["late_ms"] > 60 * HOUR])
        self.assertTrue(0 < len(late) < len(whole))
        self.assertEqual(self.report("--late", "4d")[0], [])

    def test_text_says_the_same(self):
        text = self.good(self.control("data", "audit", "report")).out
        self.assertRegex(text, r"2026-03-03T02:00:00Z +USER:owner +LIFT +2760 min +[0-9a-f]{32} "
                               r"+incident fire-1\n")
        self.assertIn("incident fire-1: 2 users, 8 late, at most 2760 min\n", text)

    def test_nothing_is_late_where_nothing_was_ahead(self):
        self.good(self.engine("prompt", confirmed(START + DAY, "USER:u1", "m1"),
                              [{"advance": START + 10 * DAY}]))
        ended = self.good(self.control("prompt", "audit", "report"))
        self.assertEqual(ended.out, "in all: 0 users, 0 late, at most 0 min\n")

    def test_weeks_of_each_rule(self):
        ended = self.good(self.control("data", "audit", "report", "--weekly", "--json"))
        lines = {line["category"]: line for line in map(json.loads, ended.out.splitlines())}
        self.assertEqual(lines["SPAM_AD"],
                         {"week": "2026-03-02", "category": "SPAM_AD", "decided": 1, "appealed": 1,
                          "overturned": 1, "appealed_permille": 1000, "overturned_permille": 1000})
        self.assertEqual(lines["ROOM_STAFF_AD"]["decided"], 2)  # the room and its owner
        self.assertEqual(lines["ROOM_STAFF_AD"]["appealed"], 0)
        text = self.good(self.control("data", "audit", "report", "--weekly")).out
        self.assertRegex(text, "2026-03-02 +SPAM_AD +1 decided +1 appealed +1 overturned")
        none = self.good(self.control("data", "audit", "report", "--weekly", "--to", "2026-03-02"))
        self.assertEqual(none.out, "")

    def test_an_appeal_that_nobody_has_decided_overturns_nothing(self):
        self.good(self.engine("open", confirmed(START, "USER:u1", "m1")))
        decided = self.values("open", "restrictions", subject_id="u1", op="APPLY")[0]
        self.good(self.engine("open", [
            record("appeals", "Appeal", START + DAY, "USER:u1", appeal_id="ap-1", kind="APPEAL",
                   target_decision_id=decided["decision_id"], appellant_id="u1",
                   requested_by="SELF", verified_subject=True)]))
        ended = self.good(self.control("open", "audit", "report", "--weekly", "--json"))
        self.assertEqual([(line["decided"], line["appealed"], line["overturned"])
                          for line in map(json.loads, ended.out.splitlines())], [(1, 1, 0)])

    def test_a_bad_command_line(self):
        for words in (["--from"], ["--to", "noon"], ["--late", "long"], ["--since", "2026-03-02"]):
            ended = self.control("data", "audit", "report", *words)
            self.assertEqual(ended.code, 2, ended)


class AuditExport(MadeOnce):

    REFERENCES = {"evidence_refs": [], "reviewer_ref": None, "document_ref": None}

    def make(self):
        self.good(self.engine("data", demo()))

    def export(self, *words):
        ended = self.good(self.control("data", "audit", "export", *words))
        return [json.loads(line) for line in ended.out.splitlines()]

    def test_decisions_leave_without_references_and_else_whole(self):
        whole = self.records("data", "audit")
        self.assertTrue(any(line["value"]["payload"]["reviewer_ref"] for line in whole
                            if isinstance(line["value"]["payload"], dict)))
        for line in whole:
            if isinstance(line["value"]["payload"], dict):
                line["value"]["payload"].update(self.REFERENCES)
        self.assertEqual(self.export(), whole)

    def test_a_period_of_decisions(self):
        whole = self.export()
        day = [line for line in whole if START + DAY <= line["value"]["occurred_at"] < START + 9 * DAY]
        self.assertEqual(self.export("--from", "2026-03-03", "--to", "2026-03-11"), day)
        self.assertTrue(0 < len(day) < len(whole), (len(day), len(whole)))

    def test_notices_of_a_kind_prove_the_disclosure(self):
        found = self.export("--notices", "RESTRICTION_APPLIED")
        self.assertTrue(found)
        for line in found:
            self.assertEqual((line["topic"], line["value"]["kind"]), ("notices", "RESTRICTION_APPLIED"))
            self.assertTrue(line["value"]["disclosure_version"])
        self.assertEqual([line["value"] for line in found],
                         self.values("data", "notices", kind="RESTRICTION_APPLIED"))

    def test_a_bad_command_line(self):
        for words in (["--notices"], ["--notices", "GOSSIP"], ["--from", "then"], ["all"]):
            ended = self.control("data", "audit", "export", *words)
            self.assertEqual((ended.code, ended.out), (2, ""), ended)


if __name__ == "__main__":
    unittest.main()
