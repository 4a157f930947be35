/** Forbidden words and categories. */
import { useState } from 'preact/hooks';
import type { ForbiddenWord } from '../../../market/compliance/schemas.ts';
import { Choice } from '../../parts/choice.tsx';
import { Field } from '../../parts/field.tsx';
import { adminWords } from '../../words-admin.ts';
import { RuleList } from './rule-list.tsx';
import type { RuleSet } from './rules.ts';

const text = adminWords.rules;

export function WordRules({ rules }: { readonly rules: RuleSet<ForbiddenWord> }) {
  return (
    <RuleList
      {...{ id: 'word-rules', title: text.words, none: text.wordsNone, rules, removeOf: text.removeOf }}
      nameOf={({ pattern, category }) => pattern ?? category ?? ''}
      effectOf={({ pattern, action }) =>
        `${pattern === undefined ? text.category : text.word} · ${text.actions[action] ?? action}`
      }
    >
      <NewWord rules={rules} />
    </RuleList>
  );
}

function NewWord({ rules }: { readonly rules: RuleSet<ForbiddenWord> }) {
  const [value, setValue] = useState('');
  const [kind, setKind] = useState<'pattern' | 'category'>('pattern');
  const [action, setAction] = useState<ForbiddenWord['action']>('hold');
  const add = async (event: SubmitEvent) => {
    event.preventDefault();
    const rule: ForbiddenWord = { [kind]: value.trim(), action };
    if (await rules.replace([...(rules.value?.items ?? []), rule])) setValue('');
  };
  return (
    <form class="form rule-form" onSubmit={add} aria-label={text.add}>
      <Choice
        {...{ label: text.kind, name: 'kind', value: kind, onChange: setKind }}
        options={[
          { value: 'pattern', text: text.word },
          { value: 'category', text: text.category },
        ]}
      />
      <Field
        {...{ label: text.value, name: 'value', value, onInput: setValue, autocomplete: 'off' }}
        maxLength={kind === 'pattern' ? 100 : 200}
        required
      />
      <Choice
        {...{ label: text.action, name: 'action', value: action, onChange: setAction }}
        options={(['hold', 'refuse'] as const).map((each) => ({
          value: each,
          text: text.actions[each]!,
          note: text.actionNotes[each]!,
        }))}
      />
      <button type="submit" disabled={rules.isBusy}>
        {text.add}
      </button>
    </form>
  );
}
