"""`sanctionctl policy show`, `diff` and `publish`: what the public table says is what the engine does, what a
version changes has the paths of its file, and a change of the policy is told to everybody.

SPDX-License-Identifier: Apache-2.0
"""

import collections
import json
import unittest

from programs import ROOT, ProgramTest, run
from records import DAY, START, confirmed, demo, workload

DEFAULT = ROOT / "config" / "policies" / "default.yaml"
ANNOUNCED = START  # 2026-03-02


class PolicyTest(ProgramTest):

    def policy(self, name, *changes):
        """A file of the shipped policy with some of its text changed."""
        text = DEFAULT.read_text(encoding="utf-8")
        for old, new in changes:
            self.assertEqual(text.count(old), 1, old)
            text = text.replace(old, new)
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def second_version(self, name="v2.yaml", *more):
        return self.policy(name, ("version: 1", "version: 2"), ("genesis: true", "genesis: false"),
                           ("announced_at: 2000-01-01", "announced_at: 2026-03-02"),
                           ("effective_at: 2000-01-01", "effective_at: 2026-03-09"), *more)


class Show(PolicyTest):

    def table(self, path=DEFAULT):
        ended = self.good(run("sanctionctl", "policy", "show", "--json", path))
        return {line["category"]: line for line in map(json.loads, ended.out.splitlines())}

    def test_every_category_has_a_row(self):
        schema = json.loads((ROOT / "schemas" / "Report.avsc").read_text(encoding="utf-8"))
        field = next(item for item in schema["fields"] if item["name"] == "category")
        self.assertEqual(list(self.table()), [name for name in field["type"]["symbols"]
                                              if name != "NONE"])

    def test_no_measure_is_taken_that_the_table_does_not_name(self):
        """The demo's whole story, and a thousand reports and verdicts."""
        table = self.table()
        taken = set()
        for number, lines in enumerate((demo(), workload(7, 1000))):
            data = "data-%d" % number
            self.good(self.engine(data, lines))
            for value in self.values(data, "audit", action="DECIDE", op="APPLY"):
                if value["category"] != "NONE":
                    taken.add((value["category"], value["measure"]))
        self.assertGreater(len(taken), 15)
        for category, measure in sorted(taken):
            self.assertIn(measure, table[category]["measures"], category)

    def test_the_table_follows_the_file(self):
        """A category in another lane, a ladder with another measure: another table."""
        before = self.table()
        self.assertEqual(before["GAMBLING_DISTRIBUTION"]["measures"][:2],
                         ["RESTRICT_PERM_ALL", "PROVISIONAL_HOLD"])
        self.assertTrue(before["GAMBLING_DISTRIBUTION"]["person"])
        self.assertEqual(before["DEFAMATION"]["measures"],
                         ["TEMPORARY_MEASURE", "CONTENT_REMOVE", "CONTENT_DEMOTE"])
        text = DEFAULT.read_text(encoding="utf-8")
        start = text.index("  DEFAMATION:")
        row = text[start:text.index("\n  PRIVACY_INVASION:", start)]
        changed = row.replace("CONTENT_FIRST", "LADDER").replace("severity: NONE", "severity: LIGHT")
        self.assertNotEqual(changed, row)
        after = self.table(self.policy("other.yaml", (row, changed)))
        self.assertEqual(after["DEFAMATION"]["lane"], "LADDER")
        self.assertIn("RESTRICT_TEMP", after["DEFAMATION"]["measures"])
        del before["DEFAMATION"], after["DEFAMATION"]
        self.assertEqual(after, before)

    def test_text_shows_ladders_thresholds_clocks_and_the_table(self):
        text = self.good(run("sanctionctl", "policy", "show", DEFAULT)).out
        for line in (r"policy default version 1, genesis, announced 2000-01-01T00:00:00Z",
                     r"    1  RESTRICT_TEMP +1d +SEND POST COMMENT",
                     r"ladder, confirmed without a person: score +950 +900",
                     r"an appeal is possible for +184d",
                     r"SPAM_AD +LADDER +LIGHT +WARNING RESTRICT_TEMP"):
            self.assertRegex(text, line)

    def test_a_bad_file_or_command_line(self):
        for words in ([], [DEFAULT, DEFAULT], [self.folder / "none.yaml"],
                      [self.policy("bad.yaml", ("version: 1", "version: one"))]):
            ended = run("sanctionctl", "policy", "show", *words)
            self.assertEqual((ended.code, ended.out), (2, ""), ended)


