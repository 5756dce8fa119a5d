# SPDX-License-Identifier: Apache-2.0
"""Who changes the list of those who may sign in is in the journal, and so is that somebody guesses at a password."""

import json
import os
import re
import signal
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

from browser import PASSWORD, Browser, add_user, metric, signed_in, until_slowed
from harness import until


def changes(gateway):
    """What the journal has of users: (who did it, whose, what)."""
    rows = [json.loads(line) for line in gateway.cli("events", "--json", "--limit", "1000").splitlines()]
    return [(row["data"]["actor"], row["data"]["user"], row["data"]["changes"]) for row in rows if row["type"] == "tocsin.system.user_changed"]


def test_every_change_of_users_is_recorded_with_who_did_it_and_no_secret(scene):
    backend, _field, gateway = scene.everything()
    code = re.search(r"event=console_claim code=(\S+)", gateway.process.text())[1]
    boss = Browser(scene)
    assert boss.ask("POST", "/api/v1/claim", {"code": code, "id": "boss", "name": "老张", "password": PASSWORD})[0] == 201
    wang = {"id": "wang", "name": "王敏", "role": "caregiver", "password": PASSWORD}
    assert boss.ask("POST", "/api/v1/users", wang)[0] == 201
    key = json.loads(gateway.cli("user", "key", "wang", "--json"))["key"]
    token = json.loads(gateway.cli("user", "add", "desk", "wall", "--json"))["token"]
    assert boss.ask("PUT", "/api/v1/users/wang", {"role": "manager", "name": "王小敏"})[0] == 200
    assert boss.ask("PUT", "/api/v1/users/wang", {"name": "王小敏"})[0] == 200  # nothing new: nothing to tell
    assert boss.ask("PUT", "/api/v1/session/password", {"old": PASSWORD, "new": PASSWORD + "!"})[0] == 200
    assert boss.ask("DELETE", "/api/v1/users/boss")[0] == 409  # refused: nobody has done anything
    phone = Browser(scene)
    assert phone.sign_in("wang")[0] == 200
    assert boss.ask("DELETE", "/api/v1/users/wang/sessions")[2]["ended"] == 1  # it was lost
    assert boss.ask("DELETE", "/api/v1/users/wang/sessions")[2]["ended"] == 0  # and nothing is left to end
    assert boss.ask("DELETE", "/api/v1/users/wang")[0] == 200
    local = "root (engineer, local)"
    wanted = [("老张 (engineer)", "boss", ["claimed"]), ("老张 (engineer)", "wang", ["added"]), (local, "wang", ["key_made"]),
              (local, "desk", ["added"]), ("老张 (engineer)", "wang", ["name", "role", "key_ended"]),
              ("老张 (engineer)", "boss", ["password"]), ("老张 (engineer)", "wang", ["signed_out"]),
              ("老张 (engineer)", "wang", ["removed"])]
    until(lambda: len(changes(gateway)) == len(wanted), "all of them in the journal", context=lambda: str(changes(gateway)))
    assert changes(gateway) == wanted
    told = backend.until_event(type="system.user_changed", count=len(wanted))
    assert all("/event/activity/system/user_changed" in event["topic"] for event in told)
    role = told[4]["data"]
    assert (role["role_before"], role["user_role"], role["name_before"], role["name"]) == ("caregiver", "manager", "王敏", "王小敏")
    assert "王小敏" in role["text"]["zh"] and "another role" in role["text"]["en"] and role["role"] == "engineer"
    shown = boss.get("/api/v1/events?type=system.user_changed&limit=100")["events"]
    assert [row["data"]["user"] for row in shown] == [user for _actor, user, _what in wanted]
    everything = json.dumps(told) + gateway.process.text()
    assert not any(secret in everything for secret in (key, token, PASSWORD, "scrypt$"))
    gateway.stop()
    assert gateway.try_cli("audit", "verify", str(scene.state))[0] == 0


