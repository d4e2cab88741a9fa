# SPDX-License-Identifier: Apache-2.0
"""Seeded random streams of records about USER subjects, as the JSON lines of `sanctiond run`.

A stream has subjects and reporters of its own and starts where the one before it ended, so that
many streams go through one process and each can be played alone with the same timestamps.
"""

import random

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
FIRST = 1_104_537_600_000  # 2005-01-01

# Left out on purpose: the text leaves them open, or they need a part that is not interpreted.
EXCLUDED = (
    "sketches and chat events (SPAM_REPEAT_MULTIROOM, bursts of invitations), rooms and owners",
    "proofs, claims, authority requests, accounts, APPEAL_REDUCE, SET_PERMANENT, CONTENT_MEASURE",
    "appeals against holds, and against decisions that published no restriction",
    "REPORTER subjects: only what is told to them is compared",
    "the breaker: streams stay far below its caps",
    "a verdict that moves a case of lane O or P to another lane while its hold runs",
    "verdicts on forwarded reports",
    "channel senders in private areas, labels in OTHER_AREA that differ from the claim",
    "records of two topics at one millisecond: the text does not rank the topics",
)

AREAS = {
    "CHAT": ["REGULAR_CHAT", "GROUP_CHAT", "SECRET_CHAT"], "BOARD": ["TALK_BOARD"],
    "OPEN_CHAT": ["OPEN_CHAT_ROOM", "OPEN_CHAT_COVER", "OPEN_CHAT_BOARD", "OPEN_PROFILE",
                  "OPEN_PROFILE_POST"],
    "PROFILE": ["TALK_PROFILE"], "CHANNEL": ["TALK_CHANNEL", "CHANNEL_COMMENT"],
    "NONE": ["OTHER_AREA"]}
LADDER = ["ABUSE_SLANDER", "DISGUST", "FLOODING", "SPAM_AD", "SPAM_INVITE", "HATE_SPEECH",
          "JUVENILE_HARMFUL", "ILLEGAL_GOODS", "PERSONAL_DATA_ABUSE"]
STRICT = ["GAMBLING_DISTRIBUTION", "FINANCIAL_FRAUD", "CHILD_SEXUAL_CRIME", "CHILD_GROOMING",
          "TERROR_EXTREMISM", "DRUGS", "IMPERSONATION_PHISHING"]
OTHERS = ["OTHER_THREAT", "SYSTEM_ABUSE", "DEFAMATION", "ELECTION_DISINFO"]
SCORES = [0, 200, 299, 300, 301, 499, 500, 501, 700, 799, 800, 801, 899, 900, 901,
          949, 950, 951, 1000]
STEPS = {
    "burst": [1 * SECOND, 5 * SECOND, 19 * SECOND, 20 * SECOND, 59_999, MINUTE, 60_001,
              10 * MINUTE],
    "hours": [MINUTE, 10 * MINUTE, HOUR, 5 * HOUR, 12 * HOUR, DAY],
    "days": [HOUR, 12 * HOUR, DAY, 2 * DAY, 3 * DAY, 5 * DAY],
    "months": [HOUR, DAY, 3 * DAY, 5 * DAY, 14 * DAY, 20 * DAY, 40 * DAY]}


def stream(seed, start):
    """The lines of one stream, and the time at which the next may start."""
    return Stream(seed, start).lines()


