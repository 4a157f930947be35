/** For who listens: a sentence each 30 s at the most, and at 1,000, 100 and 10 people ahead. */
import { effect } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { count, wait } from '../../format.ts';
import { words } from '../../words-drop.ts';
import type { Drop } from './model.ts';
import { waitOf } from './state.ts';

const everyMs = 30_000;
const marks = [1_000, 100, 10];

export function Updates({ drop }: { readonly drop: Drop }) {
  const [said, say] = useState('');
  useEffect(() => {
    // What was on the screen when the page came need not be said again.
    let saidMs = performance.now();
    let before: number | null = null;
    return effect(() => {
      const ahead = drop.ahead.value;
      if (drop.screen.value !== 'place') {
        before = null;
        return;
      }
      const last = before;
      before = ahead;
      if (last === null || last === ahead) return;
      const isMark = marks.some((mark) => last > mark && ahead <= mark);
      if (!isMark && performance.now() - saidMs < everyMs) return;
      saidMs = performance.now();
      const text = count(ahead);
      say(
        ahead > last
          ? words.updates.corrected(ahead, text)
          : words.updates.ahead(ahead, text, wait(waitOf(drop.state, ahead))),
      );
    });
  }, [drop]);
  return (
    <p class="visually-hidden" role="status" aria-label={words.updates.name}>
      {said}
    </p>
  );
}
