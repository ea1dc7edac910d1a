"""Starts daemons and speaks to them through the command line, the way a person would: for the demo and for the tests.

Nothing here knows the protocol. Processes that were started are ended by their own id, whatever happens.
"""

import atexit
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time


class CommandFailed(Exception):
    """A command ended with another exit code than 0: code, what it printed, and the refusal it named if any."""

    def __init__(self, arguments, code, out, err):
        self.arguments, self.code, self.out, self.err = arguments, code, out, err
        super().__init__(f"{' '.join(arguments)}: exit {code}: {(err or out).strip()}")


class Programs:
    """Where the two programs are: a build folder, or what is installed."""

    def __init__(self, build=None):
        self.daemon = self.find("guanjiad", build, ("server", "server/guanjiad"))
        self.cli = self.find("guanjia", build, ("client", "client/cli"))

    @staticmethod
    def find(name, build, folders):
        for folder in folders if build else ():
            path = os.path.join(build, folder, name)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                return path
        found = None if build else shutil.which(name)
        if not found:
            raise FileNotFoundError(f"no program {name} in {build or 'PATH'}: build first")
        return found


class Daemon:
    """One guanjiad on one folder. kill() is kill -9; stop() is what systemd would do."""

    def __init__(self, programs, folder, arguments=(), wrapper=(), environment=None):
        self.programs, self.folder, self.arguments = programs, folder, list(arguments)
        self.wrapper, self.environment = list(wrapper), dict(environment or {})
        self.process, self.port = None, 0
        self.log = folder.rstrip("/") + ".log"
        atexit.register(self.kill)

    def init(self, *arguments):
        """Makes the store; gives the invitations of the first two people, by title: administrator and approver."""
        run = subprocess.run([self.programs.daemon, "init", self.folder, *arguments], capture_output=True, text=True)
        if run.returncode:
            raise CommandFailed(["guanjiad", "init"], run.returncode, run.stdout, run.stderr)
        invitations = dict(line.split() for line in run.stdout.splitlines() if " GJ1-" in line)
        if set(invitations) != {"administrator", "approver"}:
            raise CommandFailed(["guanjiad", "init"], 0, run.stdout, "printed other invitations than expected")
        return invitations

    def start(self, wait_s=20):
        port_file = self.folder.rstrip("/") + ".port"
        if os.path.exists(port_file):
            os.unlink(port_file)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*self.wrapper, self.programs.daemon, "run", "-d", self.folder, "--listen", f"127.0.0.1:{self.port}",
                 "--port-file", port_file, *self.arguments],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, env={**os.environ, **self.environment})
        end = time.monotonic() + wait_s
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise CommandFailed(["guanjiad", "run"], self.process.returncode, "", self.log_tail())
            try:
                with open(port_file) as file:
                    text = file.read()
                if text.endswith("\n"):
                    self.port = int(text)
                    return self
            except (FileNotFoundError, ValueError):
                pass
            time.sleep(0.005)
        self.kill()
        raise TimeoutError(f"guanjiad did not open its port in {wait_s} s: {self.log_tail()}")

    def tool(self, *words):
        """guanjiad's own commands: backup, restore, check."""
        done = subprocess.run([self.programs.daemon, *words], capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise CommandFailed(["guanjiad", *words], done.returncode, done.stdout, done.stderr)
        return done.stdout.strip()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        if self.alive():
            self.process.kill()
            self.process.wait()

    def stop(self, wait_s=20):
        if not self.alive():
            return self.process.returncode if self.process else None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(wait_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def log_tail(self, lines=20):
        try:
            with open(self.log, errors="replace") as file:
                return "".join(file.readlines()[-lines:])
        except FileNotFoundError:
            return ""


class Person:
    """Somebody at a device: one profile folder, one login."""

    def __init__(self, programs, home, profile, login=None, password=None):
        self.programs, self.home, self.profile = programs, home, profile
        self.login_name, self.password = login, password

    def try_run(self, *arguments, stdin=None, timeout=60):
        environment = {**os.environ, "GUANJIA_HOME": self.home, "LC_ALL": "C.UTF-8", "LANGUAGE": "en"}
        return subprocess.run([self.programs.cli, "--profile", self.profile, *map(str, arguments)], input=stdin,
                              capture_output=True, text=True, timeout=timeout, env=environment)

    def run(self, *arguments, stdin=None, timeout=60):
        done = self.try_run(*arguments, stdin=stdin, timeout=timeout)
        if done.returncode:
            raise CommandFailed(list(map(str, arguments)), done.returncode, done.stdout, done.stderr)
        return done.stdout

    def ask(self, *arguments, stdin=None, timeout=60):
        """Runs with -o json and gives what was printed as data."""
        text = self.run("-o", "json", *arguments, stdin=stdin, timeout=timeout)
        return json.loads(text) if text.strip() else None

    def copy(self, profile, login, password):
        """Another person at the same device: the same key, a session of their own."""
        source, target = os.path.join(self.home, self.profile), os.path.join(self.home, profile)
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("session", "outbox*", "draft*"))
        return Person(self.programs, self.home, profile, login, password)


def scratch(prefix):
    """A folder that goes away with the program unless GJ_KEEP is set."""
    folder = tempfile.mkdtemp(prefix=prefix)
    if not os.environ.get("GJ_KEEP"):
        atexit.register(shutil.rmtree, folder, True)
    return folder
