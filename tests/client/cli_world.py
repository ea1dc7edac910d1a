#!/usr/bin/python3
"""A company on its first day, over a real daemon: what the tests of the command line have in common. The arguments of
whoever imports it are GUANJIA GUANJIAD SOURCE_DIR.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

program, daemon_program, root = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
base = pathlib.Path(tempfile.mkdtemp(prefix="gj_cli_daemon_"))
store = base / "store"
password, first_password = base / "password", base / "first"
password.write_text("correct horse battery\n")
first_password.write_text("until it is changed\n")
failures = 0


def check(condition, what, result=None):
    global failures
    if not condition:
        failures += 1
        print("FAILED:", what)
        if result is not None:
            print("  exit", result.returncode, "\n  out", result.stdout[:600], "\n  err", result.stderr[:600])
    return bool(condition)


def environment(lang="en"):
    return {**os.environ, "GUANJIA_HOME": str(base / "home"), "GUANJIA_LANG": lang}


def run(profile, *words, stdin="", lang="en"):
    return subprocess.run([program, "--profile", profile, *map(str, words)], env=environment(lang), input=stdin,
                          capture_output=True, text=True, timeout=60)


def answer(profile, *words, stdin=""):
    """The JSON of a command that must succeed."""
    got = run(profile, "-o", "json", *words, stdin=stdin)
    check(got.returncode == 0, " ".join([profile, *map(str, words)]), got)
    return json.loads(got.stdout) if got.returncode == 0 and got.stdout.strip() else {}


class Daemon:
    def __init__(self):
        self.port = 0
        self.start()

    def start(self):
        port_file = base / "port"
        port_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [daemon_program, "run", "-d", store, "--listen", f"127.0.0.1:{self.port}", "--port-file", port_file],
            stdout=subprocess.DEVNULL, stderr=open(base / "daemon.log", "a"))
        until = time.time() + 30
        while not (port_file.exists() and port_file.read_text().strip()):
            if self.process.poll() is not None or time.time() > until:
                sys.exit("the daemon does not start:\n" + (base / "daemon.log").read_text())
            time.sleep(0.05)
        self.port = int(port_file.read_text())

    def stop(self, how):
        self.process.send_signal(how)
        self.process.wait(timeout=30)


def wait_for(condition, seconds=20):
    until = time.time() + seconds
    while time.time() < until:
        if condition():
            return True
        time.sleep(0.1)
    return False


made = subprocess.run([daemon_program, "init", store, "--demo", "--policy", root / "deploy/policy", "--calendar",
                       root / "deploy/calendars/cn.tsv"], capture_output=True, text=True, timeout=60)
invitations = dict(line.split() for line in made.stdout.splitlines())
daemon = Daemon()
address = f"127.0.0.1:{daemon.port}"


def found_company():
    """Two first people, one office, three colleagues whose roles need a second person. Gives the office's id."""
    for profile, which in (("admin", "administrator"), ("second", "approver")):
        answer(profile, "enroll", invitations[which], "--address", address, "--user", profile, "--password-file", password)
        answer(profile, "login", profile, "--password-file", password)
    office = answer("admin", "office", "create", "BJ1", "北京望京管理处")["id"]
    for login, role, device in (("desk", "cs_agent", "desk"), ("lead", "cs_lead", "desk"), ("tech", "tech", "phone")):
        answer("admin", "user", "create", login, "--name", f"同事{login}", "--office", "BJ1", "--role", f"{role}@BJ1",
               "--new-password-file", first_password)
        answer("second", "role", "approve", login, role, "--office", "BJ1")
        invitation = answer("admin", "device", "invite", "--office", "BJ1", "--class", device)["invitation"]
        answer(login, "enroll", "-", "--address", address, "--device-name", login, stdin=invitation + "\n")
        answer(login, "login", login, "--password-file", first_password)
        answer(login, "password", "--old-password-file", first_password, "--new-password-file", password)
    return office


def finish():
    """Ends the daemon, forgets everything, and ends the program."""
    daemon.stop(signal.SIGTERM)
    shutil.rmtree(base)
    print(f"{failures} failures")
    sys.exit(1 if failures else 0)
