/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What must never be in rules/: a decision that asks the clock by itself. The purity test is run
 * over this file as well, and has to refuse it.
 */
#include <time.h>

long impure_now(void);

long impure_now(void) {
    return (long)time(NULL);
}
