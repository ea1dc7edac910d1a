#!/usr/bin/python3
"""Reads every file of the tree and fails where a layer or style rule is broken.

    check.py ROOT layers | style | format | logs | faults
"""

import os
import subprocess
import sys

import rules

C_FILES = (".c", ".h")
WORD_FILES = (".c", ".h", ".proto", ".py", ".md", ".yaml", ".txt", ".cmake", ".service", ".timer", ".json", ".go", ".po", "")
# They name the words that they forbid.
SPEAKS_OF_WORDS = {"tests/layers/rules.py", "tests/layers/test_rules.py"}


def paths_of(root):
    """Our files: what git tracks, or everything but build folders where there is no git."""
    if os.path.exists(os.path.join(root, ".git")):
        listed = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, check=True)
        return sorted(p for p in listed.stdout.decode().split("\0") if p and os.path.isfile(os.path.join(root, p)))
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [f for f in folders if f not in ("build", ".git", "node_modules")]
        found += [os.path.relpath(os.path.join(folder, f), root) for f in files]
    return sorted(found)


def texts_of(root, paths, endings):
    for path in paths:
        if os.path.splitext(path)[1] not in endings:
            continue
        with open(os.path.join(root, path), "rb") as file:
            data = file.read()
        try:
            yield path, data.decode()
        except UnicodeDecodeError:
            if path.endswith(C_FILES):
                yield path, data.decode("latin-1")


def layers(root, paths):
    wrong = []
    for path, text in texts_of(root, paths, C_FILES):
        wrong += rules.check_includes(path, text)
        wrong += rules.check_rules_are_pure(path, text)
    return wrong


def style(root, paths):
    wrong, known = [], set(paths)
    for path, text in texts_of(root, paths, C_FILES):
        wrong += rules.check_length(path, text)
        wrong += rules.check_functions(path, text)
        wrong += rules.check_header_exists(path, known)
    for path, text in texts_of(root, paths, WORD_FILES):
        if path not in SPEAKS_OF_WORDS:
            wrong += rules.check_words(path, text)
        wrong += rules.check_lock_file(path, text)
    return wrong


def layout(root, paths):
    files = [p for p in paths if p.endswith(C_FILES)]
    run = subprocess.run(["clang-format", "--dry-run", "--Werror", *files], cwd=root, capture_output=True, text=True)
    return [line for line in run.stderr.split("\n") if ": error:" in line] if run.returncode else []


def logs(root, paths):
    names = set()
    for path, text in texts_of(root, paths, (".c",)):
        if path.startswith(("server/", "common/")):
            names |= rules.log_names(text)
    with open(os.path.join(root, "deploy/OPERATING.md"), encoding="utf-8") as file:
        return rules.check_log_table(names, file.read())


def faults(root, paths):
    texts = {path.partition("/")[2]: text for path, text in texts_of(root, paths, (".c", ".py")) if path.startswith("tests/")}
    with open(os.path.join(root, "tests/README.md"), encoding="utf-8") as file:
        return rules.check_fault_table(file.read(), texts)


CHECKS = {"layers": layers, "style": style, "format": layout, "logs": logs, "faults": faults}


def main():
    if len(sys.argv) != 3 or sys.argv[2] not in CHECKS:
        sys.exit(__doc__)
    root = sys.argv[1]
    paths = paths_of(root)
    wrong = CHECKS[sys.argv[2]](root, paths)
    if sum(p.endswith(C_FILES) for p in paths) < 20:
        wrong.append("hardly any source was found: is this the root of the tree?")
    for line in wrong:
        print(line)
    print(f"{sys.argv[2]}: {len(paths)} files, {len(wrong)} complaints")
    sys.exit(1 if wrong else 0)


main()
