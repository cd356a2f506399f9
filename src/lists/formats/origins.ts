/** Where each format comes from, for the help and the documentation. It loads no format. */
import type { ListFormat } from "./index.js";

/** The origin of each format, in a few words. */
export const formatOrigins: Readonly<Record<ListFormat, string>> = {
  plain: "one hash a line",
  signals: "python-threatexchange",
  "signal-csv": "python-threatexchange's CSV",
  stopncii: "StopNCII",
  ncmec: "NCMEC, XML v2",
  "vics-1.3": "Project VIC",
  "vics-2.0": "Project VIC",
  threatexchange: "ThreatExchange, threat_updates",
  "tech-against-terrorism": "Tech Against Terrorism, v2",
  "vpdq-lines": "vPDQ, a video",
  "vpdq-json": "vPDQ, a video",
  "vpdq-json-object": "vPDQ, a video",
  csv: "any CSV",
};
