// SPDX-License-Identifier: Apache-2.0
// What each rule says at present of what it is for. What is true or unknown is shown; the rest opens.
import { useState } from 'preact/hooks';
import { allRows, usePoll } from '../live/poll';
import { ProblemLine } from '../parts/problem';
import { Shape, Unknown } from '../parts/shape';
import { storyOf } from '../rooms/card';
import { Link } from '../parts/link';
import { useShown } from '../parts/more';
import { whereOf } from '../parts/where';
import { pick, t } from '../words';
import { classWord } from '../words/terms';
import { Filter, isWanted, type Wanted } from './parts';
import { joined, type Instance, type Reason, type Rule, type Truth } from './plant';
import { engineerWord, engineerWordOf } from './words';

const POLL_MS = 3000;
const TRUTHS: Truth[] = ['true', 'unknown', 'false'];

function reasonText(reason: Reason): string {
  const points = reason.points.map(({ point, why }) => `${point} (${engineerWordOf(`why.${why}`) ?? why})`);
  const more = reason.point_count > reason.points.length ? ' …' : '';
  return engineerWord(`cause.${reason.cause}`, { points: points.join(', ') + more });
}

function InstanceRow({ instance, rule }: { instance: Instance; rule: Rule }) {
  return (
    <li data-instance={instance.alarm}>
      {instance.truth === 'unknown' ? (
        <Unknown />
      ) : (
        <Shape priority={instance.truth === 'true' ? rule.priority : 'journal'} />
      )}{' '}
      <Link to={storyOf(instance.alarm)} class="story-link">
        {instance.entity}
      </Link>{' '}
      <strong>{engineerWord(`truth.${instance.truth}`)}</strong>
      {instance.reason !== null && <span> – {reasonText(instance.reason)}</span>}
    </li>
  );
}

/** So many things that a rule is for are shown at first, and more on demand. */
const ROWS_MAX = 20;

function Instances({ instances, rule }: { instances: Instance[]; rule: Rule }) {
  const { rows, more } = useShown(instances, ROWS_MAX);
  return (
    <>
      <ul class="instances">
        {rows.map((instance) => (
          <InstanceRow key={instance.alarm} instance={instance} rule={rule} />
        ))}
      </ul>
      {more}
    </>
  );
}

/** What the rule says, with its place where it is of one only, and elsewhere with what will stand there. */
function messageOf(rule: Rule): string {
  const places = new Set(rule.instances.map((instance) => instance.place));
  const [only] = places;
  const name = places.size === 1 && only ? whereOf({ place: only, place_name: null }) : '';
  return pick(rule.message).replace(/\{(\w+)\}/g, (placeholder, what: string) =>
    what === 'place' && name !== '' ? name : (engineerWordOf(`fill.${what}`) ?? placeholder),
  );
}

function RuleItem({ rule }: { rule: Rule }) {
  const [isOpen, setOpen] = useState(false);
  const of = (truth: Truth) => rule.instances.filter((instance) => instance.truth === truth);
  const counts = TRUTHS.map((truth) => [truth, of(truth).length] as const).filter(([, count]) => count > 0);
  return (
    <li class="rule" data-rule={rule.rule}>
      <p>
        <strong>{rule.rule}</strong> {classWord(rule.class)} · {t(`priority.${rule.priority}`)}
        {rule.latched && ` · ${engineerWord('rules.latched')}`}
        {rule.builtin && ` · ${engineerWord('rules.built_in')}`}
      </p>
      {rule.expression !== null && <code>{rule.expression}</code>}
      <p class="muted">{messageOf(rule)}</p>
      <p>{counts.map(([truth, count]) => engineerWord(`rules.${truth}`, { count })).join(' · ')}</p>
      <Instances instances={[...of('true'), ...of('unknown')]} rule={rule} />
      {of('false').length > 0 && (
        <details onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>{engineerWord('rules.all')}</summary>
          {isOpen && <Instances instances={of('false')} rule={rule} />}
        </details>
      )}
    </li>
  );
}

export function RulesPart() {
  const [wanted, setWanted] = useState<Wanted>({ place: '', words: '' });
  const polled = usePoll(async () => joined(await allRows<Rule>('/api/v1/rules', 'rules')), POLL_MS);
  if (polled.body === null) return polled.problem ? <ProblemLine text={polled.problem} /> : <p>{t('app.loading')}</p>;
  const shown = polled.body.flatMap((rule): Rule[] => {
    const instances = rule.instances.filter((instance) =>
      isWanted(wanted, instance.place, [rule.rule, classWord(rule.class), instance.entity]),
    );
    return instances.length === 0 ? [] : [{ ...rule, instances }];
  });
  return (
    <>
      <Filter wanted={wanted} onChange={setWanted} />
      <ProblemLine text={polled.problem} />
      {shown.length === 0 && <p>{engineerWord('filter.none')}</p>}
      <ul class="tree">
        {shown.map((rule) => (
          <RuleItem key={rule.rule} rule={rule} />
        ))}
      </ul>
    </>
  );
}