def test_a_password_that_an_engineer_sets_ends_the_key_for_commands_and_ones_own_does_not(scene):
    _backend, _field, gateway = scene.everything()
    boss = signed_in(scene, gateway, "boss", "engineer", "老张")
    wang = signed_in(scene, gateway, "wang", "caregiver", "王敏")
    assert boss.ask("POST", "/api/v1/users/wang/key")[0] == 201

    def has_key():
        return [user["has_key"] for user in boss.get("/api/v1/users")["users"] if user["id"] == "wang"] == [True]

    assert wang.ask("PUT", "/api/v1/session/password", {"old": PASSWORD, "new": "one of her own"})[0] == 200
    assert has_key()
    status, _headers, answer = boss.ask("PUT", "/api/v1/users/wang", {"password": "what the engineer gave"})
    assert status == 200 and answer["has_key"] is False and not has_key()
    until(lambda: changes(gateway)[-1:] == [("老张 (engineer)", "wang", ["password", "key_ended"])], "it in the journal",
          context=lambda: str(changes(gateway)))
    assert ("王敏 (caregiver)", "wang", ["password"]) in changes(gateway)


def test_a_change_is_recorded_once_whoever_is_killed_between_it_and_its_record(scene):
    scene.start_broker()
    scene.field()
    gateway = scene.gateway()
    add_user(gateway, "boss", "engineer")
    until(lambda: len(changes(gateway)) == 1, "the first change in the journal")
    # The engine stands still: the change is made, and cannot be recorded.
    engine = gateway.pids()["engine"]
    os.kill(engine, signal.SIGSTOP)
    try:
        add_user(gateway, "wang", "caregiver")
        gateway.kill("console")
    finally:
        os.kill(engine, signal.SIGCONT)
    until(lambda: len(re.findall("event=console_open", gateway.process.text())) == 2, "another console")
    until(lambda: len(changes(gateway)) == 2, "the change in the journal")
    # Now the engine is killed as well, and the console says again what it does not know to be recorded.
    gateway.kill_engine()
    gateway.kill("console")
    until(lambda: len(re.findall("event=console_open", gateway.process.text())) == 3, "a third console")
    gateway.cli("user", "remove", "wang")
    until(lambda: len(changes(gateway)) == 3, "the removal in the journal")
    assert [(user, what) for _actor, user, what in changes(gateway)] == [("boss", ["added"]), ("wang", ["added"]), ("wang", ["removed"])]
    assert json.loads((scene.state / "console" / "people.json").read_text())["deed"] > 0


def test_who_guesses_at_a_password_is_told_once_an_hour_for_each_person(scene):
    backend, _field, gateway = scene.everything()
    signed_in(scene, gateway, "wang", "caregiver", "王敏")
    stranger = Browser(scene)
    for person in ("wang", "nobody-1", "nobody-2"):
        until_slowed(gateway, stranger, person)
    told = backend.until_event(type="system.sign_in_held_up", count=2)
    add_user(gateway, "li", "caregiver")
    backend.until_event(type="system.user_changed", count=2)  # what would have been told has been by now
    told = backend.events(type="system.sign_in_held_up")
    assert [event["data"].get("user") for event in told] == ["wang", None]
    assert told[0]["data"]["address"] and told[0]["data"]["actor"] is None and "wang" in told[0]["data"]["text"]["en"]


# ---- what waits, while the right to it ends ----

def in_line(gateway, pool, ask, wrong, right):
    """Five wrong tries, and the right one, which now waits eight seconds for its turn: the answer that it will have."""
    for _ in range(5):
        ask(wrong)
    before = metric(gateway, "console_sign_ins_held_up_total")
    waiting = pool.submit(ask, right)
    until(lambda: metric(gateway, "console_sign_ins_held_up_total") > before, "the right one to stand in line")
    return waiting


