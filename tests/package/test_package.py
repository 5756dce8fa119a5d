# SPDX-License-Identifier: Apache-2.0
"""The Debian package, on a machine that is booted by systemd: what a person meets who installs it, runs a site with it,
upgrades it, and takes it off again."""

import json
import re
import socket
import subprocess

from machine import ROOT, run, until

SITE = "/etc/tocsin/site.yaml"
STATE = "/var/lib/tocsin"
SERIAL = """
  - id: line
    driver: modbus
    address: "rtu:/run/line.tty?baud=9600&parity=none&stop=1"
    unit: 11
    poll: 1 s
    timeout: 1 s
    points:
      - {point: temperature, place: house/room-1, kind: temperature, read: input 0, type: i16, scale: 0.1, unit: °C}
"""


def described(shipped):
    """The shipped site with all of its examples taken in, as somebody would who has just such a module."""
    text = re.sub(r"^#(?=\S|  )", "", shipped, flags=re.M)
    text = re.sub(r"(places|devices): \[\]", r"\1:", text)
    text = text.replace("rules: []", "rules: [rules.yaml]")
    return text.replace("tcp://192.168.1.20:502", "tcp://127.0.0.1:1502")


def site(machine):
    return machine.root / SITE[1:]


def describe(machine):
    """Write a site into the shipped file, with the devices of its examples and one on a serial line, and have something
    answer for all of them."""
    text = described(site(machine).read_text()).replace("ssl://broker.example:8883", "tcp://127.0.0.1:1883") + SERIAL
    site(machine).write_text(text)
    machine.must(f"tocsin check {SITE}")
    machine.keeps(machine.enter(f"exec tocsin sim {SITE} --still --control /root/sim.sock"), "sim")
    until(lambda: (machine.root / "root" / "sim.sock").exists(), "the simulated field")
    machine.must("chgrp dialout $(readlink -f /run/line.tty) && chmod 660 $(readlink -f /run/line.tty)")
    return text


def answers(machine):
    until(lambda: machine.does("tocsin health")[0] == 0, "the gateway to say that it is well")


def log(machine):
    """What the gateway, and systemd about it, have said until now."""
    return machine.must("journalctl --sync && journalctl --no-pager -u tocsin")


def component(machine, name):
    """The number of the process that is this component now."""
    return re.findall(rf"tocsin\[(\d+)\]: process={name} event=confined", log(machine))[-1]


def press(machine):
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(machine.root / "root" / "sim.sock"))
        control.sendall(b"set house/room-1/button 1\n")
        assert control.makefile().readline().startswith("ok")


def events(machine):
    return [json.loads(line) for line in machine.must("tocsin events --json --limit 1000").splitlines()]


def quality(machine, name):
    points = [json.loads(line) for line in machine.must("tocsin points --json").splitlines()]
    return next(point["quality"] for point in points if point["point"] == name)


def call_is_raised(machine):
    return until(lambda: [e for e in events(machine) if e["type"] == "tocsin.alarm.raised"
                          and e["data"]["rule"] == "emergency_call"], "the call to be raised")[0]


def test_lintian_finds_nothing(deb):
    changes = deb.with_suffix(".changes")
    # There is no start script for other inits: the unit's confinement has no counterpart there.
    run(["lintian", "--allow-root", "--fail-on", "error,warning,info,pedantic", "--display-info", "--pedantic",
         "--suppress-tags", "package-supports-alternative-init-but-no-init.d-script", str(changes)])


