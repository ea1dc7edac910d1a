"""The rules of the tree, as data and pure functions: what may include what, and the style that pays for itself.

Every function takes text and gives a list of complaints, so that test_rules.py can prove that each of them can fail.
"""

import re

# A layer may include itself and the layers named for it. Paths are relative to the root of the repository.
LAYERS = [
    # (folder, name, layers it may include)
    ("proto", "proto", {"proto"}),
    ("common/policy", "policy", {"proto", "common", "policy"}),
    ("common", "common", {"proto", "common"}),
    ("server/store", "store", {"proto", "common", "policy", "store"}),
    ("server/core", "core", {"proto", "common", "policy", "store", "core"}),
    ("server/service", "service", {"proto", "common", "policy", "store", "core", "service"}),
    ("server/net", "net", {"proto", "common", "policy", "store", "core", "net"}),
    ("server", "app", {"proto", "common", "policy", "store", "core", "service", "net", "app"}),
    ("client", "client", {"proto", "common", "policy", "client"}),
]

# Libraries that only some layers may know: header, or folder of headers -> layers.
LIBRARIES = {
    "lmdb.h": {"store"},
    "uv.h": {"core", "net", "service", "app", "client"},
    "systemd/": {"core", "net", "app"},
    "yaml.h": {"common", "policy", "app", "client"},
    "jansson.h": {"client"},
    "cmocka.h": set(),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
FORBIDDEN = re.compile(r"\b(TODO|FIXME|XXX|HACK|not implemented|implement(?:ed)? later|stub(?:bed|s)?)\b", re.I)
MACHINE = re.compile(r"(?<![\w.])/(?:work|tmp/build|tmp/work|root|home/\w+)/|\border [A-F]\b|\.\./shared")
REGISTRY = re.compile(r'"resolved"\s*:\s*"https?://(?!registry\.npmjs\.org/)[^"]*"')

FILE_LINES = {"product": 500, "tests": 800}
FUNCTION_LINES = 70
# Behaviour in rows: a table may be as long as the domain is.
STANDS_ALONE = {"main.c", "table.c"}


def layer_of(path):
    for folder, name, allowed in LAYERS:
        if path.startswith(folder + "/"):
            return name, allowed
    return None, None


def target_of(path, include, quoted):
    """The path in the tree that an include names, or None for a library's header."""
    first = include.split("/")[0]
    if first in ("proto", "common", "client", "server"):
        return include
    if first in ("store", "core", "service", "net") and "/" in include:
        return "server/" + include
    if quoted:
        return path.rsplit("/", 1)[0] + "/" + include
    return None


def check_includes(path, text):
    name, allowed = layer_of(path)
    if name is None:
        return []
    wrong = []
    for match in INCLUDE.finditer(text):
        quoted, include = match.group(1) == '"', match.group(2)
        line = text.count("\n", 0, match.start(2)) + 1
        for header, layers in LIBRARIES.items():
            if name not in layers and (include == header or (header.endswith("/") and include.startswith(header))):
                wrong.append(f"{path}:{line}: {name} must not know <{include}>")
        target = target_of(path, include, quoted)
        if target is None:
            continue
        other, _ = layer_of(target)
        if target.startswith("tests/"):
            wrong.append(f"{path}:{line}: the product includes a test: {include}")
        elif other is not None and other not in allowed:
            wrong.append(f"{path}:{line}: {name} includes {other} ({include})")
        elif name == "service" and other == "service":
            wrong += check_service_include(path, line, target)
    return wrong


def check_service_include(path, line, target):
    """A service never calls another service: only its rules."""
    mine, theirs = path.split("/"), target.split("/")
    if len(mine) < 4 or len(theirs) < 4 or mine[2] == theirs[2] or theirs[-1].endswith("_rules.h"):
        return []
    return [f"{path}:{line}: service {mine[2]} calls service {theirs[2]} ({target})"]


def check_rules_are_pure(path, text):
    """A *_rules.c is testable without libuv, LMDB or a clock."""
    if not path.endswith("_rules.c"):
        return []
    wrong = []
    for match in INCLUDE.finditer(text):
        if match.group(2) in ("uv.h", "lmdb.h", "time.h", "common/clock.h", "store/txn.h"):
            wrong.append(f"{path}: rules are pure, but include {match.group(2)}")
    return wrong


def check_length(path, text):
    limit = FILE_LINES["tests" if path.startswith("tests/") else "product"]
    lines = text.count("\n")
    return [f"{path}: {lines} lines, more than {limit}"] if lines > limit else []


def check_functions(path, text):
    """In our layout a `{` alone in the first column opens a function's body, and the next `}` there closes it."""
    wrong, start = [], None
    for number, line in enumerate(text.split("\n"), 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            if number - start >= FUNCTION_LINES:
                wrong.append(f"{path}:{start}: function of {number - start + 1} lines; under {FUNCTION_LINES} fit a screen")
            start = None
    return wrong


def check_words(path, text):
    wrong = []
    for number, line in enumerate(text.split("\n"), 1):
        found = FORBIDDEN.search(line)
        if found:
            wrong.append(f"{path}:{number}: '{found.group(0)}': finish it or leave it out")
        found = MACHINE.search(line)
        if found:
            wrong.append(f"{path}:{number}: names a place outside the product: '{found.group(0)}'")
    return wrong


def check_lock_file(path, text):
    if not path.endswith(("package-lock.json", "npm-shrinkwrap.json")):
        return []
    return [f"{path}: {m.group(0)} ties the build to one registry" for m in REGISTRY.finditer(text)]


def check_header_exists(path, paths):
    """Every .c has a header of its name, of the name it extends (work_save.c: work.h), or its folder's own (internal.h)."""
    folder, file = path.rsplit("/", 1)
    if not path.endswith(".c") or path.startswith(("tests/", "deploy/")) or file in STANDS_ALONE:
        return []
    stem = file[:-2]
    parts = stem.split("_")
    stems = ["_".join(parts[:n]) for n in range(len(parts), 0, -1)] + [folder.rsplit("/", 1)[-1]]
    stems += ["internal", folder.split("/")[0] + "_internal"]
    places = [folder, "client/include"]
    if any(f"{place}/{s}.h" in paths for place in places for s in stems):
        return []
    return [f"{path}: no header says what it is for"]


# gj_log(GJ_LOG_WARN, "net.refused", …) and gj_log_fault("store.open", …): the name of the line.
LOG_LINE = re.compile(r'\bgj_log(?:_fields|_fault)?\(\s*(?:[^",;]*,\s*)?"([a-z0-9_.]+)"')
# A row of the table of log lines: | `net.refused` | … |
LOG_ROW = re.compile(r"^\| `([a-z0-9_.]+)` \|", re.M)


def log_names(text):
    return set(LOG_LINE.findall(text))


def check_log_table(names, manual):
    """Every line the daemon writes is explained to its operator, and nothing is explained that it does not write."""
    explained = set(LOG_ROW.findall(manual.partition("## What each log line means")[2]))
    return ([f"deploy/OPERATING.md does not say what the log line '{name}' means" for name in sorted(names - explained)]
            + [f"deploy/OPERATING.md explains '{name}', which nothing writes" for name in sorted(explained - names)])


# A row of the table of faults: `folder/file` and the tests in it.
FAULT_FILE = re.compile(r"`((?:[a-z]+/)[a-z_]+\.(?:c|py))`((?:,? test_[a-z_]+)*)")


def check_fault_table(table, texts):
    """texts: path below tests/ -> content. Every test that the table names is there."""
    wrong, named = [], 0
    for path, tests in FAULT_FILE.findall(table):
        named += 1
        if path not in texts:
            wrong.append(f"tests/README.md names {path}, which is not there")
            continue
        wrong += [f"tests/README.md names {test} of {path}, which is not there"
                  for test in re.findall(r"test_[a-z_]+", tests) if test not in texts[path]]
    return wrong if named else ["tests/README.md names no test"]
