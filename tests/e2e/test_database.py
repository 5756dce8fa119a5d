# SPDX-License-Identifier: Apache-2.0
"""History in real databases: every value and every event is there, whatever happens on the way."""

import json
import re
import signal
import sqlite3
import subprocess
import zlib

import pytest

from databases import Influx, Victoria
from harness import until
from test_figures import figure

DATABASES = [Influx, Victoria]


def journal(scene):
    """seq and type of every event in the journal."""
    with sqlite3.connect(f"file:{scene.state}/journal.db?mode=ro", uri=True) as db:
        return dict(db.execute("SELECT seq, type FROM event"))


def present(gateway):
    """Every point as the gateway has it now."""
    return {point["point"]: point for point in map(json.loads, gateway.cli("points", "--json").splitlines())}


def value_of(gateway, point):
    return present(gateway)[point]["value"]


def written_all(scene, gateway, database):
    """Wait until nothing is on its way; every event and as many values as were taken are in the database."""
    def all_there():
        told = journal(scene)
        return told and database.events() == told and figure(gateway, "database_spool_lines") == 0
    until(all_there, "every event in the database", deadline_s=60, context=lambda: "\n" + str(
        sorted(set(journal(scene).items()) ^ set(database.events().items()))[:20]) + gateway.process.text()[-3000:])
    until(lambda: figure(gateway, "database_batches_waiting") == 0, "every value to be written")


def with_database(scene, database):
    scene.keep(database)
    scene.overrides["influx.url"] = database.url
    return database


@pytest.mark.parametrize("kind", DATABASES)
def test_every_value_and_event_is_in_the_database(scene, kind):
    database = with_database(scene, kind(scene.directory)).start()
    _backend, field, gateway = scene.everything()
    for _ in range(5):
        field.press("care/day-care/button-1")
        until(lambda: value_of(gateway, "care/day-care/button-1") == 1, "the press")
        field.release("care/day-care/button-1")
        until(lambda: value_of(gateway, "care/day-care/button-1") == 0, "release")
    gateway.cli("ack", "emergency_call/care/day-care/button-1", "--by", "wang", "--role", "caregiver")
    written_all(scene, gateway, database)
    field.stop()  # no new value from here on, but those that tell that all are lost
    until(lambda: all(present(gateway)[f"care/{room}"]["quality"] == "stale" for room in
                      ("day-care/button-1", "day-care/temperature")), "points to be stale")
    written_all(scene, gateway, database)
    until(lambda: len(database.points()) == figure(gateway, "database_lines_written_total") > 45, "every value counted")
    points = database.points()
    presses = [value for (_, point, _), value in sorted(points.items(), key=lambda item: item[0][2])
               if point == "care/day-care/button-1"]
    assert [value for value, quality in presses if quality == 0].count(1) == 5
    assert presses[-1][1] != 0 and presses[-1][0] is None, "a lost value is no value"
    assert figure(gateway, "database_lines_refused_total") == figure(gateway, "database_lines_lost_total") == 0
    assert not any(kind in ("access_reader", "checkpoint") for kind, _, _ in points)


# Killed, VictoriaMetrics itself forgets the last seconds of what it had confirmed; InfluxDB does not.
@pytest.mark.parametrize("kind,end", [(Influx, signal.SIGKILL), (Influx, signal.SIGTERM), (Victoria, signal.SIGTERM)])
def test_what_happened_while_the_database_was_away_is_filled_in(scene, kind, end):
    database = with_database(scene, kind(scene.directory)).start()
    _backend, field, gateway = scene.everything()
    until(lambda: figure(gateway, "database_lines_written_total") >= 45, "the first values")
    database.stop(end)
    for count in range(1, 11):
        field.set("care/day-care/temperature", 15 + count)
        until(lambda: value_of(gateway, "care/day-care/temperature") == 15 + count,
              "the temperature")
    field.press("care/day-care/button-1")
    until(lambda: gateway.alarms(), "the call")
    until(lambda: figure(gateway, "database_spool_lines") >= 5, "lines in the spool", 60)
    assert figure(gateway, "database_reachable") == 0
    database.start()
    written_all(scene, gateway, database)
    temperatures = {value for (_, point, _), (value, _) in database.points().items()
                    if point == "care/day-care/temperature"}
    assert temperatures >= {15 + count for count in range(1, 11)}
    assert figure(gateway, "database_lines_lost_total") == 0


