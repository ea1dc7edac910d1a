#include "client/cli/texts.h"

#include "client/cli/command.h"
#include "client/include/guanjia.h"

#include <string.h>

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

static const struct text_row notices[] = {
    {"timer.warning", N_("{number}: {timer} is due soon")},
    {"timer.breach", N_("{number}: {timer} is late")},
    {"timer.escalated", N_("{number}: {timer} is long overdue: it has been passed upwards")},
    {"timer.headquarters", N_("{number}: {timer} is long overdue: it has been passed to headquarters")},
    {"timer.folded", N_("{1} clocks ran out while the server's clock was held")},
    {"record.assigned", N_("{number}: it was given to you")},
    {"record.child", N_("{number}: {2} was merged into it")},
    {"consent.asked", N_("{number}: your consent is asked for: {2}")},
    {"consent.given", N_("{number}: the consent was given")},
    {"consent.refused", N_("{number}: the consent was refused")},
    {"roster.step", N_("{number}: nobody in the office, so it came to you by the duty roster")},
    {"stand_in.asked", N_("{number}: nobody in the office can take the step, please act as {3}")},
    {"delegation.begin", N_("a role is lent to you until the time beside; guanjia delegate list")},
    {"limit.asked", N_("{1}: {timer} is proposed to be {2}, looser than now: guanjia limit approve (or refuse) {3}")},
    {"duty.gap", N_("{1}: too few on duty from {2} to {3}")},
    {"duty.gap_open", N_("{1}: too few on duty from {2} on, the roster says nothing further")},
    {"calendar.missing", N_("the working-day calendar of {1} is missing")},
};

static const struct text_row errs[] = {
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

const char *text_find(const struct text_row *texts, size_t count, const char *code)
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

const char *text_of_notice(const char *code)
{
    return text_find(notices, sizeof notices / sizeof notices[0], code);
}

const char *text_of_err(int err)
{
    const char *text = text_find(errs, sizeof errs / sizeof errs[0], guanjia_err_name((enum guanjia_err)err));
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
