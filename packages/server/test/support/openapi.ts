/** Checks every answer of /v1 against the document that the server itself gives. */
import assert from "node:assert/strict";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import type { Answer, CallOptions, TestServer } from "./server.ts";

interface Media {
  schema?: object;
}

interface Operation {
  responses: Record<string, { content?: Record<string, Media> }>;
}

interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
}

/** Calls a server, and expects each answer of /v1 to be as its document says. */
export class DocumentedServer {
  readonly #server: TestServer;
  readonly #document: Document;
  readonly #ajv: Ajv2020 = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  readonly #checks: Map<object, ValidateFunction> = new Map();
  /** The operations that were called, as "POST /v1/check". */
  readonly called: Set<string> = new Set();

  private constructor(server: TestServer, document: Document) {
    this.#server = server;
    this.#document = document;
  }

  static async of(server: TestServer): Promise<DocumentedServer> {
    const { body } = await server.call("/v1/openapi.json");
    return new DocumentedServer(server, body as Document);
  }

  get document(): Document {
    return this.#document;
  }

  /** All operations of the document. */
  get operations(): string[] {
    return Object.entries(this.#document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
  }

  #find(path: string, method: string): [string, Operation] | undefined {
    const steps = path.split("?")[0]!.split("/");
    for (const [pattern, operations] of Object.entries(this.#document.paths)) {
      const parts = pattern.split("/");
      const same = parts.length === steps.length && parts.every((part, i) => part.startsWith("{") || part === steps[i]);
      const operation = operations[method.toLowerCase()];
      if (same && operation !== undefined) return [pattern, operation];
    }
    return undefined;
  }

  async call(path: string, options: CallOptions = {}): Promise<Answer> {
    const answer = await this.#server.call(path, options);
    const method = options.method ?? (options.body === undefined && options.json === undefined ? "GET" : "POST");
    const found = this.#find(path, method);
    assert.ok(found, `${method} ${path} is in the document`);
    const [pattern, operation] = found;
    this.called.add(`${method} ${pattern}`);
    const family = `${String(answer.status)[0]}XX`;
    const response = operation.responses[answer.status] ?? operation.responses[family];
    assert.ok(response, `${method} ${pattern} may answer ${answer.status}: ${answer.text.slice(0, 200)}`);
    const type = answer.headers.get("content-type")?.split(";")[0] ?? "";
    const media = response.content?.[type];
    assert.ok(media, `${method} ${pattern} ${answer.status} may be ${type}`);
    if (media.schema === undefined || !type.includes("json") || type.includes("ndjson")) return answer;
    let check = this.#checks.get(media.schema);
    if (check === undefined) {
      check = this.#ajv.compile(media.schema);
      this.#checks.set(media.schema, check);
    }
    assert.ok(check(answer.body), `${method} ${pattern}: ${this.#ajv.errorsText(check.errors)}`);
    return answer;
  }
}
