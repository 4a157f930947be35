/** What pays: in the sandbox one of its cards. */
import './card-choice.css';
import { words } from '../words-drop.ts';
import { Choice } from './choice.tsx';
import { payments } from './payments.ts';

interface CardChoiceProps {
  readonly value: string;
  /** The one that was declined last. */
  readonly declined: string | null;
  readonly onChange: (value: string) => void;
}

export function CardChoice({ value, declined, onChange }: CardChoiceProps) {
  const { held } = words;
  if (payments.value === 'stripe') return <p class="notice">{held.noCards}</p>;
  return (
    <div class="cards">
      <p class="sandbox">{held.sandbox}</p>
      <Choice
        label={held.card}
        name="paymentMethod"
        value={value}
        options={held.cards.map(([method, text, note]) => ({
          ...{ value: method as string, text },
          note: method === declined ? held.wasDeclined(note) : note,
        }))}
        onChange={onChange}
      />
    </div>
  );
}
