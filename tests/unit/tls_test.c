/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The certificate that is shown: a renewed one without a break, and one that cannot be used changes nothing
 */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "gateway/console/tls.h"
#include "gateway/log.h"
#include "tests/support/console_site.h"
#include "tests/support/state_scene.h"

static const struct wall today = {1795737600 * (int64_t)NS_PER_S}; /* 2026-11-27 */

/* ---- the log ---- */

static struct { unsigned shown, unusable, authority, ends; } told;

void __wrap_log_line(enum log_level level, const char *event, const char *fields, ...);

void __wrap_log_line(enum log_level level, const char *event, const char *fields, ...) {
    (void)level;
    (void)fields;
    told.shown += strcmp(event, "console_certificate") == 0;
    told.unusable += strcmp(event, "console_certificate_unusable") == 0;
    told.authority += strcmp(event, "console_authority") == 0;
    told.ends += strncmp(event, "certificate_expire", strlen("certificate_expire")) == 0;
}

/* ---- the stage ---- */

enum { STRINGS_SIZE = 4096, PATHS_SIZE = 1024 };

struct stage {
    struct state_scene *scene; /* its root is the state directory */
    struct site site;
    struct site_header header;
    char strings[STRINGS_SIZE + PATHS_SIZE];
    size_t strings_size;
    struct tls tls;
    uint64_t real_ns;
};

static uint32_t stage_text(struct stage *stage, const char *text) {
    size_t at = stage->strings_size;
    assert_true(at + strlen(text) < sizeof stage->strings);
    memcpy(stage->strings + at, text, strlen(text) + 1);
    stage->strings_size += strlen(text) + 1;
    return (uint32_t)at;
}

static int begin(void **state) {
    struct stage *stage = calloc(1, sizeof *stage);
    void *scene = NULL;
    char console[STATE_SCENE_PATH_SIZE];
    assert_non_null(stage);
    assert_int_equal(state_scene_begin(&scene), 0);
    stage->scene = scene;
    (void)snprintf(console, sizeof console, "%s/console", stage->scene->root);
    assert_int_equal(mkdir(console, 0700), 0);
    stage->site = console_site(stage->scene->root);
    stage->header = *stage->site.header;
    memcpy(stage->strings, stage->site.strings, STRINGS_SIZE);
    stage->strings_size = STRINGS_SIZE;
    stage->header.state_directory = stage_text(stage, stage->scene->root);
    stage->header.console_listen = stage_text(stage, "[::]:8443");
    stage->site.header = &stage->header;
    stage->site.strings = stage->strings;
    memset(&told, 0, sizeof told);
    *state = stage;
    return 0;
}

static int end(void **state) {
    struct stage *stage = *state;
    void *scene = stage->scene;
    tls_deinit(&stage->tls);
    tls_deinit(&stage->tls); /* twice is harmless */
    free(stage);
    return state_scene_end(&scene);
}

/* The site names a certificate and a key of its own, in the scene's directory. */
static void use_own_files(struct stage *stage) {
    char path[STATE_SCENE_PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/site.crt", stage->scene->disk);
    stage->header.console_cert = stage_text(stage, path);
    (void)snprintf(path, sizeof path, "%s/site.key", stage->scene->disk);
    stage->header.console_key = stage_text(stage, path);
}

/* The next look that is due. */
static bool look(struct stage *stage) {
    stage->real_ns += (uint64_t)TLS_LOOK_S * NS_PER_S;
    return tls_look(&stage->tls, today, stage->real_ns);
}

/* A key, and a certificate for it that signs itself. */
struct own {
    EVP_PKEY *key;
    X509 *certificate;
};

static struct own own_make(long number) {
    struct own own = {.key = EVP_EC_gen("P-256"), .certificate = X509_new()};
    assert_non_null(own.key);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(own.certificate), number), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(own.certificate), -3600));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(own.certificate), 3650L * 86400));
    assert_int_equal(X509_set_pubkey(own.certificate, own.key), 1);
    assert_true(X509_sign(own.certificate, own.key, EVP_sha256()) > 0);
    return own;
}

static void own_free(struct own *own) {
    EVP_PKEY_free(own->key);
    X509_free(own->certificate);
}

static void bio_to_file(const struct stage *stage, const char *name, BIO *bio) {
    char *bytes = NULL, temporary[32];
    long size = BIO_get_mem_data(bio, &bytes);
    (void)snprintf(temporary, sizeof temporary, "%s.new", name);
    state_scene_write(stage->scene, temporary, bytes, (size_t)size);
    assert_int_equal(renameat(stage->scene->fd, temporary, stage->scene->fd, name), 0);
    BIO_free(bio);
}

