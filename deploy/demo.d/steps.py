"""What people do, act by act, and what each act needs: the one place that knows the verbs and fields of the forms."""

from wire import Messages as M

MINUTE = 60000
# What a camera would send; the store does not look into it.
PHOTO = bytes(range(256)) * 8


# -- fields of a form

def text(key, value):
    return M.Field(key=key, text=value)


def number(key, value):
    return M.Field(key=key, number=value)


def yes(key):
    return M.Field(key=key, number=1)


def moment(key, at_ms):
    return M.Field(key=key, time=at_ms)


def ref(key, value):
    return M.Field(key=key, ref=value)


def photos(key, *addresses):
    return M.Field(key=key, blob=addresses[0], blobs=addresses[1:])


# -- requests

def intake_request(office, household=0, category="WAT-03", channel="phone", area="household", place="3-2-1801",
                   words="厨房龙头关不紧，一直滴水", priority=-1, **more):
    return M.IntakeRequest(office=office, household=household, channel=channel, area=area, place=place, category=category,
                           contact_name="王敏", contact_phone="19900001234", description=words, priority=priority,
                           expected_response_told=True, read_back=True, **more)


def act_request(record, revision, act, *fields, **more):
    return M.ActRequest(id=record, revision=revision, act=act, fields=fields, **more)


def duty_line_request(office, words, kind="call", **more):
    return M.CreateRequest(kind="duty_log", office=office, priority=-1,
                           fields=[text("line_type", kind), text("line", words)], **more)


def visit_request(office, household, now_ms):
    return M.CreateRequest(kind="visit", office=office, household=household, priority=-1, fields=[
        text("purpose", "routine"), moment("visited_at", now_ms), text("subjects", "询问近期服务感受"),
        text("result", "no_matter"), yes("consent")])


def photo(ask, office, subject=0, record=0):
    """Sends a picture in chunks; gives its address. ask: call name and message to the reply message."""
    begun = ask("ATTACHMENT_BEGIN", M.AttachmentBeginRequest(subject=subject, office=office, media_type="image/jpeg",
                                                             size=len(PHOTO), in_home=True))
    size = begun.chunk_bytes or len(PHOTO)
    for chunk, start in enumerate(range(0, len(PHOTO), size)):
        ask("ATTACHMENT_CHUNK", M.AttachmentChunkRequest(upload=begun.upload, chunk=chunk, data=PHOTO[start:start + size]))
    return ask("ATTACHMENT_COMMIT", M.AttachmentCommitRequest(upload=begun.upload, record=record, name="photo.jpg")).address


# -- what each act needs

def start_fields():
    return [text("cause", "阀芯磨损"), text("plan", "更换阀芯"), text("liability", "property"),
            text("plan_consent", "spoken")]


def hold_fields(now_ms, minutes):
    return [text("hold_reason", "parts"), moment("hold_until", now_ms + int(minutes) * MINUTE), yes("owner_told")]


def finish_fields(address):
    return [text("work_done", "更换阀芯，试水十分钟无渗漏"), photos("photos_before_after", address),
            text("usage_advice", "轻开轻关"), yes("no_materials")]


def appoint_fields(at_ms):
    return [moment("appointment_at", at_ms), yes("confirmed_with_owner")]


def satisfied_fields():
    return [text("follow_up_way", "phone"), text("satisfaction", "satisfied"), yes("owner_confirms")]


def dissatisfied_fields():
    return [text("follow_up_way", "phone"), text("satisfaction", "dissatisfied"),
            text("dissatisfaction_reason", "又开始滴水")]


def owners_code(ask, record):
    """The desk reads the code out to the owner, who tells the technician. ask: as the desk."""
    return {"owner": M.OwnerStep(means="code", evidence=ask("OWNER_CODE", M.OwnerCodeRequest(id=record)).code.encode())}


def signed_paper(address):
    return {"owner": M.OwnerStep(means="paper", evidence=address)}


# -- the audit log

def audit_log(opened):
    """Every entry as (index, bytes, leaf hash), and the head that was current before."""
    head = opened.ask("AUDIT_HEAD", M.Empty())
    rows = []
    while len(rows) < head.size:
        page = opened.ask("AUDIT_ENTRIES", M.AuditEntriesRequest(after=rows[-1][0] if rows else 0, limit=200))
        fresh = [(e.index, e.entry, e.leaf_hash) for e in page.entries if not rows or e.index > rows[-1][0]]
        if not fresh:
            raise RuntimeError(f"the log ends at {len(rows)}, its head says {head.size}")
        rows += fresh
    return rows[:head.size], head


# -- lives: generators that act and say how many minutes pass until they act again

def repair(day, call, rng):
    """One ticket, from the call to the end of the day or its own."""
    import workload
    ticket = day.new_ticket(call)
    if not intake(day, ticket, call, rng):
        return
    day.look(ticket)
    urgent = ticket.priority <= 1
    story = workload.story(rng, urgent)
    yield story.wait["triage"]
    if story.cancelled:
        yield story.wait["accept"]
        day.act(ticket, "cs_lead", "cancel", text("cancel_reason", "业主来电取消"))
        return
    yield from reach_technician(day, ticket, story, rng)
    if ticket.state != "ACCEPTED":
        return
    yield from visit_home(day, ticket, story, urgent)
    if not day.act(ticket, "worker", "arrive"):
        return
    yield story.wait["work"]
    if not day.act(ticket, "worker", "start", *start_fields()):
        return
    yield from work(day, ticket, story, rng)
    if ticket.state == "DONE":
        yield from acceptance(day, ticket, story, rng)


