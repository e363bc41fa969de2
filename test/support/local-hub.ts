import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative } from 'node:path';

/** What was asked of the hub. */
interface HubRequest {
  readonly path: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly authorization: string | undefined;
}

export interface LocalHub {
  readonly endpoint: string;
  readonly requests: HubRequest[];
  /** Content of a repository's file; changing it makes another commit of the same name. */
  readonly files: Map<string, Buffer>;
  /** The connection breaks after so many bytes of a file, once each time it is set. */
  readonly cuts: Map<string, number>;
  /** Called when a connection broke so, before the next request is answered. */
  afterCut?: () => void;
  commit(): string;
  close(): Promise<void>;
}

export interface HubOptions {
  readonly repository: string;
  /** The files of a directory are those of the repository. */
  readonly directory: string;
  /** Only with this token. */
  readonly token?: string;
  /** Files a page of the listing. */
  readonly pageSize?: number;
}

/** Above this size files are kept as LFS objects, with sha256. */
const LFS_BYTES = 20_000;

/**
 * A hub on the loopback interface with the API of huggingface.co as far as models are read: `/api/models/<repo>/revision`,
 * `/api/models/<repo>/tree` (paged by Link), `/<repo>/resolve/<commit>/<path>`, which sends large files to another place
 * by redirect, with Range, If-Range and ETag.
 */
export async function startLocalHub(options: HubOptions): Promise<LocalHub> {
  const { repository, directory, token, pageSize = 3 } = options;
  const files = new Map<string, Buffer>();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(relative(directory, path), readFileSync(path));
  }
  const cuts = new Map<string, number>();
  const requests: HubRequest[] = [];
  const commit = (): string => {
    const hash = createHash('sha1');
    for (const [path, content] of [...files].sort()) hash.update(path).update(content);
    return hash.digest('hex');
  };
  const server = createServer((request, response) => serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  function serve(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url!, endpoint);
    const path = decodeURIComponent(url.pathname);
    const { range, authorization } = request.headers;
    const ifRange = request.headers['if-range'] as string | undefined;
    requests.push({ path, range, ifRange, authorization });
    const object = match(path, '/objects/');
    if (object !== null) sendContent(request, response, object);
    else if (token !== undefined && authorization !== `Bearer ${token}`)
      sendJson(response, 401, { error: 'Invalid credentials in Authorization header' });
    else serveRepository(request, response, url, path);
  }

  function serveRepository(request: IncomingMessage, response: ServerResponse, url: URL, path: string): void {
    const revision = match(path, `/api/models/${repository}/revision/`);
    const tree = match(path, `/api/models/${repository}/tree/`);
    const file = match(path, `/${repository}/resolve/${commit()}/`);
    const content = file === null ? undefined : files.get(file);
    if (revision !== null && known(revision)) {
      const info = { _id: '1', id: repository, sha: commit(), private: token !== undefined, gated: false };
      const more = { downloads: 0, likes: 0, lastModified: '2026-01-01T00:00:00.000Z' };
      sendJson(response, 200, { ...info, ...more });
    } else if (tree !== null && known(tree)) sendTree(url, response);
    else if (content === undefined) sendJson(response, 404, { error: 'Repository not found' });
    else if (content.length < LFS_BYTES) sendContent(request, response, file!);
    else {
      const location = `${endpoint}/objects/${file}`;
      response.writeHead(302, { location, 'x-linked-etag': `"${sha256(content)}"` });
      response.end();
    }
  }

  function known(revision: string): boolean {
    return ['main', 'v1', 'HEAD', commit()].includes(revision);
  }

  function sendTree(url: URL, response: ServerResponse): void {
    const from = Number(url.searchParams.get('cursor') ?? 0);
    const all = [...files].map(([path, content]) => ({
      type: 'file',
      path,
      size: content.length,
      oid: createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex'),
      ...(content.length >= LFS_BYTES && {
        lfs: { oid: sha256(content), size: content.length, pointerSize: 130 },
      }),
    }));
    const page = [{ type: 'directory', path: 'onnx', size: 0, oid: '0'.repeat(40) }, ...all].slice(
      from,
      from + pageSize,
    );
    if (from + pageSize <= all.length) {
      url.searchParams.set('cursor', String(from + pageSize));
      response.setHeader('link', `<${url.href}>; rel="next"`);
    }
    sendJson(response, 200, page);
  }

  function sendContent(request: IncomingMessage, response: ServerResponse, file: string): void {
    const content = files.get(file)!;
    const tag = `"${sha256(content)}"`;
    const from = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
    const part = from !== undefined && (request.headers['if-range'] ?? tag) === tag;
    const start = part ? Number(from) : 0;
    response.writeHead(part ? 206 : 200, {
      etag: tag,
      'content-length': content.length - start,
      ...(part && { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` }),
    });
    const cut = cuts.get(file);
    if (cut === undefined || cut <= start) response.end(content.subarray(start));
    else {
      cuts.delete(file);
      const breakOff = (): void => {
        hub.afterCut?.();
        response.destroy();
      };
      response.write(content.subarray(start, cut), () => setTimeout(breakOff, 20));
    }
  }

  const hub: LocalHub = {
    endpoint,
    requests,
    files,
    cuts,
    commit,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return hub;
}

function match(path: string, prefix: string): string | null {
  return path.startsWith(prefix) ? path.slice(prefix.length) : null;
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
