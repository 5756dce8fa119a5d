/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whether the database takes anything, and how long the ships wait if not
 */
#include <inttypes.h>

#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/uplink/database/shipper_parts.h"
#include "gateway/uplink/names.h"

#define EFFECT_AWAY                                                                                \
    "new values wait on the disk and are written when it is back; charts end here until then; "    \
    "alarms are not affected"

static void shipper_note_state(struct shipper *shipper, enum truth reachable, bool refusing) {
    struct shipper_stats *stats = &shipper->stats;
    if (stats->reachable != reachable || stats->refusing != refusing) {
        stats->reachable = reachable;
        stats->refusing = refusing;
        stats->since = clock_wall();
    }
}

void shipper_is_well(struct shipper *shipper) {
    uint64_t kept_back = 0;
    if (shipper->well) {
        return;
    }
    shipper->well = true;
    names_worked(shipper->conf.target.url);
    shipper->well_real_ns = clock_real_ns();
    shipper_note_state(shipper, TRUTH_TRUE, false);
    if (log_permit(&shipper->back_limiter, &kept_back)) {
        char quoted[SHIPPER_REASON_SIZE];
        log_line(LOG_NOTICE, "database_takes_values",
                 "url=%s kept_back=%" PRIu64
                 " effect=\"values and events are written, what waited too\"",
                 log_quote(shipper->conf.target.url, quoted, sizeof quoted), kept_back);
    }
}

void shipper_lose(struct shipper *shipper, uint64_t lines) {
    struct shipper_mailbox *mailbox = &shipper->mailbox;
    uint64_t kept_back = 0;
    char quoted[SHIPPER_REASON_SIZE];
    (void)pthread_mutex_lock(&shipper->lock);
    mailbox->lost_lines += lines;
    uint64_t lost = mailbox->stats.lines_lost + mailbox->lost_lines;
    bool tell = lines > 0 && log_permit(&mailbox->lost_limiter, &kept_back) != 0;
    (void)pthread_mutex_unlock(&shipper->lock);
    if (tell) {
        log_line(
            LOG_ERROR, "values_lost",
            "directory=%s lost=%" PRIu64 " kept_back=%" PRIu64
            " effect=\"neither the database nor the disk of this directory takes values, and what "
            "waits in memory is full: charts have a gap here; alarms are not affected\" "
            "advice=\"get the database back; look at this disk: does it hang (dmesg), is it full, "
            "may it be written?\"",
            log_quote(shipper->conf.directory, quoted, sizeof quoted), lost, kept_back);
    }
}

void shipper_is_down(struct shipper *shipper, const char *reason, uint64_t wait_ms) {
    uint64_t kept_back = 0;
    shipper->stats.failures++;
    shipper->proven = false;
    if (shipper->waiting) {
        return; /* the others that were under way fail as well */
    }
    names_failed(shipper->conf.target.url);
    uint64_t held_ms = shipper->well ? (clock_real_ns() - shipper->well_real_ns) / NS_PER_MS : 0;
    uint64_t backoff_ms = reconnect_failed(&shipper->backoff, held_ms);
    const struct timeval wait = shipper_timeval(wait_ms > backoff_ms ? wait_ms : backoff_ms);
    shipper->well = false;
    shipper->waiting = true;
    shipper_note_state(shipper, TRUTH_FALSE, shipper->answered);
    (void)event_add(shipper->retry, &wait);
    if (log_permit_reason(&shipper->lost_reasons, reason, &kept_back)) {
        char quoted_url[SHIPPER_REASON_SIZE];
        char told[SHIPPER_REASON_SIZE];
        char quoted_reason[SHIPPER_REASON_SIZE + 16];
        names_explain(shipper->conf.target.url, reason, told, sizeof told);
        log_line(LOG_WARNING, "database_takes_nothing",
                 "url=%s reason=%s kept_back=%" PRIu64 " effect=\"" EFFECT_AWAY "\"",
                 log_quote(shipper->conf.target.url, quoted_url, sizeof quoted_url),
                 log_quote(told, quoted_reason, sizeof quoted_reason), kept_back);
    }
}