static void write_certificate(const struct stage *stage, const struct own *own) {
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(bio, own->certificate), 1);
    bio_to_file(stage, "site.crt", bio);
}

static void write_key(const struct stage *stage, const struct own *own, const char *password) {
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(
        PEM_write_bio_PrivateKey(bio, own->key, password == NULL ? NULL : EVP_aes_128_cbc(),
                                 (const unsigned char *)password,
                                 password == NULL ? 0 : (int)strlen(password), NULL, NULL),
        1);
    bio_to_file(stage, "site.key", bio);
}

/* ---- a client ---- */

struct talk {
    SSL *server, *client;
};

/* Shake hands with what is shown now, over memory. */
static struct talk talk_begin(const struct stage *stage, int version_max) {
    static SSL_CTX *context;
    struct talk talk;
    BIO *server_side = NULL, *client_side = NULL;
    context = context == NULL ? SSL_CTX_new(TLS_client_method()) : context;
    talk.server = SSL_new(stage->tls.context);
    talk.client = SSL_new(context);
    SSL_set_security_level(talk.client, 0);
    (void)SSL_set_min_proto_version(talk.client, TLS1_VERSION); /* whatever openssl.cnf says */
    (void)SSL_set_max_proto_version(talk.client, version_max);
    assert_int_equal(BIO_new_bio_pair(&server_side, 0, &client_side, 0), 1);
    SSL_set_bio(talk.server, server_side, server_side);
    SSL_set_bio(talk.client, client_side, client_side);
    SSL_set_accept_state(talk.server);
    SSL_set_connect_state(talk.client);
    for (int i = 0; i < 10; i++) {
        (void)SSL_do_handshake(talk.client);
        (void)SSL_do_handshake(talk.server);
    }
    return talk;
}

static bool talk_is_open(const struct talk *talk) {
    return SSL_is_init_finished(talk->client) == 1 && SSL_is_init_finished(talk->server) == 1;
}

static void talk_end(struct talk *talk) {
    SSL_free(talk->server);
    SSL_free(talk->client);
    ERR_clear_error();
}

static void expect_talks(const struct talk *talk) {
    char bytes[8] = "";
    assert_true(talk_is_open(talk));
    assert_int_equal(SSL_write(talk->client, "hello", 5), 5);
    assert_int_equal(SSL_read(talk->server, bytes, sizeof bytes), 5);
    assert_string_equal(bytes, "hello");
}

/* The certificate that whoever comes now sees. */
static X509 *seen(const struct stage *stage) {
    struct talk talk = talk_begin(stage, 0);
    assert_true(talk_is_open(&talk));
    X509 *certificate = SSL_get1_peer_certificate(talk.client);
    assert_non_null(certificate);
    talk_end(&talk);
    return certificate;
}

static bool sees(const struct stage *stage, const struct own *own) {
    X509 *certificate = seen(stage);
    bool same = X509_cmp(certificate, own->certificate) == 0;
    X509_free(certificate);
    return same;
}

/* ---- the site's own certificate ---- */

static void a_renewed_certificate_is_shown_and_who_is_connected_stays(void **state) {
    struct stage *stage = *state;
    struct own old = own_make(1), new = own_make(2);
    use_own_files(stage);
    write_certificate(stage, &old);
    write_key(stage, &old, NULL);
    tls_init(&stage->tls, &stage->site);
    assert_true(look(stage));
    assert_false(look(stage));
    assert_true(sees(stage, &old));
    struct talk talk = talk_begin(stage, 0);
    expect_talks(&talk);
    write_key(stage, &new, NULL);
    write_certificate(stage, &new);
    assert_true(look(stage));
    assert_true(sees(stage, &new));
    expect_talks(&talk);
    talk_end(&talk);
    assert_int_equal(stage->tls.renewals, 1);
    assert_int_equal(stage->tls.faults, 0);
    assert_int_equal(told.shown, 2);
    own_free(&old);
    own_free(&new);
}

static void it_is_looked_at_every_ten_seconds(void **state) {
    struct stage *stage = *state;
    struct own old = own_make(1), new = own_make(2);
    use_own_files(stage);
    write_certificate(stage, &old);
    write_key(stage, &old, NULL);
    tls_init(&stage->tls, &stage->site);
    assert_true(tls_look(&stage->tls, today, 0));
    write_certificate(stage, &new);
    write_key(stage, &new, NULL);
    assert_false(tls_look(&stage->tls, today, (uint64_t)TLS_LOOK_S * NS_PER_S - 1));
    assert_true(tls_look(&stage->tls, today, (uint64_t)TLS_LOOK_S * NS_PER_S));
    own_free(&old);
    own_free(&new);
}

