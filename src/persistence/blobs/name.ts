/** Names of files are ours, never a client's: whatever reaches a store is one of these. */
const namePattern = /^[a-z0-9][a-z0-9-]{3,120}\.[a-z0-9]{1,8}$/;

/** A programmer error when it is none: a path of somebody else's making must not reach the disk. */
export function checkedName(name: string): string {
  if (!namePattern.test(name)) throw new Error(`not the name of a file: ${name.slice(0, 200)}`);
  return name;
}