class Stream:
    def __init__(self, seed, start):
        self.random = random.Random(seed)
        self.name = "s%d" % seed
        self.now = start
        self.out = []
        self.serial = 0
        choice = self.random.choice
        self.appeals = choice([0, 0, 0.1])
        self.pace = choice(["burst", "hours", "days", "days", "months", "mixed"])
        self.users = [self.user(i) for i in range(self.random.randint(1, 3))]
        self.reporters = ["%s-r%d" % (self.name, i) for i in range(self.random.randint(2, 26))]
        self.messages = []
        self.reported = []
        self.scores = choice([SCORES, [900, 950, 1000], [0, 200, 250], [300, 500, 700, 950]])

    def user(self, index):
        ledgers = list(AREAS)
        return {"id": "%s-u%d" % (self.name, index),
                "ledgers": self.random.sample(ledgers, self.random.randint(1, 2)),
                "channel": self.random.random() < 0.05,
                "categories": self.random.choice([LADDER[:4], LADDER, LADDER + STRICT, STRICT,
                                                  LADDER + STRICT + OTHERS, OTHERS])}

    def lines(self):
        for _ in range(self.random.randint(3, 70)):
            pace = self.pace if self.pace != "mixed" else self.random.choice(list(STEPS))
            self.now += self.random.choice(STEPS[pace])
            what = self.random.random()
            if what < 0.75 or not self.reported:
                self.report()
            elif what < 0.97 - self.appeals:
                self.verdict()
            elif what < 0.97:
                self.appeal()
            elif what < 0.985:
                self.out.append(dict(self.random.choice(self.reported)["line"]))
            else:
                self.now += self.random.choice([HOUR, 72 * HOUR, 14 * DAY, 30 * DAY])
                self.out.append({"advance": self.now})
        self.now += 100 * DAY if self.random.random() < 0.5 else DAY
        self.out.append({"advance": self.now})
        return self.out, self.now + 5 * DAY

    def event(self, topic, kind, user, value):
        """Appends a record; each topic has milliseconds of its own, so none are equal."""
        self.serial += 1
        when = self.now - self.now % 4 + ["reports", "verdicts", "appeals"].index(topic)
        if self.random.random() < 0.04:
            when -= self.random.choice([4, MINUTE, HOUR, 3 * DAY])
        value.update(event_id="%s-%s%d" % (self.name, kind[0].lower(), self.serial),
                     occurred_at=when, subject_kind="USER", subject_id=user["id"])
        line = {"topic": topic, "type": kind, "timestamp": when, "value": value}
        self.out.append(line)
        return line

    def message(self, user):
        """One message or post; most reports are about one that was reported before."""
        own = [m for m in self.messages if m["user"] is user]
        if own and self.random.random() < 0.6:
            return self.random.choice(own[-3:])
        choice = self.random.choice
        area = choice(AREAS[choice(user["ledgers"])])
        category = choice([c for c in user["categories"]
                           if area != "OTHER_AREA" or c in LADDER] or LADDER)
        age = choice([0, 0, MINUTE, HOUR, 10 * DAY, 89 * DAY, 90 * DAY, 91 * DAY, 366 * DAY])
        message = {"user": user, "area": area, "category": category,
                   "act_at": self.now - self.now % 4 - age - 4 * DAY * (age > 0),
                   "content": "%s-m%d" % (self.name, len(self.messages)),
                   "score": choice(self.scores)}
        if self.random.random() < 0.1:
            message["content"] = None
        self.messages.append(message)
        return message

    def report(self):
        chance, choice = self.random.random, self.random.choice
        user = choice(self.users)
        message = self.message(user)
        area, category = message["area"], message["category"]
        value = {"source_kind": choice(["USER_REPORT_POLICY"] * 9 + ["TRUSTED_FLAGGER"]),
                 "reporter_id": choice(self.reporters), "good_faith": chance() > 0.03,
                 "target_kind": "CONTENT", "area": area, "category": category,
                 "relation": choice(["NON_FRIEND"] * 12 + ["FRIEND", "UNKNOWN"]),
                 "act_at": message["act_at"], "publisher_is_press": chance() < 0.02,
                 "sender_kind": "PERSON", "reporter_class": choice(
                     ["NORMAL"] * 14 + ["LOW", "TRUSTED", "SUSPENDED"])}
        if message["content"]:
            value["content_ref"] = message["content"]
        if chance() < 0.05:
            value["target_age_band"] = choice(["U14", "A14_18", "ADULT"])
        if user["channel"] and area in AREAS["OPEN_CHAT"] + AREAS["CHANNEL"]:
            value["sender_kind"] = choice(["CHANNEL", "BIZ"])
        if "IMPERSONATION_PHISHING" in user["categories"]:
            value["impersonated_id"] = "%s-v%d" % (self.name, choice([0, 1]))
        self.labels(value, message)
        self.source(value, chance())
        line = self.event("reports", "Report", user, value)
        if value["act_at"] > line["timestamp"]:
            value["act_at"] = line["timestamp"]
        self.reported.append({"line": line, "user": user, "message": message})

    def labels(self, value, message):
        chance, choice = self.random.random, self.random.choice
        score = message["score"] if chance() < 0.8 else choice(self.scores)
        if score > 0:
            value["labels"] = [self.label(message["category"], score)]
            if chance() < 0.15 and message["area"] != "OTHER_AREA":
                value["labels"].append(self.label(
                    choice(LADDER + STRICT), choice([score, 250, 890])))
                self.random.shuffle(value["labels"])
            elif chance() < 0.1 and message["area"] != "OTHER_AREA":
                value["category"] = choice(LADDER)
        if value["category"].startswith("SPAM"):
            if chance() < 0.1:
                value["illegal_purpose"] = "YES"
            if chance() < 0.2:
                value["consent_state"] = choice(["WITHDRAWN", "NONE", "GIVEN"])
                if value["consent_state"] == "WITHDRAWN" and chance() < 0.5:
                    value["consent_withdrawn_at"] = value["act_at"] + choice([-DAY, HOUR])

    def label(self, category, score):
        return {"category": category, "score": score, "labeller": "intake"}

    def source(self, value, chance):
        if chance < 0.04:
            value["source_kind"] = "BLOCK_REPORT"
            value.pop("labels", None)
        elif chance < 0.06:
            value["source_kind"], value["reporter_id"] = "INSTITUTION_REPORT", None

    def verdict(self):
        chance, choice = self.random.random, self.random.choice
        about = choice(self.reported[-6:])
        value = about["line"]["value"]
        if value["sender_kind"] != "PERSON":
            return
        category = self.found(value)
        severity = {"SYSTEM_ABUSE": choice(["SEVERE", "CRITICAL"]),
                    "OTHER_THREAT": choice(["LIGHT", "SEVERE"])}.get(category, "NONE")
        if category in LADDER and chance() < 0.5:
            severity = choice(["LIGHT", "SEVERE"])
        verdict = {"kind": choice(["CONFIRM"] * 3 + ["DISMISS", "DISMISS_GROUNDLESS"]),
                   "report_ids": [value["event_id"]], "category": category, "severity": severity,
                   "area": value["area"], "reviewer_ref": "reviewer-1"}
        if chance() < 0.1:
            verdict["area"] = choice(sum(AREAS.values(), []))
        if chance() < 0.05:
            verdict["report_ids"] = ["%s-elsewhere" % self.name]
            verdict["content_ref"] = "%s-e%d" % (self.name, self.serial)
            if chance() < 0.5:
                verdict["act_at"] = self.now - choice([HOUR, 20 * DAY, 95 * DAY]) - 4 * DAY
        elif chance() < 0.02:
            verdict["report_ids"] = []
        if category.startswith("SPAM") and chance() < 0.1:
            verdict["consent_state"] = "WITHDRAWN"
        self.event("verdicts", "Verdict", about["user"], verdict)

    def appeal(self):
        """An appeal on one of the restrictions so far, and what another reviewer makes of it."""
        chance, choice = self.random.random, self.random.choice
        user = choice(self.users)
        target = "@%d" % choice([0, 0, 1, 1, 2, 3, 4, 5])
        if chance() < 0.2:
            return self.on_decision(user, "LIFT", target)
        self.event("appeals", "Appeal", user, {
            "appeal_id": "%s-p%d" % (self.name, self.serial), "kind": "APPEAL",
            "target_decision_id": target, "appellant_id": user["id"], "requested_by": "SELF",
            "verified_subject": True})
        self.now += choice([MINUTE, HOUR, DAY, 3 * DAY])
        self.on_decision(user, choice(["APPEAL_OVERTURN"] * 4 + ["APPEAL_REJECT"]), target)

    def on_decision(self, user, kind, target):
        self.event("verdicts", "Verdict", user, {
            "kind": kind, "target_decision_id": target, "report_ids": [], "severity": "NONE",
            "reviewer_ref": self.random.choice(["reviewer-2", "reviewer-2", "reviewer-1"])})

    def found(self, value):
        """The category a reviewer names: the claimed or labelled one, seldom a stricter one."""
        if value.get("illegal_purpose") == "YES":
            return "SPAM_ILLEGAL_PURPOSE"
        labels = value.get("labels") or [{"category": value["category"], "score": 0}]
        category = max(labels, key=lambda label: label["score"])["category"]
        if category in LADDER and self.random.random() < 0.1:
            return self.random.choice(LADDER + STRICT)
        return category
