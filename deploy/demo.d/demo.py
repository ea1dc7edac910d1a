"""The demo: makes a company, plays a day in it, shows what happens, and with --check counts it all again."""

import argparse
import json
import os
import random
import signal
import sys
import time

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [here, os.path.join(here, "../lib")]
import company
import company_setup
import desk
import play
import recount_day
import summary
import wire
import workload

HOUR = 3600000


def arguments():
    parser = argparse.ArgumentParser(prog="deploy/demo", add_help=False)
    parser.add_argument("--build", required=True)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--offices", type=int)
    parser.add_argument("--hours", type=float)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--busy", type=float, default=6)
    parser.add_argument("--households", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--result")
    options = parser.parse_args()
    options.offices = min(12, options.offices or (4 if options.check else 12))
    options.hours = options.hours or (8 if options.check else 24)
    options.minutes = options.minutes or (1.5 if options.check else 3)
    return options


def prepare(options, folder):
    """A store marked as a demo, its daemon at the pace of the real clock, and everybody brought in."""
    policy, calendars = os.path.join(here, "../policy"), os.path.join(here, "../calendars")
    daemon = desk.Daemon(desk.Programs(options.build), os.path.join(folder, "store"), ["--set", "password_threads=2"])
    table = sorted(f for f in os.listdir(calendars) if f.endswith(".tsv"))[-1]
    invitations = daemon.init("--demo", "--policy", policy, "--calendar", os.path.join(calendars, table))
    daemon.start()
    site = company_setup.Site(os.path.join(options.build, "tests/integration/bridge"), daemon, os.path.join(folder, "home"))
    made = company.make(options.seed, options.offices, options.households)
    summary.say(f"A company of {len(made.offices)} offices, {sum(len(o.households) for o in made.offices)} households, "
                f"{sum(len(o.staff) for o in made.offices)} staff comes into the store")
    company_setup.bring_in(site, made, invitations, summary.progress)
    return daemon, site, made


def at_pace(site, daemon, scale):
    """The daemon again, at another pace of the clock: the story goes on where it stopped."""
    daemon.stop()
    daemon.arguments = ["--set", "password_threads=2", "--scale", f"{scale:g}"]
    daemon.start()


def play_day(options, daemon, site, made):
    scale = options.hours * 60 / options.minutes
    at_pace(site, daemon, scale)
    clock = play.StoryClock(scale)
    start_ms = site.sign_in("hq").session.server_time
    clock.set(start_ms)
    until_ms = start_ms + int(options.hours * HOUR)
    show = summary.Summary(clock, lambda seen: site.sign_in("hq").subscribe(after=seen, epoch=1, from_now=not seen))
    day = play.Day(site, made, clock, random.Random(options.seed), show.step)
    day.fill(workload.read_samples(here), start_ms, until_ms, options.busy)
    signal.signal(signal.SIGINT, lambda *_: setattr(day, "stopping", True))
    summary.say(f"{options.hours:g} hours in {options.minutes:g} minutes: Ctrl-C ends the day early")
    day.play(until_ms)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    show.finish(day)
    return day


def wait_for_the_end(daemon, site):
    at_pace(site, daemon, 1)
    office = next(iter(site.offices.values()))
    for login in ("hq", office.clerk):
        site.sign_in(login)
        site.wires.pop(login).close()
    summary.what_next(site, daemon)
    try:
        while daemon.alive():
            time.sleep(0.5)
        sys.exit(f"the daemon has ended: {daemon.log_tail()}")
    except KeyboardInterrupt:
        print()


def main():
    options = arguments()
    wire.load_messages(options.build)
    folder = desk.scratch("guanjia-demo-")
    began = time.monotonic()
    daemon, site, made = prepare(options, folder)
    try:
        day = play_day(options, daemon, site, made)
        if not options.check:
            wait_for_the_end(daemon, site)
            return
        wrong, counted = recount_day.check(site, day, calendar_of(here))
        counted["seconds"] = round(time.monotonic() - began, 1)
        for line in wrong[:int(os.environ.get("GJ_SHOW", 40))]:
            print("differs:", line)
        print("counted again: " + ", ".join(f"{value} {name}" for name, value in counted.items()))
        print(f"{len(wrong)} differences")
        if options.result:
            with open(options.result, "w") as file:
                json.dump({"differences": len(wrong), "hours": options.hours, "offices": options.offices, **counted}, file, indent=1)
        sys.exit(1 if wrong else 0)
    finally:
        site.close()
        daemon.stop()


def calendar_of(folder):
    calendars = os.path.join(folder, "../calendars")
    return os.path.join(calendars, sorted(f for f in os.listdir(calendars) if f.endswith(".tsv"))[-1])


main()
