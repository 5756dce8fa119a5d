// SPDX-License-Identifier: Apache-2.0
// The real thing for a browser test: a broker, a simulated field and a gateway on free loopback ports, in a
// scratch directory. Nothing waits by the clock: `until` looks for a condition and fails after a deadline.
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TOCSIN = process.env.TOCSIN ?? join(ROOT, 'build/gcc/gateway/tocsin');
const EXAMPLE = join(ROOT, 'deploy/example/site.yaml');
/** The app as it was built. */
export const DIST = join(ROOT, 'dashboards/console/dist');
export const PASSWORD = 'correct horse battery';
export const DEADLINE_MS = 30_000;

export async function until(condition, what, deadlineMs = DEADLINE_MS) {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms in vain for ${what}; last: ${JSON.stringify(value)}`);
    await new Promise((next) => setTimeout(next, 20));
  }
}

/* Below the ports that the kernel gives to whoever connects, or a connection could take one before it is used; each process
 * that runs tests begins somewhere else. */
const PORTS = { first: 10_000, count: 22_768 };
let nextPort = (process.pid * 2003) % PORTS.count;

/** A loopback port that nobody has, and nobody was given by us for a long time. */
export async function freePort() {
  for (;;) {
    const port = PORTS.first + nextPort;
    nextPort = (nextPort + 1) % PORTS.count;
    if (await isFree(port)) return port;
  }
}

function isFree(port) {
  return new Promise((done) => {
    const probe = createServer().once('error', () => done(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
  });
}

/** A child with its output in a file of the scratch directory. */
class Process {
  constructor(name, program, args, directory) {
    this.logPath = join(directory, `${name}.log`);
    const log = openSync(this.logPath, 'a');
    this.child = spawn(program, args, { stdio: ['ignore', log, log] });
    this.ended = new Promise((done) => this.child.once('exit', done));
  }
  text() {
    return readFileSync(this.logPath, 'utf8');
  }
  hasEnded() {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
  /** Wait until it is ready; one that ends before fails at once, and each failure shows what it said. */
  async until(condition, what) {
    try {
      await until(async () => this.hasEnded() || (await condition()), what);
      if (this.hasEnded()) throw new Error(`it ended before ${what}`);
    } catch (error) {
      throw new Error(`${error.message}\n${this.text()}`);
    }
  }
  async stop(signal = 'SIGTERM') {
    this.child.kill(signal);
    await this.ended;
  }
}

/** The site of the demonstration, with its devices where this scene has them. */
export async function example(scene, broker) {
  const overrides = {
    'devices.doors.broker': `tcp://127.0.0.1:${broker}`,
    'devices.climate.address': `rtu:${scene.directory}/climate.tty?baud=9600&parity=none&stop=1`,
    'mqtt.brokers.0': `tcp://127.0.0.1:${broker}`,
  };
  for (const device of ['care-io', 'fire-panel', 'sport-io']) {
    overrides[`devices.${device}.address`] = `tcp://127.0.0.1:${await freePort()}`;
  }
  return { path: EXAMPLE, overrides };
}

/** Who stands beside the first, where something takes two people. */
export const SECOND = ['--second', 'guo', '--second-role', 'security'];

export class Scene {
  constructor(site = example) {
    this.siteOf = site;
    this.directory = mkdtempSync(join(tmpdir(), 'tocsin-browser.'));
    this.socket = join(this.directory, 'run/console.sock');
    this.started = [];
    this.pressed = new Set();
    /** What the gateway serves; another directory from its next start on. */
    this.assets = DIST;
  }

  keep(part) {
    this.started.push(part);
    return part;
  }

