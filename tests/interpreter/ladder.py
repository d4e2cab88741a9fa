# SPDX-License-Identifier: Apache-2.0
"""Violations, strikes and steps, and what becomes of them when a fact is removed (E7, F16, I.11)."""

from reports import STRICT

ORDER = ["NONE", "LIGHT", "SEVERE", "CRITICAL"]


class Ladder:
    # What a confirmed case is --------------------------------------------------------------------

    def severity(self, case, value, policy):
        """LIGHT, SEVERE or CRITICAL as the category, the verdict and the raising facts say."""
        traits = self.traits(case["category"])
        own = policy["categories"][case["category"]]["severity"]
        found = value.get("severity", "NONE")
        if "severity_by_verdict" in traits and found != "NONE":
            own = found
        elif ORDER.index(found) > ORDER.index(own):
            own = found
        spam = "spam" in traits
        raised = any(r["minor"] or (spam and r["withdrawn"]) for r in case["reports"]) \
            or (spam and value.get("consent_state") == "WITHDRAWN")
        if not spam and own == "LIGHT" and not raised \
                and any(r["consent_later"] for r in case["reports"]):
            case["doubt"] = "consent-of-a-case-found-not-spam"
        return "SEVERE" if own == "LIGHT" and raised else own

    def acts(self, case):
        """The acts of a case, the earliest first: time, area, act, report."""
        acts = [(r["act_at"], r["area"], r["act"], r) for r in case["reports"]
                if not r["request"]]
        if not acts:  # the verdict is the case
            at = self.now if case.get("act_at") is None else case["act_at"]
            acts = [(at, case["area"], case.get("act", ("VERDICT", at)), None)]
        return sorted(acts, key=lambda act: act[0])

    def confirm(self, subject, case, value, released=False):
        """A violation: a ban, a strike with its step, or nothing but the outcome."""
        if value and not released:
            self.adopt(subject, case, value)
        if case["category"] == "REPORT_ABUSE":
            return self.confirm_abuse(subject, case, value)
        if subject.kind in ("ROOM", "OPEN_PROFILE"):
            return self.confirm_room(subject, case, value, released)
        lane = self.category(case["category"])["lane"]
        first = self.acts(case)[0]
        severity = self.severity(case, value, self.at(first[0])[0])
        if case["category"] != "ACCOUNT_THEFT" and (
                lane in STRICT or (lane == "HUMAN" and severity == "CRITICAL")):
            return self.ban(subject, case, first, released)
        if lane in ("LADDER", "HUMAN") and case["ledger"] != "NONE":
            return self.strike(subject, case, value, released)
        self.decide(subject, case, "CONFIRMED")
        self.end_hold(subject, case)
        return None

    def hold_running(self, subject, case):
        return next((r for r in subject.running() if case and r is case["hold"]), None)

    def end_hold(self, subject, case):
        """What the person found left nothing in the place of the hold."""
        hold = self.hold_running(subject, case)
        if hold:
            self.end(subject, hold, "REVIEWER")

    def adopt(self, subject, case, value):
        """What the reviewer found replaces what the reports said (I.7)."""
        case["category"], case["area"] = value["category"], value["area"]
        case["reviewer"] = value["reviewer_ref"]
        case["ledger"] = self.ledger(subject, value["area"])

    def ban(self, subject, case, act, released):
        clocks = self.policy["clocks"]
        r = {"measure": "RESTRICT_PERM_ALL", "case": case, "reviewer": case["reviewer"],
             "scopes": self.scopes(clocks["ban_scopes"]), "category": case["category"],
             "version": self.at(act[0])[1]}
        if not released and self.breaks(subject, case, r):
            return
        violation = self.decide(subject, case, "CONFIRMED")
        violation.update(lane="ONE_STRIKE", act_at=act[0], severity="CRITICAL")
        if case["reviewer"] is None:
            violation["area"] = act[1]
        r["violation"] = violation
        violation["measure"] = self.apply(subject, r, self.hold_running(subject, case))
        self.tell_authority(subject, case)
        self.staff_ad(subject, case, violation, act[3])

    def strike(self, subject, case, value, released):
        found = self.fresh_act(subject, case, value)
        if found is None:
            self.decide(subject, case, "CONFIRMED")
            self.end_hold(subject, case)
            return None  # without an act of the case nobody's role decides (I.14)
        act, policy, version, severity = found
        rule = policy["severities"][severity]
        stage, row = self.stage(subject, case["ledger"], policy, rule["weight"])
        step = {"measure": row["measure"], "scopes": self.scopes(row.get("scopes", "BAN"))}
        if not released and row["measure"] != "WARNING" and self.breaks(subject, case, step):
            return None
        violation = self.decide(subject, case, "CONFIRMED")
        self.count(violation, rule["weight"], rule["window"], policy, version, act)
        violation["severity"] = severity
        violation["area"] = case["area"] if value else act[1]
        self.step(subject, violation, stage, row)
        self.end_hold(subject, case)
        self.staff_ad(subject, case, violation, act[3])
        return None

    def fresh_act(self, subject, case, value):
        """The act of the case: the earliest that is not stale and was no strike before."""
        struck = [v["struck"] for v in subject.violations
                  if v["ledger"] == case["ledger"] and v["weight"]]
        self.doubt_old_strikes(subject, case)
        for act in self.acts(case):
            policy, version = self.at(act[0])[:2]
            severity = self.severity(case, value, policy)
            window = policy["severities"][severity]["window"]
            if act[0] > self.now - window and act[2] not in struck:
                return act, policy, version, severity
        return None

    def doubt_old_strikes(self, subject, case):
        keeps = self.policy["clocks"]["appeal_window"]
        if any(v["weight"] and v["ledger"] == case["ledger"] and v["struck"] == act[2]
               and self.now >= v["decided_at"] + max(v["window"], keeps)
               for v in subject.violations for act in self.acts(case)):
            self.doubt(subject, "act-of-a-strike-that-ended")

    def count(self, violation, weight, window, policy, version, act):
        violation.update(weight=weight, window=window, policy=policy, version=version,
                         act_at=act[0], struck=act[2])

    def decide(self, subject, case, outcome):
        acts = [act[2] for act in self.acts(case)]
        if case.get("doubt"):
            self.doubt(subject, case["doubt"])
        violation = {
            "acts": acts, "ledger": case["ledger"], "decided_at": self.now, "answered_at": self.now,
            "outcome": outcome, "lane": self.category(case["category"])["lane"], "weight": 0,
            "window": 0, "case": case, "measure": None, "struck": None, "owner": False,
            "category": case["category"], "area": case["area"], "severity": "NONE",
            "reviewer": case["reviewer"], "told": [], "floor": 0, "cause": None, "cap": None,
            "version": self.at(self.acts(case)[0][0])[1], "act_at": self.acts(case)[0][0]}
        subject.violations.append(violation)
        self.close(subject, case, outcome)
        return violation

    # Steps ---------------------------------------------------------------------------------------

    def active(self, subject, ledger):
        return [v for v in subject.violations if v["ledger"] == ledger and v["weight"]
                and v["decided_at"] <= self.now < v["decided_at"] + v["window"]]

    def stage(self, subject, ledger, policy, more=0):
        steps = policy["ladders"][ledger]["steps"]
        weights = more + sum(v["weight"] for v in self.active(subject, ledger))
        stage = min(len(steps), weights)
        return stage, steps[stage - 1]

    def measure(self, subject, violation, row):
        if violation["owner"]:
            return "OWNER_RESTRICT"
        if row["measure"] == "ROOM_BLOCK" and subject.kind == "OPEN_PROFILE":
            return "OPEN_PROFILE_BLOCK"
        return row["measure"]

    def step(self, subject, violation, stage, row):
        """The row of the ladder, unless a person made the ledger's measure permanent (I.15)."""
        ledger = violation["ledger"]
        if any(r.get("permanent") and r["ledger"] == ledger for r in subject.running()):
            if row.get("review"):
                self.doubt(subject, "asked-again-after-set-permanent")
            if row["measure"] != "WARNING":
                violation["unsaid"] = self.step_of(subject, violation, row)
            return
        if row["measure"] == "WARNING":
            warning = {"violation": violation, "appeal": None, "reviewer": violation["reviewer"],
                       "decided_at": self.now, "category": violation["category"],
                       "measure": "WARNING", "state": "WARNED", "case": violation["case"],
                       "ledger": ledger}
            subject.warnings.append(warning)
            violation["warning"] = warning
            if ledger == "REPORTER":
                self.tell(subject, "REPORTER_WARNING")
            else:
                self.tell(subject, "RESTRICTION_APPLIED", "WARNING")
                if ledger not in subject.tipped:
                    self.tell(subject, "EDUCATION_TIP")
                subject.tipped.add(ledger)
        else:
            old = subject.step_running(ledger)
            violation["floor"] = old["expires_at"] if old else 0
            violation["measure"] = self.apply(subject, dict(
                self.step_of(subject, violation, row), stage=stage,
                scopes=self.scopes(row["scopes"]) if "scopes" in row else set(),
                expires_at=max(self.now + row["duration"], violation["floor"])),
                old or self.hold_running(subject, violation["case"]))
        if row.get("review"):
            review = self.ask(subject, row["review"], violation["category"], ledger,
                              first=violation["case"] is not None
                              and self.is_first(violation["case"]))
            if review:
                review["makes"] = {"ledger": ledger, "open": False}

    def step_of(self, subject, violation, row):
        return {"measure": self.measure(subject, violation, row), "ledger": violation["ledger"],
                "area": violation["area"], "step": True, "case": violation["case"],
                "violation": violation, "reviewer": violation["reviewer"],
                "category": violation["category"], "version": violation["version"]}

    # A fact is removed ---------------------------------------------------------------------------

    def remove(self, subject, violation, reason):
        """The strike and all that rests on it; every later step is counted again."""
        r = violation["measure"]
        newest = r is not None and r["state"] == "RUNNING"
        if r is not None:
            self.reverse(subject, r, reason)
        violation.update(outcome="NO_VIOLATION", weight=0, answered_at=self.now)
        self.recount(subject, violation["ledger"], newest)
        if violation["case"]:
            self.outcomes(subject, violation["case"], "NO_VIOLATION")
        for report in subject.reports:
            if report.get("answered") is violation:
                self.outcome(subject, report, "NO_VIOLATION")
        for to, kind in violation["told"]:
            self.send(subject, to, kind + "_REMOVED", cause=violation)

    def reverse(self, subject, r, reason):
        r["state"] = "REVERSED"
        self.publish(subject, "REVERSE", r, reason)
        self.tell_of(subject, r, "RESTRICTION_REVERSED", r["measure"])

    def recount(self, subject, ledger, newest):
        """Stage and end of every step of the ledger from its own decided_at."""
        strikes = [v for v in subject.violations if v["ledger"] == ledger and v["weight"]]
        before = None
        for at, v in enumerate(strikes):
            steps = v["policy"]["ladders"][ledger]["steps"]
            weights = [w["weight"] for w in strikes[:at + 1]
                       if v["decided_at"] < w["decided_at"] + w["window"]]
            stage = min(len(steps), sum(weights))
            row = steps[stage - 1]
            v["stage"], v["row"] = stage, row
            v["end"] = v["decided_at"] + row["duration"] if "duration" in row else None
            if v["end"] and before and before["end"] > v["decided_at"] and before["measure"] \
                    and before["measure"]["state"] == "SUPERSEDED":
                v["end"] = max(v["end"], before["end"])
            if v["end"]:
                before = v
        last = next((v for v in reversed(strikes) if v["measure"]
                     and v["measure"]["state"] == "RUNNING"), None)
        if last:
            self.change(subject, last)
        elif newest and before and before["end"] > self.now:
            old = before["measure"]
            if old and old["state"] == "SUPERSEDED":
                self.bring_back(subject, before, old)
            elif not old and "unsaid" in before:  # made while a person's measure ran
                self.bring_back(subject, before, before["unsaid"])

    def change(self, subject, v):
        r, end = v["measure"], v["end"]
        if r.get("permanent"):
            return
        if end is None or end <= self.now:
            return self.end(subject, r, "RECOMPUTED")
        scopes, stage = self.scopes(v["row"]["scopes"]) if "scopes" in v["row"] else set(), v["stage"]
        if r.get("reduced"):  # a recompute never lengthens or widens it
            end, scopes = min(end, r["expires_at"]), scopes & r["scopes"]
        if (end, stage, scopes) == (r["expires_at"], r["stage"], r["scopes"]):
            return
        shorter, wider = end != r["expires_at"], scopes != r["scopes"]
        r.update(expires_at=end, stage=stage, scopes=scopes)
        self.publish(subject, "SHORTEN" if shorter else "CHANGE", r,
                     "RECOMPUTED" if shorter else None)
        if shorter or wider:
            self.tell_of(subject, r, "RESTRICTION_CHANGED", r["measure"])

    def bring_back(self, subject, v, old):
        v["measure"] = self.apply(subject, dict(
            {k: old[k] for k in ("measure", "ledger", "area", "step", "case", "violation",
                                 "reviewer", "category", "version")},
            stage=v["stage"], expires_at=v["end"],
            scopes=self.scopes(v["row"]["scopes"]) if "scopes" in v["row"] else set()))

    # Ends by time --------------------------------------------------------------------------------

    def expire(self, subject, r):
        case, silent = r["case"], subject.account == "MEMORIAL"
        if subject.kind == "REPORTER":
            r["state"] = "ENDING"
            subject.klass = self.klass(subject)
        if r["measure"] == "TEMPORARY_MEASURE":
            return self.temporary_measure_ends(subject, r)
        if r["measure"] != "PROVISIONAL_HOLD":
            return self.end(subject, r, "EXPIRED", not silent)
        if case and self.category(r["category"])["lane"] == "PROOF":
            self.end(subject, r, "PROOF_MISSING", not silent)
            if not case["open"]:
                return None  # a memorial closed it
            for report in case["reports"]:
                report["proof_missing"] = True  # answered with the case, and stays in it (I.6)
            return self.outcomes(subject, case, "NOT_ESTABLISHED")
        return self.end(subject, r, "HOLD_EXPIRED", not silent)
