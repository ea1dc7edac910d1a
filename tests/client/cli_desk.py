#!/usr/bin/python3
"""A day at the desk, in Chinese, over a real daemon: words instead of codes, the board, open cases from paper, what is merged, clocks,
entry without a connection, the end of a watch.

usage: cli_desk.py GUANJIA GUANJIAD SOURCE_DIR
"""
import json
import os
import signal
import socket
import subprocess
import threading
import time

from cli_world import answer, base, check, daemon, environment, finish, found_company, password, program, run, wait_for


def zh(profile, *words, **more):
    return run(profile, *words, lang="zh", **more)


def has(got, *words):
    missing = [word for word in words if word not in got.stdout]
    check(got.returncode == 0 and not missing, f"shows {missing}", got)


def household(room, name, phone):
    made = base / "households.csv"
    made.write_text(f"房号,户名,业主,业主电话\n{room},{name},{name},{phone}\n", encoding="utf-8")
    check(run("lead", "household", "import", made, "--office", "BJ1", "-q").returncode == 0, "a household")
    wait_for(lambda: len(answer("lead", "household", "find", "--room", room, "--purpose", "call")) == 1)
    return answer("lead", "household", "find", "--room", room, "--purpose", "call")[0]["id"]


def ticket(place="3-1-101", **more):
    words = {"--channel": "phone", "--household": home, "--contact-name": "赵七", "--contact-phone": "13900000007",
             "--description": "厨房水管漏水", "--category": "WAT-01", "--area": "household", "--place": place, **more}
    return answer("desk", "ticket", "create", "--told-response", *[part for pair in words.items() for part in pair])


class Line:
    """A line between a program and the daemon that counts what the program sends."""

    def __init__(self):
        self.sent = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            far = socket.create_connection(("127.0.0.1", daemon.port))
            threading.Thread(target=self.copy, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self.copy, args=(far, near, False), daemon=True).start()

    def copy(self, source, sink, counted):
        try:
            while data := source.recv(65536):
                self.sent += len(data) if counted else 0
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def table_lines(text):
    return [line for line in text.split("\n") if line.strip()]


