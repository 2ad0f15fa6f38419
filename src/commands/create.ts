import { z } from 'zod';
import { limitRange } from '../agents/limits.ts';
import type { CreateRequest } from '../agents/types.ts';
import type { CreateDraft } from '../orchestrator/types.ts';
import { defineCommand } from './define.ts';
import { durationMs, flag, numericLimit, sizeMb, word } from './params.ts';

export const createCommand = defineCommand({
  name: 'create',
  summary: 'Create an agent: a sandbox of its own',
  grammar: {
    positionals: [
      {
        name: 'name',
        summary: 'Its name; a memorable one is made up when left out',
        optional: true,
        completes: null,
      },
    ],
    options: [
      {
        name: 'skill',
        summary: 'Operations the agent offers',
        value: 'name',
        completes: { from: 'skills' },
      },
      { name: 'image', summary: 'Root file system', value: 'busybox', completes: { from: 'images' } },
      { name: 'sandbox', summary: 'Sandbox type', value: 'gvisor', completes: { from: 'sandboxes' } },
      {
        name: 'cpu',
        summary: 'CPU cores',
        value: '1',
        number: 'decimal',
        completes: values('0.5', '1', '2'),
      },
      { name: 'memory', summary: 'Memory', value: '512m', completes: values('256m', '512m', '1g', '2g') },
      { name: 'disk', summary: 'Disk', value: '1g', completes: values('512m', '1g', '4g') },
      {
        name: 'processes',
        summary: 'Most processes',
        value: '50',
        number: 'whole',
        completes: values('50', '100', '200'),
      },
      { name: 'network', summary: 'Give it a network (needs an approval)', value: null, completes: null },
      { name: 'ttl', summary: 'Stop it after', value: '8h', completes: values('1h', '8h', '24h') },
    ],
    rest: null,
  },
  role: 'operator',
  effect: 'action',
  opens: null,
  visibility: 'thread',
  examples: ['create box', 'create box --memory 1g --ttl 2h', 'create --image busybox --network'],
  params: z.object({
    name: word.optional(),
    skill: word.optional(),
    image: word.optional(),
    sandbox: word.optional(),
    cpu: numericLimit('cpu', limitRange('cpuCores'), '1').optional(),
    memory: sizeMb('memory', limitRange('memoryMb')).optional(),
    disk: sizeMb('disk', limitRange('diskMb')).optional(),
    processes: numericLimit('processes', limitRange('maxProcesses'), '50').optional(),
    network: flag,
    ttl: durationMs('--ttl').optional(),
  }),
  run(asked) {
    const limits: CreateRequest['limits'] = {
      ...(asked.cpu === undefined ? {} : { cpuCores: asked.cpu }),
      ...(asked.memory === undefined ? {} : { memoryMb: asked.memory }),
      ...(asked.disk === undefined ? {} : { diskMb: asked.disk }),
      ...(asked.processes === undefined ? {} : { maxProcesses: asked.processes }),
      ...(asked.network ? { networkEnabled: true } : {}),
    };
    const params: CreateDraft = {
      ...(asked.name === undefined ? {} : { name: asked.name }),
      ...(asked.skill === undefined ? {} : { skill: asked.skill }),
      ...(asked.image === undefined ? {} : { image: asked.image }),
      ...(asked.sandbox === undefined ? {} : { sandboxType: asked.sandbox }),
      ...(asked.ttl === undefined ? {} : { timeToLiveMs: asked.ttl }),
      ...(Object.keys(limits).length === 0 ? {} : { limits }),
    };
    return { type: 'action', draft: { kind: 'agent.create', params } };
  },
});

function values(...list: string[]) {
  return { from: 'values' as const, values: list };
}
