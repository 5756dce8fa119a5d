/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The ledger, simulated: from the journal to the broker under every fault of the way
 *
 *     ledger_sim SEED [honest | early_confirm]
 *     ledger_sim FIRST-LAST [honest | early_confirm]
 *
 * lives one seed, or each of a batch; a seed that ends badly is printed. The journal's store and its
 * reader, the outbox and the feeder are the product's own, the journal is a file in memory; engine,
 * line and broker are a few lines here, without a socket or a thread, on a clock that only this file
 * moves. So a life takes milliseconds and is lived again by its seed.
 *
 * A life records numbered events of both lanes, and of two alarms, and meanwhile
 *
 *     the engine dies before a commit, or after it and before it has told anybody
 *     the uplink dies, with what it knew of the broker's answers
 *     the wire between them is full, so that events are only counted
 *     the journal cannot be read for a while; events go out before their commit
 *     the line breaks with messages in flight, of which the broker got the first few
 *     a PUBACK is lost, so that the line ends at its deadline; comes late; refuses the message
 *
 * until all is healed. Then the books have to agree:
 *
 *     L1  Every recorded event was delivered.
 *     L2  What was delivered as recorded had been recorded, with that number.
 *     L3  The events of an alarm were first sent in their order, but for those that are counted as ahead of
 *         a journal that cannot be read.
 *     L4  What the engine was told is confirmed had been taken by the broker.
 *     L5  The broker's retained states are those of the alarms.
 *     L6  When an event is confirmed, what the broker took last of its alarm is not older, with the
 *         same exception as L3: what it refused, and takes later, does not come after what is newer.
 *
 * The control `early_confirm` has the line report each message as taken when it is sent. It succeeds
 * only if L1 and L4 are broken by it: a ledger that cannot fail proves nothing.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/journal/journal_store.h"
#include "gateway/uplink/feeder.h"
#include "gateway/uplink/uplink_json.h"
#include "tests/support/console_site.h"
#include "tests/support/dice.h"
#include "tests/support/scratch.h"

enum {
    STEPS = 1500,
    HEAL_STEPS = 4000,
    EVENTS_MAX = 8192,
    FLIGHT_MAX = 100,
    ALARMS = 2, /* of the site: a call and a fire */
    ANSWER_S = 15,
};

/* ---- the clock ---- */

static uint64_t now_ns;

uint64_t __wrap_clock_real_ns(void);
struct instant __wrap_clock_instant(void);
struct wall __wrap_clock_wall(void);

uint64_t __wrap_clock_real_ns(void) {
    return now_ns;
}

struct instant __wrap_clock_instant(void) {
    return (struct instant){now_ns};
}

struct wall __wrap_clock_wall(void) {
    return (struct wall){(int64_t)(UINT64_C(1795000000) * NS_PER_S + now_ns)};
}

/* ---- a life ---- */

enum fault {
    ENGINE_DIED_BEFORE_COMMIT,
    ENGINE_DIED_AFTER_COMMIT,
    UPLINK_DIED,
    WIRE_FULL,
    JOURNAL_ABSENT,
    TOLD_EARLY,
    LINE_BROKE,
    ANSWER_LOST,
    REFUSED,
    FAULTS,
};

static const char *const fault_names[FAULTS] = {
    [ENGINE_DIED_BEFORE_COMMIT] = "engine_died_before_commit",
    [ENGINE_DIED_AFTER_COMMIT] = "engine_died_after_commit",
    [UPLINK_DIED] = "uplink_died",
    [WIRE_FULL] = "wire_full",
    [JOURNAL_ABSENT] = "journal_absent",
    [TOLD_EARLY] = "told_early",
    [LINE_BROKE] = "line_broke",
    [ANSWER_LOST] = "answer_lost",
    [REFUSED] = "refused",
};

/* A message between the line and the broker. */
struct message {
    uint64_t ticket;
    uint64_t seq;    /* 0: no recorded event */
    uint64_t number; /* of the event */
    uint32_t alarm;  /* retained state of this alarm; RULESET_NONE: none */
    bool open;       /* … which says this */
    bool got;        /* the broker has it, and its answer is on the way or lost */
    bool answer_lost;
    bool ahead; /* of a journal that could not be read, and counted as that */
    uint64_t sent_ns;
};

