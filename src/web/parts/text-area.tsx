/** A labelled text of several lines, with what is wrong with it below. */
import { useId } from 'preact/hooks';

interface TextAreaProps {
  readonly label: string;
  readonly name: string;
  readonly value: string;
  readonly rows: number;
  readonly maxLength: number;
  readonly onInput: (value: string) => void;
  readonly problem?: string | null;
}

export function TextArea({ label, problem, onInput, ...more }: TextAreaProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        {...more}
        onInput={(event) => onInput(event.currentTarget.value)}
        {...(problem ? { 'aria-invalid': true, 'aria-describedby': `${id}-problem` } : {})}
      />
      {problem && (
        <p class="problem" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </div>
  );
}
