// SPDX-License-Identifier: Apache-2.0
// Pages that are fetched when somebody first opens them.
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ProblemLine } from './parts/problem';
import { t } from './words';

const RETRY_MS = 2000;

export function lazily<Props extends object>(fetchPage: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let fetched: ComponentType<Props> | null = null;
  return (props: Props) => {
    const [page, setPage] = useState<{ of: ComponentType<Props> | null }>({ of: fetched });
    const [isLate, setLate] = useState(false);
    useEffect(() => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const ask = async () => {
        try {
          fetched = await fetchPage();
          setPage({ of: fetched });
        } catch {
          setLate(true);
          timer = setTimeout(() => void ask(), RETRY_MS);
        }
      };
      if (fetched === null) void ask();
      return () => clearTimeout(timer);
    }, []);
    if (page.of !== null) return <page.of {...props} />;
    return isLate ? <ProblemLine text={t('problem.network')} /> : <p>{t('app.loading')}</p>;
  };
}
