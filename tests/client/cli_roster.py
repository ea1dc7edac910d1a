#!/usr/bin/python3
"""Shifts and leave over a real daemon, in Chinese: a month from a spreadsheet, who is there, standing in, gaps.

usage: cli_roster.py GUANJIA GUANJIAD SOURCE_DIR
"""
import datetime

from cli_world import answer, base, check, finish, found_company, run, wait_for

zone = datetime.timezone(datetime.timedelta(hours=8))
now = datetime.datetime.now(zone)
first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
after = (first + datetime.timedelta(days=32)).replace(day=1)
month = first.strftime("%Y-%m")
days = (after - first).days


def zh(profile, *words, **more):
    return run(profile, *words, lang="zh", **more)


def has(got, *words):
    missing = [word for word in words if word not in got.stdout]
    check(got.returncode == 0 and not missing, f"shows {missing}", got)


def refused(got, *words):
    missing = [word for word in words if word not in got.stderr]
    check(got.returncode not in (0, 1, 2) and not missing, f"is refused with {missing}", got)


def sheet(*rows):
    path = base / "排班表.csv"
    path.write_text("\n".join(",".join(row) for row in rows) + "\n", encoding="utf-8")
    return path


def local(moment):
    return moment.isoformat(timespec="minutes")


try:
    found_company()
    for login, name in (("desk", "王芳"), ("tech", "李师傅"), ("lead", "赵主管")):
        user = next(row["id"] for row in answer("admin", "user", "list") if row["login"] == login)
        answer("lead", "staff", "put", user, "--name", name, "--office", "BJ1")
    numbers = [str(day + 1) for day in range(days)]
    header = ["岗位", "人员", *numbers]

    # A cell that nobody understands, a person twice in one night: refused with the line, and nothing is set.
    bad = sheet(header, ["cs_agent", "desk", *["8~20"] * days])
    got = zh("lead", "roster", "set", "--csv", bad, "--month", month, "--office", "BJ1")
    check(got.returncode == 2 and "第 2 行" in got.stderr and "8~20" in got.stderr, "a cell is no shift", got)
    twice = sheet(header, ["cs_agent", "desk", *["8-20"] * days], ["tech", "desk", *["19-23"] * days])
    refused(zh("lead", "roster", "set", "--csv", twice, "--month", month, "--office", "BJ1"), f"{days + 1}", "已有排班")
    check(answer("lead", "roster", "list", "--month", month) == [], "nothing was set")

    # The month: the desk by day, the lead by night, the technician on standby all day.
    good = sheet(header, ["cs_agent", "desk", *["0-12"] * days], ["cs_agent", "lead", *["12-24"] * days],
                 ["tech", "tech", *["*0-24"] * (days - 1), "休"])
    check(zh("lead", "roster", "set", "--csv", good, "--month", month, "--office", "BJ1").returncode == 0, "the month is set")
    lines = answer("lead", "roster", "list", "--month", month)
    check(len(lines) == 3 * days - 1, f"{len(lines)} lines")
    has(zh("lead", "roster", "list", "--month", month), "0:00-12:00 王芳; 12:00-0:00 赵主管", "李师傅(待命)", f"{first:%m}-{days}")
    if days > now.day:
        has(zh("desk", "duty", "list"), "当班", "待命", "李师傅")

    # A table with one line a shift, by the words that people use: a day next month, with a stand-in.
    day = after + datetime.timedelta(days=9)
    rows = sheet(["岗位", "人员", "起", "止", "类别", "顶替"],
                 ["cs_agent", "desk", f"{day:%Y/%-m/%-d} 8:00", f"{day:%Y/%-m/%-d} 20:00", "当班", ""],
                 ["cs_agent", "lead", f"{day:%Y/%-m/%-d} 12:00", f"{day:%Y/%-m/%-d} 14:00", "顶岗", "desk"])
    until = day + datetime.timedelta(days=1)
    check(zh("lead", "roster", "set", "--csv", rows, "--from", local(day), "--until", local(until), "--office",
             "BJ1").returncode == 0, "a day from a table of shifts")
    noon = day + datetime.timedelta(hours=13)
    has(zh("desk", "duty", "list", "--at", local(noon)), "有人顶岗", "当班")
    people = {row["name"]: row for row in answer("desk", "duty", "list", "--at", local(noon))}
    check(people["王芳"]["presence"] == "covered" and people["赵主管"]["presence"] == "duty", f"covered: {people}")

    # Standing in: four hours at most, and only for somebody who is on duty.
    evening = day + datetime.timedelta(hours=15)
    refused(zh("lead", "duty", "cover", "lead", "desk", "--role", "cs_agent", "--from", local(evening), "--until",
               local(evening + datetime.timedelta(hours=5))), "顶岗最长 4 小时")
    refused(zh("lead", "duty", "cover", "desk", "lead", "--role", "cs_agent", "--from", local(evening), "--until",
               local(evening + datetime.timedelta(hours=1))), "并非全程当班")
    check(zh("lead", "duty", "cover", "lead", "desk", "--role", "cs_agent", "--from", local(evening), "--until",
             local(evening + datetime.timedelta(hours=4))).returncode == 0, "stands in")

    # Leave in the hours ahead leaves a gap: the lead is told, and it goes when somebody else is put down.
    tomorrow = (now + datetime.timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    span = ("--from", local(tomorrow), "--until", local(tomorrow + datetime.timedelta(days=1)), "--office", "BJ1")
    both = [f"cs_agent,{who},{local(tomorrow + datetime.timedelta(hours=begin))},"
            f"{local(tomorrow + datetime.timedelta(hours=begin + 12))}" for who, begin in (("desk", 0), ("lead", 12))]
    check(zh("lead", "roster", "set", *both, *span).returncode == 0, "tomorrow")
    eight, ten = tomorrow + datetime.timedelta(hours=8), tomorrow + datetime.timedelta(hours=10)
    check(zh("desk", "absence", "set", "me", "--from", local(eight), "--until", local(ten), "--reason",
             "看病").returncode == 0, "leave")
    stamp = f"{eight:%Y-%m-%d %H:%M}"
    has(zh("lead", "roster", "gaps"), stamp)
    has(zh("lead", "ticket", "board"), "缺口")
    check(wait_for(lambda: "在岗人数不足" in zh("lead", "inbox", "list").stdout), "the lead is told")
    has(zh("lead", "inbox", "list"), stamp, f"{ten:%Y-%m-%d %H:%M}")
    check("看病" not in zh("lead", "inbox", "list").stdout, "why somebody is away is nobody's business")
    check(zh("lead", "duty", "cover", "lead", "desk", "--role", "cs_agent", "--from", local(eight), "--until",
             local(ten)).returncode == 0, "somebody stands in")
    check(stamp not in zh("lead", "inbox", "list").stdout, "the notice has gone")
finally:
    finish()
