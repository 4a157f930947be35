/** How far the listings that are in the shop already have been judged by the rules as they are now. */
import { useEffect, useRef } from 'preact/hooks';
import type { RulesSweep } from '../../../market/moderation/schemas.ts';
import { get } from '../../api.ts';
import { count } from '../../format.ts';
import { usePolled } from '../../parts/polled.ts';
import { adminWords } from '../../words-admin.ts';

const text = adminWords.rules;
const path = '/v1/moderation/sweep';

/** `rules`: other ones are judged by anew. `onHeld`: more listings wait than before. */
export function useSweep(rules: readonly unknown[], onHeld: () => void) {
  const read = usePolled(
    path,
    (signal) => get<RulesSweep>(path, signal),
    (sweep) => (sweep?.status === 'running' ? 1 : null),
  );
  const { value, reload } = read;
  useEffect(() => {
    if (value !== null) reload();
  }, rules);
  const held = value?.held ?? 0;
  const heldBefore = useRef(held);
  useEffect(() => {
    if (held > heldBefore.current) onHeld();
    heldBefore.current = held;
  }, [held]);
  return read;
}

export function Sweep({ sweep }: { readonly sweep: RulesSweep | null }) {
  if (sweep === null) return null;
  const { status, checked, total, held, startedAt, finishedAt } = sweep;
  if (status === 'running' && startedAt === null) return <p>{text.sweepDue}</p>;
  // Figures that change each second are no status: nobody wants to hear them.
  if (status === 'running') return <p>{text.sweeping(count(checked), count(total))}</p>;
  return finishedAt === null ? null : <p class="quiet">{text.swept(count(total), count(held))}</p>;
}
