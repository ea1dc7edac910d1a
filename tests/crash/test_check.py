#!/usr/bin/python3
"""The checker is shown every kind of damage that it exists for, and must name it."""

import hashlib
import unittest

import check
from check import audit

KEYS = [bytes([n]) * 16 for n in range(1, 5)]


def entry(index, key=None, subject=7, revision=1, previous=audit.NONE, before="", after="NEW", device=3):
    made = {"version": 1, "means": 0, "type": 2, "has": 0, "index": index, "recorded_at": 1000 + index, "epoch": 1, "office": 1,
            "actor": 2, "device": device, "subject": subject, "revision": revision, "call": 0x401, "policy": 1,
            "subject_kind": 1, "previous": previous, "role": "cs_agent", "action": "note", "from": before, "to": after}
    if key:
        made["request_key"] = key
    return made


class Check(unittest.TestCase):
    def setUp(self):
        self.entries = [entry(0, KEYS[0]), entry(1, KEYS[1], revision=2, previous=0, before="NEW", after="TRIAGED")]
        self.journal = [f"S {k.hex()} 1281 0 0" for k in KEYS[:3]]
        self.journal += [f"A {KEYS[0].hex()} 0 0 7 1 NEW", f"A {KEYS[1].hex()} 0 1 7 2 TRIAGED",
                         f"A {KEYS[2].hex()} 6 0 0 0 flow.not_allowed"]
        self.records = ["K 7 2 TRIAGED"]

    def kinds(self, root=None):
        raw = [audit.encode(e) for e in self.entries]
        leaves = [audit.leaf_hash(r) for r in raw]
        lines = [f"H {len(raw)} {(root or audit.root(leaves)).hex()} 1"]
        lines += [f"E {e['index']} {r.hex()} {h.hex()}" for e, r, h in zip(self.entries, raw, leaves)]
        found = check.check(check.Journal(self.journal), check.Export(lines + self.records), {3})
        return {kind for kind, n in check.count(found).items() if n}

    def test_sound(self):
        self.assertEqual(self.kinds(), set())

    def test_repeated_answer_is_fine(self):
        self.journal += [f"R {KEYS[0].hex()}", f"A {KEYS[0].hex()} 0 0 7 1 NEW"]
        self.assertEqual(self.kinds(), set())

    def test_lost(self):
        self.entries.pop()
        self.records = ["K 7 1 NEW"]
        self.assertEqual(self.kinds(), {"lost"})

    def test_lost_record(self):
        self.records = ["K 7 0 -"]
        self.assertEqual(self.kinds(), {"lost"})

    def test_other_entry_in_its_place(self):
        self.journal[3] = f"A {KEYS[0].hex()} 0 0 8 1 NEW"
        self.assertEqual(self.kinds(), {"lost"})

    def test_doubled_entry(self):
        self.entries.append(entry(2, KEYS[1], revision=3, previous=1, before="TRIAGED", after="TRIAGED"))
        self.records = ["K 7 3 TRIAGED"]
        self.assertEqual(self.kinds(), {"doubled"})

    def test_entries_of_one_command(self):
        self.entries.append(entry(2, KEYS[1], revision=3, previous=1, before="TRIAGED", after="TRIAGED"))
        self.entries[2]["action"] = "begin_follow_up"
        self.journal[4] = f"A {KEYS[1].hex()} 0 1 7 3 TRIAGED"
        self.records = ["K 7 3 TRIAGED"]
        self.assertEqual(self.kinds(), set())

    def test_doubled_later(self):
        self.entries.append(entry(2, previous=1, revision=3, before="TRIAGED", after="TRIAGED"))
        self.entries.append(entry(3, KEYS[1], previous=2, revision=4, before="TRIAGED", after="TRIAGED"))
        self.entries[3]["action"] = "begin_follow_up"
        self.records = ["K 7 4 TRIAGED"]
        self.assertEqual(self.kinds(), {"doubled"})

    def test_doubled_answer(self):
        self.journal.append(f"A {KEYS[0].hex()} 0 5 9 1 NEW")
        self.assertEqual(self.kinds(), {"doubled"})

    def test_refused_but_applied(self):
        self.entries.append(entry(2, KEYS[2], revision=3, previous=1, before="TRIAGED", after="TRIAGED"))
        self.records = ["K 7 3 TRIAGED"]
        self.assertEqual(self.kinds(), {"phantom"})

    def test_never_sent(self):
        self.entries.append(entry(2, KEYS[3], revision=3, previous=1, before="TRIAGED", after="TRIAGED"))
        self.records = ["K 7 3 TRIAGED"]
        self.assertEqual(self.kinds(), {"phantom"})

    def test_unknown(self):
        self.journal.pop()
        self.assertEqual(self.kinds(), {"unknown"})

    def test_wrong_root(self):
        self.assertEqual(self.kinds(hashlib.sha256(b"x").digest()), {"broken"})

    def test_broken_chain(self):
        self.entries[1]["previous"] = audit.NONE
        self.assertEqual(self.kinds(), {"broken"})

    def test_states_do_not_join(self):
        self.entries[1]["from"] = "WORKING"
        self.assertEqual(self.kinds(), {"broken"})

    def test_record_differs_from_log(self):
        self.records = ["K 7 2 CLOSED"]
        self.assertEqual(self.kinds(), {"broken"})


class Tree(unittest.TestCase):
    def test_rfc_6962_by_definition(self):
        def slow(leaves):
            if len(leaves) == 1:
                return leaves[0]
            k = 1
            while k * 2 < len(leaves):
                k *= 2
            return hashlib.sha256(b"\1" + slow(leaves[:k]) + slow(leaves[k:])).digest()

        for n in list(range(1, 70)) + [255, 256, 257, 1000]:
            leaves = [audit.leaf_hash(bytes([i % 256, i // 256])) for i in range(n)]
            self.assertEqual(audit.root(leaves), slow(leaves), n)


unittest.main()
