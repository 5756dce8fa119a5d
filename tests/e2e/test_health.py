# SPDX-License-Identifier: Apache-2.0
"""`tocsin health` in both languages: what is there, what is away since when, and what was never asked for."""

import http.server
import json
import re
import threading

import pytest

from harness import button_site, free_port, until


class Database:
    """A database that answers each write in one way, or is not there."""

    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.status = 204
        self.server = None

    def start(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        http.server.ThreadingHTTPServer.allow_reuse_address = True
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def stop(self):
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None


def house(scene, broker=True, database=None, spool="", wait=True):
    if broker:
        scene.start_broker()
    button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", "100 ms")])
    text = scene.site.read_text()
    line = re.search(r"mqtt: .*\n", text).group(0)
    text = text.replace(line, (line if broker else "") + (
        f"influx: {{url: {database.url}, database: tocsin{spool}}}\n" if database else ""))
    scene.site.write_text(text)
    field = scene.field()
    return field, scene.gateway(wait=wait)


def state(gateway):
    told = json.loads(gateway.cli("health", "--json"))
    return told["status"], told["uplink"]["state"], told["database"]["state"]


def why_away(gateway):
    return json.loads(gateway.cli("health", "--json"))["uplink"]["reason"]


def until_state(gateway, *wanted):
    until(lambda: state(gateway) == wanted, f"health {wanted}", 60, lambda: f"\n{state(gateway)}")


def rows(gateway, language):
    """The table as (state, what) pairs."""
    lines = gateway.cli("health", "--lang", language).splitlines()
    return [tuple(part.strip() for part in re.split(r"  +", line, maxsplit=1)) for line in lines if line.strip()]


def test_what_was_never_asked_for_is_neither_away_nor_a_degradation(scene):
    _field, gateway = house(scene, broker=False)
    until_state(gateway, "ok", "none", "none")
    assert {("ok", "overall"), ("not configured", "broker"), ("not configured", "database")} <= set(rows(gateway, "en"))
    assert {("正常", "总体"), ("未配置", "消息代理"), ("未配置", "数据库")} <= set(rows(gateway, "zh"))
    assert any(what.startswith("recordings") for _state, what in rows(gateway, "en"))
    assert any(what.startswith("回放录制") for _state, what in rows(gateway, "zh"))


def test_a_broker_that_is_away_is_named_and_the_database_is_not_blamed(scene):
    database = Database().start()
    _field, gateway = house(scene, database=database)
    until_state(gateway, "ok", "connected", "connected")
    assert ("connected", "database") in rows(gateway, "en") and ("已连接", "数据库") in rows(gateway, "zh")
    scene.broker.stop()
    until_state(gateway, "degraded", "away", "connected")
    assert {("degraded", "overall"), ("away", "broker")} <= set(rows(gateway, "en"))
    assert {("降级", "总体"), ("离线", "消息代理")} <= set(rows(gateway, "zh"))
    until(lambda: (why_away(gateway) or "").startswith("nobody listens there"), "why")
    assert why_away(gateway) in gateway.cli("health", "--lang", "zh")
    scene.broker.start()
    until_state(gateway, "ok", "connected", "connected")
    assert why_away(gateway) is None
    database.stop()


def test_a_database_that_is_away_is_named_with_since_when_and_what_waits_for_it(scene):
    database = Database().start()
    field, gateway = house(scene, database=database, spool=", spool: 16 MiB")
    until_state(gateway, "ok", "connected", "connected")
    database.stop()
    field.set("room/button-0", 1)
    until_state(gateway, "degraded", "connected", "away")
    since = json.loads(gateway.cli("health", "--json"))["database"]["since"]
    until(lambda: json.loads(gateway.cli("health", "--json"))["database"]["spool_lines"] > 0, "a value to wait on the disk", 60)
    told = json.loads(gateway.cli("health", "--json"))["database"]
    assert told["since"] == since and told["spool_bytes"] > 0 and told["spool_size"] == 16 << 20
    [(_, en)] = [row for row in rows(gateway, "en") if row[0] == "away"]
    [(_, zh)] = [row for row in rows(gateway, "zh") if row[0] == "离线"]
    assert re.fullmatch(r"database, since \d\d-\d\d \d\d:\d\d:\d\d, \d+ values wait(, \d+ % of their room is used)?", en)
    assert re.fullmatch(r"数据库，自 \d\d-\d\d \d\d:\d\d:\d\d，\d+ 条数据待写入(，待写空间已用 \d+ %)?", zh)
    database.start()
    until_state(gateway, "ok", "connected", "connected")
    until(lambda: json.loads(gateway.cli("health", "--json"))["database"]["spool_lines"] == 0, "what waited to be written", 60)
    assert ("connected", "database") in rows(gateway, "en")
    database.stop()


@pytest.mark.parametrize("status", [401, 503])
def test_a_database_that_answers_and_takes_nothing_is_told_apart(scene, status):
    database = Database()
    database.status = status
    database.start()
    _field, gateway = house(scene, database=database)
    until_state(gateway, "degraded", "connected", "refusing")
    assert any(row[0] == "answers, but takes nothing" and row[1].startswith("database, since ") for row in rows(gateway, "en"))
    assert any(row[0] == "有应答，但拒绝写入" and row[1].startswith("数据库，自 ") for row in rows(gateway, "zh"))
    database.status = 204
    until_state(gateway, "ok", "connected", "connected")
    database.stop()


def test_a_sensor_that_was_never_heard_is_named_with_the_rule_that_waits_for_it(scene):
    """A gate whose exit button has never spoken is forced without an alarm: somebody has to know."""
    scene.start_broker()
    field = scene.field()
    # What its sensors say when they connect is said before anybody listens.
    field.process.until_said("event=broker_connected")
    gateway = scene.gateway()

    def told(language):
        code, _out, err = gateway.try_cli("health", "--lang", language)
        assert code == 0
        return err

    field.say('mqtt field/gate/door {"open": false}')
    # Nobody is named before the sensors have had their time to speak.
    never_heard = re.compile(r"!! \d+ of the sensors were never heard .*hall/gate/exit \(door_forced\)")
    until(lambda: never_heard.search(told("en")), "the button to be missed")
    assert "hall/gate/door" not in told("en"), "the door was heard"
    assert re.search(r"!! \d+ 个传感器从未上报过数据.*hall/gate/exit \(door_forced\)", told("zh"))
    assert "may be undecided and raise no alarm" in told("en") and "也就不会告警" in told("zh")
    assert "hall/gate/reader" not in told("en"), "between two cards it has nothing to say"
    field.say('mqtt field/gate/rex {"pressed": false}')
    until(lambda: "hall/gate/exit" not in told("en"), "the button to be heard")
