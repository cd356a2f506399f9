import { EmpreinteError, type ErrorCode, IndexError, InvalidArgumentError, InvalidHashError } from "../errors.js";

const indexCodes: readonly string[] = [
  "ERR_EMPREINTE_DUPLICATE_ID",
  "ERR_EMPREINTE_UNKNOWN_ID",
  "ERR_EMPREINTE_INDEX_FILE",
] satisfies ErrorCode[];

/** From an error of the addon to one of ours, by its code; any other stays as it is. */
export function indexError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof EmpreinteError || !("code" in error)) return error;
  const { code, message } = error;
  const sentence = message.charAt(0).toUpperCase() + message.slice(1);
  if (code === "ERR_EMPREINTE_INVALID_ARGUMENT") return new InvalidArgumentError(sentence);
  if (code === "ERR_EMPREINTE_INVALID_HASH") return new InvalidHashError(sentence);
  if (indexCodes.includes(String(code))) return new IndexError(code as ErrorCode, sentence);
  if (code === "ERR_EMPREINTE_OUT_OF_MEMORY") return new EmpreinteError(code, sentence);
  return error;
}

export function indexErrors<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw indexError(error);
  }
}

export async function indexErrorsAsync<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw indexError(error);
  }
}