try:
    found_company()
    home = household("3-1-101", "赵七", "13900000007")
    technician = next(user["id"] for user in answer("admin", "user", "list") if user["login"] == "tech")
    answer("lead", "staff", "put", technician, "--name", "李师傅", "--trade", "plumber", "--office", "BJ1")

    # Empty lists say so; in JSON they are empty arrays.
    has(zh("desk", "ticket", "list"), "没有记录")
    check(answer("desk", "ticket", "list") == [], "an empty list in JSON")
    has(zh("desk", "inbox", "list"), "没有记录")
    has(zh("desk", "ticket", "board", "--office", "BJ1"), "没有在办的单", "李师傅")

    # A household as the desk reads it: square metres, days, how one likes to be called, the car.
    described = base / "described.csv"
    described.write_text("房号,面积,交付日期,业主,业主电话,联系方式,车牌\n3-1-101,89.37,2020-05-01,赵七,13900000007,phone,京A12345\n")
    check(run("lead", "household", "import", described, "--office", "BJ1", "-q").returncode == 0, "a household described")
    file = zh("desk", "household", "show", home, "--purpose", "call")
    has(file, "89.37 m2", "2020-05-01", "电话", "京A12345 (")
    check(not any(word in file.stdout for word in ("893700", "00:00:00", "phone", "车牌=")), "no codes in a household", file)

    # Words instead of codes; codes in JSON.
    spoken = zh("desk", "ticket", "create", "--channel", "phone", "--household", home, "--contact-phone", "13900000007",
                "--description", "灯坏")
    has(spoken, "已受理")
    number = next(line.split()[-1] for line in spoken.stdout.split("\n") if line.startswith("单号"))
    has(zh("lead", "ticket", "act", number, "cancel", "--field", "cancel_reason=误报"), "已取消")
    first = ticket()
    second = ticket("3-1-102")
    listed = zh("desk", "ticket", "list")
    has(listed, "已分类定级", "P1 急修", "爆管")
    check("TRIAGED" not in listed.stdout, "no code of a state", listed)
    has(run("desk", "ticket", "list"), "Classified", "P1 Basic living")
    check(answer("desk", "ticket", "list")[0]["state"] == "TRIAGED", "JSON keeps the code")
    has(run("desk", "ticket", "list", "--lang", "zh"), "已分类定级")
    answer("desk", "ticket", "act", first["id"], "dispatch", "--assignee", technician, "--field", "trade=plumber")
    shown = zh("desk", "ticket", "show", first["number"], "--history")
    has(shown, "已派单", "李师傅", "派单", "受理", "受理渠道", "电话", "工种", "水工", "到场时限", "按时")
    check("DISPATCHED" not in shown.stdout and "plumber" not in shown.stdout, "no codes", shown)
    has(zh("desk", "ticket", "actions", second["id"]), "dispatch 派单", "处理人 (assignee)", "已派单")
    # Fields that have to be given are shown whole; a role is lent from now on where nothing else is said.
    has(zh("lead", "ticket", "actions", second["id"]), "保修判定 (warranty_decision), 判定理由 (liability_reason)")
    tomorrow = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + 32 * 3600))
    lent = zh("lead", "delegate", "create", "desk", "--role", "cs_lead", "--until", tomorrow)
    check(lent.returncode == 0, "a role is lent", lent)
    has(zh("lead", "delegate", "list"), "已结束", "客服主管")
    has(zh("tech", "whoami"), "维修")
    has(zh("desk", "kind", "show", "repair_ticket"), "受理渠道", "channel", "choice", "已派单", "WAT-01")
    has(zh("admin", "role", "list"), "cs_agent", "客服")

    # A clock that runs from the receipt started then, and says whether it was kept.
    record = answer("desk", "ticket", "show", first["id"])["record"]
    received = record["received_at"][:19].replace("T", " ")
    arrive = next((line for line in shown.stdout.split("\n") if line.startswith("到场时限")), "")
    check(received in arrive and "计时中" in arrive, f"the clock of arrival: {arrive}")
    explained = run("desk", "policy", "explain", "--kind", "repair", "--category", "WAT-01", "--at", "2026-02-13T15:00", lang="zh")
    has(explained, "到场时限", "2026-02-13 15:00:00", "自:派单")
    rows = answer("desk", "policy", "explain", "--kind", "repair", "--category", "WAT-01", "--at", "2026-02-13T15:00")
    check({row["name"]: row["started"] for row in rows}["arrive"] == "2026-02-13T15:00:00+08:00" and
          {row["name"]: row["started"] for row in rows}["accept"] is None, f"started: {rows}")

    # Two reports of one fault: the second goes on in the first, which shows it, and its worker hears of it.
    merged = zh("desk", "ticket", "act", second["id"], "merge", "--into", first["id"])
    check(merged.returncode == 0, "a merge", merged)
    children = zh("desk", "ticket", "show", first["id"])
    has(children, "下属单据", second["number"], "已合并", "3-1-102")
    check([row["number"] for row in answer("desk", "ticket", "show", first["id"])["children"]] == [second["number"]], "children in JSON")
    has(zh("tech", "inbox", "list"), first["number"], f"{second['number']} 已并入此单")

    # The board: by state, what is nearest first, who has how much to do.
    third = ticket("3-1-103", **{"--priority": "P2"})
    fourth = ticket("3-1-104")
    board = zh("desk", "ticket", "board", "--office", "BJ1")
    has(board, "已分类定级:2 件", "已派单:1 件", "李师傅", "还剩")
    check(board.stdout.index(fourth["number"]) < board.stdout.index(third["number"]), "the nearest deadline first", board)
    worker = next(line for line in board.stdout.split("\n") if line.startswith("李师傅"))
    check(worker.split()[1] == "1", f"the technician's load: {worker}")

    # Who could have it, and what keeps the others from it.
    has(zh("desk", "ticket", "why", third["id"]), "人工派单", "李师傅", "可接")
    check(answer("desk", "ticket", "why", third["id"])["now"]["mode"] == "manual", "why in JSON")

    # Open cases from paper: every wrong line with its number, column and reason, and nothing is made.
    before = len(answer("desk", "ticket", "list", "--all"))
    cases = base / "cases.csv"
    cases.write_text("原单号,报修时间,房号或位置,报修类别,优先级,description,区域\n"
                     "纸-1,2026/9/3 9:30,3-1-201,WAT-01,P2,水龙头坏,household\n"
                     "纸-2,昨天,3-1-202,WAT-01,P2,灯坏,household\n"
                     "纸-3,2026-09-03,3-1-203,NO-99,P7,门坏,户内\n"
                     "纸-4,2026-09-03,3-1-204\n", encoding="utf-8")
    bad = zh("lead", "ticket", "import", cases, "--office", "BJ1")
    check(bad.returncode == 1 and "第 3 行,第 2 列(报修时间)" in bad.stdout and "“昨天”" in bad.stdout, "a bad time", bad)
    check("第 4 行,第 5 列(优先级)" in bad.stdout and "第 5 行" in bad.stdout and "有误 3" in bad.stdout, "every bad line", bad)
    check(len(answer("desk", "ticket", "list", "--all")) == before, "nothing is made")
    cases.write_text("原单号,报修时间,房号或位置,报修类别,优先级,description,区域,天气\n纸-1,2026-09-03,x,WAT-01,P2,坏,户内,晴\n", encoding="utf-8")
    bad = zh("lead", "ticket", "import", cases, "--office", "BJ1")
    check(bad.returncode == 1 and "第 1 行,第 8 列(天气)" in bad.stdout, "an unknown column by name", bad)
    # What only the server can see is told by line and column, too.
    cases.write_text("原单号,报修时间,房号或位置,报修类别,description,区域\n纸-1,2026-09-03,3-1-201,WAT-01,水龙头坏,户内\n"
                     "纸-2,2026-09-03,3-1-202,NO-99,灯坏,户内\n", encoding="utf-8")
    bad = zh("lead", "ticket", "import", cases, "--office", "BJ1")
    check(bad.returncode == 1 and "第 3 行,第 4 列(报修类别)" in bad.stdout and "field_choice" in bad.stdout, "a bad category", bad)
    check(len(answer("desk", "ticket", "list", "--all")) == before, "nothing is made")
    text = "原单号,报修时间,业户,房号或位置,报修类别,优先级,报修内容,区域\n" + "".join(
        f"纸-{n},2026年9月{n % 28 + 1}日 9时30分,{'3-1-101' if n % 2 else ''},3-1-{200 + n},WAT-01,P2,水龙头坏 {n},户内\n" for n in range(60))
    cases.write_text(text, encoding="utf-8")
    preview = zh("lead", "ticket", "import", cases, "--office", "BJ1", "--preview")
    check(preview.returncode == 0 and "新增 60" in preview.stdout, "the preview", preview)
    check(len(answer("desk", "ticket", "list", "--all")) == before, "a preview makes nothing")
    made = zh("lead", "ticket", "import", cases, "--office", "BJ1")
    check(made.returncode == 0 and "已导入 60 件" in made.stdout, "the import", made)
    cases.write_text(text + "纸-60,2026-09-03,,3-1-260,WAT-01,P2,水龙头坏,户内\n", encoding="utf-8")
    again = zh("lead", "ticket", "import", cases, "--office", "BJ1")
    check(again.returncode == 0 and "新增 1,已有 60" in again.stdout, "the same file again, with one more", again)
    check(len(answer("desk", "ticket", "list", "--all")) == before + 61, "no case twice")
    # Without a number on paper the whole line is what a case is known by; the same line twice is a mistake.
    cases.write_text("received_at,place,category,priority,description,area\n"
                     + "2026-09-03,3-1-301,WAT-01,P2,水龙头坏,household\n" * 2, encoding="utf-8")
    twice = zh("lead", "ticket", "import", cases, "--office", "BJ1")
    check(twice.returncode == 1 and "第 3 行: 与第 2 行是同一件" in twice.stdout, "the same line twice", twice)
    cases.write_bytes("房号或位置,description\n3-1-1,灯坏\n".encode("gbk"))
    check("CSV UTF-8" in zh("lead", "ticket", "import", cases, "--office", "BJ1").stderr, "a file that is not UTF-8")
    check(zh("desk", "ticket", "import", cases, "--office", "BJ1").returncode != 0, "an agent may not import")

    # A file of households whose first line has a wrong column: which one.
    cases.write_text("房号,户名,星座\n3-1-1,甲,狮子\n", encoding="utf-8")
    bad = zh("lead", "household", "import", cases, "--office", "BJ1")
    check(bad.returncode != 0 and "星座" in bad.stderr, "a wrong column of households by name", bad)

    # Without a connection the types of fields are known all the same, and an office by its code.
    revision = answer("tech", "ticket", "show", first["id"])["record"]["revision"]
    answer("tech", "ticket", "act", first["id"], "accept", "--revision", revision)
    daemon.stop(signal.SIGTERM)
    begun = time.time()
    waiting = answer("tech", "ticket", "act", first["id"], "appoint", "--revision", revision + 1, "--outbox", "--field",
                     "appointment_at=2099-01-05T15:00", "--field", "confirmed_with_owner=yes")["outbox"]
    answer("desk", "record", "create", "visit", "--office", "BJ1", "--outbox", "--household", home, "--field", "purpose=routine",
           "--field", "appointment_at=2099-01-05T15:00", "--field", "consent=yes")
    wrong = zh("tech", "ticket", "act", first["id"], "appoint", "--revision", revision + 1, "--outbox", "--field", "appointment_at=soon")
    check(wrong.returncode == 2, "a time that is none is seen without a connection", wrong)
    by_number = zh("tech", "ticket", "act", first["number"], "accept", "--revision", "1", "--outbox")
    check(by_number.returncode == 2 and "编号" in by_number.stderr, "a number cannot be looked up", by_number)
    check(time.time() - begun < 20, "nothing waits for a line that is not there")
    completed = run("desk", "complete", "offices")
    check(completed.stdout.split() == ["BJ1"], "completion of office codes without a connection", completed)
    check("DISPATCHED" in run("desk", "complete", "states").stdout.split(), "completion of states")
    script = base / "completion"
    script.write_text(run("desk", "completion", "bash").stdout)

    def complete(*words):
        ask = (f'source "{script}"; COMP_WORDS=("{program}" -p desk {" ".join(words)} ""); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1)); '
               '_guanjia; echo "${COMPREPLY[@]}"')
        return subprocess.run(["bash", "-c", ask], env=environment(), capture_output=True, text=True, check=True).stdout.split()

    check("BJ1" in complete("ticket", "list", "--office"), "office codes at the tabulator")
    check("dispatch" in complete("ticket", "act", "42"), "acts at the tabulator")
    check({"visit", "duty_log"} <= set(complete("record", "list")), "kinds at the tabulator")
    check("purpose=" in complete("record", "create", "visit", "--field") or "trade=" in complete("ticket", "act", "1", "x", "--field"),
          "fields at the tabulator")
    check("ticket" in complete() and "complete" not in complete(), "nouns at the tabulator")
    daemon.start()
    for profile in ("tech", "desk"):
        sent = run(profile, "outbox", "send", "-o", "json")
        check(sent.returncode == 0 and json.loads(sent.stdout)["sent"] == 1, f"what {profile} noted", sent)
    check(answer("tech", "ticket", "show", first["id"])["record"]["state"] == "APPOINTED", "the step was taken")

    # A watch says words; Ctrl-C ends it with 130, and the server has been told that the channel closes.
    line = Line()
    check(run("lead", "profile", "address", f"127.0.0.1:{line.port}").returncode == 0, "another address")
    watched = open(base / "watch.out", "w+")
    watch = subprocess.Popen([program, "--profile", "lead", "ticket", "watch"], env=environment("zh"), stdout=watched,
                             stderr=subprocess.PIPE, text=True)
    time.sleep(1.5)
    fifth = ticket("3-1-105")

    def seen():
        watched.seek(0)
        return watched.read()

    check(wait_for(lambda: fifth["number"] in seen()), "the watch")
    check("受理" in seen() and "已分类定级" in seen() and "P1 急修" in seen(), f"words in the watch: {seen()}")
    before = line.sent
    watch.send_signal(signal.SIGINT)
    check(wait_for(lambda: watch.poll() is not None, 5) and watch.returncode == 130, f"Ctrl-C: {watch.poll()}")
    check(wait_for(lambda: line.sent > before, 5), "a last word goes to the server")

    # Columns line up: every line of a table has its second column at the same place.
    import unicodedata
    lines = table_lines(zh("desk", "office", "list").stdout)
    def width(text):
        return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
    check(width(lines[0][:lines[0].index("名称")]) == width(lines[1][:lines[1].index("北京")]), f"the columns line up: {lines}")
finally:
    finish()
