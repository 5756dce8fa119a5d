# SPDX-License-Identifier: Apache-2.0
"""The way outside, as whoever runs the site sees it: certificates that end, brokers that misbehave, names."""

import json
import re
import signal
import subprocess
from datetime import datetime, timedelta, timezone

from harness import Broker, button_site, free_port, until
from test_figures import figure

BUTTON = "care/day-care/button-1"


def openssl(directory, *words):
    subprocess.run(["openssl", *map(str, words)], cwd=directory, check=True, capture_output=True)


def authority(directory, name):
    openssl(directory, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 60, "-keyout", f"{name}.key",
            "-out", f"{name}.crt", "-subj", f"/CN={name}")


def issue(directory, name, signer, days, host="DNS:localhost"):
    """A certificate of `signer` that ends in `days` from now."""
    (directory / "ext").write_text(f"subjectAltName={host}\n")
    openssl(directory, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
            "-subj", f"/CN={name}")
    openssl(directory, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{signer}.crt", "-CAkey", f"{signer}.key",
            "-CAcreateserial", "-days", days, "-extfile", "ext", "-out", f"{name}.crt")


def edited_site(scene, mqtt):
    """The example site with other lines under `mqtt:`."""
    source = scene.site.parent
    for name in ("rules.yaml", "tours.yaml", "xuzhou-2017.yaml", "care.svg"):
        (scene.directory / name).write_text((source / name).read_text())
    text = scene.site.read_text()
    edited = re.sub(r"  version: 5 .*\n", lambda _: f"  version: 5\n{mqtt}", text, count=1)
    assert edited != text
    scene.site = scene.directory / "edited.yaml"
    scene.site.write_text(edited)


def with_tls(scene, ours_days=20, broker_days=10):
    """A broker that asks for certificates, and a site with ours."""
    directory = scene.directory
    authority(directory, "ca")
    issue(directory, "server", "ca", broker_days)
    issue(directory, "client", "ca", ours_days, "DNS:gateway")
    plain = scene.broker.port
    scene.broker.extra = f"listener {(tls := Broker(directory).port)} 127.0.0.1\ncafile {directory}/ca.crt\n" \
        f"certfile {directory}/server.crt\nkeyfile {directory}/server.key\nrequire_certificate true\n"
    edited_site(scene, f"  ca: {directory}/ca.crt\n  cert: {directory}/client.crt\n  key: {directory}/client.key\n")
    scene.overrides["mqtt.brokers.0"] = f"ssl://localhost:{tls}"
    scene.overrides["devices.doors.broker"] = f"tcp://127.0.0.1:{plain}"


def day(days):
    return (datetime.now(timezone.utc) + timedelta(days=days)).strftime("%Y-%m-%d")


def test_the_end_of_each_certificate_is_told_a_month_before_and_is_among_the_figures(scene):
    with_tls(scene)
    backend, field, gateway = scene.everything()
    gateway.process.until_said(rf"event=certificate_expires certificate=ours file=.*client.crt\S* until={day(20)} "
                               r"within_days=30 effect=\".*replace the file of `cert`")
    gateway.process.until_said(rf"event=certificate_expires certificate=broker .* until={day(10)} within_days=14 ")
    assert not gateway.process.has("certificate=authority")
    now = datetime.now(timezone.utc).timestamp()
    for name, days in (("uplink_certificate", 20), ("uplink_authority", 60), ("uplink_broker_certificate", 10)):
        until(lambda: figure(gateway, f"{name}_expiry_seconds") > 0, "the figure")
        assert abs(figure(gateway, f"{name}_expiry_seconds") - now - days * 86400) < 600
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", rule="emergency_call")
    # A new file is noticed, used when the broker comes back, and no poll is lost meanwhile.
    gateways = gateway.pids()
    issue(scene.directory, "client", "ca", 40, "DNS:gateway")
    polls = field.polls("care-io")
    scene.broker.stop()
    until(lambda: field.polls("care-io") > polls + 5, "polling without a broker")
    scene.broker.start()
    field.press("care/talk/button")
    backend.until_event(type="alarm.raised", rule="emergency_call", subject="care/talk/button", deadline_s=60)
    assert gateway.pids() == gateways