class Diff(PolicyTest):
    """What a version changes, by the paths of the file."""

    FIRST = "      - {measure: RESTRICT_TEMP, duration: 1d, scopes: CH2}\n" \
            "      - {measure: RESTRICT_TEMP, duration: 3d, scopes: CH2}\n"

    def diff(self, old, new, *words):
        return run("sanctionctl", "policy", "diff", old, new, *words)

    def hash(self, path):
        return self.good(run("sanctionctl", "policy", "check", path)).out.split()[-1]

    def changed(self):
        return self.second_version(
            "v2.yaml", (self.FIRST, self.FIRST.replace("3d", "7d")),
            ("scopes: CH5, review: LADDER_END}", "scopes: CH5, review: LADDER_END}\n" + " " * 6 +
             "- {measure: RESTRICT_TEMP, duration: 30d, scopes: CH5, review: LADDER_END}"),
            ("CN4: [CN1, POST, LIKE]", "CN4: [CN1, POST, SEND]"),
            ("kr.network.44-2: {not_binding: [TDMC]}", "kr.network.44-3: {not_binding: [TDMC]}"),
            ("counted_window: 60s", "counted_window: 90s"))

    CHANGES = [("version", "1", "2"), ("genesis", "true", "false"),
               ("announced_at", "2000-01-01", "2026-03-02"),
               ("effective_at", "2000-01-01", "2026-03-09"),
               ("scope_sets.CN4[]", "LIKE", None), ("scope_sets.CN4[]", None, "SEND"),
               ("ladders.CHAT.steps[2].duration", "3d", "7d"),
               ("ladders.CHAT.steps[6]", None,
                "{measure: RESTRICT_TEMP, duration: 30d, scopes: CH5, review: LADDER_END}"),
               ("cases.counted_window", "60s", "90s"),
               ("authority_bases.kr.network.44-2", "{not_binding: [TDMC]}", None),
               ("authority_bases.kr.network.44-3", None, "{not_binding: [TDMC]}")]

    def test_changes_have_the_path_of_the_file(self):
        new = self.changed()
        ended = self.diff(DEFAULT, new)
        self.assertEqual((ended.code, ended.err), (1, ""), ended)
        lines = ["hash %s -> %s" % (self.hash(DEFAULT), self.hash(new))]
        for path, old, now in self.CHANGES:
            lines.append("%s: " % path + ("added " + now if old is None else
                                          "removed " + old if now is None else old + " -> " + now))
        self.assertEqual(ended.out.splitlines(), lines)

    def test_as_json_and_the_other_way_round(self):
        new = self.changed()
        ended = self.diff(DEFAULT, new, "--json")
        self.assertEqual(ended.code, 1, ended)
        hashes, *lines = map(json.loads, ended.out.splitlines())
        self.assertEqual(hashes, {"path": "hash", "old": self.hash(DEFAULT), "new": self.hash(new)})
        self.assertEqual([(line["path"], line["old"], line["new"]) for line in lines], self.CHANGES)
        back = [json.loads(line) for line in self.diff(new, DEFAULT, "--json").out.splitlines()][1:]
        self.assertEqual(sorted((line["path"], str(line["new"]), str(line["old"])) for line in back),
                         sorted((path, str(old), str(now)) for path, old, now in self.CHANGES))

    def test_comments_order_of_keys_and_the_unit_of_a_time_are_no_difference(self):
        other = self.policy(
            "other.yaml", (self.FIRST, self.FIRST.replace("duration: 1d, scopes: CH2",
                                                          "scopes: CH2, duration: 1d")),
            ("  burst_window: 24h #", "  burst_window: 1d # other words"),
            ("effective_at: 2000-01-01", "effective_at: 2000-01-01T00:00:00Z"))
        self.assertNotEqual(self.hash(DEFAULT), self.hash(other))
        for new in (DEFAULT, other):
            ended = self.good(self.diff(DEFAULT, new))
            self.assertEqual(ended.out.splitlines(), ["hash %s -> %s" % (
                self.hash(DEFAULT), self.hash(new)), "no difference"])
            self.assertEqual(len(self.good(self.diff(DEFAULT, new, "--json")).out.splitlines()), 1)

    def test_another_order_of_a_list_is_told_as_a_whole(self):
        other = self.policy("other.yaml", ("CN4: [CN1, POST, LIKE]", "CN4: [CN1, LIKE, POST]"))
        ended = self.diff(DEFAULT, other)
        self.assertEqual((ended.code, ended.out.splitlines()[1:]),
                         (1, ["scope_sets.CN4: [CN1, POST, LIKE] -> [CN1, LIKE, POST]"]), ended)

    def test_bad_files_or_command_lines(self):
        bad = self.policy("bad.yaml", ("version: 1", "version: one"))
        for words in ([], [DEFAULT], [DEFAULT] * 3, [DEFAULT, self.folder / "none.yaml"],
                      [self.folder / "none.yaml", DEFAULT], [DEFAULT, bad], [bad, DEFAULT]):
            ended = run("sanctionctl", "policy", "diff", *words)
            self.assertEqual((ended.code, ended.out), (2, ""), ended)
            self.assertTrue(ended.problems(), ended)
        both = self.diff(bad, self.folder / "none.yaml")
        self.assertRegex(both.err, r"bad\.yaml:\d+: ")
        self.assertIn("none.yaml", both.err)


