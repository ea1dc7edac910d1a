#!/usr/bin/python3
"""The command line against a real daemon: the first day of a company, a watch through a killed daemon, work done offline, files
imported, a device shut out.

usage: cli_daemon.py GUANJIA GUANJIAD SOURCE_DIR
"""
import datetime
import json
import os
import shutil
import signal
import subprocess
import time

from cli_world import (address, answer, base, check, daemon, environment, finish, first_password, found_company, invitations,
                       password, program, root, run, wait_for)

try:
    found_company()
    again = run("admin", "enroll", invitations["administrator"], "--address", address)
    check(again.returncode == 3 and "already" in again.stderr, "a profile is enrolled once", again)
    check(answer("admin", "office", "list")[0]["name"] == "北京望京管理处", "the office's name survives")
    check(answer("desk", "whoami")["name"] == "同事desk", "who is logged in")
    check("token" not in answer("desk", "whoami") or answer("desk", "whoami")["token"] == "", "no token is shown")
    wrong = run("desk", "login", "desk", "--password-file", first_password)
    check(wrong.returncode == 12, "a wrong password", wrong)
    check(run("desk", "office", "create", "XX1", "x").returncode == 13, "a desk may not make offices")

    # Households from a file: wrong lines are told and nothing is imported; a good file twice is imported once.
    answer("admin", "building", "create", "3", "3号楼", "--office", "BJ1")
    header = "楼栋,房号,户名,入住状态,面积,业主,业主电话\n"
    bad = base / "bad.csv"
    bad.write_text(header + "3,3-1-101,甲,自住,89.37,赵一,13900000001\n3,,乙,自住,80,钱二,13900000002\n3,3-1-103,丙,自住,80,孙三,many\n")
    got = run("lead", "household", "import", bad, "--office", "BJ1")
    check(got.returncode == 1 and "line 3:" in got.stdout and "line 4:" in got.stdout, "wrong lines by number", got)
    good = base / "good.csv"
    good.write_text("\ufeff" + header + "".join(
        f"3,3-1-{1000 + n},户{n},自住,89.37,赵{n},139{n:08d}\n" for n in range(300)), encoding="utf-8")
    preview = run("lead", "household", "import", good, "--office", "BJ1", "--preview", "-q")
    check("300 new" in preview.stdout, "the preview", preview)
    check("300 new" in run("lead", "household", "import", good, "--office", "BJ1", "-q").stdout, "the import")
    wait_for(lambda: len(answer("lead", "household", "find", "--room", "3-1-1007", "--purpose", "call")) == 1)
    check("300 unchanged" in run("lead", "household", "import", good, "--office", "BJ1", "-q").stdout, "the import again")
    found = answer("desk", "household", "find", "--phone", "139 0000 0007", "--purpose", "call")
    check(len(found) == 1 and found[0]["room"] == "3-1-1007", "found by phone")

    # A register that is a file: its fields need no types on the line, its list has the columns it declares.
    visit = answer("desk", "record", "create", "visit", "--household", found[0]["id"], "--field", "purpose=routine", "--field",
                   "appointment_at=2099-01-05T15:00", "--field", "consent=yes")
    check(visit.get("state") == "PLANNED", f"a visit: {visit}")
    listed = run("desk", "record", "list", "visit")
    check("Purpose" in listed.stdout and "Routine" in listed.stdout and "2099-01-05 15:00" in listed.stdout,
          "the declared columns", listed)
    check(run("desk", "record", "create", "visit", "--field", "appointment_at=soon").returncode == 2, "no time")
    drawn = run("lead", "draw", "visit", "--office", "BJ1", "--count", "3", "--from", "2026-01-01", "--until", "2027-01-01")
    check(drawn.returncode == 0 and drawn.stdout == "nothing found\n", "a draw of what is not closed yet", drawn)

    # A ticket's first steps, watched by the lead through a daemon that is killed.
    watched = open(base / "watch.out", "w+")
    watch = subprocess.Popen([program, "--profile", "lead", "-o", "ndjson", "ticket", "watch", "--for", "60"],
                             env=environment(), stdout=watched, stderr=subprocess.DEVNULL)
    time.sleep(1.5)
    ticket = answer("desk", "ticket", "create", "--channel", "phone", "--household", found[0]["id"], "--contact-name", "赵七",
                    "--contact-phone", "13900000007", "--description", "厨房水管漏水", "--category", "WAT-01", "--area",
                    "household", "--place", "3-1-1007", "--told-response")
    check(ticket.get("number", "").startswith("WXBJ1") and ticket.get("state") == "TRIAGED", f"the intake: {ticket}")
    check([row["number"] for row in answer("desk", "ticket", "list")] == [ticket["number"]], "it is in the list")
    technician = next(user["id"] for user in answer("admin", "user", "list") if user["login"] == "tech")
    needs = {action["act"]: action["need"] for action in answer("desk", "ticket", "actions", ticket["number"])}
    check("assignee" in needs.get("dispatch", []), f"what may be done: {needs}")
    daemon.stop(signal.SIGKILL)
    offline = run("desk", "--timeout", "1", "ticket", "list")
    check(offline.returncode == 4 and "no connection" in offline.stderr, "no daemon", offline)
    later = subprocess.Popen([program, "--profile", "desk", "-o", "json", "ticket", "act", ticket["number"], "dispatch",
                              "--assignee", str(technician), "--field", "trade=plumber", "--timeout", "30"],
                             env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(1)
    daemon.start()
    out, err = later.communicate(timeout=60)
    check(later.returncode == 0 and json.loads(out)["state"] == "DISPATCHED", f"a step waits for the daemon: {err}")
    stale = run("tech", "-o", "json", "ticket", "act", ticket["number"], "accept", "--revision", "1")
    check(stale.returncode == 15 and json.loads(stale.stdout)["error"]["status"] == "CONFLICT", "a stale revision", stale)
    refused = run("tech", "ticket", "act", ticket["number"], "close")
    check(refused.returncode in (11, 13, 16) and refused.stderr.startswith("guanjia: "), "a step that is not possible", refused)

    def seen():
        watched.seek(0)
        return [json.loads(line) for line in watched if line.endswith("\n")]

    check(wait_for(lambda: "dispatch" in [event["act"] for event in seen()]), f"the watch goes on: {seen()}")
    numbers = [event["event"] for event in seen()]
    check(numbers == sorted(set(numbers)) and "create" in [event["act"] for event in seen()], f"each event once, in order: {numbers}")
    watch.terminate()
    watch.wait(timeout=10)

    # Work done in a cellar without a signal: two steps wait in the outbox, the second follows the first.
    revision = answer("tech", "ticket", "show", ticket["number"])["record"]["revision"]
    daemon.stop(signal.SIGTERM)
    first = answer("tech", "ticket", "act", ticket["id"], "accept", "--revision", revision, "--outbox")["outbox"]
    answer("tech", "ticket", "act", ticket["id"], "appoint", "--follows", first, "--outbox", "--field",
           "appointment_at:t=2099-01-05T15:00", "--field", "confirmed_with_owner:b=yes")
    bad_key = answer("tech", "ticket", "act", ticket["id"], "finish", "--revision", "1", "--outbox")["outbox"]
    check([item["state"] for item in answer("tech", "outbox", "list")] == ["waiting"] * 3, "three items wait")
    check(run("tech", "--timeout", "1", "outbox", "send").returncode == 4, "nothing goes out without a daemon")
    daemon.start()
    sent = run("tech", "outbox", "send", "-o", "json")
    check(sent.returncode == 1 and json.loads(sent.stdout) == {"sent": 2, "rejected": 1, "left": 1}, "two sent, one rejected", sent)
    check(answer("tech", "ticket", "show", ticket["id"])["record"]["state"] == "APPOINTED", "both steps were done")
    check(run("tech", "outbox", "drop-shown").stdout.startswith("0 "), "what was not shown is not dropped")
    left = answer("tech", "outbox", "list")
    check([item["key"] for item in left] == [bad_key] and left[0]["state"] == "rejected", f"the rejected one is shown: {left}")
    check(run("tech", "outbox", "drop-shown").stdout.startswith("1 "), "then it may go")

    # A photo there and back; another kind of record; drafts of two people at one machine.
    photo, back = base / "photo.jpg", base / "back.jpg"
    photo.write_bytes(os.urandom(150_000))
    stored = answer("tech", "ticket", "attach", ticket["id"], photo)["address"]
    check(run("tech", "ticket", "fetch", ticket["id"], stored, "--to", back, "--purpose", "ticket").returncode == 0 and
          back.read_bytes() == photo.read_bytes(), "the photo comes back")
    check({"visit", "duty_log"} <= {kind["code"] for kind in answer("desk", "kind", "list")}, "declared kinds")
    check(run("desk", "draft", "put", "intake", "-", stdin="half a sentence").returncode == 0, "a draft is kept")
    answer("desk", "login", "lead", "--password-file", password)
    check(run("desk", "draft", "get", "intake").returncode == 3, "a colleague does not see it")
    answer("desk", "login", "desk", "--password-file", password)
    check(run("desk", "draft", "get", "intake").stdout == "half a sentence", "its writer does")

    # A policy travels file by file, a long calendar without its remarks; both need a second person.
    changed = base / "policy"
    shutil.copytree(root / "deploy/policy", changed)
    same = run("admin", "policy", "propose", changed, "--reason", "nothing")
    check(same.returncode == 1 and "in force" in same.stderr, "nothing to propose", same)
    with open(changed / "settings.yaml", "a") as settings:
        settings.write("# a remark\n")
    version = answer("admin", "policy", "propose", changed, "--reason", "a remark")["id"]
    check(run("admin", "policy", "approve", version).returncode == 13, "not by whoever proposed it")
    check("待第二人批准" in run("admin", "policy", "list", lang="zh").stdout, "what a proposal waits for")
    answer("second", "policy", "approve", version)
    check("已被取代" in run("admin", "policy", "list", lang="zh").stdout, "the version before, in words")
    check(run("admin", "policy", "get", "--name", "settings.yaml").stdout.endswith("# a remark\n"), "the version in force")
    table = (root / "deploy/calendars/cn.tsv").read_text().rstrip("\n").split("\n")
    day = datetime.date(2028, 1, 1)
    while day.year == 2028:
        table.append(f"{day}\t{int(day.weekday() < 5)}\t{'workday' if day.weekday() < 5 else 'weekend'}\tprojected\t\t{'x' * 30}")
        day += datetime.timedelta(1)
    long_table = base / "long.tsv"
    long_table.write_text("\r\n".join(table) + "\r\n")
    check(len(long_table.read_bytes()) > 65536, "the table is longer than a message")
    version = answer("admin", "calendar", "propose", long_table, "--notice", "for a test")["id"]
    answer("second", "calendar", "approve", version)

    # The audit log, hashed anew by the reader, holds the ticket's steps.
    entries = answer("second", "audit", "entries", "--all")
    check(len(entries) == answer("second", "audit", "head")["size"] and [entry["index"] for entry in entries] ==
          list(range(len(entries))) and all(entry["read"]["hash_ok"] for entry in entries), "the whole audit log")
    steps = [entry["read"]["action"] for entry in entries
             if entry["read"]["type"] == "action" and entry["read"]["subject"] == ticket["id"]]
    check([step for step in steps if step in ("create", "dispatch", "accept", "appoint")] ==
          ["create", "dispatch", "accept", "appoint"], f"the ticket's steps in it: {steps}")

    # A lost phone: its open watch ends at once, and nothing goes any more.
    watch = subprocess.Popen([program, "--profile", "tech", "ticket", "watch"], env=environment(),
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    time.sleep(1.5)
    phone = next(device["id"] for device in answer("admin", "device", "list") if device["name"] == "tech")
    answer("admin", "device", "revoke", phone, "--reason", "lost")
    check(wait_for(lambda: watch.poll() is not None, 10) and watch.returncode == 5, f"the watch of a revoked phone: {watch.poll()}")
    if watch.poll() is None:
        watch.kill()
    check(run("tech", "ticket", "list").returncode == 5, "a revoked phone")
    check(run("desk", "logout").returncode == 0 and run("desk", "ticket", "list").returncode == 12, "after the logout")
finally:
    finish()
