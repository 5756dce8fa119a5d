/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who may sign in: the list is whole after each change, whatever the disk does, and there is always somebody left
 * who can add others
 */
#include <jansson.h>

#include "gateway/console/people.h"
#include "tests/support/fault_disk.h"
#include "tests/support/state_scene.h"

#define FILE_NAME "people.json"

static void add(struct people *people, const char *id, const char *name, enum role role) {
    struct person person = {.role = role, .hash = "scrypt$14$5$00$00"};
    assert_true(person_name(&person, id, name));
    assert_int_equal(people_add(people, &person), 0);
}

static void open_empty(struct people *people, const struct state_scene *scene) {
    assert_int_equal(people_open(people, scene->fd), 0);
    assert_int_equal(people->count, 0);
}

/* The list as a console reads it that is started now is the one that is in memory. */
static void expect_kept(const struct people *people, const struct state_scene *scene) {
    struct people read;
    assert_int_equal(people_open(&read, scene->fd), 0);
    assert_int_equal(read.count, people->count);
    for (uint32_t i = 0; i < read.count; i++) {
        const struct person *is = &read.rows[i];
        const struct person *want = people_find(people, is->id);
        assert_non_null(want);
        assert_string_equal(is->name, want->name);
        assert_string_equal(is->hash, want->hash);
        assert_string_equal(is->key, want->key);
        assert_int_equal(is->role, want->role);
        assert_int_equal(is->screen, want->screen);
    }
    people_close(&read);
}

/* ---- the file ---- */

static void each_change_is_on_the_disk_as_a_whole(void **state) {
    const struct state_scene *scene = *state;
    struct people people;
    open_empty(&people, scene);
    add(&people, "wang", "王敏", ROLE_ENGINEER);
    expect_kept(&people, scene);
    add(&people, "li.na-2_x", "Li \"Na\" \\ 李娜", ROLE_CAREGIVER);
    expect_kept(&people, scene);
    assert_int_equal(people_change(&people, "li.na-2_x", "李娜", ROLE_ENGINEER, "another"), 0);
    assert_string_equal(people_find(&people, "li.na-2_x")->hash, "another");
    expect_kept(&people, scene);
    assert_int_equal(people_change(&people, "wang", "王敏", ROLE_MANAGER, NULL), 0);
    assert_string_equal(people_find(&people, "wang")->hash, "scrypt$14$5$00$00");
    expect_kept(&people, scene);
    assert_int_equal(people_remove(&people, "wang"), 0);
    assert_null(people_find(&people, "wang"));
    expect_kept(&people, scene);
    assert_false(people.unsaved);
    people_close(&people);
}

static void the_file_is_its_owners_alone(void **state) {
    const struct state_scene *scene = *state;
    struct people people;
    mode_t before = umask(0);
    open_empty(&people, scene);
    add(&people, "wang", "王敏", ROLE_ENGINEER);
    (void)umask(before);
    assert_int_equal(state_scene_mode(scene, FILE_NAME), 0600);
    people_close(&people);
}

#define ROW(id, name, role, password)                                                              \
    "{\"id\": \"" id "\", \"name\": \"" name "\", \"role\": \"" role                               \
    "\", \"password\": \"" password "\"}"
#define LIST(rows) "{\"people\": [" rows "]}"

static void a_file_that_is_none_is_put_aside_as_it_was_and_told(void **state) {
    const struct state_scene *scene = *state;
    static const char *const wrong[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"people\": {}}",
        LIST("{}"),
        LIST("\"wang\""),
        LIST(ROW("wang", "王敏", "boss", "x")),
        LIST(ROW("wang", "王敏", "", "x")),
        LIST(ROW("Wang", "王敏", "engineer", "x")),
        LIST(ROW("", "王敏", "engineer", "x")),
        LIST(ROW("wang", "", "engineer", "x")),
        LIST(ROW("wang", "two\\nlines", "engineer", "x")),
        LIST(ROW("123456789012345678901234567890123", "too long", "engineer", "x")),
        LIST("{\"id\": \"wang\", \"name\": \"王敏\", \"role\": \"engineer\"}"),
        LIST("{\"id\": 7, \"name\": \"王敏\", \"role\": \"engineer\", \"password\": \"x\"}"),
        LIST(ROW("wang", "王敏", "engineer", "x") "," ROW("wang", "王芳", "caregiver", "x")),
        LIST(ROW("wang", "王敏", "engineer", "x") "," ROW("li", "李娜", "boss", "x")),
        LIST(ROW("wang", "王敏", "engineer", "x")) "x",
        LIST(ROW("wang", "\xe7\x8e", "engineer", "x")),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct people people;
        size_t size = 0;
        print_message("%s\n", wrong[i]);
        state_scene_write_text(scene, FILE_NAME, wrong[i]);
        assert_int_equal(people_open(&people, scene->fd), PEOPLE_E_DAMAGED);
        assert_int_equal(people.count, 0);
        people_close(&people);
        assert_false(state_scene_has(scene, FILE_NAME));
        char *aside = state_scene_read(scene, PEOPLE_DAMAGED, &size);
        assert_non_null(aside);
        assert_string_equal(aside, wrong[i]);
        free(aside);
        open_empty(&people, scene); /* it is told once */
        people_close(&people);
    }
    struct people people;
    state_scene_write_text(scene, FILE_NAME, LIST(ROW("wang", "王敏", "engineer", "x")));
    assert_int_equal(people_open(&people, scene->fd), 0);
    assert_int_equal(people.count, 1);
    people_close(&people);
}

