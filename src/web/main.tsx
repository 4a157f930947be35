/** The beginning of every page. */
import { render } from 'preact';
import { App } from './app.tsx';
import { comeBack } from './providers.ts';

void comeBack();
render(<App />, document.getElementById('app')!);
