/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/config/config_scalar.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NUMBER_DIGITS_MAX = 15, ID_LEN_MAX = 32, TEXT_CHARACTERS_MAX = 200, HOST_LEN_MAX = 253 };

/* A decimal number as digits and where the point stands: -12.50 is 1250, 2 decimals, negative. */
struct decimal {
    uint64_t digits;
    unsigned decimals;
    bool negative;
    size_t len; /* bytes that it takes */
};

/* Read a decimal number at the start of `text`. False if none is there. */
static bool scalar_decimal(const char *text, struct decimal *ret) {
    struct decimal decimal = {0};
    const char *at = text;
    if (*at == '-') {
        decimal.negative = true;
        at++;
    }
    if (at[0] == '0' && isdigit((unsigned char)at[1])) {
        return false;
    }
    unsigned count = 0;
    bool whole = false, part = false;
    while (isdigit((unsigned char)*at)) {
        decimal.digits = decimal.digits * 10 + (uint64_t)(*at++ - '0');
        count += decimal.digits > 0;
        whole = true;
        if (count > NUMBER_DIGITS_MAX) {
            return false;
        }
    }
    if (*at == '.' && whole) {
        at++;
        while (isdigit((unsigned char)*at)) {
            decimal.digits = decimal.digits * 10 + (uint64_t)(*at++ - '0');
            decimal.decimals++;
            count += decimal.digits > 0;
            part = true;
            if (count > NUMBER_DIGITS_MAX || decimal.decimals > NUMBER_DIGITS_MAX) {
                return false;
            }
        }
        if (!part) {
            return false;
        }
    }
    decimal.len = (size_t)(at - text);
    *ret = decimal;
    return whole;
}

/* A number is unquoted: in quotes it is a text, to us as to every other reader of YAML. */
static bool scalar_is_unquoted(struct config *config, const struct config_node *node,
                               const char *what) {
    if (node->style == CONFIG_PLAIN) {
        return true;
    }
    config_error(config, node, "take the quotes away", "%s must be %s, not a text in quotes",
                 config_label(config, node), what);
    return false;
}

bool config_whole(struct config *config, const struct config_node *node, int64_t min, int64_t max,
                  int64_t *ret) {
    if (node == NULL || !config_is_scalar(config, node) ||
        !scalar_is_unquoted(config, node, "a whole number")) {
        return false;
    }
    struct decimal decimal;
    if (!scalar_decimal(node->text, &decimal) || decimal.len != node->len ||
        decimal.decimals != 0) {
        config_error(config, node, "write it in decimal digits",
                     "%s must be a whole number, not `%s`", config_label(config, node), node->text);
        return false;
    }
    int64_t value = decimal.negative ? -(int64_t)decimal.digits : (int64_t)decimal.digits;
    if (value < min || value > max) {
        config_error(config, node, NULL, "%s must be from %lld to %lld", config_label(config, node),
                     (long long)min, (long long)max);
        return false;
    }
    *ret = value;
    return true;
}

bool config_number(struct config *config, const struct config_node *node, double *ret) {
    if (node == NULL || !config_is_scalar(config, node) ||
        !scalar_is_unquoted(config, node, "a number")) {
        return false;
    }
    struct decimal decimal;
    if (!scalar_decimal(node->text, &decimal) || decimal.len != node->len) {
        config_error(config, node, "write it in decimal digits, at most 15, such as 0.1",
                     "%s must be a number, not `%s`", config_label(config, node), node->text);
        return false;
    }
    double value = unit_base_value(UNIT_NONE, decimal.digits, decimal.decimals);
    *ret = decimal.negative ? -value : value;
    return true;
}

bool config_truth(struct config *config, const struct config_node *node, bool *ret) {
    if (node == NULL || !config_is_scalar(config, node) ||
        !scalar_is_unquoted(config, node, "true or false")) {
        return false;
    }
    if (strcmp(node->text, "true") != 0 && strcmp(node->text, "false") != 0) {
        config_error(config, node, NULL, "%s must be true or false, not `%s`",
                     config_label(config, node), node->text);
        return false;
    }
    *ret = node->text[0] == 't';
    return true;
}

