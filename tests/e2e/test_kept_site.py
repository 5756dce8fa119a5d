# SPDX-License-Identifier: Apache-2.0
"""A site file that is wrong at a start silences nobody: the site that was accepted last is watched, and this is told
until the file is right again."""

import json
import re
import shutil

import pytest
from harness import button_site, free_port, until
from test_figures import figure
from test_reload import hang_up

BUTTON = "room/button-0"
BROKEN = "broken: [\n"


@pytest.fixture
def buttons(scene):
    """A scene with one button, whose site file a test may edit: (scene, backend, field)."""
    scene.start_broker()
    button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", "100 ms")])
    return scene, scene.backend(), scene.field()


def started_again(scene, gateway, **more):
    """A gateway in the place of one that was killed, with a log of its own."""
    gateway.crash()
    (scene.directory / "gateway.log").rename(scene.directory / f"gateway-{gateway.process.child.pid}.log")
    return scene.gateway(**more)


def kept(gateway):
    """Wait until the site that is in force is kept."""
    gateway.process.until_said("event=site_kept ")
    return gateway


def break_site(scene):
    good = scene.site.read_text()
    scene.site.write_text(good + BROKEN)
    return good


def site_of(gateway):
    return json.loads(gateway.cli("health", "--json"))["site"]


def generation_of(gateway):
    """What is watched: of the site as the supervisor began with it."""
    return re.search(r"event=starting .*generation=(\w+)", gateway.process.text())[1]


def pressed(backend, field, count=1):
    """Press the button until the call is at the backend; release it."""
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", rule="call", count=count)


def starts_not(scene, gateway, pattern, **more):
    """A start that ends with exit code 2 and says so."""
    again = started_again(scene, gateway, wait=False, **more)
    assert again.process.child.wait(15) == 2
    assert again.process.has(r"event=site_refused .*effect=\"not started: no room is watched")
    assert again.process.has(pattern), again.process.text()
    return again


def test_a_refused_edit_and_a_power_cut_leave_all_rooms_watched_and_it_is_told_until_it_is_mended(buttons):
    scene, backend, field = buttons
    gateway = kept(scene.gateway())
    assert site_of(gateway)["state"] == "ok" and figure(gateway, "site_refused") == 0
    good = break_site(scene)
    hang_up(gateway)
    backend.until_event(type="system.config_refused")
    backend.until_event(type="alarm.raised", rule="system_site_refused")
    until(lambda: site_of(gateway)["state"] == "refused", "health to tell the refusal")
    accepted = site_of(gateway)["accepted"]

    gateway = started_again(scene, gateway)
    assert gateway.process.has(rf"{scene.site}:\d+:\d+: error: ")
    assert gateway.process.has(rf'<3>process=supervisor event=site_refused errors=1 accepted={accepted} '
                               r'effect="all rooms are watched by the site that was accepted then.*mend the site file')
    backend.until_event(type="system.config_refused", count=2)
    until(lambda: site_of(gateway) == {"state": "refused", "accepted": accepted}, "health to tell it again")
    assert json.loads(gateway.cli("health", "--json"))["status"] == "degraded"
    code, shown, warned = gateway.try_cli("health")
    assert code == 0 and "the site file is wrong and not in force" in shown
    assert "!! The site file is wrong: all rooms are watched by the site that was accepted at" in warned
    assert figure(gateway, "site_refused") == 1
    pressed(backend, field)
    assert "The site file is wrong and not in force" in gateway.cli("alarms")
    assert len({event["id"] for event in backend.events(type="alarm.raised", rule="system_site_refused")}) == 1, \
        "one alarm over the restart"

    scene.site.write_text(good)
    hang_up(gateway)
    gateway.process.until_said("event=site_mended")
    [taken] = backend.until_event(type="system.config_changed")
    assert taken["data"]["generation"] == taken["data"]["generation_before"], "what it says was in force all the time"
    backend.until_event(type="alarm.cleared", rule="system_site_refused")
    until(lambda: site_of(gateway)["state"] == "ok", "health to tell that it is over")
    assert figure(gateway, "site_refused") == 0


