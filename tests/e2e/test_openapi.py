# SPDX-License-Identifier: Apache-2.0
"""What openapi.yaml says of the console's addresses, held against the table of the routes and the running gateway."""

import copy
import re

import jsonschema
import pytest
import yaml

from browser import Browser, add_user, signed_in
from harness import ROOT, Line, until

FILE = ROOT / "gateway" / "console" / "openapi.yaml"
DESCRIPTION = yaml.safe_load(FILE.read_text())
ROUTES = (ROOT / "gateway" / "console" / "routes.c").read_text()
ROLES = ["caregiver", "security", "manager", "engineer", "auditor", "wall"]
METHODS = {"get", "post", "put", "delete"}
BUTTON = "care/day-care/button-1"


def operations(description):
    """Every (method, path, operation)."""
    return [(method, path, operation) for path, methods in description["paths"].items()
            for method, operation in methods.items() if method in METHODS]


def routes_described(description):
    """As the table has them: the method, whether the path goes on below the words, the words."""
    return {(method.upper(), "{" in path, path.partition("/{")[0]) for method, path, _ in operations(description)}


def routes_answered(table):
    """Those of the table, every one of which has to be read."""
    found = re.findall(r'\{EVHTTP_REQ_(\w+),\s*(true|false),\s*"([^"]*)"', table)
    rows = table[table.index("} routes[] = {"):table.index("\n};", table.index("} routes[] = {"))]
    assert len(found) == rows.count("EVHTTP_REQ_") > 0
    return {(method, below == "true", words) for method, below, words in found}


