#include "client/cli/help_notes.h"

#include <string.h>

/* What stands below a command's options: examples as one would type them, and what the options cannot say. */

#define HOUSEHOLD_COLUMNS                                                                                              \
    "  office 管理处            building 楼栋          room 房号 *              name 户名\n"                  \
    "  occupancy 入住状态       delivered_at 交付日期  completed_at 竣工日期    area 建筑面积\n"       \
    "  owner 业主               owner_phone 业主电话   tenant 租户              tenant_phone 租户电话\n"   \
    "  preferred_contact 联系方式                      preferred_hours 联系时间                plates 车牌\n"
#define STAFF_COLUMNS                                                                                                    \
    "  office 管理处            login 账号 *           name 姓名                post 岗位\n"                    \
    "  trades 工种              phone 电话             certificate 证书         certificate_number 证书编号\n" \
    "  valid_until 有效期       review_at 复审日期\n"
#define CASE_COLUMNS                                                                                                   \
    "  paper_number 原单号      received_at 报修时间   household 业户/房号      place 房号或位置\n"    \
    "  category 报修类别        priority 优先级        late_reason 迟录原因     asset 设施设备\n"

static const struct help_note notes[] = {
    {"enroll", "", "guanjia enroll GJ1-... --address 10.0.0.5:7700",
        N_("The invitation comes from: guanjia device invite. It is good for one device, for 24 hours."), NULL},
    {"login", "", "guanjia login zhang.wei", NULL, NULL},
    {"profile", "address", "guanjia profile address 10.0.0.9:7700", NULL, NULL},
    {"ticket", "create",
        "guanjia ticket create --channel phone --household 10452-7 --place 3-2-1801 --area household\n"
        "  guanjia ticket create --channel patrol --area common --place 地下车库B2 --category WAT-01 --priority P1 \\\n"
        "      --description 消防管漏水 --contact-name 王师傅 --contact-phone 13900000001 --told-response\n"
        "  guanjia ticket create --outbox --channel phone --description 停水",
        N_("With everything known the ticket is classified at once; otherwise it waits as received."), NULL},
    {"ticket", "list", "guanjia ticket list --mine\n  guanjia ticket list --office BJ1 --state WORKING --all", NULL,
        NULL},
    {"ticket", "board", "guanjia ticket board\n  guanjia ticket board --office BJ1 -o json",
        N_("Sorted by priority; in each what is late, marked with !, then the nearest deadline, then the oldest."),
        NULL},
    {"ticket", "show", "guanjia ticket show WXBJ12026000042 --history\n  guanjia ticket show 42 --purpose call",
        N_("Masked names and phones open with --purpose; that is recorded."), NULL},
    {"ticket", "act",
        "guanjia ticket actions WXBJ12026000042\n"
        "  guanjia ticket act WXBJ12026000042 dispatch --assignee li.si --field trade=plumber\n"
        "  guanjia ticket act 42 arrive --field arrived_at=2026-11-22T09:30\n"
        "  guanjia ticket act 42 finish --field work_done=换阀门 \\\n"
        "      --field materials:l=item=阀门,quantity=1,unit=个,price=35.00\n"
        "  guanjia ticket act 42 arrive --outbox --revision 5",
        N_("What may be done now, and which fields it needs, is said by `actions`."), NULL},
    {"ticket", "amend", "guanjia ticket amend 42 --field place=3-2-1802 --reason 房号听错", NULL, NULL},
    {"ticket", "attach", "guanjia ticket attach 42 现场.jpg",
        N_("The address that it prints goes into a field, e.g. --field photos=ADDRESS."), NULL},
    {"ticket", "fetch", "guanjia ticket fetch 42 ADDRESS --to 现场.jpg", NULL, NULL},
    {"ticket", "watch", "guanjia ticket watch --office BJ1\n  guanjia ticket watch -o ndjson --since 1200",
        N_("Ctrl-C ends it."), NULL},
    {"ticket", "import",
        "guanjia ticket import 未结.csv --office BJ1 --preview\n  guanjia ticket import 未结.csv --office BJ1",
        N_("Columns of the first line, by either name; further ones are fields of the kind by key or title. A case is "
           "recognised by its paper number, without one by its whole line, so that the same file makes nothing twice. "
           "Nothing is imported while any line is wrong:"),
        CASE_COLUMNS},
    {"record", "import", "guanjia record import 走访.csv --kind visit --in-state PLANNED --preview",
        N_("Columns of the first line, by either name; further ones are fields of the kind by key or title. A case is "
           "recognised by its paper number, without one by its whole line, so that the same file makes nothing twice. "
           "Nothing is imported while any line is wrong:"),
        CASE_COLUMNS},
    {"record", "create", "guanjia record create visit --household 10452-7 --field purpose=routine",
        N_("The kinds and their codes: guanjia kind list. The fields of one: guanjia kind show KIND."), NULL},
    {"record", "list", "guanjia record list duty_log --office BJ1", NULL, NULL},
    {"kind", "show", "guanjia kind show repair_ticket", NULL, NULL},
    {"household", "find",
        "guanjia household find --phone 13900000001 --purpose call\n"
        "  guanjia household find --room 3-2-1801 --purpose ticket",
        NULL, NULL},
    {"household", "show", "guanjia household show 10452-7 --purpose call", NULL, NULL},
    {"household", "import",
        "guanjia household import 业户.csv --office BJ1 --preview\n  guanjia household import 业户.csv --office BJ1",
        N_("Columns of the first line, by either name, * is required; an empty cell leaves what is there, a hyphen "
           "clears it. office is required without --office. A room that is there already is changed, not doubled. "
           "Nothing is imported while any line is wrong:"),
        HOUSEHOLD_COLUMNS},
    {"staff", "import", "guanjia staff import 员工.csv --office BJ1 --preview",
        N_("Columns of the first line, by either name, * is required; several trades or certificates are separated by "
           "semicolons. office is required without --office. A login that is there already is changed, not doubled. "
           "Nothing is imported while any line is wrong:"),
        STAFF_COLUMNS},
    {"staff", "put",
        "guanjia staff put li.si --trade plumber --trade electrician --certificate 低压电工作业证:T110:2027-05-31",
        NULL, NULL},
    {"device", "invite", "guanjia device invite --office BJ1 --class phone --note 李四", NULL, NULL},
    {"user", "create", "guanjia user create li.si --name 李四 --office BJ1 --role tech@BJ1",
        N_("The roles: guanjia role list. A role may need a second person: guanjia role approve."), NULL},
    {"role", "grant", "guanjia role grant li.si tech --office BJ1", NULL, NULL},
    {"delegate", "create",
        "guanjia delegate create wang.fang --role director --from 2026-12-01 --until 2026-12-08 --reason 休假", NULL,
        NULL},
    {"roster", "set",
        "guanjia roster set duty_director,wang.fang,2026-12-01T08:00,2026-12-01T20:00 --office BJ1 \\\n"
        "      --from 2026-12-01 --until 2026-12-02\n"
        "  guanjia roster set --csv 排班表.csv --month 2026-12 --office BJ1",
        N_("The table: columns role, user and the days 1 to 31; a cell 8-16, 20-8 or *20-8 (standby), empty or 休 when "
           "off. "
           "Or columns role, user, from, until, kind, covers. The lines replace those of that time."),
        NULL},
    {"roster", "list", "guanjia roster list --month 2026-12", NULL, NULL},
    {"duty", "cover", "guanjia duty cover li.si wang.fang --role cs_agent --until 2026-12-01T16:00", NULL, NULL},
    {"absence", "set", "guanjia absence set me --from 2026-12-01 --until 2026-12-08 --reason 休假", NULL, NULL},
    {"inbox", "ack", "guanjia inbox ack 17 18", NULL, NULL},
    {"draw", "", "guanjia draw repair_ticket --count 5 --from 2026-11-01 --until 2026-12-01", NULL, NULL},
    {"outbox", "list", "guanjia outbox list\n  guanjia outbox send",
        N_("What was rejected stays until it has been shown here; guanjia outbox retry KEY sends it again."), NULL},
    {"policy", "check", "guanjia policy check /etc/guanjia/policy", NULL, NULL},
    {"policy", "explain",
        "guanjia policy explain --kind repair --category WAT-01 --priority P1 --at 2026-02-13T15:00+08:00", NULL, NULL},
    {"policy", "workday", "guanjia policy workday --from 2026-09-30 --days 2", NULL, NULL},
    {"limit", "propose", "guanjia limit propose repair_ticket arrive 20min --priority P1 --reason 业委会要求", NULL,
        NULL},
    {"audit", "entries", "guanjia audit entries --after 1200 --count 10", NULL, NULL},
    {"admin", "clock-confirm", "guanjia admin clock-confirm --accept-wall --reason 已与手机核对", NULL, NULL},
    {"completion", "", "guanjia completion bash > ~/.local/share/bash-completion/completions/guanjia", NULL, NULL},
};