static void the_end_of_the_sites_certificate_is_told_before_it_comes(void **state) {
    struct stage *stage = *state;
    struct own ending = own_make(1), new = own_make(2);
    int64_t today_s = today.ns / (int64_t)NS_PER_S;
    static const struct {
        int64_t days;
        enum tls_shown shown;
    } rows[] = {{31, TLS_SHOWN_MEANT},
                {30, TLS_SHOWN_MEANT},
                {14, TLS_SHOWN_ENDING},
                {1, TLS_SHOWN_ENDING},
                {-1, TLS_SHOWN_ENDING}};
    use_own_files(stage);
    tls_init(&stage->tls, &stage->site);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t until_s = today_s + rows[i].days * 86400;
        assert_non_null(ASN1_TIME_set(X509_getm_notAfter(ending.certificate), until_s));
        assert_true(X509_sign(ending.certificate, ending.key, EVP_sha256()) > 0);
        write_certificate(stage, &ending);
        write_key(stage, &ending, NULL);
        assert_true(look(stage));
        assert_int_equal(stage->tls.until_s, until_s);
        assert_int_equal(tls_shown(&stage->tls), rows[i].shown);
        assert_int_equal(told.ends, i);
    }
    assert_false(look(stage)); /* once each */
    assert_int_equal(told.ends, 4);
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(new.certificate), today_s + 90 * 86400));
    assert_true(X509_sign(new.certificate, new.key, EVP_sha256()) > 0);
    write_key(stage, &new, NULL);
    write_certificate(stage, &new);
    assert_true(look(stage));
    assert_int_equal(tls_shown(&stage->tls), TLS_SHOWN_MEANT);
    own_free(&ending);
    own_free(&new);
}

/* That of the authority is made anew with a third of its time left, as a gateway that runs on for years does it. */
static void that_of_the_authority_never_comes_near_its_end(void **state) {
    struct stage *stage = *state;
    struct wall now = today;
    tls_init(&stage->tls, &stage->site);
    assert_true(look(stage));
    for (int day = 0; day < 3 * 365; day += 5) {
        now.ns += 5 * (int64_t)86400 * (int64_t)NS_PER_S;
        stage->real_ns += 5 * (uint64_t)86400 * NS_PER_S;
        (void)tls_look(&stage->tls, now, stage->real_ns);
        assert_true(stage->tls.until_s - now.ns / (int64_t)NS_PER_S > (int64_t)125 * 86400);
        assert_int_equal(tls_shown(&stage->tls), TLS_SHOWN_MEANT);
    }
    assert_in_range(stage->tls.renewals, 4, 5);
    assert_int_equal(told.ends, 0);
}

/* Between the two writes of whoever renews it, and when somebody mistook the file. */
static void a_key_of_another_certificate_keeps_the_one_before(void **state) {
    struct stage *stage = *state;
    struct own old = own_make(1), new = own_make(2);
    use_own_files(stage);
    write_certificate(stage, &old);
    write_key(stage, &old, NULL);
    tls_init(&stage->tls, &stage->site);
    assert_true(look(stage));
    write_certificate(stage, &new);
    for (int i = 0; i < 5; i++) {
        assert_false(look(stage));
        assert_true(sees(stage, &old));
    }
    assert_int_equal(told.unusable, 1); /* once, not with each look */
    assert_int_equal(stage->tls.faults, 5);
    write_key(stage, &new, NULL);
    assert_true(look(stage));
    assert_true(sees(stage, &new));
    own_free(&old);
    own_free(&new);
}

static void files_that_are_damaged_or_gone_keep_the_one_before(void **state) {
    struct stage *stage = *state;
    static const char *const names[] = {"site.crt", "site.key"};
    struct own own = own_make(1);
    use_own_files(stage);
    write_certificate(stage, &own);
    write_key(stage, &own, NULL);
    tls_init(&stage->tls, &stage->site);
    assert_true(look(stage));
    for (size_t i = 0; i < 2; i++) {
        state_scene_write_text(stage->scene, names[i], "x");
        assert_false(look(stage));
        assert_true(sees(stage, &own));
        assert_int_equal(unlinkat(stage->scene->fd, names[i], 0), 0);
        assert_false(look(stage));
        assert_true(sees(stage, &own));
        write_certificate(stage, &own);
        write_key(stage, &own, NULL);
        assert_true(look(stage));
    }
    own_free(&own);
}

