// SPDX-License-Identifier: Apache-2.0
// Stands in for the HTTPS side of the console: it answers /api/v1/session and /api/v1/claim itself, and passes
// the rest of /api on to the Unix socket in the role of whoever signed in. For development and tests only.
import { request } from 'node:http';

const PEOPLE = {
  wang: { id: 'wang', name: '王敏', role: 'caregiver' },
  li: { id: 'li', name: '李强', role: 'security' },
  zhao: { id: 'zhao', name: '赵工', role: 'engineer' },
  audit: { id: 'audit', name: '审计员', role: 'auditor' },
};
const PASSWORD = 'open sesame';
const CLAIM_CODE = 'AAAA-BBBB-CCCC';

/** A connect-style middleware. `options.claimed: false` begins at the first start. */
export function standIn(socketPath, options = {}) {
  const state = { claimed: options.claimed ?? true, people: { ...PEOPLE } };
  return (req, res, next) => {
    const path = new URL(req.url, 'http://console').pathname;
    if (!path.startsWith('/api/')) return next();
    if (path === '/api/v1/session' || path === '/api/v1/claim') return session(state, req, res, path);
    const user = userOf(state, req);
    if (!user) return problem(res, 401, state.claimed ? 'signed_out' : 'unclaimed', '');
    return pass(socketPath, user, req, res);
  };
}

function userOf(state, req) {
  const id = /(?:^|; )tocsin=(\w+)/.exec(req.headers.cookie ?? '')?.[1];
  return id && state.people[id];
}

async function session(state, req, res, path) {
  const body = req.method === 'POST' ? JSON.parse((await bytesOf(req)).toString() || '{}') : {};
  if (path === '/api/v1/claim') {
    if (body.code !== CLAIM_CODE) return problem(res, 403, 'claim_code', '认领码不对 / The claim code is wrong');
    state.claimed = true;
    state.people[body.id] = { id: body.id, name: body.name, role: 'engineer' };
    return signedIn(res, 201, state.people[body.id], true);
  }
  if (req.method === 'DELETE') {
    res.writeHead(204, { 'Set-Cookie': 'tocsin=; Path=/; Max-Age=0' }).end();
    return undefined;
  }
  if (req.method === 'POST') {
    const user = state.people[body.id];
    if (!user || body.password !== PASSWORD) {
      return problem(res, 401, 'sign_in', '用户名或密码不对 / The name or the password is wrong');
    }
    return signedIn(res, 200, user, true);
  }
  const user = userOf(state, req);
  return user ? signedIn(res, 200, user, false) : problem(res, 401, state.claimed ? 'signed_out' : 'unclaimed', '');
}

function signedIn(res, status, user, isNew) {
  const headers = { 'Content-Type': 'application/json' };
  if (isNew) headers['Set-Cookie'] = `tocsin=${user.id}; Path=/; HttpOnly; SameSite=Strict`;
  const expires = new Date(Date.now() + 12 * 3600e3).toISOString();
  res.writeHead(status, headers).end(JSON.stringify({ user, expires, claimed: true }));
}

function problem(res, status, name, detail) {
  res.writeHead(status, { 'Content-Type': 'application/problem+json' });
  res.end(JSON.stringify({ type: `tocsin:problem/${name}`, title: name, detail, status }));
}

async function pass(socketPath, user, req, res) {
  let body = await bytesOf(req);
  if (req.method === 'POST') body = Buffer.from(JSON.stringify({ ...JSON.parse(body.toString() || '{}'), by: user.id }));
  const headers = { ...req.headers, 'tocsin-role': user.role, 'content-length': body.length, connection: 'close' };
  const upstream = request({ socketPath, path: req.url, method: req.method, headers }, (answer) => {
    res.writeHead(answer.statusCode, answer.headers);
    answer.on('error', () => res.destroy());
    answer.pipe(res);
  });
  upstream.on('error', () => res.destroy());
  res.on('close', () => upstream.destroy());
  upstream.end(body);
}

async function bytesOf(req) {
  const parts = [];
  for await (const part of req) parts.push(part);
  return Buffer.concat(parts);
}
