/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/site.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "gateway/digest.h"

static const char magic[8] = {'t', 'o', 'c', 's', 'i', 'n', '1', '\n'};

/* What each table's rows are; a table of another row size is another build's. */
static const uint32_t row_sizes[SITE_TABLE_COUNT] = {
    [SITE_TABLE_PLACES] = sizeof(struct ruleset_place),
    [SITE_TABLE_PLACE_TEXTS] = sizeof(struct site_place),
    [SITE_TABLE_POINTS] = sizeof(struct ruleset_point),
    [SITE_TABLE_POINT_TEXTS] = sizeof(struct site_point),
    [SITE_TABLE_DEVICES] = sizeof(struct ruleset_device),
    [SITE_TABLE_DEVICE_TEXTS] = sizeof(struct site_device),
    [SITE_TABLE_BUSES] = sizeof(struct site_bus),
    [SITE_TABLE_RULES] = sizeof(struct ruleset_rule),
    [SITE_TABLE_RULE_TEXTS] = sizeof(struct site_rule),
    [SITE_TABLE_ALARMS] = sizeof(struct ruleset_alarm),
    [SITE_TABLE_OPS] = sizeof(struct expr_op),
    [SITE_TABLE_SETS] = sizeof(struct expr_set),
    [SITE_TABLE_BOUNDS] = sizeof(struct expr_bound),
    [SITE_TABLE_MEMBERS] = sizeof(uint32_t),
    [SITE_TABLE_DEPENDENT_FIRST] = sizeof(uint32_t),
    [SITE_TABLE_DEPENDENTS] = sizeof(uint32_t),
    [SITE_TABLE_BETWEENS] = sizeof(struct expr_between),
    [SITE_TABLE_CALENDARS] = sizeof(struct site_calendar),
    [SITE_TABLE_SPANS] = sizeof(struct site_span),
    [SITE_TABLE_HOLIDAYS] = sizeof(int32_t),
    [SITE_TABLE_BROKERS] = sizeof(uint32_t),
    [SITE_TABLE_CHAINS] = sizeof(struct ruleset_chain),
    [SITE_TABLE_STEPS] = sizeof(struct chain_step),
    [SITE_TABLE_SHIFTS] = sizeof(struct site_shift),
    [SITE_TABLE_WEBHOOKS] = sizeof(struct site_webhook),
    [SITE_TABLE_TIMES] = sizeof(struct alarm_times),
    [SITE_TABLE_LISTENER_SHIFTS] = sizeof(uint64_t),
    [SITE_TABLE_SHIFT_PEOPLE] = sizeof(uint32_t),
    [SITE_TABLE_PLANS] = sizeof(struct site_plan),
};

static bool site_range_is_inside(const struct site_header *header, uint64_t offset, uint64_t size) {
    return offset >= sizeof *header && offset <= header->size && size <= header->size - offset;
}

/* Is every table inside the image, aligned, and of this build's row size? */
static bool site_tables_are_sound(const struct site_header *header) {
    for (int i = 0; i < SITE_TABLE_COUNT; i++) {
        const struct site_table *table = &header->tables[i];
        if (table->row_size != row_sizes[i] || table->offset % 8 != 0 ||
            !site_range_is_inside(header, table->offset,
                                  (uint64_t)table->count * table->row_size)) {
            return false;
        }
    }
    return header->strings_size > 0 && header->tables[SITE_TABLE_TIMES].count == 1 &&
           site_range_is_inside(header, header->strings_offset, header->strings_size);
}

static const void *site_rows(const struct site_header *header, int table) {
    return (const unsigned char *)header + header->tables[table].offset;
}