def test_another_password_that_waited_is_not_taken_once_an_engineer_has_signed_the_person_out(scene):
    _backend, _field, gateway = scene.everything()
    boss = signed_in(scene, gateway, "boss", "engineer", address="127.0.0.2")
    stolen = signed_in(scene, gateway, "li", "caregiver", "李娜", address="127.0.0.3")

    def change(old):
        return stolen.ask("PUT", "/api/v1/session/password", {"old": old, "new": "what the thief wants"})[::2]

    with ThreadPoolExecutor() as pool:
        waiting = in_line(gateway, pool, change, "no idea at all", PASSWORD)
        assert boss.ask("DELETE", "/api/v1/users/li/sessions")[0] == 200
        assert boss.ask("PUT", "/api/v1/users/li", {"password": "what the engineer gave"})[0] == 200
        status, body = waiting.result()
    assert (status, body.get("type")) == (401, "tocsin:problem/signed_out")
    assert stolen.ask("GET", "/api/v1/alarms")[0] == 401
    assert Browser(scene, address="127.0.0.4").sign_in("li", "what the thief wants")[0] == 401
    assert Browser(scene, address="127.0.0.4").sign_in("li", "what the engineer gave")[0] == 200


def test_an_order_of_two_that_waited_is_not_given_once_one_of_them_may_no_longer(scene):
    _backend, _field, gateway = scene.everything()
    boss = signed_in(scene, gateway, "boss", "engineer", "老张", address="127.0.0.2")
    for person in ("chen", "zhao"):
        add_user(gateway, person, "engineer")

    def orders(asker, second):
        somebody = signed_in(scene, gateway, asker, "security", address="127.0.0.3")
        path = "/api/v1/alarms/fire_alarm/care/dining/smoke-1/out-of-service"
        order = {"minutes": 60, "reason": "painting", "second_id": second}
        return lambda password: somebody.ask("POST", path, {**order, "second_password": password})[::2]

    with ThreadPoolExecutor() as pool:
        removed = in_line(gateway, pool, orders("wang", "chen"), "no idea at all", PASSWORD)
        assert boss.ask("DELETE", "/api/v1/users/wang")[0] == 200
        reset = in_line(gateway, pool, orders("li", "zhao"), "no idea at all", PASSWORD)
        assert boss.ask("PUT", "/api/v1/users/zhao", {"password": "what the engineer gave"})[0] == 200
        status, body = removed.result()
        assert (status, body.get("type")) == (401, "tocsin:problem/signed_out")
        status, body = reset.result()
        assert (status, body.get("type")) == (403, "tocsin:problem/second_person")
    assert boss.get("/api/v1/events?alarm=fire_alarm/care/dining/smoke-1")["events"] == []


def test_a_password_that_is_set_meanwhile_puts_no_engineer_back_and_one_who_is_none_any_more_adds_nobody(scene):
    """Hashes are made one after the other: what is asked while they are is done before the last of them."""
    _backend, _field, gateway = scene.everything()
    boss = signed_in(scene, gateway, "boss", "engineer", "老张", address="127.0.0.2")
    chen = signed_in(scene, gateway, "chen", "engineer", address="127.0.0.3")
    add_user(gateway, "eng", "engineer")

    def listed():
        return {user["id"]: user["role"] for user in boss.get("/api/v1/users")["users"]}

    with ThreadPoolExecutor() as pool:
        resets = [pool.submit(boss.ask, "PUT", "/api/v1/users/eng", {"password": f"another good one {n}"}) for n in range(6)]
        wait(resets, return_when=FIRST_COMPLETED)
        assert chen.ask("PUT", "/api/v1/users/eng", {"role": "caregiver"})[2]["role"] == "caregiver"
        assert [reset.result()[0] for reset in resets] == [200] * 6
        assert listed()["eng"] == "caregiver"
        new = {"role": "engineer", "password": PASSWORD}
        adds = [pool.submit(chen.ask, "POST", "/api/v1/users", {**new, "id": f"new-{n}", "name": f"New {n}"}) for n in range(6)]
        wait(adds, return_when=FIRST_COMPLETED)
        assert boss.ask("PUT", "/api/v1/users/chen", {"role": "caregiver"})[0] == 200
        then = listed()
        answers = [add.result()[0] for add in adds]
    assert set(answers) <= {201, 401} and listed() == then
    assert sum(person.startswith("new-") for person in then) == answers.count(201)
