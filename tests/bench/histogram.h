/* Latencies in buckets of at most 3 % width, from 1 us to over an hour; no allocation, so a thread keeps its own and
 * they are merged. */
#ifndef GJ_TESTS_BENCH_HISTOGRAM_H
#define GJ_TESTS_BENCH_HISTOGRAM_H

#include <stdint.h>

#define GJ_HISTOGRAM_SUB 32 /* buckets per power of two */
#define GJ_HISTOGRAM_BUCKETS (33 * GJ_HISTOGRAM_SUB)

struct gj_histogram {
    uint64_t bucket[GJ_HISTOGRAM_BUCKETS];
    uint64_t max_us;
};

void gj_histogram_add(struct gj_histogram *h, uint64_t us);
void gj_histogram_merge(struct gj_histogram *into, const struct gj_histogram *from);
uint64_t gj_histogram_count(const struct gj_histogram *h);
/* Upper edge of the bucket in which the q-th part of the samples lies, in ms; q = 1 gives the largest sample, no
 * samples 0. */
double gj_histogram_ms(const struct gj_histogram *h, double q);

#endif
