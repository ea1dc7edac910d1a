"""The promises of a repair ticket, written down a second time: when each clock starts, how long it may run, when it stops."""

from datetime import datetime, timedelta, timezone

CST = timezone(timedelta(hours=8))
MINUTE, HOUR, DAY = 60000, 3600000, 86400000

# Clocks that run from the call (received) or from an act: acts that start and stop them.
CLOCKS = {
    "triage": ("received", {"create"}, {"triage"}),
    "dispatch": ("received", {"create"}, {"dispatch", "to_rework"}),
    "accept": ("act", {"dispatch", "reassign", "hand_over", "redo"},
               {"accept", "decline", "reassign", "hand_over", "recall", "transfer"}),
    "contact": ("received", {"create"}, {"appoint", "arrive", "nobody_home", "to_rework"}),
    "arrive": ("received", {"create"}, {"arrive", "to_rework"}),
    "survey": ("received", {"create"}, {"arrive", "to_rework"}),
    "contain": ("received", {"create"}, {"contain", "finish", "to_rework"}),
    "finish": ("received", {"create"}, {"finish", "rework_done"}),
    "plan": ("received", {"create"}, {"make_plan", "finish", "to_rework"}),
    "acceptance": ("act", {"finish"}, {"owner_accept", "accept_common", "owner_reject", "close_not_confirmed"}),
    "follow_up": ("act", {"begin_follow_up"}, {"follow_up_ok", "follow_up_bad", "close_unreachable"}),
    "hold_until": ("act", {"hold"}, {"resume", "hand_over", "recall"}),
    "no_entry": ("act", {"leave_note"}, {"appoint", "arrive", "nobody_home", "hold", "reassign", "hand_over", "recall", "transfer"}),
    "redo_dispatch": ("act", {"owner_reject", "follow_up_bad", "reopen"}, {"redo"}),
    "redo_finish": ("act", {"redo"}, {"finish"}),
    "redispatch": ("act", {"decline", "recall", "transfer", "rework_out_of_scope", "rework_withdrawn"}, {"dispatch", "to_rework"}),
    "rework": ("act", {"to_rework"}, {"rework_done", "rework_out_of_scope", "rework_withdrawn"}),
    "quote_answer": ("act", {"quote"}, {"agree_quote", "reject_quote", "hand_over", "recall"}),
}

# Figures: minutes, or a number of days of a kind; a name in front means that this field of the ticket says when.
FIGURES = {
    "triage": {p: 20 for p in range(10)},
    "dispatch": {0: 3, 1: 5, 2: 20, 3: 20, 4: "1 working"},
    "accept": {0: 3, 1: 10, 2: 30, 3: 60, 4: "1 working"},
    "contact": {2: 120, 3: 120},
    "arrive": {0: 15, 1: 30, 2: ("appointment_at", 24 * 60)},
    "survey": {3: ("appointment_at", 24 * 60), 4: ("appointment_at", 24 * 60)},
    "contain": {0: 60, 1: 120},
    "finish": {1: 24 * 60, 2: ("agreed_finish", 24 * 60), 3: ("agreed_finish", "3 calendar"), 4: ("agreed_finish", None)},
    "plan": {4: "5 working"},
    "acceptance": {p: 24 * 60 for p in range(5)},
    "follow_up": {0: 24 * 60, 1: 24 * 60, 2: "7 calendar", 3: "7 calendar", 4: "7 calendar"},
    "hold_until": {p: ("hold_until", None) for p in range(5)},
    "no_entry": {p: "7 calendar" for p in range(5)},
    "redo_dispatch": {0: 3, 1: 20, 2: 24 * 60, 3: 24 * 60, 4: 24 * 60},
    "redispatch": {0: 3, 1: 5, 2: 20, 3: 20, 4: "1 working"},
    "rework": {p: 72 * 60 for p in range(5)},
    "quote_answer": {p: 24 * 60 for p in range(5)},
    "redo_finish": {1: 24 * 60, 2: 24 * 60, 3: "3 calendar", 4: ("agreed_finish", "3 calendar")},
}
# What a city's own rules shorten, in minutes.
CITY = {("hangzhou", "contact", 2): 60, ("hangzhou", "contact", 3): 60}
PAUSABLE = {"finish", "redo_finish"}
PAUSED_IN = {"ON_HOLD", "TO_REWORK"}
ENDED = {"CLOSED", "CANCELLED", "MERGED", "NOT_CONFIRMED", "NO_ENTRY"}


def midnight(at_ms):
    day = datetime.fromtimestamp(at_ms / 1000, CST)
    return int(day.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)


class Clock:
    """One clock of one ticket."""

    def __init__(self, base, started):
        self.base, self.started = base, started
        self.stopped, self.paused_at, self.paused = 0, 0, 0

    def stop(self, at):
        if not self.stopped:
            self.resume(at)
            self.stopped = at

    def pause(self, at):
        if not self.stopped and not self.paused_at:
            self.paused_at = at

    def resume(self, at):
        if self.paused_at and not self.stopped:
            self.paused += at - self.paused_at
            self.paused_at = 0


def figure_of(name, priority, category, city):
    if name == "follow_up" and category.startswith("LEK"):
        return ("follow_up_on", "30 calendar")
    return CITY.get((city, name, priority), FIGURES[name].get(priority))


def due_of(clock, figure, times, calendar):
    """When it ends, or 0 when nothing was promised. times: fields of the ticket that are moments."""
    if isinstance(figure, tuple):
        field, figure = figure
        if field in times:
            return midnight(times[field]) + DAY if field in ("agreed_finish", "follow_up_on") else times[field]
    if figure is None:
        return 0
    begin = clock.base + clock.paused
    if isinstance(figure, int):
        return begin + figure * MINUTE
    count, kind = figure.split()
    day = datetime.fromtimestamp(begin / 1000, CST).date()
    day = calendar.add_working(day, int(count)) if kind == "working" else day + timedelta(days=int(count))
    return int(datetime(day.year, day.month, day.day, tzinfo=CST).timestamp() * 1000) + DAY


def clocks_of(trail, received_at, priority, category, city, times, calendar):
    """trail: (act, at, state before, state after) in order. Gives name -> (Clock, due)."""
    clocks = {}
    for act, at, before, after in trail:
        for name, (_, _, stops) in CLOCKS.items():
            if act in stops and name in clocks:
                clocks[name].stop(at)
        for name, (base, starts, _) in CLOCKS.items():
            running = name in clocks and not clocks[name].stopped
            if act in starts and not running and (name != "triage" or after == "NEW"):
                clocks[name] = Clock(received_at if base == "received" else at, at)
        for name in PAUSABLE & set(clocks):
            if priority >= 2 and after in PAUSED_IN and before not in PAUSED_IN:
                clocks[name].pause(at)
            elif after not in PAUSED_IN:
                clocks[name].resume(at)
        if after in ENDED:
            for clock in clocks.values():
                clock.stop(at)
    dues = {name: (clock, due_of(clock, figure_of(name, priority, category, city), times, calendar))
            for name, clock in clocks.items()}
    return {name: pair for name, pair in dues.items() if pair[1]}
