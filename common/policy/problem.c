#include "common/policy/problem.h"

#include <stdarg.h>
#include <stdio.h>

void gj_problems_init(struct gj_problems *problems)
{
    problems->count = 0;
    problems->total = 0;
}

void gj_problem_add(
    struct gj_problems *problems, const char *file, uint32_t line, uint32_t column, const char *format, ...)
{
    problems->total++;
    if (problems->count == GJ_PROBLEMS_MAX) {
        return;
    }
    struct gj_problem *problem = &problems->items[problems->count++];
    *problem = (struct gj_problem){.line = line, .column = column};
    (void)snprintf(problem->file, sizeof problem->file, "%s", file);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(problem->text, sizeof problem->text, format, args);
    va_end(args);
}

void gj_problem_format(const struct gj_problem *problem, char *out, size_t size)
{
    if (problem->line == 0) {
        (void)snprintf(out, size, "%s: %s", problem->file, problem->text);
    } else {
        (void)snprintf(out, size, "%s:%u:%u: %s", problem->file, problem->line, problem->column, problem->text);
    }
}
