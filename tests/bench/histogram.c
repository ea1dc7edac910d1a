#include "bench/histogram.h"

static unsigned index_of(uint64_t us)
{
    if (us < GJ_HISTOGRAM_SUB) {
        return (unsigned)us;
    }
    unsigned power = 63u - (unsigned)__builtin_clzll(us); /* 2^power <= us, power >= 5 */
    unsigned index = (power - 4) * GJ_HISTOGRAM_SUB + (unsigned)(us >> (power - 5)) - GJ_HISTOGRAM_SUB;
    return index < GJ_HISTOGRAM_BUCKETS ? index : GJ_HISTOGRAM_BUCKETS - 1;
}

static uint64_t upper_edge(unsigned index)
{
    if (index < GJ_HISTOGRAM_SUB) {
        return index;
    }
    unsigned power = index / GJ_HISTOGRAM_SUB + 4;
    uint64_t step = index % GJ_HISTOGRAM_SUB + GJ_HISTOGRAM_SUB + 1;
    return (step << (power - 5)) - 1;
}

void gj_histogram_add(struct gj_histogram *h, uint64_t us)
{
    h->bucket[index_of(us)]++;
    if (us > h->max_us) {
        h->max_us = us;
    }
}

void gj_histogram_merge(struct gj_histogram *into, const struct gj_histogram *from)
{
    for (unsigned i = 0; i < GJ_HISTOGRAM_BUCKETS; i++) {
        into->bucket[i] += from->bucket[i];
    }
    if (from->max_us > into->max_us) {
        into->max_us = from->max_us;
    }
}

uint64_t gj_histogram_count(const struct gj_histogram *h)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < GJ_HISTOGRAM_BUCKETS; i++) {
        count += h->bucket[i];
    }
    return count;
}

double gj_histogram_ms(const struct gj_histogram *h, double q)
{
    uint64_t count = gj_histogram_count(h), seen = 0;
    if (q >= 1.0 || count == 0) {
        return (double)h->max_us / 1000.0;
    }
    uint64_t wanted = (uint64_t)(q * (double)count) + 1;
    for (unsigned i = 0; i < GJ_HISTOGRAM_BUCKETS; i++) {
        seen += h->bucket[i];
        if (seen >= wanted) {
            return (double)upper_edge(i) / 1000.0;
        }
    }
    return (double)h->max_us / 1000.0;
}
