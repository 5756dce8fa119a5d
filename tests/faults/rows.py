# SPDX-License-Identifier: Apache-2.0
"""The rows of `tests/faults/run`: each kind of fault between a reading and a broker, what is promised, what shows it.

To add a row, or a check to one, add it to ROWS. Not here, because they have their own tests elsewhere: what sensors
and buses do (dead, flapping, babbling, nonsense), and what browsers do to the console.
"""

import dataclasses
import pathlib
import random
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "gcc"
SEED = str(random.SystemRandom().randrange(1 << 31))  # of the samples; what fails prints it


class Check:
    """Something that is run, and says its counts."""

    def done(self, _earlier):
        """Its end, where that is known already; only for samples."""
        return None


@dataclasses.dataclass
class Program(Check):
    path: str
    sample: list
    full: list
    shows: str = "row: "  # the lines with its counts begin so
    unit: str = ""  # ctest runs it under this name, with at least as much as the sample
    alone: bool = False  # it takes the whole machine, and says nothing of it when others do too

    def command(self, full):
        inside = ROOT / "tests" / self.path
        program = inside if inside.exists() else BUILD / "tests" / self.path
        return [str(program), *(self.full if full else self.sample)]

    def done(self, earlier):
        return earlier.unit(self.unit)

    def counts(self, said):
        lines = [line.removeprefix("row: ") for line in said.splitlines() if line.startswith(self.shows)]
        return "; ".join(lines)


class Control(Program):
    """Has to be reported as loss, and then ends with 0."""


@dataclasses.dataclass
class Unit(Check):
    name: str

    def command(self, _full):
        return ["ctest", "--test-dir", str(BUILD), "--no-tests=error", "-V", "-R", f"^{self.name}$"]

    def done(self, earlier):
        return earlier.unit(self.name)

    def counts(self, said):
        told = re.findall(r"^(?:\d+: )?row: (.*)", said, re.M)
        passed = sum(int(number) for number in re.findall(r"\[  PASSED  \] (\d+) test", said))
        lives = sum(int(number) for number in re.findall(r"\b(\d+) lives", said))
        programs = re.findall(r"(\d+)% tests passed, 0 tests failed out of (\d+)", said)
        words = [f"{self.name}={passed or programs[0][1]}" if programs else "", f"lives={lives}" if lives else "", *told]
        return " ".join(word for word in words if word)


@dataclasses.dataclass
class EndToEnd(Check):
    file: str
    tests: tuple = ()
    settings: dict = dataclasses.field(default_factory=dict)  # of the environment, for the full count

    def names(self):
        return [f"tests/e2e/{self.file}::{test}" for test in self.tests] or [f"tests/e2e/{self.file}"]

    def command(self, full):
        settings = [f"{name}={value}" for name, value in self.settings.items()]
        return ["env", *(settings if full else []), "/usr/bin/python3", "-m", "pytest", "-q", "-rfEP", "-p", "no:cacheprovider",
                *self.names()]

    def done(self, earlier):
        return earlier.tests(self.names())

    def counts(self, said):
        passed = re.findall(r"^(\d+) passed", said, re.M)
        told = re.findall(r"^row: (.*)", said, re.M)
        return "; ".join([f"{self.file}={passed[-1]}", *told]) if passed else ""


@dataclasses.dataclass
class Full:
    """A check that only the full count makes."""
    check: Check


@dataclasses.dataclass
class NotShown:
    reason: str


@dataclasses.dataclass
class Row:
    fault: str
    promise: str
    checks: list


def controls(program, *names):
    """Those of a program that ctest runs too."""
    return [Control(f"faults/{program}", ["--control", name], ["--control", name],
                    unit=f"faults.{program}.control.{name}") for name in names]


def cuts(program, *names):
    """A program that counts cut points, and its controls."""
    return [Program(f"faults/{program}", ["--points", "120"], ["--points", "5000"], unit=f"faults.{program}"),
            *controls(program, *names)]


