/** A figure: a group named by its label, with one number in it; what explains it stands outside. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface FigureProps {
  readonly label: string;
  /** Formatted. */
  readonly value: ComponentChildren;
  readonly kind?: string;
  /** What explains it. */
  readonly note?: ComponentChildren;
}

export function Figure({ label, value, kind = '', note }: FigureProps) {
  const id = useId();
  const described = note == null ? {} : { 'aria-describedby': `${id}-note` };
  return (
    <div class={`figure ${kind}`}>
      {/* biome-ignore lint/a11y/useSemanticElements: a figure is no set of form fields */}
      <div role="group" aria-labelledby={id} {...described}>
        <span class="figure-label" id={id}>
          {label}
        </span>
        <span class="figure-value">{value}</span>
      </div>
      {note != null && (
        <p class="figure-note" id={`${id}-note`}>
          {note}
        </p>
      )}
    </div>
  );
}
