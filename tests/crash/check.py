"""Compares what the desk was told with what the daemon's audit log and records say. Pure: see test_check.py.

    lost      a write that was acknowledged is not in the log, or another one is in its place
    doubled   a request key stands in the log more than once, or was answered in two ways
    phantom   the log holds a write of the desk that was never sent, or one that was refused
    unknown   a write whose outcome the desk never learnt
    broken    the log or a record does not fit together
"""

import os
import sys
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../deploy/lib"))
import audit

OK = "0"
# Entries that change a record: actions and timers. Records have kinds below all other subjects.
CHANGES, RECORD_KINDS = (2, 3), 0x8000


class Journal:
    """The lines of journal.h."""

    def __init__(self, lines):
        self.sent, self.answers, self.again = {}, {}, Counter()
        for line in lines:
            word = line.split()
            if word[0] == "S":
                self.sent[word[1]] = int(word[2])
            elif word[0] == "R":
                self.again[word[1]] += 1
            elif word[0] == "A":
                self.answers.setdefault(word[1], []).append(tuple(word[2:7]))

    def records(self):
        return sorted({int(a[2]) for answers in self.answers.values() for a in answers if a[0] == OK})


class Export:
    """The lines of crash_export: the log, decoded, and the records."""

    def __init__(self, lines):
        self.size, self.root, self.entries, self.raw, self.leaves, self.records = 0, b"", [], [], [], {}
        for line in lines:
            word = line.split()
            if word[0] == "H":
                self.size, self.root = int(word[1]), bytes.fromhex(word[2])
            elif word[0] == "E":
                self.raw.append((int(word[1]), bytes.fromhex(word[2]), bytes.fromhex(word[3])))
            elif word[0] == "K":
                self.records[int(word[1])] = (int(word[2]), word[3])
        self.entries = [audit.decode(data) for _, data, _ in self.raw]


def check_tree(export):
    wrong = []
    if [index for index, _, _ in export.raw] != list(range(export.size)):
        wrong.append("broken: the entries are not numbered 0, 1, 2 …")
    for index, data, leaf in export.raw:
        if audit.leaf_hash(data) != leaf:
            wrong.append(f"broken: leaf hash of entry {index}")
    if audit.root([leaf for _, _, leaf in export.raw]) != export.root:
        wrong.append("broken: the root is not that of the entries")
    return wrong


def check_subjects(export):
    """The entries of every record form a chain: previous points back, states join."""
    wrong, last = [], {}
    for index, entry in enumerate(export.entries):
        if entry["type"] not in CHANGES or entry["subject_kind"] >= RECORD_KINDS:
            continue
        subject = (entry["subject_kind"], entry["subject"])
        before = last.get(subject)
        if entry["previous"] != (before[0] if before else audit.NONE):
            wrong.append(f"broken: entry {index} does not point at the one before of its subject")
        if before and entry["from"] and before[1]["to"] and entry["from"] != before[1]["to"]:
            wrong.append(f"broken: entry {index} goes on from {entry['from']}, not from {before[1]['to']}")
        last[subject] = (index, entry)
    return wrong


def check_writes(journal, export):
    wrong, by_key = [], {}
    for index, entry in enumerate(export.entries):
        if entry.get("request_key"):
            by_key.setdefault(entry["request_key"].hex(), []).append(index)
    for key in journal.sent:
        answers = set(journal.answers.get(key, ()))
        entries = by_key.get(key, [])
        if not answers:
            wrong.append(f"unknown: {key}")
        elif len({a[:4] for a in answers}) > 1:
            wrong.append(f"doubled: {key} was answered in two ways: {sorted(answers)}")
        elif next(iter(answers))[0] == OK:
            wrong += check_acknowledged(export, key, next(iter(answers)), entries)
        elif entries:
            wrong.append(f"phantom: {key} was refused, but entry {entries[0]} holds it")
    return wrong


def check_acknowledged(export, key, answer, entries):
    _, event, subject, revision, _ = answer
    if not entries:
        return [f"lost: {key}, acknowledged as entry {event}"]
    if len(entries) > 1 and not is_one_command(export, entries):
        return [f"doubled: {key} stands in entries {entries}"]
    own = [export.entries[i] for i in entries if export.entries[i]["subject"] == int(subject)]
    if int(event) not in entries or not own or int(revision) not in [e["revision"] for e in own]:
        holds = [(e["index"], e["subject"], e["revision"], e["action"]) for e in (export.entries[i] for i in entries)]
        return [f"lost: {key} was acknowledged as {(event, subject, revision)}, its entries are {holds}"]
    return []


def is_one_command(export, entries):
    """One command may append several entries, one after the other; none of them says the same twice."""
    said = {(e["subject_kind"], e["subject"], e["action"], e["type"]) for e in (export.entries[i] for i in entries)}
    return entries == list(range(entries[0], entries[0] + len(entries))) and len(said) == len(entries)


def check_phantoms(journal, export, devices):
    """Everything that the desk's devices did after it began was sent by it."""
    wrong = []
    began = min((i for i, e in enumerate(export.entries) if e.get("request_key", b"").hex() in journal.sent), default=0)
    for index, entry in enumerate(export.entries[began:], began):
        if entry["device"] in devices and entry.get("request_key") and entry["request_key"].hex() not in journal.sent:
            wrong.append(f"phantom: entry {index} was never sent")
    return wrong


def check_records(export):
    wrong, last = [], {}
    for entry in export.entries:
        if entry["to"]:
            last[entry["subject"]] = entry
    for record, (revision, state) in export.records.items():
        entry = last.get(record)
        if entry is None or revision == 0:
            wrong.append(f"lost: record {record}")
        elif (entry["revision"], entry["to"]) != (revision, state):
            wrong.append(f"broken: record {record} is {state} at revision {revision}, "
                         f"its log ends with {entry['to']} at {entry['revision']}")
    return wrong


def check(journal, export, devices):
    return (check_tree(export) + check_subjects(export) + check_writes(journal, export)
            + check_phantoms(journal, export, devices) + check_records(export))


def count(wrong):
    kinds = Counter(line.split(":")[0] for line in wrong)
    return {kind: kinds.get(kind, 0) for kind in ("lost", "doubled", "phantom", "unknown", "broken")}
