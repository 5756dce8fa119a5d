/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who is signed in stays signed in over a restart and whatever the clock does, and nobody longer than that
 */
#include "gateway/console/sessions.h"
#include "tests/support/fault_disk.h"
#include "tests/support/state_scene.h"

#define FILE_NAME "sessions.bin"

/* A run of the console: `wall_s` in seconds since 2026-11-27, `real_s` since the machine was started. */
struct run {
    struct state_scene *scene;
    struct people people;
    struct sessions sessions;
};

enum { DAY_S = 86400, UP_S = 1000 };

static struct wall wall(int64_t seconds) {
    return (struct wall){(1795737600 + seconds) * (int64_t)NS_PER_S};
}

static uint64_t real(uint64_t seconds) {
    return seconds * NS_PER_S;
}

static void add(struct people *people, const char *id, const char *name, enum role role) {
    struct person person = {.role = role};
    (void)snprintf(person.hash, sizeof person.hash, "hash of %s", id);
    assert_true(person_name(&person, id, name));
    assert_int_equal(people_add(people, &person), 0);
}

static void run_open(struct run *run, int64_t wall_s, uint64_t real_s) {
    assert_int_equal(
        sessions_open(&run->sessions, &run->people, run->scene->fd, wall(wall_s), real(real_s)), 0);
}

/* The console ends without notice: nothing more is saved. */
static void run_kill(struct run *run) {
    free(run->sessions.rows);
    free(run->sessions.seen);
}

/* … and another is started. */
static void run_anew(struct run *run, int64_t wall_s, uint64_t real_s) {
    run_kill(run);
    run_open(run, wall_s, real_s);
}

static int begin(void **state) {
    struct run *run = calloc(1, sizeof *run);
    void *scene = NULL;
    assert_non_null(run);
    assert_int_equal(state_scene_begin(&scene), 0);
    run->scene = scene;
    assert_int_equal(people_open(&run->people, -1), 0);
    add(&run->people, "wang", "王敏", ROLE_ENGINEER);
    add(&run->people, "li", "李娜", ROLE_CAREGIVER);
    run_open(run, 0, UP_S);
    *state = run;
    return 0;
}

static int end(void **state) {
    struct run *run = *state;
    void *scene = run->scene;
    sessions_close(&run->sessions);
    people_close(&run->people);
    free(run);
    return state_scene_end(&scene);
}

static void sign_in(struct run *run, const char *id, uint64_t real_s, char *ret_token) {
    assert_int_equal(
        sessions_begin(&run->sessions, people_find(&run->people, id), real(real_s), ret_token), 0);
}

/* Whose session it is; NULL: nobody's. */
static const char *who(struct run *run, const char *token, uint64_t real_s) {
    const struct person *person = sessions_find(&run->sessions, token, real(real_s));
    return person == NULL ? NULL : person->id;
}

static void a_session_is_its_persons_and_another_token_is_nobodys(void **state) {
    struct run *run = *state;
    char wang[SESSION_TOKEN_SIZE], li[SESSION_TOKEN_SIZE], other[SESSION_TOKEN_SIZE + 1];
    sign_in(run, "wang", UP_S, wang);
    sign_in(run, "li", UP_S, li);
    assert_int_equal(strlen(wang), SESSION_TOKEN_SIZE - 1);
    assert_int_equal(strspn(wang, "0123456789abcdef"), SESSION_TOKEN_SIZE - 1);
    assert_string_equal(who(run, wang, UP_S), "wang");
    assert_string_equal(who(run, li, UP_S), "li");
    assert_null(who(run, "", UP_S));
    (void)snprintf(other, sizeof other, "%s", wang);
    other[5] = other[5] == 'a' ? 'b' : 'a';
    assert_null(who(run, other, UP_S));
    (void)snprintf(other, sizeof other, "%s0", wang);
    assert_null(who(run, other, UP_S));
    other[SESSION_TOKEN_SIZE - 2] = '\0';
    assert_null(who(run, other, UP_S));
}

