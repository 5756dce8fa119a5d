# SPDX-License-Identifier: Apache-2.0
"""Roles that are called in a group chat: robots of WeCom, DingTalk and Feishu, played by a server that holds each
message to what its maker describes (gateway/uplink/chat.h says where)."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import time
import urllib.parse

import pytest

from harness import free_port, until
from test_chains import BUTTON, Authority, own_site, press, steps

TOKEN = "693a91f6-7xxx-4bc4-97a0/0ec2+"
SECRET = "SECf3b1d2a5c7e9081624"
HOOK = 'manager: {url: "http://127.0.0.1:9099/hook", secret_file: webhook.key}'
TAKEN = {"wecom": {"errcode": 0, "errmsg": "ok"}, "dingtalk": {"errcode": 0, "errmsg": "ok"},
         "feishu": {"code": 0, "msg": "success", "data": {}}}


def seal(key, text):
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


class Robot:
    """A robot: refuses what its maker would, and otherwise answers what it is told to."""

    def __init__(self, scene, kind, tls, answers=(), port=None, secret=SECRET):
        self.port, self.kind, self.secret = port, kind, secret
        self.answers = list(answers)  # (status, body as bytes, headers) of the next good messages; then it takes them
        self.texts = []  # that were taken
        self.tests = []  # the daily ones
        self.heard = []  # when a good message came, but for tests
        robot = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer, headers, status = robot.judge(self.path, self.headers, body), {}, 200
                if answer is None and robot.text(json.loads(body)).startswith(("守望：每日测试", "Tocsin: daily test")):
                    robot.tests.append(robot.text(json.loads(body)))
                    answer = TAKEN[kind]
                elif answer is None:
                    robot.heard.append(time.monotonic())
                    if robot.answers:
                        status, answer, headers = robot.answers.pop(0)
                    else:
                        robot.texts.append(robot.text(json.loads(body)))
                        answer = TAKEN[kind]
                sent = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(sent)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        scene.keep(self)

    def text(self, message):
        return message["content"]["text"] if self.kind == "feishu" else message["text"]["content"]

    def judge(self, path, headers, body):
        """None for a message that is as it has to be, else what the maker would answer."""
        refused = {"feishu": lambda code, why: {"code": code, "msg": why}}.get(
            self.kind, lambda code, why: {"errcode": code, "errmsg": why})
        url = urllib.parse.urlsplit(path)
        query = urllib.parse.parse_qs(url.query, strict_parsing=True) if url.query else {}
        message = json.loads(body)
        if not headers["Content-Type"].startswith("application/json") or "Tocsin-Signature" in headers:
            return refused(9499, "Bad Request")
        if self.kind == "feishu":
            good = urllib.parse.unquote(url.path) == f"/hook/{TOKEN}" and query == {}
            form = message.pop("msg_type", None) == "text" and set(message.pop("content")) == {"text"}
            sign, stamp = message.pop("sign", None), message.pop("timestamp", "0")
            wanted, now, wrong = seal(f"{stamp}\n{self.secret}", ""), time.time(), 19021
        else:
            key = "key" if self.kind == "wecom" else "access_token"
            good = url.path == "/hook" and query.pop(key, None) == [TOKEN]
            form = message.pop("msgtype", None) == "text" and set(message.pop("text")) == {"content"}
            sign, stamp = query.pop("sign", [None])[0], query.pop("timestamp", ["0"])[0]
            wanted, now, wrong = seal(self.secret, f"{stamp}\n{self.secret}"), time.time() * 1000, 310000
            good = good and query == {}
        if not good or not form or message:
            return refused(93000, "invalid webhook url or message")
        if self.kind == "wecom":
            return None if sign is None else refused(40058, "no signature is known here")
        hour = 3600 * (1000 if self.kind == "dingtalk" else 1)
        return None if sign == wanted and abs(now - int(stamp)) < hour else refused(wrong, "sign not match")

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def chat_scene(scene, kind, answers=(), secret=SECRET, lang=None):
    """The manager is called first, in a chat, and the shift by a sounder a minute later."""
    port = free_port()
    own_site(scene, ("{after: 0 s,   to: role caregiver, place: own, output: call_lamp}", "{after: 0 s, to: role manager, by: webhook}"),
             ("    - {after: 180 s, to: role manager, by: webhook}\n", ""), ("to: shift care}", "to: shift care, output: sounder}"),
             (HOOK, f'manager: {{url: "https://127.0.0.1:{port}/hook", format: {kind}, ca: ours.pem, token_file: robot.token'
                    + ("" if kind == "wecom" else ", secret_file: webhook.key") + (f", lang: {lang}" if lang else "") + "}"),
             webhook_key=SECRET + "\n", robot_token=TOKEN + "\n")
    authority = Authority(scene.site.parent, "ours")
    return Robot(scene, kind, authority.context("IP:127.0.0.1"), answers, port, secret)


@pytest.mark.parametrize("kind", ["wecom", "dingtalk", "feishu"])
@pytest.mark.parametrize("lang", [None, "en"], ids=["zh", "en"])
def test_a_role_is_called_in_its_chat_and_nobody_else_before_his_time(scene, kind, lang):
    robot = chat_scene(scene, kind, lang=lang)
    backend, field, gateway = scene.everything()
    gateway.process.until_said("event=webhook_answers webhook=manager")
    press(backend, field)
    text = until(lambda: robot.texts, "the message")[0]
    hour, minute = backend.until_event(type="alarm.escalated", subject=BUTTON)[0]["time"][11:16].split(":")
    here = f"{(int(hour) + 8) % 24:02}:{minute}"  # Asia/Shanghai
    if lang == "en":
        assert text == ("[EMERGENCY] Day-care room: emergency call\nGo there at once; check the resident; call 120 if needed\n"
                        f"{here} · step 1 of 2")
    else:
        assert text == f"【紧急】日间照料室：紧急呼叫\n立即到场，查看老人状况，必要时拨打 120\n{here} · 第 1 步，共 2 步"
    assert len(text.encode()) <= 2048
    chain = "emergency_call/" + BUTTON
    gateway.cli("ack", chain, "--by", "li", "--role", "manager")
    backend.until_event(type="alarm.acknowledged", subject=BUTTON)
    assert steps(backend) == [(1, "role manager", "due")] and len(robot.texts) == 1
    until(lambda: robot.tests, "the first test")
    assert robot.tests == ["Tocsin: daily test\nAlarms reach this group. There is nothing to do." if lang == "en" else
                           "守望：每日测试\n告警能送达本群。无需处理。"]
    assert not gateway.process.has("event=webhook_failed")
    assert TOKEN not in gateway.process.text() and SECRET not in gateway.process.text()


@pytest.mark.parametrize("kind, code", [("dingtalk", "310000"), ("feishu", "19021")])
def test_a_robot_that_refuses_with_status_200_has_received_nothing(scene, kind, code):
    """It does not know our secret. Its first test tells, and the log in the robot's own words; the chain goes on at once."""
    robot = chat_scene(scene, kind, secret="another secret altogether")
    backend, field, gateway = scene.everything()
    gateway.process.until_said("event=webhook_failed webhook=manager")
    press(backend, field)
    backend.until_event(type="alarm.escalated", subject=BUTTON, count=2, deadline_s=60)
    assert steps(backend) == [(1, "role manager", "due"), (2, "shift care", "no_receiver")]
    gateway.process.until_said(f'event=webhook_failed webhook=manager reason="it refuses the message with code {code}: sign not match"')
    assert robot.texts == []


