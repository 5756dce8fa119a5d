// SPDX-License-Identifier: Apache-2.0
// The wire between a browser and the console: it can be cut, and mended at the same address.
import { createConnection, createServer } from 'node:net';

/** Carry connections on to `port`; returns { port, cut, mend }. */
export async function wire(port) {
  const ends = new Set();
  const server = createServer((near) => {
    const far = createConnection(port, '127.0.0.1');
    for (const [from, to] of [[near, far], [far, near]]) {
      ends.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        ends.delete(from);
        to.destroy();
      });
    }
  });
  const listen = (at) =>
    new Promise((done, fail) => {
      server.once('error', fail).listen(at, '127.0.0.1', () => {
        server.off('error', fail);
        done();
      });
    });
  await listen(0);
  const own = server.address().port;
  const cut = () => {
    for (const end of ends) end.destroy();
    return new Promise((done) => server.close(done));
  };
  return { port: own, cut, mend: () => listen(own) };
}
