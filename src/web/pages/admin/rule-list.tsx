/** The rules of one set, each with a way to take it out; below, the form that adds one. */
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { Trouble } from '../../parts/trouble.tsx';
import { adminWords } from '../../words-admin.ts';
import { Said } from './deciding.tsx';
import type { RuleSet } from './rules.ts';

const text = adminWords.rules;

interface RuleListProps<Item> {
  readonly id: string;
  readonly title: string;
  readonly none: string;
  readonly rules: RuleSet<Item>;
  readonly nameOf: (item: Item) => string;
  readonly effectOf: (item: Item) => string;
  readonly removeOf: (name: string) => string;
  /** The form that adds one. */
  readonly children: ComponentChildren;
}

export function RuleList<Item>(props: RuleListProps<Item>) {
  const { id, title, none, rules, nameOf, effectOf, removeOf, children } = props;
  const heading = useRef<HTMLHeadingElement>(null);
  const items = rules.value?.items ?? null;
  const remove = async (at: number) => {
    // What had the focus is gone then.
    if (await rules.replace(items!.filter((_, other) => other !== at))) heading.current?.focus();
  };
  return (
    <section aria-labelledby={id}>
      <h3 id={id} ref={heading} tabIndex={-1}>
        {title}
      </h3>
      {rules.error !== null && <Trouble error={rules.error} onRetry={rules.reload} />}
      {items?.length === 0 && <p class="quiet">{none}</p>}
      {items !== null && items.length > 0 && (
        <ul class="rule-list" aria-labelledby={id}>
          {items.map((item, at) => (
            <li key={JSON.stringify(item)}>
              <strong>{nameOf(item)}</strong>
              <span class="quiet">{effectOf(item)}</span>
              <button
                type="button"
                class="link"
                aria-label={removeOf(nameOf(item))}
                disabled={rules.isBusy}
                onClick={() => void remove(at)}
              >
                {text.remove}
              </button>
            </li>
          ))}
        </ul>
      )}
      {rules.problem !== null && (
        <p class="problem" role="alert">
          {rules.problem}
        </p>
      )}
      <Said said={rules.said} />
      {items !== null && children}
    </section>
  );
}
