/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What people do about an alarm
 *
 * First whether they may: each verb has its own reasons to refuse, the one that must be seen to
 * first stands first. Then what it does.
 */
#include <assert.h>

#include "rules/alarm_parts.h"

static bool alarm_is_managed(const struct alarm_conf *conf) {
    return alarm_class_facts((enum alarm_class)conf->class)->managed;
}

static bool alarm_is_fire(const struct alarm_conf *conf) {
    return conf->class == CLASS_FIRE_ALARM || conf->class == CLASS_FIRE_CONFIRMED;
}

/* Is there a second person, who acts in another role? */
static bool alarm_has_second(const struct command *command) {
    return command->second_actor[0] != '\0' && command->second_role < ROLE_COUNT &&
           role_acts(command->second_role) && command->second_role != command->role;
}

static enum command_refusal alarm_refuse_investigate(const struct alarm *alarm,
                                                     const struct alarm_conf *conf,
                                                     const struct command *command) {
    if (!alarm_is_fire(conf)) {
        return COMMAND_REFUSED_NOT_FIRE;
    } else if (!alarm->axes.open) {
        return COMMAND_REFUSED_NORMAL;
    } else if (!alarm->axes.acked) {
        return COMMAND_REFUSED_ACK_REQUIRED;
    }
    bool known = alarm->axes.investigated && alarm->axes.real == (command->real != 0);
    return known ? COMMAND_REFUSED_INVESTIGATED : COMMAND_ACCEPTED;
}

static enum command_refusal alarm_refuse_silence(const struct alarm *alarm,
                                                 const struct alarm_conf *conf,
                                                 const struct command *command) {
    if (!alarm->axes.open) {
        return COMMAND_REFUSED_NORMAL;
    } else if (alarm->axes.silenced) {
        return COMMAND_REFUSED_SILENCED;
    }
    return command->duration_s > conf->times->silence_max_s ? COMMAND_REFUSED_TOO_LONG
                                                            : COMMAND_ACCEPTED;
}

static enum command_refusal alarm_refuse_reset(const struct alarm *alarm,
                                               const struct alarm_conf *conf) {
    const struct alarm_axes axes = alarm->axes;
    if (!axes.open) {
        return COMMAND_REFUSED_NORMAL;
    } else if (!axes.latched) {
        return COMMAND_REFUSED_NOT_LATCHED;
    } else if (alarm->condition == TRUTH_TRUE) {
        return COMMAND_REFUSED_STILL_ACTIVE;
    } else if (!axes.acked) {
        return COMMAND_REFUSED_ACK_REQUIRED;
    } else if (conf->unsure) {
        return COMMAND_REFUSED_QUALITY;
    } else if (alarm->condition == TRUTH_UNKNOWN) {
        return COMMAND_REFUSED_UNKNOWN_STATE;
    } else if (alarm_closes_at_origin(conf) && !axes.attended) {
        return COMMAND_REFUSED_ATTEND_REQUIRED;
    }
    return COMMAND_ACCEPTED;
}

static enum command_refusal alarm_refuse_shelve(const struct alarm *alarm,
                                                const struct alarm_conf *conf,
                                                const struct command *command) {
    if (alarm_is_managed(conf)) {
        return COMMAND_REFUSED_MANAGED;
    } else if (alarm->axes.shelved) {
        return COMMAND_REFUSED_SHELVED;
    }
    return command_refuse_span(command, conf->times->shelve_max_s);
}

static enum command_refusal alarm_refuse_out_of_service(const struct alarm *alarm,
                                                        const struct alarm_conf *conf,
                                                        const struct command *command) {
    if (alarm->axes.out_of_service) {
        return COMMAND_REFUSED_OUT_OF_SERVICE;
    }
    enum command_refusal refusal = command_refuse_span(command, conf->times->service_max_s);
    if (refusal == COMMAND_ACCEPTED && alarm_is_managed(conf) && !alarm_has_second(command)) {
        refusal = COMMAND_REFUSED_SECOND_ROLE;
    }
    return refusal;
}

