/** Native objects, and how long work is cancelled. */
declare const tag: unique symbol;
/** A native object. JavaScript can only pass it back to the addon. */
export interface Handle<Name extends string> {
  readonly [tag]: Name;
}

export type CancelHandle = Handle<"cancel">;

export interface CancelFunctions {
  createCancel(): CancelHandle;
  cancel(token: CancelHandle): void;
}
