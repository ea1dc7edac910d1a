#!/usr/bin/python3
"""kill -9 under load, again and again, and then nothing may be lost, doubled or invented.

    run_crash.py BUILD-FOLDER [--kills N] [--seed S] [--channels C] [--lanes L] [--result FILE]

A seed repeats the work and the moments of the kills as far as the machine allows.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [here, os.path.join(here, "../../deploy/lib"), os.path.join(here, "../lib")]
import check
import desk
import small_company


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--channels", type=int, default=4)
    parser.add_argument("--lanes", type=int, default=8)
    parser.add_argument("--result")
    return parser.parse_args()


def start_load(options, company, folder):
    journal = os.path.join(folder, "journal")
    load = subprocess.Popen([os.path.join(options.build, "tests/crash/crash_load"), journal, str(options.seed),
                             str(company.office), str(options.lanes), *company.profiles])
    return load, journal


def kill_again_and_again(options, daemon, load):
    rng, slowest = random.Random(options.seed), 0.0
    for n in range(options.kills):
        time.sleep(0.15 + rng.random() * 0.6)
        if load.poll() is not None:
            sys.exit(f"the load ended by itself with {load.returncode} before kill {n + 1}")
        daemon.kill()
        began = time.monotonic()
        daemon.start()
        slowest = max(slowest, time.monotonic() - began)
    time.sleep(0.5)
    return slowest


def finish(load):
    load.send_signal(signal.SIGTERM)
    try:
        code = load.wait(90)
    except subprocess.TimeoutExpired:
        load.kill()
        sys.exit("the load did not end")
    if code:
        sys.exit(f"the load ended with {code}")


def export_of(options, company, journal):
    auditor = company.logged_in("auditor", "export")
    done = subprocess.run([os.path.join(options.build, "tests/crash/crash_export"), auditor],
                          input="\n".join(map(str, journal.records())), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"export failed: {done.stderr}")
    return check.Export(done.stdout.splitlines())


def main():
    options = arguments()
    folder = desk.scratch("gj-crash-")
    company = small_company.make(options.build, folder, options.channels)
    load, journal_path = start_load(options, company, folder)
    try:
        slowest = kill_again_and_again(options, company.daemon, load)
        finish(load)
    finally:
        if load.poll() is None:
            load.kill()
    with open(journal_path) as file:
        journal = check.Journal(file)
    export = export_of(options, company, journal)
    company.close()
    company.daemon.stop()
    wrong = check.check(journal, export, {company.device})
    for line in wrong[:20]:
        print(line)
    acknowledged = sum(a[0][0] == check.OK for a in journal.answers.values())
    result = {"kills": options.kills, "seed": options.seed, "writes": len(journal.sent), "acknowledged": acknowledged,
              "refused": len(journal.answers) - acknowledged, "sent_again": sum(journal.again.values()),
              "entries": export.size, "records": len(export.records), "slowest_start_s": round(slowest, 3),
              **check.count(wrong)}
    if acknowledged < 20 * options.kills or not journal.again:
        wrong.append("the load was too light to prove anything")
        print(wrong[-1])
    print(json.dumps(result))
    if options.result:
        with open(options.result, "w") as file:
            json.dump(result, file, indent=1)
            file.write("\n")
    sys.exit(1 if wrong else 0)


main()
