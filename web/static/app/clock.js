// Whether the clock of this device is right enough. The server's Date header is the only other clock a
// page can see; seconds on the way do not matter here.

const tolerance = 10 * 60_000; // ms

/** Resolves to how far this clock is ahead in ms (negative: behind), or to 0 when it is near enough or unknown. */
export async function clockError() {
  try {
    const { headers } = await fetch('/healthz', { method: 'HEAD', cache: 'no-store', credentials: 'omit' });
    const off = Date.now() - Date.parse(headers.get('Date'));
    return Math.abs(off) > tolerance ? off : 0;
  } catch {
    return 0; // offline: there is nothing to compare with
  }
}