static void a_session_that_nobody_uses_for_a_week_ends(void **state) {
    struct run *run = *state;
    char token[SESSION_TOKEN_SIZE];
    sign_in(run, "wang", UP_S, token);
    uint64_t now_s = UP_S + SESSIONS_IDLE_S - 1;
    assert_non_null(who(run, token, now_s)); /* which uses it */
    now_s += SESSIONS_IDLE_S - 1;
    sessions_tick(&run->sessions, wall(0), real(now_s));
    assert_non_null(who(run, token, now_s));
    now_s += SESSIONS_IDLE_S;
    assert_null(who(run, token, now_s));
    assert_int_equal(run->sessions.count, 1);
    sessions_tick(&run->sessions, wall(0), real(now_s));
    assert_int_equal(run->sessions.count, 0);
}

static void a_session_ends_after_ninety_days_of_use(void **state) {
    struct run *run = *state;
    char token[SESSION_TOKEN_SIZE];
    sign_in(run, "wang", UP_S, token);
    for (uint64_t age_s = 0; age_s < SESSIONS_S; age_s += DAY_S) {
        assert_non_null(who(run, token, UP_S + age_s));
    }
    assert_non_null(who(run, token, UP_S + SESSIONS_S - 1));
    assert_null(who(run, token, UP_S + SESSIONS_S));
}

static void a_session_ends_with_signing_out_and_no_other_does(void **state) {
    struct run *run = *state;
    char phone[SESSION_TOKEN_SIZE], desk[SESSION_TOKEN_SIZE];
    sign_in(run, "wang", UP_S, phone);
    sign_in(run, "wang", UP_S, desk);
    sessions_end(&run->sessions, phone);
    sessions_end(&run->sessions, phone);
    sessions_end(&run->sessions, "");
    assert_null(who(run, phone, UP_S));
    assert_non_null(who(run, desk, UP_S));
    run_anew(run, 1, UP_S + 1);
    assert_null(who(run, phone, UP_S + 1));
    assert_non_null(who(run, desk, UP_S + 1));
}

static void sessions_are_ended_by_name_or_all_of_a_person_and_nobody_elses(void **state) {
    struct run *run = *state;
    char first[SESSION_TOKEN_SIZE], second[SESSION_TOKEN_SIZE], other[SESSION_TOKEN_SIZE];
    char name[SESSION_NAME_SIZE];
    sign_in(run, "wang", UP_S, first);
    sign_in(run, "li", UP_S, other);
    sign_in(run, "wang", UP_S, second);
    sessions_saw(&run->sessions, first, "192.168.1.7", "A browser\xe7\x8e\x8b\n");
    sessions_saw(&run->sessions, second, "192.168.1.8", NULL);
    sessions_saw(&run->sessions, "nobody's", "192.168.1.9", NULL);
    assert_string_equal(run->sessions.seen[0].address, "192.168.1.7");
    assert_string_equal(run->sessions.seen[0].agent, "A browser????");
    assert_string_equal(run->sessions.seen[1].address, "");
    assert_true(session_is(&run->sessions.rows[0], first));
    assert_false(session_is(&run->sessions.rows[0], second));
    session_name_format(&run->sessions.rows[0], name);
    assert_int_equal(sessions_end_of(&run->sessions, "li", name), 0);
    assert_int_equal(sessions_end_of(&run->sessions, "wang", name), 1);
    assert_int_equal(sessions_end_of(&run->sessions, "wang", name), 0);
    assert_null(who(run, first, UP_S));
    assert_string_equal(who(run, second, UP_S), "wang");
    /* What was seen goes with its session, wherever that stands. */
    assert_string_equal(run->sessions.seen[0].address, "192.168.1.8");
    assert_int_equal(sessions_end_of(&run->sessions, "wang", ""), 1);
    assert_null(who(run, second, UP_S));
    run_anew(run, 0, UP_S);
    assert_null(who(run, second, UP_S));
    assert_string_equal(who(run, other, UP_S), "li");
}