static void the_authority_stands_in_only_where_the_site_has_shown_nothing_of_its_own(void **state) {
    struct stage *stage = *state;
    struct own own = own_make(1);
    use_own_files(stage);
    tls_init(&stage->tls, &stage->site);
    assert_true(look(stage));
    assert_int_equal(tls_shown(&stage->tls), TLS_SHOWN_UNKNOWN);
    X509 *stand_in = seen(stage);
    for (int i = 0; i < 3; i++) {
        assert_false(look(stage)); /* browsers are not to be warned of another one each time */
        X509 *again = seen(stage);
        assert_int_equal(X509_cmp(stand_in, again), 0);
        X509_free(again);
    }
    X509_free(stand_in);
    assert_int_equal(told.unusable, 1);
    write_certificate(stage, &own);
    write_key(stage, &own, NULL);
    assert_true(look(stage));
    assert_true(sees(stage, &own));
    assert_int_equal(tls_shown(&stage->tls), TLS_SHOWN_MEANT);
    state_scene_write_text(stage->scene, "site.crt", "x");
    assert_false(look(stage));
    assert_true(sees(stage, &own));
    assert_int_equal(tls_shown(&stage->tls), TLS_SHOWN_OLD);
    own_free(&own);
}

static void a_key_under_a_password_is_not_used_and_nobody_is_asked(void **state) {
    struct stage *stage = *state;
    struct own own = own_make(1);
    use_own_files(stage);
    write_certificate(stage, &own);
    write_key(stage, &own, "secret");
    tls_init(&stage->tls, &stage->site);
    assert_true(look(stage));
    assert_false(sees(stage, &own));
    assert_int_equal(tls_shown(&stage->tls), TLS_SHOWN_UNKNOWN);
    assert_int_equal(told.unusable, 1);
    write_key(stage, &own, NULL);
    assert_true(look(stage));
    own_free(&own);
}

/* The commonest mistake: the key is root's alone. chmod and chgrp change neither its content nor its age. */
static void a_key_that_becomes_readable_is_used_without_a_restart(void **state) {
    struct stage *stage = *state;
    struct own own = own_make(1);
    use_own_files(stage);
    write_certificate(stage, &own);
    write_key(stage, &own, NULL);
    assert_int_equal(chmod(stage->scene->root, 0755), 0);
    assert_int_equal(chmod(stage->scene->disk, 0755), 0);
    tls_init(&stage->tls, &stage->site);
    state_scene_forbid(stage->scene, "site.key");
    assert_true(look(stage)); /* what stands in */
    assert_false(look(stage));
    state_scene_permit(stage->scene, "site.key");
    assert_int_equal(told.unusable, 1);
    assert_true(look(stage));
    assert_true(sees(stage, &own));
    own_free(&own);
}

static void a_chain_is_shown_whole(void **state) {
    struct stage *stage = *state;
    struct own own = own_make(1), above = own_make(2);
    use_own_files(stage);
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(bio, own.certificate), 1);
    assert_int_equal(PEM_write_bio_X509(bio, above.certificate), 1);
    bio_to_file(stage, "site.crt", bio);
    write_key(stage, &own, NULL);
    tls_init(&stage->tls, &stage->site);
    assert_true(look(stage));
    struct talk talk = talk_begin(stage, 0);
    expect_talks(&talk);
    assert_int_equal(sk_X509_num(SSL_get_peer_cert_chain(talk.client)), 2);
    talk_end(&talk);
    own_free(&own);
    own_free(&above);
}

/* ---- what is spoken ---- */