static enum command_refusal alarm_refuse_disposition(const struct alarm *alarm,
                                                     const struct command *command) {
    bool may = alarm->axes.open || alarm->clocks[ALARM_CLOCK_DISPOSITION].ds != MOMENT_NEVER.ds;
    if (command->disposition == DISPOSITION_UNSTATED) {
        return COMMAND_REFUSED_NO_DISPOSITION;
    } else if (alarm->occurrence == 0) {
        return COMMAND_REFUSED_NORMAL;
    }
    return may ? COMMAND_ACCEPTED : COMMAND_REFUSED_TOO_LATE;
}

/* Why the command has no arrow here; COMMAND_ACCEPTED when it has one. */
static enum command_refusal alarm_refuse(const struct alarm *alarm, const struct alarm_conf *conf,
                                         const struct command *command) {
    const struct alarm_axes axes = alarm->axes;
    if (command->role >= ROLE_COUNT || !role_acts(command->role)) {
        return COMMAND_REFUSED_ROLE;
    } else if (command->disposition >= DISPOSITION_COUNT) {
        return COMMAND_REFUSED_NO_DISPOSITION;
    } else if (command->of_test != 0 && axes.open && !axes.test) {
        return COMMAND_REFUSED_IN_EARNEST;
    }
    switch (command->verb) {
    case COMMAND_ACKNOWLEDGE:
        return !axes.open   ? COMMAND_REFUSED_NORMAL
               : axes.acked ? COMMAND_REFUSED_ACKED
                            : COMMAND_ACCEPTED;
    case COMMAND_ATTEND:
        return !axes.open      ? COMMAND_REFUSED_NORMAL
               : axes.attended ? COMMAND_REFUSED_ATTENDED
                               : COMMAND_ACCEPTED;
    case COMMAND_INVESTIGATE:
        return alarm_refuse_investigate(alarm, conf, command);
    case COMMAND_SILENCE:
        return alarm_refuse_silence(alarm, conf, command);
    case COMMAND_RESET:
        return alarm_refuse_reset(alarm, conf);
    case COMMAND_SHELVE:
        return alarm_refuse_shelve(alarm, conf, command);
    case COMMAND_UNSHELVE:
        return axes.shelved ? COMMAND_ACCEPTED : COMMAND_REFUSED_NOT_SHELVED;
    case COMMAND_OUT_OF_SERVICE:
        return alarm_refuse_out_of_service(alarm, conf, command);
    case COMMAND_IN_SERVICE:
        return axes.out_of_service ? COMMAND_ACCEPTED : COMMAND_REFUSED_IN_SERVICE;
    case COMMAND_DISPOSITION:
        return alarm_refuse_disposition(alarm, command);
    case COMMAND_TEST_BEGIN:
    case COMMAND_TEST_END:
    case COMMAND_VERB_COUNT:
        break;
    }
    assert(false && "a verb that is not about an alarm");
    return COMMAND_REFUSED_UNKNOWN;
}

static unsigned alarm_acknowledge(struct alarm *alarm, const struct alarm_conf *conf,
                                  struct instant now, struct wall wall) {
    alarm->axes.acked = true;
    alarm->acked_at = wall;
    alarm_wind_realarm(alarm, conf, now);
    alarm_wind_promotion(alarm, conf, now);
    return ALARM_CHANGE_ACKNOWLEDGED;
}

static unsigned alarm_attend(struct alarm *alarm, const struct alarm_conf *conf, struct instant now,
                             struct wall wall) {
    alarm->axes.attended = true;
    alarm->attended_at = wall;
    alarm_wind_realarm(alarm, conf, now);
    return ALARM_CHANGE_ATTENDED;
}

/* A fire that somebody has seen is confirmed at once. */
static unsigned alarm_investigate(struct alarm *alarm, const struct alarm_conf *conf, bool real,
                                  struct instant now) {
    alarm->axes.investigated = true;
    alarm->axes.real = real;
    alarm_forget_promotion(alarm, conf);
    alarm_wind_promotion(alarm, conf, now);
    return ALARM_CHANGE_INVESTIGATED | (real ? alarm_promote(alarm, conf) : 0);
}

static unsigned alarm_silence(struct alarm *alarm, const struct alarm_conf *conf,
                              uint32_t duration_s, struct instant now) {
    uint32_t span_s = duration_s > 0 ? duration_s : conf->times->silence_max_s;
    alarm->axes.silenced = true;
    alarm->clocks[ALARM_CLOCK_SILENCE] = moment_after(now, span_s * NS_PER_S);
    return ALARM_CHANGE_SILENCED;
}

