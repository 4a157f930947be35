/** A labelled text box, with what is wrong with it below. */
import { useId } from 'preact/hooks';

interface FieldProps {
  readonly label: string;
  readonly name: string;
  readonly type?: 'text' | 'email' | 'password' | 'number' | 'date' | 'datetime-local';
  readonly autocomplete?: string;
  readonly required?: boolean;
  readonly value?: string;
  /** What it begins with, when nobody hears of each change. */
  readonly defaultValue?: string;
  readonly min?: number;
  readonly max?: number;
  readonly maxLength?: number;
  readonly inputMode?: 'text' | 'numeric' | 'decimal';
  readonly onInput?: (value: string) => void;
  readonly problem?: string | null;
  readonly note?: string;
}

export function Field({ label, problem, note, type = 'text', onInput, ...more }: FieldProps) {
  const id = useId();
  const about = [problem && `${id}-problem`, note && `${id}-note`].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type={type as 'text'}
        {...more}
        {...(onInput ? { onInput: (event) => onInput(event.currentTarget.value) } : {})}
        {...(about ? { 'aria-describedby': about } : {})}
        {...(problem ? { 'aria-invalid': true } : {})}
      />
      {note && (
        <p class="field-note" id={`${id}-note`}>
          {note}
        </p>
      )}
      {problem && (
        <p class="problem" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </div>
  );
}
