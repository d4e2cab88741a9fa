"""`sanctionctl policy shadow`: what a shadow version decided is told from what is in force.

SPDX-License-Identifier: Apache-2.0
"""

import json
import unittest

from programs import run
from records import DAY, HOUR, confirmed, demo, record, verdict
from test_policy import ANNOUNCED, DEFAULT, PolicyTest


class Shadow(PolicyTest):
    """The shadow weighs slander double, confirms illegal goods at a lower score and leaves hate to a person."""

    FROM = ANNOUNCED + 7 * DAY

    def row(self, category, old, new):
        """A change of the only `old` in a category's entry."""
        text = DEFAULT.read_text(encoding="utf-8")
        start = text.index("\n  %s:" % category) + 1
        end = text.index("rule:", start)
        self.assertEqual(text[start:end].count(old), 1)
        return text[start:end], text[start:end].replace(old, new)

    def publish(self):
        self.good(self.control("data", "topics", "create"))
        self.good(self.control("data", "policy", "publish", DEFAULT))
        shadow = self.second_version(
            "shadow.yaml", ("shadow: false", "shadow: true"), ("confirm_score: 900", "confirm_score: 850"),
            self.row("ABUSE_SLANDER", "severity: LIGHT", "severity: SEVERE"),
            self.row("HATE_SPEECH", "lane: LADDER", "lane: HUMAN"))
        self.good(self.control("data", "policy", "publish", shadow))

    def judge(self):
        at = self.FROM + DAY
        lines = (confirmed(ANNOUNCED + 2 * DAY, "USER:before", "m0") +
                 confirmed(at, "USER:slander", "m1") +
                 confirmed(at + HOUR, "USER:same", "m2", category="SEXUAL_DISCOMFORT") +
                 confirmed(at + 2 * HOUR, "USER:hate", "m3", category="HATE_SPEECH") +
                 confirmed(at + DAY, "USER:goods", "m4", category="ILLEGAL_GOODS", score=860))
        # The first ends by a timer, which is no decision of a shadow; nor is what was before it.
        self.good(self.engine("data", lines, [{"advance": at + 10 * DAY}]))

    def shadow(self, *words):
        return self.good(self.control("data", "policy", "shadow", *words)).out

    def lines(self, *words):
        lines = [json.loads(line) for line in self.shadow("--json", *words).splitlines()]
        return ({line["subject"]: line for line in lines if "subject" in line},
                {line["category"]: (line["in_force_count"], line["shadow_count"], line["differ_count"])
                 for line in lines if "category" in line}, lines[-1])

    def test_what_only_one_decided_or_decided_otherwise_is_told(self):
        self.publish()
        self.judge()
        differ, rules, all_of_it = self.lines()
        self.assertEqual(sorted(differ), ["USER:goods", "USER:hate", "USER:slander"])
        slander = differ["USER:slander"]
        self.assertEqual((slander["in_force"]["stage"], slander["in_force"]["duration_ms"],
                          slander["in_force"]["policy_version"]), (1, DAY, 1))
        self.assertEqual((slander["shadow"]["stage"], slander["shadow"]["duration_ms"],
                          slander["shadow"]["policy_version"]), (2, 3 * DAY, 2))
        self.assertEqual(slander["occurred_at"], self.FROM + DAY)
        audits = {line["decision_id"]: line["state"] for line in self.values("data", "audit")}
        self.assertEqual([audits[slander[whose]["decision_id"]] for whose in ("in_force", "shadow")],
                         ["IN_FORCE", "SHADOW"])
        self.assertIsNone(differ["USER:hate"]["shadow"])
        self.assertEqual(differ["USER:hate"]["in_force"]["measure"], "RESTRICT_TEMP")
        self.assertIsNone(differ["USER:goods"]["in_force"])
        self.assertEqual(differ["USER:goods"]["shadow"]["scopes"], ["SEND", "POST", "COMMENT"])
        self.assertEqual(rules, {"SEXUAL_DISCOMFORT": (1, 1, 0), "HATE_SPEECH": (1, 0, 1),
                                 "ABUSE_SLANDER": (1, 1, 1), "ILLEGAL_GOODS": (0, 1, 1)})
        self.assertEqual(all_of_it, {"in": "all", "in_force_count": 3, "shadow_count": 3,
                                     "differ_count": 3, "unreadable_count": 0})
        text = self.shadow()
        self.assertRegex(
            text, r"2026-03-10T00:00:00Z  USER:slander  reports:\d+:\d+\n"
                  r"  in force  version 1 ABUSE_SLANDER k4: RESTRICT_TEMP, stage 1, 1d SEND POST COMMENT  "
                  r"[0-9a-f]{32}\n"
                  r"  shadow    version 2 ABUSE_SLANDER k4: RESTRICT_TEMP, stage 2, 3d SEND POST COMMENT  "
                  r"[0-9a-f]{32}\n")
        self.assertRegex(text, r"\n  shadow    nothing\n")
        self.assertRegex(text, r"\nin all: 3 in force, 3 shadow, 3 differ, 0 not to be read")
        self.assertNotIn("no shadow decision", text)
        # A day of it.
        differ, rules, _ = self.lines("--from", "2026-03-11", "--to", "2026-03-12")
        self.assertEqual((list(differ), list(rules)), (["USER:goods"], ["ILLEGAL_GOODS"]))
        # Whose key is not at hand is counted and not told.
        ended = self.good(run("sanctionctl", "policy", "shadow", "--json", "--embedded",
                              self.place("data"), "--set", "audit.seed=" + "f" * 64))
        last = json.loads(ended.out.splitlines()[-1])
        self.assertEqual((last["shadow_count"], last["unreadable_count"]), (0, 6))

    def publish_the_same(self):
        self.good(self.control("data", "topics", "create"))
        for path in (DEFAULT, self.second_version("shadow.yaml", ("shadow: false", "shadow: true"))):
            self.good(self.control("data", "policy", "publish", path))

    def test_a_shadow_that_changes_nothing_differs_nowhere(self):
        """Also where a ban comes back with its user, which is no decision of a policy."""
        self.publish_the_same()
        self.good(self.engine("data", demo()))
        self.assertTrue(self.values("data", "audit", rule="f3.rejoin"))
        differ, _, all_of_it = self.lines()
        self.assertEqual(differ, {})
        self.assertGreater(all_of_it["shadow_count"], 15)
        self.assertEqual(all_of_it["in_force_count"], all_of_it["shadow_count"])

    def test_a_step_that_comes_back_is_no_difference(self):
        self.publish_the_same()
        at = self.FROM + DAY
        self.good(self.engine("data", confirmed(at, "USER:back", "b1"),
                              confirmed(at + HOUR, "USER:back", "b2")))
        last = self.values("data", "restrictions", op="APPLY")[-1]["decision_id"]
        self.good(self.engine("data", [
            record("appeals", "Appeal", at + 2 * HOUR, "USER:back", appeal_id="ap-b", kind="APPEAL",
                   target_decision_id=last, appellant_id="back", requested_by="SELF",
                   verified_subject=True),
            verdict(at + 3 * HOUR, "USER:back", "APPEAL_OVERTURN", [], target_decision_id=last,
                    reviewer_ref="reviewer-2")]))
        self.assertEqual([line["op"] for line in self.values("data", "restrictions")],
                         ["APPLY", "APPLY", "REVERSE", "APPLY"])
        differ, rules, _ = self.lines()
        self.assertEqual((differ, rules), ({}, {"ABUSE_SLANDER": (2, 2, 0)}))

    def test_where_no_shadow_decided_it_says_so(self):
        self.publish()
        self.good(self.engine("data", confirmed(ANNOUNCED + DAY, "USER:u1", "m1")))
        self.assertEqual(self.shadow().splitlines(), [
            "no shadow decision: the shadow version began no measure in this time",
            "in all: 0 in force, 0 shadow, 0 differ, 0 not to be read (erased, or another key file)"])
        self.good(self.engine("bare", confirmed(ANNOUNCED + DAY, "USER:u1", "m1")))
        self.assertIn("no version of the policy is a shadow\n",
                      self.good(self.control("bare", "policy", "shadow")).out)

    def test_a_bad_command_line_or_place(self):
        for words in (["--from"], ["--to", "noon"], ["shadow.yaml"]):
            ended = self.control("data", "policy", "shadow", *words)
            self.assertEqual((ended.code, ended.out), (2, ""), ended)
        ended = self.control("none", "policy", "shadow")
        self.assertEqual(ended.out, "", ended)
        self.assertNotEqual(ended.code, 0, ended)


if __name__ == "__main__":
    unittest.main()