/* Read "NUMBER UNIT" with one space. Returns false if it is not of that form. */
static bool scalar_quantity(const struct config_node *node, struct decimal *ret_decimal,
                            enum unit *ret_unit) {
    if (!scalar_decimal(node->text, ret_decimal) || node->text[ret_decimal->len] != ' ') {
        return false;
    }
    const char *word = node->text + ret_decimal->len + 1;
    *ret_unit = unit_find(word, strlen(word));
    return *ret_unit != UNIT_COUNT;
}

/* A duration as people write it: the largest unit that makes it a whole number. */
static const char *scalar_span_text(struct config *config, uint64_t span_ns) {
    static const struct {
        uint64_t ns;
        const char *unit;
    } units[] = {
        {CONFIG_DAY_NS, "d"}, {CONFIG_HOUR_NS, "h"}, {CONFIG_MINUTE_NS, "min"},
        {NS_PER_S, "s"},      {NS_PER_MS, "ms"},
    };
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (span_ns >= units[i].ns && span_ns % units[i].ns == 0) {
            return config_format(&config->arena, "%llu %s",
                                 (unsigned long long)(span_ns / units[i].ns), units[i].unit);
        }
    }
    return "0 s";
}

static bool scalar_span(struct config *config, const struct config_node *node, uint64_t min_ns,
                        uint64_t max_ns, const char *reason, uint64_t *ret_ns) {
    if (node == NULL || !config_is_scalar(config, node)) {
        return false;
    }
    struct decimal decimal;
    enum unit unit;
    if (!scalar_quantity(node, &decimal, &unit) || decimal.negative ||
        unit_facts(unit)->dimension != DIMENSION_TIME) {
        config_error(config, node, "a number, a space and ms, s, min, h or d, such as 500 ms",
                     "%s must be a duration with its unit, not `%s`", config_label(config, node),
                     node->text);
        return false;
    }
    uint64_t span_ns = unit_span_ns(unit, decimal.digits, decimal.decimals);
    if (span_ns < min_ns || span_ns > max_ns) {
        config_error(config, node, reason, "%s must be from %s to %s", config_label(config, node),
                     scalar_span_text(config, min_ns), scalar_span_text(config, max_ns));
        return false;
    }
    *ret_ns = span_ns;
    return true;
}

bool config_span(struct config *config, const struct config_node *node, uint64_t min_ns,
                 uint64_t max_ns, uint64_t *ret_ns) {
    return scalar_span(config, node, min_ns, max_ns, NULL, ret_ns);
}

bool config_span_capped(struct config *config, const struct config_node *node, uint32_t min_s,
                        uint32_t max_s, const char *reason, uint32_t *ret_s) {
    uint64_t span_ns;
    if (!scalar_span(config, node, min_s * NS_PER_S, max_s * NS_PER_S, reason, &span_ns)) {
        return false;
    } else if (span_ns % NS_PER_S != 0) {
        config_error(config, node, NULL, "%s is counted in whole seconds",
                     config_label(config, node));
        return false;
    }
    *ret_s = (uint32_t)(span_ns / NS_PER_S);
    return true;
}

bool config_percent(struct config *config, const struct config_node *node, uint32_t min,
                    uint32_t max, uint32_t *ret_percent) {
    if (node == NULL || !config_is_scalar(config, node)) {
        return false;
    }
    struct decimal decimal;
    enum unit unit;
    if (!scalar_quantity(node, &decimal, &unit) || decimal.negative || decimal.decimals != 0 ||
        unit != UNIT_PERCENT) {
        config_error(config, node, "a whole number, a space and %, such as 10 %",
                     "%s must be a percentage, not `%s`", config_label(config, node), node->text);
        return false;
    } else if (decimal.digits < min || decimal.digits > max) {
        config_error(config, node, NULL, "%s must be from %u %% to %u %%",
                     config_label(config, node), min, max);
        return false;
    }
    *ret_percent = (uint32_t)decimal.digits;
    return true;
}

/* A whole number of at most nine digits, a space, MiB or GiB; UINT64_MAX for anything else. */
static uint64_t scalar_size(const char *text) {
    size_t digits = strspn(text, "0123456789");
    uint64_t number = 0;
    if (digits == 0 || digits > 9 || (text[0] == '0' && digits > 1)) {
        return UINT64_MAX;
    }
    for (size_t i = 0; i < digits; i++) {
        number = number * 10 + (uint64_t)(text[i] - '0');
    }
    if (strcmp(text + digits, " MiB") == 0) {
        return number << 20;
    }
    return strcmp(text + digits, " GiB") == 0 ? number << 30 : UINT64_MAX;
}

