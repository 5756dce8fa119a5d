/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The line to a broker over TLS, against a real mosquitto and certificates that openssl makes here:
 * whom it trusts, whom it refuses and what it says of them, and that changed files are used.
 */

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "gateway/certificate.h"
#include "gateway/clock.h"
#include "gateway/uplink/examination.h"
#include "tests/support/cmocka.h"
#include "tests/support/line.h"

static void tls_make(const struct broker *broker, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Run openssl in the broker's directory. */
static void tls_make(const struct broker *broker, const char *format, ...) {
    char command[768];
    va_list arguments;
    int len = snprintf(command, sizeof command, "cd %s && openssl ", broker->directory);
    va_start(arguments, format);
    (void)vsnprintf(command + len, sizeof command - (size_t)len, format, arguments);
    va_end(arguments);
    (void)strcat(command, " >/dev/null 2>&1");
    assert_int_equal(system(command), 0);
}

/* A certificate `name`.crt with `name`.key for `host`, signed by `ca`, good for some days from now. */
static void tls_issue_for(const struct broker *broker, const char *name, const char *ca,
                          const char *host, int days) {
    char path[64];
    char text[64];
    (void)snprintf(text, sizeof text, "subjectAltName=%s\n", host);
    scene_write(broker, "ext", text, path);
    tls_make(broker,
             "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout %s.key -out %s.csr "
             "-subj /CN=%s",
             name, name, name);
    tls_make(broker,
             "x509 -req -in %s.csr -CA %s.crt -CAkey %s.key -CAcreateserial -days %d -extfile ext "
             "-out %s.crt",
             name, ca, ca, days, name);
}

static void tls_issue(const struct broker *broker, const char *name, const char *ca,
                      const char *host) {
    tls_issue_for(broker, name, ca, host, 2);
}

static void tls_authority(const struct broker *broker, const char *name) {
    tls_make(broker,
             "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3 -keyout %s.key "
             "-out %s.crt -subj /CN=%s",
             name, name, name);
}

struct tls {
    struct broker broker;
    char ca[64], other[64], cert[64], key[64];
};

/* A broker that shows a certificate for `host`, good for `days`, and asks for one of ours. */
static void tls_open(struct tls *tls, const char *host, int days) {
    struct broker *broker = &tls->broker;
    broker_init(broker, "");
    tls_authority(broker, "ca");
    tls_authority(broker, "other");
    tls_issue_for(broker, "server", "ca", host, days);
    tls_issue(broker, "client", "ca", "DNS:gateway");
    const char *directory = broker->directory;
    (void)snprintf(broker->extra, sizeof broker->extra,
                   "cafile %s/ca.crt\ncertfile %s/server.crt\nkeyfile %s/server.key\n"
                   "require_certificate true\n",
                   directory, directory, directory);
    (void)snprintf(tls->ca, sizeof tls->ca, "%s/ca.crt", directory);
    (void)snprintf(tls->other, sizeof tls->other, "%s/other.crt", directory);
    (void)snprintf(tls->cert, sizeof tls->cert, "%s/client.crt", directory);
    (void)snprintf(tls->key, sizeof tls->key, "%s/client.key", directory);
    broker_start(broker);
}

static void tls_scene(struct scene *scene, const struct tls *tls) {
    scene_init(scene, 5, tls->broker.tls_address, NULL);
    scene->conf.ca = tls->ca;
    scene->conf.cert = tls->cert;
    scene->conf.key = tls->key;
}

static void a_broker_with_the_right_certificate_is_trusted_and_trusts_ours(void **state) {
    (void)state;
    struct tls tls;
    struct scene scene;
    tls_open(&tls, "DNS:localhost", 2);
    tls_scene(&scene, &tls);
    scene_start(&scene);
    scene_await(&scene, &scene.connected, 1);
    scene_publish(&scene, 1);
    scene_await(&scene, &scene.taken, 1);
    broker_signal(&tls.broker, SIGKILL); /* and again, with the same client object */
    scene_await(&scene, &scene.lost_up, 1);
    broker_start(&tls.broker);
    scene_await(&scene, &scene.connected, 2);
    scene_part(&scene, &tls.broker);
}

/* Try a TLS broker that must not be spoken to, three times; it says each time why. */
static void tls_refused(struct scene *scene, const char *told) {
    scene_start(scene);
    scene_await(scene, &scene->lost_trying, 3);
    assert_int_equal(scene->connected, 0);
    if (strstr(scene->reason, told) == NULL) {
        fail_msg("\"%s\" says nothing of \"%s\"", scene->reason, told);
    }
    assert_true(strlen(scene->reason) < MQTT_LINK_REASON_SIZE - 1); /* nothing was cut off */
    scene_free(scene);
}

static void a_broker_of_an_unknown_authority_is_refused_and_its_issuer_named(void **state) {
    (void)state;
    struct tls tls;
    struct scene scene;
    tls_open(&tls, "DNS:localhost", 2);
    tls_scene(&scene, &tls);
    scene.conf.ca = tls.other;
    tls_refused(&scene, "not signed by an authority in `ca` but by ca (");
    broker_free(&tls.broker);
}

static void a_broker_with_another_hosts_certificate_is_refused_and_both_named(void **state) {
    (void)state;
    struct tls tls;
    struct scene scene;
    tls_open(&tls, "DNS:elsewhere.example", 2);
    tls_scene(&scene, &tls);
    tls_refused(&scene,
                "is for elsewhere.example, not for localhost: write that name in `brokers`");
    broker_free(&tls.broker);
}

static void a_broker_whose_certificate_has_expired_is_refused_with_the_day(void **state) {
    (void)state;
    struct tls tls;
    struct scene scene;
    struct wall yesterday = clock_wall();
    char day[CERTIFICATE_DAY_SIZE];
    char told[80];
    tls_open(&tls, "DNS:localhost", -1);
    certificate_day(yesterday.ns / (int64_t)NS_PER_S - 86400, day);
    (void)snprintf(told, sizeof told, "has expired on %s: renew it there", day);
    tls_scene(&scene, &tls);
    tls_refused(&scene, told);
    broker_free(&tls.broker);
}

static void a_broker_that_wants_a_certificate_of_ours_is_told_so(void **state) {
    (void)state;
    struct tls tls;
    struct scene scene;
    tls_open(&tls, "DNS:localhost", 2);
    tls_scene(&scene, &tls);
    scene.conf.cert = "";
    scene.conf.key = "";
    tls_refused(&scene, "wants a certificate of ours: name it under `cert` and `key`");
    broker_free(&tls.broker);
}

static void a_certificate_of_ours_that_the_broker_does_not_trust_is_told(void **state) {
    (void)state;
    struct tls tls;
    struct scene scene;
    tls_open(&tls, "DNS:localhost", 2);
    tls_issue(&tls.broker, "client", "other", "DNS:gateway");
    tls_scene(&scene, &tls);
    tls_refused(&scene, "does not trust our certificate");
    tls_issue_for(&tls.broker, "client", "ca", "DNS:gateway", -1);
    tls_scene(&scene, &tls);
    tls_refused(&scene, "says that our certificate has expired: renew `cert`");
    broker_free(&tls.broker);
}

static void files_of_ours_that_do_not_serve_are_named(void **state) {
    (void)state;
    struct tls tls;
    struct scene scene;
    char empty[64];
    tls_open(&tls, "DNS:localhost", 2);
    scene_write(&tls.broker, "empty", "", empty);
    tls_scene(&scene, &tls);
    scene.conf.ca = empty;
    tls_refused(&scene, "the file of `ca` cannot be read, or holds no certificate");
    tls_scene(&scene, &tls);
    scene.conf.cert = empty;
    tls_refused(&scene, "the file of `cert` cannot be read, or holds no certificate");
    tls_make(&tls.broker, "ecparam -name prime256v1 -genkey -noout -out client.key");
    tls_scene(&scene, &tls);
    tls_refused(&scene, "the file of `key` cannot be read, or is not the key of `cert`");
    broker_free(&tls.broker);
}

static void a_port_without_tls_is_told_as_such(void **state) {
    (void)state;
    struct broker broker;
    struct scene scene;
    broker_init(&broker, "");
    broker_start(&broker);
    scene_init(&scene, 5, broker.tls_address, NULL);
    tls_refused(&scene, "no TLS with it");
    scene_init(&scene, 5, broker.tls_address, NULL);
    broker_signal(&broker, SIGKILL);
    tls_refused(&scene, "nobody listens there");
    broker_free(&broker);
}

/* Authority, certificate and key of both sides are replaced: the next connection uses them. */
static void changed_certificates_are_used_at_the_next_connection(void **state) {
    (void)state;
    struct tls tls;
    struct scene scene;
    tls_open(&tls, "DNS:localhost", 2);
    tls_scene(&scene, &tls);
    scene_start(&scene);
    scene_await(&scene, &scene.connected, 1);
    broker_signal(&tls.broker, SIGKILL);
    tls_authority(&tls.broker, "ca");
    tls_issue(&tls.broker, "server", "ca", "DNS:localhost");
    tls_issue(&tls.broker, "client", "ca", "DNS:gateway");
    broker_start(&tls.broker);
    scene_await(&scene, &scene.connected, 2);
    scene_part(&scene, &tls.broker);
}

static void renewed_certificates_are_used_while_the_connection_stands(void **state) {
    (void)state;
    struct tls tls;
    struct scene scene;
    tls_open(&tls, "DNS:localhost", 2);
    tls_scene(&scene, &tls);
    scene.conf.look_ms = 100;
    scene_start(&scene);
    scene_await(&scene, &scene.connected, 1);
    tls_issue(&tls.broker, "client", "ca", "DNS:gateway");
    scene_await(&scene, &scene.lost_up, 1);
    assert_non_null(strstr(scene.reason, "its certificates were renewed"));
    scene_await(&scene, &scene.connected, 2);
    /* The same once more, with another authority beside the one that vouches for the broker. */
    tls_make(&tls.broker, "x509 -in other.crt >> ca.crt; :");
    scene_await(&scene, &scene.connected, 3);
    assert_int_equal(scene.lost_trying, 0);
    scene_part(&scene, &tls.broker);
}

/* What cannot be used is told, once, and costs no connection; what can be is taken then. */
static void renewed_files_that_are_not_sound_leave_the_connection_as_it_is(void **state) {
    (void)state;
    static const struct {
        const char *make, *told;
    } cases[] = {
        {"genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out client.key",
         "is not that of the certificate"},
        {"rand -out client.crt -hex 64", "the file of `cert` holds no certificate"},
        {"x509 -req -in client.csr -CA ca.crt -CAkey ca.key -days -1 -out client.crt",
         "has ended already"},
        {"rand -out ca.crt -hex 64", "the file of `ca` holds no certificate"},
    };
    struct tls tls;
    struct scene scene;
    tls_open(&tls, "DNS:localhost", 2);
    tls_scene(&scene, &tls);
    scene.conf.look_ms = 100;
    scene_start(&scene);
    scene_await(&scene, &scene.connected, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tls_make(&tls.broker, "%s", cases[i].make);
        scene_await(&scene, &scene.unsound, (int)i + 1);
        if (strstr(scene.reason, cases[i].told) == NULL) {
            fail_msg("\"%s\" says nothing of \"%s\"", scene.reason, cases[i].told);
        }
        assert_int_equal(scene.connected, 1);
    }
    assert_int_equal(scene.lost_up, 0);
    tls_make(&tls.broker, "req -x509 -key ca.key -days 3 -out ca.crt -subj /CN=ca");
    tls_issue(&tls.broker, "client", "ca", "DNS:gateway");
    scene_await(&scene, &scene.connected, 2);
    assert_int_equal(scene.lost_trying, 0);
    scene_part(&scene, &tls.broker);
}

static void the_end_of_the_brokers_certificate_is_known_while_it_is_spoken_to(void **state) {
    (void)state;
    struct tls tls;
    struct scene scene;
    char server[64];
    tls_open(&tls, "DNS:localhost", 2);
    (void)snprintf(server, sizeof server, "%s/server.crt", tls.broker.directory);
    tls_scene(&scene, &tls);
    scene.conf.answer_ms = 400; /* looks often */
    scene_start(&scene);
    scene_await(&scene, &scene.connected, 1);
    uint64_t deadline_ns = clock_real_ns() + PATIENCE_S * NS_PER_S;
    while (mqtt_link_certificate_until_s(scene.link) == 0 && clock_real_ns() < deadline_ns) {
        assert_int_equal(event_base_loop(scene.base, EVLOOP_ONCE), 0);
    }
    int64_t until_s = certificate_file_until_s(server);
    assert_in_range(until_s, clock_wall().ns / (int64_t)NS_PER_S + 86400, INT64_MAX);
    assert_int_equal(mqtt_link_certificate_until_s(scene.link), until_s);
    assert_int_equal(scene.lost_up, 0);
    scene_part(&scene, &tls.broker);
}

static void an_address_is_verified_as_an_address(void **state) {
    (void)state;
    struct tls tls;
    struct scene scene;
    tls_open(&tls, "IP:127.0.0.1", 2);
    char address[48];
    (void)snprintf(address, sizeof address, "ssl://127.0.0.1:%u", tls.broker.port);
    tls_scene(&scene, &tls);
    scene.addresses[0] = address;
    scene_start(&scene);
    scene_await(&scene, &scene.connected, 1);
    const struct examination_conf conf = {
        .address = address, .ca = tls.ca, .cert = tls.cert, .key = tls.key};
    struct examination_result result;
    examination_run(&conf, &result);
    assert_string_equal(result.told, "");
    assert_true(result.until_s > 0);
    scene_part(&scene, &tls.broker);
}

/* ---- certificates that end ---- */

static void authorities_count_by_the_next_that_ends(void **state) {
    (void)state;
    struct broker broker;
    char old[64];
    char both[64];
    char none[64];
    broker_init(&broker, "");
    tls_authority(&broker, "ca");
    tls_issue_for(&broker, "young", "ca", "DNS:a", 20);
    tls_issue_for(&broker, "old", "ca", "DNS:a", -1);
    char command[160];
    (void)snprintf(command, sizeof command, "cd %s && cat old.crt young.crt ca.crt > both",
                   broker.directory);
    assert_int_equal(system(command), 0);
    (void)snprintf(both, sizeof both, "%s/both", broker.directory);
    (void)snprintf(old, sizeof old, "%s/old.crt", broker.directory);
    scene_write(&broker, "none", "no certificate", none);
    struct wall now = clock_wall();
    int64_t now_s = now.ns / (int64_t)NS_PER_S;
    assert_in_range(certificate_authorities_until_s(both, now), now_s + 2 * 86400,
                    now_s + 3 * 86400);
    assert_in_range(certificate_authorities_until_s(old, now), now_s - 2 * 86400, now_s);
    assert_in_range(certificate_file_until_s(both), now_s - 2 * 86400, now_s);
    assert_int_equal(certificate_authorities_until_s(none, now), 0);
    assert_int_equal(certificate_file_until_s("/nowhere/at.all"), 0);
    broker_free(&broker);
}

static void a_certificate_ends_soon_from_two_weeks_before_its_end_on(void **state) {
    (void)state;
    const struct wall now = {INT64_C(1796508000) * (int64_t)NS_PER_S};
    assert_false(certificate_ends_soon(1796508000 + 14 * 86400 + 1, now));
    assert_true(certificate_ends_soon(1796508000 + 14 * 86400, now));
    assert_true(certificate_ends_soon(1796508000 - 1, now));
}

static void
the_end_of_a_certificate_is_told_30_14_7_and_1_days_before_and_when_it_is_there(void **state) {
    (void)state;
    enum { DAY_S = 86400 };
    const int64_t until_s = 2000000000;
    const struct {
        int64_t left_s;
        int32_t days; /* -1: nothing is told */
    } rows[] = {
        {31 * DAY_S, -1},
        {30 * DAY_S + 1, -1},
        {30 * DAY_S, 30},
        {30 * DAY_S - 1, -1},
        {14 * DAY_S + 1, -1},
        {14 * DAY_S, 14},
        {8 * DAY_S, -1},
        {7 * DAY_S, 7},
        {1 * DAY_S + 1, -1},
        {1 * DAY_S, 1},
        {1, -1},
        {0, 0},
        {-1, -1},
        {-90 * DAY_S, -1},
    };
    struct certificate_watch watch = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wall now = {(until_s - rows[i].left_s) * (int64_t)NS_PER_S};
        int32_t days = -1;
        assert_int_equal(certificate_watch_step(&watch, until_s, now, &days), rows[i].days >= 0);
        assert_int_equal(days, rows[i].days);
    }
    struct wall now = {until_s * (int64_t)NS_PER_S};
    int32_t days = -1;
    assert_false(certificate_watch_step(&watch, 0, now, &days)); /* not known: nothing changes */
    assert_false(certificate_watch_step(&watch, until_s, now, &days));
    assert_false(certificate_watch_step(&watch, until_s + 31 * DAY_S, now, &days)); /* renewed */
    assert_true(certificate_watch_step(&watch, until_s + 5 * DAY_S, now, &days));
    assert_int_equal(days, 7); /* of several steps at once only the nearest */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broker_with_the_right_certificate_is_trusted_and_trusts_ours),
        cmocka_unit_test(a_broker_of_an_unknown_authority_is_refused_and_its_issuer_named),
        cmocka_unit_test(a_broker_with_another_hosts_certificate_is_refused_and_both_named),
        cmocka_unit_test(a_broker_whose_certificate_has_expired_is_refused_with_the_day),
        cmocka_unit_test(a_broker_that_wants_a_certificate_of_ours_is_told_so),
        cmocka_unit_test(a_certificate_of_ours_that_the_broker_does_not_trust_is_told),
        cmocka_unit_test(files_of_ours_that_do_not_serve_are_named),
        cmocka_unit_test(a_port_without_tls_is_told_as_such),
        cmocka_unit_test(changed_certificates_are_used_at_the_next_connection),
        cmocka_unit_test(renewed_certificates_are_used_while_the_connection_stands),
        cmocka_unit_test(renewed_files_that_are_not_sound_leave_the_connection_as_it_is),
        cmocka_unit_test(the_end_of_the_brokers_certificate_is_known_while_it_is_spoken_to),
        cmocka_unit_test(an_address_is_verified_as_an_address),
        cmocka_unit_test(authorities_count_by_the_next_that_ends),
        cmocka_unit_test(a_certificate_ends_soon_from_two_weeks_before_its_end_on),
        cmocka_unit_test(
            the_end_of_a_certificate_is_told_30_14_7_and_1_days_before_and_when_it_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