class Publish(PolicyTest):

    def setUp(self):
        super().setUp()
        self.good(self.control("data", "topics", "create"))

    def publish(self, path):
        return self.good(self.control("data", "policy", "publish", path)).out

    def told(self):
        self.good(self.engine("data", [{"advance": ANNOUNCED + DAY}]))
        return self.values("data", "notices", kind="POLICY_CHANGE")

    def test_a_change_is_told_to_everybody_once(self):
        self.publish(DEFAULT)
        path = self.second_version()
        self.assertTrue(self.publish(path).endswith("published\n"))
        self.assertIn("published already", self.publish(path))
        notice, = self.told()
        self.assertEqual((notice["subject_id"], notice["audience"], notice["mandatory"]),
                         ("all", "ALL", True))
        self.assertEqual({item["name"]: item["value"] for item in notice["params"]},
                         {"POLICY_VERSION": "2", "EFFECTIVE_AT": str(ANNOUNCED + 7 * DAY),
                          "ITEM_PAGE": "operation-policy"})
        self.assertIn("IN_APP", notice["channels"])
        # Seven whole days before it takes effect, and its decision is the policy itself.
        self.assertLessEqual(notice["occurred_at"], ANNOUNCED)
        hashes = [line["value"]["policy_hash"] for line in self.records("data", "policies")
                  if line["value"]["version"] == 2]
        self.assertEqual([value[:32] for value in hashes], [notice["decision_id"]])

    def test_the_first_version_and_a_shadow_change_nothing_for_anybody(self):
        self.publish(DEFAULT)
        self.publish(self.second_version("shadow.yaml", ("shadow: false", "shadow: true")))
        self.assertEqual(self.told(), [])

    def test_what_a_shadow_would_decide_stands_in_the_audit_alone(self):
        self.publish(DEFAULT)
        self.publish(self.second_version("shadow.yaml", ("shadow: false", "shadow: true"), LONGER))
        lines = confirmed(START + 10 * DAY, "USER:u1", "m1")
        self.good(self.engine("data", lines))
        self.good(self.engine("plain", lines))
        for topic in ("restrictions", "standings", "notices", "review-requests", "peer-display"):
            self.assertEqual(self.values("data", topic), self.values("plain", topic), topic)
        real, = self.values("data", "restrictions", op="APPLY")
        shadow, = self.values("data", "audit", state="SHADOW", op="APPLY")
        self.assertEqual((shadow["policy_version"], shadow["payload"]["expires_at"]),
                         (2, real["expires_at"] + DAY))
        told = self.good(self.control("data", "explain", shadow["decision_id"])).out
        self.assertIn("shadow run, not enforced", told)
        self.good(self.control("data", "audit", "verify"))

    def test_what_is_announced_late_is_not_published(self):
        path = self.policy("late.yaml", ("version: 1", "version: 2"), ("genesis: true", "genesis: false"),
                           ("announced_at: 2000-01-01", "announced_at: 2026-03-02T00:00:01Z"),
                           ("effective_at: 2000-01-01", "effective_at: 2026-03-09"))
        ended = self.control("data", "policy", "publish", path)
        self.assertEqual(ended.code, 2, ended)
        self.assertIn("seven", ended.err)
        self.assertEqual(self.records("data", "policies"), [])
        self.assertEqual(self.told(), [])


