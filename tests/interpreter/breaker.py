# SPDX-License-Identifier: Apache-2.0
"""The blast-radius breaker: too many measures of one category in a clock hour (H24, F19, I.25)."""

HOUR = 3_600_000


class Breaker:
    def breaks(self, subject, case, r):
        """Counts a measure; True: it is held for a person, and no fact until he releases it."""
        rule, key = self.policy["breaker"], (case["category"], self.now // HOUR)
        done = self.applied.setdefault(key, [])
        wide = "ALL" in r["scopes"]
        if len(done) < rule["apply_max"] and (not wide or sum(done) < rule["all_max"]):
            done.append(wide)
            return False
        held = {"case": case, "measure": r["measure"], "r": r, "open": True,
                "category": case["category"]}
        subject.held.append(held)
        case["held"] = held
        if r["measure"] != "PROVISIONAL_HOLD":
            self.close_review(subject, case["review"])  # it is answered, the breaker asks anew
        subject.out["held"].append((r["measure"], self.now))
        held["review"] = self.ask(subject, "BREAKER_HELD", case["category"], case["ledger"], held,
                                  self.is_first(case))
        return True

    def verdict_on_held(self, subject, held, value):
        case = held["case"]
        if not held["open"]:
            return self.refuse(subject)
        held["open"], case["held"] = False, None
        self.close_review(subject, held["review"])
        if value["kind"] == "CANCEL_HELD":
            self.decide(subject, case, "NO_VIOLATION")
        elif held["measure"] == "PROVISIONAL_HOLD":
            case["hold"] = self.apply(subject, dict(
                held["r"], expires_at=self.now + self.policy["clocks"]["hold"]))
        else:
            case["reviewer"] = value["reviewer_ref"]
            self.confirm(subject, case, {}, released=True)
        return None
