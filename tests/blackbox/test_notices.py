"""Who is told what: one run in which every kind of notice is sent, against the table in notices.txt.

`python3 test_notices.py --write` makes the table anew: read what changed in it before it is committed.

SPDX-License-Identifier: Apache-2.0
"""

import json
import pathlib
import re
import sys
import unittest

import stories
from programs import ROOT, ProgramTest
from records import DAY, HOUR, MINUTE, START, record, report, verdict

TABLE = pathlib.Path(__file__).with_name("notices.txt")
HEAD = """# Kind, template, who is told, the scenario that shows it: names of the parameters in every notice of it (in
# brackets: in some). Made by test_notices.py --write. PEER_DISPLAY is a record of the topic peer-display.
"""
PLACE = re.compile(r"; ([^)]*)(?=\))")
BYSTANDERS = {"reporter", "inquirer", "everybody"}
BYSTANDER = {"CASE", "OUTCOME", "ITEM_PAGE", "APPEAL_DEADLINE", "APPEAL_PAGE", "CS_CATEGORY"}


def more(time):
    """The kinds that the stories of explain do not cause; no id of a decision is needed."""
    def account(at, subject, kind, **value):
        return record("accounts", "AccountChange", at, subject, kind=kind, erase_consent=False,
                      requested_by="SELF", **value)

    def inquiry(at, subject, inquirer, verified):
        return record("appeals", "Inquiry", at, subject, inquirer_id=inquirer,
                      verified_subject=verified, wants_review=False)

    def harm(at, subject, notice):
        return record("appeals", "HarmReport", at, subject, incident_ref="incident-1",
                      origin="USER", window_from=at - DAY, window_to=at, notice=notice)

    def dispute(at, state):
        return record("appeals", "Dispute", at, "USER:s-fraud", dispute_id="dispute-1", state=state,
                      authority="TDMC")

    late = time + 5 * DAY
    warned = [report(time + number * MINUTE, "USER:s-chat", "r%d" % number, message="ch1",
                     area="REGULAR_CHAT", score=960, act_at=time - HOUR) for number in (1, 2, 3)]
    return [
        *warned,
        report(time, "USER:s-friend", "r7", message="fr2", area="REGULAR_CHAT", relation="FRIEND"),
        report(late, "USER:s-bot", "r8", message="bo1", score=100),
        report(late, "USER:s-bot", "r9", message="bo2", score=100, category="DISGUST"),
        stories.proof(late + HOUR, "USER:s-bot", purpose="RELAX_PROTECTION"),
        stories.proof(time, "USER:s-early"),
        stories.proof(time, "USER:s-bare", masking_ok=False),
        stories.order(late, "USER:s-election", ends_at=late + 20 * DAY),
        inquiry(late, "USER:s-fraud", "q1", False),
        inquiry(late + MINUTE, "USER:s-fraud", "s-fraud", True),
        inquiry(late, "USER:s-clean", "s-clean", True),
        harm(time, "USER:s-harmed", "INCIDENT"),
        harm(time, "USER:s-claims", "COMPENSATION"),
        dispute(late + 2 * MINUTE, "OPENED"),
        dispute(late + 3 * MINUTE, "CLOSED_UPHELD"),
        account(time, "USER:s-english", "REGISTERED", language="EN"),
    ]


def role(value):
    subject = value["subject_id"]
    if value["kind"] == "NOTICE_DISCLOSURE":
        return "whoever is told something first"
    if value["audience"] != "PERSON":
        return {"ALL": "everybody", "PUBLIC": "public"}[value["audience"]]
    if subject == "s-victim" or subject in ("s-early", "s-bare"):
        return "who proves"
    if subject == "s-crier" or subject.startswith("r"):
        return "reporter"
    return {"q1": "inquirer", "claimant-1": "claimant", "s-poster": "poster",
            "s-owner": "owner"}.get(subject, "subject")


def shown(kind):
    """The scenarios that expect a notice of the kind."""
    wanted = re.compile(r"notice .*\b%s\b" % kind)
    return [path.stem for path in sorted((ROOT / "tests" / "scenario").glob("*.scenario"))
            if wanted.search(path.read_text(encoding="utf-8"))] or ["none but here"]


def table(notices):
    """The lines of notices.txt."""
    seen = {}
    for value in notices:
        name = value["template"].removesuffix(".short")
        names = {param["name"] for param in value["params"]}
        seen.setdefault((value["kind"], name, role(value)), []).append(names)
    order = json.loads((ROOT / "schemas" / "Notice.avsc").read_text(encoding="utf-8"))
    kinds = next(field["type"]["symbols"] for field in order["fields"] if field["name"] == "kind")
    lines = []
    for (kind, name, who), sets in sorted(seen.items(), key=lambda item: (kinds.index(item[0][0]),
                                                                          item[0])):
        always, ever = set.intersection(*sets), set.union(*sets)
        words = sorted(always) + ["[%s]" % word for word in sorted(ever - always)]
        lines.append("%s %s (%s; %s): %s" % (kind, name, who, shown(kind)[0], " ".join(words) or "-"))
    return lines, set(kinds)


