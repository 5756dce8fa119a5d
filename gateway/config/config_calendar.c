/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/config/config_calendar.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DAYS_A_WEEK = 7, DAY_MINUTES = 1440, SPANS_A_DAY_MAX = 24 };

static const char *const day_names[DAYS_A_WEEK] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

const char *config_day_name(uint32_t day) {
    assert(day < DAYS_A_WEEK);
    return day_names[day];
}

static int calendar_day(const char *text, size_t len) {
    for (int day = 0; day < DAYS_A_WEEK; day++) {
        if (len == 3 && memcmp(text, day_names[day], 3) == 0) {
            return day;
        }
    }
    return -1;
}

bool config_days(struct config *config, const struct config_node *node, uint32_t *ret_days) {
    const char *dash = strchr(node->text, '-');
    size_t len = dash != NULL ? (size_t)(dash - node->text) : node->len;
    int first = calendar_day(node->text, len);
    int last = dash != NULL ? calendar_day(dash + 1, strlen(dash + 1)) : first;
    if (first < 0 || last < 0) {
        config_error(config, node,
                     "mon, tue, wed, thu, fri, sat, sun, or a stretch such as mon-fri",
                     "`%s` is no day of the week", node->text);
        return false;
    }
    if (last < first) {
        config_error(config, node, "a week begins on mon; write it as two stretches",
                     "`%s` goes backwards", node->text);
        return false;
    }
    *ret_days = 0;
    for (int day = first; day <= last; day++) {
        *ret_days |= 1u << day;
    }
    return true;
}