@pytest.mark.parametrize("answer", [
    (200, b"<html>sign in to the hotel's network</html>", {}), (200, b"", {}), (502, b'{"errcode":0}', {}),
    (200, b'{"errcode":0' + b" " * 100000 + b"}", {}), (302, b"", {"Location": "https://127.0.0.1:1/"})],
    ids=["portal", "nothing", "proxy", "endless", "elsewhere"])
def test_what_is_no_robots_answer_is_no_receipt_and_the_message_comes_again(scene, answer):
    robot = chat_scene(scene, "wecom", answers=[answer])
    backend, field, gateway = scene.everything()
    press(backend, field)
    until(lambda: robot.texts, "the message to be taken")
    assert len(robot.heard) == 2 and len(robot.texts) == 1
    gateway.process.until_said("event=webhook_failed webhook=manager")
    gateway.process.until_said("event=webhook_answers webhook=manager")


@pytest.mark.parametrize("kind, status, body", [
    ("wecom", 429, b""), ("feishu", 429, b'{"code":99991400,"msg":"request trigger frequency limit"}'),
    ("dingtalk", 200, b'{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}')])
def test_a_robot_that_was_sent_too_much_is_left_alone_for_as_long_as_it_says(scene, kind, status, body):
    robot = chat_scene(scene, kind, answers=[(status, body, {"Retry-After": "4"})])
    backend, field, gateway = scene.everything()
    press(backend, field)
    until(lambda: robot.texts, "the message to be taken")
    assert len(robot.heard) == 2 and robot.heard[1] - robot.heard[0] >= 4
    gateway.process.until_said('event=webhook_failed webhook=manager reason="it takes no more messages for now')


def test_a_group_is_tested_once_a_day_and_not_with_each_start(scene):
    robot = chat_scene(scene, "wecom")
    _backend, _field, gateway = scene.everything()
    until(lambda: robot.tests, "the first test")
    gateway.process.until_said("event=webhook_answers webhook=manager")
    gateway.kill("uplink")
    until(lambda: gateway.process.text().count("event=webhook_answers webhook=manager") == 2, "the uplink to come back")
    clock = ["--clock", time.strftime("%Y-%m-%dT%H:%M:%S+08:00", time.gmtime(time.time() + 40 * 3600)) + "@1"]
    gateway.stop()
    assert len(robot.tests) == 1
    scene.gateway(arguments=clock)
    until(lambda: len(robot.tests) == 2, "the test of another day")
