/** One of a few, all of them in sight. */
import './choice.css';
import { useId } from 'preact/hooks';

interface Option<Value extends string> {
  readonly value: Value;
  readonly text: string;
  readonly note?: string;
  readonly isDisabled?: boolean;
}

interface ChoiceProps<Value extends string> {
  readonly label: string;
  readonly name: string;
  readonly value: Value;
  readonly options: readonly Option<Value>[];
  readonly onChange: (value: Value) => void;
  readonly problem?: string | null;
}

export function Choice<Value extends string>(props: ChoiceProps<Value>) {
  const { label, name, value, options, onChange, problem } = props;
  const id = useId();
  return (
    <div class="one-of" role="radiogroup" aria-labelledby={id}>
      <span class="one-of-label" id={id}>
        {label}
      </span>
      <div class="options">
        {options.map((option) => (
          <label key={option.value} class={option.value === value ? 'chosen' : ''}>
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              disabled={option.isDisabled ?? false}
              aria-label={option.text}
              {...(option.note ? { 'aria-describedby': `${name}-${option.value}` } : {})}
              onChange={() => onChange(option.value)}
            />
            <span>
              <strong>{option.text}</strong>
              {option.note && (
                <span class="quiet" id={`${name}-${option.value}`}>
                  {option.note}
                </span>
              )}
            </span>
          </label>
        ))}
      </div>
      {problem && <p class="problem">{problem}</p>}
    </div>
  );
}
