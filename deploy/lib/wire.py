"""libguanjia from Python: one device's profile, one open channel, calls and pushes. The messages are those of proto/.

A Wire is a child process (bridge) that holds the library; it lives as long as the object or the program.
"""

import atexit
import os
import queue
import subprocess
import sys
import threading
from collections import namedtuple


def load_messages(build):
    """Makes the generated messages of a build folder importable; gives the module of envelope.proto."""
    sys.path.insert(0, os.path.join(build, "tests/integration/py"))
    from proto import (admin_pb2, audit_pb2, directory_pb2, dispatch_pb2, envelope_pb2, inbox_pb2, policy_pb2, record_pb2,
                       register_pb2, session_pb2)
    for module in (envelope_pb2, session_pb2, admin_pb2, directory_pb2, dispatch_pb2, record_pb2, register_pb2, inbox_pb2,
                   policy_pb2, audit_pb2):
        for name, value in vars(module).items():
            if not name.startswith("_"):
                setattr(Messages, name, value)
    return Messages


class Messages:
    """Every message and enumeration of proto/, as attributes, once load_messages has run."""


# What a call is answered with when it is no write.
REPLIES = {
    "SESSION_LOGIN": "Session", "SESSION_RESUME": "Session", "SESSION_WHOAMI": "Session", "SESSION_SUBSCRIBE": "Subscription",
    "SESSION_UNSUBSCRIBE": "Empty", "SESSION_ENROL": "Enrolled", "ADMIN_DEVICE_LIST": "DeviceList",
    "ADMIN_USER_LIST": "UserList", "ADMIN_DELEGATION_LIST": "DelegationList", "ADMIN_STATUS": "Health",
    "ADMIN_ROSTER_LIST": "RosterList", "ADMIN_ROSTER_GAPS": "DutyGaps", "ADMIN_DUTY_LIST": "DutyList",
    "DIR_OFFICE_LIST": "OfficeList", "DIR_REGION_LIST": "RegionList",
    "DIR_BUILDING_LIST": "BuildingList", "DIR_HOUSEHOLD_SHOW": "Household", "DIR_HOUSEHOLD_FIND": "HouseholdList",
    "DIR_ASSET_LIST": "AssetList", "DIR_STAFF_LIST": "StaffList", "DIR_CONTRACTOR_LIST": "ContractorList",
    "DIR_IMPORT_REPORT": "ImportReport", "DISPATCH_BOARD": "Board", "RECORD_SHOW": "Shown", "RECORD_LIST": "RowList",
    "RECORD_HISTORY": "History", "RECORD_ACTIONS": "ActionList", "OWNER_CODE": "OwnerCode", "ATTACHMENT_BEGIN": "AttachmentBegun",
    "ATTACHMENT_COMMIT": "AttachmentCommitted", "ATTACHMENT_READ": "AttachmentData", "KIND_LIST": "KindList",
    "OBLIGATION_LIST": "ObligationList", "INBOX_LIST": "InboxList", "POLICY_LIST": "PolicyList",
    "POLICY_GET": "PolicyGetReply", "AUDIT_ENTRIES": "AuditEntries", "AUDIT_HEAD": "AuditHead",
}
ERRORS = {0: "OK", 8: "EIO", 13: "ECLOSED", 14: "ETIMEDOUT", 100: "ENOTENROLLED", 101: "EREVOKED"}

Event = namedtuple("Event", "event at type office kind id revision act before after actor assignee number priority due_at")


class Answer:
    def __init__(self, words):
        self.err, self.status_number, self.key = int(words[0]), int(words[1]), words[2]
        self.code, self.field = (w if w != "-" else "" for w in words[3:5])
        self.attempts, self.body = int(words[5]), bytes.fromhex(words[6]) if words[6] != "-" else b""

    @property
    def status(self):
        if self.err:
            return ERRORS.get(self.err, f"E{self.err}")
        return Messages.Status.Name(self.status_number)

    def __repr__(self):
        return " ".join(word for word in (self.status, self.code, self.field) if word)


class Refused(Exception):
    def __init__(self, call, answer):
        self.call, self.answer = call, answer
        super().__init__(f"{call}: {answer}")


class Wire:
    def __init__(self, bridge, folder, once=False):
        self.folder, self.states, self.waiting, self.events, self.serial = folder, [], {}, {}, 0
        self.lock = threading.Lock()
        self.process = subprocess.Popen([bridge, "run", folder] + (["once"] if once else []), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1)
        atexit.register(self.kill)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            words = line.split()
            if words[0] == "A":
                self.waiting.pop(words[1]).put(Answer(words[2:]))
            elif words[0] == "T":
                self.states.append(tuple(words[1:]))
            elif words[0] == "E":
                numbers = [int(w) if w.lstrip("-").isdigit() and at not in (7, 8, 9, 12) else w
                           for at, w in enumerate(words[2:])]
                self.events[words[1]].put(Event(*numbers))
            elif words[0] in "RYX" and words[1] in self.events:
                self.events[words[1]].put((words[0], *words[2:]))
        for one in list(self.waiting.values()):
            one.put(Answer(["13", "0", "-", "-", "-", "0", "-"]))

    def start(self, call, message=None, key=None, timeout_ms=20000):
        """Sends a call by its name in the enumeration Call; gives a queue in which the Answer will be."""
        body = message.SerializeToString() if message is not None else b""
        answer = queue.Queue()
        with self.lock:
            self.serial += 1
            tag = str(self.serial)
            self.waiting[tag] = answer
            self.process.stdin.write(
                f"C {tag} {Messages.Call.Value(call)} {key or '-'} {timeout_ms} {body.hex() or '-'}\n")
            self.process.stdin.flush()
        return answer

    def call(self, call, message=None, key=None, timeout_ms=20000):
        return self.start(call, message, key, timeout_ms).get(timeout=timeout_ms / 1000 + 30)

    def ask(self, call, message=None, **options):
        """The reply message of a call; Refused when the answer is not OK."""
        answer = self.call(call, message, **options)
        if answer.status != "OK":
            raise Refused(call, answer)
        return self.unpack(REPLIES.get(call, "Written"), answer)

    @staticmethod
    def unpack(name, answer):
        reply = getattr(Messages, name)()
        reply.ParseFromString(answer.body)
        return reply

    def login(self, user, password):
        return self.ask("SESSION_LOGIN", Messages.LoginRequest(user=user, password=password))

    def subscribe(self, offices=(), kinds=(), assignee=0, role="", after=0, epoch=0, from_now=True):
        """Gives a queue of Event and of (letter, …) for reached, resync and ended."""
        with self.lock:
            self.serial += 1
            tag = f"s{self.serial}"
            events = self.events[tag] = queue.Queue()
            self.process.stdin.write(
                f"S {tag} {after} {epoch} {int(from_now)} {assignee} {role or '-'} "
                f"{','.join(map(str, offices)) or '-'} {','.join(map(str, kinds)) or '-'}\n")
            self.process.stdin.flush()
        events.tag = tag
        return events

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.returncode

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def enrol(bridge, folder, invitation, address, device_name, user="", password=""):
    """Gives (device, office)."""
    done = subprocess.run([bridge, "enrol", folder, invitation, address, device_name] + ([user, password] if user else []),
                          capture_output=True, text=True, timeout=60)
    lines = done.stdout.split("\n")
    if done.returncode:
        raise RuntimeError(f"enrolment: {lines[0]} {done.stderr.strip()}")
    device, office = lines[1].split()
    return int(device), int(office)
