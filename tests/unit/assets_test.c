/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The web app's files: what was in the directory at the start is served, by names that are looked up in a table, and
 * nothing else
 */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <event2/event.h>
#include <event2/http.h>

#include "gateway/clock.h"
#include "gateway/console/assets.h"
#include "tests/support/state_scene.h"

enum { DEADLINE_S = 60, ANSWER_SIZE = 64 * 1024 };

struct stage {
    struct state_scene *scene; /* its disk is the app's directory */
    struct assets *assets;
    struct event_base *base;
    struct evhttp *http;
    uint16_t port;
    char answer[ANSWER_SIZE];
};

static void answer(struct evhttp_request *request, void *context) {
    struct stage *stage = context;
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
    if (!assets_answer(stage->assets, request, path)) {
        evhttp_send_error(request, 404, NULL);
    }
}

static int begin(void **state) {
    struct stage *stage = calloc(1, sizeof *stage);
    void *scene = NULL;
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    assert_non_null(stage);
    assert_int_equal(state_scene_begin(&scene), 0);
    stage->scene = scene;
    stage->base = event_base_new();
    stage->http = evhttp_new(stage->base);
    evhttp_set_allowed_methods(stage->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
    evhttp_set_gencb(stage->http, answer, stage);
    struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(stage->http, "127.0.0.1", 0);
    assert_non_null(bound);
    assert_int_equal(
        getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)(void *)&address, &size),
        0);
    stage->port = ntohs(address.sin_port);
    state_scene_write_text(stage->scene, "index.html", "<!doctype html>");
    *state = stage;
    return 0;
}

static int end(void **state) {
    struct stage *stage = *state;
    void *scene = stage->scene;
    evhttp_free(stage->http);
    event_base_free(stage->base);
    stage->assets = assets_free(stage->assets);
    free(stage);
    return state_scene_end(&scene);
}

static void read_assets(struct stage *stage) {
    stage->assets = assets_free(stage->assets);
    assert_int_equal(assets_read(stage->scene->disk, &stage->assets), 0);
}

/* A directory in the app's, by its path; with a file of this text in it. */
static void make_in(const struct stage *stage, const char *directory, const char *name,
                    const char *text) {
    char path[STATE_SCENE_PATH_SIZE];
    (void)mkdirat(stage->scene->fd, directory, 0700);
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    state_scene_write_text(stage->scene, path, text);
}

static int connect_to(const struct stage *stage) {
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(stage->port),
                                        .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)(const void *)&address, sizeof address),
                     0);
    return fd;
}

/* Send it as it is, and read until the server closes. */
static const char *exchange(struct stage *stage, const char *text) {
    uint64_t deadline_ns = clock_real_ns() + DEADLINE_S * NS_PER_S;
    int fd = connect_to(stage);
    size_t len = 0;
    ssize_t got = 0;
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    do {
        const struct timeval step = {.tv_usec = 2000};
        assert_true(clock_real_ns() < deadline_ns);
        (void)event_base_loopexit(stage->base, &step);
        (void)event_base_loop(stage->base, EVLOOP_ONCE);
        got = recv(fd, stage->answer + len, sizeof stage->answer - 1 - len, MSG_DONTWAIT);
        len += got > 0 ? (size_t)got : 0;
    } while (got > 0 || (got < 0 && errno == EAGAIN));
    stage->answer[len] = '\0';
    (void)close(fd);
    return stage->answer;
}

/* The answer to a request for `path` with these header lines. */
static const char *ask(struct stage *stage, const char *path, const char *headers) {
    char text[2048];
    (void)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n",
                   path, headers);
    return exchange(stage, text);
}

static const char *body(const char *whole) {
    const char *at = strstr(whole, "\r\n\r\n");
    return at == NULL ? "" : at + 4;
}

/* It is answered with these bytes and, somewhere in its head, `header`. */
static void is(struct stage *stage, const char *path, const char *headers, const char *header,
               const char *bytes) {
    const char *whole = ask(stage, path, headers);
    assert_int_equal(strncmp(whole, "HTTP/1.1 200 ", 13), 0);
    assert_non_null(strstr(whole, header));
    assert_string_equal(body(whole), bytes);
}

static void is_nothing(struct stage *stage, const char *path) {
    assert_int_equal(strncmp(ask(stage, path, ""), "HTTP/1.1 404 ", 13), 0);
}

/* ---- reading ---- */