bool config_size(struct config *config, const struct config_node *node, uint64_t min, uint64_t max,
                 bool may_be_none, uint64_t *ret_bytes) {
    if (node == NULL || !config_is_scalar(config, node)) {
        return false;
    }
    uint64_t bytes = node->style == CONFIG_PLAIN ? scalar_size(node->text) : UINT64_MAX;
    if (bytes == UINT64_MAX) {
        config_error(config, node, "a whole number, a space and MiB or GiB, such as 256 MiB",
                     "%s must be a size with its unit, not `%s`", config_label(config, node),
                     node->text);
        return false;
    }
    if ((bytes != 0 || !may_be_none) && (bytes < min || bytes > max)) {
        config_error(config, node, NULL, "%s must be from %u MiB to %u GiB%s",
                     config_label(config, node), (unsigned)(min >> 20), (unsigned)(max >> 30),
                     may_be_none ? ", or 0 MiB for none" : "");
        return false;
    }
    *ret_bytes = bytes;
    return true;
}

bool config_area(struct config *config, const struct config_node *node, double *ret_m2) {
    if (node == NULL || !config_is_scalar(config, node)) {
        return false;
    }
    struct decimal decimal;
    enum unit unit;
    if (!scalar_quantity(node, &decimal, &unit) || decimal.negative || decimal.digits == 0 ||
        unit_facts(unit)->dimension != DIMENSION_AREA) {
        config_error(config, node, "a number, a space and m2, such as 640 m2",
                     "%s must be an area, not `%s`", config_label(config, node), node->text);
        return false;
    }
    *ret_m2 = unit_base_value(unit, decimal.digits, decimal.decimals);
    return true;
}

static bool scalar_id(struct config *config, const struct config_node *node,
                      enum config_id_kind kind, const char **ret) {
    char joint = kind == CONFIG_ID_RULE ? '_' : '-';
    bool good = node->len >= 1 && node->len <= ID_LEN_MAX;
    for (uint32_t i = 0; i < node->len && good; i++) {
        char c = node->text[i];
        good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == joint;
    }
    if (!good) {
        config_error(config, node, NULL,
                     "`%s` is no id: an id has 1 to 32 of the characters a-z, 0-9 and %c",
                     node->text, joint);
        return false;
    }
    *ret = node->text;
    return true;
}

bool config_id(struct config *config, const struct config_node *node, enum config_id_kind kind,
               const char **ret) {
    return node != NULL && config_is_scalar(config, node) && scalar_id(config, node, kind, ret);
}

bool config_id_key(struct config *config, const struct config_node *member, const char **ret) {
    return scalar_id(config, member->key, CONFIG_ID_PLAIN, ret);
}

bool config_text(struct config *config, const struct config_node *node, const char **ret) {
    if (node == NULL || !config_is_scalar(config, node)) {
        return false;
    }
    uint32_t characters = 0;
    bool blank = true;
    bool broken = false;
    for (uint32_t i = 0; i < node->len; i++) {
        characters += ((unsigned char)node->text[i] & 0xc0) != 0x80;
        blank = blank && node->text[i] == ' ';
        broken = broken || (unsigned char)node->text[i] < 0x20;
    }
    if (blank || broken || characters > TEXT_CHARACTERS_MAX) {
        config_error(config, node, NULL, "%s must be a text of 1 to %d characters on one line",
                     config_label(config, node), TEXT_CHARACTERS_MAX);
        return false;
    }
    *ret = node->text;
    return true;
}

bool config_name(struct config *config, const struct config_node *node, struct config_name *ret) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    if (node == NULL || !config_fields(config, node, CONFIG_SHAPE_NAME, fields)) {
        return false;
    }
    if (node->count == 0) {
        config_error(config, node, "write {zh: …, en: …}", "%s needs a text in zh or en",
                     config_label(config, node));
        return false;
    }
    (void)config_text(config, fields[CONFIG_NAME_ZH], &ret->zh);
    (void)config_text(config, fields[CONFIG_NAME_EN], &ret->en);
    return ret->zh != NULL || ret->en != NULL;
}

/* A hint for a word that is none: the one that was meant, or all there are. */
static const char *scalar_word_hint(struct config *config, const char *wrong,
                                    const char *const *words, uint32_t count) {
    const char *hint = config_suggestion(config, wrong, words, count);
    return hint != NULL ? hint : config_words(config, "one of", words, count);
}

