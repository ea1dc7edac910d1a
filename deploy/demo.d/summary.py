"""What the demo shows while it runs: taken from the daemon's own pushes, as any client would see it."""

import queue
import sys
import time
from collections import Counter, deque
from datetime import datetime, timedelta, timezone

import wire

CST = timezone(timedelta(hours=8))
BOLD, DIM, GREEN, YELLOW, RED, BLUE, OFF = (f"\x1b[{n}m" for n in (1, 2, 32, 33, 31, 34, 0))
SILENCE_S = 5
ON_SCREEN = sys.stdout.isatty()
STATES = [("NEW", "已受理"), ("TRIAGED", "已分类"), ("DISPATCHED", "已派单"), ("ACCEPTED", "已接单"), ("APPOINTED", "已预约"),
          ("ARRIVED", "已到场"), ("WORKING", "维修中"), ("ON_HOLD", "挂起"), ("DONE", "待验收"), ("FOLLOW_UP", "待回访"),
          ("CLOSED", "已关闭"), ("CANCELLED", "已取消")]


def paint(colour, text):
    return f"{colour}{text}{OFF}" if ON_SCREEN else str(text)


def say(text):
    print(paint(BOLD, "· ") + text, flush=True)


def progress(what, done, total):
    if ON_SCREEN:
        end = "\n" if done == total else "\r"
        print(f"  {what} {done}/{total}   ", end=end, flush=True)
    elif done == total:
        print(f"  {what} {total}", flush=True)


class Summary:
    """Counts what is pushed. Every second the lines are drawn anew; without a screen, one line every ten seconds."""

    def __init__(self, clock, subscribe):
        """subscribe: opens a subscription behind an event number (0: from now) and gives its queue."""
        self.clock, self.subscribe, self.events, self.seen = clock, subscribe, subscribe(0), 0
        self.states, self.numbers, self.last = {}, {}, deque(maxlen=8)
        self.pushed, self.timers, self.started, self.drawn, self.height = 0, Counter(), time.monotonic(), 0.0, 0
        self.heard = self.started

    def take(self):
        while True:
            try:
                event = self.events.get_nowait()
            except queue.Empty:
                if time.monotonic() - self.heard > SILENCE_S:
                    self.renew()
                return
            self.heard = time.monotonic()
            if not isinstance(event, wire.Event):
                if event[0] == "X":
                    self.renew()
                continue
            self.pushed += 1
            self.seen = max(self.seen, event.event)
            if event.type == 3:
                self.timers[event.act] += 1
            if event.after in dict(STATES) or event.id in self.states:
                if event.number != "-":
                    self.numbers[event.id] = event.number
                if event.after != "-" and str(event.number).startswith("WX"):
                    self.states[event.id] = event.after
                self.last.append(event)

    def renew(self):
        """A session lasts a shift; the next one goes on behind what was seen."""
        self.events, self.heard = self.subscribe(self.seen), time.monotonic()

    def step(self):
        self.take()
        pause = 1.0 if ON_SCREEN else 10.0
        if time.monotonic() - self.drawn >= pause:
            self.drawn = time.monotonic()
            self.draw()

    def lines(self):
        now = datetime.fromtimestamp(self.clock.now() / 1000, CST)
        counts = Counter(self.states.values())
        rate = self.pushed / max(1e-9, time.monotonic() - self.started)
        yield paint(BOLD, f"{now:%Y-%m-%d %H:%M}") + f"   {len(self.states)} tickets, {self.pushed} events, {rate:.0f} a second" \
            + (paint(YELLOW, f", {sum(self.timers.values())} reminders") if self.timers else "")
        yield "  ".join(f"{zh} {paint(GREEN if code == 'CLOSED' else BLUE, counts[code])}" for code, zh in STATES if counts[code])

    def draw(self):
        lines = list(self.lines())
        if not ON_SCREEN:
            print(" | ".join(lines), flush=True)
            return
        lines += [paint(DIM, self.event_line(event)) for event in self.last]
        up = f"\x1b[{self.height}A" if self.height else ""
        print(up + "".join(f"\x1b[2K{line}\n" for line in lines), end="", flush=True)
        self.height = len(lines)

    def event_line(self, event):
        at = datetime.fromtimestamp(event.at / 1000, CST)
        way = f"{event.before} → {event.after}" if event.before != event.after else event.after
        number = event.number if event.number != "-" else self.numbers.get(event.id, "")
        return f"{at:%H:%M:%S}  #{event.event:<6} {number:<18} P{event.priority}  {event.act:<14} {way}"

    def finish(self, day):
        time.sleep(0.5)
        self.take()
        self.draw()
        done = ", ".join(f"{count} {what}" for what, count in day.counts.most_common(8))
        say(f"The day is over: {done}")
        for what, count in day.refused.most_common(6):
            say(paint(YELLOW, f"refused {count} times: {what}"))


def what_next(site, daemon):
    office = next(iter(site.offices.values()))
    say("The company goes on. In another terminal:")
    for line in (f"export PATH={daemon.programs.cli.rsplit('/', 1)[0]}:$PATH GUANJIA_HOME={site.home}",
                 "guanjia --profile user-hq ticket list --limit 10",
                 "guanjia --profile user-hq ticket watch",
                 f"guanjia --profile user-{office.clerk} ticket list --mine",
                 "guanjia --profile user-hq audit head",
                 f"tail -f {daemon.log}"):
        print("    " + paint(GREEN, line))
    say("Ctrl-C ends it and removes everything")