def intake(day, ticket, call, rng):
    household = day.household_of(call, rng)
    request = intake_request(call.office.id, household=household, category=call.category, channel=call.channel, area=call.area,
                             place=call.household.room if call.household else f"{rng.randrange(1, 9)}栋公区", words=call.text)
    return day.write(ticket, day.clerk(call.office, rng), "DISPATCH_INTAKE", request, "intake")


def reach_technician(day, ticket, story, rng):
    for attempt in range(2):
        yield story.wait["dispatch"] if attempt == 0 else 3
        worker = day.technician(ticket, rng)
        if not day.act(ticket, "clerk" if attempt == 0 else "eng_lead", "dispatch", text("trade", day.trade(ticket)),
                       assignee=day.site.users[worker]):
            return
        yield story.wait["accept"]
        if story.declined and attempt == 0:
            day.act(ticket, "worker", "decline", text("decline_reason", "手上有急修"))
            continue
        day.act(ticket, "worker", "accept")
        return


def visit_home(day, ticket, story, urgent):
    if urgent:
        yield story.wait["arrive"]
        return
    yield story.wait["appoint"]
    day.act(ticket, "clerk", "appoint", *appoint_fields(day.clock.now() + int(story.wait["arrive"]) * MINUTE))
    if story.nobody_home:
        yield story.wait["arrive"]
        day.act(ticket, "worker", "nobody_home", text("nobody_home_note", "敲门无人应答"),
                moment("appointment_at", day.clock.now() + 120 * MINUTE))
        yield 110
        return
    yield story.wait["arrive"] * 0.95


def work(day, ticket, story, rng):
    if story.on_hold:
        yield 5
        minutes = max(60, story.wait["hold"])
        if day.act(ticket, "worker", "hold", *hold_fields(day.clock.now(), minutes)):
            yield 3
            day.approve(ticket, "eng_lead")
            yield minutes * 0.8
            if ticket.state == "ON_HOLD":
                day.act(ticket, "worker", "resume")
    yield story.wait["done"]
    address = day.photo(ticket)
    day.act(ticket, "worker", "finish", *finish_fields(address))


def acceptance(day, ticket, story, rng):
    yield story.wait["owner"]
    if story.redone:
        day.act(ticket, "clerk", "owner_reject", text("fail_reason", "仍有渗水"))
        return
    if ticket.call.area == "common":
        day.act(ticket, "duty_director", "accept_common")
    elif ticket.state == "DONE" and rng.random() < 0.5:
        day.act(ticket, "worker", "owner_accept", **day.code(ticket))
    elif ticket.state == "DONE":
        day.act(ticket, "clerk", "owner_accept", **signed_paper(day.photo(ticket, "clerk", ticket.id)))
    if ticket.state == "FOLLOW_UP":
        yield story.wait["follow_up"]
        if story.satisfied:
            day.act(ticket, "other_clerk", "follow_up_ok", *satisfied_fields())
        else:
            day.act(ticket, "other_clerk", "follow_up_bad", *dissatisfied_fields())


def visit(day, office, rng):
    """A call on a household, written up when it is over and filed by the lead."""
    import play
    row = play.Ticket(None)
    row.office = office
    household = day.household_in(office, rng)
    if household and day.write(row, day.clerk(office, rng), "RECORD_CREATE",
                               visit_request(office.id, household, day.clock.now()), "visit"):
        yield 30 + 60 * rng.random()
        day.act(row, "cs_lead", "close", what="visit filed")


def duty_line(day, office, samples, rng):
    """Whatever else is said on the telephone: a line of the duty log, signed by the lead."""
    import play
    row = play.Ticket(None)
    row.office = office
    hint = rng.choice([s for s in samples if s["kind"] == "complaint"])
    kind, words = ("complaint", hint["text_zh"]) if rng.random() < 0.1 else ("enquiry", "咨询物业费缴纳时间与方式")
    if day.write(row, day.clerk(office, rng), "RECORD_CREATE", duty_line_request(office.id, words, kind), "duty log line"):
        yield 60 + 240 * rng.random()
        day.act(row, "cs_lead", "sign", what="duty log line signed")


class Life:
    """A ticket taken through its whole life without waiting, by the staff of the small company of the tests."""

    def __init__(self, company, office, **intake_fields):
        self.company, self.office = company, office
        self.apply(company.as_("kf1").ask("DISPATCH_INTAKE", intake_request(office, **intake_fields)))

    def apply(self, written):
        self.id, self.revision, self.state = written.id, written.revision, written.state
        self.number = written.number or getattr(self, "number", "")
        return written

    def act(self, login, verb, *fields, **more):
        return self.apply(self.company.as_(login).ask(
            "RECORD_ACT", act_request(self.id, self.revision, verb, *fields, **more)))

    def to_working(self, worker="sg1"):
        self.act("kf1", "dispatch", text("trade", "plumber"), assignee=self.company.users[worker])
        self.act(worker, "accept")
        self.act(worker, "arrive")
        return self.act(worker, "start", *start_fields())

    def to_done(self, worker="sg1"):
        self.to_working(worker)
        return self.act(worker, "finish", *finish_fields(photo(self.company.as_(worker).ask, self.office)))

    def to_closed(self, worker="sg1"):
        self.to_done(worker)
        self.act(worker, "owner_accept", **owners_code(self.company.as_("kf1").ask, self.id))
        if self.state == "FOLLOW_UP":
            self.act("kf2", "follow_up_ok", *satisfied_fields())
        return self