bool config_word(struct config *config, const struct config_node *node, const char *what,
                 const char *const *words, uint32_t count, uint32_t *ret_index) {
    if (node == NULL || !config_is_scalar(config, node)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(node->text, words[i]) == 0) {
            *ret_index = i;
            return true;
        }
    }
    config_error(config, node, scalar_word_hint(config, node->text, words, count), "`%s` is not %s",
                 node->text, what);
    return false;
}

const char *config_point_kind_hint(struct config *config, const char *wrong) {
    const char *words[POINT_KIND_COUNT];
    for (enum point_kind kind = 0; kind < POINT_KIND_COUNT; kind++) {
        words[kind] = point_kind_facts(kind)->name;
    }
    return scalar_word_hint(config, wrong, words, POINT_KIND_COUNT);
}

const char *config_place_kind_hint(struct config *config, const char *wrong) {
    const char *words[PLACE_KIND_COUNT];
    for (enum place_kind kind = 0; kind < PLACE_KIND_COUNT; kind++) {
        words[kind] = place_kind_name(kind);
    }
    return scalar_word_hint(config, wrong, words, PLACE_KIND_COUNT);
}

bool config_point_kind(struct config *config, const struct config_node *node,
                       enum point_kind *ret_kind) {
    if (node == NULL || !config_is_scalar(config, node)) {
        return false;
    }
    enum point_kind kind = point_kind_find(node->text, node->len);
    if (kind == POINT_KIND_COUNT) {
        config_error(config, node, config_point_kind_hint(config, node->text),
                     "`%s` is not a kind of point", node->text);
        return false;
    }
    *ret_kind = kind;
    return true;
}

bool config_place_kind(struct config *config, const struct config_node *node,
                       enum place_kind *ret_kind) {
    if (node == NULL || !config_is_scalar(config, node)) {
        return false;
    }
    enum place_kind kind = place_kind_find(node->text, node->len);
    if (kind == PLACE_KIND_COUNT) {
        config_error(config, node, config_place_kind_hint(config, node->text),
                     "`%s` is not a kind of place", node->text);
        return false;
    }
    *ret_kind = kind;
    return true;
}

bool config_alarm_class(struct config *config, const struct config_node *node,
                        enum alarm_class *ret_class) {
    if (node == NULL || !config_is_scalar(config, node)) {
        return false;
    }
    enum alarm_class class = alarm_class_find(node->text, node->len);
    if (class == ALARM_CLASS_COUNT) {
        const char *words[ALARM_CLASS_COUNT];
        for (enum alarm_class i = 0; i < ALARM_CLASS_COUNT; i++) {
            words[i] = alarm_class_facts(i)->name;
        }
        config_error(config, node, scalar_word_hint(config, node->text, words, ALARM_CLASS_COUNT),
                     "`%s` is not a class of alarm", node->text);
        return false;
    }
    *ret_class = class;
    return true;
}

int config_clock(const char *text, size_t len) {
    if (len != 5 || text[2] != ':' || !isdigit((unsigned char)text[0]) ||
        !isdigit((unsigned char)text[1]) || !isdigit((unsigned char)text[3]) ||
        !isdigit((unsigned char)text[4])) {
        return -1;
    }
    int hour = (text[0] - '0') * 10 + text[1] - '0';
    int minute = (text[3] - '0') * 10 + text[4] - '0';
    int minutes = hour * 60 + minute;
    return minute > 59 || minutes > 1440 ? -1 : minutes;
}

bool config_clock_range(const char *text, int *ret_begin, int *ret_end) {
    if (strlen(text) != 11 || text[5] != '-') {
        return false;
    }
    *ret_begin = config_clock(text, 5);
    *ret_end = config_clock(text + 6, 5);
    return *ret_begin >= 0 && *ret_end >= 0 && *ret_begin < 1440;
}

bool config_path(struct config *config, const struct config_node *node, const char **ret) {
    const char *path;
    if (!config_text(config, node, &path)) {
        return false;
    }
    /* A value of --set is relative to the site file as well. */
    *ret = config_source_path(config, node->mark.source, path);
    return true;
}

bool config_secret_path(struct config *config, const struct config_node *node,
                        const char *consequence, const char **ret) {
    if (!config_path(config, node, ret)) {
        return false;
    }
    struct stat found;
    if (stat(*ret, &found) != 0) {
        config_warn(config, node, NULL, "there is no file %s: %s", *ret, consequence);
    } else if (!S_ISREG(found.st_mode)) {
        config_warn(config, node, NULL, "%s is no file: %s", *ret, consequence);
    }
    return true;
}