static void what_is_older_than_tls_1_2_is_refused(void **state) {
    struct stage *stage = *state;
    tls_init(&stage->tls, &stage->site);
    assert_true(look(stage));
    static const struct {
        int version;
        bool open;
    } rows[] = {{TLS1_VERSION, false},
                {TLS1_1_VERSION, false},
                {TLS1_2_VERSION, true},
                {TLS1_3_VERSION, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct talk talk = talk_begin(stage, rows[i].version);
        assert_int_equal(talk_is_open(&talk), rows[i].open);
        assert_true(!rows[i].open || SSL_version(talk.client) == rows[i].version);
        talk_end(&talk);
    }
}

/* ---- the certificate of the site's authority ---- */

static void without_one_of_its_own_the_site_shows_that_of_its_authority(void **state) {
    struct stage *stage = *state;
    char path[STATE_SCENE_PATH_SIZE];
    stage->header.console_listen = stage_text(stage, "gateway.example:8443");
    tls_init(&stage->tls, &stage->site);
    assert_true(look(stage));
    (void)snprintf(path, sizeof path, "%s/console/" AUTHORITY_CERTIFICATE, stage->scene->root);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    X509 *authority = PEM_read_X509(file, NULL, NULL, NULL);
    assert_int_equal(fclose(file), 0);
    X509 *certificate = seen(stage);
    assert_int_equal(X509_verify(certificate, X509_get0_pubkey(authority)), 1);
    assert_int_equal(X509_check_host(certificate, "gateway.example", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(certificate, "localhost", 0, 0, NULL), 1);
    assert_int_equal(X509_check_ip_asc(certificate, "127.0.0.1", 0), 1);
    X509_free(certificate);
    X509_free(authority);
}

static void the_address_that_is_listened_at_is_one_of_its_names(void **state) {
    struct stage *stage = *state;
    stage->header.console_listen = stage_text(stage, "[2001:db8::7]:443");
    tls_init(&stage->tls, &stage->site);
    assert_true(look(stage));
    X509 *certificate = seen(stage);
    assert_int_equal(X509_check_ip_asc(certificate, "2001:db8::7", 0), 1);
    X509_free(certificate);
}

static void a_look_that_finds_all_well_changes_nothing(void **state) {
    struct stage *stage = *state;
    tls_init(&stage->tls, &stage->site);
    assert_true(look(stage));
    for (int i = 0; i < 20; i++) {
        assert_false(look(stage));
    }
    assert_int_equal(told.shown, 1);
    assert_int_equal(told.authority, 0);
    assert_int_equal(stage->tls.renewals, 0);
}

/* Browsers warn of a certificate that they do not know, and would of each. */
static void
where_the_authority_is_damaged_one_and_the_same_is_shown_and_it_is_told_once(void **state) {
    struct stage *stage = *state;
    char path[STATE_SCENE_PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/console/" AUTHORITY_CERTIFICATE, stage->scene->root);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    tls_init(&stage->tls, &stage->site);
    assert_true(look(stage));
    for (int i = 0; i < 20; i++) {
        assert_false(look(stage));
    }
    assert_int_equal(told.shown, 1);
    assert_int_equal(told.authority, 1);
    assert_int_equal(unlink(path), 0);
    assert_false(look(stage)); /* which is kept from now on, and told */
    assert_int_equal(told.authority, 2);
    tls_deinit(&stage->tls);
    tls_init(&stage->tls, &stage->site);
    assert_true(look(stage));
    assert_int_equal(told.authority, 2);
}

static void without_a_directory_one_and_the_same_is_shown(void **state) {
    struct stage *stage = *state;
    stage->header.state_directory = stage_text(stage, "/tmp/tocsin-none");
    tls_init(&stage->tls, &stage->site);
    assert_int_equal(stage->tls.directory, -1);
    assert_true(look(stage));
    X509 *before = seen(stage);
    for (int i = 0; i < 20; i++) {
        assert_false(look(stage));
    }
    X509 *after = seen(stage);
    assert_int_equal(X509_cmp(before, after), 0);
    X509_free(before);
    X509_free(after);
    assert_int_equal(told.authority, 1);
}

int main(void) {
#define TLS_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        TLS_TEST(a_renewed_certificate_is_shown_and_who_is_connected_stays),
        TLS_TEST(the_end_of_the_sites_certificate_is_told_before_it_comes),
        TLS_TEST(that_of_the_authority_never_comes_near_its_end),
        TLS_TEST(it_is_looked_at_every_ten_seconds),
        TLS_TEST(a_key_of_another_certificate_keeps_the_one_before),
        TLS_TEST(files_that_are_damaged_or_gone_keep_the_one_before),
        TLS_TEST(the_authority_stands_in_only_where_the_site_has_shown_nothing_of_its_own),
        TLS_TEST(a_key_under_a_password_is_not_used_and_nobody_is_asked),
        TLS_TEST(a_key_that_becomes_readable_is_used_without_a_restart),
        TLS_TEST(a_chain_is_shown_whole),
        TLS_TEST(what_is_older_than_tls_1_2_is_refused),
        TLS_TEST(without_one_of_its_own_the_site_shows_that_of_its_authority),
        TLS_TEST(the_address_that_is_listened_at_is_one_of_its_names),
        TLS_TEST(a_look_that_finds_all_well_changes_nothing),
        TLS_TEST(where_the_authority_is_damaged_one_and_the_same_is_shown_and_it_is_told_once),
        TLS_TEST(without_a_directory_one_and_the_same_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
