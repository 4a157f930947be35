/** Whether the e-mail address is confirmed, and having the link sent again. */
import { useState } from 'preact/hooks';
import { call } from '../api.ts';
import { sentenceOf } from '../parts/trouble.tsx';
import { identityWords } from '../words-identity.ts';

const text = identityWords.proof;

export function EmailProof({ isProven }: { readonly isProven: boolean }) {
  const [isBusy, setBusy] = useState(false);
  const [told, setTold] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  if (isProven) return <p class="proven">{text.proven}</p>;
  const send = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await call('POST', '/v1/me/verification');
      setTold(text.sent);
    } catch (error) {
      setProblem(sentenceOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class="notice">
      <p>{text.unproven}</p>
      <button type="button" disabled={isBusy} onClick={send}>
        {text.send}
      </button>
      <p role="status">{told}</p>
      {problem !== null && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
