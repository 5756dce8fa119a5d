/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The site's own authority: made once and kept, whatever happens to the certificate that it signs, which is always one
 * that a browser takes
 */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/wait.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "gateway/console/authority.h"
#include "tests/support/fault_disk.h"
#include "tests/support/state_scene.h"

#define NAMES "DNS:localhost,IP:127.0.0.1,IP:::1,DNS:gateway.example,IP:192.168.1.7"

enum { DAY_S = 86400, SERVER_DAYS = 397, LEFT_DAYS = 132 };

static const int64_t today_s = 1795737600; /* 2026-11-27 */

/* A console that runs on `scene`. */
struct console {
    const struct state_scene *scene;
    struct authority_conf conf;
    struct authority_server server;
};

static struct console console_of(const struct state_scene *scene) {
    return (struct console){
        .scene = scene,
        .conf = {.directory = scene->fd,
                 .site = "Demonstration community",
                 .names = NAMES,
                 .now = {today_s * (int64_t)NS_PER_S}},
    };
}

/* Look at `day` days from today. Returns what became of the files. */
static enum authority_state look(struct console *console, int64_t day) {
    console->conf.now.ns = (today_s + day * DAY_S) * (int64_t)NS_PER_S;
    assert_int_equal(authority_ensure(&console->conf, &console->server), 0);
    assert_non_null(console->server.shown.certificate);
    assert_int_equal(
        X509_check_private_key(console->server.shown.certificate, console->server.shown.key), 1);
    return console->server.state;
}

static void restart(struct console *console) {
    authority_server_free(&console->server);
}

static X509 *shown(const struct console *console) {
    X509 *certificate = console->server.shown.certificate;
    assert_int_equal(X509_up_ref(certificate), 1);
    return certificate;
}

/* Is it still what was shown before? Lets go of `before`. */
static bool is_same(const struct console *console, X509 *before) {
    bool same = X509_cmp(console->server.shown.certificate, before) == 0;
    X509_free(before);
    return same;
}

/* ---- what is made ---- */

/* What openssl(1) says of the certificate in the files. */
static int verify(const struct state_scene *scene, const char *options) {
    char command[512];
    (void)snprintf(command, sizeof command,
                   "openssl verify -x509_strict -purpose sslserver -attime %lld %s -CAfile "
                   "%s/authority.crt %s/server.crt >/dev/null 2>&1",
                   (long long)today_s, options, scene->disk, scene->disk);
    int status = system(command);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_certificate_is_good_for_its_names_and_no_others(void **state) {
    struct console console = console_of(*state);
    assert_int_equal(look(&console, 0), AUTHORITY_KEPT);
    assert_int_equal(verify(*state, ""), 0);
    assert_int_equal(verify(*state, "-verify_hostname localhost"), 0);
    assert_int_equal(verify(*state, "-verify_hostname gateway.example"), 0);
    assert_int_equal(verify(*state, "-verify_ip 192.168.1.7"), 0);
    assert_int_equal(verify(*state, "-verify_ip ::1"), 0);
    assert_int_not_equal(verify(*state, "-verify_hostname other.example"), 0);
    assert_int_not_equal(verify(*state, "-verify_ip 192.168.1.8"), 0);
    restart(&console);
}

static int64_t days_of(const X509 *certificate) {
    int days = 0, seconds = 0;
    assert_int_equal(ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(certificate),
                                    X509_get0_notAfter(certificate)),
                     1);
    assert_int_equal(seconds, 0);
    return days;
}

static void a_certificate_lives_397_days_and_the_authority_twenty_years(void **state) {
    struct console console = console_of(*state);
    (void)look(&console, 0);
    assert_int_equal(days_of(console.server.shown.certificate), SERVER_DAYS);
    assert_true(days_of(console.server.authority.certificate) >= 20 * 365);
    restart(&console);
}

static void the_authority_signs_servers_only(void **state) {
    struct console console = console_of(*state);
    (void)look(&console, 0);
    X509 *authority = console.server.authority.certificate;
    assert_int_equal(X509_check_ca(authority), 1);
    assert_int_equal(X509_get_pathlen(authority), 0);
    assert_int_equal(X509_check_ca(console.server.shown.certificate), 0);
    assert_int_equal(X509_get_extended_key_usage(console.server.shown.certificate), XKU_SSL_SERVER);
    restart(&console);
}

