#include <string.h>

#include "core/notify_people.h"
#include "proto/admin.pb-c.h"
#include "service/admin/admin.h"
#include "service/page.h"
#include "store/record.h"

static bool is_absent(const Gj__Stored__User *user, int64_t now_ms)
{
    for (size_t i = 0; i < user->n_absences; i++) {
        if (user->absences[i]->from <= now_ms && now_ms < user->absences[i]->until) {
            return true;
        }
    }
    return false;
}

static bool has_role(const Gj__Stored__User *user, const char *role)
{
    bool has = role[0] == '\0';
    for (size_t i = 0; !has && i < user->n_grants; i++) {
        has = strcmp(user->grants[i]->role, role) == 0;
    }
    return has;
}

/* Of the office: by its home, or by a role held there. */
static bool of_office(const Gj__Stored__User *user, uint64_t office)
{
    bool is = office == 0 || user->office == office;
    for (size_t i = 0; !is && i < user->n_grants; i++) {
        is = user->grants[i]->office == office;
    }
    return is;
}

static Gj__V1__User *wire_user(struct gj_ctx *ctx, const Gj__Stored__User *stored)
{
    Gj__V1__User *row = GJ_ARENA_NEW(ctx->arena, Gj__V1__User);
    Gj__V1__Grant **grants = GJ_ARENA_ARRAY(ctx->arena, stored->n_grants + 1, Gj__V1__Grant *);
    Gj__V1__Grant *items = GJ_ARENA_ARRAY(ctx->arena, stored->n_grants + 1, Gj__V1__Grant);
    if (row == NULL || grants == NULL || items == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj__v1__user__init(row);
    row->id = stored->id;
    row->login = stored->login;
    row->name = stored->name;
    row->office = stored->office;
    row->disabled = stored->disabled;
    row->absent = is_absent(stored, ctx->now_ms);
    row->grants = grants;
    row->n_grants = stored->n_grants;
    for (size_t i = 0; i < stored->n_grants; i++) {
        gj__v1__grant__init(&items[i]);
        items[i].role = stored->grants[i]->role;
        items[i].office = stored->grants[i]->office;
        items[i].region = stored->grants[i]->region;
        items[i].pending = stored->grants[i]->pending;
        grants[i] = &items[i];
    }
    return row;
}

/* Whoever gives work to colleagues, and so may read the staff file of the office, must be able to name them. */
static bool works_with(struct gj_ctx *ctx, uint64_t office)
{
    return office != 0 && gj_door_may_all(ctx, GJ_DOOR_STAFF, GJ_ACCESS_LIST, office);
}

static bool works_with_some(struct gj_ctx *ctx)
{
    bool some = false;
    for (size_t i = 0; !some && i < ctx->actor->grant_count; i++) {
        some = works_with(ctx, ctx->actor->grants[i].office);
    }
    return some;
}

static bool shows_user(struct gj_ctx *ctx, const struct gj_value *value, const void *filter)
{
    const Gj__V1__UserListRequest *request = filter;
    Gj__Stored__User *stored = NULL;
    return gj_record_unpack(ctx->txn, value, &gj__stored__user__descriptor, ctx->arena, (void **)&stored) &&
           of_office(stored, request->office) && has_role(stored, request->role) &&
           (gj_door_may(ctx, GJ_DOOR_USERS, GJ_ACCESS_LIST, stored->office) ||
               gj_door_may(ctx, GJ_DOOR_OWN_PEOPLE, GJ_ACCESS_LIST, stored->office) || works_with(ctx, stored->office));
}

static bool add_user(struct gj_ctx *ctx, const struct gj_value *value, Gj__V1__UserList *list)
{
    Gj__Stored__User *stored = NULL;
    if (!gj_record_unpack(ctx->txn, value, &gj__stored__user__descriptor, ctx->arena, (void **)&stored)) {
        return false;
    }
    Gj__V1__User *row = wire_user(ctx, stored);
    if (row == NULL) {
        return false;
    }
    list->users[list->n_users++] = row;
    return true;
}

void gj_admin_user_list(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__UserListRequest *request = (const Gj__V1__UserListRequest *)message;
    Gj__V1__UserList *list = GJ_ARENA_NEW(ctx->arena, Gj__V1__UserList);
    struct gj_page page;
    if (!gj_page_read(ctx, request->page, &page) ||
        !(works_with_some(ctx) || gj_door_check_anywhere(ctx, GJ_DOOR_OWN_PEOPLE, GJ_ACCESS_LIST, NULL))) {
        return;
    }
    Gj__V1__User **users = GJ_ARENA_ARRAY(ctx->arena, page.rows, Gj__V1__User *);
    if (list == NULL || users == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return;
    }
    gj__v1__user_list__init(list);
    list->users = users;
    struct gj_key low = gj_key_of_u64(page.after + 1);
    struct gj_page_sieve sieve;
    struct gj_iter iter;
    gj_page_sieve_init(&sieve, shows_user, request);
    gj_iter_range(&iter, ctx->txn, GJ_TABLE_USER, &low, NULL, GJ_FORWARD);
    while (gj_iter_next(&iter)) {
        if (list->n_users == page.rows || page.looked == GJ_PAGE_LOOK_MAX) {
            (void)gj_page_cursor(ctx, page.last, &list->cursor);
            break;
        }
        gj_page_look(&page, &iter.key);
        if (gj_page_sieve_shows(&sieve, ctx, &iter.value) && !add_user(ctx, &iter.value, list)) {
            break;
        }
    }
    gj_iter_close(&iter);
    gj_page_sieve_fini(&sieve);
    gj_answer_ok(ctx, &list->base);
}
