// SPDX-License-Identifier: Apache-2.0
// The service worker, and a version of the app that is newer than this page.
import { siren } from '../sound/siren';

const CHECK_MS = 3600e3;

/** Begin. `onNewer` is called when a newer version has taken over and the page has something to lose by a reload. */
export function followVersion(onNewer: () => void): void {
  const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  if (workers === undefined || !import.meta.env.PROD) return;
  let isFirst = workers.controller === null;
  workers.addEventListener('controllerchange', () => {
    // A page that may sound could not do so again until somebody touches it.
    if (!isFirst && siren.isBlocked()) location.reload();
    else if (!isFirst) onNewer();
    isFirst = false;
  });
  void workers.register('/service-worker.js', { updateViaCache: 'none' }).catch(() => {});
  setInterval(checkVersion, CHECK_MS);
}

/** Ask for a newer version: after a gateway was away it may be another one. */
export function checkVersion(): void {
  const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  void workers?.getRegistration().then((found) => found?.update()).catch(() => {});
}
