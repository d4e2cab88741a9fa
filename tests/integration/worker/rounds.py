"""Seeded input for a worker on Kafka whose results do not depend on what arrived when.

A live worker merges what it has polled by time; two sources, or a record and a signal, may come in either
order (design.md 6, Time). So the input comes in rounds: all records of a round have one timestamp, come from
one source, and the next round is written when everything before is through. Inside a round no subject gets
both a record and a signal, and nobody gets signals or notices from two tasks. Then every difference from the
causal embedded run is an error.

SPDX-License-Identifier: Apache-2.0
"""

import records
from records import DAY, HOUR


class Rounds:
    """Yields lists of lines; `view` tells what the worker has put out so far."""

    def __init__(self, rng, start, view, partitions):
        self.rng = rng
        self.now = start
        self.view = view
        self.partitions = partitions
        self.serial = 0
        self.subjects = [records.names_on(number, partitions, "u-%03d", 15)
                         for number in range(partitions)]
        # Who reports to one partition's subjects only: his receipts come from one task.
        self.reporters = [["r%d-%02d" % (number, at) for at in range(30)]
                          for number in range(partitions)]
        self.owners = ["o-%02d" % at for at in range(12)]
        self.rooms = ["room-%02d" % at for at in range(12)]
        self.victims = ["v-%02d" % at for at in range(8)]
        self.sent = []  # reports that may be named or repeated
        self.proven = False

    def name(self, kind):
        self.serial += 1
        return "%s-%05d" % (kind, self.serial)

    def all(self):
        """The rounds, with the time between them."""
        yield self.accounts()
        for make, hours in ((self.rooms_made, 1), (self.welcome, 1), (self.reports, 2),
                            (self.verdicts, 5), (self.behaviour, 3), (self.reports, 7),
                            (self.claims, 20), (self.staff, 1), (self.reports, 30),
                            (self.verdicts, 2), (self.authorities, 3), (self.appeals, 30),
                            (self.overturns, 4), (self.reports, 20), (self.proofs, 2),
                            (self.verdicts, 40), (self.leaves, 20), (self.reports, 3),
                            (self.staff, 5), (self.verdicts, 9), (self.reports, 70),
                            (self.appeals, 2), (self.overturns, 2), (self.verdicts, 100)):
            self.now += hours * HOUR + self.rng.randrange(HOUR)
            yield make()
        self.now += 20 * DAY
        yield [line for number in range(self.partitions) for line in self.tick("reports", number)]

    def tick(self, topic, number):
        """A bad record that brings a partition's clock to now."""
        key = "USER:" + records.names_on(number, self.partitions, "tick-%d", 1)[0]
        return [{"topic": topic, "timestamp": self.now, "key": key, "raw": "00"}]

    def round(self, topic, lines):
        """A round: first every clock moves, so that all that is due is done."""
        ticks = [line for number in range(self.partitions) for line in self.tick(topic, number)]
        return ticks + lines

    def people(self):
        return [name for names in self.subjects for name in names]

    def accounts(self):
        lines = []
        for user in (self.people() + self.owners + self.victims
                     + [name for names in self.reporters for name in names]):
            if self.rng.random() < 0.7:
                lines.append(records.account(self.now, user, self.name("acc"), "REGISTERED",
                                             language=self.rng.choice(("KO", "EN", "OTHER")),
                                             platform=self.rng.choice(("IOS", "PC", "COMMON")),
                                             age_band=self.rng.choice(("ADULT", "A14_18"))))
            if self.rng.random() < 0.2:
                lines.append(records.preference(
                    self.now, user, self.name("pref"),
                    self.rng.choice(("REPORT_RECEIPT", "REPORT_OUTCOME", "RESTRICTION_APPLIED",
                                     "EDUCATION_TIP")), self.rng.choice(("PUSH", "IN_APP")),
                    self.rng.random() < 0.3))
        return self.round("accounts", lines)

    def rooms_made(self):
        lines = [records.chat_event(self.now, "ROOM:" + room, self.name("evt"), "ROOM_CREATED",
                                    room_id=room, member_id=owner, role="OWNER")
                 for room, owner in zip(self.rooms, self.owners)]
        return self.round("chat-events", lines)

    def one_report(self, subject):
        rng = self.rng
        kind = rng.random()
        if kind < 0.55:
            category, area = rng.choice(records.LADDER), rng.choice(records.PUBLIC_AREAS)
            score = rng.choice((940, 940, 970, 700, 200))
        elif kind < 0.7:
            category, area = rng.choice(records.LADDER), rng.choice(records.PRIVATE_AREAS)
            score = rng.choice((960, 990, 600))
        elif kind < 0.85:
            category, area = rng.choice(records.ONE_STRIKE), rng.choice(records.PUBLIC_AREAS)
            score = rng.choice((870, 950, 400))
        elif kind < 0.9:
            category, area = "OTHER_THREAT", "OPEN_CHAT_BOARD"
            score = 999
        else:
            category, area = "FLOODING", rng.choice(("OTHER_AREA", "TALK_BOARD"))
            score = 900
        return records.report(self.now, "USER:" + subject, self.name("rep"), "r0-00", category,
                              area, score)

    def welcome(self):
        """Every reporter's first report, so that whose notice is his first one is settled."""
        lines = []
        for number, names in enumerate(self.reporters):
            for at, reporter in enumerate(names):
                lines.append(records.report(
                    self.now, "USER:" + self.subjects[number][at % 15], self.name("rep"), reporter,
                    "ABUSE_SLANDER", "REGULAR_CHAT", 100, relation="FRIEND"))
        return self.round("reports", lines)

    def reports(self):
        rng = self.rng
        lines = []
        for number in range(self.partitions):
            for subject in rng.sample(self.subjects[number], 7):
                first = self.one_report(subject)
                # Once somebody has proven who he is, a report on who pretends to be him brings a signal
                # back into its own round.
                if rng.random() < 0.08 and not self.proven:
                    victim = self.victims[self.subjects[number].index(subject) % 2 + 2 * number]
                    first["value"].update(category="IMPERSONATION_PHISHING", area="REGULAR_CHAT",
                                          impersonated_id=victim, labels=[
                                              {"category": "IMPERSONATION_PHISHING", "score": 930,
                                               "labeller": "intake-3"}])
                for reporter in rng.sample(self.reporters[number], rng.choice((1, 2, 2, 3, 4))):
                    value = dict(first["value"], event_id=self.name("rep"), reporter_id=reporter)
                    lines.append(dict(first, value=value))
                    self.sent.append(lines[-1])
                    if rng.random() < 0.06:  # the same record again
                        lines.append(lines[-1])
                    if rng.random() < 0.06:  # the same report under a new id
                        again = dict(value, event_id=self.name("rep"))
                        lines.append(dict(first, value=again))
        for _ in range(6):
            lines.insert(rng.randrange(len(lines)), self.bad_report())
        return self.round("reports", lines)

    def bad_report(self):
        rng = self.rng
        subject = rng.choice(self.people())
        good = records.report(self.now, "USER:" + subject, self.name("bad"), "r0-00", "FLOODING",
                              "OPEN_CHAT_ROOM", 900)
        kind = rng.randrange(9)
        if kind == 0:
            return {"topic": "reports", "timestamp": self.now, "key": "USER:" + subject,
                    "raw": "c301000102030405060700"}
        if kind == 1:
            return {"topic": "reports", "timestamp": self.now, "key": "USER:" + subject,
                    "raw": rng.randbytes(rng.randrange(40)).hex()}
        if kind == 2:
            return dict(good, key=None, partition=rng.randrange(self.partitions))
        if kind == 3:
            return dict(good, partition=(records.partition("USER:" + subject, self.partitions) + 1)
                        % self.partitions)
        if kind == 4:
            return dict(good, key="USER:other")
        if kind == 5:
            good["value"]["act_at"] = self.now + HOUR
        elif kind == 6:
            good["value"]["labels"][0]["score"] = 1700
        elif kind == 7:
            good["value"]["reporter_id"] = None
        else:
            good["timestamp"] = 1000
        return good

    def staff(self):
        """Ads of a room's admin: the room and its owner are liable."""
        lines = []
        rooms = self.rng.sample(range(len(self.rooms)), 3)
        for at, room in enumerate(rooms):
            number = at % self.partitions
            subject = self.rng.choice(self.subjects[number])
            for reporter in self.rng.sample(self.reporters[number], 2):
                lines.append(records.report(
                    self.now, "USER:" + subject, self.name("rep"), reporter, "SPAM_AD",
                    "OPEN_CHAT_ROOM", 950, actor_role="ADMIN", room_id=self.rooms[room],
                    consent_state="NONE", content_ref="ad-%d" % self.serial))
        return self.round("reports", lines)

    def behaviour(self):
        lines = []
        for names in self.subjects:
            for user in self.rng.sample(names, 3):
                for _ in range(3):
                    lines.append(records.chat_event(
                        self.now, "USER:" + user, self.name("evt"),
                        self.rng.choice(("FRIEND_ADD", "JOIN", "ROOM_CREATED", "INVITE")),
                        count=self.rng.choice((1, 30, 60)), member_id=user,
                        peer_id="peer-%d" % self.serial))
        return self.round("chat-events", lines)

    def open_cases(self):
        """Cases before a person, by the review requests so far."""
        cases = {}
        for row in self.view("review-requests"):
            value = row["value"]
            if value["action"] == "CLOSE":
                cases.pop(value["case_id"], None)
            else:
                cases[value["case_id"]] = row
        return [row for row in cases.values() if row["value"]["kind"] in (
            "CONTENT", "ONE_STRIKE_CONFIRM", "HUMAN_ONLY", "UNKNOWN_AREA")]

    def verdicts(self):
        rng = self.rng
        lines = []
        cases = self.open_cases()
        for row in rng.sample(cases, min(len(cases), 14)):
            value = row["value"]
            category, area = value["category"], value["area"]
            if area == "OTHER_AREA" and rng.random() < 0.5:
                area = "OPEN_CHAT_ROOM"
            severity = "CRITICAL" if category in records.ONE_STRIKE else "LIGHT"
            kind = rng.choice(("CONFIRM", "CONFIRM", "CONFIRM", "DISMISS", "DISMISS_GROUNDLESS"))
            named = rng.random() < 0.5
            lines.append(records.verdict(
                self.now, row["key"], self.name("ver"), kind, category, area, severity,
                case_id=value["case_id"] if named else None,
                report_ids=value["report_ids"][:32]))
        # Verdicts on what is decided, unknown or somebody else's: refused, audited.
        for line in rng.sample(self.sent, min(len(self.sent), 4)):
            value = line["value"]
            lines.append(records.verdict(
                self.now, records.key_of(line), self.name("ver"),
                rng.choice(("CONFIRM", "DISMISS")), value["category"], value["area"],
                report_ids=[value["event_id"]]))
        return self.round("verdicts", lines)

    def claims(self):
        lines = []
        for names in self.subjects:
            for user in self.rng.sample(names, 2):
                name = self.name("claim")
                lines.append(records.claim(self.now, user, self.name("clm"), "OPEN", name,
                                           self.rng.choice(("DEFAMATION", "COPYRIGHT")),
                                           self.rng.choice(("OPEN_PROFILE_POST", "GROUP_CHAT",
                                                            "TALK_PROFILE"))))
            lines.append(records.minor(self.now, self.rng.choice(names), self.name("min"), "START"))
        return self.round("claims", lines)

    def proofs(self):
        self.proven = True
        lines = [records.proof(self.now, victim, self.name("clm"),
                               masking_ok=self.rng.random() < 0.8,
                               accepted=self.rng.random() < 0.8)
                 for victim in self.rng.sample(self.victims, 5)]
        return self.round("claims", lines)

    def authorities(self):
        lines = []
        for names in self.subjects:
            for user in self.rng.sample(names, 2):
                name = self.name("req")
                rank = self.rng.choice(("BINDING", "REVIEW"))
                lines.append(records.authority(self.now, user, self.name("aut"), name, rank=rank))
        return self.round("authority-requests", lines)

    def in_force(self):
        """The items of all standings."""
        last = {row["key"]: row["value"] for row in self.view("standings")}
        return [(key, item) for key, value in sorted(last.items()) if value is not None
                for item in value["restrictions"]]

    def appeals(self):
        lines = []
        items = [(key, item) for key, item in self.in_force() if key.startswith("USER:u-")]
        for key, item in self.rng.sample(items, min(len(items), 6)):
            lines.append(records.appeal(self.now, key, self.name("app"), item["decision_id"],
                                        key.split(":")[1]))
        for names in self.subjects:
            user = self.rng.choice(names)
            lines.append(records.inquiry(self.now, user, self.name("inq"), user, True, True))
        return self.round("appeals", lines)

    def overturns(self):
        rng = self.rng
        lines = []
        for row in self.view("review-requests"):
            value = row["value"]
            if value["kind"] == "APPEAL" and value["action"] == "OPEN" and rng.random() < 0.7:
                lines.append(records.verdict(
                    self.now, row["key"], self.name("ver"),
                    rng.choice(("APPEAL_OVERTURN", "APPEAL_OVERTURN", "APPEAL_REJECT")),
                    value["category"], value["area"], target_decision_id=value["decision_id"],
                    report_ids=value["report_ids"][:32], reviewer_ref="reviewer-99"))
        return self.round("verdicts", lines)

    def leaves(self):
        """Withdrawals and a memorial."""
        users = [self.rng.choice(names[:8]) for names in self.subjects]
        lines = [records.account(self.now, user, self.name("acc"), "WITHDRAWN",
                                 rejoin_tag="tag-" + user) for user in users[:2]]
        lines.append(records.account(self.now, users[2], self.name("acc"), "MEMORIAL",
                                     requested_by="FAMILY"))
        return self.round("accounts", lines)


