"""The smallest company that can be worked in: one office with people who load it, and an auditor."""

import os

import company_setup
import desk
import wire

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))


class SmallCompany(company_setup.Site):
    def __init__(self, programs, folder, build, loaders):
        policy, calendars = os.path.join(ROOT, "deploy/policy"), os.path.join(ROOT, "deploy/calendars")
        daemon = desk.Daemon(programs, os.path.join(folder, "store"))
        invitations = daemon.init("--policy", policy, "--calendar", calendars)
        daemon.start()
        super().__init__(os.path.join(build, "tests/integration/bridge"), daemon, os.path.join(folder, "home"))
        company_setup.found(self, invitations)
        region = company_setup.region(self, "HD", "华东区域", "hangzhou")
        self.office = company_setup.office(self, region, "HZ1", "云栖里", "hangzhou")
        self.device = self.enrol_device("desk", "admin", self.office)
        company_setup.employ(self, "load", "cs_lead", self.office, "desk")
        company_setup.employ(self, "auditor", "auditor", 0, "hq")
        self.profiles = [self.logged_in("load", f"load{n}") for n in range(loaders)]

    def logged_in(self, login, name):
        """A profile folder of its own with a session in it, for a program in C."""
        self.sign_in(login)
        self.wires.pop(login).close()
        source, target = self.folder(f"user-{login}"), self.folder(name)
        os.rename(source, target)
        return target


def make(build, folder, loaders):
    wire.load_messages(build)
    return SmallCompany(desk.Programs(build), folder, build, loaders)
