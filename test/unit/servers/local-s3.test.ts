import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { serverBinaryAtHand } from '@quarry/workers/servers/find-binary';
import { ensureLocalS3 } from '@quarry/workers/servers/local-s3';
import { serverSettings } from '@quarry/workers/servers/settings';
import { expect, test } from 'vitest';
import { temporaryHome } from '../../support/servers.ts';

const here = serverBinaryAtHand('s3', serverSettings(process.env));

test.skipIf(here === undefined)(
  'a real S3 server: one per user, its secret kept, its buckets folders',
  async () => {
    const { settings, remove } = await temporaryHome();
    const server = await ensureLocalS3(settings);
    const second = await ensureLocalS3(settings);
    expect(second).toMatchObject({ endpoint: server.endpoint, pid: server.pid, startedByUs: false });

    await server.createBucket('one-bucket');
    await server.createBucket('one-bucket');
    await expect(server.createBucket('../escape')).rejects.toThrow('"../escape" is no bucket name');
    const { endpoint, region, accessKeyId, secretAccessKey } = server;
    const open = (secret: string): S3Client =>
      new S3Client({
        endpoint,
        region,
        forcePathStyle: true,
        maxAttempts: 1,
        credentials: { accessKeyId, secretAccessKey: secret },
      });
    const object = { Bucket: 'one-bucket', Key: 'a/b' };
    await open(secretAccessKey).send(new PutObjectCommand({ ...object, Body: 'hello' }));
    const got = await open(second.secretAccessKey).send(new GetObjectCommand(object));
    expect(await got.Body?.transformToString()).toBe('hello');
    await expect(open('wrong').send(new GetObjectCommand(object))).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
    });

    expect((await stat(join(settings.home, 's3-secret'))).mode & 0o777).toBe(0o600);
    await server.stop();
    const third = await ensureLocalS3(settings);
    expect(third).toMatchObject({ endpoint, secretAccessKey, startedByUs: true });
    await third.stop();
    await remove();
  },
);
