"""Reads the audit log's canonical entries and computes its tree, from the description in proto/PROTOCOL.md alone: a second
reading, by another hand and in another language, of what the daemon wrote.
"""

import hashlib
import struct

NONE = 2**64 - 1

FIXED = struct.Struct(">BBHIQqIIQQQIIIHQ")
FIXED_NAMES = ("version", "means", "type", "has", "index", "recorded_at", "epoch", "office", "actor", "device", "subject",
               "revision", "call", "policy", "subject_kind", "previous")
WORDS = ("role", "action", "from", "to")
TYPES = {1: "genesis", 2: "action", 3: "timer", 4: "read", 5: "directory", 6: "access", 7: "policy", 8: "import", 9: "draw",
         10: "restore", 11: "erasure", 12: "complaint", 13: "checkpoint", 14: "alarm", 15: "correction", 16: "export"}


class Malformed(Exception):
    pass


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        if self.at + size > len(self.data):
            raise Malformed(f"entry ends after {len(self.data)} bytes, {self.at + size} are needed")
        part = self.data[self.at:self.at + size]
        self.at += size
        return part

    def number(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def word(self):
        return self.take(self.number(">B")).decode("ascii")


# In the order of their bits: name and how it is read.
OPTIONAL = [
    ("stated_at", lambda r: r.number(">q")), ("acting_for", lambda r: r.number(">Q")),
    ("second", lambda r: r.number(">Q")), ("request_key", lambda r: r.take(16)), ("text", lambda r: r.take(32)),
    ("change", lambda r: r.take(32)), ("reason", lambda r: r.word()),
    ("related", lambda r: (r.number(">H"), r.number(">Q"))), ("value", lambda r: r.number(">q")),
    ("object", lambda r: r.take(32)),
]


def decode(data):
    """An entry as a dictionary; optional parts are there only when they are in the entry."""
    reader = Reader(data)
    entry = dict(zip(FIXED_NAMES, FIXED.unpack(reader.take(FIXED.size))))
    if entry["version"] != 1:
        raise Malformed(f"version {entry['version']}")
    for name in WORDS:
        entry[name] = reader.word()
    for bit, (name, read) in enumerate(OPTIONAL):
        if entry["has"] >> bit & 1:
            entry[name] = read(reader)
    if entry["has"] >> len(OPTIONAL) or reader.at != len(data):
        raise Malformed("bytes that version 1 does not know")
    return entry


def encode(entry):
    """The inverse, for tests."""
    entry = dict(entry)
    entry["has"] = sum(1 << bit for bit, (name, _) in enumerate(OPTIONAL) if name in entry)
    out = FIXED.pack(*(entry[name] for name in FIXED_NAMES))
    for name in WORDS:
        out += bytes([len(entry[name])]) + entry[name].encode()
    for name, _ in OPTIONAL:
        if name not in entry:
            continue
        value = entry[name]
        if name in ("acting_for", "second"):
            out += struct.pack(">Q", value)
        elif name in ("stated_at", "value"):
            out += struct.pack(">q", value)
        elif name == "related":
            out += struct.pack(">HQ", *value)
        elif name == "reason":
            out += bytes([len(value)]) + value.encode()
        else:
            out += value
    return out


def leaf_hash(data):
    return hashlib.sha256(b"\0" + data).digest()


def root(leaves):
    """RFC 6962: the tree hash of a list of leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    # Whole subtrees from left to right with their heights; equal neighbours are joined.
    stack = []
    for leaf in leaves:
        stack.append((0, leaf))
        while len(stack) > 1 and stack[-1][0] == stack[-2][0]:
            (height, right), (_, left) = stack.pop(), stack.pop()
            stack.append((height + 1, hashlib.sha256(b"\1" + left + right).digest()))
    _, node = stack.pop()
    while stack:
        _, left = stack.pop()
        node = hashlib.sha256(b"\1" + left + node).digest()
    return node
