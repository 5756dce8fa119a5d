# SPDX-License-Identifier: Apache-2.0
"""`tocsin check`: what it says of good and wrong sites, and that the JSON Schema says the same."""

import copy
import json
import os
import re
import shutil
import subprocess
import unicodedata
from pathlib import Path

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TOCSIN = os.environ.get("TOCSIN", str(ROOT / "build" / "gcc" / "gateway" / "tocsin"))
EXAMPLE = ROOT / "deploy" / "example"
BASE = ROOT / "tests" / "config" / "base"
SCHEMA = json.loads((ROOT / "deploy" / "schema" / "site.schema.json").read_text())


def tocsin(*arguments, cwd=ROOT, lang="C.UTF-8"):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LC_")}
    environment["LANG"] = lang
    return subprocess.run([TOCSIN, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=60,
                          env=environment)


def check(*arguments, **options):
    return tocsin("check", *arguments, **options)


# ---- the command


def test_the_example_is_good_and_is_told_in_english():
    done = check(EXAMPLE / "site.yaml")
    assert done.returncode == 0, done.stderr
    assert "Gulou demonstration community" in done.stdout
    assert re.search(r"care/day-care +day_care_room +Day-care room +48 m2 +for 12", done.stdout)
    assert re.search(r"care-io +tcp://127\.0\.0\.1:1502 +unit 1 +polled every 100 ms", done.stdout)
    assert re.search(r"emergency_call +call\.emergency +EMERGENCY +9 +alarms", done.stdout)
    assert "total: 17 places, 5 devices, 45 points" in done.stdout
    assert "error" not in done.stderr
    assert "webhook.key: nobody is called until it is there" in done.stderr


def test_the_example_is_told_in_chinese_by_option_and_by_environment():
    for done in (check(EXAMPLE / "site.yaml", "--lang", "zh"), check(EXAMPLE / "site.yaml", lang="zh_CN.UTF-8")):
        assert done.returncode == 0
        assert "鼓楼示范社区" in done.stdout
        assert "日间照料室" in done.stdout


def test_how_much_of_the_disk_a_gateway_may_take_is_told():
    mib = 1 << 20
    options = [word for path, size in (("journal.size", 100), ("history", 200), ("recordings", 300))
               for word in ("--set", f"gateway.{path}={size} MiB")]
    done = check(EXAMPLE / "site.yaml", *options, "--json")
    assert done.returncode == 0, done.stderr
    disk = json.loads(done.stdout)["site"]["disk"]
    assert (disk["journal"], disk["history"], disk["recordings"]) == (100 * mib, 200 * mib, 300 * mib)
    told = check(EXAMPLE / "site.yaml", *options).stdout
    waiting = f"  what waits for the database {disk['waiting'] // mib} MiB" if disk["waiting"] else ""
    assert ("disk at most  journal 100 MiB  history for charts 200 MiB  recordings for replay 300 MiB"
            f"{waiting}  in all {600 + disk['waiting'] // mib} MiB\n") in told
    assert "磁盘占用上限  日志 100 MiB  曲线历史 200 MiB" in check(EXAMPLE / "site.yaml", *options, "--lang", "zh").stdout


def test_a_rule_test_that_fails_says_why_in_chinese(tmp_path):
    tests = tmp_path / "tests.yaml"
    tests.write_text(f"site: {EXAMPLE / 'site.yaml'}\ntests:\n  - test: a call\n    steps:\n"
                     "      - {at: 5 s, set: {care/day-care/button-1: 1}}\n"
                     "      - {at: 9 s, do: reset emergency_call/care/day-care/button-1,\n"
                     "         expect: [acknowledged emergency_call/care/day-care/button-1]}\n")
    done = tocsin("test-rules", tests, "--lang", "zh")
    assert done.returncode == 1, done.stderr
    assert "tests.yaml:5:14: 错误：未期望，却在 5 s 发生：`raised emergency_call/care/day-care/button-1`" in done.stderr
    assert "错误：被拒绝：still_active" in done.stderr
    assert "错误：应在 9 s 之前发生，却没有发生" in done.stderr
    assert "error" not in done.stderr


def test_json_notes_are_english_whatever_the_reader_speaks(tmp_path):
    site = tmp_path / "site.yaml"
    site.write_text("tocsin: 1\nsite: {id: A, name: {en: A}, timezone: UTC}\nplaces: []\ndevises: []\n")
    assert check(site, "--json", "--lang", "zh").stdout == check(site, "--json", "--lang", "en").stdout


def test_json_has_the_notes_and_the_site():
    told = json.loads(check(EXAMPLE / "site.yaml", "--json").stdout)
    assert told["ok"] is True
    assert told["errors"] == 0
    assert told["site"]["id"] == "gulou-demo"
    assert len(told["site"]["places"]) == 17
    rules = {rule["id"]: rule for rule in told["site"]["rules"]}
    assert rules["fire_alarm"]["alarms"] == 9
    assert rules["stuffy"] == {"id": "stuffy", "class": "space.climate", "priority": "low", "alarms": 1,
                               "built_in": False}


def test_json_of_a_wrong_site_has_every_error_and_no_site(tmp_path):
    site = tmp_path / "site.yaml"
    site.write_text("tocsin: 1\nsite: {id: A, name: {en: A}, timezone: UTC}\nplaces: []\ndevises: []\n")
    done = check(site, "--json")
    assert done.returncode == 2
    told = json.loads(done.stdout)
    assert told["ok"] is False and told["site"] is None
    assert [(note["line"], note["column"]) for note in told["notes"]] == [(2, 12), (3, 9), (4, 1)]
    assert told["notes"][2]["hint"] == "did you mean `devices`?"


def test_a_wrong_site_exits_2_and_says_so_on_standard_error():
    done = check(BASE / "site.yaml", "--set", "site.timezone=Nowhere", "--set", "gatway.id=x")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "--set:1:15: error: `Nowhere` is no time zone" in done.stderr
    assert "did you mean `gateway`?" in done.stderr
    # How many warnings is the umask of this checkout: the site has a secret.
    assert done.stderr.splitlines()[-1].startswith("2 errors, ")


def test_a_secret_that_is_none_or_everybodys_is_warned_of(tmp_path):
    secret, site = tmp_path / "secret", tmp_path / "site.yaml"

    def said(mode=0o600, text="hush\n"):
        secret.write_text(text)
        secret.chmod(mode)
        return told()

    def told():
        shutil.copytree(BASE, tmp_path, dirs_exist_ok=True)
        done = check(site, "--set", f"mqtt.password_file={secret}", "--set", "mqtt.user=gw")
        assert done.returncode == 0, done.stdout + done.stderr  # it may come only when the gateway runs
        return done.stdout + done.stderr

    assert all(str(secret) not in said(mode) for mode in (0o400, 0o440, 0o600, 0o640))
    for mode in (0o644, 0o604, 0o602):
        assert "everybody on this machine can read or change the secret in" in said(mode), oct(mode)
    assert f"{secret} is empty: nothing can be published" in said(text="")
    secret.unlink()
    assert f"there is no file {secret}: nothing can be published" in told()
    secret.mkdir()
    assert f"{secret} is no file: nothing can be published" in told()


def test_paths_are_shown_beside_the_site_as_it_was_named(tmp_path):
    shutil.copytree(BASE, tmp_path / "a" / "b")
    rules = tmp_path / "a" / "b" / "rules.yaml"
    rules.write_text(rules.read_text().replace("class: door.held", "class: door.hold"))
    done = check("a/b/site.yaml", cwd=tmp_path)
    assert "a/b/rules.yaml:22:12: error: `door.hold` is not a class of alarm" in done.stderr


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["--nonsense", "a"], ["a", "--set"], ["a", "--lang", "fr"]])
def test_wrong_usage_exits_2_with_one_line(arguments):
    done = check(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "tocsin check --help" in done.stderr


COMMANDS = re.findall(r"^  ([a-z][a-z-]*) ", subprocess.run([TOCSIN, "--help"], capture_output=True, text=True, env={"LC_ALL": "C"}).stdout, re.M)
SAMPLES = {"--lang": "en", "--clock": "2026-11-22T07:00:00+08:00@10", "--seed": "1", "--for": "10 s", "--after": "1",
           "--limit": "1", "--minutes": "1", "--seconds": "1"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_that_a_help_names_is_taken(command):
    def tocsin(*arguments):
        return subprocess.run([TOCSIN, command, *arguments], capture_output=True, text=True, timeout=60)
    done = tocsin("--help")
    assert done.returncode == 0 and done.stderr == "" and done.stdout.startswith(f"Usage: tocsin {command} ")
    assert all(len(line) <= 110 for line in done.stdout.splitlines())
    options = re.findall(r"^  (--[a-z-]+)( [A-Z]\S*| zh\|en)? ", done.stdout, re.MULTILINE)
    assert "--lang" in dict(options) or command == "sim"
    assert len(options) == len(dict(options)) >= 2
    for option, value in options:
        words = [option] + ([SAMPLES.get(option, "x=y")] if value else [])
        surplus = tocsin(*words, "a", "b", "c").stderr
        assert re.search(r": (it )?takes |: it takes one", surplus), f"{words} were taken, and then three words were not"
        assert ("needs a value" in tocsin("a", "b", "c", option).stderr) == bool(value), f"{option} takes{value or ' no value'}"


def columns(line):
    """How much of a terminal's width it takes: two for a Chinese character."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)


def lacking(text):
    """The sentences of a help that a reader of Chinese finds in English: of each option and paragraph."""
    parts = re.split(r"\n(?=  --)|\n\n", text)
    return [part for part in parts if part.strip() and not re.search(r"[\u4e00-\u9fff]", part)]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_and_usage_error_is_there_in_chinese_too(command):
    def tocsin(language, *arguments):
        return subprocess.run([TOCSIN, command, *arguments], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "LC_ALL": language})
    def options(text):
        return re.findall(r"^  (--[a-z-]+)( [A-Z]\S*| zh\|en)? ", text, re.MULTILINE)
    chinese, english = tocsin("zh_CN.UTF-8", "--help"), tocsin("C", "--help")
    assert chinese.returncode == 0 and chinese.stderr == "" and chinese.stdout.startswith(f"用法：tocsin {command} ")
    assert lacking(chinese.stdout) == []
    assert options(chinese.stdout) == options(english.stdout)
    assert not re.search(r"[\u4e00-\u9fff]", english.stdout), "an English help speaks Chinese"
    assert [line for line in chinese.stdout.splitlines() if columns(line) > 100] == []
    wrong = [["a", "b", "c"], ["--nonsense"]] + [[option, ""] for option, value in options(english.stdout)
                                                 if option in ("--lang", "--clock", "--seed", "--for", "--limit")]
    for words in wrong:
        done = tocsin("zh_CN.UTF-8", *words)
        assert done.returncode == 2 and re.match(rf"tocsin {command}：.*[\u4e00-\u9fff].*；请看 tocsin {command} --help\n$", done.stderr)
        assert not re.search(r"[a-z]{3,} [a-z]{2,} [a-z]{2,}", done.stderr.split("；")[0]), done.stderr


def test_there_are_as_many_commands_as_the_help_tells():
    assert len(COMMANDS) > 20 and len(set(COMMANDS)) == len(COMMANDS)


# ---- the schema and the checker


def resolve(schema):
    while "$ref" in schema:
        schema = SCHEMA["definitions"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def test_the_schema_is_a_schema():
    jsonschema.Draft7Validator.check_schema(SCHEMA)


def test_schema_and_checker_know_the_same_keys_and_require_the_same():
    shapes = json.loads(check("--keys").stdout)["shapes"]
    assert len(shapes) > 20
    for shape, keys in shapes.items():
        definition = SCHEMA["definitions"][shape]
        assert definition["additionalProperties"] is False, shape
        assert set(definition["properties"]) == set(keys), shape
        assert set(definition.get("required", [])) == {key for key in keys if keys[key]["required"]}, shape
    closed = {name for name, definition in SCHEMA["definitions"].items()
              if definition.get("additionalProperties") is False and "patternProperties" not in definition}
    assert closed == set(shapes)


def test_schema_and_checker_know_the_same_words():
    told = json.loads(check("--keys").stdout)
    for words in ("point_kind", "place_kind", "alarm_class", "priority", "unit"):
        assert sorted(SCHEMA["definitions"][words]["enum"]) == sorted(told[words])


FORMS = {"scalar": {"string", "number", "integer", "boolean"}, "list": {"array"}, "map": {"object"}}


def types_of(schema):
    schema = resolve(schema)
    found = set()
    for part in schema.get("anyOf", []) + schema.get("allOf", []):
        found |= types_of(part)
    if "enum" in schema or "const" in schema:
        return {"string"}
    kind = schema.get("type", [])
    return found | set([kind] if isinstance(kind, str) else kind)


def test_schema_and_checker_agree_on_what_is_a_value_a_list_or_a_map():
    for shape, keys in json.loads(check("--keys").stdout)["shapes"].items():
        for key, fact in keys.items():
            types = types_of(SCHEMA["definitions"][shape]["properties"][key])
            assert types, (shape, key)
            if fact["form"] != "any":
                assert types <= FORMS[fact["form"]], (shape, key)


@pytest.mark.parametrize("path", sorted(EXAMPLE.glob("*.yaml")) + sorted(BASE.glob("*.yaml")),
                         ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_schema_accepts_every_good_file(path):
    jsonschema.Draft7Validator(SCHEMA).validate(yaml.safe_load(path.read_text()))


@pytest.mark.parametrize("path,wrong", [("site.yaml", "site"), ("rules.yaml", "rules"), ("tours.yaml", "tours"),
                                        ("standard.yaml", "standard")])
def test_the_schema_tells_the_files_apart(path, wrong):
    tree = yaml.safe_load((BASE / path).read_text())
    tree[wrong] = 7
    assert not jsonschema.Draft7Validator(SCHEMA).is_valid(tree)


# One wrong thing each: a file of tests/config/base, the way to a value, and what stands there instead.
GONE = object()
MUTATIONS = [
    ("site", ["tocsin"], 2), ("site", ["tocsin"], GONE), ("site", ["site"], GONE), ("site", ["site"], []),
    ("site", ["places"], GONE), ("site", ["places"], {}), ("site", ["places"], []), ("site", ["devices"], GONE),
    ("site", ["devices"], "none"), ("site", ["extra"], 1), ("site", ["rules"], "rules.yaml"),
    ("site", ["rules", 0], ["a"]), ("site", ["tours"], {}), ("site", ["shifts"], []),
    ("site", ["site", "id"], GONE), ("site", ["site", "id"], "Upper"), ("site", ["site", "id"], "x" * 33),
    ("site", ["site", "name"], "Test"), ("site", ["site", "name"], {}), ("site", ["site", "name", "fr"], "Essai"),
    ("site", ["site", "name", "en"], ["a"]), ("site", ["site", "name", "en"], "x" * 201),
    ("site", ["site", "timezone"], GONE), ("site", ["site", "timezone"], "../etc"), ("site", ["site", "zone"], "UTC"),
    ("site", ["site", "holidays"], "2026-10-01"), ("site", ["site", "holidays", 0], "1 October"),
    ("site", ["site", "holidays", 0], "2026-13-01"), ("site", ["site", "holidays", 0], "2026-10-02"),
    ("site", ["site", "standard"], ["a"]),
    ("site", ["gateway", "id"], "a b"), ("site", ["gateway", "state"], {}), ("site", ["gateway", "console"], "x"),
    ("site", ["gateway", "console", "listen"], "localhost"), ("site", ["gateway", "console", "port"], 1),
    ("site", ["gateway", "field"], 2),
    ("site", ["devices", 0, "points", 0, "attends"], True), ("site", ["devices", 2, "points", 1, "attends"], "here"),
    ("site", ["shifts", "care", "role"], "nurse"), ("site", ["shifts", "care", "role"], []),
    ("site", ["alarms"], []), ("site", ["alarms"], {"silence": "30 s"}), ("site", ["alarms"], {"silence_at_most": 30}),
    ("site", ["alarms"], {"silence_at_most": {}}), ("site", ["alarms"], {"battery_low": "10"}),
    ("site", ["alarms"], {"attend_within": "5 min"}), ("site", ["alarms"], {"attend_within": {"high": "1 h"}}),
    ("site", ["alarms"], {"acknowledge_within": {"low": 8}}), ("site", ["alarms"], {"flood": {"more_than": 4}}),
    ("site", ["alarms"], {"flood": {"until_fewer_than": 32}}), ("site", ["alarms"], {"flood": {"more_than": "6"}}),
    ("site", ["mqtt", "brokers"], GONE), ("site", ["mqtt", "brokers"], []), ("site", ["mqtt", "brokers"], "tcp://h:1"),
    ("site", ["mqtt", "brokers", 0], "mqtt://h:1883"), ("site", ["mqtt", "brokers", 0], "tcp://"),
    ("site", ["mqtt", "version"], 4), ("site", ["mqtt", "version"], "3.1"), ("site", ["mqtt", "cert"], "site.yaml"),
    ("site", ["mqtt", "key"], "site.yaml"), ("site", ["mqtt", "password_file"], "site.yaml"),
    ("site", ["mqtt", "password"], "secret"), ("site", ["mqtt", "user"], ["a"]),
    ("site", ["influx", "url"], GONE), ("site", ["influx", "url"], "udp://h"), ("site", ["influx", "database"], GONE),
    ("site", ["influx", "org"], "city"), ("site", ["influx", "token"], "secret"),
    ("site", ["influx", "password_file"], "site.yaml"),
    ("site", ["shifts", "care", "mon-sun", 0], "7-19"), ("site", ["shifts", "care", "monday"], "07:00-19:00"),
    ("site", ["shifts", "care", "people"], "wang"), ("site", ["shifts", "Night Shift"], {}),
    ("site", ["places", 0, "id"], GONE), ("site", ["places", 0, "id"], "a/b"), ("site", ["places", 0, "kind"], "castle"),
    ("site", ["places", 0, "kind"], GONE), ("site", ["places", 0, "name"], GONE), ("site", ["places", 0, "area"], 236),
    ("site", ["places", 0, "area"], "236m2"), ("site", ["places", 0, "area"], "236 s"),
    ("site", ["places", 0, "hours", "mon-fri"], "8-17"), ("site", ["places", 0, "hours", "mon-fri"], 7),
    ("site", ["places", 0, "hours", "workdays"], "08:00-17:00"), ("site", ["places", 0, "hours"], "08:00-17:00"),
    ("site", ["places", 0, "services"], "meals"), ("site", ["places", 0, "services", 0], "dancing"),
    ("site", ["places", 0, "services", 0], "emergency"), ("site", ["places", 0, "colour"], "red"),
    ("site", ["places", 0, "places", 0, "capacity"], "twelve"), ("site", ["places", 0, "places", 0, "capacity"], 0),
    ("site", ["places", 0, "places", 0, "capacity"], 1.5), ("site", ["places", 0, "places", 0, "own_room"], "si"),
    ("site", ["places", 0, "places", 1, "walk"], 2), ("site", ["places", 0, "places", 1, "walk"], "2 minutes"),
    ("site", ["devices", 0, "id"], GONE), ("site", ["devices", 0, "driver"], GONE),
    ("site", ["devices", 0, "driver"], "knx"), ("site", ["devices", 0, "address"], GONE),
    ("site", ["devices", 0, "address"], "127.0.0.1:1502"), ("site", ["devices", 0, "broker"], "tcp://h:1"),
    ("site", ["devices", 0, "unit"], "1"), ("site", ["devices", 0, "unit"], 256), ("site", ["devices", 0, "unit"], -1),
    ("site", ["devices", 0, "poll"], 100), ("site", ["devices", 0, "poll"], "100ms"),
    ("site", ["devices", 0, "timeout"], "fast"), ("site", ["devices", 0, "silence"], "x"),
    ("site", ["devices", 0, "points"], GONE), ("site", ["devices", 0, "points"], {}),
    ("site", ["devices", 0, "retries"], 3), ("site", ["devices", 1, "address"], "rtu:a?speed=9600"),
    ("site", ["devices", 2, "broker"], GONE), ("site", ["devices", 2, "broker"], "ssl://h:1"),
    ("site", ["devices", 2, "unit"], 1), ("site", ["devices", 2, "poll"], "1 s"),
    ("site", ["devices", 0, "points", 0, "point"], GONE), ("site", ["devices", 0, "points", 0, "point"], "Button"),
    ("site", ["devices", 0, "points", 0, "place"], GONE), ("site", ["devices", 0, "points", 0, "place"], "care//room"),
    ("site", ["devices", 0, "points", 0, "kind"], GONE), ("site", ["devices", 0, "points", 0, "kind"], "button"),
    ("site", ["devices", 0, "points", 0, "read"], "discrete"), ("site", ["devices", 0, "points", 0, "read"], "discrete 65536"),
    ("site", ["devices", 0, "points", 0, "read"], "coils 1"), ("site", ["devices", 0, "points", 0, "read"], 3),
    ("site", ["devices", 0, "points", 1, "invert"], 1), ("site", ["devices", 0, "points", 2, "bit"], 16),
    ("site", ["devices", 0, "points", 2, "bit"], "3"), ("site", ["devices", 0, "points", 3, "write"], "holding 0"),
    ("site", ["devices", 1, "points", 0, "type"], "i8"), ("site", ["devices", 1, "points", 0, "scale"], "0.1"),
    ("site", ["devices", 1, "points", 0, "scale"], 0), ("site", ["devices", 1, "points", 0, "offset"], "x"),
    ("site", ["devices", 1, "points", 0, "unit"], "K"), ("site", ["devices", 1, "points", 0, "deadband"], -1),
    ("site", ["devices", 1, "points", 0, "min"], "cold"), ("site", ["devices", 1, "points", 0, "max"], []),
    ("site", ["devices", 1, "points", 1, "order"], "ABDC"), ("site", ["devices", 2, "points", 0, "topic"], "a/#"),
    ("site", ["devices", 2, "points", 0, "topic"], "+/a"), ("site", ["devices", 2, "points", 0, "topic"], "$SYS/a"),
    ("site", ["devices", 2, "points", 0, "value"], "open"), ("site", ["devices", 2, "points", 0, "silence"], 5),
    ("site", ["devices", 2, "points", 1, "code"], "card"), ("site", ["devices", 2, "points", 1, "code"], ""),
    ("site", ["devices", 2, "points", 1, "result"], "/a~"), ("site", ["devices", 2, "points", 1, "time"], "at"),
    ("site", ["devices", 2, "points", 1, "qos"], 1),
    ("rules", ["chains"], []), ("rules", ["chains", "care-call"], {}), ("rules", ["chains", "care-call"], []),
    ("rules", ["chains", "Care Call"], [{"after": "0 s", "to": "everyone"}]),
    ("rules", ["chains", "care-call", 0, "after"], GONE), ("rules", ["chains", "care-call", 0, "after"], 0),
    ("rules", ["chains", "care-call", 0, "to"], GONE), ("rules", ["chains", "care-call", 0, "to"], "somebody"),
    ("rules", ["chains", "care-call", 0, "to"], "role boss"), ("rules", ["chains", "care-call", 0, "by"], "pigeon"),
    ("rules", ["chains", "care-call", 0, "place"], "here"), ("rules", ["chains", "care-call", 0, "output"], "smoke"),
    ("rules", ["chains", "care-call", 0, "output"], ["lamp"]), ("rules", ["chains", "care-call", 0, "until"], "1 s"),
    ("rules", ["webhooks", "manager", "url"], GONE), ("rules", ["webhooks", "manager", "url"], "mailto:a"),
    ("rules", ["webhooks", "manager", "secret"], "x"), ("rules", ["webhooks", "manager"], "x"),
    ("rules", ["rules"], {}), ("rules", ["groups"], []),
    ("rules", ["rules", 0, "rule"], GONE), ("rules", ["rules", 0, "rule"], "no-minus"),
    ("rules", ["rules", 0, "rule"], "system_storage"), ("rules", ["rules", 0, "each"], GONE),
    ("rules", ["rules", 0, "each"], "points smoke"), ("rules", ["rules", 0, "each"], "point [smoke"),
    ("rules", ["rules", 0, "each"], ["point"]), ("rules", ["rules", 0, "raise"], GONE),
    ("rules", ["rules", 0, "raise"], ["value"]), ("rules", ["rules", 0, "clear"], {}),
    ("rules", ["rules", 0, "class"], GONE), ("rules", ["rules", 0, "class"], "call"),
    ("rules", ["rules", 0, "priority"], "highest"), ("rules", ["rules", 0, "latch"], "on-off"),
    ("rules", ["rules", 0, "message"], GONE), ("rules", ["rules", 0, "message"], "call"),
    ("rules", ["rules", 0, "response", "de"], "x"), ("rules", ["rules", 0, "chain"], "Care Call"),
    ("rules", ["rules", 1, "raise_after"], 30), ("rules", ["rules", 1, "clear_after"], "30"),
    ("rules", ["rules", 0, "delay"], "1 s"),
    ("tours", ["tours"], {}), ("tours", ["rounds"], []), ("tours", ["tours", 0, "tour"], GONE),
    ("tours", ["tours", 0, "tour"], "Night"), ("tours", ["tours", 0, "name"], GONE),
    ("tours", ["tours", 0, "schedule"], GONE), ("tours", ["tours", 0, "schedule"], []),
    ("tours", ["tours", 0, "schedule", 0], "24:00"), ("tours", ["tours", 0, "schedule"], "22:00"),
    ("tours", ["tours", 0, "days"], "daily"), ("tours", ["tours", 0, "days"], ["mon"]),
    ("tours", ["tours", 0, "mode"], "random"), ("tours", ["tours", 0, "start_grace"], 15),
    ("tours", ["tours", 0, "guard_overdue"], "soon"), ("tours", ["tours", 0, "checkpoints"], GONE),
    ("tours", ["tours", 0, "checkpoints"], []), ("tours", ["tours", 0, "checkpoints", 0, "point"], GONE),
    ("tours", ["tours", 0, "checkpoints", 0, "after"], "1 min"),
    ("tours", ["tours", 0, "checkpoints", 0, "after", "min"], 1),
    ("tours", ["tours", 0, "checkpoints", 0, "after", "average"], "1 min"), ("tours", ["tours", 0, "guard"], "x"),
    ("standard", ["standard", "id"], GONE), ("standard", ["standard", "id"], "A B"),
    ("standard", ["standard", "name"], GONE), ("standard", ["standard", "requirements"], GONE),
    ("standard", ["standard", "requirements"], {}), ("standard", ["standard", "year"], 2017),
    ("standard", ["standard", "requirements", 0, "id"], GONE),
    ("standard", ["standard", "requirements", 0, "every"], GONE),
    ("standard", ["standard", "requirements", 0, "every"], "castle"),
    ("standard", ["standard", "requirements", 0, "below"], "site"),
    ("standard", ["standard", "requirements", 0, "need"], "area > 1 m2"),
    ("standard", ["standard", "requirements", 0, "need"], GONE),
    ("standard", ["standard", "requirements", 1, "need"], "castle"),
    ("standard", ["standard", "requirements", 1, "least"], 0),
    ("standard", ["standard", "requirements", 1, "least"], "one"),
    ("standard", ["standard", "requirements", 1, "own_room"], "x"),
    ("standard", ["standard", "requirements", 2, "all"], GONE),
    ("standard", ["standard", "requirements", 2, "all", 0], "dancing"),
    ("standard", ["standard", "requirements", 3, "walk"], 10),
    ("standard", ["standard", "requirements", 3, "except"], ["corridor"]),
    ("standard", ["standard", "requirements", 4, "need_point"], GONE),
    ("standard", ["standard", "requirements", 4, "need_point", 0], "bell"),
    ("standard", ["standard", "requirements", 4, "except", 0], "cellar"),
    ("standard", ["standard", "requirements", 4, "maybe"], True),
]


def mutate(tree, way, value):
    tree = copy.deepcopy(tree)
    at = tree
    for step in way[:-1]:
        at = at[step]
    if value is GONE:
        del at[way[-1]]
    else:
        at[way[-1]] = value
    return tree


def name_of(mutation):
    name, way, value = mutation
    shown = "gone" if value is GONE else str(value)[:24]
    return f"{name}.{'.'.join(map(str, way))}={shown}"


@pytest.mark.parametrize("mutation", MUTATIONS, ids=name_of)
def test_schema_and_checker_refuse_the_same_wrong_thing(mutation, tmp_path):
    name, way, value = mutation
    for path in BASE.glob("*.yaml"):
        shutil.copy(path, tmp_path)
    tree = mutate(yaml.safe_load((BASE / f"{name}.yaml").read_text()), way, value)
    (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(tree, allow_unicode=True, sort_keys=False))
    assert not jsonschema.Draft7Validator(SCHEMA).is_valid(tree), "the schema accepts it"
    done = check("site.yaml", cwd=tmp_path)
    assert done.returncode == 2, "the checker accepts it"
    assert f"{name}.yaml:" in done.stderr


@pytest.mark.parametrize("command, arguments, lang", [
    ("check", ["--lang", "zh"], "C.UTF-8"), ("check", [], "zh_CN.UTF-8"), ("run", ["--lang", "zh"], "C.UTF-8"),
    ("test-rules", ["--lang", "zh"], "C.UTF-8")])
def test_who_reads_chinese_is_told_in_chinese_what_is_wrong(command, arguments, lang, tmp_path):
    shutil.copytree(ROOT / "deploy" / "example", tmp_path / "site")
    rules = tmp_path / "site" / "rules.yaml"
    rules.write_text(rules.read_text().replace("each: point emergency_button", "each: point emergency_buton", 1)
                     .replace("raise: value\n", "raise: value and valeu\n", 1).replace("chain: fire\n", "chain: firee\n", 1))
    file = "site.yaml"
    if command == "test-rules":
        file = "test.yaml"
        (tmp_path / "site" / file).write_text("site: site.yaml\ntests:\n  - test: none\n    begin: now\n    steps: []\n")
    elif command == "run":
        arguments = [*arguments, "--run", str(tmp_path / "run"), "--set", f"gateway.state={tmp_path / 'state'}"]
    done = tocsin(command, file, *arguments, cwd=tmp_path / "site", lang=lang)
    assert done.returncode == 2, done.stderr
    assert "错误：`emergency_buton` 不是测点的类型" in done.stderr
    assert "建议：是不是 `emergency_button`？" in done.stderr
    assert "错误：没有升级链 `firee`" in done.stderr
    told = [line for line in done.stderr.splitlines() if re.search(r"(错误|警告|提示)：|建议：", line)]
    assert told and not [line for line in told if re.search(r"[a-z]+ [a-z]+ [a-z]+", re.sub(r"`[^`]*`", "", line))], told
    assert not re.search(r": (error|warning|note): |hint: ", done.stderr)
