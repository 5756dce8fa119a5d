/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "gateway/config/config_calendar.h"

/*
 * The site itself, its gateway, and where the gateway reports to
 */

enum {
    BROKERS_MAX = 8,
    HOLIDAYS_MAX = 1000,
    LEVEL_MIN = 4 * 60, /* counters are levelled when nobody is in */
};

/* Inputs that are kept for replay: hours of a large site, weeks of a small one. */
#define RECORDINGS_SIZE     (256ull << 20)
#define RECORDINGS_SIZE_MIN (16ull << 20)
#define RECORDINGS_SIZE_MAX (64ull << 30)
/* The history for charts: 13 months of 800 points that never rest, or of thousands as they mostly are. */
#define HISTORY_SIZE     (1ull << 30)
#define HISTORY_SIZE_MIN (16ull << 20)
#define HISTORY_SIZE_MAX (64ull << 30)
#define SPOOL_SIZE       (512ull << 20)
#define SPOOL_SIZE_MIN   (16ull << 20)
#define SPOOL_SIZE_MAX   (64ull << 30)
/*
 * A million events and their index, and a month for whoever asks for them again. The broker's
 * receipt is no promise of the broker's to keep them, therefore a week at least (faults.md 1).
 */
#define JOURNAL_SIZE        (1ull << 30)
#define JOURNAL_SIZE_MIN    (64ull << 20)
#define JOURNAL_SIZE_MAX    (64ull << 30)
#define JOURNAL_KEEP_NS     (30 * CONFIG_DAY_NS)
#define JOURNAL_KEEP_NS_MIN (7 * CONFIG_DAY_NS)
#define JOURNAL_KEEP_NS_MAX (3650 * CONFIG_DAY_NS)

static void site_holidays(struct config *config, const struct config_node *holidays) {
    struct config_index seen = {0};
    for (const struct config_node *item = holidays->first; item != NULL; item = item->next) {
        int32_t day;
        if (!config_date(config, item, &day)) {
            continue;
        }
        if (config_index_find(&seen, item->text) != UINT32_MAX) {
            config_error(config, item, "keep one of them", "`%s` is given twice", item->text);
            continue;
        }
        config_index_add(&config->arena, &seen, item->text, 0);
        if (config->holiday_count == HOLIDAYS_MAX) {
            config_error(config, item, NULL, "a site has at most %d holidays", HOLIDAYS_MAX);
            return;
        }
        config->holidays = config_grow(&config->arena, config->holidays, config->holiday_count,
                                       &config->holiday_room, sizeof *config->holidays);
        uint32_t at = config->holiday_count++;
        while (at > 0 && config->holidays[at - 1] > day) {
            config->holidays[at] = config->holidays[at - 1];
            at--;
        }
        config->holidays[at] = day;
    }
}

/* The time of day at which counters begin at 0 again. */
static void site_levelling(struct config *config, const struct config_node *node) {
    config->level_min = LEVEL_MIN;
    if (node == NULL) {
        return;
    }
    int minute = config_clock(node->text, strlen(node->text));
    if (minute < 0 || minute >= 1440) {
        config_error(config, node, "a time of day between 00:00 and 23:59",
                     "`%s` is not a time at which counters could be levelled", node->text);
        return;
    }
    config->level_min = (uint32_t)minute;
}

void config_site_check(struct config *config, const struct config_node *site) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    if (!config_fields(config, site, CONFIG_SHAPE_SITE, fields)) {
        return;
    }
    (void)config_id(config, fields[CONFIG_SITE_ID], CONFIG_ID_PLAIN, &config->site_id);
    (void)config_name(config, fields[CONFIG_SITE_NAME], &config->site_name);
    (void)config_timezone(config, fields[CONFIG_SITE_TIMEZONE], &config->timezone);
    if (fields[CONFIG_SITE_HOLIDAYS] != NULL) {
        site_holidays(config, fields[CONFIG_SITE_HOLIDAYS]);
    }
    site_levelling(config, fields[CONFIG_SITE_LEVELLING]);
    const struct config_node *standard = fields[CONFIG_SITE_STANDARD];
    if (standard != NULL) {
        const struct config_source *source = config_source_open_named(config, standard);
        if (source != NULL && source->root != NULL) {
            config_standard_check(config, source->root);
        }
    }
}