static void a_file_that_is_too_large_is_put_aside(void **state) {
    const struct state_scene *scene = *state;
    struct people people;
    state_scene_write_text(scene, FILE_NAME, LIST(ROW("wang", "王敏", "engineer", "x")));
    int fd = openat(scene->fd, FILE_NAME, O_WRONLY | O_CLOEXEC);
    assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0); /* takes no room, and no memory */
    assert_int_equal(close(fd), 0);
    assert_int_equal(people_open(&people, scene->fd), PEOPLE_E_DAMAGED);
    people_close(&people);
    assert_true(state_scene_has(scene, PEOPLE_DAMAGED));
}

static void what_is_no_file_is_put_aside_and_waited_for_by_nobody(void **state) {
    const struct state_scene *scene = *state;
    struct people people;
    assert_int_equal(mkfifoat(scene->fd, FILE_NAME, 0600), 0);
    assert_int_equal(people_open(&people, scene->fd), PEOPLE_E_DAMAGED);
    add(&people, "wang", "王敏", ROLE_ENGINEER);
    expect_kept(&people, scene);
    people_close(&people);
}

/* It may be readable tomorrow: what is in it is not to be lost with the next change. */
static void a_file_that_cannot_be_read_is_not_replaced_by_the_next_change(void **state) {
    const struct state_scene *scene = *state;
    struct people people;
    size_t size = 0;
    state_scene_write_text(scene, FILE_NAME, LIST(ROW("wang", "王敏", "engineer", "x")));
    state_scene_forbid(scene, FILE_NAME);
    assert_int_equal(people_open(&people, scene->fd), -EACCES);
    state_scene_permit(scene, FILE_NAME);
    assert_int_equal(people.count, 0);
    add(&people, "li", "李娜", ROLE_ENGINEER);
    expect_kept(&people, scene);
    char *aside = state_scene_read(scene, PEOPLE_DAMAGED, &size);
    assert_non_null(aside);
    assert_non_null(strstr(aside, "wang"));
    free(aside);
    people_close(&people);
}

static void without_a_directory_people_can_be_added_until_the_console_ends(void **state) {
    (void)state;
    struct people people;
    assert_int_equal(people_open(&people, -1), 0);
    add(&people, "wang", "王敏", ROLE_ENGINEER);
    assert_non_null(people_find(&people, "wang"));
    assert_true(people.unsaved);
    people_close(&people);
    people_close(&people); /* twice is harmless */
}

static void a_change_that_the_disk_does_not_take_holds_and_goes_with_the_next(void **state) {
    const struct state_scene *scene = *state;
    struct people people;
    open_empty(&people, scene);
    add(&people, "wang", "王敏", ROLE_ENGINEER);
    fault_disk_mount(scene->disk);
    fault_disk_plan(FAULT_FULL, 1, true);
    add(&people, "li", "李娜", ROLE_CAREGIVER);
    assert_true(people.unsaved);
    assert_non_null(people_find(&people, "li"));
    fault_disk_plan(FAULT_NONE, 0, false);
    fault_disk_unmount();
    add(&people, "zhao", "赵强", ROLE_SECURITY);
    assert_false(people.unsaved);
    expect_kept(&people, scene);
    people_close(&people);
}

