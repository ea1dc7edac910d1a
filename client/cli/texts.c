#include "client/cli/texts.h"

#include "client/cli/command.h"
#include "client/include/guanjia.h"

#include <string.h>

struct text {
    const char *code;
    const char *text;
};

static const char *const statuses[GUANJIA_STATUS_COUNT] = {
    N_("done"),
    N_("the request is malformed"),
    N_("nobody is logged in, or the session has ended: guanjia login"),
    N_("you have no right to this"),
    N_("no such thing, or none that you may know of"),
    N_("it has been changed meanwhile: look at it again"),
    N_("a rule says no"),
    N_("the server is busy: try again in a moment"),
    N_("too large"),
    N_("the server takes no changes now: try again later"),
    N_("the server does not know this call: it is older than this program"),
    N_("the request is older than 45 days: whether it is still wanted, a person decides"),
    N_("the server failed inside; its log says more"),
};

/* Rules that said no; by code. */
static const struct text refusals[] = {
    /* what was handed in */
    {"field_unknown", N_("there is no field {field}")},
    {"field_missing", N_("{field} is missing")},
    {"field_type", N_("{field} has a value of another type")},
    {"field_range", N_("{field} is outside what is allowed")},
    {"field_length", N_("{field} is too long or too short")},
    {"field_choice", N_("{field} does not have this choice")},
    {"field_text", N_("{field} is not a clean text")},
    {"field_twice", N_("{field} is given twice")},
    {"field_read_only", N_("{field} cannot be changed")},
    {"field_not_here", N_("{field} cannot be given at this step")},
    {"too_many_lines", N_("{field} has too many lines")},
    {"time_in_future", N_("{field} lies in the future")},
    {"late_without_reason",
        N_("what happened more than 15 minutes ago needs a reason for the late entry (--late-reason)")},
    /* flow */
    {"act_unknown", N_("there is no such act")},
    {"act_not_now", N_("this act is not possible in the present state")},
    {"act_not_yours", N_("this act belongs to somebody else")},
    {"act_forbidden_relation", N_("whoever did the work may not do this")},
    {"act_forbidden_priority", N_("this priority does not allow it")},
    {"act_condition", N_("a condition of this act does not hold")},
    {"act_too_late", N_("the time for this act is over")},
    {"means_not_allowed", N_("the owner's step cannot be recorded by this means")},
    {"evidence_missing", N_("the owner's step needs evidence")},
    {"approval_pending", N_("it waits for a second person's consent")},
    {"no_approval_pending", N_("nothing waits for consent")},
    {"approver_is_requester", N_("the second person must be another one")},
    {"priority_lowered", N_("lowering the priority needs a lead")},
    {"record_closed", N_("the record is closed: add an addendum")},
    {"record_open", N_("the record is still open")},
    {"link_not_allowed", N_("such a link is not allowed")},
    {"certificate", N_("the person has no valid certificate for this work")},
    /* access */
    {"no_right", N_("your roles do not allow this")},
    {"other_office", N_("it belongs to another office")},
    {"not_related", N_("you have no part in it")},
    {"purpose_missing", N_("say for what purpose (--purpose)")},
    {"second_person", N_("this needs a second person")},
    /* things named */
    {"reference_unknown", N_("{field} names something that does not exist")},
    {"reference_inactive", N_("{field} names something that is no longer active")},
    {"already_exists", N_("there is one already")},
    {"limit_reached", N_("a limit is reached: {1}")},
    {"held_clock", N_("the server's clock is held until an administrator confirms it")},
    {"policy_invalid", N_("the policy has mistakes: {1}")},
    {"find_too_many", N_("too many are found: say more")},
    {"conflict", N_("it has been changed meanwhile: look at it again")},
    /* sessions and calls */
    {"session.none", N_("nobody is logged in: guanjia login")},
    {"session.ended", N_("the session has ended: guanjia login")},
    {"login.failed", N_("name or password is wrong")},
    {"login.slow", N_("too many failed attempts: wait")},
    {"password.wrong", N_("the old password is wrong")},
    {"password.length", N_("a password has 8 to 256 bytes")},
    {"call.unknown", N_("the server does not know this call")},
    {"channel.wrong_kind", N_("this call needs another kind of connection")},
    {"request_key.missing", N_("the change came without a request key")},
    {"request_key.expired", N_("the request is older than 45 days")},
    {"request_key.future", N_("this device's clock is more than a day ahead")},
    {"daemon.stopping", N_("the server is stopping: try again in a moment")},
    {"memory", N_("the server is short of memory")},
    /* made here */
    {"outbox.predecessor", N_("the entry that it follows was rejected")},
};

