"""Counts a played day again, from what the daemon gives out, without any of its code: every ticket, deadline and audit entry.

The flow, the figures and the calendar's arithmetic are written down here a second time, by another hand: where the two
readings differ, one of them is wrong.
"""

import csv
from collections import Counter, defaultdict
from datetime import timedelta

import audit
import deadlines

ACTION, TIMER = 2, 3
# Subjects below this are records, whose changes form a chain; households, users and so on have larger numbers.
RECORD_KINDS = 0x8000
# Flow of a repair ticket: from -> to that people or the daemon may take.
FLOW = {
    "": {"NEW", "TRIAGED"},
    "NEW": {"TRIAGED", "MERGED", "CANCELLED"},
    "TRIAGED": {"DISPATCHED", "TO_REWORK", "CANCELLED", "MERGED"},
    "DISPATCHED": {"ACCEPTED", "TRIAGED", "CANCELLED"},
    "ACCEPTED": {"APPOINTED", "ARRIVED", "ON_HOLD", "CANCELLED", "DISPATCHED", "TRIAGED"},
    "APPOINTED": {"ARRIVED", "CANCELLED", "DISPATCHED", "TRIAGED", "NO_ENTRY"},
    "ARRIVED": {"QUOTED", "WORKING", "ON_HOLD", "TO_REWORK"},
    "QUOTED": {"WORKING", "CANCELLED"},
    "WORKING": {"ON_HOLD", "TO_REWORK", "DONE"},
    "ON_HOLD": {"WORKING"},
    "DONE": {"OWNER_ACCEPTED", "REDO", "NOT_CONFIRMED"},
    "OWNER_ACCEPTED": {"FOLLOW_UP", "CLOSED"},
    "FOLLOW_UP": {"CLOSED", "REDO"},
    "CLOSED": {"REDO"},
    "NOT_CONFIRMED": {"REDO"},
    "NO_ENTRY": {"REDO"},
    "REDO": {"DISPATCHED"},
    "TO_REWORK": {"DONE", "TRIAGED"},
}


def act_of(entry):
    """The act that an entry put into effect, or None: one that needs a second person takes effect with the consent (待审批), not
    with the request."""
    if entry["type"] != ACTION or entry.get("reason") == "consent.asked":
        return None
    return entry["reason"] if entry["action"] == "approve" else entry["action"]


def revisions_of_command(entries, first):
    """The revision an entry gives its record, and those of the daemon's own steps that follow it in the same breath."""
    begun, found = entries[first], {entries[first]["revision"]}
    for entry in entries[first + 1:]:
        if entry["actor"] != 0 or entry["recorded_at"] != begun["recorded_at"]:
            break
        if (entry["subject_kind"], entry["subject"]) == (begun["subject_kind"], begun["subject"]):
            found.add(entry["revision"])
    return found


