"""What happens on a day: how often, when, what is broken, and how it goes on. All figures are shares of the workload model.

The model is per 1,000 occupied households and day; the story of one ticket is drawn when it is taken in, so that a run
can be repeated from its seed.
"""

import csv
import os
from dataclasses import dataclass

REPAIRS_PER_1000_A_DAY = 2.8          # in flats and in common areas together
VISITS_PER_1000_A_DAY = 3.0           # 业户访问
CALLS_PER_1000_A_DAY = 12.0           # enquiries; each is a line of the duty log (值班日志)
OCCUPIED = 0.86

# Share of a day's repairs reported in each hour, 0 to 23, Chinese time.
HOURS = [0.006, 0.004, 0.003, 0.003, 0.004, 0.008, 0.022, 0.045, 0.075, 0.088, 0.085, 0.062,
         0.042, 0.048, 0.062, 0.060, 0.055, 0.052, 0.062, 0.070, 0.062, 0.045, 0.025, 0.012]
CHANNELS = {"phone": 0.36, "wechat": 0.24, "app": 0.20, "counter": 0.08, "patrol": 0.09, "email": 0.005, "12345": 0.025}
CATEGORIES = {"WAT": 0.19, "SAN": 0.06, "ELE": 0.16, "LEK": 0.09, "CIV": 0.06, "DOR": 0.10, "LFT": 0.06, "ELV": 0.10,
              "FIR": 0.02, "HVC": 0.03, "GAS": 0.005, "EXT": 0.005, "GRD": 0.03, "GRN": 0.01, "CLN": 0.03, "PST": 0.01,
              "PKG": 0.02, "OTH": 0.02}
DECLINED, ON_HOLD, NOBODY_HOME, CANCELLED, REDONE = 0.08, 0.06, 0.05, 0.015, 0.025
LATE_DISPATCH, SATISFIED = 0.03, 0.90


@dataclass
class Call:
    """What somebody rings up about."""
    at_ms: int
    office: object
    category: str
    channel: str
    area: str
    text: str
    household: object


def read_samples(folder):
    with open(os.path.join(folder, "samples.tsv"), encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def pick(rng, shares):
    return rng.choices(list(shares), weights=list(shares.values()))[0]


def hour_of(at_ms):
    return (at_ms // 3600000 + 8) % 24


def times(rng, per_day, from_ms, until_ms):
    """Moments in the period: a Poisson stream whose rate follows the hours of the day."""
    at = from_ms
    highest = max(HOURS) * per_day / 3600000
    while highest > 0:
        at += int(rng.expovariate(highest)) + 1
        if at >= until_ms:
            return
        if rng.random() < HOURS[hour_of(at)] / max(HOURS):
            yield at


def repairs(rng, samples, office, busy, from_ms, until_ms):
    """Repair calls of an office. busy multiplies the rate, for a livelier show."""
    spoken = [s for s in samples if s["kind"] == "repair"]
    by_group = {}
    for sample in spoken:
        by_group.setdefault(sample["category"][:3], []).append(sample)
    occupied = [h for h in office.households if h.occupied]
    rate = REPAIRS_PER_1000_A_DAY * len(occupied) / 1000 * busy
    for at in times(rng, rate, from_ms, until_ms):
        sample = rng.choice(by_group.get(pick(rng, CATEGORIES)) or spoken)
        household = rng.choice(occupied) if sample["area"] == "household" else None
        yield Call(at, office, sample["category"], pick(rng, CHANNELS), sample["area"], sample["text_zh"], household)


@dataclass
class Story:
    """How a ticket goes on, drawn once. Waits are in minutes of the story."""
    declined: bool
    on_hold: bool
    nobody_home: bool
    cancelled: bool
    redone: bool
    satisfied: bool
    wait: dict


def story(rng, urgent):
    def between(low, high):
        return low + (high - low) * rng.random()

    wait = {
        "triage": between(0.5, 3),
        "dispatch": between(22, 45) if rng.random() < LATE_DISPATCH else between(1, 3 if urgent else 15),
        "accept": between(0.5, 2.5 if urgent else 20),
        "appoint": between(2, 30),
        "arrive": between(5, 13) if urgent else between(30, 240),
        "work": between(2, 10),
        "hold": between(60, 300),
        "done": between(10, 40 if urgent else 120),
        "owner": between(3, 45),
        "follow_up": between(60, 480),
    }
    return Story(declined=rng.random() < DECLINED, on_hold=not urgent and rng.random() < ON_HOLD,
                 nobody_home=not urgent and rng.random() < NOBODY_HOME,
                 cancelled=not urgent and rng.random() < CANCELLED,
                 redone=rng.random() < REDONE, satisfied=rng.random() < SATISFIED, wait=wait)