def ledger(shows):
    """One run of real processes for all rows that it has something to say of."""
    return Program("faults/ledger", ["--kills", "20", "--faults", "1", "--seed", SEED],
                   ["--kills", "1000", "--faults", "10", "--seed", SEED], f"row: {shows}")


def lines(*faults):
    return [ledger(f"line {fault} ") for fault in faults]


SIMULATION = [*(Unit(f"sim.ledger.{seeds}") for seeds in ("1-50", "51-100", "101-150", "151-200")),
              Program("sim/ledger_sim", ["201-210"], ["1-10000"])]
SIMULATION_CONTROL = Control("sim/ledger_sim", ["1-20", "early_confirm"], ["1-20", "early_confirm"],
                             unit="sim.ledger.control")

ROWS = [
    Row("kill -9 of engine, field, uplink, supervisor",
        "no recorded event is lost, no stimulus that is still there is missed, watching again within 1 s",
        [ledger("ledger "), ledger("engine killed"),
         *(Control("faults/ledger", ["--control", control, "--kills", "4", "--faults", "0"],
                   ["--control", control, "--kills", "20", "--faults", "0"]) for control in ("no_commit", "false_ack")),
         *SIMULATION, SIMULATION_CONTROL]),
    Row("power loss, torn write",
        "what was told is there: events, lines in the spool, minutes of the history; recordings are read or refused, and go on",
        [*cuts("power_cut", "off", "early", "digest", "hasty"), *cuts("spool_cut", "early", "lying"),
         *cuts("history_cut", "early", "lying"),
         *cuts("recording_cut", "unsummed", "unsynced")]),
    Row("journal of an older or newer version",
        "an older one is brought up in one transaction and keeps all it held, a newer one is not touched",
        [Unit("unit.journal_schema"), Program("faults/schema_cut", [], ["--seeds", "20"], unit="faults.schema_cut"),
         *controls("schema_cut", "loose")]),
    Row("disk full, EIO, read-only",
        "alarms go out live and say that they are not recorded; recorded later; told; no crash, recovers alone",
        [Program("faults/storage_faults", ["--step", "67"], [], unit="faults.storage"),
         Control("faults/storage_faults", ["--step", "67", "--control", "deaf"], ["--step", "67", "--control", "deaf"],
                 unit="faults.storage.control.deaf"),
         Unit("unit.journal_room"), Unit("unit.journal_recall"),
         EndToEnd("test_faults.py", ("test_without_a_usable_journal_alarms_still_go_out_and_say_so",
                                     "test_a_start_on_a_read_only_disk_forgets_no_open_alarm_and_records_again_when_it_can",
                                     "test_a_full_disk_silences_no_alarm_and_loses_no_recorded_event")),
         EndToEnd("test_retention.py",
                  ("test_a_full_disk_is_told_alarms_are_recorded_from_the_reserve_and_all_resumes",))]),
    Row("broker down, or refuses",
        "nothing of the time without it is lost or sent twice; told once; nobody is stormed; the hour without it is one "
        "of a fast clock, and a real one and a whole day of a fast clock in the full count",
        [EndToEnd("test_outage.py", settings={"TOCSIN_OUTAGE_S": "3600"}),
         Full(EndToEnd("test_outage.py", settings={"TOCSIN_OUTAGE_S": "1440", "TOCSIN_OUTAGE_RATE": "60"})),
         Unit("unit.uplink_process"), Unit("unit.uplink_reconnect"), Unit("unit.uplink_feeder_refusal"),
         *lines("refused"),
         EndToEnd("test_uplink.py",
                  ("test_a_broker_that_refuses_calls_is_told_of_and_has_them_in_their_order_when_it_takes_them",
                   "test_what_no_form_of_fits_is_counted_and_told_and_is_not_said_to_be_delivered")),
         EndToEnd("test_faults.py", ("test_a_broker_that_is_absent_at_the_start_costs_nothing",
                                     "test_a_broker_that_refuses_is_told_once_and_not_stormed"))]),
    Row("drain after an outage",
        "a new alarm overtakes the backlog, each alarm's own events stay in order, the backlog says replayed",
        [Program("faults/drain", [], ["--events", "1000000"]),
         *(Control("faults/drain", ["--control", name, "--events", "20000"], ["--control", name])
           for name in ("false_ack", "late")),
         Unit("unit.uplink_outbox"), Unit("unit.uplink_feeder"), *SIMULATION]),
    Row("broker slow or half-open",
        "noticed within 30 s, and nothing is lost by it",
        [*lines("black_hole", "one_byte_a_second", "no_read", "reset", "close_after_connack"), ledger("ledger "),
         EndToEnd("test_brokers.py"), Unit("unit.mqtt_link"), Unit("unit.mqtt_limits"),
         EndToEnd("test_faults.py", ("test_a_broker_that_is_gone_half_way_is_noticed",))]),
    Row("PUBACK lost or late",
        "sent again under the same id until it is confirmed",
        [*lines("puback_dropped", "puback_delayed"), ledger("ledger "), *SIMULATION, SIMULATION_CONTROL]),
    Row("broker loses data after PUBACK",
        "events are kept a week after it; `tocsin resend` sends them again",
        [Program("faults/ledger", ["--forgets", "--kills", "5", "--faults", "0"],
                 ["--forgets", "--kills", "100", "--faults", "1"], "row: ledger "),
         Unit("unit.resend"), Unit("unit.journal_keep"), EndToEnd("test_resend.py")]),
    Row("DNS failing, slow, lying",
        "no poll, rule or console is delayed; the last good address is used; nobody is sent to another",
        [Unit("unit.names"), EndToEnd("test_names.py")]),
    Row("clock forward and back, 1970, daylight saving, leap second",
        "no delay moves by it, no history is written over or out of order, an event says when its clock is behind",
        [EndToEnd("test_clock.py"), Unit("unit.core_clock"), Unit("unit.clock")]),
    Row("malformed messages",
        "no crash, no hang, counted (tests/run fuzz goes on from here)",
        [Unit(f"unit.{name}") for name in ("payload", "line_protocol", "shipment", "wire", "modbus_frame", "history")]),
    Row("TLS expiry, renewal, wrong certificates",
        "told 30 days before, an alarm from 14 days on; new certificates are used and cost no event; who must not be trusted, or whose "
        "certificate has ended, is refused with what to do, and costs no poll",
        [Program("faults/renewals", ["--count", "3"], ["--count", "100"]),
         Control("faults/renewals", ["--count", "1", "--control", "foreign"], ["--count", "1", "--control", "foreign"]),
         Unit("unit.mqtt_tls"),
         EndToEnd("test_uplink.py", ("test_the_end_of_each_certificate_is_told_a_month_before_and_is_among_the_figures",
                                     "test_a_certificate_that_ends_soon_on_a_line_that_stands_is_an_alarm_until_a_renewed_one_is_in_force",
                                     "test_a_broker_whose_certificate_ends_soon_is_an_alarm_until_it_shows_another",
                                     "test_a_broker_that_must_not_be_trusted_is_told_with_what_to_do_and_costs_no_poll"
                                     ))]),
    Row("flood of 10,000 alarms a second",
        "all recorded, an emergency among them within 1 s, in its order, bounded memory",
        [Program("faults/flood", ["--quick"], [], alone=True), Control("faults/flood", ["--control"], ["--control"])]),
    Row("config reload mid-alarm",
        "no alarm disappears without an event, no reading is missed; a bad site changes nothing, at a start neither",
        [Program("faults/ledger", ["--reloads", "12", "--kills", "0", "--faults", "0", "--seed", SEED],
                 ["--reloads", "1000", "--kills", "0", "--faults", "0", "--seed", SEED]),
         Control("faults/ledger", ["--control", "no_commit", "--reloads", "3", "--kills", "0", "--faults", "0"],
                 ["--control", "no_commit", "--reloads", "12", "--kills", "0", "--faults", "0"]),
         EndToEnd("test_reload.py", ("test_a_changed_rule_keeps_open_alarms_and_the_change_is_told",
                                     "test_an_alarm_whose_rule_was_removed_closes_and_says_why",
                                     "test_a_bad_site_changes_nothing")),
         Unit("unit.kept"), Unit("unit.keeper"), EndToEnd("test_kept_site.py")]),
    Row("SQLite corruption",
        "set aside and told, what can be read is taken over, watching never refuses",
        [Program("faults/corruption", ["--seeds", "8", "--seed", SEED], ["--seeds", "300", "--seed", SEED]),
         Control("faults/corruption", ["--control", "wiped", "--seeds", "2"], ["--control", "wiped", "--seeds", "4"]),
         Control("faults/corruption", ["--control", "rotten", "--seeds", "2"], ["--control", "rotten", "--seeds", "4"]),
         Unit("unit.journal_damage"),
         EndToEnd("test_faults.py", ("test_a_damaged_page_of_what_a_start_reads_keeps_nobody_from_watching",)),
         EndToEnd("test_backup.py")]),
    Row("fd exhaustion, ENOMEM",
        "what runs goes on; an error, never a crash, a leak or a loss; all is well once there is some again",
        [Program("faults/memory_faults", ["--step", "7", "--seed", SEED], [], unit="faults.memory"),
         *(Control("faults/memory_faults", ["--control", control], ["--control", control],
                   unit=f"faults.memory.control.{control}") for control in ("unchecked", "swallowed")),
         EndToEnd("test_overload.py",
                  ("test_an_engine_without_a_descriptor_decides_on_and_takes_a_restarted_uplink_in_when_it_has_one",
                   "test_a_console_without_a_descriptor_delays_no_alarm_and_answers_when_it_has_one",
                   "test_a_field_process_without_a_descriptor_loses_the_bus_that_broke_and_no_other",
                   "test_an_uplink_without_a_descriptor_comes_back_to_its_broker_when_it_has_one",
                   "test_a_supervisor_without_a_descriptor_keeps_what_runs_and_starts_what_died_when_it_has_one"))]),
    Row("hung thread or loop",
        "noticed, told and replaced within 10 s",
        [Program("faults/ledger", ["--hangs", "4", "--kills", "0", "--faults", "0", "--seed", SEED],
                 ["--hangs", "100", "--kills", "0", "--faults", "0", "--seed", SEED]),
         *(Control("faults/ledger", [*words, "--hangs", "1", "--kills", "0", "--faults", "0"],
                   [*words, "--hangs", "4", "--kills", "0", "--faults", "0"])
           for words in (["--control", "no_commit"], ["--blind"])),
         EndToEnd("test_overload.py", ("test_a_child_that_does_not_move_is_told_and_replaced",)),
         EndToEnd("test_processes.py", ("test_the_watchdog_is_not_fed_while_a_component_makes_no_progress",))]),
    Row("database or webhook down, partial write",
        "every value and event is in the database afterwards, or counted as lost; a bad line takes no other with it; "
        "nobody asks before Retry-After; a call is made again until taken",
        [*(Program("faults/databases", ["--database", kind, "--rounds", "1"], ["--database", kind, "--rounds", "30"])
           for kind in ("influx", "victoria")),
         Full(Program("faults/databases", [], ["--bound"])),
         Control("faults/databases", ["--control", "swallow"], ["--control", "swallow", "--rounds", "10"]),
         Unit("unit.shipper"), Unit("unit.spool"), Unit("unit.webhook"), Unit("unit.caller"),
         EndToEnd("test_database.py", ("test_what_happened_while_the_database_was_away_is_filled_in",
                                       "test_lines_on_the_disk_survive_that_the_uplink_is_killed")),
         EndToEnd("test_chains.py", ("test_a_call_that_was_not_taken_is_made_again_by_the_next_uplink",
                                     "test_a_call_that_was_not_taken_is_made_again_after_a_whole_restart"))]),
    Row("memory over reconnects",
        "what the library leaks is bounded: the uplink is renewed when it grows",
        [Program("faults/reconnects", [], ["--count", "10000"]), Unit("unit.mqtt_link_leak"),
         EndToEnd("test_uplink.py", ("test_an_uplink_that_the_library_lets_grow_is_renewed_without_an_alarm",))]),
]