  async start() {
    const broker = await freePort();
    this.port = await freePort();
    const conf = join(this.directory, 'mosquitto.conf');
    writeFileSync(conf, `listener ${broker} 127.0.0.1\nuser root\nallow_anonymous true\n`);
    this.keep(new Process('mosquitto', '/usr/sbin/mosquitto', ['-c', conf], this.directory));
    const site = await this.siteOf(this, broker);
    this.site = site.path;
    const overrides = {
      'gateway.state': join(this.directory, 'state'),
      'gateway.console.listen': `127.0.0.1:${this.port}`,
      ...site.overrides,
    };
    this.settings = Object.entries(overrides).flatMap(([path, value]) => ['--set', `${path}=${value}`]);
    await until(() => answers(broker), 'mosquitto to listen');
    this.control = join(this.directory, 'sim.sock');
    const sim = this.keep(
      new Process('sim', TOCSIN, ['sim', this.site, '--still', '--control', this.control, ...this.settings], this.directory),
    );
    await sim.until(() => sim.text().includes('event=sim_ready'), 'the field was ready');
    // Who plays there from half past ten in the evening on is an intruder, and tests run at any time of the day.
    if (this.siteOf === example) await this.say('set sport/court/motion 0');
    await this.startGateway();
    return this;
  }

  async startGateway() {
    const run = join(this.directory, 'run');
    const options = ['--run', run, '--assets', this.assets, ...this.settings];
    this.gateway = this.keep(new Process('gateway', TOCSIN, ['run', this.site, ...options], this.directory));
    await this.gateway.until(async () => this.tryCli('health') && (await answers(this.port)), 'the gateway was healthy');
  }

  get url() {
    return `https://127.0.0.1:${this.port}`;
  }

  /** Somebody who may sign in with PASSWORD. */
  addUser(id, role, name) {
    this.run(['user', 'add', id, role, '--name', name], `${PASSWORD}\n`);
  }

  /** The gateway's own processes. */
  children() {
    const pid = this.gateway.child.pid;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
  }

  async stopGateway() {
    await this.gateway.stop();
  }

  cli(...args) {
    return this.run(args, '');
  }

  run(args, input) {
    const env = { ...process.env, TOCSIN_SOCKET: this.socket, LANG: 'C.UTF-8' };
    return execFileSync(TOCSIN, args, { env, input, encoding: 'utf8', stdio: 'pipe' });
  }

  /** The same for a command that may be refused: false. */
  tryCli(...args) {
    try {
      this.cli(...args);
      return true;
    } catch {
      return false;
    }
  }

  /** The alarms that are open; with `--all` all there may be. */
  alarms(...args) {
    const rows = this.cli('alarms', '--json', ...args).split('\n').filter(Boolean).map((line) => JSON.parse(line));
    return args.includes('--all') ? rows : rows.filter((row) => row.state?.open);
  }

  events() {
    return this.cli('events', '--json', '--limit', '1000').split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }

  /** Nothing is pressed and every alarm is answered and closed, so that the next test begins with none. */
  async calm() {
    for (const point of this.pressed) await this.release(point);
    const as = ['--by', 'test', '--role', 'caregiver'];
    await until(() => {
      const open = this.alarms();
      for (const { alarm } of open) for (const verb of ['ack', 'attend', 'reset']) this.tryCli(verb, alarm, ...as);
      return open.length === 0;
    }, 'no alarm').catch((error) => {
      throw new Error(`${error.message}: ${JSON.stringify(this.alarms())}`);
    });
  }

  async press(point) {
    this.pressed.add(point);
    await this.say(`set ${point} 1`);
  }

  async release(point) {
    this.pressed.delete(point);
    await this.say(`set ${point} 0`);
  }

  /** Tell the simulated field: `set care/day-care/button-1 1`. */
  say(line) {
    return new Promise((done, fail) => {
      const link = createConnection(this.control, () => link.write(`${line}\n`));
      let answer = '';
      link.on('data', (bytes) => {
        answer += bytes;
        if (!answer.includes('\n')) return;
        link.destroy();
        if (answer.startsWith('ok')) done(answer.slice(2).trim());
        else fail(new Error(`"${line}" was answered "${answer.trim()}"`));
      });
      link.on('error', fail);
    });
  }

  async close() {
    for (const part of this.started.reverse()) {
      if (!part.hasEnded()) await part.stop();
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function answers(port) {
  return new Promise((done) => {
    const probe = createConnection(port, '127.0.0.1');
    probe.once('connect', () => done(true)).once('error', () => done(false));
    probe.once('connect', () => probe.destroy());
  });
}
