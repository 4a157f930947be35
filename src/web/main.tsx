/** The beginning of every page. */
import { render } from 'preact';
import { type Answers, giveAnswers } from './answers.ts';
import { App, prepare } from './app.tsx';
import { comeBack } from './providers.ts';
import { keepingChanges } from './taking-over.ts';

const root = document.getElementById('app')!;
const begin = () => render(<App />, root);

void comeBack();
// What the server has drawn is taken over as it stands, once the page's own script is here.
if (root.firstElementChild === null) begin();
else {
  giveAnswers(JSON.parse(document.getElementById('answers')?.textContent || '{}') as Answers);
  const takeOver = () => keepingChanges(root, begin);
  void prepare().then(takeOver, takeOver);
}
