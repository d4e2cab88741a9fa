# SPDX-License-Identifier: Apache-2.0
"""A second, naive reading of domain.md: what should come out for USER subjects.

One dict of facts per subject; every figure is computed again from the whole list of facts when it
is asked for. Nothing here is shared with the engine but the text and the policy file. Covered:
admission, duplicates, decided acts, cases, thresholds with the burst rule, accumulation, ladders,
staleness, supersession, holds, bans, verdicts, appeals, reversal with recount, timers and order.
Not covered: see EXCLUDED in generate.py.
"""

import policy as policy_file

MINORS = ("U14", "A14_18")
STRICT = ("ONE_STRIKE", "PROOF")
TOPICS = ("reports", "verdicts", "appeals")


class Interpreter:
    def __init__(self, policy):
        self.policy = policy
        self.now = 0
        self.subjects = {}

    # Order of records (I.1, I.2) -----------------------------------------------------------------

    def run(self, lines):
        """Reads a whole input; returns {subject: {what: [entry, ...]}}."""
        at = 0
        while at < len(lines):
            stop = at
            while stop < len(lines) and "advance" not in lines[stop]:
                stop += 1
            self.merge(lines[at:stop])
            if stop < len(lines):
                self.advance(lines[stop]["advance"])
            at = stop + 1
        self.doubts = {name: subject["doubts"] for name, subject in self.subjects.items()}
        return {name: subject["out"] for name, subject in self.subjects.items()}

    def merge(self, lines):
        """Causal order: the topic whose next unread record is the oldest goes on."""
        queues = [[line for line in lines if line["topic"] == topic] for topic in TOPICS]
        while any(queues):
            queue = min((q for q in queues if q), key=lambda q: q[0]["timestamp"])
            self.record(queue.pop(0))

    def advance(self, to):
        if to > self.now:
            self.fire(to)
            self.now = to

    def record(self, line):
        self.advance(line["timestamp"])
        value = line["value"]
        name = value["subject_kind"] + ":" + value["subject_id"]
        subject = self.subject(name)
        seen = (line["topic"], value["event_id"])
        horizon = self.policy["cases"]["duplicate_horizon"]
        if any(e == seen and t > self.now - horizon for e, t in subject["events"]):
            return
        subject["events"].append((seen, self.now))
        if line["topic"] == "reports":
            self.report(subject, value, line["timestamp"])
        elif line["topic"] == "appeals":
            self.appeal(subject, value)
        elif value["kind"] in ("LIFT", "APPEAL_REJECT", "APPEAL_OVERTURN"):
            self.verdict_on_decision(subject, value)
        else:
            self.verdict(subject, value)

    def subject(self, name):
        return self.subjects.setdefault(name, {
            "name": name, "events": [], "reports": [], "cases": [], "violations": [],
            "restrictions": [], "doubts": set(),
            "ladder_reviews": [], "shown": False, "standing": None,
            "out": {"restrictions": [], "reviews": [], "outcomes": [], "peers": [], "standings": [],
                    "notices": [], "reporter_notices": [], "dead": []}})

    def doubt(self, subject, what):
        """Remembers that the subject met a rule on which the engine is known to differ."""
        subject["doubts"].add(what)

    # Timers (I.1, I.3) ---------------------------------------------------------------------------

    def fire(self, to):
        """Every timer due at or before `to`, by due time; each acts as if it were then."""
        while True:
            due = [(when, rank, name) for name, subject in self.subjects.items()
                   for when, rank in self.timers(subject) if when <= to]
            if not due:
                return
            when, _, name = min(due)
            self.now, clock = when, self.now
            self.timer(self.subjects[name])
            self.now = max(clock, when)

    def timers(self, subject):
        for r in self.running(subject):
            if r["expires_at"] is not None:
                yield r["expires_at"], 0
        for case in subject["cases"]:
            if case["open"] and not case["review"]:
                yield case["opened_at"] + self.policy["cases"]["wait"], 1
        for report in subject["reports"]:
            if report["fate"] == "WAITING":
                yield report["at"] + self.policy["clocks"]["proof_wait"], 2

    def timer(self, subject):
        for r in self.running(subject):
            if r["expires_at"] == self.now:
                return self.expire(subject, r)
        for case in subject["cases"]:
            if case["open"] and not case["review"] and \
                    case["opened_at"] + self.policy["cases"]["wait"] == self.now:
                return self.close(subject, case, "NOT_ESTABLISHED")
        for report in subject["reports"]:
            if report["fate"] == "WAITING" and \
                    report["at"] + self.policy["clocks"]["proof_wait"] == self.now:
                report["fate"] = "WAITED"
                return self.tell(subject, report, "NOT_ESTABLISHED")
        raise AssertionError("timer without effect")

    def expire(self, subject, r):
        case = r["case"]
        if r["measure"] != "PROVISIONAL_HOLD":
            return self.lift(subject, r, "EXPIRED")
        if self.category(case["category"])["lane"] == "PROOF":
            self.lift(subject, r, "PROOF_MISSING")
            self.outcomes(subject, case, "NOT_ESTABLISHED")
        else:
            self.lift(subject, r, "HOLD_EXPIRED")

    # Reports (I.4, I.5, I.6, F9, F17) ------------------------------------------------------------

    def category(self, name):
        return self.policy["categories"][name]

    def traits(self, name):
        return self.category(name).get("traits", [])

    def choose(self, value):
        """The category of a report and the score of its best label."""
        area_class = self.policy["areas"][value["area"]]["class"]
        spam = value.get("illegal_purpose") == "YES"

        def renamed(category):
            if spam and "spam" in self.traits(category):
                return "SPAM_ILLEGAL_PURPOSE"
            return category

        claimed, labels = renamed(value["category"]), value.get("labels", [])
        if value["source_kind"] == "BLOCK_REPORT":
            labels = []
        best = max((label["score"] for label in labels), default=0)
        if area_class == "NONE" or best < self.policy["evidence"][area_class]["ask_score"]:
            return claimed, best
        first = next(label for label in labels if label["score"] == best)
        return renamed(first["category"]), best

    def report(self, subject, value, timestamp):
        source = value["source_kind"]
        if value["act_at"] > timestamp or (value.get("reporter_id") is None
                                           and source != "INSTITUTION_REPORT"):
            subject["out"]["dead"].append("BAD_FIELD")
            return
        category, score = self.choose(value)
        area = self.policy["areas"][value["area"]]
        child = "child" in self.traits(category)
        private = area["class"] == "PRIVATE"
        friend = private and value.get("relation", "UNKNOWN") == "FRIEND"
        suspended = value.get("reporter_class", "NORMAL") == "SUSPENDED"
        report = {
            "id": value["event_id"], "at": self.now, "reporter": value.get("reporter_id"),
            "class": value.get("reporter_class", "NORMAL"), "source": source,
            "category": category, "score": score, "area": value["area"], "ledger": area["ledger"],
            "act": act_of(value), "act_at": value["act_at"], "content": value.get("content_ref"),
            "minor": value.get("target_age_band") in MINORS,
            "withdrawn": withdrawn_before(value, value["act_at"]),
            "consent_later": value.get("consent_state") == "WITHDRAWN"
                             and not withdrawn_before(value, value["act_at"]),
            "press": value["publisher_is_press"],
            "unknown": private and value.get("relation", "UNKNOWN") == "UNKNOWN",
            "only_asks": child and (friend or suspended), "case": None, "fate": None}
        waits = friend and not suspended and category == "IMPERSONATION_PHISHING" \
            and value.get("impersonated_id") is not None
        report["waits"] = waits
        if not value["good_faith"] or ((friend or suspended) and not child and not waits):
            self.receipt(subject, report)
            return self.tell(subject, report, "INADMISSIBLE")
        if self.is_duplicate(subject, report):
            return self.tell(subject, report, "DUPLICATE")
        subject["reports"].append(report)
        self.receipt(subject, report)
        if value.get("sender_kind") in ("CHANNEL", "BIZ"):
            return self.forward(subject, report)
        answer = self.decided(subject, report)
        if answer:
            report["fate"] = "ANSWERED"
            return self.tell(subject, report, answer)
        if waits:
            report["fate"] = "WAITING"
            return
        self.join(subject, report)
        self.weigh(subject, report["case"])
        self.accumulate(subject, report)

    def receipt(self, subject, report):
        if report["reporter"] is not None:
            subject["out"]["reporter_notices"].append((report["reporter"], "REPORT_RECEIPT"))

    def is_duplicate(self, subject, report):
        since = self.now - self.policy["cases"]["duplicate_horizon"]
        return report["content"] is not None and report["reporter"] is not None and any(
            r["reporter"] == report["reporter"] and r["content"] == report["content"]
            and r["at"] > since for r in subject["reports"])

    def forward(self, subject, report):
        report["fate"] = "FORWARDED"
        case = self.join(subject, report)
        self.ask(subject, case, "OTHER_POLICY")
        self.tell(subject, report, "FORWARDED")

    def decided(self, subject, report):
        since = self.now - self.policy["cases"]["duplicate_horizon"]
        found = [v for v in reversed(subject["violations"]) if report["act"] in v["acts"]
                 and v["ledger"] == report["ledger"] and v["answered_at"] > since]
        if len({(v["outcome"] == "CONFIRMED", v["lane"] in STRICT) for v in found}) > 1:
            self.doubt(subject, "act-decided-twice")
        for v in found:
            strict = self.category(report["category"])["lane"] in STRICT
            if strict and v["lane"] == "ONE_STRIKE" \
                    and self.category(v["case"]["category"])["lane"] == "HUMAN":
                self.doubt(subject, "strict-report-after-critical-verdict")
            if strict and v["lane"] not in STRICT:
                return None
            report["answered"] = v
            return "CONFIRMED" if v["outcome"] == "CONFIRMED" else "NO_VIOLATION"
        return None

    def join(self, subject, report):
        key = (report["ledger"], report["category"], report["fate"] == "FORWARDED")
        case = next((c for c in subject["cases"] if c["open"] and c["key"] == key), None)
        if case is None:
            case = {"key": key, "ledger": report["ledger"], "category": report["category"],
                    "area": report["area"], "opened_at": self.now, "open": True, "review": None,
                    "hold": None, "reports": []}
            subject["cases"].append(case)
        case["reports"].append(report)
        report["case"] = case
        return case

    # Thresholds (E7, I.6, I.8, I.9, I.12) --------------------------------------------------------

    def reporters(self, reports):
        """How many reporters count, each at the first report at which the burst rule lets him."""
        cases, counted = self.policy["cases"], []
        for r in reports:
            burst = sum(1 for _, at in counted if r["at"] - cases["counted_window"] < at <= r["at"])
            if r["reporter"] is not None and r["class"] in ("NORMAL", "TRUSTED") \
                    and not r["only_asks"] and r["source"] != "INSTITUTION_REPORT" \
                    and r["reporter"] not in [who for who, _ in counted] \
                    and burst < cases["counted_per_window"]:
                counted.append((r["reporter"], r["at"]))
        return len(counted)

    def weigh(self, subject, case):
        """What the reports of a case do by themselves."""
        area_class = self.policy["areas"][case["area"]]["class"]
        lane, traits = self.category(case["category"])["lane"], self.traits(case["category"])
        reports = case["reports"]
        if area_class == "NONE":
            return self.ask(subject, case, "UNKNOWN_AREA")
        limits = self.policy["evidence"][area_class]
        score = max(r["score"] for r in reports)
        count = self.reporters(reports)
        person = any(r["press"] or r["unknown"] for r in reports)
        always = person or "child" in traits or "human_only" in traits
        if lane == "LADDER" and not person and score >= limits["confirm_score"] \
                and count >= limits["confirm_reporters"]:
            return self.confirm(subject, case, {})
        holds = lane in STRICT and not person and not case["hold"] and count >= 1 \
            and max((r["score"] for r in reports if not r["only_asks"]), default=0) \
            >= limits["hold_score"]
        if holds:
            self.hold(subject, case)
        if holds or always or score >= limits["ask_score"] or count >= limits["ask_reporters"]:
            kind = {"ONE_STRIKE": "ONE_STRIKE_CONFIRM", "PROOF": "ONE_STRIKE_CONFIRM",
                    "HUMAN": "HUMAN_ONLY"}.get(lane, "CONTENT")
            self.ask(subject, case, kind)

    def ask(self, subject, case, kind):
        if case["review"] is None:
            case["review"] = kind
            subject["out"]["reviews"].append(
                (kind, "OPEN", case["category"], case["ledger"], self.priority(case)))

    def priority(self, case):
        first = "child" in self.traits(case["category"]) or any(
            r["source"] == "TRUSTED_FLAGGER" for r in case["reports"])
        return "first" if first else "later"

    def hold(self, subject, case):
        clocks = self.policy["clocks"]
        case["hold"] = self.apply(subject, {
            "measure": "PROVISIONAL_HOLD", "ledger": "NONE", "area": "ALL", "stage": 0,
            "scopes": policy_file.scopes(self.policy, clocks["hold_scopes"]),
            "expires_at": self.now + clocks["hold"], "case": case}, None)

    def accumulate(self, subject, report):
        rule, ledger = self.policy["accumulation"], report["ledger"]
        since = self.now - rule["window"]
        fresh = [v for v in subject["violations"] if v["ledger"] == ledger
                 and v["outcome"] == "CONFIRMED" and v["decided_at"] > since]
        if ledger == "NONE" or self.step_running(subject, ledger) or fresh:
            return
        area_class = self.policy["areas"][report["area"]]["class"]
        reports = [r for r in subject["reports"]
                   if r["ledger"] == ledger and r["at"] > since and r["fate"] is None]
        if self.reporters(reports) >= \
                self.policy["evidence"][area_class]["accumulation_reporters"]:
            self.apply(subject, {
                "measure": "RESTRICT_TEMP", "ledger": ledger, "area": report["area"], "stage": 0,
                "scopes": policy_file.scopes(self.policy, rule["scopes"][ledger]),
                "expires_at": self.now + rule["duration"], "case": None}, None)

    # Verdicts (I.7, I.8) -------------------------------------------------------------------------

    def verdict(self, subject, value):
        if not value["report_ids"] and value.get("request_id") is None:
            subject["out"]["dead"].append("NO_REPORT")
            return
        if any(r["fate"] == "WAITING" for r in subject["reports"]):
            self.doubt(subject, "verdict-while-friend-report-waits")
        case = next((c for c in subject["cases"] if c["open"] and value["report_ids"]
                     and any(r["id"] == value["report_ids"][0] for r in c["reports"])), None)
        if case is None:
            case = self.case_of_verdict(subject, value)
        if value["kind"] == "CONFIRM":
            return self.confirm(subject, case, value)
        hold = case["hold"]
        if hold in self.running(subject):
            self.lift(subject, hold, "NOT_ESTABLISHED")
        groundless = value["kind"] == "DISMISS_GROUNDLESS"
        self.decide(subject, case, "GROUNDLESS" if groundless else "NO_VIOLATION")

    def case_of_verdict(self, subject, value):
        act_at = self.now if value.get("act_at") is None else value["act_at"]
        case = {"key": None, "ledger": self.policy["areas"][value["area"]]["ledger"],
                "category": value["category"], "area": value["area"], "opened_at": self.now,
                "open": True, "review": None, "hold": None, "reports": [],
                "act_at": act_at,
                "act": act_of(dict(value, act_at=act_at))}
        subject["cases"].append(case)
        return case

    def severity(self, subject, case, value):
        """LIGHT, SEVERE or CRITICAL as the category, the verdict and the raising facts say."""
        own, found = self.category(case["category"])["severity"], value.get("severity", "NONE")
        order = ["NONE", "LIGHT", "SEVERE", "CRITICAL"]
        if "severity_by_verdict" in self.traits(case["category"]) and found != "NONE":
            own = found
        elif order.index(found) > order.index(own):
            own = found
        spam = "spam" in self.traits(case["category"])
        if not spam and own == "LIGHT" and any(
                r["withdrawn"] or r["consent_later"] for r in case["reports"]):
            self.doubt(subject, "consent-of-a-case-found-not-spam")
        raised = any(r["minor"] or (spam and r["withdrawn"]) for r in case["reports"]) \
            or (spam and value.get("consent_state") == "WITHDRAWN")
        return "SEVERE" if own == "LIGHT" and raised else own

    def confirm(self, subject, case, value):
        """A violation: a ban, a strike with its step, or nothing but the outcome."""
        if value:
            case["category"], case["area"] = value["category"], value["area"]
            case["reviewer"] = value["reviewer_ref"]
            case["ledger"] = self.policy["areas"][value["area"]]["ledger"]
        lane = self.category(case["category"])["lane"]
        severity = self.severity(subject, case, value)
        violation = self.decide(subject, case, "CONFIRMED")
        if lane in STRICT or (lane == "HUMAN" and severity == "CRITICAL"):
            violation["lane"] = "ONE_STRIKE"
            clocks = self.policy["clocks"]
            hold = case["hold"] if case["hold"] in self.running(subject) else None
            self.apply(subject, {
                "measure": "RESTRICT_PERM_ALL", "ledger": "NONE", "area": "ALL", "stage": 0,
                "scopes": policy_file.scopes(self.policy, clocks["ban_scopes"]),
                "expires_at": None, "case": case}, hold)
        elif lane in ("LADDER", "HUMAN") and case["ledger"] != "NONE":
            self.strike(subject, case, violation, severity, value)

    def strike(self, subject, case, violation, severity, value):
        rule = self.policy["severities"][severity]
        # Read narrowly: the act of a struck case is spent, the other acts of that case are not.
        struck = [v for v in subject["violations"]
                  if v["ledger"] == case["ledger"] and v["weight"]]
        acts = [(r["act_at"], r["area"], r["act"]) for r in case["reports"]] \
            or [(case["act_at"], case["area"], case["act"])]
        keeps = self.policy["clocks"]["appeal_window"]
        if any(v["struck"] == act[2] and self.now >= v["decided_at"] + max(v["window"], keeps)
               for v in struck for act in acts):
            self.doubt(subject, "act-of-a-strike-that-ended")
        fresh = [act for act in acts if act[0] > self.now - rule["window"]
                 and act[2] not in [v["struck"] for v in struck]]
        if not fresh:
            return
        act = min(fresh, key=lambda act: act[0])
        violation["struck"] = act[2]
        area = case["area"] if value else act[1]
        violation["weight"], violation["window"] = rule["weight"], rule["window"]
        self.step(subject, case, area, violation)

    def active(self, subject, ledger):
        return [v for v in subject["violations"] if v["ledger"] == ledger and v["weight"]
                and v["decided_at"] <= self.now < v["decided_at"] + v["window"]]

    def step(self, subject, case, area, violation):
        ledger = case["ledger"]
        steps = self.policy["ladders"][ledger]["steps"]
        stage = min(len(steps), sum(v["weight"] for v in self.active(subject, ledger)))
        row = steps[stage - 1]
        if row["measure"] == "WARNING":
            subject["out"]["notices"].append("RESTRICTION_APPLIED")
        else:
            old = self.step_running(subject, ledger)
            end = self.now + row["duration"]
            violation["step"] = self.apply(subject, {
                "measure": row["measure"], "ledger": ledger, "area": area, "stage": stage,
                "scopes": policy_file.scopes(self.policy, row["scopes"]),
                "expires_at": max(end, old["expires_at"]) if old else end, "case": case}, old)
        if row.get("review") and ledger not in subject["ladder_reviews"]:
            subject["ladder_reviews"].append(ledger)
            subject["out"]["reviews"].append(
                (row["review"], "OPEN", case["category"], ledger, self.priority(case)))

    # Decisions changed (I.11, I.16) --------------------------------------------------------------

    def target(self, subject, value):
        """The restriction that "@N" names: the N-th that was applied to the subject."""
        number = int(value["target_decision_id"][1:])
        applied = subject["restrictions"]
        return applied[number] if number < len(applied) else None

    def appeal(self, subject, value):
        r = self.target(subject, value)
        if r is not None and r["measure"] == "PROVISIONAL_HOLD":
            self.doubt(subject, "appeal-against-a-hold")
        if r is None or r["appeal"] or \
                self.now > r["starts_at"] + self.policy["clocks"]["appeal_window"]:
            subject["out"]["notices"].append("APPEAL_RESULT")
            return
        r["appeal"] = "OPEN"
        subject["out"]["notices"].append("APPEAL_RECEIPT")
        category = r["case"]["category"] if r["case"] else "REPORT_ACCUMULATION"
        subject["out"]["reviews"].append(("APPEAL", "OPEN", category))

    def verdict_on_decision(self, subject, value):
        r = self.target(subject, value)
        if r is None:
            return
        if value["kind"] == "LIFT":
            if r["state"] == "RUNNING":
                self.lift(subject, r, "REVIEWER")
            return
        if r["appeal"] != "OPEN" or r["reviewer"] == value["reviewer_ref"]:
            return
        r["appeal"] = "CLOSED"
        if value["kind"] == "APPEAL_OVERTURN":
            self.overturn(subject, r)
        subject["out"]["reviews"].append(("APPEAL", "CLOSE"))
        subject["out"]["notices"].append("APPEAL_RESULT")

    def overturn(self, subject, r):
        """Removes the decision and its strike; every later step is counted again."""
        newest = r["state"] == "RUNNING" and r["ledger"] != "NONE"
        violation = next((v for v in subject["violations"]
                          if v["case"] is r["case"] and v["outcome"] == "CONFIRMED"), None)
        changed = r["state"] == "RUNNING"
        r["state"] = "REVERSED"
        self.publish(subject, "REVERSE", r, "APPEAL", False, changed)
        subject["out"]["notices"].append("RESTRICTION_REVERSED")
        if violation:
            violation.update(outcome="NO_VIOLATION", weight=0, answered_at=self.now)
            self.recount(subject, r["ledger"], newest)
            self.outcomes(subject, violation["case"], "NO_VIOLATION")
            for report in subject["reports"]:
                if report.get("answered") is violation:
                    self.tell(subject, report, "NO_VIOLATION")

    def recount(self, subject, ledger, newest):
        """Stage and end of every step of the ledger from its own decided_at."""
        steps = self.policy["ladders"].get(ledger, {}).get("steps", [])
        strikes = [v for v in subject["violations"] if v["ledger"] == ledger and v["weight"]]
        before = None
        for v in strikes:
            weights = [w["weight"] for w in strikes if strikes.index(w) <= strikes.index(v)
                       and v["decided_at"] < w["decided_at"] + w["window"]]
            stage = min(len(steps), sum(weights))
            row = steps[stage - 1]
            v["stage"], v["row"] = stage, row
            v["end"] = v["decided_at"] + row["duration"] if "duration" in row else None
            if v["end"] and before and before["end"] > v["decided_at"] \
                    and before["step"]["state"] == "SUPERSEDED":
                v["end"] = max(v["end"], before["end"])
            if v["end"]:
                before = v
        last = next((v for v in reversed(strikes) if v["step"]
                     and v["step"]["state"] == "RUNNING"), None)
        if last:
            self.change(subject, last)
        elif newest and before and before["step"] and before["step"]["state"] == "SUPERSEDED" \
                and before["end"] > self.now:
            self.bring_back(subject, before)

    def change(self, subject, v):
        r, end = v["step"], v["end"]
        if end is None or end <= self.now:
            return self.lift(subject, r, "RECOMPUTED")
        scopes = policy_file.scopes(self.policy, v["row"]["scopes"])
        if (end, v["stage"], scopes) == (r["expires_at"], r["stage"], r["scopes"]):
            return
        shorter, wider = end != r["expires_at"], scopes != r["scopes"]
        r.update(expires_at=end, stage=v["stage"], scopes=scopes)
        self.publish(subject, "SHORTEN" if shorter else "CHANGE", r,
                     "RECOMPUTED" if shorter else None, False)
        if shorter or wider:
            subject["out"]["notices"].append("RESTRICTION_CHANGED")

    def bring_back(self, subject, v):
        v["step"] = self.apply(subject, dict(
            v["step"], stage=v["stage"], scopes=policy_file.scopes(self.policy, v["row"]["scopes"]),
            expires_at=v["end"]), None)

    # Ends of cases -------------------------------------------------------------------------------

    def decide(self, subject, case, outcome):
        acts = [r["act"] for r in case["reports"]] or [case["act"]]
        violation = {"acts": acts, "ledger": case["ledger"], "decided_at": self.now,
                     "answered_at": self.now,
                     "outcome": outcome, "lane": self.category(case["category"])["lane"],
                     "weight": 0, "window": 0, "case": case, "step": None, "struck": None}
        subject["violations"].append(violation)
        self.close(subject, case, outcome)
        return violation

    def close(self, subject, case, outcome):
        case["open"] = False
        self.outcomes(subject, case, outcome)
        if case["review"]:
            subject["out"]["reviews"].append(
                (case["review"], "CLOSE"))

    def outcomes(self, subject, case, outcome):
        for report in case["reports"]:
            self.tell(subject, report, outcome)

    def tell(self, subject, report, outcome):
        if report["reporter"] is None:
            return
        subject["out"]["outcomes"].append((report["id"], outcome, self.now))
        if outcome != "DUPLICATE":
            kind = "REPORT_INADMISSIBLE" if outcome == "INADMISSIBLE" else "REPORT_OUTCOME"
            notice = (report["reporter"], kind)
            if kind == "REPORT_INADMISSIBLE" or not report.get("told"):
                subject["out"]["reporter_notices"].append(notice)
            report["told"] = True

    # Restrictions (I.11, I.17, F24) --------------------------------------------------------------

    def running(self, subject):
        return [r for r in subject["restrictions"] if r["state"] == "RUNNING"]

    def step_running(self, subject, ledger):
        return next((r for r in reversed(self.running(subject))
                     if r["ledger"] == ledger and ledger != "NONE"), None)

    def apply(self, subject, r, old):
        r.update(state="RUNNING", starts_at=self.now, appeal=None,
                 reviewer=r["case"].get("reviewer") if r["case"] else None)
        if old:
            old["state"] = "SUPERSEDED"
        subject["restrictions"].append(r)
        self.publish(subject, "APPLY", r, None, bool(old))
        subject["out"]["notices"].append("RESTRICTION_APPLIED")
        return r

    def lift(self, subject, r, reason):
        r["state"] = "ENDED"
        self.publish(subject, "LIFT", r, reason, False)
        subject["out"]["notices"].append("RESTRICTION_LIFTED")

    def publish(self, subject, op, r, reason, supersedes, changed=True):
        out = subject["out"]
        out["restrictions"].append(
            (op, r["measure"], r["ledger"], r["area"], tuple(sorted(r["scopes"])), r["stage"],
             r["starts_at"], r["expires_at"], reason, supersedes))
        if not changed:
            return
        standing = sorted((i["measure"], i["ledger"], i["area"], i["stage"], i["starts_at"],
                           i["expires_at"] or 0) for i in self.running(subject))
        out["standings"].append(standing or None)
        shown = any("ALL" in i["scopes"] or "APP_RUN" in i["scopes"]
                    or ((i["ledger"] == "CHAT" or i["area"] == "ALL")
                        and {"SEND", "RECEIVE"} & set(i["scopes"])) for i in self.running(subject))
        if shown != subject["shown"]:
            subject["shown"] = shown
            out["peers"].append(shown)


def act_of(value):
    """An act is (author, content), without content (author, area, room, time); I.4."""
    if value.get("content_ref") is not None:
        return (value["content_ref"],)
    return (value["area"], value.get("room_id"), value["act_at"])


def withdrawn_before(value, act_at):
    """Whether the message came after a withdrawal of consent."""
    if value.get("consent_state") != "WITHDRAWN":
        return False
    return value.get("consent_withdrawn_at") is None or value["consent_withdrawn_at"] <= act_at