def closed(schema):
    """The same, in which an object has no member that is not described: or nobody would see a new one."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {key: closed(part) for key, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema:
        shut["additionalProperties"] = False
    return shut


def validator(description, schema):
    return jsonschema.Draft202012Validator(schema, resolver=jsonschema.RefResolver("", closed(description)))


def resolved(description, part):
    while "$ref" in part:
        found = description
        for word in part["$ref"].removeprefix("#/").split("/"):
            found = found[word]
        part = found
    return part


def filled(description, path, operation):
    """The path with the example of each parameter in it, and of each that a query has to have behind it."""
    parameters = [resolved(description, one) for one in
                  [*description["paths"][path].get("parameters", []), *operation.get("parameters", [])]]
    for parameter in parameters:
        if parameter["in"] == "path":
            path = path.replace("{%s}" % parameter["name"], parameter["example"])
    query = "&".join(f"{parameter['name']}={parameter['example']}" for parameter in parameters
                     if parameter["in"] == "query" and parameter.get("required"))
    return f"{path}?{query}" if query else path


def begin(gateway, method, path, role, language="en", body=None):
    """Status, type and, where it ends, the body; a stream is left after its headers."""
    line = Line(gateway.socket)
    try:
        line.request(method.upper(), path, body=body, headers={
            "Tocsin-Role": role, "Accept-Language": language, "Content-Type": "application/json"})
        response = line.getresponse()
        kind = response.headers.get_content_type()
        text = b"" if kind == "text/event-stream" else response.read()
        return response.status, kind, yaml.safe_load(text) if kind.endswith("json") else text
    finally:
        line.close()


def holds(description, method, path, operation, answer):
    """Is it an answer that is described, and as it is described?"""
    status, kind, body = answer
    where = f"{method} {path} {status} {kind}"
    assert str(status) in operation["responses"], where
    content = resolved(description, operation["responses"][str(status)])["content"]
    assert kind in content, where
    if kind.endswith("json"):
        described(description, body, content[kind]["schema"], where)


def described(description, body, schema, where=""):
    """Is the body as the schema says, or the one of this name?"""
    schema = schema if isinstance(schema, dict) else {"$ref": f"#/components/schemas/{schema}"}
    found = sorted(validator(description, schema).iter_errors(body), key=str)
    assert not found, f"{where}: {found[0].json_path} {found[0].message}"


def test_the_description_is_openapi_3_1_whose_schemas_are_schemas():
    assert DESCRIPTION["openapi"].startswith("3.1.")
    for name, schema in DESCRIPTION["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert "description" in schema or "type" in schema or "enum" in schema or "allOf" in schema, name
    used = set(re.findall(r"#/components/(\w+)/(\w+)", FILE.read_text()))
    there = {(kind, name) for kind, parts in DESCRIPTION["components"].items() for name in parts}
    assert used == there, f"not there: {used - there}; not used: {there - used}"
    for method, path, operation in operations(DESCRIPTION):
        assert set(operation["x-roles"]) <= set(ROLES), f"{method} {path}"
        assert operation["summary"] and operation["responses"] and operation["tags"], f"{method} {path}"


def test_the_routes_are_those_that_are_described():
    answered, described = routes_answered(ROUTES), routes_described(DESCRIPTION)
    assert answered - described == set(), "routes.c has these, openapi.yaml does not: describe them there"
    assert described - answered == set(), "openapi.yaml has these, routes.c does not"


def test_a_route_that_is_not_described_and_one_that_is_not_there_are_noticed():
    """The control of the test above: it can fail, in either direction."""
    more = ROUTES.replace("} routes[] = {", '} routes[] = {\n    {EVHTTP_REQ_PUT,\n     true, "/api/v1/new", A, B, c},')
    assert routes_answered(more) - routes_described(DESCRIPTION) == {("PUT", True, "/api/v1/new")}
    less = copy.deepcopy(DESCRIPTION)
    del less["paths"]["/api/v1/rules"]
    assert routes_answered(ROUTES) - routes_described(less) == {("GET", False, "/api/v1/rules")}
    other = copy.deepcopy(DESCRIPTION)
    other["paths"]["/api/v1/rules/{id}"] = {"delete": other["paths"]["/api/v1/rules"]["get"]}
    assert routes_described(other) - routes_described(DESCRIPTION) == {("DELETE", True, "/api/v1/rules")}


@pytest.fixture
def living(scene):
    """A gateway in which something happens: an alarm, a place under test, events of both lanes."""
    _backend, field, gateway = scene.everything()
    field.press(BUTTON)
    until(lambda: any(alarm["entity"] == BUTTON for alarm in gateway.alarms()), "the alarm")
    done = gateway.ask("/api/v1/places/sport/court/test-begin", "POST", body={"reason": "yearly", "minutes": 5})
    assert done.status == 200
    until(lambda: gateway.ask("/api/v1/alarms").body["tests"], "the test to be told")
    return gateway


def test_every_get_answers_what_is_described(living):
    for method, path, operation in operations(DESCRIPTION):
        if method == "get":
            at = filled(DESCRIPTION, path, operation)
            holds(DESCRIPTION, method, path, operation, begin(living, method, at, "engineer"))
    found = {path: living.ask(path).body for path in ("/api/v1/alarms", "/api/v1/events", "/api/v1/devices", "/api/v1/rules")}
    assert found["/api/v1/alarms"]["tests"] and found["/api/v1/alarms"]["alarms"] and found["/api/v1/events"]["events"]
    assert len(found["/api/v1/devices"]["devices"]) == 5 and len(found["/api/v1/rules"]["rules"]) > 20
    served = living.ask("/api/v1/openapi")
    assert served.type == "application/yaml" and served.bytes == FILE.read_bytes()


def test_lists_are_as_described_with_every_parameter_and_wrong_ones_are_problems(living):
    asked = {
        "/api/v1/alarms": ["all=1", "all=1&from=5", "from=x", "from=99999999999", "all=2", "all=", "al=1"],
        "/api/v1/points": ["place=care", "place=nowhere", "from=4000000000", "from=-1"],
        "/api/v1/places": ["from=3", "from="],
        "/api/v1/devices": ["from=2", "from=two"],
        "/api/v1/rules": ["from=7", "from=0x1"],
        "/api/v1/events": ["lane=activity", "newest=1&limit=2", "before=3", "lane=x", "limit=0", "limit=1001", "after=x",
                           "alarm=emergency_call/" + BUTTON, "place=care&priority=emergency&class=fire&since=2026-01-01",
                           "point=" + BUTTON + "&type=alarm&until=2026-01-01T00:00:00Z", "place=", "point=A", "type=alar",
                           "class=fir", "priority=loud", "since=today", "until=1", "since=2026-01-02&until=2026-01-01", "newest=0",
                           "since=2263-01-01T00:00:00Z", "until=2611-06-17T00:00:00Z", "until=2262-04-12"],
        "/api/v1/history": ["point=care/club/temperature&point=care/day-care/motion&step=900", "point=nowhere", "point=x&step=7", "",
                            "point=care/club/temperature&since=2026-01-01T00:00:00Z&until=1767225700",
                            "point=care/club/temperature&step=61", "point=care/club/temperature&since=tomorrow"],
        "/api/v1/stream": ["after=0", "after=x"],
    }
    statuses = set()
    for path, queries in asked.items():
        operation = DESCRIPTION["paths"][path]["get"]
        for query in queries:
            for language in ("zh", "en"):
                answer = begin(living, "get", f"{path}?{query}", "caregiver", language)
                holds(DESCRIPTION, "get", f"{path}?{query}", operation, answer)
                statuses.add(answer[0])
                if answer[0] >= 400:
                    assert bool(re.search("[一-鿿]", answer[2]["detail"])) == (language == "zh"), query
                else:
                    assert not re.search("=2[2-9][0-9][0-9]-", query), f"no clock here shows that time: {query}"
    assert statuses == {200, 400, 404}


def test_a_parameter_is_refused_unless_it_is_described_and_so_is_a_method(living):
    """A filter that is misspelt would be answered with everything."""
    for method, path, operation in operations(DESCRIPTION):
        parameters = [resolved(DESCRIPTION, one) for one in operation.get("parameters", [])]
        known = {one["name"] for one in parameters if one["in"] == "query"}
        address = filled(DESCRIPTION, path, operation)
        answer = begin(living, method, f"{address}{'&' if '?' in address else '?'}palce=care", "engineer", body="{}")
        assert answer[0] == 400 and answer[2]["type"] == "tocsin:problem/parameter_unknown", (method, path, answer)
        assert answer[2]["about"] == "palce" and set(answer[2]["known"]) == known, (method, path)
        assert "palce" in answer[2]["detail"] and all(name in answer[2]["detail"] for name in known), (method, path)
        described(DESCRIPTION, answer[2], "Problem")
    said = [begin(living, "get", f"/api/v1/{query}", "caregiver")[2]["detail"]
            for query in ("events?limit=1001", "events?limit=0", "events?newest=0", "alarms?all=2")]
    assert said == ["limit is a whole number from 1 to 1000"] * 2 + ["newest is 1, or not given", "all is 1, or not given"]


def test_a_member_that_is_not_described_is_noticed(living):
    """The control of the tests above: a schema that says nothing would hold for everything."""
    operation = DESCRIPTION["paths"]["/api/v1/alarms"]["get"]
    status, kind, body = begin(living, "get", "/api/v1/alarms", "engineer")
    holds(DESCRIPTION, "get", "/api/v1/alarms", operation, (status, kind, body))
    for spoil in (lambda: body.update(new=1), lambda: body["alarms"][0].update(priority="loud"),
                  lambda: body["alarms"][0]["state"].pop("acked"), lambda: body["tests"][0].update(until="soon")):
        status, kind, body = begin(living, "get", "/api/v1/alarms", "engineer")
        spoil()
        with pytest.raises(AssertionError):
            holds(DESCRIPTION, "get", "/api/v1/alarms", operation, (status, kind, body))


def admits(answer):
    """Was whoever asked let in? What he asked for is none of the matter here."""
    status, kind, body = answer
    return not (status == 403 and kind == "application/problem+json" and body["type"].endswith("role"))


def matrix(gateway, description):
    """{(method, path): roles that are let in}; nothing is done, for what is sent is no order."""
    found = {}
    for method, path, operation in operations(description):
        at = filled(description, path, operation)
        for role in ROLES:
            body = None if method == "get" else '{"nothing": "of ours"}'
            answer = begin(gateway, method, at, role, body=body)
            assert answer[0] != 200 or method == "get", f"{method} {path}"
            if admits(answer):
                found.setdefault((method, path), []).append(role)
            else:
                problems = description["components"]["schemas"]["Problem"]
                assert validator(description, problems).is_valid(answer[2]) and answer[2]["about"] == role
    return found


def test_who_may_use_an_address_is_who_is_described(living):
    said = {(method, path): operation["x-roles"] for method, path, operation in operations(DESCRIPTION)}
    assert matrix(living, DESCRIPTION) == said
    # Whatever is added: a screen on a wall and an auditor look, and do not act.
    acts = [operation["x-roles"] for *_, operation in operations(DESCRIPTION) if "commands" in operation["tags"]]
    assert acts and not [roles for roles in acts if {"wall", "auditor"} & set(roles)]


def test_over_https_it_is_the_session_that_may_and_nobody_else_may_anything(scene, living):
    """The same matrix, by people who have signed in, a screen, and somebody who has not."""
    people = {role: signed_in(scene, living, f"a-{role}", role) for role in ROLES if role != "wall"}
    code, out, err = add_user(living, "hall", "wall")
    assert code == 0, out + err
    people["wall"], people["nobody"] = Browser(scene), Browser(scene)
    status, _headers, body = people["wall"].ask("POST", "/api/v1/session", {"token": out.split()[-1]})
    assert status == 200, body
    asked = 0
    for method, path, operation in operations(DESCRIPTION):
        # Streams do not end, and whoever signs out or in is another.
        if path in ("/api/v1/stream", "/api/v1/session", "/api/v1/claim"):
            continue
        may = {*operation["x-roles"], *(["nobody"] if operation.get("x-nobody") else [])}
        for role, somebody in people.items():
            status, headers, body = somebody.ask(method.upper(), filled(DESCRIPTION, path, operation),
                                                 None if method == "get" else {"nothing": "of ours"})
            refused = status == 401 if role == "nobody" else status == 403 and body["type"].endswith("role")
            assert refused == (role not in may), f"{role}: {method} {path}: {status} {body}"
            assert not refused or headers.get_content_type() == "application/problem+json"
            asked += 1
    assert asked > 100
    assert {at for at, methods in DESCRIPTION["paths"].items() for operation in methods.values()
            if "x-nobody" in operation} == {"/api/v1/session", "/api/v1/claim", "/api/v1/push/receipts"}, "what nobody may is little"


def test_whoever_may_not_is_told_so_in_either_language(living):
    for language, word in (("zh", "[一-鿿]"), ("en", "role")):
        for role, path in (("wall", f"/api/v1/alarms/emergency_call/{BUTTON}/acknowledge"), ("auditor", "/api/v1/places/sport/test-end"),
                           ("manager", "/api/v1/resend")):
            status, kind, body = begin(living, "post", path, role, language, "{}")
            assert status == 403 and kind == "application/problem+json"
            assert re.search(word, body["detail"]) and body["about"] == role
    assert living.alarms()[0]["state"]["acked"] is False and living.ask("/api/v1/alarms").body["tests"]


def test_answers_that_have_no_engine_are_described_too(living):
    living.kill("engine")
    for path in ("/api/v1/health", "/api/v1/alarms", "/api/v1/points", "/api/v1/devices", "/api/v1/rules"):
        holds(DESCRIPTION, "get", path, DESCRIPTION["paths"][path]["get"], begin(living, "get", path, "auditor"))
