/** Where the account is signed in, and ending what is not known. */
import { useState } from 'preact/hooks';
import type { Session } from '../../market/accounts/schemas.ts';
import { call } from '../api.ts';
import { moment } from '../format.ts';
import type { List } from '../parts/list.ts';
import { sentenceOf, Trouble } from '../parts/trouble.tsx';
import { peopleWords } from '../words-people.ts';

const text = peopleWords.account;
export const sessionsPath = '/v1/me/sessions';

export function Sessions({ list }: { readonly list: List<Session> }) {
  const [busy, setBusy] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const end = async (sessionId: string) => {
    setBusy(sessionId);
    setProblem(null);
    try {
      await call('DELETE', `${sessionsPath}/${sessionId}`);
      list.reload();
    } catch (error) {
      setProblem(sentenceOf(error));
    } finally {
      setBusy(null);
    }
  };
  return (
    <section aria-labelledby="sessions">
      <h2 id="sessions">{text.sessions}</h2>
      <p>{text.sessionsText}</p>
      {list.error !== null && <Trouble error={list.error} onRetry={list.reload} />}
      {problem !== null && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <ul class="sessions">
        {list.items?.map((each) => (
          <li key={each.sessionId}>
            <span>
              <strong>{browserOf(each.userAgent)}</strong>
              <span class="quiet">{text.lastSeen(moment(each.lastSeenAt), each.address ?? '')}</span>
            </span>
            {each.current ? (
              <span class="here">{text.thisOne}</span>
            ) : (
              <button
                type="button"
                aria-label={text.endOf(browserOf(each.userAgent))}
                disabled={busy === each.sessionId}
                onClick={() => end(each.sessionId)}
              >
                {text.end}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

const browsers = [
  ['Edg', 'Edge'],
  ['OPR', 'Opera'],
  ['Firefox', 'Firefox'],
  ['Chrom', 'Chrome'],
  ['Safari', 'Safari'],
] as const;
const systems = ['Windows', 'Android', 'iPhone', 'iPad', 'Mac OS', 'Linux'] as const;

/** What it says it is, in words; a name that nobody knows as it is. */
function browserOf(userAgent: string | null | undefined): string {
  if (!userAgent) return text.unknownBrowser;
  const browser = browsers.find(([mark]) => userAgent.includes(mark))?.[1];
  const system = systems.find((mark) => userAgent.includes(mark));
  if (browser && system) return text.browserOn(browser, system);
  return browser ?? userAgent.slice(0, 60);
}
