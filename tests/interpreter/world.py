# SPDX-License-Identifier: Apache-2.0
"""Subjects, the order of records, timers, signals and what is published.

One Subject holds the facts of one key as plain lists; every figure is computed again from the
whole list when it is asked for. A signal is a record with the time at which it was sent.
"""

import collections

import policy as policy_file

TOPICS = ("reports", "verdicts", "appeals", "chat-events", "claims", "authority-requests",
          "accounts")
# What is compared, a list of entries of each kind for a subject.
WHAT = ("restrictions", "standings", "peers", "reviews", "outcomes", "signals", "notices",
        "authority", "refused", "held", "dead")


class Subject:
    def __init__(self, name):
        self.name = name
        self.kind, _, self.id = name.partition(":")
        self.out = {what: [] for what in WHAT}
        self.silent = []  # [from, to] while the notices' own topology drops what he is sent
        self.doubts = set()
        self.standing, self.shown = None, False
        self.clear()

    def clear(self):
        self.events, self.reports, self.cases, self.violations = [], [], [], []
        self.restrictions, self.reviews, self.warnings, self.changes = [], [], [], []
        self.account, self.hold_of_law = "ACTIVE", set()
        self.behaviour, self.trips = [], []                      # a USER's chat events
        self.roles, self.marks = [], []                           # a ROOM's
        self.asked_alone_at = None
        self.proofs, self.needed = [], []                        # of the person who proves
        self.orders, self.waiting_orders = [], []
        self.told, self.abuse_at, self.klass = {}, None, "NORMAL"  # a REPORTER's
        self.tag, self.tombstones = None, []                                     # of USER:rj.TAG
        self.held = []
        self.tipped, self.stood = set(), False  # ledgers with a first warning; ever had a standing

    def running(self):
        return [r for r in self.restrictions if r["state"] == "RUNNING"]

    def step_running(self, ledger):
        """The ladder step in force on a ledger."""
        return next((r for r in reversed(self.running())
                     if r["step"] and r["ledger"] == ledger and ledger != "NONE"), None)


