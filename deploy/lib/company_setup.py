"""Brings a company into an empty store, the way its first day goes: the administrator's invitation, a second person at
headquarters, regions and offices, the offices' devices, people and their roles.
"""

import os
import secrets
import shutil
from concurrent.futures import ThreadPoolExecutor

import wire
from wire import Messages as M

PASSWORD, OWN_PASSWORD = "first-password-1", "my-own-password-2"


class Site:
    """A daemon and everybody who has been introduced to it."""

    def __init__(self, bridge, daemon, home):
        self.bridge, self.daemon, self.home = bridge, daemon, home
        self.wires, self.users, self.devices, self.homes, self.passwords = {}, {}, {}, {}, {}
        os.makedirs(home, exist_ok=True)

    # -- devices

    def folder(self, name):
        return os.path.join(self.home, name)

    def enrol_first(self, name, login, invitation):
        """A device at headquarters with an account made by the invitation itself."""
        device, _ = wire.enrol(self.bridge, self.folder(name), invitation, self.daemon.address, name, login, PASSWORD)
        self.devices[name] = device
        self.homes[login] = name
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

    def sign_in(self, login, password=None, device=None):
        """Opens a channel of its own on the person's device (a copy of its profile, so that many can work at one). Who was given
        a password sets another one first."""
        if login in self.wires:
            self.wires.pop(login).close()
        folder = self.profile_of(login, device)
        opened = wire.Wire(self.bridge, folder)
        password = password or self.passwords.get(login, PASSWORD)
        session = opened.login(login, password)
        if session.must_set_password:
            own = OWN_PASSWORD if password != OWN_PASSWORD else OWN_PASSWORD + "3"
            opened.ask("SESSION_SET_PASSWORD", M.SetPasswordRequest(old_password=password, new_password=own))
            password = own
        self.passwords[login] = password
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


def found(site, invitations):
    """The first administrator, and the second person without whom nothing that matters can be changed."""
    site.enrol_first("hq", "admin", invitations["administrator"])
    site.enrol_first("hq2", "hq", invitations["approver"])


def employ(site, login, role, office, device, name=None):
    """An account with one role. What waits for a second person is approved by headquarters."""
    site.create_user("admin", login, office, device, [(role, office, 0)], name)
    if waits(site, login):
        site.approve("hq", login, role, office)


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


# -- a whole company, for the demo

IMPORT_COLUMNS = {
    "房号": lambda h: h.room, "楼栋": lambda h: h.building, "业主": lambda h: h.owner.name, "业主电话": lambda h: h.owner.phone,
    "入住状态": lambda h: "已入住" if h.occupied else "空置", "建筑面积": lambda h: f"{h.area_cm2 / 10000:.2f}",
    "交付日期": lambda h: h.delivered, "竣工日期": lambda h: h.completed,
}
CHUNK_ROWS, UNDER_WAY = 48, 8


def bring_in(site, company, invitations, progress):
    """Regions, offices, devices, accounts, staff files and households of a company; site.offices keeps what was given."""
    found(site, invitations)
    regions = {}
    site.offices = {}
    for at, made in enumerate(company.offices, 1):
        if made.region not in regions:
            _, name, city = next(r for r in company.regions if r[0] == made.region)
            regions[made.region] = region(site, made.region, name, city)
        made.id = office(site, regions[made.region], made.code, made.name, made.city, made.profile)
        site.enrol_device(f"desk-{made.code}", "admin", made.id)
        made.clerk = made.of_role("cs_agent")[0].login
        site.offices[made.code] = made
        for code in made.buildings():
            site.wires[signed_in(site, "hq")].ask("DIR_BUILDING_CREATE", M.BuildingCreateRequest(
                building=M.Building(office=made.id, code=code, name=f"{code}栋")))
        progress("offices", at, len(company.offices))
    hire(site, company, progress)
    employ(site, "auditor", "auditor", 0, "hq2")
    for at, made in enumerate(company.offices, 1):
        import_households(site, made)
        progress("offices with their households", at, len(company.offices))
    come_to_work(site, company, progress)


def hire(site, company, progress):
    """Accounts of everybody: several at a time, since each password costs the daemon a tenth of a second by design."""
    people = [(made, member) for made in company.offices for member in made.staff]
    under_way = []
    for at, (made, member) in enumerate(people, 1):
        request = M.UserCreateRequest(login=member.login, name=member.person.name, password=PASSWORD, office=made.id,
                                      grants=[M.Grant(role=member.role, office=made.id)])
        under_way.append((member, site.wires["admin"].start("ADMIN_USER_CREATE", request)))
        site.homes[member.login] = f"desk-{made.code}"
        if len(under_way) == UNDER_WAY or at == len(people):
            for waiting, answer in under_way:
                site.users[waiting.login] = written_id(answer.get(timeout=60))
            under_way.clear()
            progress("accounts", at, len(people))
    waiting = waits(site, people[0][1].login)
    for made, member in people:
        if waiting:
            site.approve("hq", member.login, member.role, made.id)
        site.wires["admin"].ask("DIR_STAFF_PUT", M.StaffPutRequest(staff=M.Staff(
            user=site.users[member.login], office=made.id, name=member.person.name, trades=member.trades,
            phone=member.person.phone, post=member.post)))


def come_to_work(site, company, progress):
    """Everybody logs in for the first time and sets a password of their own."""
    logins = [member.login for made in company.offices for member in made.staff if member.login not in site.wires]
    with ThreadPoolExecutor(4) as pool:
        for at, _ in enumerate(pool.map(site.sign_in, logins), 1):
            progress("people at work", at, len(logins))


def written_id(answer):
    if answer.status != "OK":
        raise wire.Refused("ADMIN_USER_CREATE", answer)
    return wire.Wire.unpack("Written", answer).id


def import_households(site, made):
    """The office's file of households, as its lead would bring it in: staged in chunks, looked at, then made visible."""
    import company as generator
    header, *lines = generator.households_csv(made, IMPORT_COLUMNS).split("\r\n")[:-1]
    lead = site.wires[signed_in(site, made.of_role("cs_lead")[0].login)]
    begun = lead.ask("DIR_IMPORT_BEGIN", M.ImportBeginRequest(what="households", office=made.id, header=header))
    for chunk, start in enumerate(range(0, len(lines), CHUNK_ROWS)):
        rows = "".join(line + "\r\n" for line in lines[start:start + CHUNK_ROWS]).encode()
        lead.ask("DIR_IMPORT_CHUNK", M.ImportChunkRequest(chunk=chunk, first_line=start + 2, lines=rows, **{"import": begun.id}))
    report = lead.ask("DIR_IMPORT_REPORT", M.ImportReportRequest(**{"import": begun.id}))
    if report.bad or report.added != len(lines):
        raise RuntimeError(f"import of {made.code}: {report.added} of {len(lines)} to add, {report.problems[:1]}")
    lead.ask("DIR_IMPORT_COMMIT", M.ImportCommitRequest(**{"import": begun.id}))
