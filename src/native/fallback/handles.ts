/** What stands for the addon's objects and errors. */
import type { CancelHandle } from "../binding/handle.js";

/** Makes an error as the addon throws it. */
export function failure(code: string, message: string): TypeError {
  return Object.assign(new TypeError(message), { code });
}

/** Whether work was cancelled. */
export class Cancel {
  cancelled = false;

  static make(): CancelHandle {
    return new Cancel() as unknown as CancelHandle;
  }

  static of(handle: CancelHandle): Cancel {
    return handle as unknown as Cancel;
  }
}