def alarm_of(gateway, which):
    """The alarm of a certificate, or None where it is at rest."""
    found = [alarm for alarm in gateway.alarms() if alarm["alarm"] == f"system_certificate/certificate/{which}"]
    return found[0] if found else None


def test_a_certificate_that_ends_soon_on_a_line_that_stands_is_an_alarm_until_a_renewed_one_is_in_force(scene):
    with_tls(scene, ours_days=10, broker_days=40)
    backend, _, gateway = scene.everything()
    [raised] = backend.until_event(type="alarm.raised", rule="system_certificate")
    data = raised["data"]
    assert (raised["subject"], data["class"], data["priority"]) == ("certificate/ours", "system.certificate", "high")
    assert data["ends"].startswith(day(10))
    assert data["text"]["en"] == f"The certificate of this gateway is good until {day(10)} (UTC): after that the gateway " \
        "cannot reach the monitoring centre again once the line breaks"
    assert day(10) in data["text"]["zh"] and "`cert`" in data["response"]["en"]
    shown = alarm_of(gateway, "ours")
    assert shown["text"] == data["text"] and shown["state"]["active"]
    # A restart forgets nothing of it, and tells nobody again.
    gateway.kill_engine()
    until(lambda: (alarm_of(gateway, "ours") or {}).get("text") == data["text"], "the alarm after a restart")
    # A new certificate whose key is not there is not in force.
    key = (scene.directory / "client.key").read_text()
    issue(scene.directory, "client", "ca", 90, "DNS:gateway")
    new_key = (scene.directory / "client.key").read_text()
    (scene.directory / "client.key").write_text(key)
    gateway.process.until_said("event=certificates_unsound", 60)
    seen = figure(gateway, "uplink_certificate_expiry_seconds")
    sessions = figure(gateway, "uplink_sessions_total")
    assert alarm_of(gateway, "ours")["state"]["active"] and not backend.events(type="alarm.cleared", rule="system_certificate")
    # With its key it is, and a line is made with it.
    (scene.directory / "client.key").write_text(new_key)
    backend.until_event(type="alarm.cleared", rule="system_certificate", deadline_s=60)
    until(lambda: figure(gateway, "uplink_certificate_expiry_seconds") > seen + 70 * 86400, "the figure of the new one")
    until(lambda: figure(gateway, "uplink_sessions_total") > sessions, "a line that is made with it")
    assert len({event["id"] for event in backend.events(type="alarm.raised", rule="system_certificate")}) == 1


def test_a_broker_whose_certificate_ends_soon_is_an_alarm_until_it_shows_another(scene):
    """The line stands all the while: mosquitto reads its files anew at a SIGHUP."""
    with_tls(scene, ours_days=40, broker_days=10)
    backend, _, gateway = scene.everything()
    [raised] = backend.until_event(type="alarm.raised", rule="system_certificate", deadline_s=90)
    assert raised["subject"] == "certificate/broker" and raised["data"]["ends"].startswith(day(10))
    issue(scene.directory, "server", "ca", 40)
    scene.broker.process.child.send_signal(signal.SIGHUP)
    backend.until_event(type="alarm.cleared", rule="system_certificate", deadline_s=120)


def test_by_the_gateways_own_clock_a_certificate_ends_in_front_of_it(scene):
    """A minute of the site passes in a second: the last day of our certificate in some seconds."""
    with_tls(scene, ours_days=2)
    ends = datetime.fromtimestamp(datetime.now().timestamp() + 2 * 86400, timezone.utc)
    begin = ends - timedelta(days=1, minutes=4)
    scene.start_broker()
    gateway = scene.gateway(["--clock", begin.strftime("%Y-%m-%dT%H:%M:%S+00:00@60")])
    gateway.process.until_said(r"certificate=ours .* within_days=7 ")
    gateway.process.until_said(r"certificate=ours .* within_days=1 ", 60)
    assert not gateway.process.has("certificate=ours .* within_days=(30|14|0) ")


