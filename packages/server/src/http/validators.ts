/**
 * Checks of bodies and parameters, each compiled when it is first used. Compiling all of them took a fifth of a start.
 * A test uses every one.
 */
import { createRequire } from "node:module";
import type AjvCompiler from "@fastify/ajv-compiler";
import type { FastifyServerOptions } from "fastify";

const load = createRequire(import.meta.url);

type Build = AjvCompiler.BuildCompilerFromPool;
type Compilers = NonNullable<NonNullable<FastifyServerOptions["schemaController"]>["compilersFactory"]>;

interface Validator {
  (data: unknown): unknown;
  /** What did not fit, after a check that failed. */
  errors?: unknown;
}

/** fastify's own compiler, one for all parts of the server. */
let made: Build | undefined;
const build: Build = (...given) => (made ??= (load("@fastify/ajv-compiler") as typeof AjvCompiler)())(...given);

const compileLater: Build = (...given) => {
  let compile: ReturnType<Build> | undefined;
  const validatorOf = (...route: Parameters<ReturnType<Build>>): Validator => {
    let check: Validator | undefined;
    const validate: Validator = (data) => {
      compile ??= build(...given);
      check ??= compile(...route) as Validator;
      const fits = check(data);
      validate.errors = check.errors;
      return fits;
    };
    return validate;
  };
  return validatorOf as ReturnType<Build>;
};

/**
 * The option of fastify. The schemas of answers describe them: they filter nothing, so that nothing is compiled of
 * them.
 */
export const compilersFactory: Compilers = {
  buildValidator: compileLater,
  buildSerializer: () => () => (answer: unknown) => JSON.stringify(answer),
};