/* How long events are kept once everybody has them, and how large their file may become. */
static void site_journal(struct config *config, const struct config_node *journal) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    config->journal_keep_ns = JOURNAL_KEEP_NS;
    config->journal_size = JOURNAL_SIZE;
    if (journal == NULL || !config_fields(config, journal, CONFIG_SHAPE_JOURNAL, fields)) {
        return;
    }
    (void)config_span(config, fields[CONFIG_JOURNAL_KEEP], JOURNAL_KEEP_NS_MIN, JOURNAL_KEEP_NS_MAX,
                      &config->journal_keep_ns);
    (void)config_size(config, fields[CONFIG_JOURNAL_SIZE], JOURNAL_SIZE_MIN, JOURNAL_SIZE_MAX,
                      false, &config->journal_size);
    (void)config_private_path(config, fields[CONFIG_JOURNAL_SIGNING_KEY_FILE],
                              "the journal is not signed until it is there",
                              &config->journal_signing_key_file);
}

void config_gateway_check(struct config *config, const struct config_node *gateway) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    config->gateway_id = "main";
    config->recordings_size = RECORDINGS_SIZE;
    config->history_size = HISTORY_SIZE;
    site_journal(config, NULL);
    config->state_directory =
        config_source_path(config, config->site_source, CONFIG_STATE_DIRECTORY);
    if (gateway == NULL || !config_fields(config, gateway, CONFIG_SHAPE_GATEWAY, fields)) {
        return;
    }
    (void)config_id(config, fields[CONFIG_GATEWAY_ID], CONFIG_ID_PLAIN, &config->gateway_id);
    (void)config_path(config, fields[CONFIG_GATEWAY_STATE], &config->state_directory);
    (void)config_size(config, fields[CONFIG_GATEWAY_RECORDINGS], RECORDINGS_SIZE_MIN,
                      RECORDINGS_SIZE_MAX, true, &config->recordings_size);
    (void)config_size(config, fields[CONFIG_GATEWAY_HISTORY], HISTORY_SIZE_MIN, HISTORY_SIZE_MAX,
                      true, &config->history_size);
    site_journal(config, fields[CONFIG_GATEWAY_JOURNAL]);
    const struct config_node *console = fields[CONFIG_GATEWAY_CONSOLE];
    if (console == NULL || !config_fields(config, console, CONFIG_SHAPE_CONSOLE, fields)) {
        return;
    }
    const char *listen, *host;
    uint32_t port;
    if (config_text(config, fields[CONFIG_CONSOLE_LISTEN], &listen) &&
        config_host_port(config, fields[CONFIG_CONSOLE_LISTEN], 0, listen, 0, &host, &port)) {
        config->console_listen = listen;
    }
    const struct config_node *cert = fields[CONFIG_CONSOLE_CERT];
    const struct config_node *key = fields[CONFIG_CONSOLE_KEY];
    (void)config_secret_path(config, cert, "nobody can open the console until it is there",
                             &config->console_cert);
    (void)config_private_path(config, key, "nobody can open the console until it is there",
                              &config->console_key);
    if ((cert == NULL) != (key == NULL)) {
        config_error(config, cert == NULL ? key : cert, NULL, "`cert` and `key` come together");
    }
}

/* A broker's address, tcp://host:port or ssl://host:port. */
static void site_broker(struct config *config, const struct config_node *node) {
    const char *address, *host;
    uint32_t port;
    if (!config_text(config, node, &address)) {
        return;
    }
    bool tls = strncmp(address, "ssl://", 6) == 0;
    if (!tls && strncmp(address, "tcp://", 6) != 0) {
        config_error(config, node,
                     "such as tcp://127.0.0.1:1883, or ssl://broker.example:8883 for TLS",
                     "a broker's address begins with tcp:// or ssl://");
        return;
    }
    if (!config_host_port(config, node, 6, address + 6, tls ? 8883 : 1883, &host, &port)) {
        return;
    }
    if (config->broker_count == BROKERS_MAX) {
        config_error(config, node, NULL, "at most %d brokers are tried in order", BROKERS_MAX);
        return;
    }
    for (uint32_t i = 0; i < config->broker_count; i++) {
        if (strcmp(config->brokers[i], address) == 0) {
            config_error(config, node, "keep one of them", "`%s` is given twice", address);
            return;
        }
    }
    config->brokers = config_grow(&config->arena, config->brokers, config->broker_count,
                                  &config->broker_room, sizeof *config->brokers);
    config->brokers[config->broker_count++] = address;
}

