#!/usr/bin/python3
"""A second reader of the audit log, written from proto/PROTOCOL.md alone; standard library only.

    check_audit.py FILE              an export: every entry against the layout, indexes, links and the root
    check_audit.py --test PROGRAM    makes stores with PROGRAM (tests/store/export_audit.c), checks their exports, and
                                     shows that changed exports are refused
"""
import hashlib
import re
import subprocess
import sys
import tempfile

WORD = re.compile(rb"[A-Za-z0-9._:+-]{0,32}\Z")
NONE = 2**64 - 1


class Wrong(Exception):
    pass


class Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, size):
        if self.at + size > len(self.data):
            raise Wrong("ends too early")
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, size, signed=False):
        return int.from_bytes(self.take(size), "big", signed=signed)

    def word(self):
        text = self.take(self.number(1))
        if not WORD.match(text):
            raise Wrong(f"{text!r} is not a word")
        return text.decode()


def parse(data):
    r = Reader(data)
    e = {"version": r.number(1), "means": r.number(1), "type": r.number(2), "parts": r.number(4), "index": r.number(8),
         "recorded_at": r.number(8, True), "epoch": r.number(4), "office": r.number(4), "actor": r.number(8),
         "device": r.number(8), "subject": r.number(8), "revision": r.number(4), "call": r.number(4),
         "policy": r.number(4), "kind": r.number(2), "previous": r.number(8)}
    assert r.at == 78
    for name in ("role", "action", "from", "to"):
        e[name] = r.word()
    optional = [lambda: r.number(8, True), lambda: r.number(8), lambda: r.number(8), lambda: r.take(16),
                lambda: r.take(32), lambda: r.take(32), r.word, lambda: (r.number(2), r.number(8)),
                lambda: r.number(8, True), lambda: r.take(32)]
    for bit, read in enumerate(optional):
        if e["parts"] >> bit & 1:
            e[bit] = read()
    if r.at != len(data):
        raise Wrong("bytes behind the last part")
    if e["version"] != 1:
        raise Wrong(f"version {e['version']}")
    if e["parts"] >> len(optional):
        raise Wrong("a part that version 1 does not have")
    if e["type"] == 0 or e["epoch"] == 0:
        raise Wrong("type or epoch is 0")
    return e


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaves):
    """Merges complete subtrees from the left, as in RFC 6962 2.1, without recursion."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    stack = []
    for index, leaf in enumerate(leaves):
        while index & 1:
            leaf = node(stack.pop(), leaf)
            index >>= 1
        stack.append(leaf)
    root = stack.pop()
    while stack:
        root = node(stack.pop(), root)
    return root


def check(lines):
    head = re.fullmatch(r"size (\d+) root ([0-9a-f]{64})", next(lines, "").strip())
    if not head:
        raise Wrong("the first line is not 'size … root …'")
    leaves = []
    epoch = 1
    for line in lines:
        index, _, text = line.strip().partition(" ")
        data = bytes.fromhex(text)
        try:
            e = parse(data)
            if int(index) != len(leaves) or e["index"] != len(leaves):
                raise Wrong("out of order")
            if e["previous"] != NONE and e["previous"] >= e["index"]:
                raise Wrong("linked to itself or a later one")
            if e["epoch"] < epoch:
                raise Wrong("the epoch goes back")
            epoch = e["epoch"]
        except Wrong as wrong:
            raise Wrong(f"entry {index}: {wrong}") from None
        leaves.append(hashlib.sha256(b"\x00" + data).digest())
    if len(leaves) != int(head.group(1)):
        raise Wrong(f"{len(leaves)} entries, the head says {head.group(1)}")
    if root_of(leaves).hex() != head.group(2):
        raise Wrong("the root does not follow from the entries")
    return len(leaves)


def refused(lines, what):
    try:
        check(iter(lines))
    except (Wrong, ValueError):
        return
    sys.exit(f"an export was accepted though {what}")


def flip(line, digit):
    at = len(line) - 1 - digit
    return line[:at] + ("0" if line[at] != "0" else "1") + line[at + 1:]


def test(program):
    for count in (0, 1, 2, 255, 256, 257, 1000, 3333):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([program, "make", folder + "/s", str(count), str(count + 7)], check=True)
            text = subprocess.run([program, folder + "/s"], check=True, stdout=subprocess.PIPE).stdout.decode()
        lines = text.splitlines()
        if check(iter(lines)) != count:
            sys.exit(f"{count} entries were written, others exported")
        if count >= 255:
            refused(lines[:-1], "the last entry is missing")
            refused(lines[:9] + lines[10:], "an entry is missing")
            refused(lines[:5] + [lines[6], lines[5]] + lines[7:], "two entries changed places")
            refused(lines[:8] + [flip(lines[8], 3)] + lines[9:], "an entry was changed")
            refused([flip(lines[0], 5)] + lines[1:], "the root was changed")
            refused(lines[:8] + [lines[8] + "00"] + lines[9:], "an entry is too long")
        print(f"{count} entries: layout and root agree")


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--test":
        return test(sys.argv[2])
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="ascii") as file:
        try:
            print(f"{check(file)} entries: layout, links and root are right")
        except (Wrong, ValueError) as wrong:
            sys.exit(f"{sys.argv[1]}: {wrong}")


if __name__ == "__main__":
    main()
