// SPDX-License-Identifier: Apache-2.0
/** Why something was refused, read out at once. */
export function ProblemLine({ text }: { text: string | null }) {
  return (
    <p class="problem" role="alert" hidden={text === null}>
      {text}
    </p>
  );
}
