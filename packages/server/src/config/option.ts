/** What an option of the service is. */

interface OptionBase {
  /** The name of the command's flag, such as "data", without "--". The environment has EMPREINTE_SERVER_DATA. */
  flag: string;
  /** One sentence of the help. */
  help: string;
  /** Whether SIGHUP applies a changed value. Others need a new start. */
  reload?: true;
}

interface TextOption extends OptionBase {
  type: "text";
  default: string;
  /** The allowed texts, where there are only a few. */
  oneOf?: readonly string[];
}

interface NumberOption extends OptionBase {
  type: "number";
  default: number;
  least: number;
  most: number;
  /** Whether fractions are allowed. */
  fractions?: true;
}

interface SwitchOption extends OptionBase {
  type: "switch";
  default: boolean;
}

export type ServerOption = TextOption | NumberOption | SwitchOption;

export const mebibyte: number = 2 ** 20;
