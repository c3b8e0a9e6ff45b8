import { el } from '../dom.js';
import { errorText, strings } from '../strings.js';
import { DialogView } from './dialog.js';

const words = strings.scan;
const pause = 150; // ms between two looks at the picture
const largest = 640; // pixels of a picture's longer side: more costs time and finds no more

/** Whether this browser can show what a camera sees. */
export const canScan = () => Boolean(navigator.mediaDevices?.getUserMedia);

/**
 * Looks through the camera for a QR code and hands each one found to `accept(text)`, until that
 * resolves to something. Resolves to it, or to undefined when the person gave up. Pictures never leave
 * this page.
 */
export function openScan(accept) {
  const video = el('video', { class: 'scan-video', playsinline: true, muted: true, 'aria-label': words.picture });
  const note = el('p', { class: 'field-hint', role: 'status' }, words.starting);
  const dialog = new DialogView({ title: words.title, content: [el('p', null, words.text), video, note], cancel: words.cancel });
  const camera = new Camera(video);
  dialog.own(() => camera.stop());
  const result = dialog.open();
  look(camera, note, accept, dialog).catch((error) => {
    if (!dialog.closed) dialog.alert.textContent = cameraText(error);
  });
  return result;
}

async function look(camera, note, accept, dialog) {
  const { default: decodeQR } = await import('../vendor/qr/decode.js');
  await camera.start();
  note.textContent = words.looking;
  while (!dialog.closed) {
    const text = read(decodeQR, camera.picture());
    const answer = text && (await accept(text));
    if (answer) return dialog.finish(answer);
    if (text) note.textContent = words.other;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

// The decoder throws when a picture holds no code that it can read, which is what most pictures do.
function read(decodeQR, picture) {
  if (!picture) return null;
  try {
    return decodeQR(picture);
  } catch {
    return null;
  }
}

function cameraText(error) {
  if (error.name === 'NotAllowedError') return words.refused;
  if (error.name === 'NotFoundError' || error.name === 'OverconstrainedError') return words.noCamera;
  if (error.name === 'NotReadableError') return words.busy;
  return error.code ? errorText(error) : words.failed;
}

class Camera {
  #video;
  #stream;
  #stopped = false;
  #canvas = el('canvas');

  constructor(video) {
    this.#video = video;
  }

  async start() {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' }, audio: false });
    this.#stream = stream;
    if (this.#stopped) return this.stop(); // the person was quicker than the camera
    this.#video.srcObject = stream;
    await this.#video.play();
  }

  /** What the camera sees now, or null before it sees. */
  picture() {
    const { videoWidth, videoHeight } = this.#video;
    if (!videoWidth || !videoHeight) return null;
    const scale = Math.min(1, largest / Math.max(videoWidth, videoHeight));
    const [width, height] = [Math.round(videoWidth * scale), Math.round(videoHeight * scale)];
    Object.assign(this.#canvas, { width, height });
    const context = this.#canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(this.#video, 0, 0, width, height);
    return context.getImageData(0, 0, width, height);
  }

  stop() {
    this.#stopped = true;
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#video.srcObject = null;
  }
}
