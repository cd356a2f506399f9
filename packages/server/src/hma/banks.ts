/** /c/banks and /c/bank: our banks under HMA's names. */
import type { FastifyInstance } from "fastify";
import { ServiceError } from "../core/errors.js";
import { removeEntries } from "../core/removals.js";
import type { Service } from "../core/service.js";
import { requireBank } from "../http/authenticate.js";
import { type Fields, lax, laxRatio, message, objectBody, requiredText } from "./params.js";
import { ratioOf, withRatio } from "./ratio.js";

export interface BankPath {
  Params: { bank: string };
}

const bankName = /^[A-Z_][A-Z0-9_]*$/;

/** HMA's form of a bank. */
export interface HmaBank {
  name: string;
  matching_enabled_ratio: number;
}

function checkBankName(name: string): string {
  if (!bankName.test(name) || name.length > 255) throw message(400, "Bank names must be UPPER_WITH_UNDERSCORE");
  return name;
}

/** Returns the ratio that a body gives. "enabled" means all or none, and an explicit ratio counts more. */
function givenRatio(body: Fields): number | undefined {
  const enabled = lax(body, "enabled");
  return laxRatio(body, "enabled_ratio") ?? (enabled === undefined ? undefined : enabled ? 1 : 0);
}

/** Returns a bank in HMA's form. @throws {ServiceError} 404 */
export function hmaBank(
  service: Service,
  name: string,
  missing = `bank '${name}' not found`,
): HmaBank & { stored: string } {
  const bank = service.banks.find(name);
  if (bank === undefined) throw message(404, missing);
  return { name, matching_enabled_ratio: ratioOf(bank.policy), stored: bank.stored };
}

/** Withdraws everything of a bank, and then hides it with what belongs to it. */
export async function deleteBank(service: Service, name: string): Promise<void> {
  const { stored } = service.banks.get(name);
  const sources = service.store.sources().filter(({ bank }) => bank === stored);
  for (const { source } of sources) await removeEntries(service, "withdraw", { bank: stored, source });
  service.banks.remove(name);
  service.state.run("DELETE FROM hma_exchange WHERE name = ?", name);
}

export function bankRoutes(app: FastifyInstance, service: Service): void {
  app.get("/c/banks", { config: { scope: "match" } }, async ({ principal }) =>
    service.banks
      .list()
      .filter(({ name }) => principal.scopes.allows("match", name))
      .map(({ name, policy }) => ({ name, matching_enabled_ratio: ratioOf(policy) })),
  );

  app.post("/c/banks", { config: { scope: "add" } }, async (request, reply) => {
    const body = objectBody(request.body);
    const name = requiredText(body, "name");
    const ratio = givenRatio(body) ?? 1;
    checkBankName(name);
    requireBank(service, request, "add", name);
    if (service.banks.find(name) !== undefined) throw message(403, "Bank already exists");
    const policy = withRatio({ ...hmaPolicy }, ratio);
    service.banks.create({ name, policy });
    return reply.code(201).send({ name, matching_enabled_ratio: ratio });
  });

  app.get<BankPath>("/c/bank/:bank", { config: { scope: "match" } }, async (request) => {
    const { bank } = request.params;
    requireBank(service, request, "match", bank);
    const { name, matching_enabled_ratio } = hmaBank(service, bank);
    return { name, matching_enabled_ratio };
  });

  app.put<BankPath>("/c/bank/:bank", { config: { scope: "withdraw" } }, async (request) => {
    const { bank } = request.params;
    requireBank(service, request, "withdraw", bank);
    const body = objectBody(request.body);
    const to = body["name"] === undefined || body["name"] === null ? bank : requiredText(body, "name");
    const ratio = givenRatio(body);
    hmaBank(service, bank, "Bank not found");
    if (to !== bank) {
      checkBankName(to);
      requireBank(service, request, "add", to);
      if (service.banks.find(to) !== undefined) throw message(403, "Bank name already exists");
      service.banks.rename(bank, to);
      service.state.run("UPDATE hma_exchange SET name = ? WHERE name = ?", to, bank);
    }
    if (ratio !== undefined) service.banks.setPolicy(to, withRatio(service.banks.get(to).policy, ratio));
    const { name, matching_enabled_ratio } = hmaBank(service, to);
    return { name, matching_enabled_ratio };
  });

  app.delete<BankPath>("/c/bank/:bank", { config: { scope: "withdraw" } }, async (request) => {
    const { bank } = request.params;
    requireBank(service, request, "withdraw", bank);
    try {
      await deleteBank(service, bank);
    } catch (error) {
      if (!(error instanceof ServiceError) || error.status !== 404) throw error;
    }
    return { message: "Done" };
  });
}

/** The policy of a bank that an HMA client makes: HMA's radius, and what matches is for a person to look at. */
export const hmaPolicy = {
  radius: 31,
  minQuality: 50,
  action: "review",
  orientations: ["orig", "rot90", "rot180", "rot270", "flipX", "flipY", "flipPlus1", "flipMinus1"],
} as const;