bool config_private_path(struct config *config, const struct config_node *node,
                         const char *consequence, const char **ret) {
    struct stat found;
    if (!config_secret_path(config, node, consequence, ret)) {
        return false;
    }
    /* A credential of systemd is 0400 or 0440: a group may well be meant to read it. */
    if (stat(*ret, &found) == 0 && S_ISREG(found.st_mode) && (found.st_mode & S_IRWXO) != 0) {
        config_warn(config, node, "chmod 600, and change what it holds if others may have seen it",
                    "everybody on this machine can read or change the secret in %s", *ret);
    } else if (stat(*ret, &found) == 0 && S_ISREG(found.st_mode) && found.st_size == 0) {
        config_warn(config, node, NULL, "%s is empty: %s", *ret, consequence);
    }
    return true;
}

static bool host_character_is_good(char c) {
    return isalnum((unsigned char)c) || c == '-' || c == '.' || c == '_';
}

/* Where the host ends: at the colon, at the bracket's end, or at the text's. 0 if it is no host. */
static size_t host_len(const char *text) {
    size_t len = 0;
    if (text[0] == '[') {
        len = strspn(text + 1, "0123456789abcdefABCDEF:.");
        return len > 0 && text[len + 1] == ']' ? len + 2 : 0;
    }
    while (host_character_is_good(text[len])) {
        len++;
    }
    return len;
}

bool config_host_port(struct config *config, const struct config_node *node, uint32_t at,
                      const char *text, uint32_t default_port, const char **ret_host,
                      uint32_t *ret_port) {
    size_t len = host_len(text);
    if (len == 0 || len > HOST_LEN_MAX || (text[len] != ':' && text[len] != '\0')) {
        config_note(config, CONFIG_ERROR,
                    config_node_locate(node, at + (uint32_t)len, text[len] == '\0' ? 0 : 1),
                    "a name, an IPv4 address or an IPv6 address in [ ], then a colon and the port",
                    "%s has no usable host", config_label(config, node));
        return false;
    }
    uint32_t port = default_port;
    if (text[len] == ':') {
        struct decimal decimal;
        const char *digits = text + len + 1;
        if (!scalar_decimal(digits, &decimal) || digits[decimal.len] != '\0' ||
            decimal.decimals != 0 || decimal.negative || decimal.digits < 1 ||
            decimal.digits > 65535) {
            config_note(config, CONFIG_ERROR,
                        config_node_locate(node, at + (uint32_t)len + 1, (uint32_t)strlen(digits)),
                        NULL, "a port is a number from 1 to 65535");
            return false;
        }
        port = (uint32_t)decimal.digits;
    } else if (port == 0) {
        config_error(config, node, "add a colon and the port", "%s has no port",
                     config_label(config, node));
        return false;
    }
    bool bracketed = text[0] == '[';
    *ret_host = config_copy(&config->arena, text + bracketed, len - 2 * (size_t)bracketed);
    *ret_port = port;
    return true;
}

bool config_url(struct config *config, const struct config_node *node, const char **ret) {
    if (!config_text(config, node, ret)) {
        return false;
    }
    size_t scheme = strncmp(*ret, "http://", 7) == 0    ? 7
                    : strncmp(*ret, "https://", 8) == 0 ? 8
                                                        : 0;
    if (scheme == 0 || strchr(*ret, ' ') != NULL) {
        config_error(config, node, "such as http://127.0.0.1:8086",
                     "%s must be an http or https address", config_label(config, node));
        return false;
    }
    const char *host;
    uint32_t port;
    const char *begin = *ret + scheme;
    const char *authority = config_copy(&config->arena, begin, strcspn(begin, "/?#"));
    return config_host_port(config, node, (uint32_t)scheme, authority, scheme == 7 ? 80 : 443,
                            &host, &port);
}

bool config_claim(struct config *config, struct config_index *index, const struct config_node *node,
                  const char *id, uint32_t value, const char *what) {
    if (config_index_find(index, id) != UINT32_MAX) {
        config_error(config, node, "give one of them another id", "there are two %s `%s`", what,
                     id);
        return false;
    }
    config_index_add(&config->arena, index, id, value);
    return true;
}