static const struct {
    const char *noun;
    const char *help;
} nouns[] = {
    {"ticket", N_("repair tickets: take in, dispatch, work, accept, follow up")},
    {"record", N_("records of every other declared kind: visits, duty log ...")},
    {"kind", N_("which kinds there are and what they ask for")},
    {"inbox", N_("what you have to look at: warnings, breaches, work that reached you")},
    {"household", N_("households and the people in them; find, change, import")},
    {"office", N_("management offices")},
    {"region", N_("regions")},
    {"building", N_("buildings")},
    {"asset", N_("common areas and equipment")},
    {"staff", N_("colleagues: trades, certificates; import")},
    {"contractor", N_("firms that work for us")},
    {"import", N_("an import that was left unfinished")},
    {"obligation", N_("recurring duties")},
    {"draw", N_("a sample")},
    {"enroll", N_("make this computer a device of the company, once")},
    {"login", N_("begin your session")},
    {"logout", N_("end it")},
    {"whoami", N_("who is logged in, with which roles")},
    {"password", N_("change your password")},
    {"profile", N_("which server, which device")},
    {"outbox", N_("changes noted while there was no connection")},
    {"draft", N_("unfinished texts")},
    {"device", N_("invite, list and shut out computers and phones")},
    {"user", N_("logins of people")},
    {"role", N_("who may do what")},
    {"delegate", N_("lend your role for a time")},
    {"roster", N_("who is on duty")},
    {"duty", N_("who is there now, and who stands in")},
    {"absence", N_("who is away")},
    {"policy", N_("the company's rules: check, explain, change")},
    {"calendar", N_("working days")},
    {"limit", N_("an office's own deadlines")},
    {"weather", N_("bad weather on or off")},
    {"audit", N_("the audit log")},
    {"admin", N_("the server: health, backup, clock")},
    {"completion", N_("completion for the shell")},
};

const struct help_note *help_note(const char *noun, const char *verb)
{
    for (size_t n = 0; n < sizeof notes / sizeof notes[0]; n++) {
        if (strcmp(notes[n].noun, noun) == 0 && strcmp(notes[n].verb, verb) == 0) {
            return &notes[n];
        }
    }
    /* The verbs that tickets share with other records are explained once. */
    return strcmp(noun, "record") == 0 ? help_note("ticket", verb) : NULL;
}

const char *help_of_noun(size_t at, const char **noun)
{
    if (at >= sizeof nouns / sizeof nouns[0]) {
        return NULL;
    }
    *noun = nouns[at].noun;
    return nouns[at].help;
}