static struct ruleset site_ruleset(const struct site_header *header) {
    return (struct ruleset){
        .places = site_rows(header, SITE_TABLE_PLACES),
        .points = site_rows(header, SITE_TABLE_POINTS),
        .devices = site_rows(header, SITE_TABLE_DEVICES),
        .rules = site_rows(header, SITE_TABLE_RULES),
        .alarms = site_rows(header, SITE_TABLE_ALARMS),
        .ops = site_rows(header, SITE_TABLE_OPS),
        .sets = site_rows(header, SITE_TABLE_SETS),
        .bounds = site_rows(header, SITE_TABLE_BOUNDS),
        .members = site_rows(header, SITE_TABLE_MEMBERS),
        .dependent_first = site_rows(header, SITE_TABLE_DEPENDENT_FIRST),
        .dependents = site_rows(header, SITE_TABLE_DEPENDENTS),
        .betweens = site_rows(header, SITE_TABLE_BETWEENS),
        .chains = site_rows(header, SITE_TABLE_CHAINS),
        .steps = site_rows(header, SITE_TABLE_STEPS),
        .times = site_rows(header, SITE_TABLE_TIMES),
        .listener_shifts = site_rows(header, SITE_TABLE_LISTENER_SHIFTS),
        .place_count = header->tables[SITE_TABLE_PLACES].count,
        .point_count = header->tables[SITE_TABLE_POINTS].count,
        .device_count = header->tables[SITE_TABLE_DEVICES].count,
        .component_count = header->component_count,
        .rule_count = header->tables[SITE_TABLE_RULES].count,
        .alarm_count = header->tables[SITE_TABLE_ALARMS].count,
        .op_count = header->tables[SITE_TABLE_OPS].count,
        .set_count = header->tables[SITE_TABLE_SETS].count,
        .bound_count = header->tables[SITE_TABLE_BOUNDS].count,
        .member_count = header->tables[SITE_TABLE_MEMBERS].count,
        .dependent_count = header->tables[SITE_TABLE_DEPENDENTS].count,
        .between_count = header->tables[SITE_TABLE_BETWEENS].count,
        .calendar_count = header->tables[SITE_TABLE_CALENDARS].count,
        .memory_count = header->memory_count,
        .window_count = header->window_count,
        .chain_count = header->tables[SITE_TABLE_CHAINS].count,
        .step_count = header->tables[SITE_TABLE_STEPS].count,
        .shift_count = header->tables[SITE_TABLE_SHIFTS].count,
        .listener_count = header->tables[SITE_TABLE_LISTENER_SHIFTS].count,
    };
}

int site_view(const void *bytes, size_t size, struct site *ret_site) {
    const struct site_header *header = bytes;
    assert((uintptr_t)bytes % 8 == 0);
    if (size < sizeof *header || memcmp(header->magic, magic, sizeof magic) != 0 ||
        header->size != size || !site_tables_are_sound(header)) {
        return SITE_E_IMAGE;
    }
    const char *strings = (const char *)bytes + header->strings_offset;
    if (strings[0] != '\0' || strings[header->strings_size - 1] != '\0') {
        return SITE_E_IMAGE;
    }
    unsigned char digest[DIGEST_SIZE];
    digest_of((const unsigned char *)bytes + SITE_DIGEST_FROM, size - SITE_DIGEST_FROM, digest);
    if (memcmp(digest, header->digest, sizeof digest) != 0 ||
        memcmp(&header->generation, digest, sizeof header->generation) != 0) {
        return SITE_E_IMAGE;
    }
    *ret_site = (struct site){
        .header = header,
        .size = size,
        .strings = strings,
        .ruleset = site_ruleset(header),
        .places = site_rows(header, SITE_TABLE_PLACE_TEXTS),
        .points = site_rows(header, SITE_TABLE_POINT_TEXTS),
        .devices = site_rows(header, SITE_TABLE_DEVICE_TEXTS),
        .buses = site_rows(header, SITE_TABLE_BUSES),
        .rules = site_rows(header, SITE_TABLE_RULE_TEXTS),
        .calendars = site_rows(header, SITE_TABLE_CALENDARS),
        .spans = site_rows(header, SITE_TABLE_SPANS),
        .holidays = site_rows(header, SITE_TABLE_HOLIDAYS),
        .brokers = site_rows(header, SITE_TABLE_BROKERS),
        .shifts = site_rows(header, SITE_TABLE_SHIFTS),
        .webhooks = site_rows(header, SITE_TABLE_WEBHOOKS),
        .shift_people = site_rows(header, SITE_TABLE_SHIFT_PEOPLE),
        .plans = site_rows(header, SITE_TABLE_PLANS),
        .bus_count = header->tables[SITE_TABLE_BUSES].count,
        .holiday_count = header->tables[SITE_TABLE_HOLIDAYS].count,
        .broker_count = header->tables[SITE_TABLE_BROKERS].count,
        .webhook_count = header->tables[SITE_TABLE_WEBHOOKS].count,
        .plan_count = header->tables[SITE_TABLE_PLANS].count,
    };
    return 0;
}

