/** Cases: what a person sends from a page of their own accord, and takes back. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { withCall } from "../core/call.js";
import { type CaseFile, openCase, withdrawCase } from "../core/cases.js";
import type { Service } from "../core/service.js";
import { requireBank } from "../http/authenticate.js";
import { bankParam, type BankParams } from "./banks.js";
import { route } from "./route.js";
import { caseBody, receiptSchema, withdrawBody, withdrawnSchema } from "./schemas/cases.js";

export function caseRoutes(app: FastifyInstance, service: Service): void {
  const { banks, config, imports } = service;
  const storedBank = (request: FastifyRequest<BankParams>): string => {
    const { bank } = request.params;
    requireBank(service, request, "submit", bank);
    return banks.get(bank).stored;
  };

  const open = route(
    "submit",
    "List the hashes of a case. The answer has its number",
    { 201: receiptSchema },
    { params: bankParam, body: caseBody, idempotent: true },
  );
  app.post<BankParams>("/banks/:bank/cases", open, (request, reply) =>
    withCall(reply, config.videoSeconds, async (signal) => {
      const bank = storedBank(request);
      const receipt = await imports.run(signal, () => openCase(service, bank, request.body as CaseFile, signal));
      void reply.code(201);
      return receipt;
    }),
  );

  const withdraw = route(
    "submit",
    "Withdraw a case by its number and code. Once this answers, no search of any process finds its hashes",
    { 200: withdrawnSchema },
    { params: bankParam, body: withdrawBody },
  );
  app.post<BankParams>("/banks/:bank/cases/withdraw", withdraw, async (request) => {
    const { case: number, code } = request.body as { case: string; code: string };
    await withdrawCase(service, storedBank(request), number, code);
    return {};
  });
}
