#!/usr/bin/python3
"""Every text of the command line has its Chinese, and every code that the server can send has a text.

usage: cli_texts.py SOURCE_DIR
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

root = pathlib.Path(sys.argv[1])
cli = root / "client/cli"
problems = []


def strings(text):
    """msgid -> (msgstr, flags) of a catalogue."""
    found = {}
    for block in re.split(r"\n\s*\n", text):
        if re.search(r"^#~", block, re.M):
            problems.append("the catalogue keeps a text that is no longer used: " + block.split("\n")[0])
            continue
        parts = re.search(r'^msgid ((?:"(?:[^"\\]|\\.)*"\s*)+)msgstr ((?:"(?:[^"\\]|\\.)*"\s*)+)', block, re.M)
        if parts:
            key, value = ("".join(re.findall(r'"((?:[^"\\]|\\.)*)"', part)) for part in parts.groups())
            found[key] = (value, "fuzzy" in block)
    found.pop("", None)
    return found


def extract():
    sources = sorted(str(path) for path in cli.glob("*.[ch]"))
    with tempfile.TemporaryDirectory() as folder:
        pot = pathlib.Path(folder) / "guanjia.pot"
        subprocess.run(["xgettext", "--from-code=UTF-8", "--language=C", "--keyword=CLI_TEXT", "--keyword=N_",
                        "--no-location", "-o", pot, *sources], check=True, stderr=subprocess.DEVNULL)
        return strings(pot.read_text(encoding="utf-8"))


def server_codes():
    """Refusal codes: those of the rules' list, and those that services give by themselves."""
    codes = set(re.findall(r'X\([A-Z_]+, \d+, "([a-z_]+)"\)', (root / "common/policy/refusal.h").read_text()))
    for path in (root / "server").rglob("*.c"):
        text = path.read_text(encoding="utf-8")
        codes |= set(re.findall(r'gj_refuse\w*\([^;{}]*?GJ__V1__STATUS__\w+,\s*"([a-z_.]+)"', text))
        codes |= set(re.findall(r'\b(?:wrong|fault|gj_door_invalid)\([^;{}"]*"([a-z]+_[a-z_]+)"', text))
        codes |= set(re.findall(r'STATUS__\w+,\s*(?:\.code = )?"([a-z_]+(?:\.[a-z_]+)+)"', text))
        codes |= set(re.findall(r'answer\.code = "([a-z_.]+)"', text))
        codes |= set(re.findall(r'row->problem = "([a-z_]+)"', text))
    return codes - {"none"}


used = extract()
chinese = strings((cli / "po/zh_CN.po").read_text(encoding="utf-8"))
for text in used:
    value, fuzzy = chinese.get(text, ("", False))
    if value == "":
        problems.append(f"no Chinese for: {text}")
    elif fuzzy:
        problems.append(f"uncertain Chinese for: {text}")
    elif set(re.findall(r"\{\w+\}", text)) != set(re.findall(r"\{\w+\}", value)):
        problems.append(f"the parameters differ: {text}")
    elif not re.search(r"[\u4e00-\u9fff]", value) and re.search(r"[a-z]{3} ", text):
        problems.append(f"the Chinese is not Chinese: {text}")
for text in chinese.keys() - used.keys():
    problems.append(f"Chinese for a text that nobody uses: {text}")

texts = set(re.findall(r'\{"([a-z_.]+)",\s*N_\(', (cli / "texts_refusal.c").read_text()))
codes = server_codes()
if len(used) < 500 or len(codes) < 60:
    problems.append(f"only {len(used)} texts and {len(codes)} codes were found: this test has lost its way")
for code in sorted(codes - texts):
    problems.append(f"the server's refusal {code} has no text in client/cli/texts_refusal.c")

manual = (cli / "guanjia.1").read_text()
nouns = set()
for path in cli.glob("nouns_*.c"):
    nouns |= set(re.findall(r'\{"([a-z]+)", "[a-z-]*",\s*N_\(', path.read_text()))
nouns |= set(re.findall(r'SHARED\("([a-z]+)"\)', (cli / "nouns_record.c").read_text()))
for noun in sorted(nouns):
    if not re.search(rf"\b{noun}\b", manual):
        problems.append(f"the manual page does not know {noun}")
for status in range(11, 23):
    if f".It {status}\n" not in manual:
        problems.append(f"the manual page does not explain exit status {status}")

for lint in (["mandoc", "-Tlint", "-Wwarning"], ["groff", "-mdoc", "-Tutf8", "-Kutf8", "-ww", "-z"]):
    if shutil.which(lint[0]):
        said = subprocess.run([*lint, cli / "guanjia.1"], capture_output=True, text=True)
        problems += [line for line in (said.stdout + said.stderr).split("\n") if line]

# The columns of the imports are the server's: help, manual page and the operator's book have each of them.
rules = (root / "server/service/directory/import_rules.h").read_text(encoding="utf-8")
operating = (root / "deploy/OPERATING.md").read_text(encoding="utf-8")
notes = (cli / "help_notes.c").read_text(encoding="utf-8")
columns = re.findall(r'    X\([A-Z_]+, "([a-z_]+)", "([^"|]+)', rules)
for word, name in columns:
    for where, text in (("help", notes), ("the manual page", manual), ("OPERATING.md", operating)):
        if word not in text or name not in text:
            problems.append(f"{where} does not know the column {word} {name}")
if len(columns) < 20:
    problems.append("the columns of the imports were not found")

for problem in problems:
    print(problem)
print(f"{len(used)} texts, {len(codes)} refusal codes, {len(nouns)} nouns: {len(problems)} problems")
sys.exit(1 if problems else 0)