static void another_password_ends_the_persons_sessions_and_no_others(void **state) {
    struct run *run = *state;
    char wang[SESSION_TOKEN_SIZE], li[SESSION_TOKEN_SIZE], new[SESSION_TOKEN_SIZE];
    sign_in(run, "wang", UP_S, wang);
    sign_in(run, "li", UP_S, li);
    assert_int_equal(people_change(&run->people, "wang", "王敏", ROLE_ENGINEER, "new"), 0);
    assert_null(who(run, wang, UP_S));
    assert_non_null(who(run, li, UP_S));
    sign_in(run, "wang", UP_S, new);
    assert_non_null(who(run, new, UP_S));
    assert_null(who(run, wang, UP_S));
}

static void another_role_ends_them_and_another_name_does_not(void **state) {
    struct run *run = *state;
    char token[SESSION_TOKEN_SIZE];
    sign_in(run, "li", UP_S, token);
    assert_int_equal(people_change(&run->people, "li", "李小娜", ROLE_CAREGIVER, NULL), 0);
    assert_non_null(who(run, token, UP_S));
    assert_int_equal(people_change(&run->people, "li", "李小娜", ROLE_MANAGER, NULL), 0);
    assert_null(who(run, token, UP_S));
}

static void whoever_is_removed_and_added_again_is_not_signed_in_by_the_old_cookie(void **state) {
    struct run *run = *state;
    char token[SESSION_TOKEN_SIZE];
    sign_in(run, "li", UP_S, token);
    struct person again = *people_find(&run->people, "li");
    assert_int_equal(people_remove(&run->people, "li"), 0);
    assert_null(who(run, token, UP_S));
    sessions_tick(&run->sessions, wall(0), real(UP_S));
    assert_int_equal(people_add(&run->people, &again), 0);
    assert_null(who(run, token, UP_S));
}

static void a_screen_that_becomes_a_person_of_the_same_hash_has_no_session(void **state) {
    struct run *run = *state;
    char token[SESSION_TOKEN_SIZE];
    struct person screen = {.role = ROLE_SECURITY, .screen = true, .hash = "same"};
    assert_true(person_name(&screen, "desk", "值班屏"));
    assert_int_equal(people_add(&run->people, &screen), 0);
    sign_in(run, "desk", UP_S, token);
    assert_string_equal(who(run, token, UP_S), "desk");
    screen.screen = false;
    assert_int_equal(people_remove(&run->people, "desk"), 0);
    assert_int_equal(people_add(&run->people, &screen), 0);
    assert_null(who(run, token, UP_S));
}

static void in_a_full_table_the_one_that_was_not_used_for_longest_makes_room(void **state) {
    struct run *run = *state;
    char first[SESSION_TOKEN_SIZE], second[SESSION_TOKEN_SIZE], token[SESSION_TOKEN_SIZE];
    run->sessions.directory = -1; /* each is saved: a sync each */
    sign_in(run, "wang", UP_S, first);
    sign_in(run, "li", UP_S + 1, second);
    for (int i = 2; i < SESSIONS_MAX; i++) {
        char id[PEOPLE_ID_SIZE];
        (void)snprintf(id, sizeof id, "p%d", i / SESSIONS_PER_PERSON);
        if (people_find(&run->people, id) == NULL) {
            add(&run->people, id, id, ROLE_CAREGIVER);
        }
        sign_in(run, id, UP_S + 2, token);
    }
    assert_int_equal(run->sessions.displaced, 0);
    sign_in(run, "li", UP_S + 3, token);
    assert_int_equal(run->sessions.displaced, 1);
    assert_int_equal(run->sessions.count, SESSIONS_MAX);
    assert_null(who(run, first, UP_S + 3));
    assert_non_null(who(run, second, UP_S + 4)); /* which uses it */
    sign_in(run, "li", UP_S + 5, first);
    assert_int_equal(run->sessions.displaced, 2);
    assert_non_null(who(run, second, UP_S + 5));
    assert_non_null(who(run, token, UP_S + 5));
    assert_non_null(who(run, first, UP_S + 5));
}

