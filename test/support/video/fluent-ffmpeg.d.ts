/** The methods that the tests call. The package has no types of its own. */
declare module "fluent-ffmpeg" {
  import type { FluentCommand } from "../../../dist/doors/video.js";

  export default class FfmpegCommand implements FluentCommand {
    constructor(input: string);
    setFfmpegPath(path: string): this;
    videoFilters(filter: string): this;
    inputOptions(option: string): this;
    outputOptions(options: string[]): this;
    format(name: string): this;
    output(stream: NodeJS.WritableStream): this;
    on(event: "error", listener: (error: Error) => void): this;
    once(event: "end", listener: () => void): this;
    run(): void;
    kill(signal: string): this;
  }
}
