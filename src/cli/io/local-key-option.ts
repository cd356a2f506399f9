/** The variable that has the key of local records, where no file is given. */
export const variable = "EMPREINTE_LOCAL_KEY";
/** The systemd credential that has the key, where neither is given. */
export const credential = "empreinte-local-key";

/** The option of every command that opens a store with the key of its local records. */
export const localKeyOption = {
  "local-key": {
    type: "file",
    value: "FILE",
    does: "The key of local records: 32 bytes, or 64 hex digits as `openssl rand -hex 32` makes them.",
    defaultText: "the variable EMPREINTE_LOCAL_KEY, or else the systemd credential empreinte-local-key",
  },
} as const;
