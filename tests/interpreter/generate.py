# SPDX-License-Identifier: Apache-2.0
"""Seeded random streams of input records, as the JSON lines of `sanctiond run`.

A stream has subjects of its own and starts where the one before it ended, so that many streams go
through one process and each can be played alone with the same timestamps. Each topic has
milliseconds of its own: the text does not rank topics at one instant.
"""

import datetime
import os
import random
import re

import policy as policy_file

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
FIRST = 1_104_537_600_000  # 2005-01-01
TOPICS = {"Report": "reports", "Verdict": "verdicts", "Appeal": "appeals", "Inquiry": "appeals",
          "Dispute": "appeals", "HarmReport": "appeals", "ChatEvent": "chat-events",
          "RightsClaim": "claims", "IdentityProof": "claims", "MinorProtectionRequest": "claims",
          "AuthorityRequest": "authority-requests", "AccountChange": "accounts",
          "NoticePreference": "accounts"}
RANKS = ["reports", "verdicts", "appeals", "chat-events", "claims", "authority-requests",
         "accounts"]

# Left out on purpose: the text leaves them open.
EXCLUDED = (
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
          "JUVENILE_HARMFUL", "ILLEGAL_GOODS", "PERSONAL_DATA_ABUSE", "SPAM_BOARD_LIKE_FRIEND"]
STRICT = ["GAMBLING_DISTRIBUTION", "FINANCIAL_FRAUD", "CHILD_SEXUAL_CRIME", "CHILD_GROOMING",
          "TERROR_EXTREMISM", "DRUGS", "IMPERSONATION_PHISHING"]
OTHERS = ["OTHER_THREAT", "SYSTEM_ABUSE", "DEFAMATION", "ELECTION_DISINFO"]
ROOMY = ["SPAM_AD", "AD_SENDING_SERVICE", "AD_PROGRAM_SALE", "FLOODING", "HATE_SPEECH"]
SCORES = [0, 200, 299, 300, 301, 499, 500, 501, 700, 799, 800, 801, 899, 900, 901,
          949, 950, 951, 1000]
STEPS = {
    "burst": [1 * SECOND, 5 * SECOND, 19 * SECOND, 20 * SECOND, 59_999, MINUTE, 60_001,
              10 * MINUTE],
    "hours": [MINUTE, 10 * MINUTE, HOUR, 5 * HOUR, 12 * HOUR, DAY],
    "days": [HOUR, 12 * HOUR, DAY, 2 * DAY, 3 * DAY, 5 * DAY],
    "months": [HOUR, DAY, 3 * DAY, 5 * DAY, 14 * DAY, 20 * DAY, 40 * DAY]}
SKETCHES = ["%04x" % (i + 1) * 16 for i in range(2)]
HALF = "0001" * 8 + "0009" * 8
LESS = "0001" * 7 + "0009" * 9

# What a stream is about: how often each action comes.
THEMES = {
    "reports": {"report": 75, "verdict": 20, "again": 2, "pass": 1.5},
    "appeals": {"report": 60, "verdict": 25, "appeal": 8, "lift": 2, "reduce": 3, "dispute": 2,
                "permanent": 1, "content_measure": 1, "pass": 1},
    "rooms": {"room_report": 30, "staff_report": 15, "verdict": 25, "role": 8, "institution": 3,
              "permanent": 2, "appeal": 5, "lift": 1, "report": 5, "pass": 2, "marks": 3},
    "spam": {"sketch_report": 45, "verdict": 12, "invites": 8, "role": 3, "marks": 3, "report": 5,
             "appeal": 3, "pass": 1},
    "proofs": {"phish": 40, "proof": 25, "verdict": 12, "theft": 8, "relax": 3, "appeal": 2,
               "pass": 6, "report": 5},
    "content": {"claim": 25, "claim_withdrawn": 6, "objection": 8, "order": 20, "order_more": 10,
                "content_measure": 5, "report": 8, "verdict": 5, "lift": 2, "pass": 4},
    "behaviour": {"invites": 20, "adds": 20, "joins": 10, "rooms_made": 4, "report": 35,
                  "relax": 5, "verdict": 8, "pass": 3, "lift": 1},
    "accounts": {"report": 45, "verdict": 25, "withdraw": 3, "register": 4, "memorial": 3,
                 "minor": 5, "inquiry": 4, "harm": 2, "dispute": 3, "claim": 3, "appeal": 2,
                 "preference": 1, "order": 2, "pass": 2},
    "reporters": {"groundless": 70, "abuse_verdict": 15, "report": 5, "verdict": 6, "pass": 2},
    "versions": {"report": 60, "verdict": 30, "version": 6, "appeal": 4, "pass": 2},
    "breaker": {"report": 55, "verdict": 30, "release": 10, "pass": 1, "room_report": 5},
}
THEMES["mixed"] = {action: sum(theme.get(action, 0) for theme in list(THEMES.values()))
                   for action in {a for theme in THEMES.values() for a in theme}
                   - {"groundless", "abuse_verdict", "release", "version"}}

