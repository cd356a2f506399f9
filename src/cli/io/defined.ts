/** An object with the same properties, none of which is `undefined`. */
export type Defined<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> };

/** Leaves out properties that are undefined, as the library's options want it. */
export function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