/* One of the verbs that begin or end a suppression. */
static unsigned alarm_suppress(struct alarm *alarm, const struct alarm_conf *conf,
                               const struct command *command, struct instant now) {
    bool shelving = command->verb == COMMAND_SHELVE || command->verb == COMMAND_UNSHELVE;
    bool begins = command->verb == COMMAND_SHELVE || command->verb == COMMAND_OUT_OF_SERVICE;
    bool was_suppressed = alarm_axes_are_suppressed(alarm->axes);
    struct moment end = begins ? moment_after(now, command->duration_s * NS_PER_S) : MOMENT_NEVER;
    if (shelving) {
        alarm->axes.shelved = begins;
        alarm->clocks[ALARM_CLOCK_SHELVE] = end;
    } else {
        alarm->axes.out_of_service = begins;
        alarm->axes.agreed = begins && alarm_has_second(command);
        alarm->clocks[ALARM_CLOCK_SERVICE] = end;
    }
    alarm_follow_suppression(alarm, conf, was_suppressed, now);
    if (shelving) {
        return begins ? ALARM_CHANGE_SHELVED : ALARM_CHANGE_UNSHELVED;
    }
    return begins ? ALARM_CHANGE_OUT_OF_SERVICE : ALARM_CHANGE_IN_SERVICE;
}

/* Do what was not refused. */
static unsigned alarm_obey(struct alarm *alarm, const struct alarm_conf *conf,
                           const struct command *command, struct instant now, struct wall wall) {
    switch (command->verb) {
    case COMMAND_ACKNOWLEDGE:
        return alarm_acknowledge(alarm, conf, now, wall);
    case COMMAND_ATTEND:
        return alarm_attend(alarm, conf, now, wall);
    case COMMAND_INVESTIGATE:
        return alarm_investigate(alarm, conf, command->real != 0, now);
    case COMMAND_SILENCE:
        return alarm_silence(alarm, conf, command->duration_s, now);
    case COMMAND_RESET:
        alarm->axes.latched = false;
        return ALARM_CHANGE_RESET;
    case COMMAND_SHELVE:
    case COMMAND_UNSHELVE:
    case COMMAND_OUT_OF_SERVICE:
    case COMMAND_IN_SERVICE:
        return alarm_suppress(alarm, conf, command, now);
    case COMMAND_DISPOSITION:
        return ALARM_CHANGE_DISPOSED;
    case COMMAND_TEST_BEGIN:
    case COMMAND_TEST_END:
    case COMMAND_VERB_COUNT:
        break;
    }
    assert(false && "a verb that was refused");
    return 0;
}

/* May the verb bring a disposition with it? */
static bool alarm_takes_disposition(enum command_verb verb) {
    return verb == COMMAND_ACKNOWLEDGE || verb == COMMAND_RESET || verb == COMMAND_DISPOSITION;
}

/* Keep what the command says that it turned out to be, if it says so. */
static void alarm_dispose(struct alarm *alarm, const struct command *command) {
    if (alarm_takes_disposition(command->verb) && command->disposition != DISPOSITION_UNSTATED) {
        alarm->disposition = (uint8_t)command->disposition;
    }
}

unsigned alarm_acknowledge_again(struct alarm *alarm, const struct alarm_conf *conf,
                                 const struct command *command) {
    assert(command->verb == COMMAND_ACKNOWLEDGE && alarm->axes.open && alarm->axes.acked);
    assert(command->disposition < DISPOSITION_COUNT);
    alarm_dispose(alarm, command);
    alarm_check(alarm, conf);
    return ALARM_CHANGE_ACKNOWLEDGED;
}

unsigned alarm_command(struct alarm *alarm, const struct alarm_conf *conf,
                       const struct command *command, struct instant now, struct wall wall,
                       enum command_refusal *ret_refusal) {
    enum alarm_state from = alarm_axes_state(alarm->axes);
    *ret_refusal = alarm_refuse(alarm, conf, command);
    if (*ret_refusal != COMMAND_ACCEPTED) {
        return 0;
    }
    alarm_dispose(alarm, command);
    unsigned changes = alarm_obey(alarm, conf, command, now, wall);
    if (alarm->axes.open) {
        changes |= alarm_close_if_done(alarm, conf, now);
    }
    alarm_arrive(alarm, conf, from);
    return changes;
}
