/* The calls of the fixture: fixture.h says what each does. */
#ifndef GJ_TESTS_CORE_FIXTURE_CALLS_H
#define GJ_TESTS_CORE_FIXTURE_CALLS_H

#include "core/call.h"

extern const struct gj_service fixture_service;
/* SYSTEM_SWEEP and the like, as far as the tests need them. */
extern const struct gj_service fixture_system;

#endif
