/**
 * What was found out about the words of a query for its first page, carried on in the cursor: later pages would find out
 * something else when the index has changed meanwhile, and would be pages of another list.
 */
export class Memory {
  readonly #answers = new Map<string, readonly string[]>();
  readonly #isCarried: boolean;

  /** `texts`: of the cursor; null: this is the first page. */
  constructor(texts: readonly string[] | null) {
    this.#isCarried = texts !== null;
    for (const text of texts ?? []) {
      const [question = '', answers = ''] = text.split('=');
      this.#answers.set(question, answers === '' ? [] : answers.split('|'));
    }
  }

  /** Questions and answers are words, with single blanks between them. */
  texts(): string[] {
    return [...this.#answers].map(([question, answers]) => `${question}=${answers.join('|')}`);
  }

  /** Whether the question was asked for the first page; `now`: what is to be said for the first page. */
  wasAsked(question: string, now: boolean): boolean {
    return this.#isCarried ? this.#answers.has(question) : now;
  }

  async recall(question: string, find: () => Promise<readonly string[]>): Promise<readonly string[]> {
    let answers = this.#answers.get(question);
    if (answers === undefined) {
      answers = this.#isCarried ? [] : await find();
      this.#answers.set(question, answers);
    }
    return answers;
  }
}