def test_a_start_with_the_mended_file_ends_the_alarm(buttons):
    scene, backend, field = buttons
    gateway = kept(scene.gateway())
    good = break_site(scene)
    hang_up(gateway)
    backend.until_event(type="alarm.raised", rule="system_site_refused")
    scene.site.write_text(good)
    gateway = started_again(scene, gateway)
    backend.until_event(type="alarm.cleared", rule="system_site_refused")
    pressed(backend, field)


def test_a_wrong_file_that_is_mended_and_changed_is_taken_and_kept(buttons):
    scene, backend, field = buttons
    gateway = kept(scene.gateway())
    good = break_site(scene)
    gateway = started_again(scene, gateway)
    assert gateway.process.has("event=site_refused") and not gateway.process.has("event=site_kept ")
    scene.site.write_text(good.replace("100 ms", "200 ms"))
    hang_up(gateway)
    [taken] = backend.until_event(type="system.config_changed")
    kept(gateway)
    until(lambda: gateway.try_cli("health")[0] == 0 and site_of(gateway)["state"] == "ok", "health to tell that it is over")

    scene.site.write_text("")  # as an editor leaves it when the power fails
    gateway = started_again(scene, gateway, arguments=["--set", f"gateway.state={scene.state}"])
    assert gateway.process.has("the file is empty")
    assert generation_of(gateway) == taken["data"]["generation"] != taken["data"]["generation_before"]
    pressed(backend, field)


def test_a_site_file_that_is_gone_is_replaced_where_systemd_names_the_state_directory(buttons):
    scene, backend, field = buttons
    gateway = kept(scene.gateway())
    scene.site.unlink()
    gateway = started_again(scene, gateway, environment={"STATE_DIRECTORY": str(scene.state)})
    assert gateway.process.has(r"the file \S+buttons.yaml cannot be read: No such file or directory")
    pressed(backend, field)


def test_files_that_the_site_names_are_kept_with_it(buttons):
    scene, backend, field = buttons
    gateway = kept(scene.gateway())
    rules = scene.directory / "button-rules.yaml"
    rules.write_text(rules.read_text().replace("raise: value", "raise: valu"))
    gateway = started_again(scene, gateway)
    assert gateway.process.has(r"button-rules.yaml:\d+:\d+: error: ")
    pressed(backend, field)
    shutil.copy(rules, scene.directory / "saved.yaml")
    rules.unlink()
    gateway = started_again(scene, gateway)
    backend.until_event(type="system.started", count=3)
    assert gateway.process.has("event=site_refused errors=1 accepted=")


def test_secrets_are_found_where_they_were(buttons):
    """A site names them relative to itself; they are read anew, not kept."""
    scene, backend, field = buttons
    secret = scene.directory / "password"
    secret.write_text("a long secret\n")
    scene.site.write_text(scene.site.read_text().replace("version: 5}", "version: 5, user: gateway, password_file: password}"))
    gateway = kept(scene.gateway())
    break_site(scene)
    gateway = started_again(scene, gateway)
    assert gateway.process.has("event=site_refused") and not gateway.process.has("there is no file")
    pressed(backend, field)
    assert b"a long secret" not in (scene.state / "site.kept").read_bytes()
    assert oct((scene.state / "site.kept").stat().st_mode & 0o777) == "0o600"
    secret.unlink()
    gateway = started_again(scene, gateway, wait=False)
    gateway.process.until_said(f"there is no file {secret}")


def test_the_first_start_with_a_wrong_site_watches_nothing(buttons):
    scene, _backend, _field = buttons
    break_site(scene)
    gateway = scene.gateway(wait=False)
    assert gateway.process.child.wait(15) == 2
    assert gateway.process.has(r"event=site_refused errors=1 effect=\"not started: no room is watched; mend the site file")
    assert not gateway.process.has("kept_site") and not scene.state.exists()


def test_a_reload_that_is_refused_is_not_kept(buttons):
    """An order that could not be used is no site to go back to: the one before it stands."""
    scene, backend, field = buttons
    gateway = kept(scene.gateway())
    before = (scene.state / "site.kept").read_bytes()
    good = scene.site.read_text()
    for wrong in (good + BROKEN, good.replace("id: buttons", "id: others")):
        scene.site.write_text(wrong)
        count = len(backend.events(type="system.config_refused"))
        hang_up(gateway)
        backend.until_event(type="system.config_refused", count=count + 1)
        assert (scene.state / "site.kept").read_bytes() == before
    scene.site.write_text(good + BROKEN)
    pressed(backend, field)


