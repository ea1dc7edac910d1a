#include <string.h>

#include "core/password_impl.h"

/* Accounts and devices share the table; a bit keeps them apart. */
static uint64_t of_login(const char *login)
{
    uint64_t hash = 0;
    static const uint8_t key[crypto_shorthash_KEYBYTES];

    crypto_shorthash((uint8_t *)&hash, (const uint8_t *)login, strlen(login), key);
    return hash | 1;
}

static uint64_t of_device(uint64_t device)
{
    return device << 1;
}

/* The slot of what, or the one that gives way to it. */
static struct gj_guess *slot_of(struct gj_passwords *passwords, uint64_t what)
{
    size_t first = (size_t)((what * UINT64_C(0x9E3779B97F4A7C15)) >> 32) % GJ_GUESS_SLOTS;
    struct gj_guess *oldest = &passwords->guesses[first];

    for (size_t i = 0; i < GJ_GUESS_WAYS; i++) {
        struct gj_guess *slot = &passwords->guesses[(first + i) % GJ_GUESS_SLOTS];

        if (slot->what == what) {
            return slot;
        }
        if (slot->touched_ms < oldest->touched_ms) {
            oldest = slot;
        }
    }
    return oldest;
}

static uint32_t wait_of(struct gj_passwords *passwords, uint64_t what, int64_t boot_ms)
{
    const struct gj_guess *slot = slot_of(passwords, what);

    return slot->what == what && slot->free_at_ms > boot_ms ? (uint32_t)(slot->free_at_ms - boot_ms) : 0;
}

uint32_t gj_passwords_wait_ms(struct gj_passwords *passwords, const char *login, uint64_t device, int64_t boot_ms)
{
    uint32_t account_ms = wait_of(passwords, of_login(login), boot_ms);
    uint32_t device_ms = wait_of(passwords, of_device(device), boot_ms);

    return account_ms > device_ms ? account_ms : device_ms;
}

static void tried(struct gj_passwords *passwords, uint64_t what, bool ok, int64_t boot_ms)
{
    struct gj_guess *slot = slot_of(passwords, what);

    if (ok) {
        if (slot->what == what) {
            memset(slot, 0, sizeof *slot);
        }
        return;
    }
    if (slot->what != what) {
        memset(slot, 0, sizeof *slot);
        slot->what = what;
    }
    slot->failures++;
    slot->touched_ms = boot_ms;
    if (slot->failures >= GJ_GUESS_FREE) {
        unsigned doublings = slot->failures - GJ_GUESS_FREE;
        int64_t wait_ms = doublings >= 6 ? GJ_GUESS_WAIT_MAX_MS : (int64_t)1000 << doublings;

        slot->free_at_ms = boot_ms + (wait_ms < GJ_GUESS_WAIT_MAX_MS ? wait_ms : GJ_GUESS_WAIT_MAX_MS);
    }
}

void gj_passwords_tried(struct gj_passwords *passwords, const char *login, uint64_t device, bool ok, int64_t boot_ms)
{
    tried(passwords, of_login(login), ok, boot_ms);
    tried(passwords, of_device(device), ok, boot_ms);
}