/* Whoever signs in again and again, or got hold of a password, pushes nobody else out. */
static void
whoever_has_too_many_sessions_loses_the_one_that_was_not_used_for_longest(void **state) {
    struct run *run = *state;
    char li[SESSION_TOKEN_SIZE], first[SESSION_TOKEN_SIZE], second[SESSION_TOKEN_SIZE],
        token[SESSION_TOKEN_SIZE];
    run->sessions.directory = -1; /* each is saved: a sync each */
    sign_in(run, "li", UP_S, li);
    sign_in(run, "wang", UP_S + 1, first);
    sign_in(run, "wang", UP_S + 2, second);
    for (int i = 2; i < SESSIONS_PER_PERSON; i++) {
        sign_in(run, "wang", UP_S + 3, token);
    }
    assert_non_null(who(run, first, UP_S + 4)); /* which uses it */
    assert_int_equal(run->sessions.displaced_own, 0);
    sign_in(run, "wang", UP_S + 5, token);
    assert_int_equal(run->sessions.displaced_own, 1);
    assert_int_equal(run->sessions.displaced, 0);
    assert_int_equal(sessions_of(&run->sessions, "wang"), SESSIONS_PER_PERSON);
    assert_int_equal(sessions_of(&run->sessions, "li"), 1);
    assert_null(who(run, second, UP_S + 5));
    assert_string_equal(who(run, first, UP_S + 5), "wang");
    assert_string_equal(who(run, token, UP_S + 5), "wang");
    assert_string_equal(who(run, li, UP_S + 5), "li");
}

/* ---- the file ---- */

static void the_file_is_its_owners_alone_and_signs_nobody_in(void **state) {
    struct run *run = *state;
    char token[SESSION_TOKEN_SIZE];
    size_t size = 0;
    mode_t before = umask(0);
    sign_in(run, "wang", UP_S, token);
    (void)umask(before);
    assert_int_equal(state_scene_mode(run->scene, FILE_NAME), 0600);
    char *bytes = state_scene_read(run->scene, FILE_NAME, &size);
    assert_null(memmem(bytes, size, token, strlen(token)));
    for (size_t at = 0; at + 32 <= size; at++) {
        char as_token[SESSION_TOKEN_SIZE];
        for (size_t i = 0; i < 32; i++) {
            (void)snprintf(as_token + 2 * i, 3, "%02x", (unsigned char)bytes[at + i]);
        }
        assert_null(who(run, as_token, UP_S));
    }
    free(bytes);
}

static void sessions_survive_a_console_that_ends_without_notice(void **state) {
    struct run *run = *state;
    char token[SESSION_TOKEN_SIZE], full[SESSION_TOKEN_SIZE];
    sign_in(run, "wang", UP_S, token);
    run_anew(run, 5, UP_S + 5);
    assert_string_equal(who(run, token, UP_S + 5), "wang");
    sign_in(run, "li", UP_S + 6, full);
    run_anew(run, 7, 10); /* and the machine with it */
    assert_string_equal(who(run, token, 10), "wang");
    assert_string_equal(who(run, full, 10), "li");
}

static void time_while_the_console_was_off_counts(void **state) {
    struct run *run = *state;
    char token[SESSION_TOKEN_SIZE];
    sign_in(run, "wang", UP_S, token);
    run_anew(run, SESSIONS_IDLE_S - 1, 10);
    assert_int_equal(run->sessions.count, 1);
    run_anew(run, SESSIONS_IDLE_S, 10);
    assert_int_equal(run->sessions.count, 0);
}

