/**
 * What an actor or an effect can be asked. A command is declared once, beside its noun, and the declaration ties
 * together the kind of receiver, the command's fields and the shape of its reply:
 *
 *   const command = commandsTo('sku');
 *   export const placeHold = command('PlaceHold').takes<{ holdId: string; … }>().answers<HoldView>();
 *   const answer = await ask(placeHold, sku, { holdId, … });   // answer.body is a HoldView when it was accepted
 *
 * A command that many send to the same receiver at once also declares how it stands in a row: then those of a turn travel
 * and are decided together (rows.ts). Nothing outside the noun and the machinery may depend on a command being one object.
 */
import type { Accepted, Refusal } from './codes.ts';
import { RowLayout, type RowsOf } from './rows.ts';

declare const fields: unique symbol;
declare const reply: unique symbol;

/** A declared command. `Fields` and `Reply` exist for the type checker only. */
export interface CommandType<
  Kind extends string = string,
  Type extends string = string,
  Fields extends object = object,
  Reply = unknown,
> {
  /** The kind of actor or effect that is asked. */
  readonly kind: Kind;
  readonly type: Type;
  /** How it stands in a row; commands without it travel one by one. */
  readonly rows?: RowLayout;
  readonly [fields]?: Fields;
  readonly [reply]?: Reply;
}

/** One that stands in a row, as the machinery sees it. */
export type RowCommand = CommandType & { readonly rows: RowLayout };

export type FieldsOf<Declared extends CommandType> = NonNullable<Declared[typeof fields]>;
/** The body of an accepted command's answer. */
export type ReplyOf<Declared extends CommandType> = Exclude<Declared[typeof reply], undefined>;
/** The command as it travels. Distributes over a union of declarations. */
export type Sent<Declared extends CommandType> = Declared extends CommandType
  ? { readonly type: Declared['type'] } & FieldsOf<Declared>
  : never;

/** Any command as the machinery sees it. */
export interface AnyCommand {
  readonly type: string;
}

/** What a receiver answers to one declared command; a refusal's body holds its details, or null. */
export type AnswerTo<Declared extends CommandType> =
  | { readonly code: Accepted; readonly body: ReplyOf<Declared> }
  | { readonly code: Refusal; readonly body: unknown };

/** Asks one actor; never rejects: a receiver that is away, full or late answers `busy`. */
export type Ask = <Declared extends CommandType>(
  command: Declared,
  key: string,
  fields: FieldsOf<Declared>,
) => Promise<AnswerTo<Declared>>;

/** Declares the commands of one kind of receiver. */
export function commandsTo<Kind extends string>(kind: Kind) {
  return <Type extends string>(type: Type) => ({
    takes: <Fields extends object>() => ({
      answers: <Reply>(): CommandType<Kind, Type, Fields, Reply> => ({ kind, type }),
      /** `Common`: what the answers of all accepted rows of a group share. */
      inRows: <Common, Reply>(
        rows: RowsOf<Fields, Common, Reply>,
      ): CommandType<Kind, Type, Fields, Reply> & { readonly rows: RowLayout } => ({
        ...{ kind, type },
        // What comes from another thread is taken for what the declaration promises.
        rows: new RowLayout(rows as unknown as RowsOf),
      }),
    }),
  });
}

/** A text among a refusal's details, if it is there. Details are not declared: they come as they are. */
export function textIn(details: unknown, name: string): string | null {
  const value = fieldIn(details, name);
  return typeof value === 'string' ? value : null;
}

/** A number among a refusal's details, if it is there. */
export function numberIn(details: unknown, name: string): number | null {
  const value = fieldIn(details, name);
  return typeof value === 'number' ? value : null;
}

/** Of something that may be no object. */
export function fieldIn(details: unknown, name: string): unknown {
  return typeof details === 'object' && details !== null ? Reflect.get(details, name) : undefined;
}
