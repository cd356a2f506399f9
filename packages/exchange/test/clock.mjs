// Begins the clock of a process at EMPREINTE_TEST_CLOCK, and that of its children where it has come by then. Load it
// with `--import`. Timers and durations stay as they are.
const { env } = process;
const begin = env.EMPREINTE_TEST_CLOCK;
const System = Date;
const ahead = Number((env.EMPREINTE_TEST_CLOCK_AHEAD ??= String(System.parse(begin) - System.now())));

globalThis.Date = class extends System {
  constructor(...given) {
    if (given.length > 0) super(...given);
    else super(System.now() + ahead);
  }

  static now() {
    return System.now() + ahead;
  }
};
