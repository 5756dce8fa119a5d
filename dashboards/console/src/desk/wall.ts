// SPDX-License-Identifier: Apache-2.0
// A screen on the wall: the machine does not go to sleep, and the whole page is the desk.
import { useEffect } from 'preact/hooks';

/** Keep the screen on while `isOn`. The browser lets go of it whenever the page is hidden. */
function useWakeLock(isOn: boolean): void {
  useEffect(() => {
    if (!isOn || !('wakeLock' in navigator)) return undefined;
    let lock: WakeLockSentinel | null = null;
    const hold = () => {
      if (document.visibilityState !== 'visible') return;
      navigator.wakeLock.request('screen').then(
        (held) => (lock = held),
        () => undefined, // on low battery the machine says no
      );
    };
    hold();
    document.addEventListener('visibilitychange', hold);
    return () => {
      document.removeEventListener('visibilitychange', hold);
      void lock?.release();
    };
  }, [isOn]);
}

export function useWall(isOn: boolean): void {
  useWakeLock(isOn);
  useEffect(() => {
    document.documentElement.classList.toggle('wall', isOn);
    return () => document.documentElement.classList.remove('wall');
  }, [isOn]);
}