/* An old password must not be valid again only because nobody has changed anything since. */
static void a_change_that_the_disk_did_not_take_is_saved_as_soon_as_it_does(void **state) {
    const struct state_scene *scene = *state;
    struct people people;
    uint64_t real_ns = 1000 * NS_PER_S;
    open_empty(&people, scene);
    add(&people, "wang", "王敏", ROLE_ENGINEER);
    people_tick(&people, real_ns);
    fault_disk_mount(scene->disk);
    fault_disk_plan(FAULT_FULL, 1, true);
    assert_int_equal(people_change(&people, "wang", "王敏", ROLE_ENGINEER, "another"), 0);
    people_tick(&people, real_ns);
    uint64_t met = fault_disk_met();
    people_tick(&people, real_ns + (PEOPLE_RETRY_S - 1) * NS_PER_S);
    assert_true(people.unsaved && fault_disk_met() == met); /* it is not asked all the time */
    fault_disk_plan(FAULT_NONE, 0, false);
    fault_disk_unmount();
    people_tick(&people, real_ns + PEOPLE_RETRY_S * NS_PER_S);
    assert_false(people.unsaved);
    expect_kept(&people, scene);
    people_close(&people);
}

/* What a power cut left is the list before the change or the one after it, and the latter where it was confirmed. */
static void judge_left(struct state_scene *scene, bool confirmed) {
    struct people read;
    int fd = open(scene->left, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(people_open(&read, fd), 0);
    assert_true(read.count == 2 || (read.count == 1 && !confirmed));
    assert_non_null(people_find(&read, "wang"));
    people_close(&read);
    assert_int_equal(close(fd), 0);
}

static void a_power_cut_at_any_step_leaves_the_list_before_or_after(void **state) {
    struct state_scene *scene = *state;
    uint64_t at = 0;
    for (bool met = true; met;) {
        struct people people;
        (void)unlinkat(scene->fd, FILE_NAME, 0);
        open_empty(&people, scene);
        add(&people, "wang", "王敏", ROLE_ENGINEER);
        fault_disk_mount(scene->disk);
        fault_disk_plan(FAULT_POWER, ++at, true);
        add(&people, "li", "李娜", ROLE_CAREGIVER);
        met = fault_disk_met() > 0;
        assert_true(met == people.unsaved);
        assert_int_equal(mkdir(scene->left, 0700), 0);
        fault_disk_survive(scene->left, at);
        fault_disk_unmount();
        judge_left(scene, !people.unsaved);
        assert_int_equal(scratch_remove(scene->left), 0);
        people_close(&people);
    }
    assert_true(at > 4); /* write, sync, rename, sync again */
}

/* ---- want of memory ---- */

/* The allocation with this number fails, and no other. */
static unsigned json_failing;

static void *json_scarce(size_t size) {
    return --json_failing == 0 ? NULL : malloc(size);
}

/* A list with somebody missing would sign out who is missing, for good. */
static void where_memory_is_short_the_file_stays_whole_and_is_told_as_old(void **state) {
    const struct state_scene *scene = *state;
    struct people people;
    unsigned tried = 0;
    open_empty(&people, scene);
    add(&people, "wang", "王敏", ROLE_ENGINEER);
    add(&people, "li", "李娜", ROLE_CAREGIVER);
    do {
        json_failing = ++tried;
        json_set_alloc_funcs(json_scarce, free);
        assert_int_equal(people_change(&people, "li", "李娜", ROLE_MANAGER, NULL), 0);
        json_set_alloc_funcs(malloc, free);
        struct people read;
        assert_int_equal(people_open(&read, scene->fd), 0);
        assert_int_equal(read.count, 2);
        assert_true(people.unsaved || people_find(&read, "li")->role == ROLE_MANAGER);
        people_close(&read);
        assert_true(tried < 200);
    } while (people.unsaved);
    assert_true(tried > 10);
    people_close(&people);
}

/* ---- who may be in it ---- */

static void an_id_is_32_letters_at_most_and_a_name_one_line(void **state) {
    (void)state;
    struct person person = {.id = "as", .name = "before"};
    assert_true(person_name(&person, "12345678901234567890123456789012", "王敏"));
    assert_string_equal(person.id, "12345678901234567890123456789012");
    static const char *const ids[] = {
        "", "123456789012345678901234567890123", " ", "wang min", "王", "wang/", "wang\n", "a:b",
    };
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        assert_false(person_name(&person, ids[i], "王敏"));
    }
    assert_true(person_name(&person, "a", "123456789012345678901234567890123456789012"));
    static const char *const names[] = {
        "", "1234567890123456789012345678901234567890123", "two\nlines", "a\tb", "a\x7f", "\x1b[2J",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_false(person_name(&person, "wang", names[i]));
    }
    assert_string_equal(person.id, "a");
}

