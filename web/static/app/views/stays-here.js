import { number } from '../format.js';
import { strings } from '../strings.js';

const words = strings.safety;

/** What no new device finds, however long it waits: a sentence for each way in which messages stay behind. */
export const staysHere = ({ deviceOnly, disappearing }) => [
  ...(deviceOnly > 0 ? [words.deviceOnly(deviceOnly, number(deviceOnly))] : []),
  ...(disappearing > 0 ? [words.disappearing(disappearing, number(disappearing))] : []),
];
