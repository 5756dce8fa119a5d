# SPDX-License-Identifier: Apache-2.0
"""Real databases that take line protocol, each on ports and in a directory of its own."""

import json
import signal
import ssl
import urllib.error
import urllib.parse
import urllib.request

from harness import Process, free_port, until

UNCHECKED = ssl._create_unverified_context()  # what is tested is whether the gateway checks


class Database:
    """One that can be stopped, killed and started again with what it has."""

    scheme = "http"

    def __init__(self, directory, port=None):
        self.directory = directory / type(self).__name__.lower()
        self.directory.mkdir()
        self.port = port or free_port()
        self.process = None

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def start(self):
        self.process = Process(type(self).__name__.lower(), self.command(), self.directory)
        until(self.answers, "the database to answer", context=lambda: "\n" + self.process.text()[-2000:])
        return self

    def stop(self, number=signal.SIGTERM):
        if self.process is not None:
            self.process.stop(number)
            self.process = None

    def request(self, path, data=None, **words):
        query = urllib.parse.urlencode(words)
        with urllib.request.urlopen(f"{self.url}{path}?{query}", data, 30, context=UNCHECKED) as answer:
            return answer.read().decode()

    def answers(self):
        try:
            self.request("/ping" if isinstance(self, Influx) else "/health")
            return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False


class Influx(Database):
    """InfluxDB 1.x with a database `tocsin`."""

    def __init__(self, directory, http=""):
        super().__init__(directory)
        self.http = http  # more settings of its HTTP service
        self.user = None

    def command(self):
        configuration = self.directory / "influxdb.conf"
        configuration.write_text(
            f'reporting-disabled = true\nbind-address = "127.0.0.1:{free_port()}"\n'
            f'[meta]\ndir = "{self.directory}/meta"\n'
            f'[data]\ndir = "{self.directory}/data"\nwal-dir = "{self.directory}/wal"\n'
            f'[monitor]\nstore-enabled = false\n'
            f'[http]\nbind-address = "127.0.0.1:{self.port}"\n{self.http}\n')
        return ["/usr/bin/influxd", "-config", str(configuration)]

    def ask(self, question):
        """Rows of a question, as {column: value}; tags among them."""
        words = {"q": question, "db": "tocsin", "epoch": "ns"}
        if self.user:
            words.update(u=self.user[0], p=self.user[1])
        if question.startswith(("CREATE", "DROP")):
            answer = json.loads(self.request("/query", b"", **words))
        else:
            answer = json.loads(self.request("/query", **words))
        rows = []
        for series in answer["results"][0].get("series", []):
            rows += [dict(zip(series["columns"], row), measurement=series.get("name")) for row in series["values"]]
        return rows

    def start(self):
        super().start()
        if not self.user:
            self.ask("CREATE DATABASE tocsin")
        return self

    def points(self):
        """Every point written: {(measurement, point, time): (value, quality)}."""
        return {(row["measurement"], row["point"], row["time"]): (row.get("value"), row["quality"])
                for row in self.ask('SELECT * FROM /^[^e].*|^e[^v].*/')}

    def events(self):
        """seq of every event written, with its type."""
        return {row["seq"]: row["type"] for row in self.ask("SELECT * FROM event")}


class Victoria(Database):
    """VictoriaMetrics, which takes the same lines and has a series for each field."""

    def command(self):
        return ["/usr/bin/victoria-metrics", f"-storageDataPath={self.directory}/data",
                f"-httpListenAddr=127.0.0.1:{self.port}", "-retentionPeriod=100y"]

    def export(self, match):
        text = self.request("/api/v1/export", **{"match[]": match})
        return [json.loads(line) for line in text.splitlines()]

    def points(self):
        self.request("/internal/force_flush")
        found = {}
        for field, place in (("value", 0), ("quality", 1)):
            for series in self.export('{__name__=~".+_%s"}' % field):
                labels = series["metric"]
                name = labels["__name__"].removesuffix("_" + field)
                for time, value in zip(series["timestamps"], series["values"]):
                    found.setdefault((name, labels["point"], time), [None, None])[place] = value
        return {key: tuple(value) for key, value in found.items()}

    def events(self):
        self.request("/internal/force_flush")
        return {int(value): series["metric"]["type"]
                for series in self.export('{__name__="event_seq"}') for value in series["values"]}
