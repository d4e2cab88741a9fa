# SPDX-License-Identifier: Apache-2.0
"""Reports: admission, cases, thresholds, asking and holding (E7, F9, F17, I.4 to I.6, I.9, I.12)."""

MINORS = ("U14", "A14_18")
STRICT = ("ONE_STRIKE", "PROOF")


class Reports:
    # Admission -----------------------------------------------------------------------------------

    def choose(self, value):
        """The category of a report and the score of its best label."""
        area_class = self.area_class(value["area"])
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

    def report(self, subject, value, request=False):
        category, score = self.choose(value)
        private = self.area_class(value["area"]) == "PRIVATE"
        friend = private and value.get("relation", "UNKNOWN") == "FRIEND"
        suspended = value.get("reporter_class", "NORMAL") == "SUSPENDED"
        child = "child" in self.traits(category)
        waits = friend and not suspended and self.category(category)["lane"] == "PROOF" \
            and value.get("impersonated_id") is not None
        report = {
            "id": value["event_id"], "at": self.now, "reporter": value.get("reporter_id"),
            "class": value.get("reporter_class", "NORMAL"), "source": value["source_kind"],
            "category": category, "score": score, "area": value["area"],
            "ledger": self.ledger(subject, value["area"]), "act": act_of(value),
            "act_at": value["act_at"], "content": value.get("content_ref"),
            "room": value.get("room_id"), "author": value.get("author_id"),
            "role": value.get("actor_role", "MEMBER"), "victim": value.get("impersonated_id"),
            "sketch": value.get("sketch"), "sketch_key": value.get("sketch_key"),
            "minor": value.get("target_age_band") in MINORS,
            "withdrawn": withdrawn_before(value, value["act_at"]),
            "consent_later": value.get("consent_state") == "WITHDRAWN",
            "press": value["publisher_is_press"], "used": False,
            "unknown": private and value.get("relation", "UNKNOWN") == "UNKNOWN",
            "request": request, "only_asks": child and (friend or suspended), "waits": waits,
            "case": None, "fate": None}
        own_detection = value["source_kind"] == "INTERNAL_DETECTION"
        if not value["good_faith"] or ((friend or suspended) and not child and not waits) \
                or (own_detection and category != "FRAUDULENT_ACCOUNT"):
            self.receipt(report)
            return self.outcome(subject, report, "INADMISSIBLE")
        if subject.account == "WITHDRAWN":
            self.receipt(report)
            return self.outcome(subject, report, "CLOSED")
        if self.is_duplicate(subject, report):
            return self.outcome(subject, report, "DUPLICATE")
        subject.reports.append(report)
        self.receipt(report)
        if value.get("sender_kind") in ("CHANNEL", "BIZ"):
            return self.forward(subject, report)
        if subject.account == "MEMORIAL":
            return self.report_on_memorial(subject, report)
        answer = self.decided(subject, report)
        if answer:
            if self.protection(subject):
                self.doubt(subject, "answered-report-extends-a-protection")
            report["fate"] = "ANSWERED"
            return self.outcome(subject, report, answer)
        self.copy_to_room(subject, report)
        if self.waits(report):
            report["fate"] = "WAITING"
        case = self.join(subject, report)
        self.need_proof(subject, report)
        if report["fate"] is None:
            self.weigh(subject, case)
            self.cluster(subject, report)
            self.room_requests(subject)
        self.accumulate(subject, report)
        self.extend_by_reports(subject)

    def waits(self, report):
        """By itself, for 30 days, for a proof: a friend's report, and any of a theft (F9, I.19)."""
        return report["waits"] or report["category"] == "ACCOUNT_THEFT"

    def receipt(self, report):
        if report["reporter"] is not None:
            self.notice(report["reporter"], "REPORT_RECEIPT")

    def is_duplicate(self, subject, report):
        since = self.now - self.policy["cases"]["duplicate_horizon"]
        return report["content"] is not None and report["reporter"] is not None and any(
            r["reporter"] == report["reporter"] and r["content"] == report["content"]
            and r["at"] > since for r in subject.reports)

    def forward(self, subject, report):
        report["fate"] = "FORWARDED"
        case = self.join(subject, report)
        self.ask_case(subject, case, "OTHER_POLICY")
        self.outcome(subject, report, "FORWARDED")

    def report_on_memorial(self, subject, report):
        """Only a content measure is possible any more (I.23)."""
        limits = self.policy["evidence"].get(self.area_class(report["area"]))
        traits = self.traits(report["category"])
        always = "child" in traits or "human_only" in traits or report["unknown"] \
            or (report["press"] and not report["waits"])
        counted = self.reporters([report])
        joins = any(c["open"] and c["key"] == (report["ledger"], report["category"], None)
                    for c in subject.cases)
        if limits is None or (joins or always or report["score"] >= limits["ask_score"]
                       or counted >= limits["ask_reporters"]):
            report["fate"] = "WAITING" if self.waits(report) else None
            case = self.join(subject, report)
            self.need_proof(subject, report)
            self.ask_case(subject, case, "CONTENT")
        else:
            subject.reports.remove(report)
            self.outcome(subject, report, "CLOSED")

    def decided(self, subject, report):
        """The answer to a report on an act that was decided already (I.4)."""
        since = self.now - self.policy["cases"]["duplicate_horizon"]
        found = [v for v in subject.violations if report["act"] in v["acts"]
                 and v["ledger"] == report["ledger"] and v["answered_at"] > since]
        for v in sorted(found, key=lambda v: v["answered_at"])[::-1]:
            strict = self.category(report["category"])["lane"] in STRICT
            if strict and v["lane"] == "ONE_STRIKE" \
                    and self.category(v["category"])["lane"] == "HUMAN":
                self.doubt(subject, "strict-report-after-critical-verdict")
            if self.category(report["category"])["lane"] in STRICT and v["lane"] not in STRICT:
                continue  # of those that may answer the latest one does
            report["answered"] = v
            return "CONFIRMED" if v["outcome"] == "CONFIRMED" else "NO_VIOLATION"
        return None

    # Cases ---------------------------------------------------------------------------------------

    def join(self, subject, report):
        key = (report["ledger"], report["category"],
               "FORWARDED" if report["fate"] == "FORWARDED" else None)
        case = next((c for c in subject.cases if c["open"] and c["key"] == key), None)
        if case is None:
            case = self.new_case(subject, key, report["area"])
        case["reports"].append(report)
        report["case"] = report["joined"] = case
        return case

    def new_case(self, subject, key, area):
        case = {"key": key, "ledger": key[0], "category": key[1], "area": area,
                "opened_at": self.now, "open": True, "review": None, "hold": None, "reports": [],
                "reviewer": None, "held": None, "lapsed": False, "asked_of": []}
        subject.cases.append(case)
        return case

    def speaking(self, case):
        """The reports that do not wait for a proof: only these decide anything (F9, I.19)."""
        return [r for r in case["reports"] if r["fate"] != "WAITING"]

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
        if not case["open"] or case["held"]:
            return
        area_class = self.area_class(case["area"])
        lane, traits = self.category(case["category"])["lane"], self.traits(case["category"])
        reports = self.speaking(case)
        if area_class == "NONE":
            return self.ask_case(subject, case, "UNKNOWN_AREA")
        limits = self.policy["evidence"][area_class]
        score = max(r["score"] for r in reports)
        count = self.reporters(reports)
        person = self.is_left_to_a_person(subject, case)
        always = person or "child" in traits or "human_only" in traits
        if lane == "LADDER" and not person and (
                (score >= limits["confirm_score"] and count >= limits["confirm_reporters"])
                or self.burst(subject, case, area_class, count)):
            return self.confirm(subject, case, {})
        holds = lane in STRICT and not person and not case["hold"] and count >= 1 \
            and subject.kind == "USER" \
            and max((r["score"] for r in reports if not r["only_asks"]), default=0) \
            >= limits["hold_score"]
        if holds:
            self.hold(subject, case)
        if holds or always or score >= limits["ask_score"] or count >= limits["ask_reporters"]:
            kind = {"ONE_STRIKE": "ONE_STRIKE_CONFIRM", "PROOF": "ONE_STRIKE_CONFIRM",
                    "HUMAN": "HUMAN_ONLY"}.get(lane, "CONTENT")
            self.ask_case(subject, case, kind)

    def is_left_to_a_person(self, subject, case):
        """Of the press, of who does not say how he knows him, of a profile's disputed user (I.6, I.14)."""
        reports = self.speaking(case)
        authors = {r["author"] for r in reports if subject.kind == "OPEN_PROFILE"}
        return any(r["press"] or r["unknown"] for r in reports) or len(authors) > 1

    def ask_case(self, subject, case, kind):
        if case["review"] is None:
            case["review"] = self.ask(subject, kind, case["category"], case["ledger"], case,
                                      self.is_first(case))

    def is_first(self, case):
        """Priority 0: CHILD_* and trusted flaggers."""
        return "child" in self.traits(case["category"]) or any(
            r["source"] == "TRUSTED_FLAGGER" for r in case["reports"])

    def hold(self, subject, case):
        clocks = self.policy["clocks"]
        act = min(r["act_at"] for r in case["reports"])
        hold = {"measure": "PROVISIONAL_HOLD", "scopes": self.scopes(clocks["hold_scopes"]),
                "expires_at": self.now + clocks["hold"], "case": case,
                "category": case["category"], "version": self.at(act)[1]}
        if not self.breaks(subject, case, hold):
            case["hold"] = self.apply(subject, hold)

    def accumulate(self, subject, report):
        """Many reports, nothing confirmed: a step of stage 0 without a strike (I.12)."""
        rule, ledger = self.policy["accumulation"], report["ledger"]
        since = self.now - rule["window"]
        if ledger not in rule["scopes"] or subject.step_running(ledger) or any(
                v["ledger"] == ledger and v["outcome"] == "CONFIRMED" and v["decided_at"] > since
                for v in subject.violations):
            return
        reports = [r for r in subject.reports if r["ledger"] == ledger and r["at"] > since
                   and (r["fate"] is None or r["fate"].startswith("WAIT"))]
        limits = self.policy["evidence"][self.area_class(report["area"])]
        if self.reporters(reports) >= limits["accumulation_reporters"]:
            self.apply(subject, {
                "measure": "RESTRICT_TEMP", "ledger": ledger, "area": report["area"], "step": True,
                "scopes": self.scopes(rule["scopes"][ledger]), "category": "REPORT_ACCUMULATION",
                "expires_at": self.now + rule["duration"]})

    # Ends of cases -------------------------------------------------------------------------------

    def case_waits_until(self, case):
        """A case waits from its first report; one that waits for a proof waits by itself."""
        speaking = self.speaking(case)
        if not case["open"] or case["review"] or case["held"] or not speaking:
            return None
        proof = self.category(case["key"][1])["lane"] == "PROOF"
        return (speaking[0]["at"] if proof else case["opened_at"]) + self.policy["cases"]["wait"]

    def case_waited(self, subject, case):
        for report in self.speaking(case):
            self.waited(subject, report)

    def report_waited(self, subject, report):
        self.waited(subject, report)

    def waited(self, subject, report):
        """Not established; the case goes on with the reports that wait on."""
        case, report["fate"] = report["case"], "WAITED"
        self.outcome(subject, report, "NOT_ESTABLISHED")
        case["reports"].remove(report)
        if not case["reports"] and not case["review"]:
            case.update(open=False, closed_at=self.now)

    def close(self, subject, case, outcome):
        case.update(open=False, closed_at=self.now)
        for report in case["reports"]:
            report["fate"] = None if report["fate"] == "WAITING" else report["fate"]
        self.outcomes(subject, case, outcome)
        self.close_review(subject, case["review"])

    def outcomes(self, subject, case, outcome):
        for report in case["reports"]:
            if report["fate"] != "FORWARDED":
                self.outcome(subject, report, outcome)

    def outcome(self, subject, report, outcome):
        """What a reporter is told: a signal to him, and one notice per report (I.28)."""
        if report["reporter"] is None:
            return
        report["outcome"] = outcome
        self.send(subject, "REPORTER:" + report["reporter"], "REPORT_OUTCOME",
                  report=report["id"], outcome=outcome)
        if outcome == "INADMISSIBLE":
            self.notice(report["reporter"], "REPORT_INADMISSIBLE")
        elif outcome != "DUPLICATE" and not report.get("told"):
            self.notice(report["reporter"], "REPORT_OUTCOME", outcome)
            report["told"] = True


def act_of(value):
    """An act is (author, content), without content (author, area, room, time); I.4."""
    if value.get("content_ref") is not None:
        return (value.get("author_id"), value["content_ref"])
    return (value.get("author_id"), value["area"], value.get("room_id"), value["act_at"])


def withdrawn_before(value, act_at):
    """Whether the message came after a withdrawal of consent."""
    if value.get("consent_state") != "WITHDRAWN":
        return False
    return value.get("consent_withdrawn_at") is None or value["consent_withdrawn_at"] <= act_at
