"""What people do, act by act, and what each act needs: the one place that knows the verbs and fields of the forms."""

import wire
from wire import Messages as M

MINUTE = 60000
# A picture small enough to read here: a grey JPEG of one pixel would do for the eye, any bytes do for the store.
PHOTO = bytes(range(256)) * 8


# -- fields

def text(key, value):
    return M.Field(key=key, text=value)


def number(key, value):
    return M.Field(key=key, number=value)


def moment(key, at_ms):
    return M.Field(key=key, time=at_ms)


def ref(key, value):
    return M.Field(key=key, ref=value)


def photos(key, *addresses):
    return M.Field(key=key, blob=addresses[0], blobs=addresses)


# -- requests that need no story

def intake_request(office, household=0, category="WAT-03", channel="phone", area="household", place="3-2-1801",
                   words="厨房龙头关不紧，一直滴水", priority=-1, **more):
    return M.IntakeRequest(office=office, household=household, channel=channel, area=area, place=place, category=category,
                           contact_name="王敏", contact_phone="19900001234", description=words, priority=priority,
                           expected_response_told=True, read_back=True, **more)


def act_request(record, revision, act, *fields, **more):
    return M.ActRequest(id=record, revision=revision, act=act, fields=fields, **more)


def duty_line_request(office, words):
    return M.CreateRequest(kind="duty_log", office=office, priority=-1, fields=[text("line", words)])


# -- lives: generators that act and say how many minutes pass until they act again

def repair(day, call, rng):
    yield 0


def visit(day, office, rng):
    yield 0


def duty_line(day, office, samples, rng):
    yield 0
