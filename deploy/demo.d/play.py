"""Plays a day: calls come in as the workload says, and each ticket goes its way through people who do what their role allows.

The clock of the daemon is scaled; everything here waits in the time of that story.
"""

import heapq
import itertools
import random
import time
from collections import Counter

import steps
import wire
import workload
from wire import Messages as M

MINUTE = 60000
# Who repairs what, by the first letters of the category; anything else is for the general repairer.
TRADES = {"WAT": "plumber", "SAN": "plumber", "LEK": "waterproof", "ELE": "electrician", "PKG": "electrician", "ELV": "elv",
          "HVC": "hvac", "CIV": "mason", "DOR": "carpenter", "GRD": "general"}


class StoryClock:
    """The daemon's own time, carried on between two looks by the scale."""

    def __init__(self, scale):
        self.scale, self.base_ms, self.base = scale, 0, 0.0

    def set(self, server_ms):
        self.base_ms, self.base = server_ms, time.monotonic()

    def now(self):
        return int(self.base_ms + (time.monotonic() - self.base) * 1000 * self.scale)

    def wait_until(self, at_ms, stopped):
        while not stopped() and (left := (at_ms - self.now()) / 1000 / self.scale) > 0:
            time.sleep(min(left, 0.2))


class Ticket:
    """What the people at the desk know of a ticket: enough to say what they saw when they act on it."""

    def __init__(self, call):
        self.call, self.id, self.number, self.revision, self.state = call, 0, "", 0, ""
        self.office = call.office if call else None
        self.worker, self.clerk, self.priority = None, None, 9