# Numbers of the policy that a theme needs smaller, else it would not come to what it is about.
NUMBERS = {"breaker": {"apply_max": 2, "all_max": 1}}
# Themes that are run by name alone: what they change holds for every stream of the process.
ALONE = ("breaker", "versions")


def stream(seed, start, themes=None):
    """The lines of one stream, and the time at which the next may start."""
    return Stream(seed, start, themes).lines()


def default_document():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                           "../../config/policies/default.yaml"), encoding="utf-8") as file:
        return file.read()


class Stream:
    document = default_document()

    def __init__(self, seed, start, themes=None):
        self.random = random.Random(seed)
        self.name = "s%d" % seed
        self.now = start
        self.out = []
        self.serial = 0
        choice, number = self.random.choice, self.random.randint
        self.theme = choice(themes or [name for name in THEMES if name not in ALONE])
        self.pace = choice(["burst", "hours", "days", "days", "months", "mixed"])
        self.users = [self.user(i) for i in range(number(1, 3))]
        self.reporters = ["%s-r%d" % (self.name, i) for i in range(number(2, 26))]
        if self.theme == "reporters":
            self.reporters = self.reporters[:2]
        self.rooms = ["%s-o%d" % (self.name, i) for i in range(number(1, 3))]
        self.messages, self.reported, self.claims, self.orders = [], [], [], []
        self.disputes, self.applied = [], {}
        self.scores = choice([SCORES, [900, 950, 1000], [0, 200, 250], [300, 500, 700, 950]])

    def user(self, index):
        ledgers = list(AREAS)
        return {"id": "%s-u%d" % (self.name, index), "kind": "USER",
                "ledgers": self.random.sample(ledgers, self.random.randint(1, 2)),
                "channel": self.random.random() < 0.05,
                "categories": self.random.choice([LADDER[:4], LADDER, LADDER + STRICT, STRICT,
                                                  LADDER + STRICT + OTHERS, OTHERS])}

    def lines(self):
        actions = THEMES[self.theme]
        names, weights = zip(*sorted(actions.items()))
        self.found_rooms()
        for _ in range(self.random.randint(3, 70)):
            pace = self.pace if self.pace != "mixed" else self.random.choice(list(STEPS))
            self.now += self.random.choice(STEPS[pace])
            getattr(self, "do_" + self.random.choices(names, weights)[0])()
        self.now += 100 * DAY if self.random.random() < 0.5 else DAY
        self.out.append({"advance": self.now})
        return self.out, self.now + 5 * DAY

    def found_rooms(self):
        for room in self.rooms:
            if self.random.random() < 0.8:
                self.now += HOUR
                self.chat("ROOM", room, "ROOM_CREATED", member_id=self.random.choice(
                    self.users)["id"], role="OWNER", room_id=room)

    # Records -------------------------------------------------------------------------------------

    def event(self, kind, subject_kind, subject_id, value):
        """Appends a record; each topic has milliseconds of its own, so none are equal."""
        self.serial += 1
        topic = TOPICS[kind]
        when = self.now - self.now % 8 + RANKS.index(topic)
        if self.random.random() < 0.04:
            when -= self.random.choice([8, MINUTE, HOUR, 3 * DAY])
        value.update(event_id="%s-%s%d" % (self.name, kind[0].lower(), self.serial),
                     occurred_at=when, subject_kind=subject_kind, subject_id=subject_id)
        if value.get("act_at") is not None and value["act_at"] > when:
            value["act_at"] = when
        line = {"topic": topic, "type": kind, "timestamp": when, "value": value}
        self.out.append(line)
        return line

    def do_again(self):
        """The same record a second time."""
        if self.reported:
            self.out.append(dict(self.random.choice(self.reported)["line"]))

    def do_pass(self):
        self.now += self.random.choice([HOUR, 72 * HOUR, 14 * DAY, 30 * DAY])
        self.out.append({"advance": self.now})

    # Reports on users ----------------------------------------------------------------------------

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
                   "act_at": self.now - self.now % 8 - age - 4 * DAY * (age > 0),
                   "content": "%s-m%d" % (self.name, len(self.messages)),
                   "score": choice(self.scores)}
        if self.random.random() < 0.1:
            message["content"] = None
        self.messages.append(message)
        return message

    def base(self, message, **more):
        chance, choice = self.random.random, self.random.choice
        value = {"source_kind": choice(["USER_REPORT_POLICY"] * 9 + ["TRUSTED_FLAGGER"]),
                 "reporter_id": choice(self.reporters), "good_faith": chance() > 0.03,
                 "target_kind": "CONTENT", "area": message["area"],
                 "category": message["category"],
                 "relation": choice(["NON_FRIEND"] * 12 + ["FRIEND", "UNKNOWN"]),
                 "act_at": message["act_at"], "publisher_is_press": chance() < 0.02,
                 "sender_kind": "PERSON", "reporter_class": choice(
                     ["NORMAL"] * 14 + ["LOW", "TRUSTED", "SUSPENDED"])}
        if message["content"]:
            value["content_ref"] = message["content"]
        if message["user"].get("channel") \
                and message["area"] in AREAS["OPEN_CHAT"] + AREAS["CHANNEL"]:
            value["sender_kind"] = choice(["CHANNEL", "BIZ"])
        value.update(more)
        return value

    def do_report(self):
        chance, choice = self.random.random, self.random.choice
        user = choice(self.users)
        message = self.message(user)
        value = self.base(message)
        if chance() < 0.05:
            value["target_age_band"] = choice(["U14", "A14_18", "ADULT"])
        if value["category"] == "IMPERSONATION_PHISHING":
            value["impersonated_id"] = "%s-v%d" % (self.name, choice([0, 1]))
        self.labels(value, message)
        self.source(value, chance())
        self.send_report(user, value, message)

    def send_report(self, user, value, message):
        line = self.event("Report", user["kind"], user["id"], value)
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
        elif chance < 0.07:
            value.update(source_kind="INTERNAL_DETECTION", reporter_id=None,
                         category="FRAUDULENT_ACCOUNT", labels=[])

    # Verdicts ------------------------------------------------------------------------------------

    def do_verdict(self):
        chance, choice = self.random.random, self.random.choice
        if not self.reported:
            return self.do_report()
        about = choice(self.reported[-6:])
        value = about["line"]["value"]
        if value["sender_kind"] != "PERSON":
            return None
        category = self.found(about["user"], value)
        severity = {"SYSTEM_ABUSE": choice(["SEVERE", "CRITICAL"]),
                    "OTHER_THREAT": choice(["LIGHT", "SEVERE"])}.get(category, "NONE")
        if category in LADDER and chance() < 0.5:
            severity = choice(["LIGHT", "SEVERE"])
        verdict = {"kind": choice(["CONFIRM"] * 3 + ["DISMISS", "DISMISS_GROUNDLESS"]),
                   "report_ids": [value["event_id"]], "category": category, "severity": severity,
                   "area": value["area"], "reviewer_ref": "reviewer-1"}
        user = about["user"]
        if chance() < 0.1 and user["kind"] == "USER":
            verdict["area"] = choice(sum(AREAS.values(), []))
        if chance() < 0.05:
            verdict["report_ids"] = ["%s-elsewhere" % self.name]
            verdict["content_ref"] = "%s-e%d" % (self.name, self.serial)
            if chance() < 0.5:
                verdict["act_at"] = self.now - choice([HOUR, 20 * DAY, 95 * DAY]) - 4 * DAY
        elif chance() < 0.02:
            verdict["report_ids"] = []
        elif chance() < 0.15:
            verdict["case_id"] = "@case:" + value["event_id"]
        if category.startswith("SPAM") and chance() < 0.1:
            verdict["consent_state"] = "WITHDRAWN"
        self.event("Verdict", user["kind"], user["id"], verdict)
        return None

    def found(self, user, value):
        """The category a reviewer names: the claimed or labelled one, seldom a stricter one."""
        if value.get("illegal_purpose") == "YES" and value["category"].startswith("SPAM"):
            return "SPAM_ILLEGAL_PURPOSE"
        labels = value.get("labels") or [{"category": value["category"], "score": 0}]
        category = max(labels, key=lambda label: label["score"])["category"]
        if category in LADDER and user["kind"] == "USER" and self.random.random() < 0.1:
            return self.random.choice(LADDER + STRICT)
        return category

    def a_target(self, number=None):
        """One of the restrictions so far of a user, or of a room."""
        choice = self.random.choice
        user = choice(self.users)
        if self.theme in ("rooms", "spam", "mixed") and self.random.random() < 0.4:
            user = {"kind": "ROOM", "id": choice(self.rooms)}
        target = "@%d" % choice([0, 0, 1, 1, 2, 3, 4, 5])
        if self.random.random() < 0.1:
            target = "@w0"
        return user, target

    def do_appeal(self):
        """An appeal on one of the restrictions so far, and what another reviewer makes of it."""
        user, target = self.a_target()
        self.appeal(user, target)
        self.now += self.random.choice([MINUTE, HOUR, DAY, 3 * DAY])
        self.on_decision(user, self.random.choice(["APPEAL_OVERTURN"] * 4 + ["APPEAL_REJECT"]),
                         target)

    def appeal(self, user, target, kind="APPEAL"):
        appellant = user["id"]
        if user["kind"] != "USER":
            appellant = self.random.choice(self.users)["id"]
        self.event("Appeal", user["kind"], user["id"], {
            "appeal_id": "%s-p%d" % (self.name, self.serial), "kind": kind,
            "target_decision_id": target, "appellant_id": appellant, "requested_by": "SELF",
            "verified_subject": self.random.random() < 0.97})

    def on_decision(self, user, kind, target, **more):
        self.event("Verdict", user["kind"], user["id"], dict({
            "kind": kind, "target_decision_id": target, "report_ids": [], "severity": "NONE",
            "area": "OPEN_CHAT_ROOM",
            "reviewer_ref": self.random.choice(["reviewer-2", "reviewer-2", "reviewer-1"])},
            **more))

    def do_lift(self):
        user, target = self.a_target()
        if not target.startswith("@w"):
            self.on_decision(user, "LIFT", target)

    def do_reduce(self):
        user, target = self.a_target()
        if target.startswith("@w"):
            return
        self.appeal(user, target)
        self.now += self.random.choice([MINUTE, HOUR, DAY])
        more = {"expires_at": self.now + self.random.choice([HOUR, DAY, 5 * DAY]),
                "scopes": self.random.choice([["SEND"], ["POST", "COMMENT"], ["SEND", "INVITE"]])}
        if self.random.random() < 0.4:
            more["measure"] = "RESTRICT_TEMP"
        self.on_decision(user, "APPEAL_REDUCE", target, **more)

    def do_permanent(self):
        user, _ = self.a_target()
        about = [r for r in self.reported if r["user"]["id"] == user["id"]]
        kind = "LADDER_END" if user["kind"] == "USER" else "ROOM_PERMANENT"
        self.event("Verdict", user["kind"], user["id"], {
            "kind": "SET_PERMANENT", "case_id": "@rev:%s:0" % kind, "severity": "NONE",
            "report_ids": [about[-1]["line"]["value"]["event_id"] if about else "x"],
            "category": "ABUSE_SLANDER", "area": "OPEN_CHAT_ROOM", "reviewer_ref": "reviewer-1"})

    def do_dispute(self):
        user, target = self.a_target()
        if self.disputes and self.random.random() < 0.7:
            user, target, name = self.disputes.pop()
            state = self.random.choice(["CLOSED_UPHELD", "CLOSED_REVERSED", "CLOSED_SETTLED"])
        else:
            name, state = "%s-d%d" % (self.name, self.serial), "OPENED"
            self.disputes.append((user, target, name))
        self.event("Dispute", user["kind"], user["id"], {
            "dispute_id": name, "state": state, "authority": "TDMC",
            "target_decision_id": target})

    # Rooms ---------------------------------------------------------------------------------------

    def chat(self, kind, subject, event, **more):
        self.event("ChatEvent", kind, subject, dict({
            "kind": event, "area": "OPEN_CHAT_ROOM", "count": 1}, **more))

    def do_role(self):
        room = self.random.choice(self.rooms)
        self.chat("ROOM", room, "ROLE_CHANGE", room_id=room,
                  member_id=self.random.choice(self.users)["id"],
                  role=self.random.choice(["OWNER", "OWNER", "ADMIN", "MEMBER"]))

    def do_room_report(self):
        chance, choice = self.random.random, self.random.choice
        profile = chance() < 0.25
        user = {"kind": "OPEN_PROFILE", "id": self.name + "-f0"} if profile \
            else {"kind": "ROOM", "id": choice(self.rooms)}
        area = "OPEN_PROFILE" if profile else "OPEN_CHAT_ROOM"
        own = [m for m in self.messages if m["user"]["id"] == user["id"]]
        if own and chance() < 0.5:
            message = choice(own[-3:])
        else:
            message = {"user": user, "area": area, "category": choice(ROOMY + STRICT[:1]),
                       "act_at": self.now - self.now % 8 - choice([0, 0, HOUR, 20 * DAY, 400 * DAY]),
                       "content": "%s-m%d" % (self.name, len(self.messages)),
                       "score": choice(self.scores)}
            self.messages.append(message)
        value = self.base(message, room_id=None if profile else user["id"],
                          author_id=self.users[0]["id"], relation="NON_FRIEND")
        if value["room_id"] is None:
            del value["room_id"]
        if message["score"]:
            value["labels"] = [self.label(message["category"], message["score"])]
        if chance() < 0.08:
            value["source_kind"], value["reporter_id"] = "INSTITUTION_REPORT", None
        self.send_report(user, value, message)

    def do_institution(self):
        room = self.random.choice(self.rooms)
        self.event("AuthorityRequest", "ROOM", room, {
            "request_id": "%s-k%d" % (self.name, self.serial), "action": "REPORT",
            "authority": "KISA", "rank": "REVIEW", "legal_basis": "kr.network.50",
            "order_type": "NONE", "target_kind": "ROOM", "area": "OPEN_CHAT_ROOM",
            "category": "AD_SENDING_SERVICE", "document_ref": "doc"})

    def do_staff_report(self):
        """A report on an ad that a member, admin or owner posted in an open room."""
        choice = self.random.choice
        user = choice(self.users)
        message = {"user": user, "area": "OPEN_CHAT_ROOM",
                   "category": choice(["SPAM_AD", "SPAM_AD", "ABUSE_SLANDER",
                                       "SPAM_ILLEGAL_PURPOSE"]),
                   "act_at": self.now - self.now % 8 - choice([0, HOUR, DAY, 95 * DAY]),
                   "content": "%s-m%d" % (self.name, len(self.messages)),
                   "score": choice([700, 950])}
        self.messages.append(message)
        for _ in range(choice([1, 2])):
            value = self.base(message, room_id=choice(self.rooms), relation="NON_FRIEND",
                              actor_role=choice(["OWNER", "ADMIN", "MEMBER"]))
            value["labels"] = [self.label(message["category"], message["score"])]
            self.send_report(user, value, message)
            self.now += MINUTE

    def do_sketch_report(self):
        """The same or a similar message in one of several rooms."""
        choice = self.random.choice
        user = choice(self.users)
        area = choice(["OPEN_CHAT_ROOM", "OPEN_CHAT_ROOM", "GROUP_CHAT"])
        room = choice(self.rooms + ["%s-g%d" % (self.name, i) for i in range(4)])
        message = {"user": user, "area": area, "category": choice(["SPAM_AD", "SPAM_AD",
                                                                   "SPAM_INVITE"]),
                   "act_at": self.now - self.now % 8 - choice([0, 0, HOUR]),
                   "content": "%s-m%d" % (self.name, len(self.messages)),
                   "score": choice([0, 200, 700, 700, 950])}
        self.messages.append(message)
        value = self.base(message, room_id=room, relation="NON_FRIEND", publisher_is_press=False,
                          sketch=choice([SKETCHES[0]] * 4 + [SKETCHES[1], HALF, LESS]),
                          sketch_key=choice(["k1"] * 9 + ["k2"]),
                          actor_role=choice(["MEMBER"] * 4 + ["ADMIN", "OWNER"]))
        if message["score"]:
            value["labels"] = [self.label(message["category"], message["score"])]
        self.send_report(user, value, message)

    def do_marks(self):
        """A reviewer on the question whether a room exists for spam, or on very many requests."""
        room = self.random.choice(self.rooms)
        kind = self.random.choice(["ROOM_SPAM_PURPOSE", "CONTENT"])
        self.event("Verdict", "ROOM", room, {
            "kind": self.random.choice(["CONFIRM", "DISMISS"]), "case_id": "@rev:%s:0" % kind,
            "severity": "NONE", "report_ids": [self.name + "-x"], "area": "OPEN_CHAT_ROOM",
            "category": "ROOM_STAFF_AD" if kind == "ROOM_SPAM_PURPOSE" else "ROOM_MULTI_REQUEST",
            "reviewer_ref": "reviewer-1"})

    # Behaviour -----------------------------------------------------------------------------------

    def do_invites(self):
        self.many("INVITE", self.random.choice(["OPEN_CHAT_ROOM", "GROUP_CHAT"]), [5, 10, 20, 30])

    def do_adds(self):
        kind = self.random.choice(["FRIEND_ADD", "FRIEND_ADD", "LIKE", "POST"])
        self.many(kind, self.random.choice(["REGULAR_CHAT", "OPEN_PROFILE"]), [5, 10, 25])

    def do_joins(self):
        self.many("JOIN", self.random.choice(["OPEN_CHAT_ROOM", "GROUP_CHAT"]), [1, 2, 5])

    def do_rooms_made(self):
        choice = self.random.choice
        member = choice(self.users)["id"]
        for i in range(choice([2, 6])):
            self.now += SECOND
            room = "%s-n%d" % (self.name, self.serial)
            self.chat("ROOM", room, "ROOM_CREATED", member_id=member, role="OWNER", room_id=room,
                      count=choice([1, 5, 10]))

    def many(self, kind, area, numbers):
        choice = self.random.choice
        user, gap = choice(self.users), choice([SECOND, 10 * SECOND, 30 * SECOND])
        for i in range(choice(numbers)):
            self.now += gap
            self.chat("USER", user["id"], kind, area=area, room_id=choice(self.rooms),
                      peer_id="%s-e%d" % (self.name, choice(range(40))),
                      count=choice([1, 1, 1, 5, 20]))

    # Proofs --------------------------------------------------------------------------------------

    def do_phish(self, category="IMPERSONATION_PHISHING"):
        choice = self.random.choice
        user = choice(self.users)
        own = [m for m in self.messages if m["user"] is user and m["category"] == category]
        if own and self.random.random() < 0.4:
            message = choice(own[-3:])
        else:
            message = {"user": user, "area": choice(["REGULAR_CHAT", "OPEN_CHAT_ROOM"]),
                       "category": category,
                       "act_at": self.now - self.now % 8 - choice([0, 0, HOUR]),
                       "content": "%s-m%d" % (self.name, len(self.messages)),
                       "score": choice([0, 500, 790, 930, 930])}
            self.messages.append(message)
        value = self.base(message, impersonated_id="%s-v%d" % (self.name, choice([0, 0, 1])))
        value["relation"] = choice(["NON_FRIEND"] * 3 + ["FRIEND", "UNKNOWN"])
        if self.random.random() < 0.05:
            del value["impersonated_id"]
        if message["score"]:
            value["labels"] = [self.label(category, message["score"])]
        self.send_report(user, value, message)

    def proof(self, user, purpose, **more):
        chance = self.random.random
        self.event("IdentityProof", "USER", user, dict({
            "proof_id": "%s-i%d" % (self.name, self.serial), "purpose": purpose,
            "requested_by_self": chance() > 0.08, "masking_ok": chance() > 0.08,
            "accepted": chance() > 0.08, "proof_ref": "proof"}, **more))

    def do_proof(self):
        more = {}
        if self.random.random() < 0.3:
            more["suspect_id"] = self.random.choice(self.users)["id"]
        self.proof("%s-v%d" % (self.name, self.random.choice([0, 0, 1])), "IMPERSONATION", **more)

    def do_theft(self):
        if self.random.random() < 0.5:
            return self.do_phish("ACCOUNT_THEFT")
        more = {}
        if self.random.random() < 0.5:
            more["suspect_id"] = self.random.choice(self.users)["id"]
        who = self.random.choice(["%s-v0" % self.name, self.users[0]["id"]])
        return self.proof(who, "ACCOUNT_THEFT", **more)

    def do_relax(self):
        self.proof(self.random.choice(self.users)["id"], "RELAX_PROTECTION")

    # Content -------------------------------------------------------------------------------------

    def do_claim(self):
        chance, choice = self.random.random, self.random.choice
        user = choice(self.users)
        value = {"claim_id": "%s-c%d" % (self.name, self.serial),
                 "action": choice(["OPEN"] * 5 + ["COURT_ORDER"]),
                 "category": choice(["DEFAMATION", "PRIVACY_INVASION", "COPYRIGHT",
                                     "PERSONAL_DATA_ABUSE"]),
                 "initiative": "CLAIM", "claimant_id": "%s-q%d" % (self.name, choice([0, 1])),
                 "content_ref": "%s-x%d" % (self.name, choice([0, 1, 2])),
                 "area": choice(["OPEN_PROFILE_POST", "TALK_PROFILE", "OPEN_CHAT_ROOM",
                                 "GROUP_CHAT"]),
                 "act_at": self.now - DAY, "prima_facie": chance() < 0.85,
                 "publisher_is_press": chance() < 0.05}
        if value["area"] == "GROUP_CHAT":
            value.update(prima_facie=True, publisher_is_press=False)
        self.claims.append((user, value))
        self.event("RightsClaim", "USER", user["id"], dict(value))

    def do_claim_withdrawn(self):
        if self.claims:
            user, value = self.random.choice(self.claims[-4:])
            self.event("RightsClaim", "USER", user["id"], dict(value, action="WITHDRAW"))

    def do_objection(self):
        user, target = self.a_target()
        self.appeal(user, target, self.random.choice(["RIGHTS_OBJECTION", "AUTHORITY_OBJECTION"]))

    def do_order(self):
        choice = self.random.choice
        user = choice(self.users)
        authority, basis = choice([
            ("NEC", "kr.election.82-4"), ("NEC", "kr.election.82-4"),
            ("CANDIDATE", "kr.election.82-4"), ("KMCC", "kr.network.44-7"),
            ("KMCSC", "kr.network.44-7"), ("COURT", "kr.court.order"),
            ("POLICE", "kr.criminal.warrant"), ("KISA", "kr.network.50"),
            ("POLICE", "kr.election.82-4"), ("NEC", "kr.unknown")])
        value = {"request_id": "%s-q%d" % (self.name, self.serial), "action": "ORDER",
                 "authority": authority, "rank": choice(["BINDING"] * 4 + ["REVIEW"]),
                 "legal_basis": basis, "order_type": choice(["DELETE", "LIMIT"]),
                 "target_kind": "CONTENT", "content_ref": "%s-x%d" % (self.name, choice([0, 1, 2])),
                 "area": "OPEN_CHAT_ROOM", "category": "ELECTION_DISINFO", "document_ref": "doc"}
        if choice([0, 0, 1]):
            value.update(target_kind="USER", scopes=choice([["SEND"], ["SEND", "POST"]]),
                         order_type="LIMIT")
            del value["content_ref"]
        if choice([0, 1]):
            value["ends_at"] = self.now + choice([DAY, 20 * DAY])
        self.orders.append((user, value))
        self.event("AuthorityRequest", "USER", user["id"], dict(value))

    def do_order_more(self):
        if not self.orders:
            return
        user, value = self.random.choice(self.orders[-3:])
        value = dict(value, action=self.random.choice(
            ["ORDER", "ORDER", "WITHDRAW", "OBJECTION_ACCEPTED", "OBJECTION_REFUSED", "REPORT"]))
        if self.random.random() < 0.6:
            value["ends_at"] = self.now + self.random.choice([HOUR, DAY, 30 * DAY])
        if value["target_kind"] == "USER" and self.random.random() < 0.5:
            value["scopes"] = ["SEND", "COMMENT"]
        self.event("AuthorityRequest", "USER", user["id"], value)

    def do_content_measure(self):
        if not self.reported:
            return
        about = self.random.choice(self.reported[-6:])
        value = about["line"]["value"]
        if about["user"]["kind"] == "USER" and value.get("content_ref") \
                and value["sender_kind"] == "PERSON":
            self.event("Verdict", "USER", about["user"]["id"], {
                "kind": "CONTENT_MEASURE", "report_ids": [value["event_id"]],
                "category": value["category"], "severity": "NONE", "area": value["area"],
                "content_ref": value["content_ref"], "reviewer_ref": "reviewer-1",
                "measure": self.random.choice(["CONTENT_REMOVE", "CONTENT_DEMOTE"])})

    # Accounts ------------------------------------------------------------------------------------

    def account(self, user, kind, **more):
        self.event("AccountChange", "USER", user, dict({
            "kind": kind, "erase_consent": self.random.random() > 0.1, "requested_by": "SELF"},
            **more))

    def do_withdraw(self):
        user = self.random.choice(self.users)
        more = {"rejoin_tag": user["id"]} if self.random.random() < 0.8 else {}
        self.account(user["id"], "WITHDRAWN", **more)

    def do_register(self):
        user = self.random.choice(self.users)
        self.account("%s-w%d" % (self.name, self.random.choice([0, 1])), "REGISTERED",
                     rejoin_tag=user["id"])

    def do_memorial(self):
        self.account(self.random.choice(self.users)["id"], self.random.choice(
            ["MEMORIAL", "MEMORIAL", "MEMORIAL_DENIED", "LINKED", "DEVICE"]))

    def do_minor(self):
        user = self.random.choice(self.users)
        action = self.random.choice(["START", "START", "RENEW", "END"])
        if action == "RENEW" and self.random.random() < 0.6:
            self.now += self.random.choice([334, 335, 340, 364]) * DAY
        self.event("MinorProtectionRequest", "USER", user["id"], {
            "action": action, "requested_by": "GUARDIAN", "age_band": "A14_18"})

    def do_inquiry(self):
        chance, user = self.random.random, self.random.choice(self.users)
        self.event("Inquiry", "USER", user["id"], {
            "inquirer_id": user["id"] if chance() < 0.6 else self.name + "-z",
            "verified_subject": chance() < 0.6, "wants_review": chance() < 0.5,
            "requested_by": "SELF"})

    def do_harm(self):
        self.event("HarmReport", "USER", self.random.choice(self.users)["id"], {
            "incident_ref": "fire", "origin": "HARM_LIST", "window_from": self.now - DAY,
            "window_to": self.now,
            "notice": self.random.choice(["INCIDENT", "COMPENSATION", "NONE"])})

    def do_preference(self):
        self.event("NoticePreference", "USER", self.random.choice(self.users)["id"], {
            "kind": "RESTRICTION_LIFTED", "channel": "PUSH", "allowed": False,
            "text_version": "v1"})

    # Reporters -----------------------------------------------------------------------------------

    def do_groundless(self):
        """A report on a user of its own, decided soon after."""
        chance, choice = self.random.random, self.random.choice
        user = {"kind": "USER", "id": "%s-n%d" % (self.name, self.serial)}
        message = {"user": user, "area": "OPEN_CHAT_ROOM", "category": "ABUSE_SLANDER",
                   "act_at": self.now - self.now % 8, "content": None, "score": 600}
        value = self.base(message, reporter_class="NORMAL", good_faith=True, relation="NON_FRIEND",
                          publisher_is_press=False, reporter_id=choice(self.reporters))
        value["labels"] = [self.label("ABUSE_SLANDER", choice([600, 600, 600, 0]))]
        self.send_report(user, value, message)
        self.now += choice([MINUTE, HOUR])
        if chance() < 0.9:
            self.event("Verdict", "USER", user["id"], {
                "kind": choice(["DISMISS_GROUNDLESS"] * 5 + ["DISMISS", "CONFIRM"]),
                "report_ids": [value["event_id"]], "category": "ABUSE_SLANDER", "severity": "NONE",
                "area": "OPEN_CHAT_ROOM", "reviewer_ref": "reviewer-1"})

    def do_abuse_verdict(self):
        self.event("Verdict", "REPORTER", self.random.choice(self.reporters), {
            "kind": self.random.choice(["CONFIRM", "CONFIRM", "CONFIRM", "DISMISS"]),
            "case_id": "@rev:REPORTER_ABUSE:%d" % self.random.choice([0, 0, 1, 2, 3]),
            "report_ids": [self.name + "-x"], "category": "REPORT_ABUSE", "severity": "NONE",
            "area": "ALL", "reviewer_ref": "reviewer-1"})

    # Policy versions -----------------------------------------------------------------------------

    def do_version(self):
        """A later version, in which some of what the users do is graver or lighter."""
        choice, number = self.random.choice, len([line for line in self.out if "policy" in line]) + 2
        if number > 4:
            return
        announced = self.now - self.now % 1000 + 1000 - choice([0, 0, DAY])
        effective = announced + choice([7 * DAY, 7 * DAY, 8 * DAY, 20 * DAY])
        text = self.document
        for name in LADDER:
            text = re.sub(r"(?m)(^  %s:.*\n    lane: LADDER\n    severity:) \w+" % name,
                          r"\1 " + choice(["LIGHT", "SEVERE"]), text)
        for field, value in (("version", number), ("genesis", "false"),
                             ("announced_at", stamp(announced)), ("effective_at", stamp(effective))):
            text = re.sub(r"(?m)^%s: .*$" % field, "%s: %s" % (field, value), text, count=1)
        self.now = max(self.now, announced)
        parsed = dict(policy_file.parse(text), announced_at=announced, effective_at=effective)
        self.out.append({"policy": parsed, "document": text, "timestamp": self.now})
        self.now += choice([DAY, 7 * DAY, 9 * DAY])

    # Breaker -------------------------------------------------------------------------------------

    def do_release(self):
        user, _ = self.a_target()
        self.on_decision(user, self.random.choice(["RELEASE_HELD", "RELEASE_HELD", "CANCEL_HELD"]),
                         "@held:%d" % self.random.choice([0, 0, 1]))


def stamp(ms):
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%SZ")