/* A phone's keyboard begins with a capital and ends with a blank; those of Chinese have a blank of their own. */
static void an_id_is_read_without_blanks_and_capitals(void **state) {
    (void)state;
    static const char *const entered[] = {
        "wang", "Wang", " wang", "wang ", "WANG\t ", "\xe3\x80\x80Wang\xe3\x80\x80", "wang\xc2\xa0",
    };
    char id[PEOPLE_ID_SIZE];
    for (size_t i = 0; i < sizeof entered / sizeof *entered; i++) {
        assert_true(person_id_read(entered[i], id));
        assert_string_equal(id, "wang");
    }
    assert_true(person_id_read("   ABCDEFGHIJKLMNOPQRSTUVWXYZ012345   ", id));
    assert_string_equal(id, "abcdefghijklmnopqrstuvwxyz012345");
    static const char *const none[] = {
        "", "  ", "wa ng", "w\xe7\x8e\x8b", "wang\xe3\x80", "abcdefghijklmnopqrstuvwxyz0123456"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_false(person_id_read(none[i], id));
        assert_string_equal(id, "");
    }
    struct person person = {0};
    assert_true(person_name(&person, " Wang ", " Wang Min\xe3\x80\x80"));
    assert_string_equal(person.id, "wang");
    assert_string_equal(person.name, "Wang Min");
}

static void names_that_differ_by_a_blank_or_a_capital_are_one(void **state) {
    const struct state_scene *scene = *state;
    struct people people;
    open_empty(&people, scene);
    add(&people, "wang", "Wang Min", ROLE_ENGINEER);
    add(&people, "li", "Li Na", ROLE_CAREGIVER);
    struct person person = {.role = ROLE_AUDITOR};
    assert_true(person_name(&person, "other", "wang MIN "));
    assert_int_equal(people_add(&people, &person), PEOPLE_E_NAME);
    assert_int_equal(people_change(&people, "li", "wang min", ROLE_CAREGIVER, NULL), PEOPLE_E_NAME);
    assert_int_equal(people_change(&people, "li", "LI NA", ROLE_CAREGIVER, NULL), 0); /* her own */
    const struct person *one = NULL, *two = NULL;
    assert_false(people_alike(&people, &one, &two));
    people_close(&people);
}

/* As a list from before that was so may have them. */
static void a_file_with_two_who_are_alike_is_read_and_they_are_found(void **state) {
    const struct state_scene *scene = *state;
    struct people people;
    const struct person *one = NULL, *two = NULL;
    open_empty(&people, scene);
    add(&people, "wang", "Wang Min", ROLE_ENGINEER);
    add(&people, "li", "Li Na", ROLE_CAREGIVER);
    (void)snprintf(people.rows[1].name, sizeof people.rows[1].name, " wang min");
    assert_int_equal(people_change(&people, "wang", "Wang Min", ROLE_ENGINEER, NULL), 0);
    people_close(&people);
    assert_int_equal(people_open(&people, scene->fd), 0);
    assert_int_equal(people.count, 2);
    assert_true(people_alike(&people, &one, &two));
    assert_string_equal(one->id, "wang");
    assert_string_equal(two->id, "li");
    /* What else is changed of one of them is no reason to refuse it. */
    assert_int_equal(people_change(&people, "li", " wang min", ROLE_SECURITY, NULL), 0);
    assert_int_equal(people_change(&people, "li", "Li Na", ROLE_SECURITY, NULL), 0);
    assert_false(people_alike(&people, &one, &two));
    people_close(&people);
}

static void nobody_gets_an_id_or_a_name_that_another_has(void **state) {
    const struct state_scene *scene = *state;
    struct people people;
    open_empty(&people, scene);
    add(&people, "wang", "王敏", ROLE_ENGINEER);
    add(&people, "li", "李娜", ROLE_CAREGIVER);
    struct person person = {.role = ROLE_AUDITOR};
    assert_true(person_name(&person, "wang", "王芳"));
    assert_int_equal(people_add(&people, &person), PEOPLE_E_TAKEN);
    assert_true(person_name(&person, "zhao", "王敏"));
    assert_int_equal(people_add(&people, &person), PEOPLE_E_NAME);
    assert_int_equal(people_change(&people, "li", "王敏", ROLE_CAREGIVER, NULL), PEOPLE_E_NAME);
    assert_string_equal(people_find(&people, "li")->name, "李娜");
    assert_int_equal(people_change(&people, "li", "李娜", ROLE_MANAGER, NULL), 0); /* her own */
    assert_int_equal(people_remove(&people, "li"), 0);
    assert_true(person_name(&person, "li", "李娜"));
    assert_int_equal(people_add(&people, &person), 0); /* free again */
    people_close(&people);
}

