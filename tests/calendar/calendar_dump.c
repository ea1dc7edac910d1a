/* Prints what the product's calendar says: every day of 2025 and 2026, and where working days lead to from each of
 * them. Compared line by line with the npm package chinese-days by compare.mjs. */
#include <stdio.h>

#include "common/calendar.h"

static const int32_t distances[] = {1, 2, 3, 5, 15};

int main(int argc, char **argv)
{
    struct gj_calendar *calendar;
    if (argc != 2 || gj_calendar_load(argv[1], &calendar, NULL) != GJ_OK) {
        fprintf(stderr, "usage: calendar_dump TABLE\n");
        return 2;
    }
    gj_day last = gj_day_of((struct gj_date){2026, 12, 31});
    for (gj_day day = gj_day_of((struct gj_date){2025, 1, 1}); day <= last; day++) {
        char text[GJ_DATE_TEXT_SIZE];
        gj_date_format(day, text);
        printf("%s %d", text, gj_calendar_day(calendar, day).working);
        for (size_t i = 0; i < sizeof distances / sizeof distances[0]; i++) {
            struct gj_day_result due = gj_calendar_add_working(calendar, day, distances[i]);
            gj_date_format(due.day, text);
            printf(" %s", due.day <= last ? text : "-");
        }
        printf("\n");
    }
    gj_calendar_free(calendar);
    return 0;
}