struct record {
    uint64_t number;
    uint32_t alarm; /* RULESET_NONE: an activity */
    bool delivered;
    bool arrived; /* or refused: it was sent */
};

struct books {
    uint64_t events, deliveries, duplicates, early, sessions;
    uint64_t lost, unknown, disorder, overconfirmed, ends;
    uint64_t faults[FAULTS];
};

struct life {
    struct dice dice;
    bool lies; /* the control */
    bool healing;
    char directory[64];
    char path[96];
    struct site site;
    struct books *books;
    /* the engine */
    struct journal_store *store;
    struct journal_gather gather;
    uint64_t boot, number, early;
    char boot_text[24], prefix[64];
    bool open[ALARMS], open_recorded[ALARMS];
    uint64_t confirmed[JOURNAL_LANE_COUNT]; /* as the uplink told */
    /* the uplink */
    struct feeder feeder;
    struct journal_reader *reader;
    uint64_t tick_ns, absent_until_ns;
    uint64_t ahead_count; /* of its outbox */
    bool missed;          /* the wire was full */
    bool missed_of[ALARMS];
    /* the line */
    bool up;
    uint32_t window, in_flight;
    uint64_t connect_ns;
    struct message flight[FLIGHT_MAX];
    /* the broker */
    bool retained[ALARMS];
    uint64_t
        newest[ALARMS]; /* seq of the last that came of this alarm, and not ahead of the journal */
    uint64_t heard[ALARMS]; /* seq of the last that it took of this alarm */
    uint64_t ahead[ALARMS]; /* the newest that went ahead of the journal */
    struct record records[EVENTS_MAX + 1];
};

static uint64_t life_random(struct life *life) {
    return dice_next(&life->dice);
}

static bool life_happens(struct life *life, uint32_t per_mille) {
    return life_random(life) % 1000 < per_mille;
}

/* A fault, which is counted; none while all heals. */
static bool life_fault(struct life *life, enum fault fault, uint32_t per_mille) {
    bool happens = !life->healing && life_happens(life, per_mille);
    life->books->faults[fault] += happens;
    return happens;
}

/* ---- the broker ---- */

static uint64_t number_after(const char *text, const char *key) {
    const char *at = strstr(text, key);
    return at == NULL ? 0 : strtoull(at + strlen(key), NULL, 10);
}

/* A recorded event has come, for the first time or again. L3 */
static void broker_arrived(struct life *life, const struct message *message) {
    struct record *record = &life->records[message->seq];
    if (record->arrived) {
        return;
    }
    record->arrived = true;
    uint32_t alarm = record->alarm;
    if (alarm == RULESET_NONE) {
        return;
    }
    life->books->disorder += message->seq < life->newest[alarm];
    if (message->seq > life->newest[alarm] && !message->ahead) {
        life->newest[alarm] = message->seq;
    }
}

/* The broker keeps what came. L2 */
static void broker_take(struct life *life, const struct message *message) {
    if (message->alarm != RULESET_NONE) {
        life->retained[message->alarm] = message->open;
    }
    if (message->seq == 0) {
        life->books->early += message->number > 0;
        return;
    }
    if (message->seq > journal_store_newest(life->store) ||
        life->records[message->seq].number != message->number) {
        life->books->unknown++;
        return;
    }
    broker_arrived(life, message);
    struct record *record = &life->records[message->seq];
    life->books->deliveries++;
    life->books->duplicates += record->delivered;
    record->delivered = true;
    if (record->alarm != RULESET_NONE) {
        life->heard[record->alarm] = message->seq;
        if (message->ahead && message->seq > life->ahead[record->alarm]) {
            life->ahead[record->alarm] = message->seq;
        }
    }
}

/* ---- the line ---- */

static uint32_t line_room(void *context) {
    const struct life *life = context;
    return life->up ? life->window - life->in_flight : 0;
}

static uint32_t line_window(void *context) {
    const struct life *life = context;
    return life->window;
}

static uint32_t line_alarm(const struct life *life, const char *topic) {
    const char *name = topic_alarm_name(&life->feeder.root, topic);
    return name == NULL ? RULESET_NONE : site_alarm_find(&life->site, name);
}