LONGER = ("duration: 1d, scopes: OC1", "duration: 2d, scopes: OC1")


class Backtest(PolicyTest):

    def setUp(self):
        super().setUp()
        self.lines = workload(11, 1000)
        self.input = self.file("history.jsonl", self.lines)

    def backtest(self, *words, data=None):
        words = ["policy", "backtest", *words, "--json"]
        ended = self.control(data, *words) if data else run("sanctionctl", *words)
        self.assertIn(ended.code, (0, 1), ended)
        rows = [json.loads(line) for line in ended.out.splitlines()]
        self.assertEqual(ended.code, 1 if rows[-1]["changed"] else 0)
        return rows

    def decided(self, data):
        """What a run of the engine began, by rule."""
        rules = collections.Counter()
        for value in self.values(data, "audit", action="DECIDE"):
            if value["op"] == "APPLY" or value["measure"] == "WARNING":
                rules[value["rule"]] += 1
        return rules

    def test_a_policy_beside_itself_changes_nobody(self):
        rows = self.backtest(DEFAULT, DEFAULT, "--input", self.input)
        self.assertGreater(rows[-1]["subjects"], 50)
        self.assertEqual(rows[-1]["changed"], 0)
        self.assertFalse([row for row in rows if "subject" in row])

    def test_the_new_one_decides_what_the_engine_decides_by_it(self):
        """A version that takes effect much later judges the whole history, as if it were in force."""
        rows = self.backtest(DEFAULT, self.second_version("v2.yaml", LONGER), "--input", self.input)
        self.good(self.engine("old", self.lines))
        self.good(self.engine("new", self.lines, sets=["policy.files=%s" % self.policy("new.yaml", LONGER)]))
        for side in ("old", "new"):
            told = {row["rule"]: row[side] for row in rows if "rule" in row and side in row and row[side] > 0}
            self.assertEqual(told, self.decided(side), side)
        changes = [row for row in rows if "subject" in row]
        self.assertEqual(rows[-1]["changed"], len({row["subject"] for row in changes}))
        first = [row for row in changes if row["ledger"] == "OPEN_CHAT" and row["stage"] == 1]
        self.assertGreater(len(first), 10)
        for row in first:
            days = (row["expires_at"] - row["decided_at"]) / DAY
            self.assertEqual(days, {"old": 1, "new": 2}[row["policy"]], row)

    def test_the_topics_of_a_deployment_are_a_history_too_and_stay_as_they_are(self):
        self.good(self.engine("data", self.lines))
        before = self.records("data", "reports", "verdicts", "audit", "policies")
        new = self.second_version("v2.yaml", LONGER)
        self.assertEqual(self.backtest(DEFAULT, new, data="data"),
                         self.backtest(DEFAULT, new, "--input", self.input))
        self.assertEqual(self.records("data", "reports", "verdicts", "audit", "policies"), before)

    def test_a_bad_file_or_command_line(self):
        bad = self.policy("bad.yaml", ("version: 1", "version: one"))
        for words in ([], [DEFAULT], [DEFAULT, DEFAULT, DEFAULT], [DEFAULT, DEFAULT, "--input"],
                      [DEFAULT, DEFAULT, "--input", self.folder / "none.jsonl"],
                      [DEFAULT, bad, "--input", self.input], [DEFAULT, DEFAULT, "--input", bad],
                      [self.folder / "none.yaml", DEFAULT, "--input", self.input]):
            ended = run("sanctionctl", "policy", "backtest", *words)
            self.assertEqual((ended.code, ended.out), (2, ""), ended)


if __name__ == "__main__":
    unittest.main()
