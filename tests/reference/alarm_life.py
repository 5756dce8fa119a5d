# SPDX-License-Identifier: Apache-2.0
"""The alarms of a small site by definition: the table of model.md 4, as slow and plain as it can be.

Every alarm is looked at after every input and whenever some clock has come. Instants are tenths of a
second. What is told of an alarm in one step is a set, written in the order of TOLD; events of several
alarms stand in the order of the alarms.
"""

import dataclasses

S = 10  # tenths of a second
MINUTE, HOUR, DAY = 60 * S, 3600 * S, 86400 * S

TOLD = ["raised", "reraised", "acknowledged", "realarmed", "attended", "investigated", "silenced",
        "unsilenced", "shelved", "unshelved", "out_of_service", "in_service", "suppressed",
        "unsuppressed", "cleared", "reset", "disposed", "closed"]
FOLLOWING = {"suppressed", "unsuppressed"}  # told for a cause, so that they may stand behind the rest
ROLES = ["caregiver", "security", "manager", "engineer", "auditor"]

# model.md 3: priority and flags of the classes that occur here.
EMERGENCY, URGENT, HIGH, LOW = range(4)
CLASSES = {
    "fire.alarm": (EMERGENCY, "managed latched fire"),
    "fire.confirmed": (EMERGENCY, "managed latched fire"),
    "gas.alarm": (EMERGENCY, "latched"),
    "water.leak": (URGENT, "latched"),
    "call.emergency": (EMERGENCY, "managed latched origin"),
    "call.assist": (HIGH, "origin"),
    "care.fall": (EMERGENCY, ""),
    "care.bed_exit": (HIGH, ""),
    "door.forced": (URGENT, "door"),
    "door.held": (HIGH, "door"),
    "intrusion": (URGENT, ""),
    "space.climate": (LOW, ""),
    "system": (LOW, ""),
}
WALKED = {"emergency_button", "assist_button", "smoke", "heat", "fall", "bed_exit", "attend_button",
          "gas"}
REALARM = {EMERGENCY: 5 * MINUTE, URGENT: 15 * MINUTE}
SILENCE_MAX_S, SHELVE_MAX_S, SERVICE_MAX_S, TEST_MAX_S = 120, 480 * 60, 366 * 86400, 480 * 60


class Refused(Exception):
    pass


def refuse_if(wrong, why):
    if wrong:
        raise Refused(why)


@dataclasses.dataclass
class Order:
    verb: str
    alarm: int
    duration_s: int = 0
    role: str = "caregiver"
    second: str = "-"
    disposition: str = "unstated"
    real: bool = False
    reason: bool = True