static int line_publish(void *context, const char *topic, const void *payload, size_t size,
                        bool retained, uint64_t ticket) {
    struct life *life = context;
    if (!life->up) {
        return 2;
    }
    assert(life->in_flight < life->window);
    char text[UPLINK_JSON_SIZE];
    memcpy(text, payload, size);
    text[size] = '\0';
    struct message *message = &life->flight[life->in_flight++];
    *message = (struct message){
        .ticket = ticket,
        .alarm = retained ? line_alarm(life, topic) : RULESET_NONE,
        .open = size > 0,
        .sent_ns = now_ns,
    };
    if (!retained) {
        message->number = number_after(text, "\"number\":");
        message->seq = number_after(text, "\"sequence\":");
        message->ahead = life->feeder.outbox.ahead_of_journal != life->ahead_count;
        life->ahead_count = life->feeder.outbox.ahead_of_journal;
    }
    return 0;
}

static void line_ask(void *context) {
    (void)context; /* nothing here is more than the feeder keeps */
}

static int line_read(void *context, const struct journal_query *query,
                     bool (*row)(void *context, const struct journal_row *row), void *row_context,
                     uint64_t *ret_last_seq) {
    struct life *life = context;
    if (now_ns < life->absent_until_ns) {
        return JOURNAL_E_ABSENT;
    }
    return journal_read(life->reader, query, row, row_context, ret_last_seq);
}

static void line_forget(struct life *life, uint32_t index) {
    life->in_flight--;
    memmove(&life->flight[index], &life->flight[index + 1],
            (life->in_flight - index) * sizeof life->flight[0]);
}

/* The connection ends: of what was on its way the broker got the first few. */
static void line_break(struct life *life) {
    uint32_t got = (uint32_t)(life_random(life) % (life->in_flight + 1));
    for (uint32_t i = 0; i < got; i++) {
        if (!life->flight[i].got) {
            broker_take(life, &life->flight[i]);
        }
    }
    life->in_flight = 0;
    life->up = false;
    life->connect_ns = now_ns + life_random(life) % (5 * NS_PER_S);
    feeder_session_end(&life->feeder);
}

static void line_connect(struct life *life) {
    char name[SITE_ALARM_NAME_SIZE];
    char topic[TOPIC_SIZE];
    life->up = true;
    life->books->sessions++;
    life->window = 1 + (uint32_t)(life_random(life) % 20);
    feeder_session_begin(&life->feeder);
    for (uint32_t alarm = 0; alarm < ALARMS; alarm++) {
        if (life->retained[alarm]) {
            site_alarm_format(&life->site, alarm, name);
            topic_alarm(&life->feeder.root, name, topic);
            feeder_retained(&life->feeder, topic, "{}");
        }
    }
    (void)feeder_pump(&life->feeder);
}

/* The next message that the broker does not have comes to it, and is answered now or later. */
static void line_deliver(struct life *life) {
    uint32_t at = 0;
    while (at < life->in_flight && life->flight[at].got) {
        at++;
    }
    if (at == life->in_flight) {
        return;
    }
    struct message *message = &life->flight[at];
    if (message->alarm == RULESET_NONE && message->seq > 0 && life_fault(life, REFUSED, 5)) {
        uint64_t ticket = message->ticket;
        broker_arrived(life, message);
        line_forget(life, at);
        feeder_refused(&life->feeder, ticket, false);
        return;
    }
    broker_take(life, message);
    message->got = true;
    message->answer_lost = life_fault(life, ANSWER_LOST, 5);
}

static void line_answer(struct life *life) {
    for (uint32_t i = 0; i < life->in_flight; i++) {
        if (life->flight[i].got && !life->flight[i].answer_lost) {
            uint64_t ticket = life->flight[i].ticket;
            line_forget(life, i);
            feeder_taken(&life->feeder, ticket);
            return;
        }
    }
}

/* The control: the library's word that it has sent something is taken for the broker's. */
static void line_lie(struct life *life) {
    for (uint32_t i = 0; i < life->in_flight; i++) {
        feeder_taken(&life->feeder, life->flight[i].ticket);
    }
}

static void line_turn(struct life *life) {
    if (!life->up) {
        if (now_ns >= life->connect_ns) {
            line_connect(life);
        }
        return;
    }
    if (life->lies) {
        line_lie(life);
    }
    bool silent = life->in_flight > 0 && now_ns - life->flight[0].sent_ns > ANSWER_S * NS_PER_S;
    if (silent || life_fault(life, LINE_BROKE, 10)) {
        line_break(life);
        return;
    }
    for (uint64_t i = life_random(life) % 24; i > 0; i--) {
        if (life_happens(life, 500)) {
            line_deliver(life);
        } else {
            line_answer(life);
        }
    }
    (void)feeder_pump(&life->feeder);
}