/* Use is saved now and then: a page that asks each second would otherwise have the disk written each second. */
static void use_is_saved_every_ten_minutes(void **state) {
    struct run *run = *state;
    char token[SESSION_TOKEN_SIZE];
    struct stat before, after;
    sign_in(run, "wang", UP_S, token);
    assert_int_equal(fstatat(run->scene->fd, FILE_NAME, &before, 0), 0);
    for (uint64_t at_s = 1; at_s <= SESSIONS_SAVE_S; at_s++) {
        assert_non_null(who(run, token, UP_S + at_s));
        sessions_tick(&run->sessions, wall((int64_t)at_s), real(UP_S + at_s));
    }
    assert_int_equal(fstatat(run->scene->fd, FILE_NAME, &after, 0), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    sessions_tick(&run->sessions, wall(SESSIONS_SAVE_S + 1), real(UP_S + SESSIONS_SAVE_S + 1));
    assert_int_equal(fstatat(run->scene->fd, FILE_NAME, &after, 0), 0);
    assert_int_not_equal(before.st_ino, after.st_ino);
    run_anew(run, SESSIONS_SAVE_S + SESSIONS_IDLE_S - 1, 10);
    assert_non_null(who(run, token, 10));
}

static void an_orderly_end_saves_the_last_use(void **state) {
    struct run *run = *state;
    char token[SESSION_TOKEN_SIZE];
    sign_in(run, "wang", UP_S, token);
    sessions_tick(&run->sessions, wall(100), real(UP_S + 100));
    assert_non_null(who(run, token, UP_S + 100));
    sessions_close(&run->sessions);
    run_open(run, SESSIONS_IDLE_S + 99, 10);
    assert_non_null(who(run, token, 10));
}

/* Somebody has signed out, perhaps because the phone is lost. */
static void a_session_that_ended_while_the_disk_was_full_does_not_come_back(void **state) {
    struct run *run = *state;
    char token[SESSION_TOKEN_SIZE];
    sign_in(run, "wang", UP_S, token);
    fault_disk_mount(run->scene->disk);
    fault_disk_plan(FAULT_FULL, 1, true);
    sessions_end(&run->sessions, token);
    assert_true(fault_disk_met() > 0 && run->sessions.unsaved);
    fault_disk_plan(FAULT_NONE, 0, false);
    fault_disk_unmount();
    sessions_tick(&run->sessions, wall(SESSIONS_RETRY_S), real(UP_S + SESSIONS_RETRY_S));
    assert_false(run->sessions.unsaved);
    run_anew(run, 11, UP_S + 11);
    assert_null(who(run, token, UP_S + 11));
}

static void a_file_of_another_kind_or_length_is_none(void **state) {
    struct run *run = *state;
    char token[SESSION_TOKEN_SIZE];
    size_t size = 0;
    sign_in(run, "wang", UP_S, token);
    char *bytes = state_scene_read(run->scene, FILE_NAME, &size);
    for (size_t len = 0; len < size; len++) {
        state_scene_write(run->scene, FILE_NAME, bytes, len);
        run_anew(run, 0, UP_S);
        assert_int_equal(run->sessions.count, 0);
    }
    for (size_t at = 0; at < 8; at++) {
        bytes[at] ^= 1;
        state_scene_write(run->scene, FILE_NAME, bytes, size);
        run_anew(run, 0, UP_S);
        assert_int_equal(run->sessions.count, 0);
        bytes[at] ^= 1;
    }
    size_t row = sizeof(struct session_row), head = size - row;
    char *many = calloc(SESSIONS_MAX + 1, row);
    assert_non_null(many);
    memcpy(many, bytes, head);
    state_scene_write(run->scene, FILE_NAME, many, SESSIONS_MAX * row + head);
    run_anew(run, 0, UP_S);
    assert_int_equal(run->sessions.count, 0); /* of nobody */
    free(many);
    state_scene_write(run->scene, FILE_NAME, bytes, size);
    run_anew(run, 0, UP_S);
    assert_non_null(who(run, token, UP_S));
    free(bytes);
}

static void a_file_of_more_than_there_may_be_is_none(void **state) {
    struct run *run = *state;
    char token[SESSION_TOKEN_SIZE];
    size_t size = 0;
    sign_in(run, "wang", UP_S, token);
    char *bytes = state_scene_read(run->scene, FILE_NAME, &size);
    size_t row = sizeof(struct session_row), head = size - row;
    char *many = calloc(SESSIONS_MAX + 2, row);
    assert_non_null(many);
    memcpy(many, bytes, head);
    for (size_t i = 0; i <= SESSIONS_MAX; i++) {
        memcpy(many + head + i * row, bytes + head, row);
    }
    state_scene_write(run->scene, FILE_NAME, many, head + (SESSIONS_MAX + 1) * row);
    run_anew(run, 0, UP_S);
    assert_int_equal(run->sessions.count, 0);
    state_scene_write(run->scene, FILE_NAME, many, head + SESSIONS_MAX * row);
    run_anew(run, 0, UP_S);
    assert_int_equal(run->sessions.count, SESSIONS_MAX);
    free(many);
    free(bytes);
}

/* Nor does it make anybody somebody else. */
static void damage_at_any_byte_signs_in_nobody_who_was_not(void **state) {
    struct run *run = *state;
    static const unsigned char masks[] = {0x01, 0x80, 0xff};
    char token[SESSION_TOKEN_SIZE];
    size_t size = 0;
    sign_in(run, "li", UP_S, token);
    char *bytes = state_scene_read(run->scene, FILE_NAME, &size);
    for (size_t at = 0; at < size; at++) {
        for (size_t i = 0; i < sizeof masks; i++) {
            bytes[at] = (char)(bytes[at] ^ masks[i]);
            state_scene_write(run->scene, FILE_NAME, bytes, size);
            run_anew(run, 1, UP_S + 1);
            const char *is = who(run, token, UP_S + 1);
            assert_true(is == NULL || strcmp(is, "li") == 0);
            sessions_tick(&run->sessions, wall(2), real(UP_S + 2));
            bytes[at] = (char)(bytes[at] ^ masks[i]);
        }
    }
    free(bytes);
}

/* Times that no console has written, and an id without an end. */
static void a_row_that_cannot_be_is_left_out_and_the_others_are_kept(void **state) {
    struct run *run = *state;
    char first[SESSION_TOKEN_SIZE], second[SESSION_TOKEN_SIZE];
    size_t size = 0;
    const int64_t far_ns = INT64_C(1) << 62;
    sign_in(run, "wang", UP_S, first);
    sign_in(run, "li", UP_S, second);
    char *bytes = state_scene_read(run->scene, FILE_NAME, &size);
    char *row_at = bytes + size - sizeof(struct session_row);
    struct session_row whole, rows[5];
    memcpy(&whole, row_at, sizeof whole);
    for (size_t i = 0; i < 5; i++) {
        rows[i] = whole;
    }
    rows[0].begun_real_ns = -far_ns;
    rows[1].used_real_ns = whole.begun_real_ns - 1;
    rows[2].used_real_ns = far_ns;
    rows[3].begun_real_ns = rows[3].used_real_ns = far_ns;
    memset(rows[4].id, 'a', sizeof rows[4].id);
    for (size_t i = 0; i < 5; i++) {
        memcpy(row_at, &rows[i], sizeof rows[i]);
        state_scene_write(run->scene, FILE_NAME, bytes, size);
        run_anew(run, 1, UP_S + 1);
        assert_int_equal(run->sessions.count, 1);
        assert_string_equal(who(run, first, UP_S + 1), "wang");
        assert_null(who(run, second, UP_S + 1));
    }
    free(bytes);
}

static void without_a_directory_people_are_signed_in_until_the_console_ends(void **state) {
    struct run *run = *state;
    char token[SESSION_TOKEN_SIZE];
    run_kill(run);
    assert_int_equal(sessions_open(&run->sessions, &run->people, -1, wall(0), real(UP_S)), 0);
    sign_in(run, "wang", UP_S, token);
    assert_non_null(who(run, token, UP_S));
    sessions_tick(&run->sessions, wall(7200), real(UP_S + 1));
    sessions_end(&run->sessions, token);
    assert_null(who(run, token, UP_S));
    sessions_close(&run->sessions);
    sessions_close(&run->sessions); /* twice is harmless */
}

/* ---- clocks ---- */

static void a_clock_that_is_set_signs_nobody_out(void **state) {
    struct run *run = *state;
    static const int64_t jumps_s[] = {400 * DAY_S, -20000LL * DAY_S, 20000LL * DAY_S, 0};
    char token[SESSION_TOKEN_SIZE];
    sign_in(run, "wang", UP_S, token);
    for (size_t i = 0; i < sizeof jumps_s / sizeof *jumps_s; i++) {
        sessions_tick(&run->sessions, wall(jumps_s[i]), real(UP_S + i));
        assert_non_null(who(run, token, UP_S + i));
        run_anew(run, jumps_s[i] + 5, UP_S + i + 5); /* and ends right after */
        assert_non_null(who(run, token, UP_S + i + 5));
    }
}

/* A machine without a battery: it is 1970 until it is told the time. */
static void a_start_in_1970_signs_nobody_out(void **state) {
    struct run *run = *state;
    char token[SESSION_TOKEN_SIZE];
    const struct wall then = {30 * (int64_t)NS_PER_S};
    sign_in(run, "wang", UP_S, token);
    run_kill(run);
    assert_int_equal(sessions_open(&run->sessions, &run->people, run->scene->fd, then, real(30)),
                     0);
    assert_non_null(who(run, token, 30));
    sessions_tick(&run->sessions, wall(60), real(31));
    assert_non_null(who(run, token, 31));
    run_anew(run, 61, 32);
    assert_non_null(who(run, token, 32));
}

static void a_clock_that_was_far_ahead_lets_no_session_live_longer(void **state) {
    struct run *run = *state;
    char token[SESSION_TOKEN_SIZE];
    sessions_tick(&run->sessions, wall(20000LL * DAY_S), real(UP_S));
    sign_in(run, "wang", UP_S, token);
    sessions_tick(&run->sessions, wall(10), real(UP_S + 10));
    assert_non_null(who(run, token, UP_S + 10));
    assert_null(who(run, token, UP_S + 10 + SESSIONS_IDLE_S));
    run_anew(run, 20 + SESSIONS_IDLE_S, 10);
    assert_null(who(run, token, 10));
}

int main(void) {
#define SESSIONS_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        SESSIONS_TEST(a_session_is_its_persons_and_another_token_is_nobodys),
        SESSIONS_TEST(a_session_that_nobody_uses_for_a_week_ends),
        SESSIONS_TEST(a_session_ends_after_ninety_days_of_use),
        SESSIONS_TEST(a_session_ends_with_signing_out_and_no_other_does),
        SESSIONS_TEST(sessions_are_ended_by_name_or_all_of_a_person_and_nobody_elses),
        SESSIONS_TEST(another_password_ends_the_persons_sessions_and_no_others),
        SESSIONS_TEST(another_role_ends_them_and_another_name_does_not),
        SESSIONS_TEST(whoever_is_removed_and_added_again_is_not_signed_in_by_the_old_cookie),
        SESSIONS_TEST(a_screen_that_becomes_a_person_of_the_same_hash_has_no_session),
        SESSIONS_TEST(in_a_full_table_the_one_that_was_not_used_for_longest_makes_room),
        SESSIONS_TEST(whoever_has_too_many_sessions_loses_the_one_that_was_not_used_for_longest),
        SESSIONS_TEST(the_file_is_its_owners_alone_and_signs_nobody_in),
        SESSIONS_TEST(sessions_survive_a_console_that_ends_without_notice),
        SESSIONS_TEST(time_while_the_console_was_off_counts),
        SESSIONS_TEST(use_is_saved_every_ten_minutes),
        SESSIONS_TEST(an_orderly_end_saves_the_last_use),
        SESSIONS_TEST(a_session_that_ended_while_the_disk_was_full_does_not_come_back),
        SESSIONS_TEST(a_file_of_another_kind_or_length_is_none),
        SESSIONS_TEST(a_file_of_more_than_there_may_be_is_none),
        SESSIONS_TEST(damage_at_any_byte_signs_in_nobody_who_was_not),
        SESSIONS_TEST(a_row_that_cannot_be_is_left_out_and_the_others_are_kept),
        SESSIONS_TEST(without_a_directory_people_are_signed_in_until_the_console_ends),
        SESSIONS_TEST(a_clock_that_is_set_signs_nobody_out),
        SESSIONS_TEST(a_start_in_1970_signs_nobody_out),
        SESSIONS_TEST(a_clock_that_was_far_ahead_lets_no_session_live_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