def test_a_kept_site_that_is_damaged_is_told_and_not_used(buttons):
    scene, _backend, _field = buttons
    gateway = kept(scene.gateway())
    break_site(scene)
    path = scene.state / "site.kept"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    again = starts_not(scene, gateway, rf'event=kept_site_unusable file="{path}" reason="it is damaged"')
    assert re.search(rf"{scene.site}:\d+:\d+: error", again.process.text())


def test_a_kept_site_that_this_version_does_not_take_is_told_with_its_errors(buttons):
    """As after an upgrade: here the command's own setting is what it does not take."""
    scene, _backend, _field = buttons
    gateway = kept(scene.gateway())
    break_site(scene)
    again = starts_not(scene, gateway, r'event=kept_site_unusable .*reason="version [\d.]+ does not take it',
                       arguments=["--set", "places.0.kind=day_care_rom"])
    assert again.process.has("day_care_rom") and again.process.has(r"buttons.yaml:\d+:\d+: error: ")


@pytest.mark.parametrize("edit, reason", [
    (lambda text: text.replace("id: buttons", "id: others"), "it is of another site.id or gateway.id"),
    (lambda text: text.replace("id: main", "id: second"), "it is of another site.id or gateway.id"),
])
def test_the_kept_site_of_another_is_not_used(buttons, edit, reason):
    scene, _backend, _field = buttons
    gateway = kept(scene.gateway())
    scene.site.write_text(edit(scene.site.read_text()) + BROKEN)
    starts_not(scene, gateway, f"event=kept_site_unusable .*reason=\"{reason}")


def test_another_site_file_gets_nothing_of_a_directory_that_is_not_its(buttons):
    scene, _backend, _field = buttons
    gateway = kept(scene.gateway())
    mine = scene.site
    scene.site = scene.directory / "trial.yaml"
    scene.site.write_text(BROKEN + f"gateway: {{state: {scene.state}}}\n")
    starts_not(scene, gateway, f'event=kept_site_unusable .*reason="it is of another site file, {mine}"')


def test_a_state_directory_that_was_copied_watches_nothing_in_the_name_of_the_first(buttons):
    scene, _backend, _field = buttons
    gateway = kept(scene.gateway())
    shutil.copytree(scene.state, scene.directory / "copy")
    break_site(scene)
    scene.site.write_text(scene.site.read_text().replace(f"state: {scene.state}", f"state: {scene.directory}/copy"))
    starts_not(scene, gateway, 'event=kept_site_unusable .*reason="its gateway.state is another directory"')


def test_a_link_that_leads_to_another_file_is_the_same_site_file(buttons):
    """As a deployment does it that turns a link to what is new."""
    scene, backend, field = buttons
    first = scene.site
    scene.site = scene.directory / "current.yaml"
    scene.site.symlink_to(first)
    gateway = kept(scene.gateway())
    (scene.directory / "second.yaml").write_text(first.read_text() + BROKEN)
    scene.site.unlink()
    scene.site.symlink_to("second.yaml")
    gateway = started_again(scene, gateway)
    assert gateway.process.has(r"current.yaml:\d+:\d+: error: ")
    pressed(backend, field)


def test_a_gateway_whose_site_cannot_be_kept_watches_and_says_so(buttons):
    scene, backend, field = buttons
    scene.state.mkdir()
    (scene.state / "site.kept").mkdir()  # a file cannot take its place, whoever tries
    (scene.state / "site.kept" / "full").touch()
    gateway = scene.gateway()
    gateway.process.until_said('event=site_not_kept .*effect="all rooms are watched; but should the site file be wrong')
    pressed(backend, field)
    shutil.rmtree(scene.state / "site.kept")
    kept(gateway)
    assert gateway.stop() == 0


def test_a_stop_right_after_the_start_keeps_the_site(buttons):
    scene, _backend, _field = buttons
    gateway = scene.gateway(wait=False)
    gateway.process.until_said("process=engine event=confined")
    assert gateway.stop() == 0
    assert (scene.state / "site.kept").exists()
