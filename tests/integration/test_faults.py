"""What goes wrong with machines: each time a clear message, nothing that was acknowledged is lost, and the daemon comes back."""

import os
import shutil
import socket
import threading
import time
import unittest

import harness
from harness import M, desk, new_daemon

SANITIZED = b"__asan_init" in open(harness.PROGRAMS.daemon, "rb").read()
# The leak checker cannot work under a tracer.
TRACED = {"ASAN_OPTIONS": "detect_leaks=0"} if SANITIZED else {}


def inject(call, fault, first, last=None):
    """A wrapper for the daemon: system call number `first` to `last` of each thread fails."""
    when = f"{first}" if last == first else f"{first}{'..' + str(last) if last else '+'}"
    return ["strace", "-D", "-f", "-q", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:error={fault}:when={when}"]


def note(company, text="rang the owner"):
    """A small write that every office can do: a line of the duty log."""
    import steps
    return company.as_("kf1").call("RECORD_CREATE", steps.duty_line_request(company.a, text))


class OneFolder(unittest.TestCase):
    def test_second_daemon_is_refused(self):
        daemon, _ = new_daemon("store")
        daemon.start()
        second = desk.Daemon(harness.PROGRAMS, daemon.folder)
        second.log += "2"
        with self.assertRaises(desk.CommandFailed) as failed:
            second.start()
        self.assertGreater(failed.exception.code, 0)
        self.assertIn("in use", failed.exception.err.lower())
        self.assertTrue(daemon.alive())
        self.assertEqual(daemon.stop(), 0)

    def test_second_init_is_refused(self):
        daemon, _ = new_daemon("store")
        with self.assertRaises(desk.CommandFailed):
            daemon.init("--policy", harness.POLICY, "--calendar", harness.calendar_file())
        daemon.start()
        self.assertEqual(daemon.stop(), 0)

    def test_nothing_there(self):
        daemon = desk.Daemon(harness.PROGRAMS, os.path.join(desk.scratch("gj-it-"), "nothing"))
        with self.assertRaises(desk.CommandFailed) as failed:
            daemon.start()
        self.assertGreater(failed.exception.code, 0)

    def test_port_is_taken(self):
        daemon, _ = new_daemon("store")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            daemon.port = taken.getsockname()[1]
            with self.assertRaises(desk.CommandFailed) as failed:
                daemon.start()
        self.assertGreater(failed.exception.code, 0)
        daemon.port = 0
        daemon.start()
        self.assertEqual(daemon.stop(), 0)

    def test_policy_with_an_error(self):
        folder = desk.scratch("gj-it-")
        shutil.copytree(harness.POLICY, os.path.join(folder, "policy"))
        with open(os.path.join(folder, "policy/policy.yaml"), "a") as file:
            file.write("\nno_such_section: {a: 1}\n")
        daemon = desk.Daemon(harness.PROGRAMS, os.path.join(folder, "store"))
        with self.assertRaises(desk.CommandFailed) as failed:
            daemon.init("--policy", os.path.join(folder, "policy"), "--calendar", harness.calendar_file())
        self.assertRegex(failed.exception.err, r"policy\.yaml:\d+")


class CorruptFile(unittest.TestCase):
    """Whatever stands in the file, the daemon says so and ends by itself; with the right file it serves again."""

    @classmethod
    def setUpClass(cls):
        cls.daemon, invitations = new_daemon("store")
        cls.daemon.start()
        company = harness.Company(cls.daemon, invitations)
        company.close()
        code = cls.daemon.stop()
        assert code == 0, f"a stop that was not clean leaves an older checkpoint: {code}\n{cls.daemon.log_tail()}"
        cls.sound = cls.daemon.folder + ".sound"
        shutil.copytree(cls.daemon.folder, cls.sound)

    def damage(self, name, damage):
        shutil.rmtree(self.daemon.folder)
        shutil.copytree(self.sound, self.daemon.folder)
        path = os.path.join(self.daemon.folder, name)
        with open(path, "r+b") as file:
            damage(file, os.path.getsize(path))

    def damaged(self, damage, name="main/data.mdb"):
        self.damage(name, damage)
        with self.assertRaises(desk.CommandFailed) as failed:
            self.daemon.start()
        self.assertGreater(failed.exception.code, 0, "ended by a signal")
        self.assertNotIn("Sanitizer", failed.exception.err)
        self.assertRegex(failed.exception.err, "main|data.mdb|journal")

    def test_garbled_head(self):
        """The meta pages are kept by the checkpoint and put back."""
        self.damage("main/data.mdb", lambda file, size: file.write(os.urandom(8192)))
        self.daemon.start()
        self.assertEqual(self.daemon.stop(), 0)

    def test_garbled(self):
        self.damaged(lambda file, size: file.write(os.urandom(size)))

    def test_garbled_checkpoint(self):
        self.damaged(lambda file, size: file.write(os.urandom(size)), "journal/checkpoint")

    def test_empty_checkpoint(self):
        self.damaged(lambda file, size: file.truncate(0), "journal/checkpoint")

    def test_truncated(self):
        self.damaged(lambda file, size: file.truncate(size // 2))

    def test_empty(self):
        self.damaged(lambda file, size: file.truncate(0))

    def test_sound_again(self):
        shutil.rmtree(self.daemon.folder)
        shutil.copytree(self.sound, self.daemon.folder)
        self.daemon.start()
        self.assertEqual(self.daemon.stop(), 0)


class Disk(unittest.TestCase):
    """Errors of the disk are injected into the running daemon's system calls."""

    def begin(self, wrapper, environment):
        daemon, invitations = new_daemon("store")
        daemon.start()
        company = harness.Company(daemon, invitations)
        company.as_("kf1")
        daemon.stop()
        daemon.wrapper, daemon.environment = wrapper, environment
        daemon.start()
        self.addCleanup(daemon.kill)
        self.addCleanup(company.close)
        return daemon, company

    def work(self, company, daemon, until, most=400):
        """Writes until the daemon behaves as `until` wants; gives the acknowledged ids."""
        done = []
        for _ in range(most):
            answer = self.write(company)
            if answer.status == "OK":
                done.append(company.as_("kf1").unpack("Written", answer).id)
            if until(answer, daemon):
                return done
        self.fail("the fault never showed")

    @staticmethod
    def write(company):
        import steps
        return company.as_("kf1").call("RECORD_CREATE", steps.duty_line_request(company.a, "x"), timeout_ms=3000)

    def all_there(self, company, done):
        for record in done:
            shown = company.as_("kf1").ask("RECORD_SHOW", M.ShowRequest(id=record, purpose="ticket"))
            self.assertEqual(shown.record.id, record)

    def test_io_error_at_sync(self):
        """The daemon must not go on after a failed sync: it ends, and opens again with all that was acknowledged."""
        daemon, company = self.begin(inject("fdatasync", "EIO", 25), TRACED)
        done = self.work(company, daemon, lambda answer, d: not d.alive() or answer.status not in ("OK",))
        end = time.monotonic() + 20
        while daemon.alive() and time.monotonic() < end:
            time.sleep(0.05)
        self.assertFalse(daemon.alive(), "goes on after a sync that failed")
        self.assertGreater(daemon.process.returncode, 0, "ended by a signal")
        daemon.wrapper = []
        daemon.start()
        self.assertGreater(len(done), 0)
        self.all_there(company, done)
        self.assertEqual(self.write(company).status, "OK")

    def test_disk_full_for_a_while(self):
        """Writes are refused while there is no room; reads go on; then writes go on by themselves."""
        full = os.path.join(desk.scratch("gj-it-"), "full")
        daemon, company = self.begin([], {
            "LD_PRELOAD": os.path.join(harness.BUILD, "tests/integration/libdisk_shim.so"), "GJ_DISK_FULL": full,
            "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"})
        done = self.work(company, daemon, lambda answer, d: True)
        with open(full, "w"):
            pass
        answer = self.write(company)
        self.assertIn(answer.status, ("UNAVAILABLE", "ETIMEDOUT"))
        self.assertTrue(daemon.alive(), daemon.log_tail())
        self.all_there(company, done)
        os.unlink(full)
        more = self.work(company, daemon, lambda answer, d: answer.status == "OK", most=60)
        self.all_there(company, done + more)


class FullMap(unittest.TestCase):
    def test_full_store(self):
        """A store that has reached its largest size refuses writes and still answers; with more room it goes on."""
        import steps
        daemon, invitations = new_daemon("store", arguments=["--set", "map_size=4MiB"])
        daemon.start()
        self.addCleanup(daemon.kill)
        company = harness.Company(daemon, invitations)
        self.addCleanup(company.close)
        clerk, done = company.as_("kf1"), []
        long_line = "水" * 900
        while True:
            answer = clerk.call("RECORD_CREATE", steps.duty_line_request(company.a, long_line), timeout_ms=4000)
            if answer.status != "OK":
                break
            done.append(clerk.unpack("Written", answer).id)
            self.assertLess(len(done), 5000, "never full")
        self.assertEqual((answer.status, answer.code), ("UNAVAILABLE", "store.full"))
        self.assertTrue(daemon.alive())
        clerk.ask("RECORD_SHOW", M.ShowRequest(id=done[-1], purpose="ticket"))
        self.assertIn("store.full", list(company.as_("admin").ask("ADMIN_STATUS", M.Empty()).alarms))
        daemon.stop()
        daemon.arguments = ["--set", "map_size=64MiB"]
        daemon.start()
        self.assertEqual(clerk.call("RECORD_CREATE", steps.duty_line_request(company.a, long_line)).status, "OK")
        for record in done[::50]:
            clerk.ask("RECORD_SHOW", M.ShowRequest(id=record, purpose="ticket"))


class Garbage(unittest.TestCase):
    """Bytes from strangers never end the daemon."""

    def test_random_bytes(self):
        daemon, invitations = new_daemon("store")
        daemon.start()
        company = harness.Company(daemon, invitations)

        def shout(seed):
            for size in (0, 1, 3, 48, 500, 65537, 200000):
                with socket.create_connection(("127.0.0.1", daemon.port), 5) as link:
                    try:
                        link.sendall(os.urandom(size))
                        link.settimeout(0.2)
                        link.recv(100)
                    except OSError:
                        pass

        shouters = [threading.Thread(target=shout, args=(n,)) for n in range(8)]
        for one in shouters:
            one.start()
        for n in range(50):
            self.assertEqual(note(company).status, "OK")
        for one in shouters:
            one.join()
        self.assertTrue(daemon.alive(), daemon.log_tail())
        company.close()
        self.assertEqual(daemon.stop(), 0)


if __name__ == "__main__":
    harness.main()