def test_a_broker_that_must_not_be_trusted_is_told_with_what_to_do_and_costs_no_poll(scene):
    with_tls(scene)
    authority(scene.directory, "ca")  # the authority is another now; the broker's certificate is the old one's
    scene.start_broker()
    field = scene.field()
    gateway = scene.gateway(wait=False)
    line = gateway.process.until_said(r"process=uplink event=broker_unreachable .*").group(0)
    assert re.search(r"not signed by an authority in `ca` but by ca .*nothing is sent to it.*effect=", line), line
    polls = field.polls("care-io")
    until(lambda: field.polls("care-io") > polls + 10, "polling")


def test_why_a_broker_is_no_longer_trusted_is_told_at_once_though_it_was_just_lost(scene):
    with_tls(scene)
    scene.start_broker()
    scene.field()
    gateway = scene.gateway()
    gateway.process.until_said("event=broker_connected")
    scene.broker.stop()
    # Which of the two it is depends on whether something was under way.
    gateway.process.until_said(r"event=broker_lost .*reason=\"(?:the broker has closed the connection|the connection broke off)\"")
    authority(scene.directory, "ca")  # the broker's certificate is the old one's
    scene.start_broker()
    # Within a minute of the line above, in which the same reason is not told twice.
    gateway.process.until_said(r"event=broker_unreachable .*reason=\"[^\"]*not signed by an authority in `ca`", 40)


