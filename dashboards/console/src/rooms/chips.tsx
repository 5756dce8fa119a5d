// SPDX-License-Identifier: Apache-2.0
import { t } from '../words';
import type { Disposition } from './steps';

interface Props {
  title: string;
  choices: readonly Disposition[];
  onChoose: (choice: Disposition) => void;
  onCancel: () => void;
}

/** One press says what it was. */
export function Chips({ title, choices, onChoose, onCancel }: Props) {
  return (
    <div class="chips" role="group" aria-label={title}>
      <p>{title}</p>
      {choices.map((choice) => (
        <button key={choice} data-disposition={choice} onClick={() => onChoose(choice)}>
          {t(`disposition.${choice}`)}
        </button>
      ))}
      <button class="quiet" onClick={onCancel}>
        {t('card.cancel')}
      </button>
    </div>
  );
}