/* ---- the uplink ---- */

static void uplink_begin(struct life *life) {
    const struct feeder_port port = {
        .context = life,
        .room = line_room,
        .window = line_window,
        .publish = line_publish,
        .ask = line_ask,
        .read = line_read,
    };
    life->ahead_count = 0;
    if (feeder_init(&life->feeder, &life->site, &port) != 0 ||
        journal_reader_new(life->directory, &life->reader) != 0) {
        abort();
    }
}

static void uplink_end(struct life *life) {
    life->reader = journal_reader_free(life->reader);
    feeder_deinit(&life->feeder);
}

/* What has been confirmed goes to the engine. L4 */
static void uplink_tell_confirmed(struct life *life) {
    for (int lane = 0; lane < JOURNAL_LANE_COUNT; lane++) {
        uint64_t seq = outbox_confirmed(&life->feeder.outbox, (enum core_lane)lane);
        for (uint64_t s = life->confirmed[lane] + 1; s <= seq; s++) {
            bool own = (life->records[s].alarm == RULESET_NONE) == (lane == LANE_ACTIVITY);
            life->books->overconfirmed += own && !life->records[s].delivered;
            if (own && lane == LANE_ALARM) {
                uint32_t alarm = life->records[s].alarm;
                bool late = life->heard[alarm] < s && life->ahead[alarm] <= life->heard[alarm];
                life->books->disorder += late; /* L6 */
            }
        }
        if (seq > life->confirmed[lane]) {
            life->confirmed[lane] = seq;
            journal_gather_confirm(&life->gather, JOURNAL_SINK_MQTT, (enum core_lane)lane, seq);
        }
    }
}

/* ---- the engine ---- */

static void engine_alarm_name(const void *context, uint32_t alarm, char *ret) {
    site_alarm_format(context, alarm, ret);
}

static void engine_welcome(struct life *life) {
    uint64_t confirmed[JOURNAL_SINK_COUNT][JOURNAL_LANE_COUNT];
    journal_store_confirmed(life->store, confirmed);
    struct wire_welcome welcome = {
        .newest_seq = journal_store_newest(life->store),
        .confirmed_alarm = confirmed[JOURNAL_SINK_MQTT][LANE_ALARM],
        .confirmed_activity = confirmed[JOURNAL_SINK_MQTT][LANE_ACTIVITY],
    };
    (void)snprintf(welcome.boot, sizeof welcome.boot, "%" PRIu64, life->boot);
    feeder_welcome(&life->feeder, &welcome);
    for (uint32_t alarm = 0; alarm < ALARMS; alarm++) {
        struct wire_alarm_state state = {.alarm = alarm, .snapshot = 1};
        state.record.axes = (struct alarm_axes){.open = true, .active = true};
        if (life->open_recorded[alarm]) {
            feeder_alarm_state(&life->feeder, &state);
        }
    }
    const struct wire_alarm_state end = {.alarm = RULESET_NONE, .snapshot = 2};
    feeder_alarm_state(&life->feeder, &end);
    life->missed = false;
    memset(life->missed_of, 0, sizeof life->missed_of);
    (void)feeder_pump(&life->feeder);
}

/* The engine's next life begins with what the journal has. */
static void engine_begin(struct life *life) {
    static struct journal_identity identity;
    char reason[JOURNAL_REASON_SIZE];
    identity = (struct journal_identity){.site = "gulou-demo",
                                         .gateway = "main",
                                         .alarm_name = engine_alarm_name,
                                         .context = &life->site};
    if (journal_store_open(life->path, &identity, &life->store, reason) != 0 ||
        journal_gather_init(&life->gather, CONSOLE_SITE_ALARMS) != 0) {
        abort();
    }
    life->boot = journal_store_boot(life->store) + 1;
    if (journal_store_boot_write(life->store, life->boot, 1) != 0) {
        abort();
    }
    (void)snprintf(life->boot_text, sizeof life->boot_text, "%" PRIu64, life->boot);
    (void)snprintf(life->prefix, sizeof life->prefix, "gulou-demo.main.%" PRIu64 ".", life->boot);
    life->early = 0;
    for (uint32_t alarm = 0; alarm < ALARMS; alarm++) {
        life->open[alarm] = life->open_recorded[alarm];
    }
}