def bulk_source(rng, start, partitions):
    """Signals stay on their partition: each partition's subjects have reporters whose own state lies there."""
    source = Rounds(rng, start, None, partitions)
    source.reporters = [records.names_on(number, partitions, "r-%03d", 20, "REPORTER")
                        for number in range(partitions)]
    return source


def bulk_reports(source, count):
    """At least `count` lines: reports, repetitions and bad records."""
    rng = source.rng
    lines = []
    while len(lines) < count:
        source.now += rng.randrange(20 * 60 * 1000)
        number = rng.randrange(source.partitions)
        subject = rng.choice(source.subjects[number])
        reporters = rng.sample(source.reporters[number], rng.choice((1, 2, 2, 3)))
        first = source.one_report(subject)
        for reporter in reporters:
            value = dict(first["value"], event_id=source.name("rep"), reporter_id=reporter)
            lines.append(dict(first, value=value))
            if rng.random() < 0.05:
                lines.append(lines[-1])
        if rng.random() < 0.06:
            lines.append(source.bad_report())
    return lines


def passing_days(source, days=20):
    """Brings every partition's clock forward: what was dated ends."""
    source.now += days * DAY
    return [line for number in range(source.partitions) for line in source.tick("reports", number)]


def bulk(rng, start, partitions, count):
    """Reports of one source, all there before the worker starts. No task's clock is moved by another and only
    the notices may come at another moment."""
    source = bulk_source(rng, start, partitions)
    return bulk_reports(source, count) + passing_days(source)