LEAK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
int MQTTAsync_connect(void *handle, const void *options) {
    int (*real)(void *, const void *) = (int (*)(void *, const void *))dlsym(RTLD_NEXT, "MQTTAsync_connect");
    memset(malloc(10 << 20), 1, 10 << 20);
    return real(handle, options);
}
"""


def test_an_uplink_that_the_library_lets_grow_is_renewed_without_an_alarm(scene):
    """Each connection of the uplink loses 10 MiB: the third one after the first is more than it may grow by."""
    (scene.directory / "leak.c").write_text(LEAK)
    subprocess.run(["cc", "-shared", "-fPIC", "-O0", "-o", "leak.so", "leak.c"], cwd=scene.directory, check=True)
    scene.start_broker()
    backend, field = scene.backend(), scene.field()
    gateway = scene.gateway(environment={"LD_PRELOAD": str(scene.directory / "leak.so")})
    uplink = gateway.pids()["uplink"]

    def renewed():
        return gateway.process.has(r"event=component_renewed component=uplink .* times=1 ")

    for session in range(1, 6):
        until(lambda: renewed() or figure(gateway, "uplink_sessions_total") >= session, "the next session", 60)
        if renewed():
            break
        scene.broker.stop()
        scene.broker.start()
    until(renewed, "the renewal")
    assert gateway.process.has(r"process=uplink event=uplink_renews bytes=")
    # The broker was started again and remembers nobody: the backend has to be there before something happens.
    def is_heard():
        backend.client.publish("tocsin/heard", "x", qos=1)
        return backend.latest("tocsin/heard")
    until(is_heard, "the backend to listen again")
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", rule="emergency_call", deadline_s=60)
    assert gateway.pids()["uplink"] != uplink
    assert not gateway.process.has("component_lost")
    assert not backend.events(rule="system_component_lost")


CALL = "call/room/button-0"


def one_button(scene):
    """A site of one button, and its field and gateway."""
    button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", "100 ms")])
    scene.start_broker()
    return scene.backend(), scene.field(), scene.gateway()


def call(field, gateway):
    """The button is pressed and let go: the alarm is raised and cleared, which is two events."""
    def is_active():
        return any(alarm["alarm"] == CALL and alarm["state"]["active"] for alarm in gateway.alarms())
    field.press("room/button-0")
    until(is_active, "the call")
    field.release("room/button-0")
    until(lambda: not is_active(), "its end")


def calls(backend):
    return [event["sequence"] for event in backend.events() if "/event/alarm/call/" in event["topic"]]


def line_state(gateway):
    health = json.loads(gateway.cli("health", "--json"))
    return health["status"], health["uplink"]["state"]


def test_a_broker_that_refuses_calls_is_told_of_and_has_them_in_their_order_when_it_takes_them(scene):
    """By its access list it takes all but calls, until somebody gives the gateway the right."""
    rights = scene.directory / "rights"
    rights.write_text("topic read tocsin/#\ntopic write tocsin/v1/buttons/main/status\n"
                      "topic write tocsin/v1/buttons/main/event/activity/#\n"
                      "topic write tocsin/v1/buttons/main/event/alarm/system/#\n"
                      "topic write tocsin/v1/buttons/main/alarm/system_uplink_lost/#\n"
                      "topic write tocsin/v1/buttons/main/point/#\n")
    scene.broker.extra = f"acl_file {rights}\n"
    backend, field, gateway = one_button(scene)
    for _ in range(3):
        call(field, gateway)
    line = gateway.process.until_said(r"event=broker_refuses_message topic=\S*/event/alarm/call/emergency\" .*").group(0)
    assert 'code=0x87 reason="Not authorized"' in line and "access rules" in line, line
    until(lambda: line_state(gateway) == ("degraded", "refusing"), "a health that says so")
    assert "does not take all events" in gateway.cli("health", "--lang", "en")
    assert figure(gateway, "uplink_delivers") == 0
    assert figure(gateway, "uplink_connected") == 1
    until(lambda: figure(gateway, "uplink_events_unheard") >= 1, "the figure, which comes once a second")
    # Nobody outside hears of calls, so that the alarm of a lost uplink calls those who can see to it.
    backend.until_event(type="alarm.raised", rule="system_uplink_lost", deadline_s=60)
    assert calls(backend) == []
    rights.write_text("topic readwrite #\n")
    scene.broker.process.child.send_signal(signal.SIGHUP)
    call(field, gateway)
    until(lambda: len(set(calls(backend))) == 8, "all calls", 90)
    assert calls(backend) == sorted(set(calls(backend)))
    gateway.process.until_said("event=broker_takes_all ")
    until(lambda: line_state(gateway) == ("ok", "connected"), "health")
    until(lambda: figure(gateway, "uplink_events_unheard") == 0, "the figure, which comes once a second")


def test_health_says_whether_an_alarm_is_among_the_events_that_wait(scene):
    """By its access list the broker takes all but activity: that alone waits."""
    rights = scene.directory / "rights"
    rights.write_text("topic read tocsin/#\ntopic write tocsin/v1/buttons/main/status\n"
                      "topic write tocsin/v1/buttons/main/event/alarm/#\ntopic write tocsin/v1/buttons/main/alarm/#\n"
                      "topic write tocsin/v1/buttons/main/point/#\n")
    scene.broker.extra = f"acl_file {rights}\n"
    backend, field, gateway = one_button(scene)
    call(field, gateway)
    until(lambda: len(calls(backend)) == 2, "both events")

    def waiting():
        uplink = json.loads(gateway.cli("health", "--json"))["uplink"]
        return uplink["waiting"], uplink["waiting_alarms"]
    until(lambda: waiting()[0] > 0 and waiting()[1] == 0, "activity alone to wait")
    assert "events wait, none of an alarm" in gateway.cli("health", "--lang", "en")
    assert "条事件待送，其中没有告警" in gateway.cli("health", "--lang", "zh")
    scene.broker.stop()
    gateway.process.until_said(r"process=uplink event=broker_lost")
    call(field, gateway)
    until(lambda: 0 < waiting()[1] < waiting()[0], "events of an alarm to wait, too")
    assert "those of alarms among the last" in gateway.cli("health", "--lang", "en")


def test_a_broker_with_little_room_hears_of_every_event_in_the_form_that_fits(scene):
    scene.broker.extra = "message_size_limit 400\n"
    backend, field, gateway = one_button(scene)
    call(field, gateway)
    until(lambda: len(calls(backend)) == 2, "both events")
    for event in backend.events():
        assert event.get("shortened") or event["type"] == "tocsin.system.started", event
        assert event["id"] and event["subject"], event
    # The state of the call has no shorter form, and whoever subscribes later does not see that somebody calls.
    until(lambda: line_state(gateway) == ("degraded", "refusing"), "health, which hears of the line a moment later")
    gateway.process.until_said(r"event=broker_takes_no_large_messages shortened=\d+ events_left_out=0 ")
    assert figure(gateway, "uplink_events_left_out_total") == 0


def test_a_broker_that_has_room_for_events_and_none_for_states_is_told_of_by_an_alarm(scene):
    """Whoever subscribes later would not see that somebody calls; all that fits goes out."""
    scene.broker.extra = "max_packet_size 300\n"
    backend, field, gateway = one_button(scene)
    field.press("room/button-0")
    until(lambda: calls(backend), "the call, without its data")
    line = gateway.process.until_said(r"event=broker_takes_no_large_messages .*").group(0)
    assert "events_left_out=0" in line and "maximum packet size to 8,900 bytes" in line, line
    until(lambda: line_state(gateway) == ("degraded", "refusing"), "a health that says so")
    until(lambda: any(alarm["alarm"] == "system_uplink_lost/gateway" and alarm["state"]["active"]
                      for alarm in gateway.alarms()), "the alarm", 60)
    until(lambda: any("/event/alarm/system/" in event["topic"] for event in backend.events()), "the alarm outside")
    assert backend.latest("/alarm/call/room/button-0") is None


def test_what_no_form_of_fits_is_counted_and_told_and_is_not_said_to_be_delivered(scene):
    scene.broker.extra = "max_packet_size 150\n"
    backend, field, gateway = one_button(scene)
    call(field, gateway)
    until(lambda: figure(gateway, "uplink_events_left_out_total") == 3, "all three events")  # the start is one
    until(lambda: line_state(gateway) == ("degraded", "refusing"), "a health that says so")
    line = gateway.process.until_said(r"event=broker_takes_no_large_messages .*").group(0)
    assert "8,900 bytes, then tocsin resend --since 1\"" in line, line
    until(lambda: any(alarm["alarm"] == "system_uplink_lost/gateway" and alarm["state"]["active"]
                      for alarm in gateway.alarms()), "the alarm", 60)
    assert backend.events() == []
    # Raised, and asked for once more, they are there.
    scene.broker.stop()
    scene.broker.extra = ""
    scene.broker.start()
    until(lambda: line_state(gateway) == ("ok", "connected"), "health", 60)
    gateway.cli("resend", "--since", "1")
    until(lambda: len(calls(backend)) >= 2, "the events")


BUSY = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
int sqlite3_step(void *statement) {
    int (*real)(void *) = (int (*)(void *))dlsym(RTLD_NEXT, "sqlite3_step");
    char name[16] = "";
    struct stat found;
    prctl(PR_GET_NAME, name);
    return strcmp(name, "uplink") == 0 && stat(getenv("BUSY"), &found) == 0 ? 5 /* SQLITE_BUSY */ : real(statement);
}
"""