class Day:
    def __init__(self, site, company, clock, rng, report):
        self.site, self.company, self.clock, self.rng, self.report = site, company, clock, rng, report
        self.heap, self.serial, self.stopping = [], itertools.count(), False
        self.journal, self.counts, self.refused = [], Counter(), Counter()

    # -- calls

    def ask(self, login, call, message):
        """A call as this person; logs in again when the shift is over and the session has ended."""
        opened = self.site.wires.get(login) or self.site.sign_in(login)
        try:
            return opened.ask(call, message)
        except wire.Refused as refused:
            if refused.answer.status != "UNAUTHENTICATED":
                raise
            return self.site.sign_in(login).ask(call, message)

    def write(self, ticket, login, call, message, what):
        """A write on a ticket; gives True when it was done. Who is late (the daemon resumed or closed it) looks at the record as it is now
        and does it again when that still makes sense. Any other refusal is counted and told, never hidden."""
        for _ in range(5):
            try:
                written = self.ask(login, call, message)
                break
            except wire.Refused as refused:
                if refused.answer.status != "CONFLICT" or not refused.answer.body:
                    self.refused[f"{what}: {refused.answer}"] += 1
                    return False
                current = wire.Wire.unpack("Record", refused.answer)
                if current.state != ticket.state:
                    ticket.state, ticket.revision = current.state, current.revision
                    self.counts["overtaken"] += 1
                    return False
                message.revision = current.revision
        else:
            self.refused[f"{what}: overtaken five times"] += 1
            return False
        ticket.id, ticket.revision, ticket.state = written.id, written.revision, written.state or ticket.state
        ticket.number = written.number or ticket.number
        if what == "intake":
            ticket.clerk = login
        self.counts[what] += 1
        self.journal.append({"what": what, "record": written.id, "event": written.event, "revision": written.revision,
                             "state": ticket.state, "by": login})
        return True

    # -- who does it

    def new_ticket(self, call):
        return Ticket(call)

    def clerk(self, office, rng):
        return rng.choice(office.of_role("cs_agent")).login

    def trade(self, ticket):
        return TRADES.get(ticket.call.category[:3], "general")

    def technician(self, ticket, rng):
        """Somebody of the trade; the second time somebody else. The one who works on it is remembered."""
        able = [m for m in ticket.office.of_role("tech") if self.trade(ticket) in m.trades]
        able = able or [m for m in ticket.office.of_role("tech") if "general" in m.trades]
        choice = [m.login for m in able if m.login != ticket.worker] or [m.login for m in able]
        ticket.worker = rng.choice(choice)
        return ticket.worker

    def login_of(self, ticket, who):
        """worker, clerk, other_clerk, or the holder of a role in the ticket's office."""
        if who == "worker":
            return ticket.worker
        clerks = [m.login for m in ticket.office.of_role("cs_agent")]
        if who == "clerk":
            return ticket.clerk or clerks[0]
        if who == "other_clerk":
            return next(login for login in clerks if login != ticket.clerk)
        return ticket.office.of_role(who)[0].login

    def act(self, ticket, who, verb, *fields, what=None, **more):
        request = steps.act_request(ticket.id, ticket.revision, verb, *fields, **more)
        return self.write(ticket, self.login_of(ticket, who), "RECORD_ACT", request, what or verb)

    def look(self, ticket):
        """The desk looks at what the daemon made of the call: its priority."""
        record = self.ask(self.login_of(ticket, "clerk"), "RECORD_SHOW", M.ShowRequest(id=ticket.id)).record
        ticket.revision, ticket.state, ticket.priority = record.revision, record.state, record.priority

    def approve(self, ticket, who):
        request = M.ApproveRequest(id=ticket.id, revision=ticket.revision, approve=True)
        return self.write(ticket, self.login_of(ticket, who), "RECORD_APPROVE", request, "approve")

    def as_login(self, ticket, who):
        login = self.login_of(ticket, who)
        return lambda call, message: self.ask(login, call, message)

    def photo(self, ticket, who="worker", record=0):
        """With a record it raises that record's revision: the picture is a change that others see."""
        address = steps.photo(self.as_login(ticket, who), ticket.office.id, record=record)
        ticket.revision += 1 if record else 0
        return address

    def code(self, ticket):
        return steps.owners_code(self.as_login(ticket, "clerk"), ticket.id)

    def household_of(self, call, rng):
        """The desk looks the flat up while the caller speaks; a common area belongs to nobody."""
        return self.find(call.office, call.household.room) if call.household else 0

    def household_in(self, office, rng):
        return self.find(office, rng.choice([h for h in office.households if h.occupied]).room)

    def find(self, office, room):
        found = self.ask(office.of_role("cs_agent")[0].login, "DIR_HOUSEHOLD_FIND",
                         M.HouseholdFindRequest(office=office.id, room=room, purpose="call"))
        return found.households[0].id if found.households else 0

    # -- the day

    def schedule(self, at_ms, life):
        heapq.heappush(self.heap, (at_ms, next(self.serial), life))

    def fill(self, samples, from_ms, until_ms, busy):
        for office in self.company.offices:
            for call in workload.repairs(self.rng, samples, office, busy, from_ms, until_ms):
                self.schedule(call.at_ms, steps.repair(self, call, random.Random(self.rng.random())))
            for at in workload.times(self.rng, visits_a_day(office, busy), from_ms, until_ms):
                self.schedule(at, steps.visit(self, office, random.Random(self.rng.random())))
            for at in workload.times(self.rng, calls_a_day(office), from_ms, until_ms):
                self.schedule(at, steps.duty_line(self, office, samples, random.Random(self.rng.random())))

    def play(self, until_ms):
        """Takes the next step in the order of the story until the time is over. A life is a generator: it acts, then says
        how many minutes pass until it acts again."""
        while self.heap and not self.stopping and self.heap[0][0] < until_ms:
            at, _, life = heapq.heappop(self.heap)
            self.clock.wait_until(at, lambda: self.stopping)
            if self.stopping:
                return
            try:
                minutes = next(life)
            except StopIteration:
                continue
            self.schedule(max(at, self.clock.now()) + int(minutes * MINUTE), life)
            self.report()
        if not self.stopping:
            self.clock.wait_until(until_ms, lambda: self.stopping)


def visits_a_day(office, busy):
    return workload.VISITS_PER_1000_A_DAY * len(office.households) / 1000 * busy


def calls_a_day(office):
    return workload.CALLS_PER_1000_A_DAY * len(office.households) / 1000
