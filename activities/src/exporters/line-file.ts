import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

/** Characters gathered before they are handed to the file. */
const BUFFER_CHARACTERS = 256 * 1024;

/** Writes text to a file piece by piece. Memory: the buffer, whatever the file's size. */
export class LineFile {
  readonly #stream: WriteStream;
  readonly #pieces: string[] = [];
  #characters = 0;
  #failure: Error | undefined;

  constructor(path: string) {
    this.#stream = createWriteStream(path, { flags: 'wx' });
    this.#stream.on('error', (error) => {
      this.#failure = error;
    });
  }

  /** One line of JSON. */
  async json(value: unknown): Promise<void> {
    await this.text(`${JSON.stringify(value)}\n`);
  }

  async text(piece: string): Promise<void> {
    this.#pieces.push(piece);
    this.#characters += piece.length;
    if (this.#characters >= BUFFER_CHARACTERS) await this.#flush();
  }

  /** The file is whole when it resolves. */
  async close(): Promise<void> {
    await this.#flush();
    this.#stream.end();
    await finished(this.#stream);
  }

  /** Gives the file up; it may be half written. */
  abandon(): void {
    this.#stream.destroy();
  }

  async #flush(): Promise<void> {
    if (this.#failure) throw this.#failure;
    const text = this.#pieces.join('');
    this.#pieces.length = 0;
    this.#characters = 0;
    if (text !== '' && !this.#stream.write(text)) await once(this.#stream, 'drain');
  }
}