static void engine_end(struct life *life) {
    journal_gather_deinit(&life->gather);
    life->store = journal_store_free(life->store, false);
}

static void engine_restart(struct life *life) {
    engine_end(life);
    engine_begin(life);
    engine_welcome(life);
}

/* Send an event over the wire, which may be full. */
static void engine_tell(struct life *life, const struct journal_event *event, uint64_t seq) {
    uint64_t early = atomic_load(&event->early);
    struct wire_event message = {
        .seq = seq,
        .early = early,
        .alarm = event->alarm,
        .type = event->type,
        .lane = event->lane,
        .class = event->class,
    };
    if (life->missed || life_fault(life, WIRE_FULL, 20)) {
        life->missed = true;
        if (seq > 0 && event->alarm != RULESET_NONE) {
            life->missed_of[event->alarm] = true;
        }
        return;
    }
    message.body_size = (uint32_t)journal_event_body(event, life->prefix, seq, early, message.body);
    feeder_event(&life->feeder, &message);
}

/* Something happens: an alarm's story goes on, or somebody shows a card. */
static void engine_happen(struct life *life) {
    static const char head[] = ",\"specversion\":\"1.0\"";
    uint32_t alarm = (uint32_t)(life_random(life) % (2 * ALARMS));
    alarm = alarm < ALARMS ? alarm : RULESET_NONE;
    static const char *const classes[ALARMS] = {"call.emergency", "fire.alarm"};
    char text[256];
    int size =
        alarm == RULESET_NONE
            ? snprintf(text, sizeof text, "%s,\"data\":{\"number\":%" PRIu64 "}}", head,
                       ++life->number)
            : snprintf(text, sizeof text, "%s,\"data\":{\"class\":\"%s\",\"number\":%" PRIu64 "}}",
                       head, classes[alarm], ++life->number);
    struct journal_event *event;
    if (journal_event_new(text, strlen(head), (size_t)size, &event) != 0) {
        abort();
    }
    event->wall = clock_wall();
    event->alarm = alarm;
    event->lane = alarm == RULESET_NONE ? LANE_ACTIVITY : LANE_ALARM;
    event->class = (uint8_t)(alarm == 0   ? CLASS_CALL_EMERGENCY
                             : alarm == 1 ? CLASS_FIRE_ALARM
                                          : ALARM_CLASS_COUNT);
    event->type = EVENT_ACCESS_GRANTED;
    atomic_init(&event->early, 0);
    if (alarm != RULESET_NONE) {
        struct journal_alarm *state;
        if (journal_alarm_new(alarm, 0, &state) != 0) {
            abort();
        }
        life->open[alarm] = !life->open[alarm];
        event->type = life->open[alarm] ? EVENT_ALARM_RAISED : EVENT_ALARM_CLEARED;
        state->record.axes =
            (struct alarm_axes){.open = life->open[alarm], .active = life->open[alarm]};
        journal_gather_add_alarm(&life->gather, state);
    }
    journal_gather_add_event(&life->gather, event);
}

/* The disk is slow: what waits for its commit goes out without a sequence. */
static void engine_tell_early(struct life *life) {
    for (struct journal_event *event = life->gather.first; event != NULL; event = event->next) {
        if (atomic_load(&event->early) == 0) {
            atomic_store(&event->early, ++life->early);
            engine_tell(life, event, 0);
        }
    }
}

static void engine_commit(struct life *life) {
    if (journal_store_commit(life->store, &life->gather, life->boot_text, life->prefix) != 0) {
        abort();
    }
    for (struct journal_event *event = life->gather.first; event != NULL; event = event->next) {
        assert(event->seq <= EVENTS_MAX);
        struct record *record = &life->records[event->seq];
        record->alarm = event->alarm;
        /* The text is no string. */
        char *text = strndup(event->text, event->size);
        assert(text != NULL);
        record->number = number_after(text, "\"number\":");
        free(text);
        life->books->events++;
    }
    for (uint32_t alarm = 0; alarm < ALARMS; alarm++) {
        life->open_recorded[alarm] = life->open[alarm];
    }
}

