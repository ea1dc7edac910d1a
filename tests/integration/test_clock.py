"""A clock that goes wrong under the running daemon, and one that was wrong when it started."""

import os
import unittest

import harness
from harness import M, new_daemon

import steps

SHIM = os.path.join(harness.BUILD, "tests/integration/libclock_shim.so")
HOUR, DAY = 3600000, 86400000


class Clock(unittest.TestCase):
    def setUp(self):
        self.daemon, invitations = new_daemon("store")
        self.offset_file = self.daemon.folder + ".offset"
        self.set_offset(0)
        self.daemon.environment = {"LD_PRELOAD": SHIM, "GJ_CLOCK_OFFSET": self.offset_file,
                                   "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}
        self.daemon.start()
        self.company = harness.Company(self.daemon, invitations)
        self.addCleanup(self.daemon.kill)
        self.addCleanup(self.company.close)

    def set_offset(self, ms):
        with open(self.offset_file + ".new", "w") as file:
            file.write(str(ms))
        os.rename(self.offset_file + ".new", self.offset_file)

    def health(self):
        return self.company.as_("admin").ask("ADMIN_STATUS", M.Empty())

    def restart(self):
        self.daemon.stop()
        self.daemon.start()

    def held(self, seconds=15):
        harness.Case.eventually(self, "the clock is held", lambda: self.health().clock_held, seconds)

    def test_jump_while_running(self):
        """Stamps follow the boot clock, so nothing is stamped hours ahead; a person confirms."""
        before = self.health().server_time
        self.set_offset(5 * HOUR)
        made = self.company.as_("kf1").ask("DISPATCH_INTAKE", steps.intake_request(self.company.a))
        self.held()
        self.assertLess(self.health().server_time, before + HOUR)
        shown = self.company.as_("kf1").ask("RECORD_SHOW", M.ShowRequest(id=made.id)).record
        self.assertLess(shown.recorded_at, before + HOUR)
        self.assertIn("clock.held", list(self.health().alarms))
        self.set_offset(0)
        self.company.as_("admin").ask("ADMIN_CLOCK_CONFIRM", M.ClockConfirmRequest(accept_wall=True, reason="ntp"))
        self.assertFalse(self.health().clock_held)

    def test_backwards_over_a_restart(self):
        """A stamp never runs backwards, whatever the machine believes."""
        before = self.health().server_time
        self.set_offset(-3 * DAY)
        self.restart()
        self.held()
        self.assertGreaterEqual(self.health().server_time, before)
        self.set_offset(0)
        self.company.as_("admin").ask("ADMIN_CLOCK_CONFIRM", M.ClockConfirmRequest(accept_wall=True, reason="ntp"))
        self.assertFalse(self.health().clock_held)

    def test_weeks_ahead_over_a_restart(self):
        """Off for a month, or set wrongly? Timers wait for a person; sessions have run out, so that person logs in."""
        self.set_offset(30 * DAY)
        self.restart()
        self.company.sign_in("admin")
        self.held()
        self.company.as_("admin").ask("ADMIN_CLOCK_CONFIRM", M.ClockConfirmRequest(accept_wall=True, reason="moved house"))
        self.assertFalse(self.health().clock_held)


if __name__ == "__main__":
    harness.main()