static bool calendar_is_leap(int year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int calendar_month_days(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && calendar_is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01; the year counts from March, so that the leap day comes last. */
static int32_t calendar_epoch_day(int year, int month, int day) {
    int from_march = month > 2 ? month - 3 : month + 9;
    int y = month > 2 ? year : year - 1;
    int day_of_year = (153 * from_march + 2) / 5 + day - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

/* The number that `count` digits are. */
static int calendar_number(const char *digits, int count) {
    int number = 0;
    for (int i = 0; i < count; i++) {
        number = number * 10 + digits[i] - '0';
    }
    return number;
}

bool config_date(struct config *config, const struct config_node *node, int32_t *ret_day) {
    if (node == NULL || !config_is_scalar(config, node)) {
        return false;
    }
    const char *text = node->text;
    bool good = node->len == 10 && text[4] == '-' && text[7] == '-';
    for (uint32_t i = 0; i < node->len && good; i++) {
        good = i == 4 || i == 7 || (text[i] >= '0' && text[i] <= '9');
    }
    int year = good ? calendar_number(text, 4) : 0;
    int month = good ? calendar_number(text + 5, 2) : 0;
    int day = good ? calendar_number(text + 8, 2) : 0;
    if (year < 1970 || month < 1 || month > 12 || day < 1 ||
        day > calendar_month_days(year, month)) {
        config_error(config, node, "year-month-day, such as 2026-10-01", "`%s` is no date", text);
        return false;
    }
    *ret_day = calendar_epoch_day(year, month, day);
    return true;
}

bool config_timezone(struct config *config, const struct config_node *node, const char **ret) {
    if (node == NULL || !config_text(config, node, ret)) {
        return false;
    }
    bool good = (*ret)[0] != '/' && strstr(*ret, "..") == NULL;
    const char *path = config_format(&config->arena, "%s/%s", config->zoneinfo, *ret);
    struct stat status;
    char magic[4] = "";
    int file = good ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    good = file >= 0 && fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
           read(file, magic, sizeof magic) == (ssize_t)sizeof magic &&
           memcmp(magic, "TZif", 4) == 0;
    if (file >= 0) {
        (void)close(file);
    }
    if (!good && access(config->zoneinfo, R_OK) != 0) {
        config_error(config, node, "install the package tzdata",
                     "this machine has no time zones in %s", config->zoneinfo);
    } else if (!good) {
        config_error(config, node, "a name such as Asia/Shanghai, as in /usr/share/zoneinfo",
                     "`%s` is no time zone that this machine knows", *ret);
    }
    return good;
}

/* A calendar while it is being read. */
struct calendar_draft {
    struct config *config;
    struct site_span spans[DAYS_A_WEEK * SPANS_A_DAY_MAX];
    uint32_t count;
    bool sound;
};

/* Add one stretch to each day of the set; note it if it overlaps one that is there. */
static void calendar_span(struct calendar_draft *draft, const struct config_node *node,
                          uint32_t days) {
    struct config *config = draft->config;
    int begin, end;
    if (!config_is_scalar(config, node) || !config_clock_range(node->text, &begin, &end)) {
        if (node->kind == CONFIG_SCALAR && !config_node_is_missing(node)) {
            config_error(config, node, "such as \"08:30-17:30\"; the day ends at 24:00",
                         "`%s` are no hours", node->text);
        }
        draft->sound = false;
        return;
    }
    if (end <= begin) {
        config_error(
            config, node,
            "hours end after they begin; past midnight they go on with 00:00 on the next day",
            "`%s` goes backwards", node->text);
        draft->sound = false;
        return;
    }
    for (uint32_t day = 0; day < DAYS_A_WEEK; day++) {
        if ((days & 1u << day) == 0) {
            continue;
        }
        for (uint32_t i = 0; i < draft->count; i++) {
            const struct site_span *other = &draft->spans[i];
            if (other->weekday == day && begin < other->end_min && end > other->begin_min) {
                config_error(config, node, NULL, "`%s` overlaps other hours of %s", node->text,
                             day_names[day]);
                draft->sound = false;
                return;
            }
        }
        /* Stretches that do not overlap are at least a minute long, but so many are no opening
         * hours. */
        if (draft->count == sizeof draft->spans / sizeof draft->spans[0]) {
            config_error(config, node, NULL, "a week has at most %d stretches of opening hours",
                         DAYS_A_WEEK * SPANS_A_DAY_MAX);
            draft->sound = false;
            return;
        }
        draft->spans[draft->count++] = (struct site_span){
            .weekday = (uint16_t)day, .begin_min = (uint16_t)begin, .end_min = (uint16_t)end};
    }
}

static int calendar_span_compare(const void *left, const void *right) {
    const struct site_span *a = left;
    const struct site_span *b = right;
    if (a->weekday != b->weekday) {
        return a->weekday < b->weekday ? -1 : 1;
    }
    return a->begin_min < b->begin_min ? -1 : a->begin_min > b->begin_min;
}

/* Find an equal calendar or keep this one. Entry 0 stands for always open. */
static uint32_t calendar_keep(struct config *config, const struct config_node *node,
                              const struct calendar_draft *draft) {
    size_t size = draft->count * sizeof draft->spans[0];
    for (uint32_t i = 1; i < config->calendar_count; i++) {
        const struct config_calendar *other = &config->calendars[i];
        if (other->count == draft->count && memcmp(other->spans, draft->spans, size) == 0) {
            return i;
        }
    }
    if (config->calendar_count == LIMIT_CALENDARS) {
        config_error(config, node, NULL, "a site has at most %d different opening hours",
                     LIMIT_CALENDARS - 1);
        return 0;
    }
    config->calendars = config_grow(&config->arena, config->calendars, config->calendar_count,
                                    &config->calendar_room, sizeof *config->calendars);
    struct site_span *spans = config_alloc(&config->arena, draft->count + 1, sizeof *spans);
    memcpy(spans, draft->spans, size);
    config->calendars[config->calendar_count] =
        (struct config_calendar){.spans = spans, .count = draft->count};
    return config->calendar_count++;
}

uint32_t config_hours(struct config *config, const struct config_node *hours) {
    struct calendar_draft draft = {.config = config, .sound = true};
    for (const struct config_node *member = hours->first; member != NULL; member = member->next) {
        uint32_t days;
        if (!config_days(config, member->key, &days)) {
            draft.sound = false;
        } else if (member->kind == CONFIG_LIST) {
            for (const struct config_node *item = member->first; item != NULL; item = item->next) {
                calendar_span(&draft, item, days);
            }
        } else {
            calendar_span(&draft, member, days);
        }
    }
    if (!draft.sound) {
        return 0;
    }
    if (draft.count > 0) {
        qsort(draft.spans, draft.count, sizeof draft.spans[0], calendar_span_compare);
    }
    return calendar_keep(config, hours, &draft);
}