static void all_files_are_their_owners_alone(void **state) {
    struct console console = console_of(*state);
    static const char *const names[] = {AUTHORITY_CERTIFICATE, AUTHORITY_KEY, AUTHORITY_SERVER,
                                        AUTHORITY_SERVER_KEY};
    mode_t before = umask(0);
    (void)look(&console, 0);
    (void)umask(before);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(state_scene_mode(*state, names[i]), 0600);
    }
    restart(&console);
}

static void any_name_of_a_site_makes_an_authority(void **state) {
    static const char *const sites[] = {
        "",
        "A",
        "幸福里社区居家养老服务中心暨社区文化体育活动中心综合服务站",
        "0123456789012345678901234567890123456789012345678901234567890123",
        "012345678901234567890123456789012345678901234567890123456789012社区",
        "a/b,c=d+e\"f\\g",
    };
    for (size_t i = 0; i < sizeof sites / sizeof *sites; i++) {
        struct console console = console_of(*state);
        static const char *const names[] = {AUTHORITY_CERTIFICATE, AUTHORITY_KEY};
        print_message("%s\n", sites[i]);
        console.conf.site = sites[i];
        assert_int_equal(look(&console, 0), AUTHORITY_KEPT);
        assert_int_equal(verify(*state, ""), 0);
        restart(&console);
        for (size_t name = 0; name < 2; name++) {
            assert_int_equal(unlinkat(console.scene->fd, names[name], 0), 0);
        }
    }
}

/* ---- kept and renewed ---- */

static void both_are_made_once_and_survive_a_restart(void **state) {
    struct console console = console_of(*state);
    (void)look(&console, 0);
    assert_true(console.server.made);
    X509 *before = shown(&console);
    (void)look(&console, 1);
    assert_false(console.server.made);
    restart(&console);
    (void)look(&console, 2);
    assert_true(is_same(&console, before));
    restart(&console);
}

/* Something makes a new certificate: the authority, which is installed on people's phones, stays. */
static void expect_renewed(struct console *console, int64_t day) {
    size_t before_size = 0, after_size = 0;
    X509 *before = shown(console);
    char *authority = state_scene_read(console->scene, AUTHORITY_CERTIFICATE, &before_size);
    assert_int_equal(look(console, day), AUTHORITY_KEPT);
    assert_true(console->server.made);
    assert_false(is_same(console, before));
    char *after = state_scene_read(console->scene, AUTHORITY_CERTIFICATE, &after_size);
    assert_string_equal(after, authority);
    free(authority);
    free(after);
    before = shown(console);
    (void)look(console, day);
    assert_false(console->server.made);
    restart(console);
    (void)look(console, day);
    assert_true(is_same(console, before));
}

static void a_certificate_is_renewed_when_a_third_of_its_time_is_left(void **state) {
    struct console console = console_of(*state);
    (void)look(&console, 0);
    X509 *before = shown(&console);
    /* It began a day early. */
    (void)look(&console, SERVER_DAYS - 1 - LEFT_DAYS - 1);
    assert_true(is_same(&console, before));
    expect_renewed(&console, SERVER_DAYS - 1 - LEFT_DAYS);
    restart(&console);
}

static void a_certificate_is_renewed_when_names_change(void **state) {
    struct console console = console_of(*state);
    (void)look(&console, 0);
    console.conf.names = "DNS:localhost,IP:192.168.1.8";
    expect_renewed(&console, 0);
    assert_int_equal(verify(*state, "-verify_ip 192.168.1.8"), 0);
    assert_int_not_equal(verify(*state, "-verify_ip 192.168.1.7"), 0);
    console.conf.names = NAMES;
    expect_renewed(&console, 0);
    restart(&console);
}

static void one_that_was_made_when_the_clock_was_wrong_is_renewed_once_it_is_right(void **state) {
    static const int64_t wrong[] = {-20000, -266, 2, 400, 20000};
    struct console console = console_of(*state);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        (void)look(&console, wrong[i]);
        expect_renewed(&console, 0);
        assert_int_equal(verify(*state, ""), 0);
        assert_int_equal(unlinkat(console.scene->fd, AUTHORITY_SERVER, 0), 0);
        restart(&console);
    }
}