class World:
    def __init__(self, policy):
        self.policy = policy
        self.versions = [(policy, policy["version"], 0)]
        self.now = 0
        self.subjects = {}
        self.signals = collections.deque()
        self.applied = {}  # breaker: (category, hour) -> [scope sets applied]

    # Order of records (I.1, I.2) -----------------------------------------------------------------

    def run(self, lines):
        """Reads a whole input; the subjects then hold what came of it."""
        block = []
        for line in lines + [None]:
            if line is not None and "topic" in line:
                block.append(line)
                continue
            self.merge(block)
            block = []
            if line is not None and "advance" in line:
                self.advance(line["advance"])
            elif line is not None:
                self.advance(line["timestamp"])
                self.publish_policy(line)
        return self.subjects

    def merge(self, lines):
        """Causal order: the topic whose next unread record is the oldest goes on."""
        queues = [collections.deque(line for line in lines if line["topic"] == topic)
                  for topic in TOPICS]
        while any(queues):
            queue = min((q for q in queues if q), key=lambda q: q[0]["timestamp"])
            if self.signals and self.signals[0][0] <= queue[0]["timestamp"]:
                self.signal()
            else:
                self.record(queue.popleft())
        self.deliver()

    def advance(self, to):
        self.fire(max(to, self.now))
        self.now = max(to, self.now)

    def record(self, line):
        self.advance(line["timestamp"])
        value, subject = line["value"], self.subject_of(line["value"])
        seen = (line["topic"], value["event_id"])
        horizon = self.policy["cases"]["duplicate_horizon"]
        if any(e == seen and t > self.now - horizon for e, t in subject.events):
            return
        if self.is_forgotten_by_now(subject):
            subject.tipped = set()
        subject.events.append((seen, self.now))
        reason = self.bad(value, line["type"], line["timestamp"])
        if reason:
            subject.out["dead"].append(reason)
        elif subject.account == "WITHDRAWN" and self.is_gone(subject, line["type"], value):
            pass
        else:
            self.HANDLERS[line["type"]](self, subject, value)
        if subject.account == "WITHDRAWN" and not subject.hold_of_law:
            subject.events = []  # nothing is kept (I.22)

    def is_forgotten_by_now(self, subject):
        """Whoever never had a standing begins anew once nothing of him can matter any more."""
        if subject.stood or subject.account != "ACTIVE" or subject.hold_of_law or any(
                each["open"] for each in subject.cases + subject.reviews):
            return False
        appeal, horizon = self.policy["clocks"]["appeal_window"], \
            self.policy["cases"]["duplicate_horizon"]
        stale = max(s["window"] for s in self.policy["severities"].values() if "window" in s)
        ends = [t + horizon for _, t in subject.events] + [r["at"] + horizon for r in subject.reports]
        ends += [case["closed_at"] + appeal + 1 for case in subject.cases if "closed_at" in case]
        ends += [v["act_at"] + stale for v in subject.violations if v["weight"]]
        return max(ends, default=0) <= self.now

    def subject_of(self, value):
        return self.subject(value["subject_kind"] + ":" + value["subject_id"])

    def subject(self, name):
        if name not in self.subjects:
            self.subjects[name] = Subject(name)
        return self.subjects[name]

    def doubt(self, subject, what):
        """Remembers that the subject met a rule on which the engine is known to differ."""
        subject.doubts.add(what)

    # Policy versions (I.26) ----------------------------------------------------------------------

    def publish_policy(self, line):
        """A later version, already read by the caller; one that comes too late is refused."""
        new = line["policy"]
        if not new["genesis"] and new["effective_at"] < 7 * 86_400_000 + max(
                new["announced_at"], line["timestamp"]):
            return
        if not new["shadow"]:
            self.versions.append((new, new["version"], new["effective_at"]))

    def at(self, act_at):
        """The policy that judges an act, and its version."""
        known = [v for v in self.versions if v[2] <= act_at] or self.versions[:1]
        return max(known, key=lambda v: (v[2], v[1]))

    def category(self, name):
        return self.policy["categories"][name]

    def traits(self, name):
        return self.category(name).get("traits", [])

    def area_class(self, area):
        return self.policy["areas"][area]["class"]

    def ledger(self, subject, area):
        """The strike account: a room and a profile have one of their own."""
        if subject.kind == "USER":
            return self.policy["areas"][area]["ledger"]
        return "REPORTER" if subject.kind == "REPORTER" else "ROOM"

    def scopes(self, name):
        return policy_file.scopes(self.policy, name)

    # Timers (I.1, I.3) ---------------------------------------------------------------------------

    def fire(self, to):
        """Every timer due at or before `to`, by due time; each acts as if it were then."""
        while True:
            due = [(timer[0], timer[1], name, timer[2:])
                   for name, subject in list(self.subjects.items())
                   for timer in self.timers(subject) if timer[0] <= to]
            if not due:
                return
            when, _, name, (act, *what) = min(due, key=lambda d: d[:3])
            self.now, clock = when, self.now
            act(self, self.subjects[name], *what)
            self.deliver()
            self.now = max(clock, when)

    # Signals -------------------------------------------------------------------------------------

    def send(self, subject, to, kind, *more, **values):
        """Tells another subject; `more` is what is compared beside the kind."""
        target = self.subject(to)
        if kind == "REPORT_OUTCOME":
            target.out["outcomes"].append((values["report"], values["outcome"], self.now))
        else:
            target.out["signals"].append((kind.removesuffix("_THEFT"), subject.name, *more))
        self.signals.append((self.now, target, kind, subject, values))

    def deliver(self):
        while self.signals:
            self.signal()

    def signal(self):
        _, target, kind, origin, values = self.signals.popleft()
        if kind in self.SIGNALS and target.account != "WITHDRAWN":
            self.SIGNALS[kind](self, target, origin, values)

    # What is published ---------------------------------------------------------------------------

    def notice(self, addressee, kind, *more):
        """A notice to a USER; nobody writes to a memorial or to who has left (F14)."""
        target = self.subject("USER:" + addressee)
        if not self.is_silent(target):
            target.out["notices"].append((kind, *more))

    def is_silent(self, subject):
        return bool(subject.silent) and subject.silent[-1][1] is None

    def account_becomes(self, subject, state):
        subject.account, gone = state, state in ("MEMORIAL", "WITHDRAWN")
        if gone and not self.is_silent(subject):
            subject.silent.append([self.now, None])
        elif not gone and self.is_silent(subject):
            subject.silent[-1][1] = self.now

    def tell(self, subject, kind, *more):
        """A notice to the person who is the subject."""
        if subject.kind in ("USER", "REPORTER"):
            self.notice(subject.id, kind, *more)

    def tell_of(self, subject, r, kind, *more):
        """A notice of a measure; a room's goes to its present owner, a profile's to its user (I.28, I.14)."""
        if subject.kind in ("USER", "REPORTER"):
            return self.notice(subject.id, kind, *more)
        who = self.owner(subject, None) if subject.kind == "ROOM" else self.profile_user(r["case"])
        return self.notice(who, kind, *more) if who else None

    def refuse(self, subject):
        subject.out["refused"].append("REFUSE")

    def ask(self, subject, kind, category, ledger, case=None, first=False, more=()):
        """A person is asked; one open review of a kind per case or ladder (I.6)."""
        for review in subject.reviews:
            if review["open"] and review["kind"] == kind and (
                    review["case"] is case if case is not None
                    else review["case"] is None and review["ledger"] == ledger):
                return None
        review = {"kind": kind, "open": True, "case": case, "ledger": ledger,
                  "category": category}
        subject.reviews.append(review)
        subject.out["reviews"].append((self.now, kind, "OPEN", category or "NONE", ledger or "NONE",
                                       "first" if first else "later", *more))
        return review

    def question(self, subject, kind, category):
        """A person is asked about a record of its own: nothing of it is kept (I.27)."""
        subject.out["reviews"].append((self.now, kind, "OPEN", category or "NONE", "NONE", "later"))

    def close_review(self, subject, review):
        if review is not None and review["open"]:
            review["open"] = False
            subject.out["reviews"].append((self.now, review["kind"], "CLOSE"))

    def apply(self, subject, r, old=None, tell=True):
        """A measure; `old` ends in the same instant without a record of its own."""
        r = dict({"stage": 0, "scopes": set(), "area": "ALL", "ledger": "NONE", "target": None,
                  "case": None, "step": False, "version": self.at(self.now)[1], "violation": None,
                  "reviewer": None, "disclosed": True, "expires_at": None, "category": None}, **r)
        r.update(state="RUNNING", decided_at=self.now, starts_at=self.now, appeal=None,
                 n=len(subject.restrictions), frozen=False)
        if old:
            old["state"] = "SUPERSEDED"
        subject.restrictions.append(r)
        self.publish(subject, "APPLY", r, None, old)
        if r["measure"] == "CONTENT_REMOVE":
            r["state"] = "DONE"  # an event, not an item (G2): nothing is in force
        if tell:
            self.tell_applied(subject, r)
        return r

    def tell_applied(self, subject, r):
        owner = r["violation"] and r["violation"]["owner"]
        if owner and r["measure"] == "OWNER_RESTRICT":
            self.tell(subject, "OWNER_LIABILITY")
        elif subject.kind == "REPORTER":
            self.tell(subject, "REPORTER_SUSPENDED")
        else:
            self.tell_of(subject, r, "RESTRICTION_APPLIED", r["measure"])

    def end(self, subject, r, reason, tell=True):
        """LIFT: the measure ends, by its time, a person, or a fact."""
        r["state"] = "ENDED"
        self.publish(subject, "LIFT", r, reason)
        if tell:
            protection = r["measure"] == "USER_PROTECTION"
            self.tell_of(subject, r, *(("PROTECTION_LIFTED",) if protection
                                       else ("RESTRICTION_LIFTED", r["measure"])))

    def publish(self, subject, op, r, reason, old=None):
        state = {"APPLY": "PROVISIONAL" if r["measure"] == "PROVISIONAL_HOLD" else "IN_FORCE",
                 "LIFT": "EXPIRED" if reason == "EXPIRED" else "LIFTED",
                 "REVERSE": "REVERSED"}.get(op, "PROVISIONAL" if r["measure"] == "PROVISIONAL_HOLD"
                                            else "IN_FORCE")
        if r["frozen"] and op in ("CHANGE", "SHORTEN", "EXTEND"):
            state = "FROZEN_MEMORIAL"
        subject.changes.append(r)
        subject.out["restrictions"].append((
            r["n"], op, r["measure"], r["target"], r["ledger"], r["area"],
            " ".join(sorted(r["scopes"])), r["stage"], r["decided_at"], r["starts_at"],
            r["expires_at"], state, reason, old["n"] if old else None, r["version"],
            r["disclosed"]))
        self.show(subject)

    def show(self, subject):
        """Standing and peer display, where they change (I.17, F24)."""
        items = sorted((r["n"], r["measure"], r["ledger"], r["area"], r["stage"], r["expires_at"],
                        " ".join(sorted(r["scopes"])), r["frozen"])
                       for r in subject.running() if r["measure"] != "CONTENT_REMOVE")
        standing = (subject.account, subject.klass, items)
        if not items and subject.klass == "NORMAL" \
                and subject.account in ("ACTIVE", "REJOINED", "WITHDRAWN"):
            standing = None
        if standing != subject.standing:
            subject.standing, subject.stood = standing, True
            subject.out["standings"].append(standing and (True, *standing))
        shown = subject.kind == "USER" and any(
            {"ALL", "APP_RUN"} & set(r["scopes"])
            or ((r["ledger"] == "CHAT" or r["area"] == "ALL")
                and {"SEND", "RECEIVE"} & set(r["scopes"])) for r in subject.running())
        if shown != subject.shown:
            subject.shown = shown
            subject.out["peers"].append(shown)
