/* The benchmark's working day: open tickets driven through the repair flow (4.1) one step at a time by two people,
 * thirteen events from the call to the archive. */
#ifndef GJ_TESTS_BENCH_DESK_H
#define GJ_TESTS_BENCH_DESK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/dispatch.pb-c.h"
#include "proto/envelope.pb-c.h"
#include "proto/register.pb-c.h"

#define GJ_DESK_FIELDS_MAX 8
#define GJ_DESK_PHOTO_BYTES 32

struct gj_desk_ticket {
    uint64_t id;
    uint64_t office;
    uint32_t revision;
    uint8_t step; /* what comes next; gj_desk_steps: closed, a new call takes its place */
    char code[8]; /* the owner's, once the desk has read it out */
};

struct gj_desk {
    struct gj_desk_ticket *tickets;
    size_t count, room;
    uint64_t users[2];                  /* desk, technician */
    uint8_t photo[GJ_DESK_PHOTO_BYTES]; /* address of the picture every finished job shows */
    uint64_t households_per_office;
};

/* A message with everything it points to. */
struct gj_desk_act {
    Gj__V1__ActRequest request;
    Gj__V1__Field fields[GJ_DESK_FIELDS_MAX];
    Gj__V1__Field *list[GJ_DESK_FIELDS_MAX];
    Gj__V1__OwnerStep owner;
};

extern const size_t gj_desk_steps;

struct gj_pool;
/* Reads dir/desk: "desk-user technician households-per-office photo-address" on one line. */
void gj_desk_read(struct gj_desk *desk, const char *dir);
/* The same, and the open tickets of every office from the daemon. */
void gj_desk_list(struct gj_desk *desk, struct gj_pool *pool);
/* Keeps the tickets whose history has exactly so many events; exits when there is none. */
void gj_desk_keep_events(struct gj_desk *desk, struct gj_pool *pool, size_t events);
/* Keeps one ticket of each office with so many open ones, or as many as the longest queue has, and says how many. */
size_t gj_desk_keep_queues(struct gj_desk *desk, size_t rows);
void gj_desk_add(struct gj_desk *desk, const struct gj_desk_ticket *ticket);
void gj_desk_free(struct gj_desk *desk);

/* The step that comes next in this state; a state visited several times is told apart by the revision. */
uint8_t gj_desk_step(const char *state, uint32_t revision);
/* Index into users of the one who takes the step. */
size_t gj_desk_user_of(size_t step);
/* Whether the desk has to read the owner's code out before the step can be taken. */
bool gj_desk_needs_code(const struct gj_desk_ticket *ticket);
/* The round-th ticket that has a step left, and one that can be taken at once. */
struct gj_desk_ticket *gj_desk_unfinished(struct gj_desk *desk, size_t round);

/* Fill the message for the ticket's next step, or for a new call in its office. */
void gj_desk_act(
    struct gj_desk_act *act, const struct gj_desk *desk, const struct gj_desk_ticket *ticket, int64_t now_ms);
void gj_desk_intake(
    Gj__V1__IntakeRequest *intake, const struct gj_desk *desk, const struct gj_desk_ticket *ticket, uint64_t random);

/* Takes over what the daemon answered. */
void gj_desk_moved(struct gj_desk_ticket *ticket, const Gj__V1__Written *written);

#endif
