"""The same input gives the same decisions: again, in two halves, over other numbers of partitions.

SPDX-License-Identifier: Apache-2.0
"""

import json
import shutil
import unittest

from programs import OUTPUTS, ProgramTest, essence
from records import DAY, HOUR, START, demo, record, report, workload

INTERNAL = ("signals", "notice-requests", "audit-keys")


def decided(lines):
    """What was decided, without ids that come from partitions and offsets."""
    found = []
    for line in lines:
        value = line.get("value") or {}
        if line["topic"] == "restrictions":
            names = ("op", "state", "end_reason", "measure", "target_kind", "target_id", "area",
                     "ledger", "scopes", "stage", "purpose", "policy_version", "decided_at",
                     "starts_at", "expires_at", "end_disclosed", "occurred_at")
        elif line["topic"] == "review-requests":
            names = ("kind", "action", "priority", "category", "area", "ledger", "report_ids",
                     "best_score", "reporters", "rooms", "institution_reports", "proposed",
                     "proposed_stage", "abuse_count", "abuse_permille")
        elif line["topic"] == "notices":
            names = ("kind", "template", "mandatory", "language", "platform", "channels", "first",
                     "rendered_bytes", "quiet", "deliver_after")
        elif line["topic"] == "peer-display":
            names = ("shown",)
        elif line["topic"] == "authority-reports":
            names = ("kind", "authority", "category", "measure", "executed_at")
        else:
            continue
        found.append(json.dumps([line["topic"], line["key"], {name: value.get(name)
                                                              for name in names}]))
    return sorted(found)


def standings(lines):
    """The last standing of each subject: what is in force."""
    last = {}
    for line in lines:
        if line["topic"] == "standings":
            value = line["value"]
            last[line["key"]] = None if value is None else [
                value["account_state"], value["reporter_class"], sorted(
                    json.dumps({name: item[name] for name in item
                                if name not in ("restriction_id", "decision_id")})
                    for item in value["restrictions"])]
    return last


class Replay(ProgramTest):

    def output(self, data, lines, sets=()):
        path = self.folder / (data + ".out")
        self.good(self.engine(data, lines, sets=sets, output=path))
        return path.read_bytes()

    def test_the_same_input_twice_gives_the_same_bytes(self):
        for name, lines in (("demo", demo()), ("load", workload(1, 1500))):
            with self.subTest(name):
                first = self.output("one-" + name, lines)
                self.assertGreater(len(first), 10000)
                self.assertTrue(first == self.output("two-" + name, lines), "bytes differ")

    def test_memory_and_directory_give_the_same_bytes(self):
        lines = workload(2, 1000)
        first = self.output("one", lines)
        path = self.folder / "memory.out"
        self.good(self.engine(":memory:", lines, output=path))
        self.assertTrue(first == path.read_bytes(), "bytes differ")

    def test_the_cut_of_transactions_changes_no_decision(self):
        lines = workload(3, 1500)
        self.output("one", lines)
        self.output("two", lines, sets=["commit.records_max=7"])
        self.output("three", lines, sets=["commit.records_max=1"])
        whole = essence(self.records("one", *OUTPUTS, *INTERNAL))
        for other in ("two", "three"):
            self.same(essence(self.records(other, *OUTPUTS, *INTERNAL)), whole)

    def test_one_three_and_four_partitions_decide_the_same(self):
        for name, lines in (("demo", [line for line in demo() if "partition" not in line]),
                            ("load", workload(4, 2000))):
            runs = {}
            for count in (1, 3, 4):
                data = "%s-%d" % (name, count)
                self.output(data, lines, sets=["topics.partitions=%d" % count])
                runs[count] = self.records(data, *OUTPUTS)
            with self.subTest(name):
                self.assertGreater(len(decided(runs[1])), 50)
                for count in (3, 4):
                    self.assertEqual(decided(runs[1]), decided(runs[count]), count)
                    self.assertEqual(standings(runs[1]), standings(runs[count]), count)

    def test_two_runs_with_half_of_the_input_each_are_one_run(self):
        for name, lines in (("demo", demo()), ("load", workload(5, 1500))):
            with self.subTest(name):
                self.output("whole-" + name, lines)
                self.output("half-" + name, lines[:len(lines) // 2])
                self.output("half-" + name, lines[len(lines) // 2:])
                self.same(essence(self.records("half-" + name, *OUTPUTS, *INTERNAL)),
                          essence(self.records("whole-" + name, *OUTPUTS, *INTERNAL)))

    def test_an_advance_later_in_the_input_holds_back_no_signal(self):
        # I.2: an advance first drains the signals of everything before it. Its ticks once stood in
        # the topic of signals, before the signals of earlier records, which were read behind them.
        lines = [
            report(START, "USER:p", "r1", area="REGULAR_CHAT", category="IMPERSONATION_PHISHING",
                   impersonated_id="v"),
            record("claims", "IdentityProof", START + 10 * HOUR, "USER:v", proof_id="proof",
                   purpose="IMPERSONATION", requested_by_self=True, masking_ok=True, accepted=True,
                   proof_ref="ref"),
            {"advance": START + 4 * DAY}]
        self.output("steps", lines[:1])
        self.output("steps", lines[1:2])
        self.output("steps", lines[2:])
        self.output("whole", lines)
        history = [value["measure"] for value in self.values("steps", "restrictions")]
        self.assertEqual(history, ["PROVISIONAL_HOLD", "RESTRICT_PERM_ALL"])
        self.assertEqual(decided(self.records("whole", *OUTPUTS)),
                         decided(self.records("steps", *OUTPUTS)))

    def test_files_are_taken_in_the_order_of_the_command_line(self):
        lines = workload(6, 600)
        self.output("one", lines)
        self.good(self.engine("two", lines[:200], lines[200:201], lines[201:]))
        self.same(essence(self.records("one", *OUTPUTS)),
                  essence(self.records("two", *OUTPUTS)))

    def test_without_the_local_state_the_changelog_gives_it_back(self):
        lines = workload(7, 1500)
        self.output("whole", lines)
        self.output("lost", lines[:900])
        shutil.rmtree(self.folder / "lost" / "state")
        self.output("lost", lines[900:])
        self.same(essence(self.records("lost", *OUTPUTS, *INTERNAL)),
                  essence(self.records("whole", *OUTPUTS, *INTERNAL)))


if __name__ == "__main__":
    unittest.main()
