#ifndef GJ_TESTS_COMMON_CHECK_H
#define GJ_TESTS_COMMON_CHECK_H

/* cmocka wants its own includes in this order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/err.h"

/* Compares by name, so that a failure reads "GJ_EINVAL != GJ_OK". */
#define check_err(got, wanted) assert_string_equal(gj_err_name(got), gj_err_name(wanted))
#define check_ok(got) check_err(got, GJ_OK)

#endif
