// SPDX-License-Identifier: Apache-2.0
// How a device comes to trust the site's own authority, without which no browser takes notifications or installs the
// app. It is needed before anybody has signed in.
import { t } from '../words';

const DEVICES = ['iphone', 'android', 'windows'] as const;

export function Trust() {
  return (
    <details class="trust">
      <summary>{t('trust.title')}</summary>
      <p>{t('trust.about')}</p>
      <p>
        <a class="story-link" href="/authority.crt" download>
          {t('trust.file')}
        </a>
      </p>
      <dl>
        {DEVICES.map((device) => [
          <dt key={device}>{t(`trust.${device}`)}</dt>,
          <dd key={`${device} how`}>{t(`trust.${device}_how`)}</dd>,
        ])}
      </dl>
    </details>
  );
}