/* Announcements to Home Assistant, where they are wanted. */
static void site_home_assistant(struct config *config, const struct config_node *map) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    const char *prefix;
    if (map == NULL || !config_fields(config, map, CONFIG_SHAPE_HOME_ASSISTANT, fields)) {
        return;
    }
    static const char *const languages[] = {[LANGUAGE_ZH] = "zh", [LANGUAGE_EN] = "en"};
    (void)config_word(config, fields[CONFIG_HOME_ASSISTANT_LANGUAGE], "a language of the names",
                      languages, 2, &config->home_assistant_language);
    if (!config_text(config, fields[CONFIG_HOME_ASSISTANT_PREFIX], &prefix)) {
        return;
    }
    if (!site_prefix_is_good(prefix)) {
        config_error(config, fields[CONFIG_HOME_ASSISTANT_PREFIX],
                     "`homeassistant`, unless Home Assistant was set up with another",
                     "`%s` is no discovery prefix: levels of a-z, A-Z, 0-9, _ and -, at most %d "
                     "characters, and not below tocsin/",
                     prefix, SITE_PREFIX_LEN_MAX);
        return;
    }
    config->home_assistant_prefix = prefix;
}

static const char mqtt_effect[] = "nothing can be published until it is there";

void config_mqtt_check(struct config *config, const struct config_node *mqtt) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    config->mqtt_version = 5;
    if (mqtt == NULL || !config_fields(config, mqtt, CONFIG_SHAPE_MQTT, fields)) {
        return;
    }
    const struct config_node *brokers = fields[CONFIG_MQTT_BROKERS];
    for (const struct config_node *item = brokers != NULL ? brokers->first : NULL; item != NULL;
         item = item->next) {
        site_broker(config, item);
    }
    if (brokers != NULL && brokers->count == 0) {
        config_error(config, brokers, "name a broker, or leave `mqtt` out", "`brokers` is empty");
    }
    static const char *const versions[] = {"5", "3.1.1"};
    uint32_t version;
    if (config_word(config, fields[CONFIG_MQTT_VERSION], "a version of MQTT that is spoken here",
                    versions, 2, &version)) {
        config->mqtt_version = version == 0 ? 5 : 3;
    }
    (void)config_secret_path(config, fields[CONFIG_MQTT_CA], mqtt_effect, &config->mqtt_ca);
    (void)config_secret_path(config, fields[CONFIG_MQTT_CERT], mqtt_effect, &config->mqtt_cert);
    (void)config_private_path(config, fields[CONFIG_MQTT_KEY], mqtt_effect, &config->mqtt_key);
    (void)config_text(config, fields[CONFIG_MQTT_USER], &config->mqtt_user);
    (void)config_private_path(config, fields[CONFIG_MQTT_PASSWORD_FILE], mqtt_effect,
                              &config->mqtt_password_file);
    site_home_assistant(config, fields[CONFIG_MQTT_HOME_ASSISTANT]);
    bool commands = false;
    (void)config_truth(config, fields[CONFIG_MQTT_COMMANDS], &commands);
    config->mqtt_commands = commands;
    const struct config_node *cert = fields[CONFIG_MQTT_CERT];
    const struct config_node *key = fields[CONFIG_MQTT_KEY];
    if ((cert == NULL) != (key == NULL)) {
        config_error(config, cert != NULL ? cert : key, NULL, "`cert` and `key` come together");
    }
    if (fields[CONFIG_MQTT_PASSWORD_FILE] != NULL && fields[CONFIG_MQTT_USER] == NULL) {
        config_error(config, fields[CONFIG_MQTT_PASSWORD_FILE], "add `user`",
                     "a password belongs to a user");
    }
}