/* Tell what has been committed, then the states; if some did not fit, how far the journal is. */
static void engine_tell_recorded(struct life *life) {
    for (struct journal_event *event = life->gather.first; event != NULL; event = event->next) {
        engine_tell(life, event, event->seq);
    }
    for (const struct journal_alarm *alarm = life->gather.alarms; alarm != NULL;
         alarm = alarm->next) {
        const struct wire_alarm_state state = {.alarm = alarm->alarm, .record = alarm->record};
        feeder_alarm_state(&life->feeder, &state);
    }
    if (life->missed && (life->healing || life_happens(life, 300))) {
        struct wire_journal journal = {.newest_seq = journal_store_newest(life->store)};
        for (uint32_t alarm = 0; alarm <= ALARMS; alarm++) {
            journal.alarm = alarm < ALARMS ? alarm : RULESET_NONE;
            if (alarm == ALARMS || life->missed_of[alarm]) {
                feeder_journal(&life->feeder, &journal);
            }
        }
        memset(life->missed_of, 0, sizeof life->missed_of);
        life->missed = false;
    }
    (void)feeder_pump(&life->feeder);
}

static void engine_turn(struct life *life) {
    for (uint64_t i = life_random(life) % 6; i > 0 && !life->healing; i--) {
        engine_happen(life);
    }
    if (life->gather.first != NULL && life_fault(life, TOLD_EARLY, 5)) {
        engine_tell_early(life);
    }
    if (life_fault(life, ENGINE_DIED_BEFORE_COMMIT, 5)) {
        engine_restart(life);
        return;
    }
    engine_commit(life);
    if (life_fault(life, ENGINE_DIED_AFTER_COMMIT, 5)) {
        engine_restart(life);
        return;
    }
    engine_tell_recorded(life);
    journal_gather_deinit(&life->gather);
    if (journal_gather_init(&life->gather, CONSOLE_SITE_ALARMS) != 0) {
        abort();
    }
}

/* ---- living ---- */

static void life_turn(struct life *life) {
    now_ns += 1 + life_random(life) % (NS_PER_S / 5);
    if (life_fault(life, JOURNAL_ABSENT, 3)) {
        /* Mostly for a moment, as when it is opened anew. */
        uint64_t longest_ns = life_happens(life, 700) ? FEEDER_PATIENCE_NS : 20 * NS_PER_S;
        life->absent_until_ns = now_ns + life_random(life) % longest_ns;
    }
    if (life_happens(life, 400) || life->healing) {
        engine_turn(life);
    }
    line_turn(life);
    uplink_tell_confirmed(life);
    if (feeder_is_patient(&life->feeder)) {
        feeder_look_again(&life->feeder, clock_real_ns());
        (void)feeder_pump(&life->feeder);
    }
    if (now_ns >= life->tick_ns) {
        life->tick_ns = now_ns + NS_PER_S;
        feeder_tick(&life->feeder, clock_instant(), clock_real_ns());
        (void)feeder_pump(&life->feeder);
    }
    if (life_fault(life, UPLINK_DIED, 4)) {
        if (life->up) {
            line_break(life);
        }
        uplink_end(life);
        uplink_begin(life);
        engine_welcome(life);
    }
}

/* Is everything confirmed, and nothing on its way? */
static bool life_is_quiet(const struct life *life) {
    uint64_t newest[JOURNAL_LANE_COUNT] = {0};
    for (uint64_t seq = 1; seq <= journal_store_newest(life->store); seq++) {
        newest[life->records[seq].alarm == RULESET_NONE ? LANE_ACTIVITY : LANE_ALARM] = seq;
    }
    return life->up && life->in_flight == 0 && life->confirmed[LANE_ALARM] >= newest[LANE_ALARM] &&
           life->confirmed[LANE_ACTIVITY] >= newest[LANE_ACTIVITY];
}

/* L1 and L5. */
static void life_close_books(struct life *life) {
    for (uint64_t seq = 1; seq <= journal_store_newest(life->store); seq++) {
        life->books->lost += !life->records[seq].delivered;
    }
    for (uint32_t alarm = 0; alarm < ALARMS; alarm++) {
        life->books->ends += life->retained[alarm] != life->open_recorded[alarm];
    }
}

