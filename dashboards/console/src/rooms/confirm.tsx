// SPDX-License-Identifier: Apache-2.0
// A button that a sleeve cannot press: held for a moment, or pressed twice. A key or a screen reader presses it
// twice as well.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../words';

const HOLD_MS = 500;
const ARMED_MS = 6000;

interface Props {
  children: ComponentChildren;
  disabled: boolean;
  onConfirm: () => void;
}

export function ConfirmButton({ children, disabled, onConfirm }: Props) {
  const [armed, setArmed] = useState(false);
  const [held, setHeld] = useState(false);
  const hold = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const isDone = useRef(false);

  useEffect(() => {
    if (!armed) return undefined;
    const timer = setTimeout(() => setArmed(false), ARMED_MS);
    return () => clearTimeout(timer);
  }, [armed]);
  useEffect(() => () => clearTimeout(hold.current), []);

  const confirm = () => {
    isDone.current = true;
    setArmed(false);
    setHeld(false);
    onConfirm();
  };
  const press = () => {
    isDone.current = false;
    setHeld(true);
    hold.current = setTimeout(confirm, HOLD_MS);
  };
  const release = () => {
    clearTimeout(hold.current);
    setHeld(false);
  };
  const click = () => {
    if (isDone.current) isDone.current = false;
    else if (armed) confirm();
    else setArmed(true);
    isDone.current = false;
  };
  const state = held ? ' held' : armed ? ' armed' : '';
  return (
    <button
      class={`primary confirm${state}`}
      data-action="going"
      disabled={disabled}
      onPointerDown={press}
      onPointerUp={release}
      onPointerLeave={release}
      onPointerCancel={release}
      onContextMenu={(event) => event.preventDefault()}
      onClick={click}
    >
      <span>{children}</span>
      <small>{armed ? t('card.press_again') : t('card.hold')}</small>
    </button>
  );
}
