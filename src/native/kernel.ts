import { invalidArgument } from "../check.js";
import { native } from "./load.js";

/**
 * Returns the name of the kernel to use: `name`, or `EMPREINTE_KERNEL` when `name` is undefined. Returns undefined when
 * neither is set, which selects the best kernel that this processor runs.
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`: this processor runs no kernel of that name.
 */
export function kernelName(name: string | undefined): string | undefined {
  const wanted = name === undefined ? process.env["EMPREINTE_KERNEL"] : name;
  if (wanted === undefined || wanted === "") return undefined;
  const able = native.kernels().filter((kernel) => kernel.supported);
  if (able.some((kernel) => kernel.name === wanted)) return wanted;
  const where = name === undefined ? "EMPREINTE_KERNEL" : "kernel";
  throw invalidArgument(where, `one of ${able.map((kernel) => kernel.name).join(", ")}`, wanted);
}