int site_map(int fd, struct site *ret_site) {
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return err_origin(-errno);
    }
    /* An image that somebody could still change would be no contract between the processes. */
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & F_SEAL_WRITE) == 0 || status.st_size <= 0) {
        return SITE_E_IMAGE;
    }
    size_t size = (size_t)status.st_size;
    void *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED) {
        return err_origin(-errno);
    }
    int r = site_view(bytes, size, ret_site);
    if (r != 0) {
        (void)munmap(bytes, size);
    }
    return r;
}

void site_unmap(struct site *site) {
    (void)munmap((void *)(uintptr_t)site->header, site->header->size);
    *site = (struct site){0};
}

const char *site_name_text(const struct site *site, struct site_name name,
                           enum site_language language) {
    uint32_t wanted = language == LANGUAGE_ZH ? name.zh : name.en;
    uint32_t other = language == LANGUAGE_ZH ? name.en : name.zh;
    return site_text(site, wanted != 0 ? wanted : other);
}

bool site_prefix_is_good(const char *prefix) {
    static const char ours[] = "tocsin";
    static const char characters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-/";
    size_t len = strlen(prefix);
    size_t first = strcspn(prefix, "/");
    bool is_ours = first == sizeof ours - 1 && memcmp(prefix, ours, first) == 0;
    return len >= 1 && len <= SITE_PREFIX_LEN_MAX && strspn(prefix, characters) == len &&
           prefix[0] != '/' && prefix[len - 1] != '/' && strstr(prefix, "//") == NULL && !is_ours;
}

void site_span_format(uint32_t span_s, char ret[SITE_SPAN_SIZE]) {
    enum { MINUTE_S = 60, HOUR_S = 3600 };
    uint32_t unit_s = span_s == 0 || span_s % MINUTE_S != 0 ? 1
                      : span_s % HOUR_S != 0                ? MINUTE_S
                                                            : HOUR_S;
    (void)snprintf(ret, SITE_SPAN_SIZE, "%u %s", span_s / unit_s,
                   unit_s == 1          ? "s"
                   : unit_s == MINUTE_S ? "min"
                                        : "h");
}

uint32_t site_point_find(const struct site *site, const char *id) {
    for (uint32_t i = 0; i < site->ruleset.point_count; i++) {
        if (strcmp(site_text(site, site->points[i].id), id) == 0) {
            return i;
        }
    }
    return RULESET_NONE;
}

uint32_t site_place_find(const struct site *site, const char *id) {
    for (uint32_t i = 0; i < site->ruleset.place_count; i++) {
        if (strcmp(site_text(site, site->places[i].id), id) == 0) {
            return i;
        }
    }
    return RULESET_NONE;
}

const struct site_plan *site_plan_of(const struct site *site, uint32_t place) {
    for (uint32_t i = 0; i < site->plan_count; i++) {
        if (site->plans[i].place == place) {
            return &site->plans[i];
        }
    }
    return NULL;
}

bool site_place_is_within(const char *inner, const char *outer) {
    size_t len = strlen(outer);
    return strncmp(inner, outer, len) == 0 && (inner[len] == '\0' || inner[len] == '/');
}

void site_component_name(const struct site *site, uint32_t component, char *ret, size_t size) {
    uint32_t fields = site->header->field_count;
    assert(component < site->header->component_count);
    if (component < fields) {
        (void)snprintf(ret, size, "field-%u", component);
    } else {
        static const char *const names[] = {"uplink", "console", "engine"};
        assert(component - fields < sizeof names / sizeof *names);
        (void)snprintf(ret, size, "%s", names[component - fields]);
    }
}

uint32_t site_component_engine(const struct site *site) {
    return site->header->field_count + 2;
}