def test_systemd_finds_the_unit_confined():
    unit = ROOT / "deploy" / "debian" / "tocsin.service"
    said = run(["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)])
    exposure = re.search(r"Overall exposure level for tocsin.service: ([\d.]+)", said)
    assert float(exposure[1]) <= 2.0, said


def test_versions_and_build_dependencies_are_said_once(deb):
    version = re.search(r"project\(tocsin VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())[1]
    assert run(["dpkg-deb", "-f", str(deb), "Version"]).strip() == version
    control = (ROOT / "deploy" / "debian" / "control").read_text()
    needed = re.search(r"Build-Depends: (.*?)\n\S", control, re.S)[1]
    needed = {re.split(r"[ (]", word.strip())[0] for word in needed.split(",")} - {"debhelper-compat"}
    listed = {line.split()[1] for line in (ROOT / "deploy" / "packages").read_text().splitlines()
              if line.startswith("build ")}
    assert needed == listed - {"build-essential", "tzdata"}, "tzdata is needed to run, the other by every package"


def test_the_shipped_site_and_its_examples_are_sound(deb, tmp_path):
    run(["dpkg-deb", "-x", str(deb), str(tmp_path)])
    tocsin, site_file = tmp_path / "usr/bin/tocsin", tmp_path / SITE[1:]
    run([str(tocsin), "check", str(site_file)])
    site_file.write_text(described(site_file.read_text()))
    said = run([str(tocsin), "check", str(site_file)])
    assert "1 devices, 2 points" in said


def test_installing_it_starts_a_gateway_that_says_what_is_to_be_done(machine, deb):
    machine.install(deb)
    assert machine.must("systemd-analyze verify --man=no tocsin.service") == ""
    assert machine.shows("ActiveState") == "active" and machine.shows("UnitFileState") == "enabled"
    assert machine.shows("StatusText") == "no room is watched: the site has no points"
    assert re.search(rf"event=nothing_watched site={SITE} effect=", log(machine))
    answers(machine)

    assert machine.must(f"stat -c '%U %G %a' {STATE} /run/tocsin /run/tocsin/console.sock /etc/tocsin/secrets").split("\n")[:4] \
        == ["tocsin tocsin 700", "tocsin tocsin 750", "tocsin tocsin 660", "root root 700"]
    machine.must("useradd wang --groups tocsin && useradd stranger")
    machine.must("runuser -u wang -- tocsin alarms")
    code, said = machine.does("runuser -u stranger -- tocsin alarms")
    assert code == 1 and "/run/tocsin/console.sock" in said
    assert machine.does(f"runuser -u wang -- ls {STATE}")[0] != 0

    for name in ("usr/share/man/man1/tocsin.1.gz", "usr/share/bash-completion/completions/tocsin",
                 "usr/share/doc/tocsin/examples/site.yaml", "usr/share/doc/tocsin/copyright",
                 "usr/share/tocsin/console/index.html"):
        assert f"/{name}" in machine.must("dpkg -L tocsin").split(), name
    assert re.search(r'event=console_open listen="127.0.0.1:8443" app=yes', log(machine))
    assert re.search(r"event=console_claim code=(\w{4}-){2}\w{4} ", log(machine))


def test_systemd_confines_it_and_starts_it_again(machine, deb):
    machine.install(deb)
    def processes():
        return machine.must("cat /sys/fs/cgroup/system.slice/tocsin.service/cgroup.procs").split()
    pids = until(lambda: len(processes()) == 5 and processes(), "who keeps the site to have done so")
    for pid in pids:
        status = dict(line.split(":\t", 1) for line in machine.must(f"cat /proc/{pid}/status").splitlines())
        user, dialout = machine.must("id -u tocsin; getent group dialout | cut -d: -f3").split()
        assert set(status["Uid"].split()) == {user}
        assert dialout in status["Groups"].split(), "serial lines belong to dialout"
        assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert log(machine).count("seccomp=on") == 4, "the components' own filter fits into the unit's"

    fed = machine.shows("WatchdogTimestampMonotonic")
    until(lambda: machine.shows("WatchdogTimestampMonotonic") != fed, "the watchdog to be fed again")
    for number, how in enumerate(("STOP", "KILL"), 1):  # one that hangs, one that dies
        old = machine.shows("MainPID")
        machine.must(f"kill -{how} {old}")
        until(lambda: machine.shows("NRestarts") == str(number) and machine.shows("ActiveState") == "active",
              f"the gateway to be back after SIG{how}", 60)
        assert machine.shows("MainPID") != old
        answers(machine)
    assert "Watchdog timeout" in log(machine)

    machine.must(f"systemctl stop tocsin && rm {STATE}/site.kept")
    site(machine).write_text("tocsin: 1\n")
    assert machine.does("systemctl start tocsin")[0] != 0
    assert machine.shows("ActiveState") == "failed", "a wrong site is not tried again and again"
    assert "a site file needs `places`" in log(machine)


def test_an_engine_that_is_started_again_knows_that_the_machine_was_not(machine, deb):
    """The instants of the one before are its own: no delay, no chain and no test begins anew."""
    machine.install(deb)
    timeline = re.compile(r"^timeline (\w+)$", re.M)
    before, engine = timeline.search(machine.must(f"cat {STATE}/witness"))[1], component(machine, "engine")
    machine.must(f"kill -KILL {engine}")
    until(lambda: component(machine, "engine") != engine, "another engine")
    until(lambda: log(machine).count("event=engine_started") == 2, "its start")
    answers(machine)
    assert timeline.search(machine.must(f"cat {STATE}/witness"))[1] == before
    assert "event=boot_unknown" not in log(machine)


def test_a_component_that_dies_again_and_again_costs_the_others_nothing(machine, deb):
    machine.install(deb)
    supervisor, engine = machine.shows("MainPID"), component(machine, "engine")
    waits = []
    while waits.count("5000") < 3:  # between two lives it is away longer than the watchdog waits for the supervisor
        uplink = component(machine, "uplink")
        machine.must(f"kill -KILL {uplink}")
        until(lambda: component(machine, "uplink") != uplink, "another uplink")
        waits = re.findall(r"event=component_lost component=uplink .*restart_in_ms=(\d+)", log(machine))
    assert machine.shows("NRestarts") == "0" and machine.shows("MainPID") == supervisor
    assert component(machine, "engine") == engine
    answers(machine)


def test_a_described_site_is_watched_after_a_reload_and_its_secrets_reach_it(machine, deb):
    machine.install(deb)
    passwords, broker = machine.scratch / "passwords", machine.scratch / "mosquitto.conf"
    run(["mosquitto_passwd", "-c", "-b", str(passwords), "gateway", "a long secret"])
    broker.write_text(f"listener 1883 127.0.0.1\nuser root\nallow_anonymous false\npassword_file {passwords}\n")
    machine.keeps(machine.enter(["/usr/sbin/mosquitto", "-c", str(broker)], only_network=True), "mosquitto")

    machine.must("install -m 600 /dev/stdin /etc/tocsin/secrets/mqtt-password <<< 'a long secret'")
    machine.must("systemctl restart tocsin")
    describe(machine)
    machine.must("systemctl reload tocsin")
    until(lambda: machine.shows("StatusText") == "watching", "the described site to be watched")
    until(lambda: json.loads(machine.does("tocsin health --json")[1])["uplink"]["state"] == "connected", "the broker")
    heard = machine.keeps(machine.enter(
        ["stdbuf", "-oL", "mosquitto_sub", "-h", "127.0.0.1", "-u", "gateway", "-P", "a long secret", "-q", "1", "-d", "-t",
         "tocsin/v1/my-site/main/event/#"], only_network=True), "heard")
    until(lambda: "SUBACK" in heard.read_text(), "the subscription")
    press(machine)
    until(lambda: re.search(r'"type":"tocsin.alarm.raised".*"rule":"emergency_call"', heard.read_text()),
          "the call at the backend")
    assert "a long secret" not in log(machine)
    until(lambda: quality(machine, "house/room-1/temperature") == "good", "the serial line to be read")

    site(machine).write_text("tocsin: 1\n")
    machine.must("systemctl reload tocsin")
    until(lambda: "a site file needs `places`" in log(machine), "the refusal")
    assert machine.shows("ActiveState") == "active"
    until(lambda: machine.shows("StatusText") == "watching the site before: the site file is wrong", "the status to say it")


def traces(machine):
    """Everything on the disk that is called tocsin or belongs to it, but for what others wrote about it."""
    user = machine.does("id -u tocsin")[1].strip()
    owned = f"-o -user {user} -o -group {user}" if user.isdigit() else "-o -nouser -o -nogroup"
    found = machine.must(f"find / -xdev '(' -name '*tocsin*' {owned} ')' -not -path '/root/*' -not -path '/proc/*'")
    found = [path for path in found.split() if not path.startswith(("/var/log/", "/var/cache/apt/"))]
    accounts = machine.does("grep -l tocsin /etc/passwd /etc/group /etc/shadow /etc/gshadow /etc/subuid")[1].split()
    return sorted(found + accounts)


def test_an_upgrade_with_a_wrong_site_file_says_so_and_goes_on_watching(machine, deb, newer):
    machine.install(deb)
    text = describe(machine)
    machine.must("systemctl reload tocsin")
    until(lambda: machine.shows("StatusText") == "watching", "the described site to be watched")
    assert "is wrong" not in machine.install(deb), "nothing is said of a site that is good"
    site(machine).write_text(text + "broken: [\n")
    first = machine.shows("MainPID")
    said = machine.install(newer)
    assert re.search(rf"{SITE}:\d+:\d+: error: ", said)
    assert f"tocsin: {SITE} is wrong" in said and "all rooms are watched by the site" in said
    assert machine.must("dpkg-query -W -f '${Status}' tocsin") == "install ok installed"
    assert machine.shows("ActiveState") == "active" and machine.shows("MainPID") != first
    assert machine.must("tocsin version").count("9999.1") == 2, "the new program, and the new gateway"
    assert machine.shows("StatusText") == "watching the site before: the site file is wrong"
    assert "all rooms are watched by the site that was accepted at" in machine.must("tocsin health 2>&1")
    press(machine)
    call_is_raised(machine)

    site(machine).write_text(text)
    machine.must("systemctl reload tocsin")
    until(lambda: machine.shows("StatusText") == "watching", "the mended site to be in force")
    until(lambda: [e["type"] for e in events(machine) if "config" in e["type"]][-2:]
          == ["tocsin.system.config_refused", "tocsin.system.config_changed"], "the refusal and its end in the journal")

    machine.must(f"systemctl stop tocsin && rm {STATE}/site.kept && echo 'broken: [' >> {SITE}")
    said = machine.must(f"dpkg -i /root/{newer.name}")
    assert "NO ROOM IS WATCHED" in said and machine.shows("ActiveState") == "failed"


def test_an_upgrade_keeps_everything_a_removal_stops_it_and_a_purge_leaves_nothing(machine, deb, newer):
    before = traces(machine)
    machine.install(deb)
    text = describe(machine)
    machine.must("systemctl reload tocsin")
    until(lambda: machine.shows("StatusText") == "watching", "the described site to be watched")
    press(machine)
    call = call_is_raised(machine)
    machine.must("tocsin ack emergency_call/house/room-1/button --by wang")
    secret = machine.must("echo key > /etc/tocsin/secrets/key; cat /etc/tocsin/secrets/key")

    first = machine.shows("MainPID")
    machine.install(newer)
    assert machine.shows("ActiveState") == "active" and machine.shows("MainPID") != first
    assert machine.must("tocsin version").count("9999.1") == 2, "the new program, and the new gateway"
    assert site(machine).read_text() == text
    told = events(machine)
    assert call in told
    assert [e["sequence"] for e in told if "sequence" in e] == list(range(1, 1 + len(told))), "one journal, no gap"
    alarm = [json.loads(line) for line in machine.must("tocsin alarms --json").splitlines()]
    alarm = [a for a in alarm if a["alarm"] == "emergency_call/house/room-1/button"]
    completion = ('source /usr/share/bash-completion/completions/tocsin; COMP_WORDS=(tocsin ack ""); COMP_CWORD=2; '
                  '_tocsin tocsin "" ack; echo "${COMPREPLY[@]}"')
    assert "emergency_call/house/room-1/button" in machine.must(completion).split(), "an alarm is offered to be acted on"
    assert len(alarm) == 1 and alarm[0]["state"]["active"] and alarm[0]["state"]["acked"], alarm

    machine.must("apt-get remove -y tocsin")
    assert traces(machine) != before
    assert machine.does("systemctl is-active tocsin")[1].strip() != "active"
    assert machine.does("ls /usr/bin/tocsin /run/tocsin")[0] == 2
    assert machine.must(f"ls {SITE} {STATE}/journal.db /etc/tocsin/secrets/key").count("\n") == 3

    machine.install(newer)
    assert site(machine).read_text() == text and call in events(machine)
    assert machine.must("cat /etc/tocsin/secrets/key") == secret

    machine.must("apt-get purge -y tocsin")
    assert traces(machine) == before == []
    assert machine.does("systemctl cat tocsin")[0] != 0
    assert machine.shows("LoadState") == "not-found"
    assert subprocess.run(machine.enter("id tocsin"), capture_output=True).returncode != 0