static void kinds_that_a_browser_knows_are_served_as_what_they_are(void **state) {
    struct stage *stage = *state;
    static const struct {
        const char *path, *type;
    } rows[] = {
        {"/a.html", "text/html; charset=utf-8"},
        {"/a.js", "text/javascript; charset=utf-8"},
        {"/a.css", "text/css; charset=utf-8"},
        {"/a.json", "application/json; charset=utf-8"},
        {"/a.webmanifest", "application/manifest+json; charset=utf-8"},
        {"/a.svg", "image/svg+xml"},
        {"/a.png", "image/png"},
        {"/a.ico", "image/x-icon"},
        {"/a.woff2", "font/woff2"},
        {"/a.mp3", "audio/mpeg"},
        {"/a.txt", "text/plain; charset=utf-8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        state_scene_write_text(stage->scene, rows[i].path + 1, rows[i].path);
    }
    read_assets(stage);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char header[80];
        (void)snprintf(header, sizeof header, "\r\nContent-Type: %s\r\n", rows[i].type);
        is(stage, rows[i].path, "", header, rows[i].path);
        assert_non_null(strstr(stage->answer, "\r\nX-Content-Type-Options: nosniff\r\n"));
    }
}

static void other_kinds_and_hidden_files_are_passed_over(void **state) {
    struct stage *stage = *state;
    static const char *const names[] = {"app.js.map", "app.ts",  "LICENSE", "a.php",  ".html",
                                        ".env.js",    "a.js.br", "a.js.gz", "app.JS", "a.js~"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        state_scene_write_text(stage->scene, names[i], "secret");
    }
    make_in(stage, ".git", "config.txt", "secret");
    read_assets(stage);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "/%s", names[i]);
        assert_null(strstr(ask(stage, path, "Accept-Encoding: br, gzip\r\n"), "secret"));
    }
    is_nothing(stage, "/.git/config.txt");
}

static void what_is_no_file_is_passed_over_and_waited_for_by_nobody(void **state) {
    struct stage *stage = *state;
    assert_int_equal(mkfifoat(stage->scene->fd, "pipe.js", 0600), 0);
    assert_int_equal(mkfifoat(stage->scene->fd, "index.html.gz", 0600), 0);
    assert_int_equal(mkdirat(stage->scene->fd, "index.html.br", 0700), 0);
    assert_int_equal(mkdirat(stage->scene->fd, "folder.js", 0700), 0);
    read_assets(stage);
    is_nothing(stage, "/pipe.js");
    is_nothing(stage, "/folder.js");
    is(stage, "/index.html", "Accept-Encoding: br, gzip\r\n", "", "<!doctype html>");
}