static void one_that_was_made_when_the_clock_was_nearly_right_stays(void **state) {
    static const int64_t wrong[] = {-2, -100, 1};
    struct console console = console_of(*state);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        (void)look(&console, wrong[i]);
        X509 *before = shown(&console);
        console.conf.now.ns = (today_s + 1) * (int64_t)NS_PER_S;
        assert_int_equal(authority_ensure(&console.conf, &console.server), 0);
        assert_true(is_same(&console, before));
        assert_int_equal(unlinkat(console.scene->fd, AUTHORITY_SERVER, 0), 0);
        restart(&console);
    }
}

/* A machine without a battery makes its authority in 1970. */
static void an_authority_that_is_made_in_1970_is_good_today(void **state) {
    struct console console = console_of(*state);
    (void)look(&console, -today_s / DAY_S);
    restart(&console);
    assert_int_equal(look(&console, 0), AUTHORITY_KEPT);
    assert_int_equal(verify(*state, ""), 0);
    restart(&console);
}

static void one_of_another_authority_is_renewed(void **state) {
    struct console console = console_of(*state);
    (void)look(&console, 0);
    assert_int_equal(unlinkat(console.scene->fd, AUTHORITY_CERTIFICATE, 0), 0);
    assert_int_equal(unlinkat(console.scene->fd, AUTHORITY_KEY, 0), 0);
    X509 *before = shown(&console);
    restart(&console);
    assert_int_equal(look(&console, 0), AUTHORITY_KEPT);
    assert_false(is_same(&console, before));
    assert_int_equal(verify(*state, ""), 0);
    restart(&console);
}

/* ---- files that are damaged ---- */

/* The authority cannot be used: it is left as it is, and one and the same certificate is shown meanwhile. */
static void expect_left(struct console *console, const char *name) {
    size_t size = 0, after_size = 0;
    char *before = state_scene_read(console->scene, name, &size);
    restart(console);
    assert_int_equal(look(console, 0), AUTHORITY_DAMAGED);
    assert_true(console->server.made);
    X509 *first = shown(console);
    assert_int_equal(look(console, 1), AUTHORITY_DAMAGED);
    assert_false(console->server.made);
    assert_true(is_same(console, first));
    char *after = state_scene_read(console->scene, name, &after_size);
    assert_int_equal(size, after_size);
    assert_true(before == NULL ? after == NULL : memcmp(before, after, size) == 0);
    free(before);
    free(after);
}

static void an_authority_that_is_damaged_is_left_as_it_is(void **state) {
    const struct state_scene *scene = *state;
    static const char *const names[] = {AUTHORITY_CERTIFICATE, AUTHORITY_KEY};
    static const char *const texts[] = {"", "x", "-----BEGIN CERTIFICATE-----\n"};
    struct console console = console_of(scene);
    (void)look(&console, 0);
    for (size_t i = 0; i < 2; i++) {
        size_t size = 0;
        char *whole = state_scene_read(scene, names[i], &size);
        for (size_t text = 0; text < sizeof texts / sizeof *texts; text++) {
            state_scene_write_text(scene, names[i], texts[text]);
            expect_left(&console, names[i]);
        }
        state_scene_write(scene, names[i], whole, size / 2);
        expect_left(&console, names[i]);
        state_scene_write(scene, names[i], whole, size);
        free(whole);
    }
    assert_int_equal(look(&console, 0), AUTHORITY_KEPT); /* it was restored from a backup */
    assert_int_equal(verify(scene, ""), 0);
    restart(&console);
}

static void a_key_of_another_authority_or_none_is_damage(void **state) {
    const struct state_scene *scene = *state;
    struct console console = console_of(scene);
    size_t size = 0;
    (void)look(&console, 0);
    char *other = state_scene_read(scene, AUTHORITY_SERVER_KEY, &size);
    state_scene_write(scene, AUTHORITY_KEY, other, size);
    free(other);
    expect_left(&console, AUTHORITY_KEY);
    assert_int_equal(unlinkat(scene->fd, AUTHORITY_KEY, 0), 0);
    expect_left(&console, AUTHORITY_KEY);
    assert_int_equal(mkfifoat(scene->fd, AUTHORITY_KEY, 0600), 0);
    restart(&console);
    assert_int_equal(look(&console, 0), AUTHORITY_DAMAGED);
    restart(&console);
}

