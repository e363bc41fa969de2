import { type DeviceName, usableDevice } from '@quarry/activities/embedder/device';
import { describe, expect, test } from 'vitest';

describe('a device', () => {
  test('is the processor where nothing else is asked for', async () => {
    expect(await usableDevice({ name: 'cpu', id: 0 })).toBe('cpu');
  });

  test.each(['cuda', 'webgpu', 'coreml'] as const)(
    '%s runs, or is refused with what to install',
    async (name) => {
      const advice: Record<string, RegExp> = {
        cuda: /CUDA 12, cuDNN 9/,
        webgpu: /libvulkan1/,
        coreml: /macOS/,
      };
      const outcome: DeviceName | Error = await usableDevice({ name, id: 0 }).catch((error: Error) => error);
      if (outcome === name) return;
      expect(outcome).toMatchObject({ code: 'BadModel' });
      expect((outcome as Error).message).toMatch(
        new RegExp(`model\\.device: ${name}: not usable on this machine`),
      );
      expect((outcome as Error).message).toMatch(advice[name]!);
    },
  );

  test('auto is the fastest that works, at least the processor', async () => {
    const found = await usableDevice({ name: 'auto', id: 0 });
    expect(await usableDevice({ name: found, id: 0 })).toBe(found);
  });
});