/* Whoever installs the app may link; a link that leads nowhere or in a circle is no file. */
static void links_are_followed_at_the_start_and_lead_nowhere_later(void **state) {
    struct stage *stage = *state;
    char outside[STATE_SCENE_PATH_SIZE];
    (void)snprintf(outside, sizeof outside, "%s/outside.js", stage->scene->root);
    FILE *file = fopen(outside, "w");
    assert_non_null(file);
    assert_true(fputs("before", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(symlinkat(outside, stage->scene->fd, "linked.js"), 0);
    assert_int_equal(symlinkat("nowhere.js", stage->scene->fd, "dangling.js"), 0);
    assert_int_equal(symlinkat("circle.js", stage->scene->fd, "circle.js"), 0);
    assert_int_equal(symlinkat(".", stage->scene->fd, "again"), 0);
    assert_int_equal(symlinkat("circle.br", stage->scene->fd, "circle.br"), 0);
    assert_int_equal(symlinkat("index.html.br", stage->scene->fd, "index.html.br"), 0);
    read_assets(stage);
    is(stage, "/linked.js", "", "", "before");
    is_nothing(stage, "/dangling.js");
    is_nothing(stage, "/circle.js");
    is(stage, "/again/linked.js", "", "", "before");
    is(stage, "/index.html", "Accept-Encoding: br\r\n", "", "<!doctype html>");
    assert_int_equal(unlink(outside), 0);
    assert_int_equal(symlink("/etc/passwd", outside), 0);
    is(stage, "/linked.js", "", "", "before");
}

static void directories_are_read_three_deep(void **state) {
    struct stage *stage = *state;
    make_in(stage, "1", "a.js", "one");
    make_in(stage, "1/2", "a.js", "two");
    make_in(stage, "1/2/3", "a.js", "three");
    make_in(stage, "1/2/3/4", "a.js", "four");
    read_assets(stage);
    is(stage, "/1/a.js", "", "", "one");
    is(stage, "/1/2/3/a.js", "", "", "three");
    is_nothing(stage, "/1/2/3/4/a.js");
}

static void more_files_than_an_app_has_are_refused(void **state) {
    struct stage *stage = *state;
    char name[32];
    for (int i = 1; i < ASSETS_MAX; i++) {
        (void)snprintf(name, sizeof name, "%d.js", i);
        state_scene_write_text(stage->scene, name, name);
    }
    read_assets(stage);
    is(stage, "/199.js", "", "", "199.js");
    state_scene_write_text(stage->scene, "no-part-of-it.md", ""); /* does not count */
    read_assets(stage);
    state_scene_write_text(stage->scene, "one-more.js", "");
    stage->assets = assets_free(stage->assets);
    assert_int_equal(assets_read(stage->scene->disk, &stage->assets), ASSETS_E_LARGE);
    assert_null(stage->assets);
}

static void size_file(const struct stage *stage, const char *name, off_t size) {
    state_scene_write_text(stage->scene, name, "");
    int fd = openat(stage->scene->fd, name, O_WRONLY | O_CLOEXEC);
    assert_int_equal(ftruncate(fd, size), 0);
    assert_int_equal(close(fd), 0);
}

static void more_bytes_than_an_app_has_are_refused(void **state) {
    struct stage *stage = *state;
    const off_t left = ASSETS_BYTES_MAX - (off_t)strlen("<!doctype html>");
    size_file(stage, "large.mp3", left - 3);
    size_file(stage, "large.mp3.gz", 3); /* compressed ones count, too */
    read_assets(stage);
    size_file(stage, "large.mp3.gz", 4);
    assert_int_equal(assets_read(stage->scene->disk, &stage->assets), ASSETS_E_LARGE);
    size_file(stage, "large.mp3.gz", 0);
    size_file(stage, "large.mp3", left + 1);
    assert_int_equal(assets_read(stage->scene->disk, &stage->assets), ASSETS_E_LARGE);
    size_file(stage, "large.mp3", (off_t)1 << 40);
    assert_int_equal(assets_read(stage->scene->disk, &stage->assets), ASSETS_E_LARGE);
}

static void without_an_index_there_is_no_app(void **state) {
    struct stage *stage = *state;
    char path[STATE_SCENE_PATH_SIZE];
    state_scene_write_text(stage->scene, "a.js", "");
    assert_int_equal(unlinkat(stage->scene->fd, "index.html", 0), 0);
    assert_int_equal(assets_read(stage->scene->disk, &stage->assets), ASSETS_E_NONE);
    (void)snprintf(path, sizeof path, "%s/a.js", stage->scene->disk);
    assert_int_equal(assets_read(path, &stage->assets), ASSETS_E_NONE);
    (void)snprintf(path, sizeof path, "%s/none", stage->scene->disk);
    assert_int_equal(assets_read(path, &stage->assets), ASSETS_E_NONE);
    assert_null(stage->assets);
    assert_null(assets_free(NULL));
}

static void a_file_that_cannot_be_read_is_told(void **state) {
    struct stage *stage = *state;
    assert_int_equal(fchmod(stage->scene->fd, 0755), 0);
    assert_int_equal(chmod(stage->scene->root, 0755), 0);
    state_scene_write_text(stage->scene, "a.js", "");
    state_scene_forbid(stage->scene, "a.js");
    int r = assets_read(stage->scene->disk, &stage->assets);
    state_scene_permit(stage->scene, "a.js");
    assert_true(r < 0);
    assert_null(stage->assets);
}

/* ---- answering ---- */

static void an_address_without_a_dot_is_the_app_and_one_with_a_dot_is_a_file(void **state) {
    struct stage *stage = *state;
    static const char *const app[] = {"/",  "/alarms",  "/alarms/care/day-care",
                                      "//", "/assets/", "/%2e%2e/%2e%2e/etc/passwd"};
    static const char *const nothing[] = {"/none.js",       "/alarms/care.old", "/index.html/",
                                          "/index.html.br", "/./index.html",    "/INDEX.HTML",
                                          "/index.html%00"};
    read_assets(stage);
    for (size_t i = 0; i < sizeof app / sizeof *app; i++) {
        is(stage, app[i], "", "Content-Type: text/html", "<!doctype html>");
    }
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        is_nothing(stage, nothing[i]);
    }
}

static void no_path_leads_out_of_the_directory(void **state) {
    struct stage *stage = *state;
    char outside[STATE_SCENE_PATH_SIZE];
    static const char *const paths[] = {"/../outside.txt",   "/assets/../../outside.txt",
                                        "/..%2foutside.txt", "/%2e%2e/outside.txt",
                                        "/..\\outside.txt",  "/.../outside.txt"};
    (void)snprintf(outside, sizeof outside, "%s/outside.txt", stage->scene->root);
    FILE *file = fopen(outside, "w");
    assert_non_null(file);
    assert_true(fputs("secret", file) >= 0);
    assert_int_equal(fclose(file), 0);
    make_in(stage, "assets", "a.js", "");
    read_assets(stage);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_null(strstr(ask(stage, paths[i], ""), "secret"));
        assert_int_not_equal(strncmp(stage->answer, "HTTP/1.1 200 ", 13), 0);
    }
}

