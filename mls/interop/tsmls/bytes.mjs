// Small things both the driver and the benchmark need.
export const ok = (condition, why) => {
  if (!condition) throw new Error(why);
};
export const fromBase64 = (text) => (text === undefined ? undefined : new Uint8Array(Buffer.from(text, 'base64')));
export const toBase64 = (bytes) => (bytes === undefined ? undefined : Buffer.from(bytes).toString('base64'));
