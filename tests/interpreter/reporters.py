# SPDX-License-Identifier: Apache-2.0
"""Reporters: class, abuse of reports and its ladder (H18, I.10)."""

DECIDED = ("CONFIRMED", "NO_VIOLATION", "NOT_ESTABLISHED", "GROUNDLESS")


class Reporters:
    def on_outcome(self, subject, origin, values):
        subject.told[values["report"]] = (values["outcome"], self.now)
        self.judge_reporter(subject)

    def abuse(self, subject):
        """Groundless reports and their share of the decided ones, in thousandths."""
        since = self.now - self.policy["reporters"]["window"]
        if subject.abuse_at is not None:
            since = max(since, subject.abuse_at)
        decided = [o for o, at in subject.told.values() if o in DECIDED and at > since]
        groundless = decided.count("GROUNDLESS")
        return groundless, groundless * 1000 // len(decided) if decided else 0

    def is_low(self, subject):
        rule, (count, permille) = self.policy["reporters"], self.abuse(subject)
        return count >= rule["groundless_min"] and permille >= rule["groundless_permille"]

    def klass(self, subject):
        if any(r["measure"] == "REPORTER_INTAKE_SUSPEND" for r in subject.running()):
            return "SUSPENDED"
        return "LOW" if self.is_low(subject) else "NORMAL"

    def judge_reporter(self, subject):
        if self.is_low(subject) and not any(r["open"] and r["kind"] == "REPORTER_ABUSE" for r in subject.reviews):
            case = self.new_case(subject, ("REPORTER", "REPORT_ABUSE", "ABUSE"), "ALL")
            case.update(act_at=self.now, act=("ABUSE", self.now))
            case["review"] = self.ask(subject, "REPORTER_ABUSE", "REPORT_ABUSE", "REPORTER", case,
                                      more=self.abuse(subject))
        subject.klass = self.klass(subject)
        self.show(subject)

    def reporter_timer(self, subject):
        self.judge_reporter(subject)

    def confirm_abuse(self, subject, case, value):
        rule = self.policy["ladders"]["REPORTER"]
        violation = self.decide(subject, case, "CONFIRMED")
        self.count(violation, rule["weight"], rule["window"], self.policy, self.at(self.now)[1],
                   (self.now, None, case["act"], None))
        subject.abuse_at = self.now
        violation["area"] = "ALL"
        subject.klass = self.klass(subject)
        stage, row = self.stage(subject, "REPORTER", self.policy)
        if row["measure"] == "REPORTER_INTAKE_SUSPEND":
            subject.klass = "SUSPENDED"
        self.step(subject, violation, stage, row)
        self.show(subject)

    def dismiss_abuse(self, subject, case):
        subject.abuse_at = self.now
        self.decide(subject, case, "NO_VIOLATION")
        self.judge_reporter(subject)
