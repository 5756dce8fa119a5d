/* SPDX-License-Identifier: Apache-2.0 */

/* What a console that has died said last is not believed for longer than 12 s. */
#include <string.h>

#include "gateway/uplink/open_pages.h"
#include "tests/support/cmocka.h"

static void what_the_console_said_is_believed_for_12_s(void **state) {
    (void)state;
    static const struct site_webhook everyone = {.to = CHAIN_TO_EVERYONE};
    const struct site site = {.strings = "", .webhooks = &everyone, .webhook_count = 1};
    struct wire_pages said = {.count = 2, .people = {{.pages = 3}, {.pages = 1}}};
    static struct open_pages pages;
    said.header = wire_header_of(WIRE_PAGES, wire_size(WIRE_PAGES, said.count));
    memset(said.people[1].person, 'x',
           sizeof said.people[1].person); /* an end is not believed either */
    open_pages_take(&pages, &said, NS_PER_S);
    assert_int_equal(strlen(pages.said.people[1].person), sizeof said.people[1].person - 1);
    open_pages_expire(&pages, 13 * NS_PER_S - 1);
    assert_int_equal(open_pages_count(&pages, &site, 0), 4);
    open_pages_expire(&pages, 13 * NS_PER_S);
    assert_int_equal(open_pages_count(&pages, &site, 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_console_said_is_believed_for_12_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
