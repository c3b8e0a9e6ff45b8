// Times ts-mls: one operation n times, on the clock of this process. from and to are two members of a group.
const none = new Uint8Array();

export async function time(operation, from, to, welcome, text, n) {
  const commit = async () => {
    const message = await from.commit({});
    from.merge();
    return message;
  };
  const process = (message) => to.process(message);
  const send = () => from.seal(none, text);
  const open = (message) => to.open(message);
  switch (operation) {
    case 'commit': return produce(n, commit, process);
    case 'process': return consume(n, commit, process);
    case 'join': return clock(n, () => joinAgain(to, welcome));
    case 'send': return produce(n, send, open);
    case 'receive': return consume(n, send, open);
    default: throw new Error(`no operation ${operation}`);
  }
}

// A join leaves the member where it is, for the operations timed afterwards.
async function joinAgain(member, welcome) {
  const { state } = member;
  await member.join(welcome);
  member.state = state;
}

async function clock(n, operation) {
  const start = performance.now();
  for (let i = 0; i < n; i++) await operation(i);
  return (performance.now() - start) * 1e6;
}

// produce times the making; what is made is still taken, so that both members stay together.
async function produce(n, make, take) {
  const made = [];
  const took = await clock(n, async () => { made.push(await make()); });
  for (const each of made) await take(each);
  return took;
}

async function consume(n, make, take) {
  const made = [];
  for (let i = 0; i < n; i++) made.push(await make());
  return clock(n, (i) => take(made[i]));
}
