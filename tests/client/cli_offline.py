#!/usr/bin/python3
"""What the command line does without a server, from the outside: policy check, explain, workday, completion, languages, exit codes.

usage: cli_offline.py GUANJIA SOURCE_DIR
"""
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

program, root = sys.argv[1], pathlib.Path(sys.argv[2])
home = tempfile.mkdtemp(prefix="gj_cli_")
failures = 0


def run(*words, env=None, stdin=""):
    environment = {"PATH": os.environ["PATH"], "GUANJIA_HOME": home, **(env or {})}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
        if name in os.environ:
            environment[name] = os.environ[name]
    return subprocess.run([program, *words], env=environment, input=stdin, capture_output=True, text=True, timeout=60)


def check(condition, what, result=None):
    global failures
    if not condition:
        failures += 1
        print("FAILED:", what)
        if result is not None:
            print("  exit", result.returncode, "\n  out", result.stdout[:400], "\n  err", result.stderr[:400])


# Start, working days, due: the vectors of the rules, make-up days and long holidays among them.
WORKDAYS = [
    ("2026-09-30", 2, "2026-10-09"), ("2026-02-13", 2, "2026-02-24"), ("2026-02-14", 2, "2026-02-25"),
    ("2026-05-08", 2, "2026-05-11"), ("2026-01-01", 2, "2026-01-05"), ("2026-04-03", 2, "2026-04-08"),
    ("2025-09-27", 2, "2025-09-29"), ("2025-01-24", 2, "2025-01-27"), ("2026-06-01", 15, "2026-06-23"),
    ("2026-02-09", 15, "2026-03-06"), ("2026-09-16", 15, "2026-10-13"), ("2026-12-01", 15, "2026-12-22"),
]
for start, days, due in WORKDAYS:
    got = run("policy", "workday", "--from", start, "--days", str(days), "-o", "json")
    check(got.returncode == 0 and json.loads(got.stdout)["due"] == due, f"{start} + {days} = {due}", got)
    check(json.loads(got.stdout)["provisional"] is False, f"{start} + {days} is certain", got)
got = run("policy", "workday", "--from", "2027-02-01", "--days", "3", "-o", "json")
check(json.loads(got.stdout)["provisional"] is True, "a projected year is never certain", got)
check(run("policy", "workday", "--from", "2026-02-30", "--days", "1").returncode == 2, "no such day")
check(run("policy", "workday", "--from", "2026-02-03", "--days", "-1").returncode == 2, "no days backwards")


def explain(*words):
    got = run("policy", "explain", "--kind", "repair", "-o", "json", *words)
    check(got.returncode == 0, "explain " + " ".join(words), got)
    return json.loads(got.stdout) if got.returncode == 0 else []


rows = explain("--category", "WAT-01", "--priority", "P1", "--at", "2026-02-13T15:00+08:00")
check(len(rows) >= 5, "a repair has several clocks")
for row in rows:
    check({"name", "clock", "due", "warn_at", "rule", "provisional"} <= row.keys(), f"keys of {row.get('name')}")
    if row["due"] is None:
        continue
    due = datetime.datetime.fromisoformat(row["due"])
    check(row["due"].endswith("+08:00") and due.utcoffset() == datetime.timedelta(hours=8), f"offset of {row['name']}")
    begin = datetime.datetime.fromisoformat("2026-02-13T15:00:00+08:00")
    check(due > begin, f"{row['name']} lies after the beginning")
    if row["clock"] == "elapsed" and row["warn_at"] is not None:
        warn = datetime.datetime.fromisoformat(row["warn_at"])
        check(abs((warn - begin) / (due - begin) - 0.75) < 0.01, f"{row['name']} warns at 75 %")
    check(".yaml:" in row["rule"], f"{row['name']} names file and line")
arrive = {priority: next(row for row in explain("--category", "WAT-01", "--priority", priority, "--at", "2026-02-13T15:00")
                         if row["name"] == "arrive")["due"] for priority in ("P0", "P1")}
