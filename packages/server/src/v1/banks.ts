/** /v1/banks and /v1/sources. */
import type { FastifyInstance } from "fastify";
import type { Bank, NewBank, Policy } from "empreinte/bank";
import type { Service } from "../core/service.js";
import { requireBank } from "../http/authenticate.js";
import { deleteBank } from "../hma/banks.js";
import { nameText, route } from "./route.js";
import { bankSchema, banksSchema, newBankSchema, policyInput, sourcesSchema } from "./schemas/banks.js";
import { doneSchema } from "./schemas/entries.js";
import { type Schema } from "./schemas/parts.js";

export interface BankParams {
  Params: { bank: string };
}

export const bankParam: Record<string, Schema> = { bank: nameText("The name of the bank.") };

const shown = ({ name, purpose, negative, policy }: Bank): Bank => ({ name, purpose, negative, policy });

export function bankRoutes(app: FastifyInstance, service: Service): void {
  const { banks, store, sources } = service;

  app.get(
    "/banks",
    route("match", "List the banks with their policies", { 200: banksSchema }),
    async ({ principal }) => ({
      banks: banks
        .list()
        .filter(({ name }) => principal.scopes.allows("match", name))
        .map(shown),
    }),
  );

  const create = route("add", "Make a bank", { 201: bankSchema }, { body: newBankSchema, idempotent: true });
  app.post("/banks", create, async (request, reply) => {
    const bank = request.body as NewBank;
    requireBank(service, request, "add", bank.name);
    return reply.code(201).send(shown(banks.create(bank)));
  });

  app.get<BankParams>(
    "/banks/:bank",
    route("match", "Show a bank", { 200: bankSchema }, { params: bankParam }),
    async (request) => {
      requireBank(service, request, "match", request.params.bank);
      return shown(banks.get(request.params.bank));
    },
  );

  const policy = route(
    "withdraw",
    "Replace the policy of a bank. It counts in every process once this answers",
    { 200: bankSchema },
    { params: bankParam, body: policyInput },
  );
  app.put<BankParams>("/banks/:bank/policy", policy, async (request) => {
    const { bank } = request.params;
    requireBank(service, request, "withdraw", bank);
    banks.setPolicy(bank, request.body as Partial<Policy>);
    return shown(banks.get(bank));
  });

  const remove = route(
    "withdraw",
    "Withdraw everything of a bank and delete it",
    { 200: doneSchema },
    { params: bankParam },
  );
  app.delete<BankParams>("/banks/:bank", remove, async (request) => {
    const { bank } = request.params;
    requireBank(service, request, "withdraw", bank);
    await deleteBank(service, bank);
    return { done: true, revision: store.revision };
  });

  app.get(
    "/sources",
    route("match", "List the sources of the banks", { 200: sourcesSchema }),
    async ({ principal }) => {
      const name = banks.namer();
      const ages = new Map(
        sources.list().map(({ bank, source, ageSeconds, stale, stopped }) => {
          return [JSON.stringify([bank, source]), { ageSeconds, stale, ...(stopped !== undefined && { stopped }) }];
        }),
      );
      return {
        sources: store.sources().flatMap((info) => {
          const bank = name(info.bank);
          if (bank === undefined || !principal.scopes.allows("match", bank)) return [];
          return [{ ...info, bank, ...ages.get(JSON.stringify([info.bank, info.source])) }];
        }),
      };
    },
  );
}
