# SPDX-License-Identifier: Apache-2.0
"""A broker, a webhook and a database by their names, with a name server that fails in every way."""

import http.server
import re
import threading

from harness import Process, free_port, until
from name_server import NameServer
from test_figures import figure
from test_reload import edit, own_copy
from test_uplink import authority, edited_site, issue

BUTTON = "care/day-care/button-1"
BROKER, OTHERS = "broker.tocsin.test", "city.tocsin.test"


class Receiver:
    """Takes whatever is posted, as a database and as a webhook."""

    def __init__(self):
        self.paths = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver.paths.append(self.path.split("?")[0])
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class OtherBroker:
    """A mosquitto at another address of this machine."""

    def __init__(self, directory, listener):
        configuration = directory / "other.conf"
        configuration.write_text(f"listener {listener}\nuser root\nallow_anonymous true\n")
        self.process = Process("other", ["/usr/sbin/mosquitto", "-c", str(configuration)], directory)
        self.process.until_said("mosquitto version .* running")

    def stop(self):
        self.process.stop()


def with_names(scene):
    """Everything outside has a name, which only our name server knows."""
    names = scene.keep(NameServer(scene.directory))
    names.known = {BROKER: "127.0.0.1", OTHERS: "127.0.0.1"}
    scene.before = names.before()
    scene.overrides["mqtt.brokers.0"] = f"tcp://{BROKER}:{scene.broker.port}"
    return names


def press(scene, backend, field, button=BUTTON):
    field.press(button)
    backend.until_event(type="alarm.raised", rule="emergency_call", subject=button, deadline_s=60)


def polling_goes_on(field):
    polls = field.polls("care-io")
    until(lambda: field.polls("care-io") > polls + 20, "polls")


def test_a_silent_name_server_keeps_nobody_from_being_told_not_even_after_a_restart(scene):
    names = with_names(scene)
    receiver = scene.keep(Receiver())
    scene.overrides["influx.url"] = f"http://{OTHERS}:{receiver.port}"
    directory = own_copy(scene)
    edit(directory / "rules.yaml", "http://127.0.0.1:9099/hook", f"http://{OTHERS}:{receiver.port}/hook")
    edit(directory / "rules.yaml", ", secret_file: webhook.key", "")
    backend, field, gateway = scene.everything()
    until(lambda: figure(gateway, "uplink_sessions_total") >= 1, "the first session")
    until(lambda: "/write" in receiver.paths, "lines in the database")
    until(lambda: (scene.state / "uplink" / "addresses").exists()
          and {BROKER, OTHERS} <= set((scene.state / "uplink" / "addresses").read_text().split()), "the addresses")
    # It falls silent, and the broker goes and comes: the session does too.
    names.silent = True
    sessions = until(lambda: figure(gateway, "uplink_sessions_total"), "a session")
    scene.broker.stop()
    scene.broker.start()
    until(lambda: figure(gateway, "uplink_sessions_total") > sessions, "another session", 60)
    press(scene, backend, field)
    # The gateway itself comes back, as after a power cut: before its network does.
    gateway.stop()
    receiver.paths.clear()
    gateway = scene.gateway()
    press(scene, backend, field, "care/talk/button")
    until(lambda: "/write" in receiver.paths, "lines in the database", 60)
    gateway.process.until_said(rf'process=uplink event=name_not_resolved host="?{BROKER}"? reason=\S.*'
                               r'effect="its last address is used"', 60)
    polling_goes_on(field)
    assert not gateway.process.has("component_lost")
    # And it is told when the name server is there again.
    names.silent = False
    gateway.process.until_said(rf'event=name_resolved host="?{BROKER}"? effect="it is reached by its name again"', 60)


def test_a_name_that_nobody_knows_is_told_in_words_and_found_when_it_is_known(scene):
    names = with_names(scene)
    names.known = {}
    backend, field, gateway = scene.everything()
    line = gateway.process.until_said(r"event=broker_unreachable .*").group(0)
    assert re.search(r"its name does not resolve \(\S.*\): look at the name, and at the name server", line), line
    gateway.process.until_said(rf'event=name_not_resolved host="?{BROKER}"? reason=\S.*'
                               r'effect="whoever has that name cannot be told anything; what is recorded waits for it"')
    assert BROKER in names.asked
    field.press(BUTTON)
    until(lambda: any(alarm["alarm"] == f"emergency_call/{BUTTON}" for alarm in gateway.alarms()), "the alarm")
    polling_goes_on(field)
    assert not backend.events()
    names.known = {BROKER: "127.0.0.1"}
    backend.until_event(type="alarm.raised", rule="emergency_call", deadline_s=90)
    assert not gateway.process.has("component_lost")


def test_a_broker_that_moves_is_followed(scene):
    names = with_names(scene)
    backend, field, gateway = scene.everything()
    press(scene, backend, field)
    sessions = until(lambda: figure(gateway, "uplink_sessions_total"), "a session")
    # It listens at another address from now on, and its name says so.
    scene.broker.stop()
    gateway.process.until_said("event=broker_lost")
    names.known[BROKER] = "127.0.0.88"
    scene.keep(OtherBroker(scene.directory, f"{scene.broker.port} 127.0.0.88"))
    until(lambda: figure(gateway, "uplink_sessions_total") > sessions, "a session at the new address", 90)
    until(lambda: "127.0.0.88" in (scene.state / "uplink" / "addresses").read_text(), "the address to be noted")


def test_a_name_server_that_lies_sends_nobody_to_a_broker_of_another_name(scene):
    """With TLS: whoever is at the false address has a certificate of the same authority, for another name."""
    names = with_names(scene)
    directory = scene.directory
    authority(directory, "ca")
    issue(directory, "server", "ca", 90, f"DNS:{BROKER}")
    issue(directory, "liar", "ca", 90, "DNS:liar.tocsin.test")
    issue(directory, "client", "ca", 90, "DNS:gateway")
    tls = free_port()
    scene.broker.extra = f"listener {tls} 127.0.0.1\ncafile {directory}/ca.crt\n" \
        f"certfile {directory}/server.crt\nkeyfile {directory}/server.key\nrequire_certificate true\n"
    edited_site(scene, f"  ca: {directory}/ca.crt\n  cert: {directory}/client.crt\n  key: {directory}/client.key\n")
    scene.overrides["mqtt.brokers.0"] = f"ssl://{BROKER}:{tls}"
    backend, field, gateway = scene.everything()
    press(scene, backend, field)
    gateway.stop()
    liar = scene.keep(OtherBroker(directory, f"{tls} 127.0.0.99\ncafile {directory}/ca.crt\n"
                                  f"certfile {directory}/liar.crt\nkeyfile {directory}/liar.key\n"
                                  "require_certificate true"))
    names.known[BROKER] = "127.0.0.99"
    gateway = scene.gateway()
    gateway.process.until_said(rf"event=broker_unreachable .*certificate is for liar.tocsin.test, not for {BROKER}")
    press(scene, backend, field, "care/talk/button")
    assert "as tocsin-gulou-demo-main " not in liar.process.text()
