/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_VIEW_H
#define GATEWAY_CONSOLE_VIEW_H

/*
 * What the console knows
 *
 * The tables that every answer is made from: the state of each alarm, the last value of each point,
 * the components, and above all how fresh all this is. The engine fills them over the wire; nothing
 * here asks it. A table that nobody fills any more keeps its last content, but no answer shows it
 * as present:
 *
 *     AWAY     not connected: values are of the past and their quality is at best stale
 *     SYNCING  welcomed, the snapshot of the alarms is not complete: "no alarm" cannot be said yet
 *     PRESENT  connected, and heard within VIEW_SILENT_MS
 *     SILENT   connected, but nothing came for longer than that; as bad as away
 *
 * Connected to the engine again, alarms of which the snapshot says nothing have become normal
 * meanwhile. The arrays are as long as the site's; pages that were never written cost nothing.
 */

#include "gateway/site.h"
#include "gateway/wire.h"

/* The engine speaks each second; five of them missed is no accident. Real time. */
enum { VIEW_SILENT_MS = 5000 };

enum view_engine { VIEW_AWAY, VIEW_SYNCING, VIEW_PRESENT, VIEW_SILENT };

/* What can change; see view_revisions. */
enum view_table {
    VIEW_TABLE_ALARMS,
    VIEW_TABLE_POINTS,
    VIEW_TABLE_QUALITIES, /* of points, and whether they were ever heard */
    VIEW_TABLE_TRUTHS,
    VIEW_TABLE_BUSES,
    VIEW_TABLE_HEAD, /* what every list begins with, but for its age; and the components */
    VIEW_TABLE_COUNT,
};

enum { VIEW_TRUTH_UNTOLD = TRUTH_COUNT };

struct view_alarm {
    struct alarm_record record;
    struct wall taken; /* when the record was */
    struct wall changed;
    double value;
    uint32_t quality; /* enum quality */
    uint32_t calling; /* whose acknowledgement would end the calls: a set of 1 << enum role */
    uint32_t round;   /* of the snapshot that named it last */
};

struct view_point {
    double value;
    struct wall measured;
    struct wall heard;
    double said;       /* the last value that was usable */
    struct wall since; /* it has said that one; 0: since before it was told to this console first */
    uint32_t round;    /* of the connection that told it last; 0: nobody has said anything yet */
    uint8_t quality;   /* enum quality */
};

/* What a process counts of itself, as it was told on the connection of that round. */
struct view_figures {
    uint32_t round; /* 0: never */
    uint64_t values[FIGURE_COUNT];
};

/* The test of a place. */
struct view_test {
    uint32_t round; /* of the components that closed the list which it was in; 0: never */
    enum role role;
    struct wall begun, until;
    char actor[LIMIT_ACTOR];
    char reason[LIMIT_REASON];
};

struct view_bus {
    uint32_t round;
    struct wire_bus counts;
};

struct view {
    const struct site *site;
    struct view_alarm *alarms; /* parallel to the ruleset's */
    uint32_t pending_count;    /* of them: those that wait for their delay */
    struct view_point *points;
    uint8_t *truths; /* enum truth by alarm, as told on this connection; else VIEW_TRUTH_UNTOLD */
    /* The system_device_lost of the first device, the others' behind it; RULESET_NONE: none. */
    uint32_t device_alarm_first;
    struct wire_components components; /* valid once `components_known` */
    bool components_known;
    struct view_test *tests; /* by place */
    uint32_t tests_round;    /* counts the components: a test that runs is of the last */
    struct view_figures figures[LIMIT_COMPONENTS]; /* of field processes and the uplink */
    struct view_figures engine_figures;
    struct view_bus *buses; /* parallel to the site's */
    /*
     * How often each table was told anew. As long as they stand and view_engine() is the same, what is said
     * of them is the same, but for ages, which only grow.
     */
    uint64_t revisions[VIEW_TABLE_COUNT];
    bool tests_told; /* since the last components, or just before them */
    bool connected;
    bool complete;  /* the snapshot of this connection is */
    uint32_t round; /* counts the welcomes */
    /* Last message of the engine; when the console began, if there was none. */
    uint64_t heard_real_ns;
    bool heard_ever;
    char boot[24]; /* "" before the first welcome */
    uint64_t newest_seq;
    uint64_t faults; /* messages that name no alarm or point of this site */
};

/* Start empty and away. Keeps `site`. */
NODISCARD int view_init(struct view *view, const struct site *site, uint64_t real_ns);
void view_deinit(struct view *view);

/* The engine welcomed us, said something, or is gone. */
void view_welcome(struct view *view, const struct wire_welcome *welcome, uint64_t real_ns);
void view_receive(struct view *view, const struct wire_header *message, uint64_t real_ns);
void view_lost(struct view *view);

enum view_engine view_engine(const struct view *view, uint64_t real_ns);

/* "away", "syncing", "present", "silent": as in every answer's `engine`. Static storage. */
const char *view_engine_name(enum view_engine engine);

/* What the uplink counts of itself, as told on this connection; NULL while it is not there. */
const uint64_t *view_uplink_figures(const struct view *view);

/* How long nothing has come from the engine; real time. */
uint64_t view_silence_ns(const struct view *view, uint64_t real_ns);

/* Is it lost, as far as its alarm says? */
bool view_device_is_lost(const struct view *view, uint32_t device);

/* Its system_device_lost, or RULESET_NONE. */
uint32_t view_device_alarm(const struct view *view, uint32_t device);

/* What a bus counts, as told on this connection; NULL while its process is not there. */
const struct wire_bus *view_bus_counts(const struct view *view, uint32_t bus);

/* Does a test of this very place run, as far as the engine has said? */
bool view_is_tested(const struct view *view, uint32_t place);

/*
 * The quality to show of a point: a good value is stale without the engine, and until it was told
 * again on the present connection. A card reader with a wrong clock is at fault, though it is understood.
 */
enum quality view_point_quality(const struct view *view, uint32_t point, enum view_engine engine);

#endif