static void somebody_without_an_id_a_name_or_a_role_is_not_added(void **state) {
    const struct state_scene *scene = *state;
    struct people people;
    open_empty(&people, scene);
    struct person person = {.role = ROLE_COUNT, .id = "wang", .name = "王敏"};
    assert_int_equal(people_add(&people, &person), PEOPLE_E_ID);
    person = (struct person){.role = ROLE_AUDITOR, .name = "王敏"};
    assert_int_equal(people_add(&people, &person), PEOPLE_E_ID);
    add(&people, "wang", "王敏", ROLE_ENGINEER);
    assert_int_equal(people_change(&people, "wang", "", ROLE_ENGINEER, NULL), PEOPLE_E_ID);
    assert_int_equal(people_change(&people, "wang", "王敏", ROLE_COUNT, NULL), PEOPLE_E_ID);
    people_close(&people);
}

static void whoever_is_not_in_the_list_is_not_changed_or_removed(void **state) {
    const struct state_scene *scene = *state;
    struct people people;
    open_empty(&people, scene);
    assert_int_equal(people_change(&people, "wang", "王敏", ROLE_ENGINEER, NULL), PEOPLE_E_UNKNOWN);
    assert_int_equal(people_remove(&people, "wang"), PEOPLE_E_UNKNOWN);
    assert_false(state_scene_has(scene, FILE_NAME));
    people_close(&people);
}

static void the_last_engineer_stays_one_and_stays(void **state) {
    const struct state_scene *scene = *state;
    struct people people;
    open_empty(&people, scene);
    add(&people, "wang", "王敏", ROLE_ENGINEER);
    add(&people, "li", "李娜", ROLE_MANAGER);
    assert_int_equal(people_remove(&people, "wang"), PEOPLE_E_LAST);
    assert_int_equal(people_change(&people, "wang", "王敏", ROLE_MANAGER, NULL), PEOPLE_E_LAST);
    assert_int_equal(people_change(&people, "wang", "王小敏", ROLE_ENGINEER, "new"), 0);
    expect_kept(&people, scene);
    add(&people, "zhao", "赵强", ROLE_ENGINEER);
    assert_int_equal(people_change(&people, "wang", "王小敏", ROLE_MANAGER, NULL), 0);
    assert_int_equal(people_remove(&people, "zhao"), PEOPLE_E_LAST);
    assert_int_equal(people_change(&people, "wang", "王小敏", ROLE_ENGINEER, NULL), 0);
    assert_int_equal(people_remove(&people, "zhao"), 0);
    assert_int_equal(people_remove(&people, "wang"),
                     PEOPLE_E_LAST); /* who is removed counts no more */
    people_close(&people);
}

/* With the longest ids, names and hashes, and what of them JSON writes as two. */
static void as_many_as_there_may_be_are_kept_and_one_more_is_refused(void **state) {
    const struct state_scene *scene = *state;
    struct people people;
    open_empty(&people, scene);
    for (int i = 0; i < PEOPLE_MAX; i++) {
        struct person person = {.role = ROLE_ENGINEER};
        char id[PEOPLE_ID_SIZE], name[PEOPLE_NAME_SIZE];
        (void)snprintf(id, sizeof id, "%032d", i);
        (void)snprintf(
            name, sizeof name,
            "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\%04d", i);
        assert_true(person_name(&person, id, name));
        memset(person.hash, '$', sizeof person.hash - 1);
        /* Only the last is saved: each save is a sync. */
        people.directory = i == PEOPLE_MAX - 1 ? scene->fd : -1;
        assert_int_equal(people_add(&people, &person), 0);
    }
    assert_false(people.unsaved);
    expect_kept(&people, scene);
    struct person person = {.role = ROLE_CAREGIVER};
    assert_true(person_name(&person, "wang", "王敏"));
    assert_int_equal(people_add(&people, &person), PEOPLE_E_FULL);
    people_close(&people);
}

/* ---- screens ---- */

static void a_screen_is_found_by_its_token_and_by_nothing_else(void **state) {
    const struct state_scene *scene = *state;
    struct people people;
    char token[PEOPLE_TOKEN_SIZE], other[PEOPLE_TOKEN_SIZE];
    struct person screen = {.role = ROLE_SECURITY, .screen = true};
    open_empty(&people, scene);
    add(&people, "wang", "王敏", ROLE_ENGINEER);
    assert_int_equal(people_token(other, screen.hash), 0);
    assert_int_equal(people_token(token, screen.hash), 0);
    assert_string_not_equal(token, other);
    assert_int_equal(strlen(token), PEOPLE_TOKEN_SIZE - 1);
    assert_true(person_name(&screen, "desk", "值班屏"));
    assert_int_equal(people_add(&people, &screen), 0);
    assert_string_equal(people_find_token(&people, token)->id, "desk");
    assert_null(people_find_token(&people, other));
    assert_null(people_find_token(&people, ""));
    assert_null(people_find_token(&people, screen.hash)); /* whoever has read the file */
    char longer[PEOPLE_TOKEN_SIZE + 1];
    (void)snprintf(longer, sizeof longer, "%s0", token);
    assert_null(people_find_token(&people, longer));
    token[0] = token[0] == '0' ? '1' : '0';
    assert_null(people_find_token(&people, token));
    people_close(&people);
}

