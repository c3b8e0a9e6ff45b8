// A camera for browsers that have none: Chromium plays a film in its place.
import { writeFileSync } from 'node:fs';

const [width, height] = [640, 480];
const margin = 40; // pixels of white around the code, as around a screen

/** What `launch` needs so that the camera shows a film. Chromium reads the file when a camera is opened. */
export const cameraFlags = (film) => ['--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${film}`];

/** Films the QR code that a page shows: a Y4M file of still pictures, bright where the code is white. */
export async function filmOf(page, film) {
  const code = page.locator('svg.qr');
  const { size, dark } = await code.evaluate((svg) => ({ size: svg.viewBox.baseVal.width, dark: [...svg.lastChild.getAttribute('d').matchAll(/M(\d+) (\d+)/g)].map((m) => [Number(m[1]), Number(m[2])]) }));
  const luma = Buffer.alloc(width * height, 235);
  const module = Math.floor((height - 2 * margin) / size);
  const [left, top] = [Math.floor((width - size * module) / 2), Math.floor((height - size * module) / 2)];
  for (const [x, y] of dark) {
    for (let row = 0; row < module; row++) {
      const start = (top + y * module + row) * width + left + x * module;
      luma.fill(16, start, start + module);
    }
  }
  const frame = Buffer.concat([Buffer.from('FRAME\n'), luma, Buffer.alloc((width * height) / 2, 128)]);
  writeFileSync(film, Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`), ...Array(10).fill(frame)]));
}