class Alarm:
    def __init__(self, class_, place, point=None, raise_after=0, clear_after=0):
        self.class_, self.place, self.point = class_, place, point
        self.priority, flags = CLASSES[class_]
        self.flags = flags.split()
        self.raise_after, self.clear_after = raise_after, clear_after
        self.condition = None
        self.delay = None          # [tenths left, since when it runs or None while it stands]
        self.clocks = {}           # name: when it comes
        self.occurrence = self.raises = 0
        self.raised_at = []        # the latest raises
        self.disposition = "unstated"
        self.shelved = self.out_of_service = self.pending = False
        self.promoted_now = False  # in this step
        self.idle = False          # promoted, and its zone's alarm is not open: nothing came of it
        self.close_axes()

    def close_axes(self):
        self.open = self.active = self.acked = self.latched = self.attended = False
        self.silenced = self.by_design = self.test = self.promoted = self.chattering = False
        self.investigated = None   # or whether it was real

    def is_suppressed(self):
        return self.shelved or self.by_design or self.out_of_service

    # --- what is shown ---

    def state(self):
        if not self.open:
            name = "pending" if self.pending else "normal"
        elif self.active:
            name = "acknowledged" if self.acked else "unacknowledged"
        else:
            name = ("latched_" if self.latched else "returned_") + \
                ("acked" if self.acked else "unacked")
        marks = [(self.attended, "a"), (self.silenced, "s"), (self.shelved, "d"),
                 (self.by_design, "y"), (self.out_of_service, "o"), (self.test, "t"),
                 (self.investigated is not None, "i"), (self.investigated, "r"),
                 (self.promoted, "p"), (self.chattering, "c")]
        word = "" if self.disposition == "unstated" else f"={self.disposition}"
        return name + "".join(mark for on, mark in marks if on) + word

    # --- clocks ---

    def wind(self, now):
        """Who is waited for, and until when: nobody of whom people are not to hear."""
        for clock in ("realarm", "promotion"):
            self.clocks.pop(clock, None)
        self.wind_realarm(now)
        if self.class_ == "fire.alarm" and self.open and self.investigated is None and \
                not self.promoted and not self.test and not self.is_suppressed():
            self.clocks["promotion"] = now + (180 if self.acked else 15) * S

    def promote(self):
        self.promoted = self.promoted_now = True

    def forget_promotion(self):
        self.promoted = self.promoted and not self.idle

    def wind_realarm(self, now):
        self.clocks.pop("realarm", None)
        if self.open and self.acked and not self.attended and not self.is_suppressed() and \
                self.priority in REALARM:
            self.clocks["realarm"] = now + REALARM[self.priority]

    def take_clock(self, name, now):
        if self.clocks.get(name, now + 1) > now:
            return False
        del self.clocks[name]
        return True

    def due(self):
        moments = list(self.clocks.values())
        if self.delay is not None and self.delay[1] is not None:
            moments.append(self.delay[0] + self.delay[1])
        return min(moments, default=None)

    # --- what happens to it ---

    def forget_people(self):
        self.acked = self.attended = False

    def unsilence(self):
        self.clocks.pop("silence", None)
        was, self.silenced = self.silenced, False
        return {"unsilenced"} if was else set()

    def resume(self, was_suppressed, now):
        """A suppression has begun or ended."""
        if was_suppressed == self.is_suppressed():
            return
        if was_suppressed and self.active:
            self.forget_people()
        self.forget_promotion()
        self.wind(now)

    def realarm(self, now):
        self.forget_people()
        told = {"realarmed"} | self.unsilence()
        self.wind(now)
        return told

    def elapse(self, now):
        told = set()
        was_suppressed = self.is_suppressed()
        if self.take_clock("silence", now):
            told |= self.unsilence()
        if self.take_clock("promotion", now):
            self.promote()
        if self.take_clock("realarm", now):
            told |= self.realarm(now)
        if self.take_clock("shelve", now):
            self.shelved = False
            told.add("unshelved")
        if self.take_clock("service", now):
            self.out_of_service = False
            told.add("in_service")
        self.take_clock("disposition", now)
        self.resume(was_suppressed, now)
        return told

    def raise_(self, now, tested):
        again = self.open
        told = {"reraised" if again else "raised"} | self.unsilence()
        self.raised_at = [at for at in self.raised_at if now - at <= 60 * S] + [now]
        self.test = tested and (self.test or not again)
        self.open = self.active = True
        self.latched = "latched" in self.flags
        self.forget_people()
        self.pending, self.delay = False, None
        self.promoted = self.promoted and self.investigated is not False
        self.investigated, self.disposition = None, "unstated"
        self.chattering = len(self.raised_at) >= 3
        self.occurrence += not again
        self.raises = self.raises + 1 if again else 1
        self.clocks.pop("disposition", None)
        self.forget_promotion()
        self.wind(now)
        return told

    def close(self, now):
        if self.test and self.disposition == "unstated":
            self.disposition = "test"
        self.close_axes()
        self.clocks.pop("silence", None)
        self.wind(now)
        self.clocks["disposition"] = now + DAY
        return {"closed"}

    def close_if_done(self, now):
        owed = self.active or self.latched or not self.acked or \
            ("origin" in self.flags and not self.attended)
        return set() if owed or not self.open else self.close(now)

    def clear(self, now):
        self.active, self.delay = False, None
        if self.is_suppressed() and not self.latched:
            return {"cleared"} | self.close(now)
        return {"cleared"} | self.close_if_done(now)

    def evaluate(self, now, condition, tested):
        told = self.elapse(now)
        self.condition, before = condition, self.condition
        over = self.delay is not None and self.delay[1] is not None and sum(self.delay) <= now
        if self.pending and over:
            told |= self.raise_(now, tested)
        if condition is True:
            told |= self.is_true(now, tested)
        elif condition is False:
            told |= self.is_false(now)
        elif self.delay is not None and not (self.pending and self.priority == EMERGENCY):
            if self.delay[1] is not None:  # it stands still
                self.delay = [max(sum(self.delay) - now, 0), None]
        if not tested and self.test and self.active:
            self.test = False
            told |= self.realarm(now)
        return told

    def is_true(self, now, tested):
        if self.active:
            self.delay = None
        elif self.open:
            return self.raise_(now, tested)
        elif not self.pending:
            self.pending, self.delay = True, [self.raise_after, now]
        elif self.delay[1] is None:
            self.delay[1] = now
        if self.pending and sum(self.delay) <= now:
            return self.raise_(now, tested)
        return set()

    def is_false(self, now):
        if self.pending:
            self.pending, self.delay = False, None
        elif self.active:
            if self.delay is None:
                self.delay = [0 if self.latched else self.clear_after, now]
            elif self.delay[1] is None:
                self.delay[1] = now
            if sum(self.delay) <= now:
                return self.clear(now)
        return set()

    def inhibit(self, inhibited, now):
        if not self.open or self.by_design == inhibited:
            return set()
        was_suppressed = self.is_suppressed()
        self.by_design = inhibited
        self.resume(was_suppressed, now)
        return {"suppressed" if inhibited else "unsuppressed"}

    def attend(self, now):
        self.attended = True
        self.wind_realarm(now)
        return {"attended"} | self.close_if_done(now)

    # --- what people do ---

    def obey(self, order, now):
        refuse_if(order.role == "auditor", "role_not_permitted")
        told = getattr(self, "order_" + order.verb.replace("-", "_"))(order, now)
        return told | self.close_if_done(now)

    def dispose(self, order):
        if order.disposition != "unstated":
            self.disposition = order.disposition

    def order_acknowledge(self, order, now):
        refuse_if(not self.open, "not_raised")
        refuse_if(self.acked, "already_acknowledged")
        self.dispose(order)
        self.acked = True
        self.wind(now)
        return {"acknowledged"}

    def order_attend(self, _, now):
        refuse_if(not self.open, "not_raised")
        refuse_if(self.attended, "already_attended")
        return self.attend(now)

    def order_investigate(self, order, now):
        refuse_if("fire" not in self.flags, "not_fire")
        refuse_if(not self.open, "not_raised")
        refuse_if(not self.acked, "ack_required")
        refuse_if(self.investigated is order.real, "already_investigated")
        self.investigated = order.real
        self.clocks.pop("promotion", None)
        self.forget_promotion()
        if order.real and self.class_ == "fire.alarm" and not self.test and \
                not self.promoted and not self.is_suppressed():
            self.promote()
        return {"investigated"}

    def order_silence(self, order, now):
        refuse_if(not self.open, "not_raised")
        refuse_if(self.silenced, "already_silenced")
        refuse_if(order.duration_s > SILENCE_MAX_S, "too_long")
        self.silenced = True
        self.clocks["silence"] = now + (order.duration_s or SILENCE_MAX_S) * S
        return {"silenced"}

    def order_reset(self, order, _):
        refuse_if(not self.open, "not_raised")
        refuse_if(not self.latched, "not_latched")
        refuse_if(self.condition is True, "still_active")
        refuse_if(not self.acked, "ack_required")
        refuse_if(self.point is not None and not self.point.good, "quality_not_good")
        refuse_if(self.condition is None, "condition_unknown")
        refuse_if("origin" in self.flags and not self.attended, "attend_required")
        self.dispose(order)
        self.latched = False
        return {"reset"}

    @staticmethod
    def refuse_span(order, most_s):
        refuse_if(order.duration_s == 0, "duration_required")
        refuse_if(order.duration_s > most_s, "too_long")
        refuse_if(not order.reason, "reason_required")

    def suppress(self, axis, clock, order, now):
        was_suppressed = self.is_suppressed()
        setattr(self, axis, order is not None)
        self.clocks.pop(clock, None)
        if order is not None:
            self.clocks[clock] = now + order.duration_s * S
        self.resume(was_suppressed, now)

    def order_shelve(self, order, now):
        refuse_if("managed" in self.flags, "managed")
        refuse_if(self.shelved, "already_shelved")
        self.refuse_span(order, SHELVE_MAX_S)
        self.suppress("shelved", "shelve", order, now)
        return {"shelved"}

    def order_unshelve(self, _, now):
        refuse_if(not self.shelved, "not_shelved")
        self.suppress("shelved", "shelve", None, now)
        return {"unshelved"}

    def order_out_of_service(self, order, now):
        refuse_if(self.out_of_service, "already_out_of_service")
        self.refuse_span(order, SERVICE_MAX_S)
        refuse_if("managed" in self.flags and order.second in ("-", "auditor", order.role),
                  "second_role_required")
        self.suppress("out_of_service", "service", order, now)
        return {"out_of_service"}

    def order_in_service(self, _, now):
        refuse_if(not self.out_of_service, "not_out_of_service")
        self.suppress("out_of_service", "service", None, now)
        return {"in_service"}

    def order_disposition(self, order, _):
        refuse_if(order.disposition == "unstated", "disposition_required")
        refuse_if(self.occurrence == 0, "not_raised")
        refuse_if(not self.open and "disposition" not in self.clocks, "too_late")
        self.dispose(order)
        return {"disposed"}

    # --- a restart ---

    def restart(self, now):
        """Every axis and what is left of every delay stays; what is known does not."""
        self.condition = None
        self.raised_at = [now, now] if self.chattering else []  # when it was, nobody recorded
        if self.delay is not None and self.delay[1] is not None and \
                not (self.pending and self.priority == EMERGENCY):
            self.delay = [max(sum(self.delay) - now, 0), None]