def spooled(scene):
    """The lines of every record that is in the spool."""
    lines = b""
    for file in (scene.state / "uplink" / "spool").glob("*.lines"):
        records = file.read_bytes()
        for begin in re.finditer(rb"\x1f\x8b\x08", records):  # a packed text (RFC 1952, 2.3)
            try:
                lines += zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(records[begin.start():])
            except zlib.error:
                pass  # bytes within one that look like it
    return lines.decode(errors="replace")


def test_lines_on_the_disk_survive_that_the_uplink_is_killed(scene):
    database = with_database(scene, Influx(scene.directory)).start()
    _backend, field, gateway = scene.everything()
    until(lambda: figure(gateway, "database_lines_written_total") >= 45, "the first values")
    database.stop(signal.SIGKILL)
    for count in range(1, 11):
        field.set("care/day-care/temperature", 15 + count)
        until(lambda: value_of(gateway, "care/day-care/temperature") == 15 + count,
              "the temperature")
    # Whatever comes after them is on the disk only once they are.
    field.set("care/day-care/temperature", 30)
    until(lambda: re.search(r"point=care/day-care/temperature\S* value=30,", spooled(scene)), "the last line in the spool",
          60)
    gateway.kill("uplink")
    database.start()
    gateway.until_healthy()
    written_all(scene, gateway, database)
    temperatures = {value for (_, point, _), (value, _) in database.points().items()
                    if point == "care/day-care/temperature"}
    assert temperatures >= {15 + count for count in range(1, 11)} | {30}


def test_a_name_and_password_are_given_and_a_wrong_one_loses_nothing(scene):
    database = with_database(scene, Influx(scene.directory, "auth-enabled = true"))
    secret = scene.directory / "password"
    secret.write_text("wrong\n")
    # The first user makes the others.
    scene.overrides.update({"influx.user": "gateway", "influx.password_file": str(secret)})
    site = scene.directory / "with-user.yaml"
    site.write_text(scene.site.read_text().replace(
        "  database: tocsin  ", "  user: x\n  password_file: x\n  database: tocsin  "))
    for name in ("rules.yaml", "tours.yaml", "xuzhou-2017.yaml", "care.svg"):
        (scene.directory / name).write_text((scene.site.parent / name).read_text())
    scene.site = site
    database.user = ("gateway", "right")
    database.start()
    database.ask("CREATE USER gateway WITH PASSWORD 'right' WITH ALL PRIVILEGES")
    database.ask("CREATE DATABASE tocsin")
    _backend, field, gateway = scene.everything()
    until(lambda: figure(gateway, "database_failures_total") > 0, "a refusal")
    gateway.process.until_said("database_takes_nothing.*status 401: authorization failed")
    secret.write_text("right\n")
    field.press("care/day-care/button-1")
    written_all(scene, gateway, database)
    until(lambda: len(database.points()) == figure(gateway, "database_lines_written_total") > 45, "every value counted")


def certificate(directory, name, address):
    """A key and a certificate that signs itself, for one address."""
    key, pem = directory / f"{name}.key", directory / f"{name}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", pem, "-days", "2",
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName=IP:{address}"], check=True, capture_output=True)
    return key, pem


@pytest.mark.parametrize("address,trusted", [("127.0.0.1", "own"), ("127.0.0.1", "other"), ("127.0.0.9", "own")])
def test_only_the_certificate_that_is_trusted_gets_the_history(scene, address, trusted):
    key, own = certificate(scene.directory, "own", address)
    _, other = certificate(scene.directory, "other", address)
    database = with_database(scene, Influx(
        scene.directory, f'https-enabled = true\nhttps-certificate = "{own}"\nhttps-private-key = "{key}"'))
    database.scheme = "https"
    scene.overrides["influx.url"] = database.url
    site = scene.directory / "with-ca.yaml"
    site.write_text(scene.site.read_text().replace(
        "  database: tocsin  ", f"  ca: {own if trusted == 'own' else other}\n  database: tocsin  "))
    for name in ("rules.yaml", "tours.yaml", "xuzhou-2017.yaml", "care.svg"):
        (scene.directory / name).write_text((scene.site.parent / name).read_text())
    scene.site = site
    database.start()
    _backend, _field, gateway = scene.everything()
    if address == "127.0.0.1" and trusted == "own":
        written_all(scene, gateway, database)
    else:
        gateway.process.until_said("database_takes_nothing")
        until(lambda: figure(gateway, "database_failures_total") > 1, "it to be tried again")
        assert not database.points() and not database.events()