check(arrive["P0"] < arrive["P1"], "P0 is faster than P1")
for words in (["--kind", "nothing"], ["--kind", "repair", "--category", "NOPE-99"], ["--kind", "repair", "--priority", "P9"]):
    got = run("policy", "explain", "--at", "2026-02-13", *words)
    check(got.returncode == 1 and got.stderr, "unknown: " + " ".join(words), got)
check(run("policy", "explain", "--kind", "repair", "--at", "soon").returncode == 2, "soon is no time")

# Mistakes are told with file, line and column.
good = root / "deploy/policy"
check(run("policy", "check", str(good)).returncode == 0, "the product's own policy")
check(run("policy", "check", str(good / "policy.yaml")).returncode == 0, "its manifest stands for the folder")
check(run("policy", "check", str(good / "forms/repair.yaml")).returncode == 0, "so does a form")
check(run("policy", "check", str(root / "deploy/calendars/cn.tsv")).returncode == 0, "the calendar")
broken = pathlib.Path(home) / "broken"
shutil.copytree(good, broken)
text = (broken / "priorities.yaml").read_text(encoding="utf-8")
line = text.count("\n") + 1
(broken / "priorities.yaml").write_text(text + "no_such_word: 1\n", encoding="utf-8")
got = run("policy", "check", str(broken))
check(got.returncode == 1 and f"priorities.yaml:{line}:" in got.stdout, "an unknown word with file and line", got)
check(run("policy", "check", str(broken / "missing")).returncode in (1, 3), "a folder that is not there")

# The device is nothing yet: every command that needs one says so, with its own exit code.
for words in (["whoami"], ["ticket", "list"], ["outbox", "list"], ["draft", "get", "x"], ["ticket", "watch"]):
    got = run(*words)
    check(got.returncode == 5 and "enroll" in got.stderr, "not enrolled: " + " ".join(words), got)
check(run("enroll", "GJ1-garbage", "--address", "127.0.0.1:1").returncode == 2, "a damaged invitation")
check(run("ticket", "fly").returncode == 2, "an unknown verb")
check(run("--version").stdout.startswith("guanjia "), "the version")
got = run("login", "wang", "--password", "secret12")
check(got.returncode == 2, "no password as an argument", got)

# Languages: Chinese without any locale installed, English as well.
got = run("ticket", "list", env={"GUANJIA_LANG": "zh"})
check("尚未登记" in got.stderr, "Chinese by GUANJIA_LANG", got)
got = run("ticket", "list", env={"LANG": "zh_CN.UTF-8"})
check("尚未登记" in got.stderr, "Chinese by LANG", got)
got = run("ticket", "list", env={"LANG": "zh_CN.UTF-8", "GUANJIA_LANG": "en"})
check("not enrolled" in got.stderr, "English in spite of LANG", got)

# The completion script is one that bash takes, and it knows verbs and options.
script = pathlib.Path(home) / "completion"
script.write_text(run("completion", "bash").stdout)


def complete(*words):
    ask = f'source "{script}"; COMP_WORDS=({" ".join(words)}); COMP_CWORD={len(words) - 1}; _guanjia; echo "${{COMPREPLY[@]}}"'
    return subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True).stdout.split()


check(complete("guanjia", "tic") == ["ticket"], "completion of a noun")
check({"act", "actions", "amend", "approve", "attach"} <= set(complete("guanjia", "ticket", "a")), "completion of a verb")
check("act" in complete("guanjia", "-p", "desk", "ticket", "a"), "completion after an option with a value")
check("--category" in complete("guanjia", "ticket", "create", "--ca"), "completion of an option")
check(complete("guanjia", "-o", "nd") == ["ndjson"], "completion of a format")

shutil.rmtree(home)
print(f"{failures} failures")
sys.exit(1 if failures else 0)
