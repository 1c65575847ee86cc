/* tests/harness/test.h: cmocka with the includes it wants, and what every test needs. */
#ifndef TESTS_HARNESS_TEST_H
#define TESTS_HARNESS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/status.h"

#undef fail                       /* core's and cmocka's macros share the name; tests use fail_msg() */
#include <cmocka.h>

/* A call that must work; prints its sentence when it does not. */
#define must(call)                                                                        \
    do {                                                                                  \
        if ((call) != OK) {                                                               \
            status_print_last(stderr, false);                                             \
            fail_msg("%s: %s", #call, status_fact());                                     \
        }                                                                                 \
    } while (0)

/* A call that must fail with this code and this text somewhere in its fact or hint. */
#define must_fail(call, code, words)                                                                                   \
    do {                                                                                                               \
        Status must_fail_ = (call);                                                                                    \
        if (must_fail_ != (code))                                                                                      \
            fail_msg("%s gave %s, not %s: %s", #call, status_name(must_fail_), #code, status_fact());                  \
        if (!strstr(status_fact(), (words)) && !strstr(status_hint(), (words)))                                        \
            fail_msg("%s says \"%s\" (%s), which lacks \"%s\"", #call, status_fact(), status_hint(), (words));         \
    } while (0)

#endif
