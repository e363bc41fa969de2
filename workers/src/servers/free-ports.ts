import { createServer } from 'node:net';

/** Ports are drawn from here: below what systems hand out to outgoing connections, so they stay free. */
const FIRST = 20_000;
const LAST = 31_999;

/**
 * As many free loopback ports as asked for, all different. `preferred[i]` is taken for the i-th where it is
 * free, so that a restarted server keeps its address.
 */
export async function freePorts(count: number, preferred: readonly number[] = []): Promise<number[]> {
  const ports: number[] = [];
  for (let i = 0; i < count; i++) {
    let port = preferred[i] ?? draw();
    while (ports.includes(port) || !(await isFree(port))) port = draw();
    ports.push(port);
  }
  return ports;
}

/** Whether a server could listen on this port of 127.0.0.1 now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function draw(): number {
  return FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
}
