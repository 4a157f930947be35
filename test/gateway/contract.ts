/**
 * Whether an answer is what `/openapi.json` says, judged by ajv, which knows nothing of our own validator.
 *
 *   const contract = await loadContract(url);
 *   contract.expectAnswer('POST /v1/sales/sal_…/tickets', 201, body);   // or by operationId: 'joinSale'
 */
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'vitest';

interface Response {
  readonly content?: Readonly<Record<string, { schema: object }>>;
}
interface Operation {
  readonly operationId: string;
  readonly deprecated?: boolean;
  readonly responses: Readonly<Record<string, Response>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
}

export interface Contract {
  readonly document: Document;
  /** Every operation as `[operationId, 'METHOD /path']`. */
  readonly operations: readonly (readonly [operationId: string, target: string])[];
  /** Fails when the status is not documented there, or the body does not fit. */
  expectAnswer(target: string, status: number, body: unknown): void;
}

export async function loadContract(url: string): Promise<Contract> {
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as Document;
  return contractOf(document);
}

/**
 * Clients must take additions, so the document's answers are open. Our own answers have none: an object that names its
 * properties is held to them here, unless it says that there are more (a problem does).
 */
function closed<Part>(part: Part): Part {
  if (Array.isArray(part)) return part.map(closed) as Part;
  if (typeof part !== 'object' || part === null) return part;
  const inner = Object.fromEntries(Object.entries(part).map(([name, value]) => [name, closed(value)]));
  const mustClose = inner.type === 'object' && 'properties' in inner && !('additionalProperties' in inner);
  return (mustClose ? { ...inner, additionalProperties: false } : inner) as Part;
}

export function contractOf(document: Document): Contract {
  // typebox writes more keywords than the standard has (none today); formats are checked for what they are.
  const ajv = new Ajv.default({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ $id: 'contract', components: closed(document.components) });
  const checks = new Map<string, ReturnType<typeof ajv.compile>>();

  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => {
      return [operationId, `${method.toUpperCase()} ${path}`] as const;
    }),
  );

  function find(target: string): [name: string, Operation] {
    if (!target.includes(' ')) {
      const known = operations.find(([operationId]) => operationId === target);
      if (!known) throw new Error(`the contract knows no ${target}`);
      return find(known[1]);
    }
    const [method, fullPath] = target.split(' ') as [string, string];
    const path = fullPath.split('?')[0]!;
    const fits = (template: string) =>
      template === path || new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(path);
    // A literal path comes before one with parameters, as in the router.
    const templates = Object.keys(document.paths)
      .filter((template) => fits(template) && document.paths[template]![method.toLowerCase()])
      .sort((a, b) => a.split('{').length - b.split('{').length);
    if (templates.length === 0) throw new Error(`the contract knows no ${target}`);
    return [`${method} ${templates[0]}`, document.paths[templates[0]!]![method.toLowerCase()]!];
  }

  function checkOf(name: string, status: number, operation: Operation) {
    const documented = operation.responses[status] ?? operation.responses[`${Math.floor(status / 100)}XX`];
    if (!documented) throw new Error(`${name} has no answer ${status} in the contract`);
    const [content] = Object.values(documented.content ?? {});
    if (!content) return null;
    const key = `${name} ${status}`;
    let check = checks.get(key);
    if (!check) {
      const schema = JSON.parse(
        JSON.stringify(closed(content.schema)).replaceAll('"#/components/', '"contract#/components/'),
      );
      check = ajv.compile(schema);
      checks.set(key, check);
    }
    return check;
  }

  return {
    document,
    operations,
    expectAnswer(target, status, body) {
      const [name, operation] = find(target);
      const check = checkOf(name, status, operation);
      if (check === null) return;
      const isGood = check(body);
      expect(isGood ? [] : check.errors, `${name} ${status}: ${JSON.stringify(body)}`).toEqual([]);
    },
  };
}