class Notices(ProgramTest):

    def story(self):
        """The notices of everything, in order."""
        lines = stories.first_part() + more(START)
        self.good(self.engine("data", sorted(lines, key=lambda line: line["timestamp"])))
        step, case = self.found("s-ladder"), self.abuse()
        time = START + 6 * DAY
        self.good(self.engine("data", stories.second_part(step, case, time)[:-1] + [
            record("appeals", "Appeal", time, "USER:s-clean", appeal_id="appeal-r",
                   kind="REPORTER_APPEAL", case_id=self.outcome_case("s-clean"),
                   appellant_id="r5", requested_by="SELF", verified_subject=True),
            verdict(time + HOUR, "USER:s-clean", "APPEAL_REJECT", ["cl1"],
                    case_id=self.outcome_case("s-clean"), reviewer_ref="reviewer-2")]))
        self.good(self.engine("data", stories.groundless(time + DAY, "again")))
        again = time + 3 * DAY
        self.good(self.engine("data", [
            verdict(again, "REPORTER:s-crier", "CONFIRM", ["x"], case_id=self.abuse(),
                    category="REPORT_ABUSE", area="ALL"), {"advance": again + 90 * DAY}]))
        self.publish()
        return self.values("data", "notices")

    def found(self, subject):
        return next(value["decision_id"] for value in self.values("data", "restrictions")
                    if value["subject_id"] == subject)

    def abuse(self):
        return [value["case_id"] for value in self.values("data", "review-requests")
                if value["kind"] == "REPORTER_ABUSE" and value["action"] == "OPEN"][-1]

    def outcome_case(self, subject):
        return next(value["case_id"] for value in self.values("data", "review-requests")
                    if value["subject_id"] == subject)

    def publish(self):
        """A further version, announced to everybody."""
        text = (ROOT / "config" / "policies" / "default.yaml").read_text(encoding="utf-8")
        path = self.folder / "next.yaml"
        for old, new in (("\nversion: 1\n", "\nversion: 2\n"), ("\ngenesis: true\n", "\ngenesis: false\n"),
                         ("\nannounced_at: 2000-01-01\n", "\nannounced_at: 2027-01-01\n"),
                         ("\neffective_at: 2000-01-01\n", "\neffective_at: 2027-06-01\n")):
            self.assertIn(old, text)
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
        self.good(self.control("data", "policy", "publish", str(path)))
        self.good(self.engine("data", []))

    def test_every_kind_is_sent_and_says_what_the_table_says(self):
        notices = self.story()
        lines, kinds = table(notices)
        told = TABLE.read_text(encoding="utf-8").removeprefix(HEAD).splitlines()
        self.assertEqual([PLACE.sub("", line) for line in lines],
                         [PLACE.sub("", line) for line in told])
        for line in told:
            self.assertIn(PLACE.search(line)[1], shown(line.split()[0]), line)
        sent = {value["kind"] for value in notices}
        self.assertEqual(kinds - sent, {"PEER_DISPLAY"})
        self.assertTrue(any(value and value["shown"] for value in self.values("data", "peer-display")))
        for line in lines:  # domain.md G2
            who = line[line.index("(") + 1:line.index(";")]
            names = set(line[line.index(": ") + 2:].replace("[", "").replace("]", "").split())
            if who in BYSTANDERS and "POLICY_CHANGE" not in line:
                self.assertLessEqual(names - {"-"}, BYSTANDER, line)

    def test_an_inquiry_about_anybody_gets_the_same_words(self):
        """Restricted, reported, memorial, gone or unknown: every byte but the ids and the time."""
        def inquiry(number, subject):
            return record("appeals", "Inquiry", START + 30 * DAY, "USER:" + subject,
                          inquirer_id="q-%d" % number, verified_subject=False, wants_review=True)

        def account(subject, kind):
            return record("accounts", "AccountChange", START + 20 * DAY, "USER:" + subject, kind=kind,
                          erase_consent=kind == "WITHDRAWN", requested_by="SELF")
        subjects = ["s-fraud", "s-ladder", "s-clean", "s-bot", "nobody", "s-gone", "s-late"]
        self.good(self.engine("data", stories.first_part() + [
            report(START + 9 * DAY, "USER:s-gone", "r1"), account("s-gone", "WITHDRAWN"),
            account("s-late", "MEMORIAL"),
            *(inquiry(number, subject) for number, subject in enumerate(subjects))]))
        said = {}
        for value in self.values("data", "notices"):
            if value["subject_id"].startswith("q-"):
                for name in ("event_id", "decision_id", "subject_id"):
                    del value[name]
                said.setdefault(value["kind"], []).append(json.dumps(value, sort_keys=True))
        self.assertEqual(set(said), {"NOTICE_DISCLOSURE", "THIRD_PARTY_REFUSED"})
        for values in said.values():
            self.assertEqual(len(values), len(subjects))
            self.assertEqual(len(set(values)), 1)


def write():
    class Writer(Notices):
        def runTest(self):
            TABLE.write_text(HEAD + "\n".join(table(self.story())[0]) + "\n", encoding="utf-8")
    return unittest.TextTestRunner().run(Writer()).wasSuccessful()


if __name__ == "__main__":
    if "--write" in sys.argv:
        sys.exit(0 if write() else 1)
    unittest.main()
