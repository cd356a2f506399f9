/** Where each format comes from, for the help and the documentation. It loads no format. */
import type { ListFormat } from "./index.js";

/** The origin of each format, in a few words. */
export const formatOrigins: Readonly<Record<ListFormat, string>> = {
  plain: "one hash a line",
  signals: "python-threatexchange",
  "signal-csv": "python-threatexchange",
  stopncii: "StopNCII",
  ncmec: "NCMEC, XML v2",
  "vics-1.3": "Project VIC",
  "vics-2.0": "Project VIC",
  threatexchange: "ThreatExchange",
  "tech-against-terrorism": "Tech Against Terrorism",
  "vpdq-lines": "vPDQ",
  "vpdq-json": "vPDQ",
  "vpdq-json-object": "vPDQ",
  csv: "any CSV",
};