static void a_token_is_kept_and_the_file_does_not_hold_it(void **state) {
    const struct state_scene *scene = *state;
    struct people people;
    char token[PEOPLE_TOKEN_SIZE];
    size_t size = 0;
    struct person screen = {.role = ROLE_SECURITY, .screen = true};
    open_empty(&people, scene);
    assert_int_equal(people_token(token, screen.hash), 0);
    assert_true(person_name(&screen, "desk", "值班屏"));
    assert_int_equal(people_add(&people, &screen), 0);
    people_close(&people);
    char *text = state_scene_read(scene, FILE_NAME, &size);
    assert_null(strstr(text, token));
    free(text);
    assert_int_equal(people_open(&people, scene->fd), 0);
    const struct person *found = people_find_token(&people, token);
    assert_non_null(found);
    assert_true(found->screen);
    assert_string_equal(person_role_name(found), PEOPLE_ROLE_WALL);
    people_close(&people);
}

static void whoever_is_removed_is_found_neither_by_the_id_nor_by_the_token(void **state) {
    const struct state_scene *scene = *state;
    struct people people;
    char token[PEOPLE_TOKEN_SIZE];
    struct person screen = {.role = ROLE_SECURITY, .screen = true};
    open_empty(&people, scene);
    add(&people, "wang", "王敏", ROLE_ENGINEER);
    assert_int_equal(people_token(token, screen.hash), 0);
    assert_true(person_name(&screen, "desk", "值班屏"));
    assert_int_equal(people_add(&people, &screen), 0); /* the last row of the list */
    assert_int_equal(people_remove(&people, "desk"), 0);
    assert_null(people_find_token(&people, token));
    assert_null(people_find(&people, "desk"));
    assert_int_equal(people_add(&people, &screen), 0);
    add(&people, "li", "李娜", ROLE_CAREGIVER);
    assert_int_equal(people_remove(&people, "desk"), 0); /* and one within it */
    assert_null(people_find_token(&people, token));
    assert_non_null(people_find(&people, "li"));
    people_close(&people);
}

/* A person's hash is no token, whatever stands there. */
static void a_person_is_not_found_by_a_token(void **state) {
    const struct state_scene *scene = *state;
    struct people people;
    char token[PEOPLE_TOKEN_SIZE];
    struct person person = {.role = ROLE_ENGINEER};
    open_empty(&people, scene);
    assert_int_equal(people_token(token, person.hash), 0);
    assert_true(person_name(&person, "wang", "王敏"));
    assert_int_equal(people_add(&people, &person), 0);
    assert_null(people_find_token(&people, token));
    people_close(&people);
}

static void a_screen_is_no_engineer(void **state) {
    const struct state_scene *scene = *state;
    struct people people;
    struct person screen = {.role = ROLE_ENGINEER, .screen = true, .hash = "token$"};
    open_empty(&people, scene);
    add(&people, "wang", "王敏", ROLE_ENGINEER);
    assert_true(person_name(&screen, "desk", "值班屏"));
    assert_int_equal(people_add(&people, &screen), 0);
    assert_int_equal(people_remove(&people, "wang"), PEOPLE_E_LAST);
    assert_int_equal(people_remove(&people, "desk"), 0);
    people_close(&people);
}

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void a_key_is_kept_and_ends_with_the_role_and_the_person(void **state) {
    const struct state_scene *scene = *state;
    struct people people;
    char key[PEOPLE_KEY_SIZE];
    open_empty(&people, scene);
    add(&people, "boss", "Boss", ROLE_ENGINEER);
    add(&people, "wang", "王敏", ROLE_CAREGIVER);
    assert_int_equal(people_key(&people, "nobody", KEY), PEOPLE_E_UNKNOWN);
    assert_int_equal(people_make_key(key), 0);
    assert_int_equal(strspn(key, "0123456789abcdef"), PEOPLE_KEY_SIZE - 1);
    assert_int_equal(people_key(&people, "wang", key), 0);
    assert_string_equal(people_find(&people, "wang")->key, key);
    expect_kept(&people, scene);
    /* Whoever sets a password of their own keeps it; whoever is given one does not. */
    assert_int_equal(people_own_password(&people, "wang", "another"), 0);
    assert_string_equal(people_find(&people, "wang")->hash, "another");
    assert_string_equal(people_find(&people, "wang")->key, key);
    assert_int_equal(people_own_password(&people, "nobody", "another"), PEOPLE_E_UNKNOWN);
    expect_kept(&people, scene);
    assert_int_equal(people_change(&people, "wang", "王小敏", ROLE_CAREGIVER, NULL), 0);
    assert_string_equal(people_find(&people, "wang")->key, key);
    assert_int_equal(people_change(&people, "wang", "王小敏", ROLE_CAREGIVER, "given"), 0);
    assert_string_equal(people_find(&people, "wang")->key, "");
    expect_kept(&people, scene);
    assert_int_equal(people_key(&people, "wang", key), 0);
    assert_int_equal(people_change(&people, "wang", "王小敏", ROLE_MANAGER, NULL), 0);
    assert_string_equal(people_find(&people, "wang")->key, "");
    expect_kept(&people, scene);
    assert_int_equal(people_key(&people, "wang", key), 0);
    assert_int_equal(people_key(&people, "wang", ""), 0);
    expect_kept(&people, scene);
    assert_int_equal(people_key(&people, "wang", key), 0);
    assert_int_equal(people_remove(&people, "wang"), 0);
    add(&people, "wang", "王敏", ROLE_CAREGIVER);
    assert_string_equal(people_find(&people, "wang")->key, "");
    expect_kept(&people, scene);
    people_close(&people);
}

