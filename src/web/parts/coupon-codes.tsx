/** The codes in the cart, and the box for another one. */
import './coupon-codes.css';
import { useId, useState } from 'preact/hooks';
import { addCode, removeCode } from '../cart.ts';
import { cartWords as text } from '../words-cart.ts';
import { refusedCode } from './cart-refusals.ts';

export function CouponCodes({ codes }: { readonly codes: readonly string[] }) {
  const id = useId();
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const change = async (work: Promise<unknown>) => {
    setProblem(null);
    try {
      await work;
      setTyped('');
    } catch (error) {
      setProblem(refusedCode(error));
    }
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (typed.trim() !== '') void change(addCode(typed.trim()));
  };
  return (
    <div class="coupons">
      {codes.length > 0 && (
        <ul aria-label={text.codes}>
          {codes.map((code) => (
            <li key={code}>
              <span>{code}</span>
              <button
                type="button"
                class="link"
                aria-label={text.removeCode(code)}
                onClick={() => void change(removeCode(code))}
              >
                {text.removeShort}
              </button>
            </li>
          ))}
        </ul>
      )}
      <form onSubmit={submit} noValidate>
        <div class="field">
          <label for={id}>{text.code}</label>
          <input
            id={id}
            value={typed}
            maxLength={40}
            autocomplete="off"
            autocapitalize="characters"
            spellcheck={false}
            {...(problem !== null && { 'aria-invalid': true, 'aria-describedby': `${id}-problem` })}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </div>
        <button type="submit">{text.apply}</button>
      </form>
      {problem !== null && (
        <p class="problem" role="alert" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </div>
  );
}
