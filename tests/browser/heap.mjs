// SPDX-License-Identifier: Apache-2.0
// What the pages of a browser and their shared workers keep, counted by the browser itself after it has collected
// what nobody needs any more.

/** The objects that are alive in a realm; each, also an array or a function, descends from this one. */
const ROOT_OBJECT = { expression: 'Object.prototype' };

async function count(send) {
  await send('HeapProfiler.collectGarbage');
  const { result } = await send('Runtime.evaluate', ROOT_OBJECT);
  const { objects } = await send('Runtime.queryObjects', { prototypeObjectId: result.objectId });
  const how = { objectId: objects.objectId, functionDeclaration: 'function () { return this.length; }', returnByValue: true };
  const length = await send('Runtime.callFunctionOn', how);
  for (const { objectId } of [objects, result]) await send('Runtime.releaseObject', { objectId });
  await send('HeapProfiler.collectGarbage');
  return { objects: length.result.value, bytes: (await send('Runtime.getHeapUsage')).usedSize };
}

/** Of a page there are besides the nodes of its documents and who listens to them. */
export async function countPage(page) {
  const wire = await page.context().newCDPSession(page);
  const counted = await count((method, params) => wire.send(method, params));
  const { nodes, jsEventListeners } = await wire.send('Memory.getDOMCounters');
  await wire.detach();
  return { ...counted, nodes, listeners: jsEventListeners };
}

/** The shared workers of all pages, in the order in which they began. */
export async function countWorkers(browser) {
  const wire = await browser.newBrowserCDPSession();
  const { targetInfos } = await wire.send('Target.getTargets', { filter: [{ type: 'shared_worker' }] });
  const counts = [];
  for (const { targetId } of targetInfos) {
    const { sessionId } = await wire.send('Target.attachToTarget', { targetId, flatten: false });
    let last = 0;
    const waiting = new Map();
    wire.on('Target.receivedMessageFromTarget', (told) => {
      if (told.sessionId !== sessionId) return;
      const { id, result, error } = JSON.parse(told.message);
      const { done, fail } = waiting.get(id) ?? {};
      if (error) fail?.(new Error(error.message));
      else done?.(result);
    });
    const send = (method, params = {}) =>
      new Promise((done, fail) => {
        waiting.set(++last, { done, fail });
        wire.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id: last, method, params }) }).catch(fail);
      });
    counts.push(await count(send));
    await wire.send('Target.detachFromTarget', { sessionId });
  }
  await wire.detach();
  return counts;
}