static void a_path_that_is_longer_than_any_file_has_is_answered(void **state) {
    struct stage *stage = *state;
    char path[1001] = "/";
    read_assets(stage);
    memset(path + 1, 'a', sizeof path - 2);
    is(stage, path, "", "", "<!doctype html>");
    path[500] = '.';
    is_nothing(stage, path);
}

static void the_shortest_that_the_browser_takes_is_sent(void **state) {
    struct stage *stage = *state;
    static const struct {
        const char *accepts, *sent;
    } rows[] = {
        {"", "plain"},
        {"Accept-Encoding: gzip, deflate, br\r\n", "brotli"},
        {"Accept-Encoding: br\r\n", "brotli"},
        {"Accept-Encoding: gzip\r\n", "gzipped"},
        {"Accept-Encoding: gzip;q=1.0, br;q=0.5\r\n", "brotli"},
        {"Accept-Encoding: br;q=0, gzip\r\n", "gzipped"},
        {"Accept-Encoding: br; q=0 , gzip\r\n", "gzipped"},
        {"Accept-Encoding: br;q=0.0 , gzip;q=0.001\r\n", "gzipped"},
        {"Accept-Encoding: br;q=0.000,gzip;q=0\r\n", "plain"},
        {"Accept-Encoding: brotli, gzipped\r\n", "plain"},
        {"Accept-Encoding: identity\r\n", "plain"},
        {"Accept-Encoding: deflate\r\n", "plain"},
        {"Accept-Encoding: \r\n", "plain"},
        {"Accept-Encoding: ,,;,=\r\n", "plain"},
    };
    state_scene_write_text(stage->scene, "a.js", "plain");
    state_scene_write_text(stage->scene, "a.js.br", "brotli");
    state_scene_write_text(stage->scene, "a.js.gz", "gzipped");
    read_assets(stage);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%s", rows[i].accepts);
        is(stage, "/a.js", rows[i].accepts, "\r\nVary: Accept-Encoding\r\n", rows[i].sent);
        const char *coding = strstr(stage->answer, "\r\nContent-Encoding: ");
        assert_true((coding == NULL) == (strcmp(rows[i].sent, "plain") == 0));
    }
    is(stage, "/a.js", "Accept-Encoding: br\r\n", "\r\nContent-Encoding: br\r\n", "brotli");
    is(stage, "/a.js", "Accept-Encoding: gzip\r\n", "\r\nContent-Encoding: gzip\r\n", "gzipped");
}

/* The tag of the file at `path`, with its quotes. */
static void tag_of(struct stage *stage, const char *path, char ret[80]) {
    const char *at = strstr(ask(stage, path, ""), "\r\nETag: ");
    assert_non_null(at);
    at += strlen("\r\nETag: ");
    size_t len = strcspn(at, "\r");
    assert_true(len > 2 && len < 80);
    (void)snprintf(ret, 80, "%.*s", (int)len, at);
}

static void is_known(struct stage *stage, const char *path, const char *tags) {
    char header[512];
    (void)snprintf(header, sizeof header, "If-None-Match: %s\r\n", tags);
    assert_int_equal(strncmp(ask(stage, path, header), "HTTP/1.1 304 ", 13), 0);
    assert_string_equal(body(stage->answer), "");
    assert_non_null(strstr(stage->answer, "\r\nETag: "));
}

