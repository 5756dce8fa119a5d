/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Names and the addresses to try, as far as no name server has a part in it: the hosts of addresses, who
 * is answered from the book, and what is used while nothing has been answered. tests/e2e/test_names.py has
 * the name server.
 */

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include "gateway/uplink/names.h"
#include "tests/support/cmocka.h"
#include "tests/support/scratch.h"

#define NAMED   "tcp://broker.tocsin.invalid:1883"
#define HOST    "broker.tocsin.invalid"
#define UNKNOWN "tcp://other.tocsin.invalid"

struct scene {
    char directory[64];
    char strings[512];
    uint32_t brokers[3];
    struct site_header header;
    struct site site;
    struct event_base *base;
    struct names *names;
};

/* A site with two brokers by name and one by address, and what an earlier life has left; not asked yet. */
static int scene_begin(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    (void)snprintf(scene->directory, sizeof scene->directory, "/tmp/names_test.XXXXXX");
    assert_non_null(mkdtemp(scene->directory));
    assert_int_equal(chdir(scene->directory), 0);
    assert_int_equal(mkdir("uplink", 0700), 0);
    const char *const texts[] = {NAMED, UNKNOWN, "tcp://127.0.0.1:1"};
    size_t at = 1;
    for (size_t i = 0; i < 3; i++) {
        scene->brokers[i] = (uint32_t)at;
        at += (size_t)snprintf(scene->strings + at, sizeof scene->strings - at, "%s", texts[i]) + 1;
    }
    scene->header.state_directory = (uint32_t)at;
    (void)snprintf(scene->strings + at, sizeof scene->strings - at, "%s", scene->directory);
    scene->site = (struct site){
        .header = &scene->header,
        .strings = scene->strings,
        .brokers = scene->brokers,
        .broker_count = 3,
    };
    FILE *file = fopen("uplink/addresses", "w");
    assert_non_null(file);
    (void)fputs("nonsense\n" HOST " not-an-address\n" HOST
                " 127.0.0.9\nstranger.invalid 127.0.0.8\n",
                file);
    assert_int_equal(fclose(file), 0);
    scene->base = event_base_new();
    assert_non_null(scene->base);
    assert_int_equal(names_new(scene->base, &scene->site, &scene->names), 0);
    *state = scene;
    return 0;
}

static int scene_end(void **state) {
    struct scene *scene = *state;
    scene->names = names_free(scene->names);
    event_base_free(scene->base);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(scratch_remove(scene->directory), 0);
    free(scene);
    return 0;
}

/* As the libraries ask: the address as text, or "" when there is none. */
static void lookup(const char *host, char ret[INET_ADDRSTRLEN]) {
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    ret[0] = '\0';
    if (getaddrinfo(host, NULL, &hints, &found) == 0) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)found->ai_addr;
        assert_non_null(inet_ntop(AF_INET, &v4->sin_addr, ret, INET_ADDRSTRLEN));
        freeaddrinfo(found);
    }
}

static void an_address_has_a_host(void **state) {
    (void)state;
    static const struct {
        const char *address, *host;
    } addresses[] = {
        {"tcp://broker.example:1883", "broker.example"},
        {"ssl://broker.example", "broker.example"},
        {"tcp://127.0.0.1:1883", "127.0.0.1"},
        {"ssl://[fe80::1]:8883", "fe80::1"},
        {"https://a.example/hook/x:y@z", "a.example"},
        {"https://user:secret@a.example:8443/hook", "a.example"},
        {"http://a.example?db=x", "a.example"},
        {"plain.example:1", "plain.example"},
        {"tcp://", ""},
        {"tcp://:1883", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        char host[NAMES_HOST_SIZE] = "";
        assert_int_equal(names_host(addresses[i].address, host), addresses[i].host[0] != '\0');
        assert_string_equal(host, addresses[i].host);
    }
    char longest[NAMES_HOST_SIZE + 1], host[NAMES_HOST_SIZE];
    memset(longest, 'a', sizeof longest);
    longest[NAMES_HOST_SIZE] = '\0';
    assert_false(names_host(longest, host));
    longest[NAMES_HOST_SIZE - 1] = '\0';
    assert_true(names_host(longest, host));
}

static void a_name_that_is_not_answered_has_its_last_good_address(void **state) {
    (void)state;
    char address[INET_ADDRSTRLEN], told[256], reason[NAMES_REASON_SIZE];
    assert_int_equal(names_look(NAMED, reason), NAMES_ASKING);
    lookup(HOST, address); /* waits for the first answer, which does not come */
    assert_string_equal(address, "127.0.0.9");
    assert_int_equal(names_look(NAMED, reason), NAMES_KEPT);
    names_explain(NAMED, "nobody listens", told, sizeof told);
    assert_string_equal(told,
                        "nobody listens; its name does not resolve (no answer yet): the address at "
                        "which it last answered is tried");
}

static void a_name_without_an_address_is_refused_at_once_and_said_to_be_the_fault(void **state) {
    (void)state;
    char address[INET_ADDRSTRLEN], told[256], reason[NAMES_REASON_SIZE];
    lookup("other.tocsin.invalid", address);
    assert_string_equal(address, "");
    assert_int_equal(names_look(UNKNOWN, reason), NAMES_UNKNOWN);
    names_explain(UNKNOWN, "no connection", told, sizeof told);
    assert_string_equal(
        told, "its name does not resolve (no answer yet): look at the name, and at the name "
              "server of this gateway");
}

static void who_is_not_in_the_book_is_the_c_librarys(void **state) {
    (void)state;
    char address[INET_ADDRSTRLEN], told[64], reason[NAMES_REASON_SIZE];
    lookup("127.0.0.7", address);
    assert_string_equal(address, "127.0.0.7");
    assert_int_equal(names_look("tcp://127.0.0.1:1", reason), NAMES_FINE);
    names_explain("tcp://127.0.0.1:1", "nobody listens", told, sizeof told);
    assert_string_equal(told, "nobody listens");
    names_worked("tcp://127.0.0.1:1");
    names_failed("tcp://127.0.0.1:1");
}

static void what_was_good_before_is_not_written_again(void **state) {
    struct scene *scene = *state;
    char address[INET_ADDRSTRLEN];
    lookup(HOST, address);
    names_worked(NAMED);
    assert_int_equal(unlink("uplink/addresses"), 0);
    names_tick(scene->names); /* it was good before */
    assert_int_not_equal(access("uplink/addresses", F_OK), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_a_host),
        cmocka_unit_test_setup_teardown(a_name_that_is_not_answered_has_its_last_good_address,
                                        scene_begin, scene_end),
        cmocka_unit_test_setup_teardown(
            a_name_without_an_address_is_refused_at_once_and_said_to_be_the_fault, scene_begin,
            scene_end),
        cmocka_unit_test_setup_teardown(who_is_not_in_the_book_is_the_c_librarys, scene_begin,
                                        scene_end),
        cmocka_unit_test_setup_teardown(what_was_good_before_is_not_written_again, scene_begin,
                                        scene_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