/* OpenSSL would ask whoever sits at the terminal. */
static void a_key_under_a_password_is_damage_and_nobody_is_asked(void **state) {
    const struct state_scene *scene = *state;
    struct console console = console_of(scene);
    (void)look(&console, 0);
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    static unsigned char password[] = "secret";
    assert_int_equal(PEM_write_bio_PrivateKey(bio, console.server.authority.key, EVP_aes_128_cbc(),
                                              password, 6, NULL, NULL),
                     1);
    long size = BIO_get_mem_data(bio, &bytes);
    state_scene_write(scene, AUTHORITY_KEY, bytes, (size_t)size);
    BIO_free(bio);
    expect_left(&console, AUTHORITY_KEY);
    assert_int_equal(ERR_peek_error(), 0);
    restart(&console);
}

/* A power cut between the two: nobody has installed it yet. */
static void a_key_without_an_authority_is_none(void **state) {
    const struct state_scene *scene = *state;
    struct console console = console_of(scene);
    (void)look(&console, 0);
    assert_int_equal(unlinkat(scene->fd, AUTHORITY_CERTIFICATE, 0), 0);
    restart(&console);
    assert_int_equal(look(&console, 0), AUTHORITY_KEPT);
    assert_int_equal(verify(scene, ""), 0);
    restart(&console);
}

static void a_server_s_certificate_that_is_damaged_is_made_anew(void **state) {
    const struct state_scene *scene = *state;
    static const char *const names[] = {AUTHORITY_SERVER, AUTHORITY_SERVER_KEY};
    struct console console = console_of(scene);
    (void)look(&console, 0);
    for (size_t i = 0; i < 2; i++) {
        state_scene_write_text(scene, names[i], "x");
        restart(&console);
        assert_int_equal(look(&console, 0), AUTHORITY_KEPT);
        assert_int_equal(verify(scene, ""), 0);
        assert_int_equal(unlinkat(scene->fd, names[i], 0), 0);
        assert_int_equal(mkfifoat(scene->fd, names[i], 0600), 0);
        restart(&console);
        assert_int_equal(look(&console, 0), AUTHORITY_KEPT);
        assert_int_equal(verify(scene, ""), 0);
    }
    restart(&console);
}

/* ---- a disk that fails ---- */

static void a_disk_that_takes_nothing_has_one_and_the_same_shown(void **state) {
    struct console console = console_of(*state);
    state_scene_lose(*state);
    assert_int_equal(look(&console, 0), AUTHORITY_UNSAVED);
    X509 *before = shown(&console);
    assert_int_equal(look(&console, 1), AUTHORITY_UNSAVED);
    assert_false(console.server.made);
    assert_true(is_same(&console, before));
    before = shown(&console);
    assert_int_equal(look(&console, 300), AUTHORITY_UNSAVED);
    assert_true(console.server.made); /* renewed in its time, all the same */
    assert_false(is_same(&console, before));
    restart(&console);
    console.conf.directory = -1;
    assert_int_equal(look(&console, 0), AUTHORITY_UNSAVED);
    restart(&console);
}

static void what_a_full_disk_did_not_take_is_kept_once_there_is_room(void **state) {
    const struct state_scene *scene = *state;
    for (uint64_t at = 1; at < 40; at++) {
        struct console console = console_of(scene);
        fault_disk_mount(scene->disk);
        fault_disk_plan(FAULT_FULL, at, true);
        enum authority_state became = look(&console, 0);
        bool met = fault_disk_met() > 0;
        assert_int_equal(became, met ? AUTHORITY_UNSAVED : AUTHORITY_KEPT);
        X509 *before = shown(&console);
        fault_disk_plan(FAULT_NONE, 0, false);
        fault_disk_unmount();
        assert_int_equal(look(&console, 0), AUTHORITY_KEPT);
        assert_false(console.server.made);
        restart(&console);
        assert_int_equal(look(&console, 0), AUTHORITY_KEPT);
        assert_true(is_same(&console, before));
        assert_int_equal(verify(scene, ""), 0);
        restart(&console);
        static const char *const names[] = {AUTHORITY_CERTIFICATE, AUTHORITY_KEY, AUTHORITY_SERVER,
                                            AUTHORITY_SERVER_KEY};
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(unlinkat(scene->fd, names[i], 0), 0);
        }
        if (!met) {
            assert_true(at > 12);
            return;
        }
    }
    fail_msg("the disk was never done with");
}

