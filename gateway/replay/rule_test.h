/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_REPLAY_RULE_TEST_H
#define GATEWAY_REPLAY_RULE_TEST_H

/*
 * Rule tests: what should happen when, written by who knows the rooms
 *
 *     site: site.yaml
 *     tests:
 *       - test: a call is not over before somebody was there
 *         begin: 2026-11-23 10:00                     # local time; a Monday at noon without it
 *         steps:
 *           - at: 5 s
 *             set: {care/day-care/button-1: 1}
 *             expect: [raised emergency_call/care/day-care/button-1]
 *           - at: 20 s
 *             do: acknowledge emergency_call/care/day-care/button-1
 *             expect: [acknowledged emergency_call/care/day-care/button-1]
 *           - at: 30 s
 *             do: reset emergency_call/care/day-care/button-1
 *             refused: still_active
 *
 * At the beginning every device is there and every point that is a truth is false. A step lets time
 * pass until `at`, then does to devices (`device: {care-io: lost}`, `back`, `silent`), sets points (a
 * value, `granted` or `denied`, a quality: stale, fault …; or `silent`), and does what a person does,
 * in the words of the command line. A value outside the point's range is a fault, as a driver makes it.
 *
 *     do: ack ALARM                        do: investigate ALARM real     do: test begin PLACE
 *     do: disposition ALARM misuse         do: out-of-service ALARM       do: shelve ALARM …
 *     by: --by    role: --role    reason: --reason    as: --as    second: --second
 *     second_role: --second-role  for: --minutes, --seconds or --until, as a duration
 *
 * A point without further readings stays what it is, however long: all is heard that is not said to
 * fall silent. What is, is heard for the last time at that step, and missed when its longest silence
 * is over, as the site says; a reading, or `back`, ends it. A polled point falls silent with its
 * device alone. Counters are levelled at the site's hour, and opening hours pass, by themselves.
 *
 * Exactly the events of `expect` come between the step before and this one, its own instant included;
 * what is so from the beginning (a rule of the night in a test that begins at night) is expected in the
 * first step. Escalations, the product's own alarms and what is no alarm's (`test.begun PLACE`, `test.tripped
 * POINT`, `access.granted POINT` …) need not be expected. `escalated ALARM to role caregiver` says whom a
 * step of its chain tells, as the chain says it (`shift care`, `everyone`; `person`, whoever it is), and
 * `calls nobody` that no escalation comes but those that are expected. `only` looks at some rules
 * alone, and at the product's own where it names them.
 *
 * What is wrong with the file, and what comes otherwise, are notes at their places in it.
 */

#include <stdio.h>

#include "gateway/err.h"
#include "gateway/site.h"

struct rule_test_options {
    const char *site; /* instead of the file's `site`; NULL: that */
    const char *const *settings;
    uint32_t setting_count;
    enum site_language language; /* of what is printed */
};

struct rule_test_result {
    uint32_t passed, failed;
};

/* A test was run; `failures` of its expectations were not met. */
typedef void rule_test_ran(void *context, const char *name, uint32_t failures);

#define RULE_TEST_E_REFUSED 1 /* the file or its site has errors, which were printed */

/*
 * Run the tests of the file at `path`; the process gets the site's zone. Notes are printed on `out`.
 * Returns 0, RULE_TEST_E_REFUSED or <0.
 */
NODISCARD int rule_test_file(const char *path, const struct rule_test_options *options, FILE *out,
                             rule_test_ran *ran, void *context,
                             struct rule_test_result *ret_result);

#endif