class Point:
    def __init__(self, place, kind, device):
        self.place, self.kind, self.device = place, kind, device
        # When it was last true in earnest, and in a test; "still" while it is, as far as is known.
        self.earnest = self.tested = None
        self.forget()

    def forget(self):
        self.usable = self.good = False
        self.fault = None
        self.value = None     # the last one that could be read

    def follow(self, now, in_test):
        """It may have become true, or have come to rest; of one that is lost its last word stands."""
        is_true = self.condition()
        if self.tested == "still" and is_true and not in_test:
            self.tested, self.earnest = now, "still"
        lasts = "still" in (self.earnest, self.tested)
        if self.kind not in WALKED or is_true is None or is_true == lasts:
            return
        if is_true and in_test or self.tested == "still":
            self.tested = "still" if is_true else now
        else:
            self.earnest = "still" if is_true else now

    def condition(self):
        if not self.usable:
            return None
        return self.value > 1000 if self.kind == "co2" else self.value != 0


class Flood:
    """More than 10 raises in 10 minutes, until fewer than 5."""

    def __init__(self):
        self.raises, self.runs, self.incident = [], False, 0

    def count(self, now):
        return sum(at > now - 10 * MINUTE for at in self.raises)

    def note(self, now):
        self.raises.append(now)
        begins = not self.runs and self.count(now) > 10
        self.runs = self.runs or begins
        self.incident += begins
        return begins

    def due(self):
        return sorted(self.raises)[-5] + 10 * MINUTE if self.runs else None

    def restart(self, now):
        """When the alarms were raised is not recorded: one that runs goes on as if just now."""
        self.raises = [now] * 5 if self.runs else []

    def elapse(self, now):
        ends = self.runs and self.count(now) < 5
        self.runs = self.runs and not ends
        return ends