void config_influx_check(struct config *config, const struct config_node *influx) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    if (influx == NULL || !config_fields(config, influx, CONFIG_SHAPE_INFLUX, fields)) {
        return;
    }
    static const char effect[] = "no history is written to the database until it is there";
    static const char *const precisions[] = {
        [SITE_PRECISION_NS] = "ns", [SITE_PRECISION_MS] = "ms"};
    config->influx_spool_size = SPOOL_SIZE;
    (void)config_url(config, fields[CONFIG_INFLUX_URL], &config->influx_url);
    (void)config_text(config, fields[CONFIG_INFLUX_DATABASE], &config->influx_database);
    (void)config_text(config, fields[CONFIG_INFLUX_ORG], &config->influx_org);
    (void)config_text(config, fields[CONFIG_INFLUX_BUCKET], &config->influx_bucket);
    (void)config_text(config, fields[CONFIG_INFLUX_USER], &config->influx_user);
    (void)config_private_path(config, fields[CONFIG_INFLUX_TOKEN_FILE], effect,
                              &config->influx_token_file);
    (void)config_private_path(config, fields[CONFIG_INFLUX_PASSWORD_FILE], effect,
                              &config->influx_password_file);
    (void)config_secret_path(config, fields[CONFIG_INFLUX_CA], effect, &config->influx_ca);
    (void)config_word(config, fields[CONFIG_INFLUX_PRECISION], "a precision of times", precisions,
                      2, &config->influx_precision);
    (void)config_size(config, fields[CONFIG_INFLUX_SPOOL], SPOOL_SIZE_MIN, SPOOL_SIZE_MAX, true,
                      &config->influx_spool_size);
    const struct config_node *database = config_node_member(influx, "database");
    bool org = config_node_member(influx, "org") != NULL;
    bool bucket = config_node_member(influx, "bucket") != NULL;
    if (database != NULL && (org || bucket)) {
        config_error(config, database->key, "keep the one that your database has",
                     "`database` is of version 1, `org` and `bucket` are of version 2");
    } else if (database == NULL && !(org && bucket)) {
        config_error(config, influx, "`database` for version 1, `org` and `bucket` for version 2",
                     "it does not say where in the database to write");
    }
    if (fields[CONFIG_INFLUX_PASSWORD_FILE] != NULL && fields[CONFIG_INFLUX_USER] == NULL) {
        config_error(config, fields[CONFIG_INFLUX_PASSWORD_FILE], "add `user`",
                     "a password belongs to a user");
    }
}

/*
 * What an operator of a push service may write to or look at. It stands in a token as it is: nothing that
 * JSON would have to escape.
 */
static bool contact_is_good(const char *contact) {
    enum { CONTACT_LEN_MAX = 200 };
    size_t len = strlen(contact);
    bool scheme = strncmp(contact, "mailto:", 7) == 0 || strncmp(contact, "https://", 8) == 0;
    for (size_t i = 0; i < len; i++) {
        if (contact[i] <= ' ' || contact[i] > '~' || strchr("\"\\<>", contact[i]) != NULL) {
            return false;
        }
    }
    return scheme && len > 8 && len <= CONTACT_LEN_MAX;
}

void config_push_check(struct config *config, const struct config_node *push) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    const char *contact;
    if (push == NULL || !config_fields(config, push, CONFIG_SHAPE_PUSH, fields)) {
        return;
    }
    (void)config_secret_path(config, fields[CONFIG_PUSH_CA],
                             "a push service of your own is not believed until it is there",
                             &config->push_ca);
    if (!config_text(config, fields[CONFIG_PUSH_CONTACT], &contact)) {
        return;
    } else if (!contact_is_good(contact)) {
        config_error(config, fields[CONFIG_PUSH_CONTACT], "such as mailto:duty@site.example",
                     "`%s` is no contact: an address of mail or the web, of at most 200 characters",
                     contact);
        return;
    }
    config->push_contact = contact;
}