const char *site_certificate_name(enum certificate certificate) {
    static const char *const names[CERTIFICATE_COUNT] = {
        [CERTIFICATE_OURS] = "ours",
        [CERTIFICATE_AUTHORITY] = "authority",
        [CERTIFICATE_BROKER] = "broker",
    };
    assert(certificate < CERTIFICATE_COUNT);
    return names[certificate];
}

/* The name of an audience that is a listener: people stay out of what leaves the gateway. */
static void site_listener_format(const struct site *site, uint32_t listener,
                                 char ret[SITE_ENTITY_SIZE]) {
    const struct site_webhook *row = &site->webhooks[listener];
    if (row->to == CHAIN_TO_EVERYONE) {
        (void)snprintf(ret, SITE_ENTITY_SIZE, "everyone");
    } else {
        (void)snprintf(ret, SITE_ENTITY_SIZE, "%s/%s", row->to == CHAIN_TO_SHIFT ? "shift" : "role",
                       site_text(site, row->id));
    }
}

void site_entity_format(const struct site *site, uint32_t alarm, char ret[SITE_ENTITY_SIZE]) {
    assert(alarm < site->ruleset.alarm_count);
    const struct ruleset_alarm *facts = &site->ruleset.alarms[alarm];
    char component[32];
    switch ((enum entity_kind)facts->entity_kind) {
    case ENTITY_PLACE:
        (void)snprintf(ret, SITE_ENTITY_SIZE, "%s",
                       site_text(site, site->places[facts->entity].id));
        return;
    case ENTITY_POINT:
        (void)snprintf(ret, SITE_ENTITY_SIZE, "%s",
                       site_text(site, site->points[facts->entity].id));
        return;
    case ENTITY_DEVICE:
        (void)snprintf(ret, SITE_ENTITY_SIZE, "device/%s",
                       site_text(site, site->devices[facts->entity].id));
        return;
    case ENTITY_COMPONENT:
        site_component_name(site, facts->entity, component, sizeof component);
        (void)snprintf(ret, SITE_ENTITY_SIZE, "component/%s", component);
        return;
    case ENTITY_GATEWAY:
        (void)snprintf(ret, SITE_ENTITY_SIZE, "gateway");
        return;
    case ENTITY_LISTENER:
        site_listener_format(site, facts->entity, ret);
        return;
    case ENTITY_CERTIFICATE:
        (void)snprintf(ret, SITE_ENTITY_SIZE, "certificate/%s",
                       site_certificate_name((enum certificate)facts->entity));
        return;
    case ENTITY_KIND_COUNT:
        break;
    }
    assert(false && "entity kind out of range");
}

void site_alarm_format(const struct site *site, uint32_t alarm, char ret[SITE_ALARM_NAME_SIZE]) {
    char entity[SITE_ENTITY_SIZE];
    site_entity_format(site, alarm, entity);
    uint32_t rule = site->ruleset.alarms[alarm].rule;
    (void)snprintf(ret, SITE_ALARM_NAME_SIZE, "%s/%s", site_text(site, site->rules[rule].id),
                   entity);
}

bool site_alarm_is_urgent(const struct site *site, uint32_t alarm) {
    return alarm < site->ruleset.alarm_count &&
           site->ruleset.alarms[alarm].priority <= PRIORITY_URGENT;
}

uint32_t site_alarm_find(const struct site *site, const char *name) {
    const char *slash = strchr(name, '/');
    if (slash == NULL) {
        return RULESET_NONE;
    }
    size_t rule_len = (size_t)(slash - name);
    for (uint32_t i = 0; i < site->ruleset.rule_count; i++) {
        const char *id = site_text(site, site->rules[i].id);
        if (strlen(id) != rule_len || memcmp(id, name, rule_len) != 0) {
            continue;
        }
        const struct ruleset_rule *rule = &site->ruleset.rules[i];
        for (uint32_t alarm = rule->alarm_first; alarm < rule->alarm_first + rule->alarm_count;
             alarm++) {
            char entity[SITE_ENTITY_SIZE];
            site_entity_format(site, alarm, entity);
            if (strcmp(entity, slash + 1) == 0) {
                return alarm;
            }
        }
    }
    return RULESET_NONE;
}
