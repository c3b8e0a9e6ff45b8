/**
 * Does a command that signs in. An account that has as many devices as it may takes this browser in the place of one that the
 * person chooses. Resolves to the command's answer, or to undefined when the person chose none.
 */
export async function withRoom(core, command, data) {
  try {
    return await core.command(command, data);
  } catch (error) {
    if (error.code !== 'too-many-devices') throw error;
    const { replaceDevice } = await import('./replace-device.js');
    return replaceDevice(core, (replace) => core.command(command, { ...data, replace }));
  }
}