class Site:
    """Places by (parent), points by (place, kind, device), alarms in the order of the core."""

    def __init__(self, parents, points, rules, devices):
        self.parents = parents
        self.points = [Point(*point) for point in points]
        self.rules = rules                 # (kind, class, raise_after_s, clear_after_s)
        self.lost = [None] * devices
        self.now = 0
        self.tests = {}                    # place: when its test ends
        self.tripped = set()
        self.flood = Flood()
        self.alarms, self.sorts = [], []

    def name_alarms(self, names):
        """Make the alarms that the core says there are; what cannot happen here stays normal."""
        for name in names:
            rule, entity = name.split("/")
            entity = int(entity)
            self.sorts.append((rule, entity))
            if rule.isdigit() and self.rules[int(rule)][1] == "fire.confirmed":
                alarm = Alarm("fire.confirmed", entity)
            elif rule.isdigit():
                _, class_, raise_s, clear_s = self.rules[int(rule)]
                point = self.points[entity]
                alarm = Alarm(class_, point.place, point, raise_s * S, clear_s * S)
            elif rule == "system_fire_promoted":
                alarm = Alarm("fire.confirmed", entity)
            elif rule == "system_device_lost":
                alarm = Alarm("system", self.place_of_device(entity))
            elif rule == "system_sensor_fault":
                alarm = Alarm("system", self.points[entity].place, self.points[entity])
            else:
                alarm = Alarm("system", None)
            self.alarms.append(alarm)

    def above(self, place):
        """The place and all around it."""
        while place is not None:
            yield place
            place = self.parents[place]

    def place_of_device(self, device):
        """The smallest place that holds all points of the device."""
        ways = [list(self.above(point.place)) for point in self.points if point.device == device]
        common = [place for place in (ways[0] if ways else []) if all(place in way for way in ways)]
        return common[0] if common else None

    def zone(self, place):
        return list(self.above(place))[-1]

    def is_tested(self, place):
        return any(each in self.tests for each in self.above(place))

    def detectors(self, zone):
        return [(index, point) for index, point in enumerate(self.points)
                if point.kind in ("smoke", "heat") and self.zone(point.place) == zone]

    def alarm_is_tested(self, now, index):
        """A test promotes nothing: what is promoted burned before it. A test of a room confirms
        nothing in earnest, until two detectors in earnest do. What is of a test stays one until it
        clears, unless something is in earnest."""
        alarm = self.alarms[index]
        if self.sorts[index][0] == "system_fire_promoted":
            return False
        if self.is_tested(alarm.place):
            return True
        confirms = self.confirms(index)
        if not alarm.test and not (confirms and not alarm.active):
            return False
        def counts(until):
            return until == "still" or (until is not None and now - until < alarm.clear_after)
        remembers = any(counts(point.tested) for point in self.read_by(index))
        if not confirms:
            # The detector itself is looked after if it was lost as its test ended.
            return remembers and "still" not in [point.tested for point in self.read_by(index)] and \
                not any(counts(point.earnest) for point in self.read_by(index))
        # Of what is in earnest two are needed, and known to be true; what nobody knows ends no test.
        truths = [point.condition() for point in self.read_by(index)
                  if counts(point.earnest) or not counts(point.tested)]
        unknown = truths.count(True) + truths.count(None) >= 2 and alarm.test
        return truths.count(True) < 2 and (remembers or unknown)

    def read_by(self, index):
        """The points whose truth makes the alarm."""
        alarm = self.alarms[index]
        if self.confirms(index):
            return [point for _, point in self.detectors(alarm.place)]
        return [alarm.point] if alarm.point else []

    def test_due(self, index):
        """When what is over no longer makes a test of the alarm."""
        alarm = self.alarms[index]
        tested = [point.tested for point in self.read_by(index) if point.tested is not None]
        if not alarm.test or not alarm.active or self.is_tested(alarm.place) or not tested or \
                "still" in tested:
            return None
        over = max(tested) + alarm.clear_after
        return over if over > self.now else None  # nobody knows, and time alone ends nothing

    # --- conditions and causes ---

    def confirms(self, index):
        rule = self.sorts[index][0]
        return rule.isdigit() and self.rules[int(rule)][1] == "fire.confirmed"

    def confirmed(self, zone):
        """At least two of its detectors, as far as is known."""
        truths = [point.condition() for _, point in self.detectors(zone)]
        if truths.count(True) >= 2:
            return True
        return None if truths.count(True) + truths.count(None) >= 2 else False

    def promoted(self, zone):
        """A first detector's time is over or it is real, and nothing else confirms the fire; or nothing
        does any more while it burns on and nobody has been there. From then on until it is put away."""
        fires = [fire for fire in self.alarms if fire.promoted and self.zone(fire.place) == zone]
        if fires and self.alarms[self.sorts.index(("system_fire_promoted", zone))].open:
            return True
        if self.is_confirmed(zone):
            return False
        return any(fire.promoted_now or (fire.active and fire.investigated is None and not self.confirmations(zone))
                   for fire in fires)

    def comes_again(self, index):
        """One more fire of a zone is promoted in this step, of which another stands promoted already."""
        rule, zone = self.sorts[index]
        return rule == "system_fire_promoted" and self.alarms[index].open and not self.is_confirmed(zone) and \
            any(fire.promoted_now and self.zone(fire.place) == zone for fire in self.alarms)

    def confirmations(self, zone):
        """What a rule of the site says of the zone, in earnest and now."""
        return [alarm for index, alarm in enumerate(self.alarms) if self.confirms(index) and alarm.place == zone and
                alarm.active and not alarm.test and not alarm.out_of_service]

    def is_confirmed(self, zone):
        """One that was found to be no fire confirms nothing that comes later."""
        return any(alarm.investigated is not False for alarm in self.confirmations(zone))

    def note_idle(self, alarm):
        place = ("system_fire_promoted", self.zone(alarm.place)) if alarm.promoted else None
        alarm.idle = alarm.promoted and not self.alarms[self.sorts.index(place)].open

    def condition(self, index):
        rule, entity = self.sorts[index]
        if self.confirms(index):
            return self.confirmed(entity)
        if rule.isdigit():
            return self.points[entity].condition()
        if rule == "system_device_lost":
            return self.lost[entity]
        if rule == "system_sensor_fault":
            point = self.points[entity]
            return None if self.lost[point.device] is True else point.fault
        if rule == "system_fire_promoted":
            return self.promoted(entity)
        return None

    def is_caused(self, index):
        """Is another alarm the cause of this one?"""
        rule, entity = self.sorts[index]
        if rule == "system_sensor_fault":
            lost = self.sorts.index(("system_device_lost", self.points[entity].device))
            return self.alarms[lost].active
        if "door" in self.alarms[index].flags:
            return any("fire" in fire.flags and fire.active and not fire.test and not fire.out_of_service and
                       self.zone(fire.place) == self.zone(self.alarms[index].place)
                       for fire in self.alarms)
        return False

    # --- inputs ---

    def due(self):
        moments = [alarm.due() for alarm in self.alarms] + list(self.tests.values())
        moments += [self.test_due(index) for index in range(len(self.alarms))]
        return min((at for at in moments + [self.flood.due()] if at is not None), default=None)

    def tick(self, now):
        return self.look(now, self.elapse(now))

    def elapse(self, now):
        told = []
        for place in sorted(place for place, end in self.tests.items() if end <= now):
            told += self.end_test(now, place)
        if self.flood.elapse(now):
            told.append(f"flood.ended:incident-{self.flood.incident}")
        return told

    def read(self, now, index, value, quality):
        point, told = self.points[index], []
        rested = point.value == 0
        point.good = quality == "good"
        point.usable = quality in ("good", "uncertain")
        point.fault = {"good": False, "uncertain": False, "stale": True, "fault": True,
                       "out_of_service": None}[quality]
        if not point.usable:
            return self.look(now, told)
        point.value = value
        self.lost[point.device] = False
        point.follow(now, self.is_tested(point.place))
        if value != 0 and point.kind in WALKED and self.is_tested(point.place) and \
                index not in self.tripped:
            self.tripped.add(index)
            told.append(f"test.tripped:{index}")
        pressed = point.kind == "attend_button" and value != 0 and rested
        return self.look(now, told, attended=point.place if pressed else None)

    def turn_device(self, now, device, how):
        if how == "back":
            self.lost[device] = False
        elif self.lost[device] is not True:
            self.lost[device] = True
            for point in self.points:
                if point.device == device:
                    point.usable, point.good, point.fault = False, False, None
        return self.look(now, [])

    def order(self, now, order):
        return self.look(now, [], order=order)

    def order_test(self, now, verb, place, duration_s, role, reason):
        refuse_if(role == "auditor", "role_not_permitted")
        if verb == "test-end":
            refuse_if(place not in self.tests, "not_testing")
            return self.look(now, self.end_test(now, place))
        refuse_if(self.is_tested(place) or any(place in self.above(other) for other in self.tests),
                  "already_testing")
        refuse_if(duration_s == 0, "duration_required")
        refuse_if(duration_s > TEST_MAX_S, "too_long")
        refuse_if(reason == "-", "reason_required")
        self.tests[place] = now + duration_s * S
        self.tripped -= {index for index, point in enumerate(self.points)
                         if place in self.above(point.place)}
        return self.look(now, ["test.begun"])

    def end_test(self, now, place):
        """What is still true as its test ends is in earnest from now on, or when that is known."""
        del self.tests[place]
        for point in self.points:
            point.follow(now, self.is_tested(point.place))
        return [f"test.untested:{index}" for index, point in enumerate(self.points)
                if point.kind in WALKED and place in self.above(point.place) and
                index not in self.tripped] + ["test.ended"]

    def restart(self, now):
        for point in self.points:
            point.forget()
        self.lost = [None] * len(self.lost)
        self.flood.restart(now)
        for alarm in self.alarms:
            alarm.restart(now)
        return self.look(now, [])

    # --- one step ---

    def look(self, now, told, attended=None, order=None):
        """Evaluate every alarm once; what is told, and a refusal."""
        refusal = None
        self.now = now
        for index, alarm in enumerate(self.alarms):
            self.note_idle(alarm)
            again = self.comes_again(index)
            changes = alarm.evaluate(now, self.condition(index), self.alarm_is_tested(now, index))
            if again and alarm.acked and not alarm.is_suppressed():
                changes |= alarm.realarm(now)
            # Whoever presses is there, and has come for what this very reading brings up as well.
            if attended is not None and alarm.place == attended and alarm.open and \
                    not alarm.attended:
                changes |= alarm.attend(now)
            told += self.tell(now, index, changes | alarm.inhibit(self.is_caused(index), now))
            if order is not None and order.alarm == index:
                self.note_idle(alarm)
                try:
                    told += self.tell(now, index, alarm.obey(order, now))
                except Refused as why:
                    refusal = str(why)
        for index, alarm in enumerate(self.alarms):
            told += self.tell(now, index, alarm.inhibit(self.is_caused(index), now))
        for alarm in self.alarms:
            alarm.promoted_now = False
        if order is not None and order.alarm >= len(self.alarms):
            refusal = "unknown_alarm"
        return told, refusal

    def tell(self, now, index, changes):
        alarm = self.alarms[index]
        words = []
        if changes & {"raised", "reraised"} and not alarm.test and not alarm.is_suppressed() and \
                self.flood.note(now):
            words.append(f"flood.begun:incident-{self.flood.incident}")
        folded = f":incident-{self.flood.incident}" if self.flood.runs and \
            alarm.priority in (HIGH, LOW) else ""
        return words + [f"alarm.{change}:{index}:{alarm.occurrence}:{alarm.raises}{folded}"
                        for change in TOLD if change in changes]