class Calendar:
    """Working days of the product's own table."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            rows = csv.DictReader((line for line in file if not line.startswith("#")), delimiter="\t")
            self.working = {row["date"]: row["is_workday"] == "1" for row in rows}

    def is_working(self, day):
        return self.working.get(day.isoformat(), day.weekday() < 5)

    def add_working(self, day, count):
        while count:
            day += timedelta(days=1)
            count -= self.is_working(day)
        return day


class Recount:
    def __init__(self):
        self.wrong, self.counted = [], Counter()

    def expect(self, holds, text):
        if not holds:
            self.wrong.append(text)

    # -- the audit log

    def audit_log(self, rows, head):
        """rows: (index, entry bytes, leaf hash) in order; head: size and root as the daemon states them."""
        self.expect(len(rows) == head.size, f"the log has {len(rows)} entries, its head says {head.size}")
        leaves = []
        entries, last = [], {}
        for at, (index, data, leaf) in enumerate(rows):
            self.expect(index == at, f"entry {index} stands at {at}")
            self.expect(audit.leaf_hash(data) == leaf, f"entry {index}: leaf hash differs")
            leaves.append(audit.leaf_hash(data))
            entry = audit.decode(data)
            self.expect(entry["index"] == index, f"entry {index} calls itself {entry['index']}")
            if entry["type"] in (ACTION, TIMER) and entry["subject_kind"] < RECORD_KINDS:
                subject = (entry["subject_kind"], entry["subject"])
                self.expect(entry["previous"] == last.get(subject, audit.NONE),
                            f"entry {index} ({entry['action']} on {subject}) names {entry['previous']} as the one before, "
                            f"not {last.get(subject)}")
                last[subject] = index
            if entries:
                self.expect(entry["recorded_at"] >= entries[-1]["recorded_at"], f"entry {index}: time runs backwards")
            entries.append(entry)
        self.expect(audit.root(leaves) == head.root, "the root of the tree differs")
        self.counted["entries"] = len(entries)
        return entries

    # -- tickets against their entries

    def tickets(self, entries, shown, journal, cities, calendar):
        """shown: id -> Record of every ticket; journal: what the players were told; cities: of the offices."""
        trail = defaultdict(list)
        kinds = {record.kind for record in shown.values()}
        for entry in entries:
            if entry["subject_kind"] in kinds and entry["subject"] in shown:
                trail[entry["subject"]].append(entry)
        for record in shown.values():
            self.ticket(record, trail[record.id])
            self.deadlines(record, trail[record.id], cities[record.office], calendar)
        made = {row["record"] for row in journal if row["what"] == "intake"}
        self.expect(made == set(shown), f"{len(made)} tickets were taken in, {len(shown)} are there")
        for row in journal:
            entry = entries[row["event"]] if row["event"] < len(entries) else None
            told = entry and (entry["subject"], revisions_of_command(entries, row["event"]))
            self.expect(told and told[0] == row["record"] and row["revision"] in told[1],
                        f"{row['what']} was acknowledged as entry {row['event']}, which says {told}")
            self.counted["acknowledged writes"] += 1
        self.numbers(shown)

    def ticket(self, record, trail):
        """The states and revisions that the entries tell are those of the record, and each step is one of the flow."""
        name = record.number
        self.counted["tickets"] += 1
        self.expect(bool(trail), f"{name}: no entry")
        state, revision = "", 0
        for entry in trail:
            self.expect(entry["revision"] in (revision, revision + 1),
                        f"{name}: revision {revision} is followed by {entry['revision']}")
            revision = entry["revision"]
            after = entry["to"] or state
            if after != state:
                self.expect(entry["from"] == state, f"{name}: goes on from {entry['from']}, but was {state}")
                self.expect(after in FLOW.get(state, ()), f"{name}: no way leads from {state} to {after}")
                self.counted["steps"] += 1
            state = after
        self.expect((state, revision) == (record.state, record.revision),
                    f"{name} is {record.state} at {record.revision}, its entries end with {state} at {revision}")

    def deadlines(self, record, trail, city, calendar):
        """Every clock of the record has the start, the end and the pauses that the figures and the acts give."""
        acts = [(name, e.get("stated_at") or e["recorded_at"], e["from"], e["to"]) for e in trail if (name := act_of(e))]
        times = {field.key: field.time for field in record.fields if field.WhichOneof("value") == "time"}
        mine = deadlines.clocks_of(acts, record.received_at, record.priority, record.category, city, times, calendar)
        theirs = {timer.name: timer for timer in record.timers if timer.due_at}
        self.expect(set(mine) == set(theirs), f"{record.number} has the clocks {sorted(theirs)}, not {sorted(mine)}")
        for name in set(mine) & set(theirs):
            clock, due = mine[name]
            told = theirs[name]
            self.counted["deadlines"] += 1
            self.expect((told.started_at, told.due_at) == (clock.started, due),
                        f"{record.number} P{record.priority} {name}: due {told.due_at - due:+} ms off, "
                        f"started {told.started_at - clock.started:+} ms off")
            self.expect((told.stopped_at, told.paused_ms) == (clock.stopped, clock.paused),
                        f"{record.number} {name}: stopped {told.stopped_at}, paused {told.paused_ms}; "
                        f"counted {clock.stopped} and {clock.paused}")
            # A breach stays on record even when another appointment is agreed upon later.
            if told.stopped_at and not told.old_due_at:
                self.expect(told.met == (told.stopped_at <= due), f"{record.number} {name}: kept or not is told wrongly")

    def numbers(self, shown):
        """A series has no gaps: its numbers are 1, 2, 3 … for each office and year."""
        series = defaultdict(list)
        for record in shown.values():
            series[record.number[:-6]].append(int(record.number[-6:]))
        for prefix, numbers in series.items():
            self.expect(sorted(numbers) == list(range(1, len(numbers) + 1)), f"series {prefix}: {sorted(numbers)[:5]} …")
            self.counted["number series"] += 1

    def others(self, entries, journal):
        """Visits and lines of the duty log: every acknowledged write is the entry that it was said to be."""
        for row in journal:
            entry = entries[row["event"]] if row["event"] < len(entries) else {}
            self.expect((entry.get("subject"), entry.get("to") or row["state"]) == (row["record"], row["state"]),
                        f"{row['what']}: entry {row['event']} is about something else")
            self.counted["other writes"] += 1