static const struct text notices[] = {
    {"timer.warn", N_("{number}: {timer} is due soon")},
    {"timer.breach", N_("{number}: {timer} is late")},
    {"timer.step", N_("{number}: {timer} is late, step {stage}")},
    {"record.assigned", N_("{number}: assigned to you")},
    {"record.declined", N_("{number}: declined")},
    {"roster.step", N_("{number}: nobody in the office, so it came to you by the duty roster")},
    {"calendar.missing", N_("the working-day calendar of {1} is missing")},
};

static const struct text errs[] = {
    {"ENOMEM", N_("out of memory")},
    {"EINVAL", N_("malformed")},
    {"ETOOBIG", N_("too large for one message")},
    {"ENOTFOUND", N_("not found")},
    {"EEXIST", N_("exists already")},
    {"EIO", N_("no connection to the server")},
    {"ENOSPC", N_("no space left on the disk")},
    {"ECORRUPT", N_("a local file is damaged")},
    {"ECRYPTO", N_("the server could not prove that it is the one that was pinned")},
    {"ECLOSED", N_("the connection was closed")},
    {"ETIMEDOUT", N_("no answer in time; a change may or may not have happened")},
    {"EVERSION", N_("server and program speak different versions")},
    {"EBUSY", N_("in use by another process")},
    {"EDENIED", N_("not permitted")},
    {"ESYS", N_("the operating system refused")},
    {"ENOTENROLLED", N_("the server does not know this device: guanjia enroll")},
    {"EREVOKED", N_("this device was revoked")},
    {"EINVITATION", N_("the invitation is unknown, used or expired")},
    {"ECLUSTER", N_("the address belongs to another company's server")},
};

static const char *find(const struct text *texts, size_t count, const char *code)
{
    for (size_t n = 0; n < count; n++) {
        if (strcmp(texts[n].code, code) == 0) {
            return texts[n].text;
        }
    }
    return NULL;
}

const char *text_of_status(int status)
{
    return status >= 0 && status < GUANJIA_STATUS_COUNT ? statuses[status]
                                                        : N_("an answer that this program does not know");
}

const char *text_of_refusal(const char *code)
{
    return find(refusals, sizeof refusals / sizeof refusals[0], code);
}

const char *text_of_notice(const char *code)
{
    return find(notices, sizeof notices / sizeof notices[0], code);
}

const char *text_of_err(int err)
{
    const char *text = find(errs, sizeof errs / sizeof errs[0], guanjia_err_name((enum guanjia_err)err));
    return text == NULL ? guanjia_err_name((enum guanjia_err)err) : text;
}

void text_fill(const char *text, const char *field, const char *const *params, size_t count, char *out, size_t cap)
{
    size_t len = 0;
    while (*text != '\0' && len + 1 < cap) {
        const char *insert = NULL;
        size_t skip = 0;
        if (strncmp(text, "{field}", 7) == 0) {
            insert = field;
            skip = 7;
        } else if (text[0] == '{' && text[1] >= '1' && text[1] <= '9' && text[2] == '}' &&
                   (size_t)(text[1] - '1') < count) {
            insert = params[text[1] - '1'];
            skip = 3;
        }
        if (insert == NULL) {
            out[len++] = *text++;
            continue;
        }
        text += skip;
        while (*insert != '\0' && len + 1 < cap) {
            out[len++] = *insert++;
        }
    }
    out[len] = '\0';
}
