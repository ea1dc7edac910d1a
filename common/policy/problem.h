/* What is wrong with a policy: file, line, column, what was found, what is allowed; collected, not thrown. */
#ifndef GJ_POLICY_PROBLEM_H
#define GJ_POLICY_PROBLEM_H

#include <stddef.h>
#include <stdint.h>

#include "common/limits.h"

struct gj_problem {
    char file[64];
    uint32_t line;   /* 1-based; 0: about the file as a whole */
    uint32_t column; /* 1-based */
    char text[200];  /* one sentence in English for whoever edits the file */
};

/* Plain data; about 14 KB: keep it on the heap or static where stacks are small. */
struct gj_problems {
    size_t count; /* held in items */
    size_t total; /* met */
    struct gj_problem items[GJ_PROBLEMS_MAX];
};

void gj_problems_init(struct gj_problems *problems);
void gj_problem_add(struct gj_problems *problems, const char *file, uint32_t line, uint32_t column, const char *format,
    ...) __attribute__((format(printf, 5, 6)));

/* "forms/repair.yaml:12:7: …" without a newline; always ends with NUL. */
void gj_problem_format(const struct gj_problem *problem, char *out, size_t size);

#endif
