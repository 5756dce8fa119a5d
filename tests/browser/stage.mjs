// SPDX-License-Identifier: Apache-2.0
// What all tests of a file share: one gateway with its field, the console at one address, one browser. A test
// gets pages of its own; whoever signed in once stays signed in for the tests after it.
import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { launch, watch } from './browser.mjs';
import { DEADLINE_MS, PASSWORD, Scene } from './scene.mjs';

const PEOPLE = [
  ['wang', 'caregiver', '王敏'],
  ['chen', 'caregiver', '陈静'],
  ['li', 'security', '李强'],
  ['sun', 'manager', '孙丽'],
  ['zhao', 'engineer', '赵工'],
  ['audit', 'auditor', '审计员'],
];

export class Stage {
  signedIn = new Map();

  async open(site, hasPeople) {
    this.scene = new Scene(site);
    await this.scene.start();
    if (hasPeople) for (const person of PEOPLE) this.scene.addUser(...person);
    this.browser = await launch();
  }

  async close() {
    await this.browser?.close();
    await this.scene?.close();
  }

  /** The cookies of a person. */
  async session(id) {
    if (!this.signedIn.has(id)) {
      const context = await this.browser.newContext({ ignoreHTTPSErrors: true });
      const data = id === 'wall' ? { token: await this.tokenOfScreen() } : { id, password: PASSWORD };
      const answer = await context.request.post(`${this.scene.url}/api/v1/session`, { data });
      assert.equal(answer.status(), 200, await answer.text());
      this.signedIn.set(id, await context.storageState());
      await context.close();
    }
    return this.signedIn.get(id);
  }

  /** A screen that an engineer has put on the wall. */
  async tokenOfScreen() {
    const context = await this.browser.newContext({ ignoreHTTPSErrors: true, storageState: await this.session('zhao') });
    const screen = { id: 'screen', name: '大厅', role: 'wall' };
    const answer = await context.request.post(`${this.scene.url}/api/v1/users`, { data: screen });
    const { token } = await answer.json();
    await context.close();
    return token;
  }

  /**
   * A page in a browser of its own for as long as `body` takes, at `path`, with `as` signed in; nobody if that is
   * null. `arrange` is given the browser before it asks for anything. The test fails for what a script or the content policy objects to and for every request to another place, and
   * a failure says what was to be seen.
   */
  async withPage({ as = 'wang', path = '/', url = this.scene.url, init, arrange, lang = 'zh-CN', isPhone = false, width = 390, height = 844 }, body) {
    const context = await this.browser.newContext({
      ignoreHTTPSErrors: true,
      locale: lang,
      viewport: { width, height },
      reducedMotion: 'reduce',
      isMobile: isPhone,
      hasTouch: isPhone,
      ...(as === null ? {} : { storageState: await this.session(as) }),
    });
    try {
      if (init !== undefined) await context.addInitScript(init);
      await arrange?.(context);
      const page = await context.newPage();
      page.setDefaultTimeout(DEADLINE_MS);
      const complaints = watch(page, url);
      try {
        await page.goto(url + path);
        await page.waitForSelector('main h1');
        await body(page);
        assert.deepEqual(complaints, []);
      } catch (error) {
        const seen = await page.locator('body').innerText({ timeout: 1000 }).catch(String);
        const log = this.scene.gateway.text().split('\n').slice(-12).join('\n');
        error.message += `\nThe page ${page.url()} complained of ${JSON.stringify(complaints)} and said:\n${seen}\nThe gateway:\n${log}`;
        throw error;
      }
    } finally {
      await context.close();
    }
  }
}

/** The stage of a file of tests. Each begins without an alarm, or all with what `prepare` makes. */
export function stage({ prepare, site, hasPeople = true } = {}) {
  const opened = new Stage();
  before(async () => {
    await opened.open(site, hasPeople);
    // Where nothing is prepared, there is no alarm: also none of a disk that was slow at the start.
    await (prepare ?? ((scene) => scene.calm()))(opened.scene);
  });
  if (prepare === undefined) afterEach(() => opened.scene.calm());
  after(() => opened.close());
  return opened;
}