static void a_power_cut_at_any_step_leaves_none_or_a_whole_authority(void **state) {
    struct state_scene *scene = *state;
    bool met = true;
    for (uint64_t at = 1; met; at++) {
        struct console console = console_of(scene);
        fault_disk_mount(scene->disk);
        fault_disk_plan(FAULT_POWER, at, true);
        (void)look(&console, 0);
        met = fault_disk_met() > 0;
        assert_int_equal(mkdir(scene->left, 0700), 0);
        fault_disk_survive(scene->left, at);
        fault_disk_unmount();
        restart(&console);
        console.conf.directory = open(scene->left, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(look(&console, 0), AUTHORITY_KEPT);
        assert_int_equal(close(console.conf.directory), 0);
        restart(&console);
        assert_int_equal(scratch_remove(scene->left), 0);
        assert_int_equal(scratch_remove(scene->disk), 0);
        assert_int_equal(mkdir(scene->disk, 0700), 0);
        (void)close(scene->fd);
        scene->fd = open(scene->disk, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
}

/* ---- names ---- */

/* Is it one of the names? */
static bool has(const char *names, const char *name) {
    size_t len = strlen(name);
    for (const char *at = names; (at = strstr(at, name)) != NULL; at++) {
        if ((at == names || at[-1] == ',') && (at[len] == ',' || at[len] == '\0')) {
            return true;
        }
    }
    return false;
}

static void this_machine_is_reached_by_its_names_and_the_one_that_is_named(void **state) {
    (void)state;
    char names[AUTHORITY_NAMES_SIZE], machine[256] = "", of_machine[300];
    authority_names("gateway.example", names);
    assert_int_equal(gethostname(machine, sizeof machine - 1), 0);
    (void)snprintf(of_machine, sizeof of_machine, "DNS:%s", machine);
    bool is_dns =
        strspn(machine, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") ==
        strlen(machine);
    assert_true(!is_dns || has(names, of_machine));
    assert_true(has(names, "DNS:localhost"));
    assert_true(has(names, "IP:127.0.0.1"));
    assert_true(has(names, "IP:::1"));
    assert_true(has(names, "DNS:gateway.example"));
    authority_names("203.0.113.9", names);
    assert_true(has(names, "IP:203.0.113.9"));
    authority_names("2001:db8::9", names);
    assert_true(has(names, "IP:2001:db8::9"));
}

static void every_address_that_is_up_is_one_of_its_names(void **state) {
    (void)state;
    char names[AUTHORITY_NAMES_SIZE];
    struct ifaddrs *interfaces = NULL;
    authority_names("", names);
    assert_int_equal(getifaddrs(&interfaces), 0);
    for (const struct ifaddrs *at = interfaces; at != NULL; at = at->ifa_next) {
        char text[3 + INET_ADDRSTRLEN] = "IP:";
        if (at->ifa_addr != NULL && at->ifa_addr->sa_family == AF_INET) {
            const struct sockaddr_in *address = (const void *)at->ifa_addr;
            assert_non_null(inet_ntop(AF_INET, &address->sin_addr, text + 3, INET_ADDRSTRLEN));
            assert_true(has(names, text) || (at->ifa_flags & IFF_UP) == 0);
        }
    }
    freeifaddrs(interfaces);
}

/* The kernel makes another one each day: each would be another certificate. */
static void an_address_that_is_there_for_a_while_is_none_to_call_the_machine_by(void **state) {
    (void)state;
    static char table[] = "20010db8000000010123456789abcdef 02 40 00 01     eth0\n"
                          "20010db8000000010000000000000007 02 40 00 00     eth0\n"
                          "20010db8000000010000000000000008 02 40 00 a1     eth0\n"
                          "00000000000000000000000000000001 01 80 10 80       lo\n";
    static const struct {
        const char *text;
        bool temporary;
    } cases[] = {
        {"2001:db8:0:1:123:4567:89ab:cdef", true},
        {"2001:db8:0:1::7", false},
        {"2001:db8:0:1::8", true},
        {"::1", false},
        {"2001:db8:0:1::9", false}, /* not in the table */
    };
    FILE *file = fmemopen(table, sizeof table - 1, "r");
    assert_non_null(file);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct in6_addr address;
        assert_int_equal(inet_pton(AF_INET6, cases[i].text, &address), 1);
        assert_int_equal(authority_address_is_temporary(file, address.s6_addr), cases[i].temporary);
    }
    assert_int_equal(fclose(file), 0);
}

static void every_address_is_no_name_and_no_name_stands_twice(void **state) {
    (void)state;
    static const char *const hosts[] = {"", "0.0.0.0", "::", "localhost", "127.0.0.1", "::1"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        char names[AUTHORITY_NAMES_SIZE];
        authority_names(hosts[i], names);
        assert_false(has(names, "IP:0.0.0.0"));
        assert_false(has(names, "IP:::"));
        const char *first = strstr(names, "DNS:localhost,");
        assert_non_null(first);
        assert_false(has(first + 1, "DNS:localhost"));
        first = strstr(names, "IP:127.0.0.1");
        assert_false(has(first + 1, "IP:127.0.0.1"));
    }
}

static void what_is_more_than_a_name_is_none(void **state) {
    (void)state;
    static const char *const hosts[] = {"a,DNS:evil.example", "a b", "*.example", "a:b", "名",
                                        "dirName:x"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        char plain[AUTHORITY_NAMES_SIZE], names[AUTHORITY_NAMES_SIZE];
        authority_names("", plain);
        authority_names(hosts[i], names);
        assert_string_equal(names, plain);
    }
}

static void the_names_of_this_machine_make_a_certificate(void **state) {
    char names[AUTHORITY_NAMES_SIZE];
    struct console console = console_of(*state);
    authority_names("gateway.example", names);
    console.conf.names = names;
    assert_int_equal(look(&console, 0), AUTHORITY_KEPT);
    assert_int_equal(verify(*state, "-verify_hostname gateway.example"), 0);
    restart(&console);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STATE_SCENE_TEST(a_certificate_is_good_for_its_names_and_no_others),
        STATE_SCENE_TEST(a_certificate_lives_397_days_and_the_authority_twenty_years),
        STATE_SCENE_TEST(the_authority_signs_servers_only),
        STATE_SCENE_TEST(all_files_are_their_owners_alone),
        STATE_SCENE_TEST(any_name_of_a_site_makes_an_authority),
        STATE_SCENE_TEST(both_are_made_once_and_survive_a_restart),
        STATE_SCENE_TEST(a_certificate_is_renewed_when_a_third_of_its_time_is_left),
        STATE_SCENE_TEST(a_certificate_is_renewed_when_names_change),
        STATE_SCENE_TEST(one_that_was_made_when_the_clock_was_wrong_is_renewed_once_it_is_right),
        STATE_SCENE_TEST(one_that_was_made_when_the_clock_was_nearly_right_stays),
        STATE_SCENE_TEST(an_authority_that_is_made_in_1970_is_good_today),
        STATE_SCENE_TEST(one_of_another_authority_is_renewed),
        STATE_SCENE_TEST(an_authority_that_is_damaged_is_left_as_it_is),
        STATE_SCENE_TEST(a_key_of_another_authority_or_none_is_damage),
        STATE_SCENE_TEST(a_key_under_a_password_is_damage_and_nobody_is_asked),
        STATE_SCENE_TEST(a_key_without_an_authority_is_none),
        STATE_SCENE_TEST(a_server_s_certificate_that_is_damaged_is_made_anew),
        STATE_SCENE_TEST(a_disk_that_takes_nothing_has_one_and_the_same_shown),
        STATE_SCENE_TEST(what_a_full_disk_did_not_take_is_kept_once_there_is_room),
        STATE_SCENE_TEST(a_power_cut_at_any_step_leaves_none_or_a_whole_authority),
        cmocka_unit_test(this_machine_is_reached_by_its_names_and_the_one_that_is_named),
        cmocka_unit_test(every_address_that_is_up_is_one_of_its_names),
        cmocka_unit_test(an_address_that_is_there_for_a_while_is_none_to_call_the_machine_by),
        cmocka_unit_test(every_address_is_no_name_and_no_name_stands_twice),
        cmocka_unit_test(what_is_more_than_a_name_is_none),
        STATE_SCENE_TEST(the_names_of_this_machine_make_a_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