static void what_the_browser_has_is_not_sent_again(void **state) {
    struct stage *stage = *state;
    char tag[80], list[256];
    state_scene_write_text(stage->scene, "a.js", "one");
    read_assets(stage);
    tag_of(stage, "/a.js", tag);
    is_known(stage, "/a.js", tag);
    (void)snprintf(list, sizeof list, "\"x\", %s , \"y\"", tag);
    is_known(stage, "/a.js", list);
    (void)snprintf(list, sizeof list, "\"x\",W/%s",
                   tag); /* weakened on the way; RFC 9110, 13.1.2 */
    is_known(stage, "/a.js", list);
    is(stage, "/a.js", "If-None-Match: \"x\"\r\n", "", "one");
    (void)snprintf(list, sizeof list, "If-None-Match: %.*s\r\n", (int)strlen(tag) - 1, tag);
    is(stage, "/a.js", list, "", "one");
    /* Another app has another tag. */
    state_scene_write_text(stage->scene, "a.js", "two");
    read_assets(stage);
    (void)snprintf(list, sizeof list, "If-None-Match: %s\r\n", tag);
    is(stage, "/a.js", list, "", "two");
}

static void
what_has_its_content_in_its_name_may_be_kept_and_all_else_is_asked_for_anew(void **state) {
    struct stage *stage = *state;
    make_in(stage, "assets", "index-3fa9.js", "app");
    make_in(stage, "assetsx", "a.js", "no asset");
    read_assets(stage);
    is(stage, "/assets/index-3fa9.js", "",
       "\r\nCache-Control: public, max-age=31536000, immutable\r\n", "app");
    is(stage, "/index.html", "", "\r\nCache-Control: no-cache\r\n", "<!doctype html>");
    is(stage, "/alarms", "", "\r\nCache-Control: no-cache\r\n", "<!doctype html>");
    is(stage, "/assets/none", "", "\r\nCache-Control: no-cache\r\n", "<!doctype html>");
    is(stage, "/assetsx/a.js", "", "\r\nCache-Control: no-cache\r\n", "no asset");
}

/* A body would be taken for the next answer. */
static void head_is_answered_with_the_length_and_without_the_body(void **state) {
    struct stage *stage = *state;
    state_scene_write_text(stage->scene, "a.js", "twelve bytes");
    read_assets(stage);
    const char *both =
        exchange(stage, "HEAD /a.js HTTP/1.1\r\nHost: x\r\n\r\n"
                        "GET /a.js HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const char *second = body(both);
    assert_non_null(strstr(both, "Content-Length: 12\r\n"));
    assert_true(strstr(both, "Content-Length: 12\r\n") < second);
    assert_int_equal(strncmp(second, "HTTP/1.1 200 ", 13), 0);
    assert_string_equal(body(second), "twelve bytes");
}

static void an_empty_file_is_a_file(void **state) {
    struct stage *stage = *state;
    state_scene_write_text(stage->scene, "a.css", "");
    read_assets(stage);
    is(stage, "/a.css", "", "Content-Length: 0\r\n", "");
}

int main(void) {
#define ASSETS_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        ASSETS_TEST(kinds_that_a_browser_knows_are_served_as_what_they_are),
        ASSETS_TEST(other_kinds_and_hidden_files_are_passed_over),
        ASSETS_TEST(what_is_no_file_is_passed_over_and_waited_for_by_nobody),
        ASSETS_TEST(links_are_followed_at_the_start_and_lead_nowhere_later),
        ASSETS_TEST(directories_are_read_three_deep),
        ASSETS_TEST(more_files_than_an_app_has_are_refused),
        ASSETS_TEST(more_bytes_than_an_app_has_are_refused),
        ASSETS_TEST(without_an_index_there_is_no_app),
        ASSETS_TEST(a_file_that_cannot_be_read_is_told),
        ASSETS_TEST(an_address_without_a_dot_is_the_app_and_one_with_a_dot_is_a_file),
        ASSETS_TEST(no_path_leads_out_of_the_directory),
        ASSETS_TEST(a_path_that_is_longer_than_any_file_has_is_answered),
        ASSETS_TEST(the_shortest_that_the_browser_takes_is_sent),
        ASSETS_TEST(what_the_browser_has_is_not_sent_again),
        ASSETS_TEST(what_has_its_content_in_its_name_may_be_kept_and_all_else_is_asked_for_anew),
        ASSETS_TEST(head_is_answered_with_the_length_and_without_the_body),
        ASSETS_TEST(an_empty_file_is_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