def test_an_alarm_goes_ahead_of_a_journal_that_stays_unreadable_and_that_is_told_and_counted(scene):
    (scene.directory / "busy.c").write_text(BUSY)
    subprocess.run(["cc", "-shared", "-fPIC", "-O0", "-o", "busy.so", "busy.c"], cwd=scene.directory, check=True)
    busy, ahead = scene.directory / "busy", "uplink_events_ahead_of_journal_total"
    scene.broker.persistent = True
    scene.start_broker()
    backend, field = scene.backend(), scene.field()
    gateway = scene.gateway(environment={"LD_PRELOAD": str(scene.directory / "busy.so"), "BUSY": str(busy)})
    scene.broker.stop()
    gateway.process.until_said(r"process=uplink event=broker_lost")
    field.press(BUTTON)
    until(lambda: any(BUTTON in alarm["alarm"] for alarm in gateway.alarms()), "the call")
    busy.touch()
    scene.broker.start()
    until(lambda: figure(gateway, "uplink_sessions_total") == 2, "the next session")
    field.release(BUTTON)
    cleared = backend.until_event(type="alarm.cleared", subject=BUTTON)[0]
    assert not backend.events(type="alarm.raised", subject=BUTTON)
    told = gateway.process.until_said(r"event=alarms_ahead_of_journal count=\d+ first_seq=(\d+) last_seq=(\d+)")
    assert int(told[1]) <= cleared["sequence"] <= int(told[2])
    until(lambda: figure(gateway, ahead) >= 1, "the event to be counted")
    busy.unlink()
    raised = backend.until_event(type="alarm.raised", subject=BUTTON)[0]
    assert raised["sequence"] < cleared["sequence"]