static void live(uint64_t seed, bool lies, struct books *books) {
    struct life *life = calloc(1, sizeof *life);
    assert(life != NULL);
    life->dice.state = seed;
    life->lies = lies;
    life->books = books;
    life->window = 1;
    (void)snprintf(life->directory, sizeof life->directory, "%s/tocsin-ledger-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(life->directory) == NULL) {
        perror("ledger_sim: scratch directory");
        exit(1);
    }
    (void)snprintf(life->path, sizeof life->path, "%s/journal.db", life->directory);
    life->site = console_site(life->directory);
    now_ns = NS_PER_S;
    uplink_begin(life);
    engine_begin(life);
    engine_welcome(life);
    for (int i = 0; i < STEPS; i++) {
        life_turn(life);
    }
    life->healing = true;
    life->absent_until_ns = 0;
    for (int i = 0; i < HEAL_STEPS && !life_is_quiet(life); i++) {
        life_turn(life);
    }
    life_close_books(life);
    uplink_end(life);
    engine_end(life);
    (void)scratch_remove(life->directory);
    free(life);
}

static bool books_are_clean(const struct books *books) {
    return books->lost + books->unknown + books->disorder + books->overconfirmed + books->ends == 0;
}

static void books_print(const char *what, const struct books *books) {
    (void)printf("%s events=%" PRIu64 " deliveries=%" PRIu64 " duplicates=%" PRIu64
                 " early=%" PRIu64 " sessions=%" PRIu64 " lost=%" PRIu64 " unknown=%" PRIu64
                 " disorder=%" PRIu64 " overconfirmed=%" PRIu64 " ends=%" PRIu64,
                 what, books->events, books->deliveries, books->duplicates, books->early,
                 books->sessions, books->lost, books->unknown, books->disorder,
                 books->overconfirmed, books->ends);
    for (int fault = 0; fault < FAULTS; fault++) {
        (void)printf(" %s=%" PRIu64, fault_names[fault], books->faults[fault]);
    }
    (void)printf("\n");
}

static void books_add(struct books *sum, const struct books *books) {
    sum->events += books->events;
    sum->deliveries += books->deliveries;
    sum->duplicates += books->duplicates;
    sum->early += books->early;
    sum->sessions += books->sessions;
    sum->lost += books->lost;
    sum->unknown += books->unknown;
    sum->disorder += books->disorder;
    sum->overconfirmed += books->overconfirmed;
    sum->ends += books->ends;
    for (int fault = 0; fault < FAULTS; fault++) {
        sum->faults[fault] += books->faults[fault];
    }
}

/* Was each fault met? A batch that met none of one kind says nothing of it. */
static bool books_are_full(const struct books *books) {
    bool full = books->events > 0 && books->duplicates > 0 && books->early > 0;
    for (int fault = 0; fault < FAULTS; fault++) {
        full = full && books->faults[fault] > 0;
    }
    return full;
}

int main(int argc, char **argv) {
    bool lies = argc == 3 && strcmp(argv[2], "early_confirm") == 0;
    char *end = NULL;
    uint64_t first = argc < 2 ? 0 : strtoull(argv[1], &end, 10);
    uint64_t last = end != NULL && *end == '-' ? strtoull(end + 1, &end, 10) : first;
    if (argc < 2 || argc > 3 || *end != '\0' || last < first ||
        (argc == 3 && !lies && strcmp(argv[2], "honest") != 0)) {
        (void)fprintf(stderr, "usage: ledger_sim SEED[-LAST] [honest | early_confirm]\n");
        return 2;
    }
    struct books sum = {0};
    for (uint64_t seed = first; seed <= last; seed++) {
        struct books books = {0};
        live(seed, lies, &books);
        books_add(&sum, &books);
        if (!lies && !books_are_clean(&books)) {
            char what[48];
            (void)snprintf(what, sizeof what, "bad seed=%" PRIu64, seed);
            books_print(what, &books);
        }
    }
    char what[80];
    (void)snprintf(what, sizeof what, "row: ledger simulated control=%s seeds=%" PRIu64,
                   lies ? "early_confirm" : "none", last - first + 1);
    books_print(what, &sum);
    bool batch = last > first;
    if (lies) {
        return sum.lost > 0 && sum.overconfirmed > 0 ? 0 : 1;
    }
    return books_are_clean(&sum) && (!batch || books_are_full(&sum)) ? 0 : 1;
}