static void a_key_that_is_none_keeps_nobody_out(void **state) {
    const struct state_scene *scene = *state;
    struct people people;
    state_scene_write_text(
        scene, FILE_NAME,
        "{\"people\": [{\"id\": \"a\", \"name\": \"A\", \"role\": \"engineer\", \"password\": \"x\", "
        "\"key\": \"short\"}, {\"id\": \"b\", \"name\": \"B\", \"role\": \"wall\", \"password\": "
        "\"x\", \"key\": \"" KEY "\"}, {\"id\": \"c\", \"name\": \"C\", \"role\": \"manager\", "
        "\"password\": \"x\", \"key\": \"" KEY "\"}]}");
    assert_int_equal(people_open(&people, scene->fd), 0);
    assert_int_equal(people.count, 3);
    assert_string_equal(people_find(&people, "a")->key, "");
    assert_string_equal(people_find(&people, "b")->key, "");
    assert_string_equal(people_find(&people, "c")->key, KEY);
    assert_int_equal(people_key(&people, "b", KEY), PEOPLE_E_UNKNOWN);
    people_close(&people);
}

/* ---- deeds ---- */

static void sign(struct people *people) {
    people_sign(people, "Boss (engineer)", ROLE_ENGINEER, (struct wall){7});
}

static void what_was_done_stands_beside_the_change_until_it_is_recorded(void **state) {
    const struct state_scene *scene = *state;
    struct people people, read;
    open_empty(&people, scene);
    people_sign_claim(&people, "Boss (engineer)", (struct wall){6});
    add(&people, "boss", "Boss", ROLE_ENGINEER);
    sign(&people);
    add(&people, "wang", "王敏", ROLE_CAREGIVER);
    sign(&people);
    assert_int_equal(people_remove(&people, "boss"), PEOPLE_E_LAST);
    add(&people, "li", "李娜",
        ROLE_CAREGIVER); /* whoever signed for what was refused has not signed for this */
    sign(&people);
    assert_int_equal(people_change(&people, "wang", "王敏", ROLE_CAREGIVER, NULL), 0);
    sign(&people);
    assert_int_equal(people_change(&people, "wang", "王小敏", ROLE_MANAGER, "x"), 0);
    assert_int_equal(people.deed_count, 3);
    assert_int_equal(people_open(&read, scene->fd), 0);
    assert_int_equal(read.deed_count, 3);
    assert_int_equal(read.deed_number, people.deed_number);
    assert_memory_equal(read.deeds, people.deeds, 3 * sizeof *read.deeds);
    const struct deed *deed = &read.deeds[2];
    assert_int_equal(deed->what, DEED_NAME | DEED_ROLE | DEED_PASSWORD);
    assert_string_equal(deed->person, "wang");
    assert_string_equal(deed->name, "王小敏");
    assert_string_equal(deed->name_before, "王敏");
    assert_string_equal(deed->role_before, "caregiver");
    assert_string_equal(deed->role, "manager");
    assert_int_equal(deed->at.ns, 7);
    assert_int_equal(read.deeds[0].what, DEED_CLAIMED);
    assert_int_equal(deed->number, read.deeds[0].number + 2);
    people_close(&read);
    people_recorded(&people, people.deeds[1].number);
    assert_int_equal(people.deed_count, 1);
    assert_int_equal(people.deeds[0].what, DEED_NAME | DEED_ROLE | DEED_PASSWORD);
    people_close(&people);
}

