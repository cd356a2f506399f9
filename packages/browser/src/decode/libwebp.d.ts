declare module "@jsquash/webp/codec/dec/webp_dec.js" {
  const create: (options: object) => Promise<unknown>;
  export default create;
}
