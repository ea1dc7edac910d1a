"""Brings a company into an empty store, the way its first day goes: the administrator's invitation, a second person at
headquarters, regions and offices, the offices' devices, people and their roles.
"""

import os
import secrets
import shutil

import wire
from wire import Messages as M

PASSWORD = "first-password-1"


class Site:
    """A daemon and everybody who has been introduced to it."""

    def __init__(self, bridge, daemon, home):
        self.bridge, self.daemon, self.home = bridge, daemon, home
        self.wires, self.users, self.devices, self.homes = {}, {}, {}, {}
        os.makedirs(home, exist_ok=True)

    # -- devices

    def folder(self, name):
        return os.path.join(self.home, name)

    def enrol_first(self, invitation, login="admin"):
        """The first administrator's device at headquarters."""
        device, _ = wire.enrol(self.bridge, self.folder("hq"), invitation, self.daemon.address, "hq-1", login, PASSWORD)
        self.devices["hq"] = device
        self.homes[login] = "hq"
        return self.sign_in(login)

    def invite(self, by, office, device_class="desk"):
        """Gives an invitation's text: the client makes token and secret, the daemon only learns them."""
        token, secret = secrets.token_bytes(16), secrets.token_bytes(32)
        self.wires[by].ask("ADMIN_INVITE", M.InviteRequest(office=office, device_class=device_class, token=token,
                                                           secret=secret))
        return self.invitation_text(token, secret)

    def invitation_text(self, token, secret):
        import base64
        import hashlib
        profile = self.read_profile("hq")
        body = profile["cluster"] + profile["server_key"] + token + secret
        return "GJ1-" + base64.urlsafe_b64encode(body + hashlib.sha256(body).digest()[:4]).decode().rstrip("=")

    def read_profile(self, name):
        values = {}
        with open(os.path.join(self.folder(name), "profile.conf")) as file:
            for line in file:
                key, mark, value = line.partition("=")
                if mark:
                    values[key.strip()] = value.strip()
        return {"cluster": bytes.fromhex(values["cluster"]), "server_key": bytes.fromhex(values["server_key"])}

    def enrol_device(self, name, by, office, device_class="desk"):
        invitation = self.invite(by, office, device_class)
        device, _ = wire.enrol(self.bridge, self.folder(name), invitation, self.daemon.address, name)
        self.devices[name] = device
        return device

    # -- people

    def sign_in(self, login, password=PASSWORD, device=None):
        """Opens a channel of its own on the person's device (a copy of its profile, so that many can work at one)."""
        if login in self.wires:
            self.wires.pop(login).close()
        folder = self.profile_of(login, device)
        opened = wire.Wire(self.bridge, folder)
        session = opened.login(login, password)
        opened.session = session
        self.users[login] = session.user
        self.wires[login] = opened
        return opened

    def profile_of(self, login, device=None):
        """A folder with the keys of the person's device and room for a session."""
        source = self.folder(device or self.homes[login])
        target = self.folder(f"user-{login}")
        if not os.path.exists(target):
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("session", "*.outbox", "drafts"))
        return target

    def create_user(self, by, login, office, device, grants, name=None):
        """grants: [(role, office, region)]. A role that waits for a second person is left waiting: see approve."""
        request = M.UserCreateRequest(login=login, name=name or login, password=PASSWORD, office=office,
                                      grants=[M.Grant(role=r, office=o, region=g) for r, o, g in grants])
        written = self.wires[by].ask("ADMIN_USER_CREATE", request)
        self.users[login] = written.id
        self.homes[login] = device
        return written.id

    def approve(self, by, login, role, office=0, region=0):
        self.wires[by].ask("ADMIN_ROLE_APPROVE", M.RoleRequest(user=self.users[login], role=role, office=office,
                                                               region=region, reason="checked"))

    def grant(self, by, login, role, office=0, region=0):
        return self.wires[by].ask("ADMIN_ROLE_GRANT", M.RoleRequest(user=self.users[login], role=role, office=office,
                                                                    region=region, reason="works here"))

    def close(self):
        for opened in self.wires.values():
            opened.close()
        self.wires.clear()


def found(site, invitation):
    """The first administrator, and the second person without whom nothing that matters can be changed."""
    site.enrol_first(invitation)
    employ(site, "hq", "hq_qa", 0, "hq")


def employ(site, login, role, office, device, name=None):
    """An account with one role. What waits for a second person is approved by headquarters."""
    site.create_user("admin", login, office, device, [(role, office, 0)], name)
    if waits(site, login):
        site.approve("admin" if login == "hq" else signed_in(site, "hq"), login, role, office)


def waits(site, login):
    users = site.wires["admin"].ask("ADMIN_USER_LIST", M.UserListRequest(page=M.Page(limit=200)))
    while True:
        for user in users.users:
            if user.id == site.users[login]:
                return any(grant.pending for grant in user.grants)
        if not users.cursor:
            raise LookupError(f"{login} is in no list of users")
        users = site.wires["admin"].ask("ADMIN_USER_LIST", M.UserListRequest(page=M.Page(limit=200, cursor=users.cursor)))


def signed_in(site, login):
    if login not in site.wires:
        site.sign_in(login)
    return login


def region(site, code, name, city):
    return site.wires[signed_in(site, "hq")].ask(
        "DIR_REGION_CREATE", M.RegionCreateRequest(region=M.Region(code=code, name=name, city=city))).id


def office(site, region_id, code, name, city, profile=""):
    request = M.OfficeCreateRequest(office=M.Office(region=region_id, code=code, name=name, city=city, profile=profile))
    return site.wires[signed_in(site, "hq")].ask("DIR_OFFICE_CREATE", request).id