static void when_too_many_deeds_wait_nothing_is_changed(void **state) {
    const struct state_scene *scene = *state;
    struct people people;
    char name[8];
    open_empty(&people, scene);
    add(&people, "boss", "Boss", ROLE_ENGINEER);
    add(&people, "wang", "王敏", ROLE_CAREGIVER);
    for (int i = 0; i < PEOPLE_DEEDS_MAX; i++) {
        (void)snprintf(name, sizeof name, "n%d", i);
        sign(&people);
        assert_int_equal(people_change(&people, "wang", name, ROLE_CAREGIVER, NULL), 0);
    }
    struct person more = {.role = ROLE_CAREGIVER};
    assert_true(person_name(&more, "li", "李娜"));
    sign(&people);
    assert_int_equal(people_add(&people, &more), PEOPLE_E_DEEDS);
    sign(&people);
    assert_int_equal(people_change(&people, "wang", "x", ROLE_MANAGER, NULL), PEOPLE_E_DEEDS);
    sign(&people);
    assert_int_equal(people_key(&people, "wang", KEY), PEOPLE_E_DEEDS);
    sign(&people);
    assert_int_equal(people_own_password(&people, "wang", "x"), PEOPLE_E_DEEDS);
    sign(&people);
    assert_int_equal(people_remove(&people, "wang"), PEOPLE_E_DEEDS);
    assert_string_equal(people_find(&people, "wang")->name, "n63");
    people_recorded(&people, people.deeds[0].number);
    sign(&people);
    assert_int_equal(people_remove(&people, "wang"), 0);
    people_close(&people);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STATE_SCENE_TEST(each_change_is_on_the_disk_as_a_whole),
        STATE_SCENE_TEST(the_file_is_its_owners_alone),
        STATE_SCENE_TEST(a_file_that_is_none_is_put_aside_as_it_was_and_told),
        STATE_SCENE_TEST(a_file_that_is_too_large_is_put_aside),
        STATE_SCENE_TEST(what_is_no_file_is_put_aside_and_waited_for_by_nobody),
        STATE_SCENE_TEST(a_file_that_cannot_be_read_is_not_replaced_by_the_next_change),
        cmocka_unit_test(without_a_directory_people_can_be_added_until_the_console_ends),
        STATE_SCENE_TEST(a_change_that_the_disk_does_not_take_holds_and_goes_with_the_next),
        STATE_SCENE_TEST(a_change_that_the_disk_did_not_take_is_saved_as_soon_as_it_does),
        STATE_SCENE_TEST(a_power_cut_at_any_step_leaves_the_list_before_or_after),
        STATE_SCENE_TEST(where_memory_is_short_the_file_stays_whole_and_is_told_as_old),
        cmocka_unit_test(an_id_is_32_letters_at_most_and_a_name_one_line),
        cmocka_unit_test(an_id_is_read_without_blanks_and_capitals),
        STATE_SCENE_TEST(names_that_differ_by_a_blank_or_a_capital_are_one),
        STATE_SCENE_TEST(a_file_with_two_who_are_alike_is_read_and_they_are_found),
        STATE_SCENE_TEST(nobody_gets_an_id_or_a_name_that_another_has),
        STATE_SCENE_TEST(somebody_without_an_id_a_name_or_a_role_is_not_added),
        STATE_SCENE_TEST(whoever_is_not_in_the_list_is_not_changed_or_removed),
        STATE_SCENE_TEST(the_last_engineer_stays_one_and_stays),
        STATE_SCENE_TEST(as_many_as_there_may_be_are_kept_and_one_more_is_refused),
        STATE_SCENE_TEST(a_screen_is_found_by_its_token_and_by_nothing_else),
        STATE_SCENE_TEST(a_token_is_kept_and_the_file_does_not_hold_it),
        STATE_SCENE_TEST(whoever_is_removed_is_found_neither_by_the_id_nor_by_the_token),
        STATE_SCENE_TEST(a_person_is_not_found_by_a_token),
        STATE_SCENE_TEST(a_screen_is_no_engineer),
        STATE_SCENE_TEST(a_key_is_kept_and_ends_with_the_role_and_the_person),
        STATE_SCENE_TEST(a_key_that_is_none_keeps_nobody_out),
        STATE_SCENE_TEST(what_was_done_stands_beside_the_change_until_it_is_recorded),
        STATE_SCENE_TEST(when_too_many_deeds_wait_nothing_is_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
