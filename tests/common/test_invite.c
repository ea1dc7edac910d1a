#include "tests/common/check.h"

#include <stdio.h>
#include <string.h>

#include "common/id.h"
#include "common/invite.h"

static struct gj_invite invite_of_noise(void)
{
    struct gj_invite invite;
    gj_id_random(&invite, sizeof invite);
    return invite;
}

static void an_invitation_survives_paper_and_mail(void **state)
{
    (void)state;
    struct gj_invite invite = invite_of_noise();
    struct gj_invite got;
    char text[GJ_INVITE_TEXT_SIZE];
    char broken[2 * GJ_INVITE_TEXT_SIZE];
    gj_invite_format(&invite, text);
    assert_int_equal(strlen(text), GJ_INVITE_TEXT_SIZE - 1);
    check_ok(gj_invite_parse(text, &got));
    assert_memory_equal(&got, &invite, sizeof invite);
    snprintf(broken, sizeof broken, " %.60s\r\n  %.40s\n%s\n", text, text + 60, text + 100);
    memset(&got, 0, sizeof got);
    check_ok(gj_invite_parse(broken, &got));
    assert_memory_equal(&got, &invite, sizeof invite);
}

static void every_changed_or_missing_character_is_found(void **state)
{
    (void)state;
    struct gj_invite invite = invite_of_noise();
    struct gj_invite got;
    char text[GJ_INVITE_TEXT_SIZE];
    gj_invite_format(&invite, text);
    for (size_t at = 4; text[at] != '\0'; at++) {
        char kept = text[at];
        text[at] = kept == 'A' ? 'B' : 'A';
        check_err(gj_invite_parse(text, &got), GJ_EINVAL);
        text[at] = '\0';
        check_err(gj_invite_parse(text, &got), GJ_EINVAL);
        text[at] = kept;
    }
    text[2] = '2';
    check_err(gj_invite_parse(text, &got), GJ_EVERSION);
    check_err(gj_invite_parse("", &got), GJ_EVERSION);
    check_err(gj_invite_parse("GJ1-", &got), GJ_EINVAL);
    char longer[GJ_INVITE_TEXT_SIZE + 2];
    gj_invite_format(&invite, text);
    snprintf(longer, sizeof longer, "%sA", text);
    check_err(gj_invite_parse(longer, &got), GJ_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_invitation_survives_paper_and_mail),
        cmocka_unit_test(every_changed_or_missing_character_is_found),
    };
    check_ok(gj_noise_start());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
