#include <netinet/in.h>
#include <sodium.h>
#include <string.h>

#include "net/internal.h"

#define WAYS 4

struct gj_address gj_address_of(const struct sockaddr *addr)
{
    struct gj_address out = {{0}};

    if (addr->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)addr;

        out.bytes[10] = out.bytes[11] = 0xff;
        memcpy(out.bytes + 12, &in->sin_addr, 4);
    } else if (addr->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)addr;

        memcpy(out.bytes, &in6->sin6_addr, 16);
    }
    return out;
}

bool gj_address_equal(const struct gj_address *a, const struct gj_address *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* The address's slot, or the one touched longest ago, which gives way. */
static struct gj_admission_slot *slot_of(struct gj_admission *admission, const struct gj_address *address)
{
    static const uint8_t key[crypto_shorthash_KEYBYTES];
    uint64_t hash = 0;

    crypto_shorthash((uint8_t *)&hash, address->bytes, sizeof address->bytes, key);
    struct gj_admission_slot *oldest = NULL;
    for (size_t i = 0; i < WAYS; i++) {
        struct gj_admission_slot *slot = &admission->slots[(hash + i) % GJ_ADMISSION_SLOTS];

        if (slot->at_ms != 0 && gj_address_equal(&slot->address, address)) {
            return slot;
        }
        if (oldest == NULL || slot->at_ms < oldest->at_ms) {
            oldest = slot;
        }
    }
    return oldest;
}

/* Failures are forgiven one by one as time goes by. */
static uint32_t failures_now(const struct gj_admission_slot *slot, uint64_t now_ms)
{
    uint64_t forgiven = (now_ms - slot->at_ms) / GJ_ADMISSION_REFILL_MS;

    return forgiven >= slot->failures ? 0 : slot->failures - (uint32_t)forgiven;
}

bool gj_admission_allows(struct gj_admission *admission, const struct gj_address *address, uint64_t now_ms)
{
    const struct gj_admission_slot *slot = slot_of(admission, address);

    if (slot->at_ms == 0 || !gj_address_equal(&slot->address, address)) {
        return true;
    }
    return failures_now(slot, now_ms) < GJ_ADMISSION_BURST;
}

void gj_admission_failed(struct gj_admission *admission, const struct gj_address *address, uint64_t now_ms)
{
    struct gj_admission_slot *slot = slot_of(admission, address);

    if (slot->at_ms == 0 || !gj_address_equal(&slot->address, address)) {
        memset(slot, 0, sizeof *slot);
        slot->address = *address;
    } else {
        slot->failures = failures_now(slot, now_ms);
    }
    slot->failures += slot->failures < GJ_ADMISSION_BURST;
    slot->at_ms = now_ms == 0 ? 1 : now_ms;
}
