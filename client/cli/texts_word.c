#include "client/cli/cli.h"
#include "client/cli/texts.h"
#include "common/policy/kind.h"

#include <string.h>

/* Codes that belong to the program itself and not to a policy. */
static const struct text_row words[] = {
    /* acts that no kind declares */
    {"amend", N_("corrected")},
    {"addendum", N_("addendum")},
    {"attach", N_("attachment")},
    {"link", N_("link")},
    {"note", N_("note")},
    {"approve", N_("agreed")},
    {"reject", N_("not agreed")},
    {"handed_over", N_("handed over")},
    {"recompute", N_("deadlines computed anew")},
    {"roster.step", N_("asked by the duty roster")},
    {"show", N_("looked at")},
    {"history", N_("history looked at")},
    {"attachment", N_("attachment looked at")},
    /* rungs of a clock's ladder, as policies usually name them */
    {"warning", N_("warning")},
    {"breach", N_("late")},
    {"escalated", N_("passed upwards")},
    {"headquarters", N_("passed to headquarters")},
    {"resumed", N_("resumed by itself")},
    /* reasons in entries */
    {"consent.asked", N_("consent asked for")},
    {"calendar", N_("the calendar has changed")},
    {"role", N_("by role")},
    {"region", N_("region")},
    {"group", N_("headquarters")},
    /* why somebody else is asked */
    {"absent", N_("absent")},
    {"vacant", N_("nobody holds the role")},
    {"own_work", N_("own work")},
    {"own_request", N_("own request")},
    /* the duty roster */
    {"duty", N_("on duty")},
    {"standby", N_("on standby")},
    {"cover", N_("standing in")},
    {"covered", N_("somebody stands in")},
    {"leave", N_("on leave")},
    {"duty_gap", N_("too few on duty")},
    {"duty_gap_over", N_("enough on duty again")},
    /* levels of a limit */
    {"company", N_("company")},
    {"city", N_("city")},
    {"profile", N_("service profile")},
    {"office", N_("office")},
    {"weather", N_("bad weather")},
    /* devices */
    {"desk", N_("desk")},
    {"phone", N_("phone")},
    {"gateway", N_("gateway")},
    /* versions of policy and calendar */
    {"proposed", N_("waits for a second person")},
    {"active", N_("in force")},
    {"rejected", N_("refused")},
    {"replaced", N_("replaced")},
    /* households and persons */
    {"sms", N_("text message")},
    {"none", N_("no contact wished")},
    {"OCCUPANCY_UNKNOWN", N_("not known")},
    {"OCCUPIED", N_("occupied")},
    {"VACANT", N_("vacant")},
    {"LET", N_("let")},
    {"RELATION_UNKNOWN", N_("not known")},
    {"OWNER", N_("owner")},
    {"TENANT", N_("tenant")},
    {"FAMILY", N_("family")},
    {"AGENT", N_("agent")},
};

static const struct {
    const char *word, *zh, *en;
} relations[] = {
#define RELATION_WORD(name, number, word, zh, en) {word, zh, en},
    GJ_RELATION_LIST(RELATION_WORD)
#undef RELATION_WORD
};

const char *text_of_word(const char *code)
{
    const char *text = text_find(words, sizeof words / sizeof words[0], code);
    if (text != NULL) {
        return CLI_TEXT(text);
    }
    bool english = strcmp(CLI_TEXT(N_("yes")), "yes") == 0;
    for (size_t n = 0; n < sizeof relations / sizeof relations[0]; n++) {
        if (strcmp(relations[n].word, code) == 0) {
            return english ? relations[n].en : relations[n].zh;
        }
    }
    return code;
}
