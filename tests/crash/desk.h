/* A desk whose people never stop: several channels, each with lanes, each lane with one write under way. A write whose
 * outcome is unknown is sent again with its request key until it is known; now and then a known one is sent again as
 * well, and some writes are wrong on purpose. Every step goes into the journal. */
#ifndef GJ_TESTS_CRASH_DESK_H
#define GJ_TESTS_CRASH_DESK_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "client/include/guanjia.h"
#include "journal.h"

#define DESK_CHANNELS_MAX 32
#define DESK_LANES_MAX 32

struct desk;

/* One line of work. */
struct lane {
    struct desk *desk;
    guanjia_client *client;
    unsigned channel, number;
    uint64_t random;
    /* The ticket in hand; 0: none. */
    uint64_t record;
    uint32_t revision;
    char state[33];
    unsigned steps;
    /* The write under way. */
    uint8_t key[GUANJIA_KEY_SIZE];
    uint32_t call;
    uint8_t *body;
    size_t body_len;
    bool answered; /* its outcome is known and it is sent once more to see the same answer */
    bool idle;
};

struct desk {
    uv_loop_t *loop;
    struct journal journal;
    guanjia_client *clients[DESK_CHANNELS_MAX];
    unsigned channels, lanes_per_channel;
    struct lane lanes[DESK_CHANNELS_MAX * DESK_LANES_MAX];
    uint64_t office;
    bool stopping;
    unsigned working; /* lanes that are not idle */
};

/* Opens a client for each profile folder (logged in already) and starts every lane. The seed decides what is done. */
void desk_open(struct desk *desk, uv_loop_t *loop, const char *const *profiles, unsigned channels, unsigned lanes,
    uint64_t office, uint64_t seed, const char *journal);
/* No new work; lanes end when the outcome of what they sent is known. The loop then ends. */
void desk_stop(struct desk *desk);
void desk_close(struct desk *desk);

#endif
