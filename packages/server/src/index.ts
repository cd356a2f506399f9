/**
 * The empreinte service, as a program starts it.
 * @module empreinte-server
 */
export { type Config } from "./config/options.js";
export { startServer, type RunningServer, type StartOptions } from "./operation/start.js";
